"""Holidays that follow from rules: those of the Federal Reserve, of federal offices, and Good Friday."""

from __future__ import annotations

from datetime import date, timedelta

_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6

_FIXED = ((1, 1), (7, 4), (11, 11), (12, 25))
# month, weekday, which one in the month (-1 is the last)
_FLOATING = (
    (1, _MONDAY, 3),
    (2, _MONDAY, 3),
    (5, _MONDAY, -1),
    (9, _MONDAY, 1),
    (10, _MONDAY, 2),
    (11, _THURSDAY, 4),
)
# Signed on 17 June 2021: the day off in that first year was known one day ahead and stands in overrides.toml.
_JUNETEENTH_SINCE = 2022


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def legal_holidays(year: int) -> list[date]:
    """List the federal legal holidays of a year on their own dates, weekends included.

    Source: 5 U.S.C. 6103(a).
    """
    fixed = [date(year, month, day) for month, day in _FIXED]
    if year >= _JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    return sorted(fixed + [_nth_weekday(year, *rule) for rule in _FLOATING])


def fed_holidays(year: int) -> list[date]:
    """List the days off of the Reserve Banks: a Sunday holiday moves to Monday, a Saturday one lapses.

    Source: Federal Reserve Board, Holidays Observed by the Federal Reserve System.
    """
    moved = (day + timedelta(days=day.weekday() == _SUNDAY) for day in legal_holidays(year))
    return [day for day in moved if day.weekday() != _SATURDAY]


def federal_holidays(year: int) -> list[date]:
    """List the days off of federal offices: a Saturday holiday moves to Friday, a Sunday one to Monday.

    Source: Office of Personnel Management, Federal Holidays; without Inauguration Day, local to Washington.
    """
    step = {_SATURDAY: timedelta(days=-1), _SUNDAY: timedelta(days=1)}
    return [day + step.get(day.weekday(), timedelta()) for day in legal_holidays(year)]


def good_friday(year: int) -> date:
    """Give the Friday before Easter.

    Source: Meeus, Astronomical Algorithms (1991), chapter 8, Gregorian Easter.
    """
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    to_sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    fix = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * fix + 114, 31)
    return date(year, month, day + 1) - timedelta(days=2)
