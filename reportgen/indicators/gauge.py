"""The dollar-liquidity gauge: a state by rule from funding and market components, day by day.

Each component has a watch and a stress threshold (thresholds.toml) and scores 0, 1 or 2. `crisis`
needs funding and market stress together, three stresses in all; `strained` two funding stresses or
one of each; `weakening` any stress or two watches; else `robust`. Only series that are never
re-estimated enter. The score places the state in quarters of 100 and, within its quarter, the mean
of reading over stress threshold (clipped to 0..1): the quarter says which state, the rest how near
the components are to stress.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen import calendars
from reportgen.indicators.measures import Measures, Track
from reportgen.indicators.thresholds import Thresholds
from reportgen.model import NEW_YORK, Days, Floats, to_date, to_day64, to_moment64, to_utc

STATES = ("robust", "weakening", "strained", "crisis")
FIRST_DAY = dt.date(2018, 6, 1)  # SOFR begins in April 2018
# Calendar days after which a component's newest observation no longer counts: a daily one outlasts a long
# weekend and the day that it takes to be published, a weekly one the week to the next.
MAX_AGE_DAYS = {"daily": 5, "weekly": 12}


@dataclass(frozen=True, slots=True)
class Component:
    """One input of the gauge.

    need: how many of the window's observations must reach a threshold; period_ends: whether first
    and last business days of months count towards it (below the extreme threshold they do not).
    """

    id: str
    label: str
    measure: str
    group: str  # "funding" or "market"
    need: int = 1
    period_ends: bool = True
    extreme: bool = False
    change: int = 0  # observations over which a change is taken; 0: the level


COMPONENTS = (
    Component("sofr_iorb", "SOFR less rate on reserves", "funding.sofr_iorb", "funding", 3, False, True),
    Component("sofr_tail", "SOFR, 99th percentile less rate on reserves", "funding.sofr_p99_iorb", "funding",
              3, False, True),
    Component("effr_iorb", "Federal funds less rate on reserves", "funding.effr_iorb", "funding"),
    Component("desk_repo", "The Desk's overnight repo", "facility.srf", "funding", 2),
    Component("discount_window", "Discount window", "facility.discount_window", "funding"),
    Component("swap_lines", "Dollar swap lines", "facility.swap_lines", "funding"),
    Component("foreign_rrp", "Foreign repo pool, change over four weeks", "facility.foreign_rrp", "funding",
              change=4),
    Component("move", "MOVE", "vol.move", "market"),
    Component("vix", "VIX", "vol.vix", "market"),
    Component("hy_oas", "High-yield spread", "credit.hy_oas", "market"),
    Component("ig_oas", "Investment-grade spread", "credit.ig_oas", "market"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class GaugeHistory:
    """The gauge at a row of moments.

    Shape: days, scores and states have one length; points and readings are one row a component
    (points -1 and reading NaN where the component is not held).
    """

    days: Days
    scores: Floats
    states: NDArray[np.int8]
    points: NDArray[np.int8]
    readings: Floats

    def state(self, position: int) -> str:
        """Return the state's name at a position."""
        return STATES[int(self.states[position])]


def gauge_days(start: dt.date, end: dt.date) -> Days:
    """Return the bond-market days from start to end on which the gauge is published."""
    days = calendars.open_days("sifma")
    return days[(days >= to_day64(max(start, FIRST_DAY))) & (days <= to_day64(end))]


def gauge_history(
    measures: Measures, thresholds: Thresholds, days: Days, last: dt.datetime | None = None
) -> GaugeHistory:
    """Compute the gauge for 23:59 New York time of each day; the last day's moment may be given instead."""
    moments = np.array([_late(d) for d in days], "datetime64[us]")
    if last is not None and len(moments):
        moments[-1] = to_moment64(last)
    found = _all_at_once(measures, thresholds, days, moments)
    for at in np.flatnonzero(_revised_since(measures, moments)):
        then = Measures(measures.snapshot.store.snapshot(to_utc(moments[at])))
        row = _all_at_once(then, thresholds, days[at : at + 1], moments[at : at + 1])
        found.scores[at], found.states[at] = row.scores[0], row.states[0]
        found.points[:, at], found.readings[:, at] = row.points[:, 0], row.readings[:, 0]
    return found


def _revised_since(measures: Measures, moments: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Say at which moments another vintage of some input was public than is now."""
    revised = np.zeros(len(moments), bool)
    for series in {s.id for c in COMPONENTS for s in measures.history(c.measure).series}:
        for start, end in zip(*measures.snapshot.replaced(series), strict=True):
            revised |= (moments >= start) & (moments < end)
    return revised


def _all_at_once(
    measures: Measures, thresholds: Thresholds, days: Days, moments: NDArray[np.datetime64]
) -> GaugeHistory:
    """Compute the gauge of many moments from the vintages of the snapshot."""
    scored = [_component(c, measures, thresholds, days, moments) for c in COMPONENTS]
    points = np.array([p for p, _, _ in scored], np.int8)
    readings = np.array([r for _, r, _ in scored])
    near = np.array([n for _, _, n in scored])
    market = np.array([c.group == "market" for c in COMPONENTS])
    funding_stress = (points[~market] == 2).sum(axis=0)
    market_stress = (points[market] == 2).sum(axis=0)
    watches = (points == 1).sum(axis=0)
    both = (funding_stress >= 1) & (market_stress >= 1)
    states = np.zeros(len(days), np.int8)
    states[(funding_stress + market_stress >= 1) | (watches >= 2)] = 1
    states[(funding_stress >= 2) | both] = 2
    states[both & (funding_stress + market_stress >= 3)] = 3
    held = points >= 0
    # Summed one after the other: numpy's sum has another order, and other last digits, for one day alone.
    mean = np.cumsum(np.where(held, near, 0.0), axis=0)[-1] / np.maximum(held.sum(axis=0), 1)
    return GaugeHistory(days, 25.0 * (states + mean), states, points, readings)


def _late(day: np.datetime64) -> np.datetime64:
    return to_moment64(dt.datetime.combine(to_date(day), dt.time(23, 59), NEW_YORK))


def _component(
    component: Component,
    measures: Measures,
    thresholds: Thresholds,
    days: Days,
    moments: NDArray[np.datetime64],
) -> tuple[NDArray[np.int8], Floats, Floats]:
    """Return points, readings and nearness to stress of one component at each moment."""
    track = measures.history(component.measure)
    observed, values, published = _observations(component, track)
    points, readings, near = (
        np.full(len(days), -1, np.int8),
        np.full(len(days), np.nan),
        np.full(len(days), np.nan),
    )
    known = (
        np.searchsorted(np.maximum.accumulate(published), moments, side="right")
        if len(published)
        else np.zeros(len(days), int)
    )
    newest = observed[np.maximum(known, 1) - 1] if len(observed) else days
    permitted = max(MAX_AGE_DAYS[series.frequency] for series in track.series)
    held = (known > 0) & ((days - newest).astype(int) <= permitted)
    if not held.any():
        return points, readings, near
    watch, stress = (_levels(thresholds, f"gauge.{component.id}.{k}", days) for k in ("watch", "stress"))
    counted = component.period_ends | ~_period_end(observed)
    window = int(thresholds.value("gauge.window", to_date(days[-1])))
    opens = calendars.open_days("sifma")
    begin = (
        np.searchsorted(observed, opens[np.searchsorted(opens, days) - window])
        if component.need > 1
        else known - 1
    )
    begin = np.maximum(begin, 0)
    last = values[np.maximum(known, 1) - 1]
    points[held] = 0
    for level, score in ((watch, 1), (stress, 2)):
        points[held & (_count(values, counted, level, begin, known) >= component.need)] = score
    if component.extreme:
        points[held & (last >= _levels(thresholds, f"gauge.{component.id}.extreme", days))] = 2
    readings[held] = last[held]
    near[held] = np.clip(last / stress, 0.0, 1.0)[held]
    return points, readings, near


def _observations(component: Component, track: Track) -> tuple[Days, Floats, NDArray[np.datetime64]]:
    if not component.change:
        return track.days, track.values, track.published
    n = component.change
    return track.days[n:], track.values[n:] - track.values[:-n], track.published[n:]


def _count(
    values: Floats,
    counted: NDArray[np.bool_],
    level: Floats,
    begin: NDArray[np.intp],
    known: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Count the counted observations at or above a level between two positions, at each moment."""
    total = np.zeros(len(level), np.intp)
    for value in np.unique(level):
        reached = np.append(0, np.cumsum((values >= value - 1e-9) & counted))
        here = level == value
        total[here] = reached[known[here]] - reached[np.minimum(begin, known)[here]]
    return total


def _levels(thresholds: Thresholds, threshold_id: str, days: Days) -> Floats:
    """Return a threshold's value in force on each day."""
    versions = thresholds.dated(threshold_id)
    levels = np.full(len(days), versions[0].value)
    for version in versions[1:]:
        levels[days >= to_day64(version.valid_from)] = version.value
    return levels


def _period_end(days: Days) -> NDArray[np.bool_]:
    """Say which days are the first or the last bond-market day of their month."""
    opens = calendars.open_days("sifma")
    months = opens.astype("datetime64[M]")
    turn = months[1:] != months[:-1]
    ends = np.append(turn, False) | np.append(False, turn)
    return np.isin(days, opens[ends])
