"""Earlier episodes: how many trading days stocks and the 10-year yield took to be back where they started.

An episode disturbs stocks when they close below their start, and the 10-year when its yield closes
above its start (a sell-off), within DISTURBED_WITHIN trading days; otherwise it is "not disturbed".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reportgen.indicators.facets import missing
from reportgen.indicators.measures import Measures, Track
from reportgen.model import Fact, Missing, to_date, to_utc
from reportgen.text import format_date, format_value

DISTURBED_WITHIN = 20


@dataclass(frozen=True, slots=True)
class Episode:
    """A past episode and the days from which its stocks and yields are counted."""

    id: str
    label: str
    stocks: dt.date
    yields: dt.date


EPISODES = (
    Episode("2019_09", "Repo spike of September 2019", dt.date(2019, 9, 13), dt.date(2019, 9, 13)),
    Episode("2020_03", "Dash for cash of March 2020", dt.date(2020, 2, 19), dt.date(2020, 3, 6)),
    Episode("2023_03", "Bank failures of March 2023", dt.date(2023, 3, 8), dt.date(2023, 3, 8)),
)


def analogue_facts(measures: Measures) -> Iterator[Fact | Missing]:
    """Return the days to recover of every episode, as far as they are known."""
    for episode in EPISODES:
        for name, measure, start, adverse in (
            ("spx", "equity.spx", episode.stocks, -1),
            ("ust10y", "ust.10y", episode.yields, 1),
        ):
            fact_id, track = f"analogue.{episode.id}.{name}.days_to_recover", measures.history(measure)
            if not len(track):
                lacks = measures.freshness(track.series[0].id)
                yield missing(fact_id, lacks.series, lacks.why or "no observation was public")
            else:
                yield _recovery(fact_id, episode, track, start, adverse)


def _recovery(fact_id: str, episode: Episode, track: Track, start: dt.date, adverse: int) -> Fact | Missing:
    """Count trading days from the start to the first close back at its level after an adverse close.

    adverse: -1 where a fall is the damage (stocks), +1 where a rise is (yields).
    """
    at = track.position(start)
    if at < 0 or to_date(track.days[at]) != start:
        return missing(fact_id, track.series[0], "not yet begun")
    damage = adverse * (track.values[at + 1 :] - track.values[at])
    hurt = np.flatnonzero(damage[:DISTURBED_WITHIN] > 0)
    if not len(hurt):
        over = len(damage) >= DISTURBED_WITHIN
        why = "not disturbed" if over else f"not disturbed up to {format_date(to_date(track.days[-1]))}"
        return missing(fact_id, track.series[0], why)
    back = np.flatnonzero(damage[hurt[0] :] <= 0)
    if not len(back):
        return missing(fact_id, track.series[0], "not yet back at its starting level")
    days = int(hurt[0] + back[0]) + 1
    inputs = track.observations(at + days) + track.observations(at)
    value = float(days)
    return Fact(
        id=fact_id, label=f"{episode.label}: trading days until {track.label} was back",
        value=value, unit="days", text=format_value(value, "days", 0),
        observed=to_date(track.days[at + days]), published=to_utc(track.published[at + days]), inputs=inputs,
        method="trading days from the start to the first close back at its level after an adverse close",
        start=start,
    )  # fmt: skip
