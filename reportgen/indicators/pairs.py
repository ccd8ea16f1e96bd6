"""Matched pairs of Treasury futures: leveraged funds' net shorts against asset managers' net longs.

The short side of a basis trade needs a holder of the long side, mostly an asset manager; the smaller of
the two in a contract therefore bounds the trade from above.
Source: Barth, Kahn and Mann, FEDS Notes, 30 August 2023; Glicoes, Iorio, Monin and Petrasek, FEDS Notes,
8 March 2024.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np

from reportgen.indicators import facets
from reportgen.indicators.measures import Measure, Measures, Track, contract_weight, shared_days
from reportgen.model import Fact, Missing

CONTRACTS = {"2y": "2-year", "5y": "5-year", "10y": "10-year", "bond": "bond", "ubond": "Ultra bond"}
_TOTAL_FACTS = ("value", "change_week", "change_week_z", "change_week_pct", "change_4w", "change_4w_z")
_SMALLER = "min(leveraged funds' net short, asset managers' net long), none below zero"


def pair_facts(measures: Measures) -> Iterator[Fact | Missing]:
    """Return the matched pairs by contract, in face value and in 10-year equivalents."""
    for contract, name in CONTRACTS.items():
        label = f"Matched pairs, {name} futures (upper bound of the basis trade)"
        measure = _measure(f"cot.pairs.{contract}", label, "contracts", ("value", "change_week"))
        yield from _taken(measure, measures, {contract: 1.0})
    for name, unit, words in (
        ("notional", "usd_bn", "face value"),
        ("10y_eq", "contracts", "10-year equivalents"),
    ):
        label = (
            f"Matched pairs, {words}, five contracts without Ultra 10-year (upper bound of the basis trade)"
        )
        kind = "face_bn" if name == "notional" else "ten_year"
        weights = {c: contract_weight(c, kind) for c in CONTRACTS}
        yield from _taken(_measure(f"cot.pairs.total_{name}", label, unit, _TOTAL_FACTS), measures, weights)


def _measure(measure_id: str, label: str, unit: str, wanted: tuple[str, ...]) -> Measure:
    return Measure(measure_id, label, unit, "difference", 0, wanted, ())


def _taken(measure: Measure, measures: Measures, weights: dict[str, float]) -> Iterator[Fact | Missing]:
    measures.add(_track(measure, measures, weights))
    about = facets.subject(measure, measures)
    for facet in measure.facts:
        yield facets.taken(about, facet)


def _track(measure: Measure, measures: Measures, weights: dict[str, float]) -> Track:
    sides = [measures.history(f"cot.{c}.{who}_net") for c in weights for who in ("lev", "am")]
    days = shared_days([side.days for side in sides])
    at = [np.searchsorted(side.days, days) for side in sides]
    values = np.zeros(len(days))
    for row, weight in enumerate(weights.values()):
        short, long = (-sides[2 * row].values[at[2 * row]], sides[2 * row + 1].values[at[2 * row + 1]])
        values += weight * np.maximum(np.minimum(short, long), 0)
    published = reduce(np.maximum, (side.published[where] for side, where in zip(sides, at, strict=True)))
    return Track(
        measure.id, measure.label, measure.unit, days, np.round(values, 12), published,
        tuple(p for side in sides for p in side.parents),
        tuple(of[where] for side, where in zip(sides, at, strict=True) for of in side.positions),
        (), _formula(weights),
    )  # fmt: skip


def _formula(weights: dict[str, float]) -> str:
    if len(weights) == 1:
        return _SMALLER
    return f"{_SMALLER}; summed as {' + '.join(f'{w:g} {c}' for c, w in weights.items())}"
