"""All facts of a snapshot: what the registry lists, and what other modules compute from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from reportgen.indicators import facets
from reportgen.indicators.analogues import analogue_facts
from reportgen.indicators.balance_sheet import balance_sheet_facts
from reportgen.indicators.gauge import COMPONENTS, STATES, GaugeHistory, gauge_days, gauge_history
from reportgen.indicators.measures import Measures, registry
from reportgen.indicators.pairs import pair_facts
from reportgen.indicators.par_bonds import par_bond_facts
from reportgen.indicators.pressure import pressure_facts
from reportgen.indicators.rarity import rarity_facts
from reportgen.indicators.similar import similar_facts
from reportgen.indicators.thresholds import Thresholds
from reportgen.model import Fact, Missing, Observation
from reportgen.store import Snapshot
from reportgen.text import NBSP, format_date

POINTS: dict[int, Literal["missing", "calm", "watch", "stress"]] = {
    -1: "missing",
    0: "calm",
    1: "watch",
    2: "stress",
}


@dataclass(frozen=True, slots=True)
class FactSet:
    """Every fact of a moment, each either present or missing with its reason."""

    as_of: dt.datetime
    market_date: dt.date
    week_start: dt.date
    facts: dict[str, Fact] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)

    def add(self, fact: Fact | Missing) -> None:
        """Keep a fact, or the reason why it is missing."""
        if isinstance(fact, Missing):
            self.missing[fact.id] = fact
        else:
            self.facts[fact.id] = fact

    def get(self, fact_id: str) -> Fact | None:
        """Return a fact, None where it is missing."""
        return self.facts.get(fact_id)

    def number(self, fact_id: str) -> float | None:
        """Return a fact's number, None where it is missing."""
        fact = self.facts.get(fact_id)
        return None if fact is None else fact.number


def compute_facts(measures: Measures, thresholds: Thresholds) -> FactSet:
    """Compute every fact of a snapshot.

    Raises: CatalogueError where the registry of measures is inconsistent.
    """
    snapshot = measures.snapshot
    found = FactSet(snapshot.as_of, snapshot.market_date, snapshot.week_start)
    for measure in registry().values():
        about = facets.subject(measure, measures)
        for facet in measure.facts:
            found.add(facets.taken(about, facet))
    for fact in (
        *_week(snapshot),
        *_regime(found),
        *balance_sheet_facts(found.facts, found.missing, thresholds, snapshot.market_date),
        *par_bond_facts(measures, found.facts, found.missing),
        *_gauge(measures, thresholds),
        *analogue_facts(measures),
        *rarity_facts(measures),
        *similar_facts(measures, thresholds),
        *pair_facts(measures),
        *pressure_facts(measures, found.facts),
    ):
        found.add(fact)
    return found


def gauge_now(measures: Measures, thresholds: Thresholds) -> GaugeHistory:
    """Return the gauge at the snapshot's own moment alone."""
    snapshot = measures.snapshot
    days = gauge_days(snapshot.market_date, snapshot.market_date)
    return gauge_history(measures, thresholds, days, snapshot.as_of)


def _week(snapshot: Snapshot) -> Iterator[Fact | Missing]:
    yields = snapshot.history("ust_10y")
    start, end = yields.position(snapshot.week_start), yields.position(snapshot.market_date)
    if start < 0:
        yield facets.missing("week.sessions", yields.series, "no close before the week is held")
        return
    inputs = (yields.at(end), yields.at(start))
    count = end - start
    yield Fact(
        id="week.sessions", label="Sessions of the week", value=float(count), unit="days",
        text=f"{count}{NBSP}{'session' if count == 1 else 'sessions'}",
        observed=inputs[0].day, published=inputs[0].published, inputs=inputs,
        method="closes of the 10-year yield after the week's start", start=inputs[1].day,
    )  # fmt: skip


def _regime(found: FactSet) -> Iterator[Fact | Missing]:
    two, ten = found.get("ust.2y.change_week"), found.get("ust.10y.change_week")
    if two is None or ten is None:
        lacking = found.missing["ust.2y.change_week" if two is None else "ust.10y.change_week"]
        yield Missing("curve.regime", lacking.input, lacking.why, lacking.due)
        return
    if two.observed != ten.observed:
        late = min(two, ten, key=lambda fact: fact.observed)
        why = f"the newest close is of {format_date(late.observed)}"
        yield facets.missing("curve.regime", late.inputs[0].series, why)
        return
    word = curve_regime(two.number, ten.number)
    yield Fact(
        id="curve.regime", label="Regime of the curve on the week", value=word, unit="text",
        text=word.replace("_", " "), observed=ten.observed, published=max(two.published, ten.published),
        inputs=two.inputs + ten.inputs, start=ten.start,
        method="rule over the week's changes of the 2- and 10-year yields",
    )  # fmt: skip


def curve_regime(two_bp: float, ten_bp: float) -> str:
    """Name the curve's move from the changes of its 2- and 10-year yields.

    Units: basis points. Below 3 bp a change, or a difference of changes, counts as none.
    """
    two, ten = round(two_bp, 6), round(ten_bp, 6)
    slope = round(ten - two, 6)
    shape = "steepening" if slope > 0 else "flattening"
    if abs(two) < 3 and abs(ten) < 3:
        return "little_changed"
    if two * ten < 0 and abs(two) >= 3 and abs(ten) >= 3:
        return f"twist_{shape}"
    rising = two + ten > 0
    if abs(slope) < 3:
        return "parallel_up" if rising else "parallel_down"
    return f"{'bear' if rising else 'bull'}_{shape}"


def _gauge(measures: Measures, thresholds: Thresholds) -> Iterator[Fact | Missing]:
    now = gauge_now(measures, thresholds)
    snapshot = measures.snapshot
    if not len(now.days):
        for name in ("score", "state"):
            yield Missing(
                f"liquidity.{name}", "sofr (FRED:SOFR)", "the gauge begins on 1 June 2018 with SOFR's history"
            )
        return
    inputs: tuple[Observation, ...] = ()
    for row, component in enumerate(COMPONENTS):
        points = int(now.points[row][-1])
        track = measures.history(component.measure)
        if points < 0:
            series = track.series[0]
            yield facets.missing(f"liquidity.{component.id}.state", series, "nothing recent is held")
            continue
        seen = track.observations(len(track) - 1)
        inputs += seen
        yield _word(
            f"liquidity.{component.id}.state",
            f"Liquidity gauge, {component.label}",
            POINTS[points],
            seen,
            "reading against its watch and stress thresholds",
        )
    if not inputs:
        for name in ("score", "state"):
            yield Missing(f"liquidity.{name}", "sofr (FRED:SOFR)", "no component of the gauge is held")
        return
    method = f"rule over {len(COMPONENTS)} components, as of {snapshot.market_date.isoformat()}"
    score = float(now.scores[-1])
    day, published = max(i.day for i in inputs), max(i.published for i in inputs)
    yield Fact(
        "liquidity.score",
        "Dollar-liquidity gauge, 0 calm to 100",
        score,
        "index",
        f"{score:.0f}",
        day,
        published,
        inputs,
        method,
    )
    yield _word("liquidity.state", "State of dollar liquidity", STATES[int(now.states[-1])], inputs, method)


def _word(fact_id: str, label: str, word: str, inputs: tuple[Observation, ...], method: str) -> Fact:
    return Fact(
        fact_id,
        label,
        word,
        "text",
        word.replace("_", " "),
        max(i.day for i in inputs),
        max(i.published for i in inputs),
        inputs,
        method,
    )
