"""The publication rules, read from publication.toml."""

from __future__ import annotations

import tomllib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.calendars.clock import MomentArray, as_datetime, utc
from reportgen.calendars.days import LAST_DAY, DayArray, busdays, open_days
from reportgen.errors import CalendarError

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = {"month": 1, "quarter": 3}
# The moment of a publication that is suspended with no date announced: after every as-of.
UNKNOWN = datetime(2999, 1, 1, tzinfo=UTC)
_LONGEST_SUSPENSION = timedelta(days=366)


def _on_or_after(days: DayArray, weekday: str) -> DayArray:
    # Day 0 of numpy's calendar, 1970-01-01, was a Thursday.
    ahead: DayArray = days + (_WEEKDAYS.index(weekday) - 3 - days.astype(np.int64)) % 7
    return ahead


def _month_end(months: DayArray) -> DayArray:
    return (months + 1).astype("datetime64[D]") - 1


def _every(start: date, end: date) -> DayArray:
    return np.arange(np.datetime64(start, "D"), np.datetime64(end, "D") + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """One publication rule: which periods are observed, and on which day each comes out."""

    name: str
    covers: str
    calendar: str
    at: time
    estimated: bool = False

    def keys(self, days: DayArray) -> DayArray:
        """Give for each observation the day that stands for its period."""
        return days

    def is_estimated(self, key: date) -> bool:
        """Say whether the regular day of a period is an estimate."""
        return self.estimated

    @abstractmethod
    def release_days(self, keys: DayArray, calendar: np.busdaycalendar) -> DayArray:
        """Give the regular day of publication of each period."""

    @abstractmethod
    def periods(self, start: date, end: date) -> DayArray:
        """List the days from start to end that have an observation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily(Rule):
    days: int

    def release_days(self, keys: DayArray, calendar: np.busdaycalendar) -> DayArray:
        if self.days == 0:
            return keys
        return np.busday_offset(keys, self.days, roll="backward", busdaycal=calendar)

    def periods(self, start: date, end: date) -> DayArray:
        days = open_days(self.calendar)
        return days[(days >= np.datetime64(start, "D")) & (days <= np.datetime64(end, "D"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly(Rule):
    weekday: str
    days: int
    holiday_span: int = 1
    moved: tuple[date, ...] = ()

    def keys(self, days: DayArray) -> DayArray:
        return _on_or_after(days, self.weekday)

    def release_days(self, keys: DayArray, calendar: np.busdaycalendar) -> DayArray:
        regular = keys + np.timedelta64(self.days, "D")
        delayed = np.zeros(regular.shape, dtype=bool)
        for back in range(self.holiday_span):
            delayed |= ~np.is_busday(regular - np.timedelta64(back, "D"), busdaycal=calendar)
        return np.where(delayed, np.busday_offset(regular, 1, roll="backward", busdaycal=calendar), regular)

    def periods(self, start: date, end: date) -> DayArray:
        keys = np.unique(self.keys(_every(start, end)))
        moved = np.array(self.moved, dtype="datetime64[D]")
        days = np.concatenate([np.setdiff1d(keys, self.keys(moved)), moved])
        return np.sort(days[(days >= np.datetime64(start, "D")) & (days <= np.datetime64(end, "D"))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Monthly(Rule):
    months: int
    day: int
    scheduled: tuple[date, ...] = ()

    def keys(self, days: DayArray) -> DayArray:
        return _month_end(days.astype("datetime64[M]"))

    def is_estimated(self, key: date) -> bool:
        return self.estimated and not self._on_schedule(np.array([key], dtype="datetime64[M]"))[0]

    def release_days(self, keys: DayArray, calendar: np.busdaycalendar) -> DayArray:
        months = keys.astype("datetime64[M]")
        first = (months + self.months).astype("datetime64[D]")
        days = np.busday_offset(first + (self.day - 1), 0, roll="forward", busdaycal=calendar)
        dated = self._on_schedule(months)
        if dated.any():
            schedule = np.array(self.scheduled, dtype="datetime64[D]")
            at = np.searchsorted(schedule.astype("datetime64[M]"), months[dated] + self.months)
            days[dated] = schedule[at]
        return days

    def _on_schedule(self, months: DayArray) -> NDArray[np.bool_]:
        return np.isin(months + self.months, np.array(self.scheduled, dtype="datetime64[M]"))

    def periods(self, start: date, end: date) -> DayArray:
        keys = np.unique(self.keys(_every(start, end)))
        return keys[keys <= np.datetime64(end, "D")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag(Rule):
    period: str
    days: int

    def keys(self, days: DayArray) -> DayArray:
        if self.period == "week":
            return _on_or_after(days, "saturday")
        months = days.astype("datetime64[M]")
        return (months - months.astype(np.int64) % _MONTHS[self.period]).astype("datetime64[D]")

    def release_days(self, keys: DayArray, calendar: np.busdaycalendar) -> DayArray:
        end = keys
        if self.period != "week":
            end = _month_end(keys.astype("datetime64[M]") + (_MONTHS[self.period] - 1))
        return np.busday_offset(end + self.days, 0, roll="forward", busdaycal=calendar)

    def periods(self, start: date, end: date) -> DayArray:
        keys = np.unique(self.keys(_every(start, end)))
        return keys[(keys >= np.datetime64(start, "D")) & (keys <= np.datetime64(end, "D"))]


_KINDS: dict[str, type[Rule]] = {"daily": Daily, "weekly": Weekly, "monthly": Monthly, "lag": Lag}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why publications were late, and what of it was known when."""

    known: date
    phrase: str
    ended: date | None = None
    meanwhile: str | None = None

    def told(self, known: date) -> str:
        """Name the cause as one could at the end of a day."""
        over = self.ended is None or self.ended <= known
        return self.phrase if over or self.meanwhile is None else self.meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """One late publication: the period's key, when it came out, and from which day on that was known."""

    key: date
    at: datetime
    cause: Cause
    source: str
    announced: date | None = None
    withdrawn: date | None = None
    estimated: bool = False

    def dated(self, known: date) -> bool:
        """Say whether the new date had been announced by the end of a day."""
        return self.announced is not None and self.announced <= known


@lru_cache
def _file() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("publication.toml").read_text(encoding="utf-8"))


def rule_names() -> tuple[str, ...]:
    """List the rules; those of kind lag want a number of days after a colon."""
    return tuple(name + ":DAYS" * (row["kind"] == "lag") for name, row in _file()["rule"].items())


@lru_cache
def rule(text: str) -> Rule:
    """Look up a rule by its name, such as `sofr` or `month_lag:15`.

    Raises: CalendarError, naming the known rules.
    """
    name, _, days = text.partition(":")
    row = dict(_file()["rule"].get(name, {}))
    kind = row.pop("kind", None)
    well_formed = days.isdecimal() if kind == "lag" else text == name
    if kind is None or not well_formed:
        known = ", ".join(rule_names())
        raise CalendarError(f"publication rule '{text}': unknown", hint=f"Known are {known}.")
    if kind == "lag":
        row |= {"days": int(days), "estimated": True}
    row |= {key: tuple(row[key]) for key in ("moved", "scheduled") if key in row}
    return _KINDS[kind](**{**row, "name": text, "at": time.fromisoformat(row["at"])})


@lru_cache
def delays(name: str) -> dict[date, Delay]:
    """Map the periods of a rule that came out late to their delays, in order."""
    return dict(sorted((_late(name, _file()) | _late(name, _own)).items()))


def use(own: dict[str, Any]) -> None:
    """Add a desk's own causes, suspensions and delays to those that ship; they replace the ones before."""
    global _own, _changes  # the desk of a process, as the tables beside this module are those of the package
    if own != _own:
        _own, _changes = own, _changes + 1
        delays.cache_clear()


def changes() -> int:
    """Count how often exceptions were put in force: what was computed before may not hold any more."""
    return _changes


def causes() -> set[str]:
    """Name the causes that ship."""
    return set(_file()["cause"])


_own: dict[str, Any] = {}
_changes = 0


def _late(name: str, table: dict[str, Any]) -> dict[date, Delay]:
    """Read the late publications of one rule from a table of causes, suspensions and delays."""
    found = rule(name)
    known = {key: Cause(**row) for key, row in (_file()["cause"] | table.get("cause", {})).items()}
    late: dict[date, Delay] = {}
    for group in table.get("suspension", []):
        if name in group["rules"]:
            cause = known[group["cause"]]
            last = group.get("last", min(group["first"] + _LONGEST_SUSPENSION, LAST_DAY))
            for key in found.keys(found.periods(group["first"], last)).tolist():
                late[key] = Delay(
                    key=key, at=UNKNOWN, cause=cause, source=group["source"], withdrawn=cause.known
                )
    for group in table.get("delay", []):
        if group["rule"] == name:
            shared = {key: value for key, value in group.items() if key not in ("rule", "cause", "dates")}
            dates = np.array(group["dates"], dtype="datetime64[D]")
            keys: list[date] = found.keys(dates[:, 0]).tolist()
            for key, moment in zip(keys, utc(dates[:, 1], found.at), strict=True):
                late[key] = Delay(key=key, at=as_datetime(moment), cause=known[group["cause"]], **shared)
    return late


def regular(found: Rule, days: DayArray, known: date | None = None) -> MomentArray:
    """Give the regular first public moments (UTC), by the calendar as known at the end of a day.

    Raises: CalendarError where a moment lies after the end of the calendars.
    """
    released = found.release_days(found.keys(days), busdays(found.calendar, known))
    if released.size and released.max() > np.datetime64(LAST_DAY, "D"):
        late = f"due on {released.max()}, after the calendars end on {LAST_DAY}"
        raise CalendarError(f"publication rule '{found.name}': {late}")
    return utc(released, found.at)
