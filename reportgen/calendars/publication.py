"""When an observation was first public, and what was known at a moment about the ones to come.

`first_public` looks back with all we know: it decides what a note may use. `expected`, `overdue`, `releases`
and `delay_reason` look forward from an as-of and use only what had been announced by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from reportgen.calendars.clock import MomentArray, as_datetime, as_moment
from reportgen.calendars.days import CLOSE_PUBLIC_FROM, DayArray, new_york
from reportgen.calendars.exceptions import use_exceptions
from reportgen.calendars.rules import Delay, Rule, delays, regular, rule, rule_names
from reportgen.calendars.rules import changes as exceptions_in_force

__all__ = [
    "Publication",
    "Release",
    "delay_reason",
    "exceptions_in_force",
    "expected",
    "first_public",
    "first_public_array",
    "is_delayed",
    "next_release",
    "overdue",
    "periods",
    "releases",
    "rule_names",
    "use_exceptions",
]

# No publication was ever this late, and no rule has a longer lag.
_LONGEST_LAG = timedelta(days=400)
_NEAR, _FAR = timedelta(days=14), timedelta(days=130)


@dataclass(frozen=True, slots=True)
class Publication:
    """The first public moment of one observation; reason and estimate where it was not the regular one."""

    day: date
    at: datetime
    estimated: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A publication to come; `known` is False where the moment is a typical lag and no date of a schedule."""

    period: date
    at: datetime
    known: bool


def first_public(rule_name: str, day: date) -> Publication:
    """Give the moment at which the observation of a day became public.

    Raises: CalendarError for an unknown rule, or after the end of the calendars.
    """
    found = rule(rule_name)
    delay = _delay(found, day)
    if delay is not None:
        doubt = "; the exact date was not found" if delay.estimated else ""
        return Publication(day, delay.at, delay.estimated, f"delayed by {delay.cause.phrase}{doubt}")
    return Publication(day, _regular_at(found, day), found.is_estimated(_key(found, day)))


def first_public_array(rule_name: str, days: DayArray) -> MomentArray:
    """Give the first public moments of many observations.

    Shape: as days; datetime64[us], UTC without zone. Equal to `first_public` for every day.
    """
    found = rule(rule_name)
    moments = regular(found, days)
    keys = found.keys(days)
    for delay in delays(rule_name).values():
        moments[keys == np.datetime64(delay.key, "D")] = as_moment(delay.at)
    return moments


def is_delayed(rule_name: str, days: DayArray) -> NDArray[np.bool_]:
    """Say which observations came, or are to come, later than the rule has it."""
    late = delays(rule_name)
    keys = rule(rule_name).keys(days)
    return np.isin(keys, np.array(list(late), dtype="datetime64[D]"))


def periods(rule_name: str, start: date, end: date) -> DayArray:
    """List the days from start to end that have an observation under a rule."""
    return rule(rule_name).periods(start, end)


def expected(rule_name: str, day: date, as_of: datetime) -> datetime | None:
    """Give the moment at which, by what is known at the as-of, the observation of a day comes or came out.

    Missing: None when the regular moment has passed or was called off and no new one is announced, and for
    what waits behind such a period, since publishers catch up in order.
    """
    found = rule(rule_name)
    public = first_public(rule_name, day).at
    known = _known_day(as_of)
    delay = _delay(found, day)
    if public <= as_of or (delay is not None and delay.dated(known)):
        return public
    if _held_up(found, day, as_of):
        return None
    due = _regular_at(found, day, known)
    return due if due > as_of else None


def overdue(rule_name: str, newest: date | None, as_of: datetime) -> list[date]:
    """List the periods after the newest one held that should be public by now and are not."""
    today = new_york(as_of).date()
    start = today - _LONGEST_LAG if newest is None else newest + timedelta(days=1)
    if start > today:
        return []
    days = periods(rule_name, start, today)
    moment = as_moment(as_of)
    passed = regular(rule(rule_name), days, _known_day(as_of)) <= moment
    late: list[date] = days[passed & (first_public_array(rule_name, days) > moment)].tolist()
    return late


def delay_reason(rule_name: str, day: date, as_of: datetime) -> str | None:
    """Say why an observation is or was late, as far as it was known at the as-of."""
    found = rule(rule_name)
    known = _known_day(as_of)
    delay = _delay(found, day)
    if delay is None or delay.cause.known > known:
        return None
    if delay.at <= as_of or delay.dated(known) or _held_up(found, day, as_of):
        return f"delayed by {delay.cause.told(known)}"
    return None


def releases(rule_name: str, start: datetime, end: datetime) -> list[Release]:
    """List the publications after start, up to and including end, as known at start, in order of time."""
    found = rule(rule_name)
    days = found.periods(new_york(start).date() - _LONGEST_LAG, new_york(end).date())
    unpublished: list[date] = days[first_public_array(rule_name, days) > as_moment(start)].tolist()
    dated = [(day, expected(rule_name, day, start)) for day in unpublished]
    due = [
        Release(day, at, not found.is_estimated(_key(found, day)))
        for day, at in dated
        if at is not None and start < at <= end
    ]
    return sorted(due, key=lambda release: (release.at, release.period))


def next_release(rule_name: str, as_of: datetime) -> Release | None:
    """Give the first publication after the as-of; None while publication is suspended without a new date."""
    for horizon in (_NEAR, _FAR):
        due = releases(rule_name, as_of, as_of + horizon)
        if due:
            return due[0]
    return None


def _delay(found: Rule, day: date) -> Delay | None:
    late = delays(found.name)
    return late.get(_key(found, day)) if late else None


def _key(found: Rule, day: date) -> date:
    key: date = found.keys(np.array([day], dtype="datetime64[D]"))[0].item()
    return key


def _regular_at(found: Rule, day: date, known: date | None = None) -> datetime:
    return as_datetime(regular(found, np.array([day], dtype="datetime64[D]"), known)[0])


def _known_day(as_of: datetime) -> date:
    """Give the last day whose news counts as known."""
    local = new_york(as_of)
    return local.date() if local.time() >= CLOSE_PUBLIC_FROM else local.date() - timedelta(days=1)


def _held_up(found: Rule, day: date, as_of: datetime) -> bool:
    """Say whether this period, or one before it, is late or called off with no new date announced."""
    known = _known_day(as_of)
    key = _key(found, day)
    waiting = [d for d in delays(found.name).values() if d.key <= key and d.at > as_of and not d.dated(known)]
    return any(
        (delay.withdrawn is not None and delay.withdrawn <= known)
        or _regular_at(found, delay.key, known) <= as_of
        for delay in waiting
    )
