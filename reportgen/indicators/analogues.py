"""Earlier episodes: how far stocks, the 10-year yield and credit went, and how long until they were back.

An episode disturbs stocks when they close below their start, and the 10-year yield and the high-yield
spread when they close above theirs, within DISTURBED_WITHIN trading days; otherwise it is "not
disturbed". The damage is the worst close until the start's level is reached again; for the yield, the
highest close within DISTURBED_WITHIN trading days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reportgen.indicators.facets import missing
from reportgen.indicators.measures import Measures, Track
from reportgen.model import Fact, Floats, Missing, to_date, to_utc
from reportgen.text import format_date, format_value

DISTURBED_WITHIN = 20


@dataclass(frozen=True, slots=True)
class Episode:
    """A past episode and the days from which its stocks (and credit) and its yields are counted."""

    id: str
    label: str
    stocks: dt.date
    yields: dt.date


@dataclass(frozen=True, slots=True)
class _Market:
    """One market that an episode may hurt.

    adverse: -1 where a fall is the damage, +1 where a rise is; ratio: the damage is in percent of the
    start; limit: trading days within which the worst close is sought, None until the start is back.
    """

    name: str
    measure: str
    adverse: int
    damage: str
    words: str
    unit: str
    ratio: bool = False
    factor: float = 1.0
    limit: int | None = None


EPISODES = (
    Episode("2019_09", "Repo spike of September 2019", dt.date(2019, 9, 13), dt.date(2019, 9, 13)),
    Episode("2020_03", "Dash for cash of March 2020", dt.date(2020, 2, 19), dt.date(2020, 3, 6)),
    Episode("2023_03", "Bank failures of March 2023", dt.date(2023, 3, 8), dt.date(2023, 3, 8)),
)
_MARKETS = (
    _Market("spx", "equity.spx", -1, "drawdown", "lowest close before it was back", "percent", ratio=True),
    _Market("ust10y", "ust.10y", 1, "rise", f"highest close within {DISTURBED_WITHIN} trading days", "bp",
            factor=100.0, limit=DISTURBED_WITHIN),
    _Market("hy_oas", "credit.hy_oas", 1, "widening", "widest close before it was back", "bp"),
)  # fmt: skip


def analogue_facts(measures: Measures) -> Iterator[Fact | Missing]:
    """Return the damage and the days to recover of every episode, as far as they are known."""
    for episode in EPISODES:
        for market in _MARKETS:
            ids = tuple(
                f"analogue.{episode.id}.{market.name}.{what}" for what in (market.damage, "days_to_recover")
            )
            track = measures.history(market.measure)
            if len(track):
                yield from _told(ids, episode, market, track)
                continue
            lacks = measures.freshness(track.series[0].id)
            for fact_id in ids:
                yield missing(fact_id, lacks.series, lacks.why or "no observation was public")


def _told(ids: tuple[str, ...], episode: Episode, market: _Market, track: Track) -> Iterator[Fact | Missing]:
    """Return the damage and the days to recover of one market in one episode."""
    start = episode.yields if market.name == "ust10y" else episode.stocks
    at = track.position(start)
    if at < 0 or to_date(track.days[at]) != start:
        for fact_id in ids:
            yield missing(fact_id, track.series[0], "not yet begun")
        return
    damage = market.adverse * (track.values[at + 1 :] - track.values[at])
    hurt = np.flatnonzero(damage[:DISTURBED_WITHIN] > 0)
    if not len(hurt):
        over = len(damage) >= DISTURBED_WITHIN
        why = "not disturbed" if over else f"not disturbed up to {format_date(to_date(track.days[-1]))}"
        for fact_id in ids:
            yield missing(fact_id, track.series[0], why)
        return
    back = np.flatnonzero(damage[hurt[0] :] <= 0)
    days = int(hurt[0] + back[0]) + 1 if len(back) else None
    yield _damage(ids[0], episode, market, track, at, damage[: market.limit or days])
    if days is None:
        yield missing(ids[1], track.series[0], "not yet back at its starting level")
        return
    yield Fact(
        id=ids[1], label=f"{episode.label}: trading days until {track.label} was back",
        value=float(days), unit="days", text=format_value(float(days), "days", 0),
        observed=to_date(track.days[at + days]), published=to_utc(track.published[at + days]),
        inputs=track.observations(at + days) + track.observations(at),
        method="trading days from the start to the first close back at its level after an adverse close",
        start=start,
    )  # fmt: skip


def _damage(fact_id: str, episode: Episode, market: _Market, track: Track, at: int, damage: Floats) -> Fact:
    """Measure the worst close of an episode against its start, in percent or basis points."""
    worst = at + 1 + int(np.argmax(damage))
    first, last = float(track.values[at]), float(track.values[worst])
    value = (last / first - 1) * 100 if market.ratio else round((last - first) * market.factor, 12)
    decimals = 1 if market.ratio else 0
    return Fact(
        id=fact_id, label=f"{episode.label}: {track.label}, {market.words}, against the start",
        value=value, unit=market.unit, text=format_value(value, market.unit, decimals, signed=True),
        observed=to_date(track.days[worst]), published=to_utc(track.published[worst]),
        inputs=track.observations(worst) + track.observations(at),
        method="worst close against the start, " + ("percent" if market.ratio else "bp"),
        start=to_date(track.days[at]), decimals=decimals, signed=True,
    )  # fmt: skip
