"""How hard the market leans on Asian currencies that their central banks manage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from reportgen.indicators.facets import missing
from reportgen.indicators.measures import Measures
from reportgen.model import Fact, Missing
from reportgen.text import format_value

ASIA = ("krw", "twd", "cny", "inr", "thb", "sgd")  # managed or semi-managed; the yen floats
NEEDED = 4  # currencies
MINIMUM = 250  # earlier moves, about a year of them


def pressure_facts(measures: Measures, facts: Mapping[str, Fact]) -> Iterator[Fact | Missing]:
    """Average the currencies' moves of their latest week, each against its own earlier moves.

    Units: standard deviations; positive where the currencies weakened. Earlier moves span as many
    observations and ended before the week.
    """
    fact_id = "fx.asia.pressure"
    moves = [f for f in (facts.get(f"fx.{c}.change_week") for c in ASIA) if f is not None]
    newest = max((f.observed for f in moves), default=None)
    moves = [f for f in moves if f.observed == newest]
    scores = [s for s in (_score(measures, f) for f in moves) if s is not None]
    if len(scores) < NEEDED:
        lacks = measures.history("fx.krw").series[0]
        why = "too few currencies can be scored"
        yield missing(fact_id, lacks, why)
        return
    value = float(np.mean(scores))
    yield Fact(
        id=fact_id,
        label="Pressure on Asian currencies, latest week (positive: weaker)",
        value=value,
        unit="z",
        text=format_value(value, "z", 1, signed=True),
        observed=max(f.observed for f in moves),
        published=max(f.published for f in moves),
        inputs=tuple(i for f in moves for i in f.inputs),
        method=f"mean over {len(scores)} currencies of (move - mean)/standard deviation of earlier moves",
        stale=next((f.stale for f in moves if f.stale), None),
        start=min(f.start for f in moves if f.start is not None),
        decimals=1,
        signed=True,
    )


def _score(measures: Measures, move: Fact) -> float | None:
    """Set a currency's move against its earlier moves over as many observations."""
    assert move.start is not None
    track = measures.history(move.id.removesuffix(".change_week"))
    start, end = track.position(move.start), track.position(move.observed)
    steps = end - start
    past = (track.values[steps : start + 1] / track.values[: start + 1 - steps] - 1) * 100
    return float((move.number - past.mean()) / past.std(ddof=1)) if len(past) >= MINIMUM else None
