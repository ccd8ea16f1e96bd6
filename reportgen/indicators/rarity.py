"""How rare the week's combination of moves is, against earlier spans of as many sessions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reportgen.indicators.facets import missing
from reportgen.indicators.measures import Measures
from reportgen.model import Fact, Missing, to_date, to_utc
from reportgen.text import format_value

MINIMUM = 250  # spans, about a year of them


def rarity_facts(measures: Measures) -> Iterator[Fact | Missing]:
    """Rank a rise of yields joined by a fall of the dollar.

    Units: percent of earlier spans of as many sessions, known at the as-of, in which the 10-year
    yield rose at least as much and the dollar index fell at least as much.
    """
    fact_id = "rarity.yields_up_dollar_down"
    yields, dollar = measures.history("ust.10y"), measures.history("dollar.dxy")
    snapshot = measures.snapshot
    for track in (yields, dollar):
        if not len(track):
            lacks = measures.freshness(track.series[0].id)
            yield missing(fact_id, lacks.series, lacks.why or "no observation was public", lacks.due)
            return
    days, at, of = np.intersect1d(yields.days, dollar.days, assume_unique=True, return_indices=True)
    start, end = (
        int(np.searchsorted(days, np.datetime64(day), side="right")) - 1
        for day in (snapshot.week_start, snapshot.market_date)
    )
    steps = end - start
    if steps < 1 or start - steps < MINIMUM:
        yield missing(fact_id, dollar.series[0], "too little history to rank the week")
        return
    rates, index = yields.values[at], dollar.values[of]
    up = np.round((rates[steps:] - rates[:-steps]) * 100, 6)
    fall = index[steps:] / index[:-steps] - 1
    now = end - steps
    if up[now] <= 0 or fall[now] >= 0:
        yield missing(fact_id, dollar.series[0], "yields did not rise while the dollar fell")
        return
    past = slice(0, start + 1 - steps)
    value = float(((up[past] >= up[now]) & (fall[past] <= fall[now])).mean() * 100)
    inputs = (*yields.observations(int(at[end])), *yields.observations(int(at[start])))
    inputs += (*dollar.observations(int(of[end])), *dollar.observations(int(of[start])))
    published = max(yields.published[int(at[end])], dollar.published[int(of[end])])
    yield Fact(
        id=fact_id,
        label="Earlier spans in which yields rose and the dollar fell at least as much",
        value=value,
        unit="percent",
        text=format_value(value, "percent", 1),
        observed=to_date(days[end]),
        published=to_utc(published),
        inputs=inputs,
        method=f"share of {start + 1 - steps} earlier spans of {steps} sessions",
        start=to_date(days[start]),
        decimals=1,
    )
