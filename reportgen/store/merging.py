"""How rows that arrive join those held: what is new, what is a revision, and since when each was public.

A row never goes away. Where the publisher gives no time, the moment of publication is

1. that of the series' rule (null in the file) for the first value of a day;
2. the moment at which we first saw it, where the rule cannot be right: the publisher was asked after the
   rule's time and did not have it yet, a suspended publication, a typical lag that was not needed;
3. the moment at which we first saw it for a value that replaces another: nobody could know it before
   the first one was public, and nothing says that it was public before we saw it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen import calendars
from reportgen.calendars import publication
from reportgen.calendars.rules import rule
from reportgen.errors import StoreError
from reportgen.model import Series, to_date
from reportgen.store.files import Columns, Moments
from reportgen.store.reading import filled

_NEVER = np.datetime64("NaT", "us")


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known about a publisher's silence.

    Shape: the days from `since` on that were due at `asked` were asked for once they were due.
    grace: business days by which the service may trail the publication that the rule means; None where
    its silence proves nothing (a folder that somebody fills by hand).
    """

    since: dt.date
    asked: np.datetime64
    grace: int | None = 0


@dataclass(frozen=True, slots=True)
class Merged:
    """The rows after a merge, and how many of those that came were new, revisions, or known already.

    refused: other values of days that are held, from a source that may not revise them.
    """

    rows: Columns
    new: int = 0
    revised: int = 0
    same: int = 0
    refused: int = 0

    @property
    def changed(self) -> bool:
        """Say whether the file has to be written."""
        return bool(self.new or self.revised)


def empty() -> Columns:
    """Return no rows."""
    moments = np.array([], "datetime64[us]")
    return Columns(np.array([], "datetime64[D]"), np.array([], np.float64), moments, moments)


def merge(
    held: Columns,
    arrived: Columns,
    series: Series,
    watched: Watched | None = None,
    *,
    revises: bool = True,
) -> Merged:
    """Add what arrived to what is held; a source that does not revise only adds days that are not held.

    Raises: StoreError if two values of one day arrive together, and nothing tells them apart.
    """
    if not revises:
        return _days_alone(held, arrived, series, watched)
    if np.isnat(arrived.published).all():
        return _without_times(held, arrived, series, watched)
    return _with_times(held, arrived, series)


def _days_alone(held: Columns, arrived: Columns, series: Series, watched: Watched | None) -> Merged:
    arrived = _one_a_day(arrived, series)
    current = _current(held, series)
    at, exists = _positions(current.days, arrived.days)
    same = int(_equal(current.values[at[exists]], arrived.values[exists]).sum())
    added = merge(held, arrived.take(~exists), series, watched)
    return Merged(added.rows, added.new, added.revised, same, int(exists.sum()) - same)


def _without_times(held: Columns, arrived: Columns, series: Series, watched: Watched | None) -> Merged:
    arrived = _one_a_day(arrived, series)
    current = _current(held, series)
    at, exists = _positions(current.days, arrived.days)
    value, published = np.full(len(at), np.nan), np.full(len(at), _NEVER)
    value[exists], published[exists] = current.values[at[exists]], current.published[at[exists]]
    same = exists & _equal(value, arrived.values)
    revised = exists & ~same
    first = ~exists
    moments = np.full(len(at), _NEVER)
    # A clock that was set back must not put what is seen now before what was seen then.
    retrieved = arrived.retrieved.copy()
    retrieved[revised] = np.fmax(retrieved[revised], current.retrieved[at[revised]])
    moments[revised] = np.maximum(retrieved[revised], published[revised])
    seen = first.copy()
    seen[first] = _rule_is_wrong(arrived.take(first), series, watched)
    moments[seen] = arrived.retrieved[seen]
    fresh = dataclasses.replace(arrived, published=moments, retrieved=retrieved).take(~same)
    return Merged(_joined(held, fresh), int(first.sum()), int(revised.sum()), int(same.sum()))


def _with_times(held: Columns, arrived: Columns, series: Series) -> Merged:
    """Add vintages: rows whose publisher says when they were published.

    Those without a time among them are of the first vintage of all, and public by the rule.
    """
    both = held.and_then(arrived)
    published = filled(both, series.publication, ordered=False).published
    order = np.lexsort((both.retrieved, published, both.days))
    days, values = both.days[order], both.values[order]
    # A vintage that repeats the value before it says nothing; requests in pieces make such rows.
    repeats = np.zeros(len(order), bool)
    repeats[1:] = (days[1:] == days[:-1]) & _equal(values[1:], values[:-1])
    news = order[(order >= len(held)) & ~repeats]
    fresh = both.take(news)
    new = len(np.setdiff1d(fresh.days, held.days))
    return Merged(_joined(held, fresh), new, len(fresh) - new, len(arrived) - len(fresh))


def _rule_is_wrong(arrived: Columns, series: Series, watched: Watched | None) -> NDArray[np.bool_]:
    """Say for which first values the rule's moment cannot be that of their publication."""
    if not len(arrived):
        return np.zeros(0, bool)
    regular = publication.first_public_array(series.publication, arrived.days)
    # Out before the date announced after a delay, or before the typical lag had passed. Other rules name the
    # moment at which a value is final: a price seen earlier may not be the close.
    typical = rule(series.publication).estimated
    wrong = (arrived.retrieved < regular) & (
        typical | publication.is_delayed(series.publication, arrived.days)
    )
    if watched is not None and watched.grace is not None:
        limit = _later(regular, watched.grace)
        lacked = (arrived.days >= np.datetime64(watched.since, "D")) & (limit <= watched.asked)
        wrong |= lacked & (arrived.retrieved > regular)
    return wrong


def asked_again(before: Watched | None, now: Watched, series: Series) -> Watched:
    """Return what is known after a publisher was asked again, now for the days from `now.since` on.

    What was known of the days before these stands, if all of them were due when they were asked for.
    """
    if before is None or now.grace is None or now.since <= before.since:
        return now
    last = np.array([now.since - dt.timedelta(days=1)], "datetime64[D]")
    due = _later(publication.first_public_array(series.publication, last), now.grace)
    return dataclasses.replace(now, since=before.since) if due[0] <= before.asked else now


def _later(moments: Moments, business_days: int) -> Moments:
    if not business_days:
        return moments
    days = moments.astype("datetime64[D]")
    calendar = calendars.busdays("federal")
    moved = np.busday_offset(days, business_days, roll="forward", busdaycal=calendar)
    later: Moments = moments + (moved - days)
    return later


def _one_a_day(arrived: Columns, series: Series) -> Columns:
    order = np.lexsort((arrived.retrieved, arrived.days))
    arrived = arrived.take(order)
    again = arrived.days[1:] == arrived.days[:-1]
    if not again.any():
        return arrived
    differs = again & ~_equal(arrived.values[1:], arrived.values[:-1])
    if differs.any():
        at = int(np.flatnonzero(differs)[0])
        found = f"{arrived.values[at]!r} and {arrived.values[at + 1]!r}"
        day = to_date(arrived.days[at])
        raise StoreError(f"{series.id}: two values of {day} arrived together ({found}), expected one")
    return arrived.take(np.append(True, ~again))


def _current(held: Columns, series: Series) -> Columns:
    """Return the last known value of each day held."""
    if not len(held):
        return held
    known = filled(held, series.publication)
    return known.take(np.append(known.days[1:] != known.days[:-1], True))


def _positions(
    days: NDArray[np.datetime64], wanted: NDArray[np.datetime64]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Say where each wanted day stands among ordered days, and whether it does."""
    at = np.searchsorted(days, wanted)
    exists = np.zeros(len(wanted), bool)
    inside = at < len(days)
    exists[inside] = days[at[inside]] == wanted[inside]
    return at, exists


def _equal(one: NDArray[np.float64], other: NDArray[np.float64] | np.float64) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (one == other) | (np.isnan(one) & np.isnan(other))
    return same


def _joined(one: Columns, other: Columns) -> Columns:
    """Return the rows of both in the order of a file."""
    rows = one.and_then(other)
    return rows.take(np.lexsort((rows.retrieved, rows.published, rows.days)))
