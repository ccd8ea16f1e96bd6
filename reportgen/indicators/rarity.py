"""How rare the week's combination of moves is, against earlier spans of as many sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reportgen.indicators.facets import missing
from reportgen.indicators.measures import Measures, Track, shared_days
from reportgen.model import Fact, Floats, Missing, to_date, to_utc
from reportgen.text import format_value

MINIMUM = 250  # spans, about a year of them


@dataclass(frozen=True, slots=True)
class Combination:
    """Moves that are looked at together, each with the sign that it must have."""

    id: str
    label: str
    moves: tuple[tuple[str, int], ...]
    otherwise: str


COMBINATIONS = (
    Combination(
        "rarity.yields_up_dollar_down",
        "Earlier spans in which yields rose and the dollar fell at least as much",
        (("ust.10y", 1), ("dollar.dxy", -1)),
        "yields did not rise while the dollar fell",
    ),
    Combination(
        "rarity.stocks_down.yields_up_dollar_down",
        "Earlier spans in which yields rose and the dollar and stocks fell at least as much",
        (("ust.10y", 1), ("dollar.dxy", -1), ("equity.spx", -1)),
        "yields did not rise while the dollar and stocks fell",
    ),
)


def rarity_facts(measures: Measures) -> Iterator[Fact | Missing]:
    """Rank the week among earlier spans, for each combination whose signs it shows.

    Units: percent of earlier spans of as many sessions, known at the as-of, in which every move was
    at least as large: differences of yields, ratios of prices.
    """
    for combination in COMBINATIONS:
        yield _rank(combination, measures)


def _rank(combination: Combination, measures: Measures) -> Fact | Missing:
    tracks = [measures.history(name) for name, _ in combination.moves]
    for track in tracks:
        if not len(track):
            lacks = measures.freshness(track.series[0].id)
            why = lacks.why or "no observation was public"
            return missing(combination.id, lacks.series, why, lacks.due)
    days = shared_days([track.days for track in tracks])
    snapshot, last = measures.snapshot, tracks[-1].series[0]
    start, end = (
        int(np.searchsorted(days, np.datetime64(day), side="right")) - 1
        for day in (snapshot.week_start, snapshot.market_date)
    )
    steps = end - start
    if steps < 1 or start - steps < MINIMUM:
        return missing(combination.id, last, "too little history to rank the week")
    rows = [np.searchsorted(track.days, days) for track in tracks]
    moves = [
        sign * _moves(track, at, steps)
        for track, at, (_, sign) in zip(tracks, rows, combination.moves, strict=True)
    ]
    now = end - steps
    if any(move[now] <= 0 for move in moves):
        return missing(combination.id, last, combination.otherwise)
    spans = start + 1 - steps
    value = float(np.logical_and.reduce([move[:spans] >= move[now] for move in moves]).mean() * 100)
    ends = [(track, int(at[end]), int(at[start])) for track, at in zip(tracks, rows, strict=True)]
    return Fact(
        id=combination.id,
        label=combination.label,
        value=value,
        unit="percent",
        text=format_value(value, "percent", 1),
        observed=to_date(days[end]),
        published=to_utc(max(track.published[new] for track, new, _ in ends)),
        inputs=tuple(o for track, *at in ends for where in at for o in track.observations(where)),
        method=f"share of {spans} earlier spans of {steps} sessions",
        start=to_date(days[start]),
        decimals=1,
    )


def _moves(track: Track, at: np.ndarray[tuple[int], np.dtype[np.intp]], steps: int) -> Floats:
    """Return the moves over a number of shared days: bp for yields, ratios for prices."""
    values = track.values[at]
    if track.unit == "percent":
        return np.round((values[steps:] - values[:-steps]) * 100, 6)
    return np.asarray(values[steps:] / values[:-steps] - 1)
