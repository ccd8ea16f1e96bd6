"""The stages of a note in order: gather, compute, decide, draw, compose, write.

Each stage takes the frozen value before it; nothing reaches the output folder before all have succeeded.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from reportgen import calendars
from reportgen.errors import AsOfError, StoreError
from reportgen.findings import decide, terms
from reportgen.findings.changes import Comparison
from reportgen.findings.events import Event, load_decisions
from reportgen.findings.triggers import Trigger
from reportgen.findings.triggers import references as quoted
from reportgen.indicators.facts import FactSet, compute_facts
from reportgen.indicators.freshness import freshness
from reportgen.indicators.gauge import COMPONENTS, gauge_days, gauge_history
from reportgen.indicators.gauge_report import Report
from reportgen.indicators.measures import Measures, Track, contract_reference
from reportgen.indicators.thresholds import Thresholds
from reportgen.model import NEW_YORK, Days, Finding, Floats, History, Ref, to_date, to_moment64
from reportgen.pipeline.desk import Desk as Desk
from reportgen.store import Snapshot, Store

REQUIRED = (
    "ust_2y",
    "ust_10y",
    "ust_30y",
    "sofr",
    "effr",
    "iorb",
    "h41_reserves",
    "h41_discount_window",
    "on_rrp",
)
REQUIRED_RESTRICTED = ("spx", "vix", "move", "dxy", "hy_oas", "ig_oas")
PERMITTED_AGE_BD = 5
HISTORY_OF_GAUGE = dt.timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a note will say, before a word of it is set."""

    snapshot: Snapshot
    measures: Measures
    thresholds: Thresholds
    events: tuple[Event, ...]
    facts: FactSet
    findings: dict[str, Finding]
    comparison: Comparison | None = None  # with last week; only for a note
    triggers: tuple[Trigger, ...] = ()  # likewise
    record: Report | None = None  # of the gauge; for a note that asks for it

    @property
    def references(self) -> dict[str, Ref]:
        """Return what may be quoted: thresholds, the table of contracts, terms, what triggers turn at."""
        day = self.snapshot.market_date
        limits = {i: self.thresholds.ref(i, day) for i in self.thresholds.ids}
        table = contract_reference()
        return limits | {table.id: table} | terms.in_force(day) | quoted(self.triggers)


def analyse(
    desk: Desk, as_of: dt.datetime | None, now: dt.datetime, *, allow_stale: bool = False
) -> Analysis:
    """Compute facts and findings of a moment; None takes the newest complete week of the store.

    Raises: AsOfError for a moment before the data, in the future or far past their end.
    """
    store = desk.store()
    thresholds, events = desk.thresholds(), (*desk.events(now), *load_decisions())
    moment = as_of if as_of is not None else default_as_of(desk, store, now)
    snapshot = store.snapshot(moment)
    _check(snapshot, now, allow_stale=allow_stale)
    measures = Measures(snapshot)
    facts = compute_facts(measures, thresholds)
    return Analysis(snapshot, measures, thresholds, events, facts, decide(facts, thresholds, events))


def default_as_of(desk: Desk, store: Store, now: dt.datetime) -> dt.datetime:
    """Return now for a store of the desk's own; for the embedded data the end of their last complete week.

    A week is complete when every required series is fresh at its end; series that are not held at all
    (the restricted folder may be absent) do not count.
    """
    if desk.data is not None:
        return now
    newest = store.newest("ust_10y")
    if newest is None:
        raise StoreError(f"{store.folder}: holds no ust_10y (FRED:DGS10)")
    required = [s for s in (*REQUIRED, *REQUIRED_RESTRICTED) if s in store.held]
    for day in _week_ends(newest):
        moment = dt.datetime.combine(day, dt.time(23, 59), NEW_YORK)
        snapshot = store.snapshot(moment)
        if all(freshness(snapshot, s).state == "fresh" for s in required):
            return moment
    raise StoreError(f"{store.folder}: no week in which all of {', '.join(required)} are held")


def _week_ends(newest: dt.date) -> list[dt.date]:
    """Return the last bond-market days of the 104 weeks up to a day, newest first."""
    fridays = [newest - dt.timedelta(days=newest.weekday() - 4 + 7 * back) for back in range(104)]
    ends = (calendars.on_or_before(f, "sifma") for f in fridays)
    return [e for e in ends if e <= newest]


def _check(snapshot: Snapshot, now: dt.datetime, *, allow_stale: bool) -> None:
    shown = snapshot.as_of.astimezone(NEW_YORK)
    if snapshot.as_of > now:
        today = now.astimezone(NEW_YORK)
        raise AsOfError(f"as-of {shown:%Y-%m-%d %H:%M} lies in the future (now: {today:%Y-%m-%d %H:%M})")
    store = snapshot.store
    oldest, newest = store.oldest("ust_10y"), store.newest("ust_10y")
    if oldest is None or newest is None:
        raise StoreError(f"{store.folder}: holds no ust_10y (FRED:DGS10)")
    history = snapshot.history("ust_10y")
    if not len(history) or to_date(history.days[0]) > snapshot.week_start:
        raise AsOfError(
            f"as-of {shown:%Y-%m-%d} lies before the data, which begin on {oldest:%Y-%m-%d}",
            hint="A week needs a close before its Monday.",
        )
    last = to_date(history.days[-1])
    age = calendars.count(last, snapshot.market_date, "sifma") if last < snapshot.market_date else 0
    if age > PERMITTED_AGE_BD and not allow_stale:
        raise AsOfError(
            f"as-of {shown:%Y-%m-%d}: the newest 10-year yield is of {last:%Y-%m-%d}, "
            f"{age} business days old, permitted are {PERMITTED_AGE_BD}",
            hint="Fetch newer data, choose an as-of up to a week after that day, or pass --allow-stale.",
        )


def add_gauge_history(analysis: Analysis) -> None:
    """Compute the gauge day by day up to the as-of and offer it to the figures as measures."""
    snapshot, measures = analysis.snapshot, analysis.measures
    days = gauge_days(snapshot.market_date - HISTORY_OF_GAUGE, snapshot.market_date)
    history = gauge_history(measures, analysis.thresholds, days, snapshot.as_of)
    tracks = [measures.history(c.measure) for c in COMPONENTS]
    everything = tuple({p.series.id: p for t in tracks for p in t.parents if len(t)}.values())

    def add(name: str, label: str, unit: str, at: Days, values: Floats, parents: tuple[History, ...]) -> None:
        published = np.full(len(at), to_moment64(snapshot.as_of))
        measures.add(Track(f"liquidity.{name}", label, unit, at, values, published, parents, (), ()))

    add("score", "Dollar-liquidity gauge", "index", days, history.scores, everything)
    for component, track, points in zip(COMPONENTS, tracks, history.points, strict=True):
        held = points >= 0
        add(
            f"{component.id}.state",
            component.label,
            "text",
            days[held],
            points[held].astype(float),
            track.parents,
        )
