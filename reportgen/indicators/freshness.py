"""How fresh an input is at a moment: fresh, late, stale or missing, and when the next one is due."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from reportgen import calendars
from reportgen.calendars import publication
from reportgen.calendars.rules import rule
from reportgen.model import History, Series, to_date, to_utc
from reportgen.store import Snapshot
from reportgen.text import format_date, format_day, format_moment

State = Literal["fresh", "late", "stale", "missing"]


@dataclass(frozen=True, slots=True)
class Freshness:
    """The state of one series at a moment.

    late: the publisher has not published what was due; stale: the data set does not hold what was
    published; missing: nothing is held, or the newest observation is too old to be used.
    """

    series: Series
    newest: dt.date | None
    published: dt.datetime | None
    state: State
    why: str | None
    due: dt.datetime | None

    @property
    def usable(self) -> bool:
        """Say whether the newest observation may still be printed as a level."""
        return self.state != "missing"


def freshness(snapshot: Snapshot, series_id: str) -> Freshness:
    """Return how fresh a series is at the snapshot's as-of, by its own rule and permitted age."""
    history = snapshot.history(series_id)
    series = history.series
    end = len(history) - 1 if series.publication == "administered" else history.position(snapshot.market_date)
    if end < 0:
        why = "not in this data set"
        if series.restricted:
            why += " (restricted by licence)"
        return Freshness(series, None, None, "missing", why, None)
    newest, published = to_date(history.days[end]), to_utc(history.published[end])
    age = calendars.count(newest, snapshot.market_date, rule(series.publication).calendar)
    if age <= series.max_age:
        return Freshness(series, newest, published, "fresh", None, _due(series.publication, snapshot.as_of))
    state, why, due = _delay(snapshot, history, newest)
    if age > series.expires:
        state = "missing"
    return Freshness(series, newest, published, state, why, due)


def _delay(snapshot: Snapshot, history: History, newest: dt.date) -> tuple[State, str, dt.datetime | None]:
    series, as_of = history.series, snapshot.as_of
    shown = format_date(newest)
    waiting = publication.overdue(series.publication, newest, as_of)
    if waiting and publication.first_public(series.publication, _after(series, newest)).at > as_of:
        reason = publication.delay_reason(series.publication, waiting[0], as_of)
        due = publication.expected(series.publication, waiting[0], as_of)
        when = "overdue" if due is None else f"due {format_moment(due, as_of.date())}"
        late = format_day(waiting[0], as_of.date())
        text = f"the newest observation is of {shown}; that of {late} is {when}"
        return "late", f"{text}, {reason}" if reason else text, due
    if series.max_age == 0:
        return "stale", f"no row for {format_date(snapshot.market_date)}; the newest is of {shown}", None
    return "stale", f"not in this data set after {shown}", None


def due_this_week(snapshot: Snapshot, series: Series) -> bool:
    """Say whether a series' first observation of the week was due by the as-of, whether it came or not."""
    if series.publication == "administered":
        return False  # in force until the next decision
    day, name = snapshot.market_date, series.publication
    eve = day - dt.timedelta(days=day.weekday() + 1)
    first = _after(series, eve)
    came = first <= day and publication.first_public(name, first).at <= snapshot.as_of
    return came or bool(publication.overdue(name, eve, snapshot.as_of))


def _after(series: Series, newest: dt.date) -> dt.date:
    """Return the period that follows the newest one held."""
    key = to_date(rule(series.publication).keys(np.array([newest], dtype="datetime64[D]"))[0])
    last = max(newest, key)  # a month may be dated on its first day, and its key is the last
    later = publication.periods(series.publication, last + dt.timedelta(1), last + dt.timedelta(120))
    return to_date(later[0]) if len(later) else newest


def _due(rule_name: str, as_of: dt.datetime) -> dt.datetime | None:
    release = _next_release(rule_name, as_of, publication.exceptions_in_force())
    return None if release is None else release.at


@lru_cache(maxsize=64)
def _next_release(rule_name: str, as_of: dt.datetime, _exceptions: int) -> publication.Release | None:
    return publication.next_release(rule_name, as_of)
