"""Which days are open for whom: SIFMA (Treasury market), SOFR, the Federal Reserve, federal offices."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from reportgen.calendars.holidays import fed_holidays, federal_holidays, good_friday
from reportgen.errors import CalendarError

NEW_YORK = ZoneInfo("America/New_York")
CALENDARS = ("sifma", "sofr", "fed", "federal")
FIRST_DAY = date(2014, 1, 1)
LAST_DAY = date(2030, 12, 31)
# A close counts as public from this hour, also on days of early close.
CLOSE_PUBLIC_FROM = time(18)

DayArray = NDArray[np.datetime64]

_FOLDER = Path(__file__).parent
_YEARS = range(FIRST_DAY.year, LAST_DAY.year + 2)


@dataclass(frozen=True, slots=True)
class _Override:
    day: date
    calendar: str
    status: str
    source: str
    close: time | None = None
    announced: date | None = None

    def was_known(self, known: date | None) -> bool:
        return known is None or (self.announced or self.day) <= known


@lru_cache
def _overrides() -> tuple[_Override, ...]:
    rows = tomllib.loads((_FOLDER / "overrides.toml").read_text(encoding="utf-8"))["override"]
    for row in rows:
        if "close" in row:
            row["close"] = time.fromisoformat(row["close"])
    return tuple(_Override(**row) for row in rows)


@lru_cache
def _sifma_table() -> dict[date, time | None]:
    """Map each unusual SIFMA weekday to its early close, or to None where the market is closed."""
    with (_FOLDER / "sifma.csv").open(encoding="utf-8", newline="") as lines:
        return {
            date.fromisoformat(row["day"]): time.fromisoformat(row["close"]) if row["close"] else None
            for row in csv.DictReader(lines)
        }


def _regular_closings(calendar: str) -> set[date]:
    if calendar in ("sifma", "sofr"):
        return {day for day, close in _sifma_table().items() if close is None}
    rule = fed_holidays if calendar == "fed" else federal_holidays
    return {day for year in _YEARS for day in rule(year)}


@lru_cache(maxsize=256)
def busdays(calendar: str, known: date | None = None) -> np.busdaycalendar:
    """Give a calendar for numpy's functions, as it was known at the end of a day; if none is given, as it is.

    Outside FIRST_DAY to LAST_DAY it knows weekends alone.
    """
    if calendar not in CALENDARS:
        raise CalendarError(f"calendar '{calendar}': unknown", hint=f"Known are {', '.join(CALENDARS)}.")
    closed = _regular_closings(calendar)
    base = "sifma" if calendar == "sofr" else calendar
    for override in _overrides():
        if override.calendar == base and override.was_known(known):
            (closed.add if override.status == "closed" else closed.discard)(override.day)
    if calendar == "sofr":
        closed.update(good_friday(year) for year in _YEARS)
    return np.busdaycalendar(holidays=sorted(closed))


@lru_cache
def open_days(calendar: str) -> DayArray:
    """List the open days from FIRST_DAY to LAST_DAY, in order."""
    every = np.arange(np.datetime64(FIRST_DAY, "D"), np.datetime64(LAST_DAY, "D") + 1)
    days = every[np.is_busday(every, busdaycal=busdays(calendar))]
    days.setflags(write=False)
    return days


def _within(day: date, calendar: str) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise CalendarError(f"{calendar} calendar: {day} is outside {FIRST_DAY} to {LAST_DAY}")
    return day


def is_open(day: date, calendar: str) -> bool:
    """Say whether a day is a business day.

    Raises: CalendarError for an unknown calendar or a day outside its range, like all functions here.
    """
    return bool(np.is_busday(_within(day, calendar), busdaycal=busdays(calendar)))


def _offset(day: date, n: int, roll: Literal["forward", "backward"], calendar: str) -> date:
    start = np.datetime64(_within(day, calendar), "D")
    moved = np.busday_offset(start, n, roll=roll, busdaycal=busdays(calendar))
    return _within(cast("date", moved.item()), calendar)


def shift(day: date, n: int, calendar: str) -> date:
    """Move by n business days; from a closed day +1 is the first open day after it and −1 the last before it.

    Raises: CalendarError for n = 0, which has no meaning on a closed day.
    """
    if n == 0:
        raise CalendarError(
            f"{calendar} calendar: shift by 0 days from {day}", hint="Use on_or_before or on_or_after."
        )
    return _offset(day, n, "backward" if n > 0 else "forward", calendar)


def on_or_before(day: date, calendar: str) -> date:
    """Give the day itself if open, else the last open day before it."""
    return _offset(day, 0, "backward", calendar)


def on_or_after(day: date, calendar: str) -> date:
    """Give the day itself if open, else the first open day after it."""
    return _offset(day, 0, "forward", calendar)


def between(start: date, end: date, calendar: str) -> DayArray:
    """List the open days from start to end, both included."""
    days = open_days(calendar)
    first = np.searchsorted(days, np.datetime64(_within(start, calendar), "D"), side="left")
    last = np.searchsorted(days, np.datetime64(_within(end, calendar), "D"), side="right")
    return days[first:last]


def count(start: date, end: date, calendar: str) -> int:
    """Count the open days after start, up to and including end; 0 where end is not later."""
    if end <= start:
        return 0
    return len(between(start, end, calendar)) - is_open(start, calendar)


def early_close(day: date) -> time | None:
    """Give the hour (New York) at which the Treasury market closes early; None on full and on closed days."""
    _within(day, "sifma")
    for override in _overrides():
        if override.calendar == "sifma" and override.day == day:
            return override.close
    return _sifma_table().get(day)


def market_date(as_of: datetime) -> date:
    """Give the last SIFMA business day whose close is public at a moment.

    Raises: CalendarError for a moment without a time zone.
    """
    local = new_york(as_of)
    day = local.date() if local.time() >= CLOSE_PUBLIC_FROM else local.date() - timedelta(days=1)
    return on_or_before(day, "sifma")


def week_start(market_day: date) -> date:
    """Give the last SIFMA business day before the Monday of a market date's week."""
    return shift(market_day - timedelta(days=market_day.weekday()), -1, "sifma")


def new_york(moment: datetime) -> datetime:
    """Express an aware moment in New York time."""
    if moment.utcoffset() is None:
        raise CalendarError(f"as-of {moment}: has no time zone")
    return moment.astimezone(NEW_YORK)
