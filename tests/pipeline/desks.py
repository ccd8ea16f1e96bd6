"""What tests of live data share: few series, asked by a clock that is set, of publishers on this machine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from reportgen.pipeline.fetching import Report, fetch
from reportgen.sources import Answer, Probe, Source, Want, sources
from reportgen.sources.transport import ClientSettings, Transport
from tests.pipeline.publishers import ENDED, Publishers
from tests.sources.replay import Replay, usual

KEY = "0123456789abcdef0123456789abcdef"
SERIES = {
    "fred": ("sofr", "ust_2y", "ust_10y", "vix", "h41_reserves"),
    "cftc": ("cot_10y_lev_short", "cot_2y_oi"),
    "nyfed": ("tgcr", "bgcr", "sofr"),
    "treasury": ("ust_2y", "ust_10y"),
}
FIRST = dt.date(2026, 1, 2)


@dataclass(frozen=True)
class Few:
    """A publisher of whom only some series are wanted."""

    whole: Source
    series: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.whole.id

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        return self.whole.fetch(replace(want, series=self.series), transport)

    def probe(self, transport: Transport) -> Probe:
        return self.whole.probe(transport)


@dataclass
class Desk:
    """A store, its publishers, and the hour."""

    folder: Path
    replay: Replay
    publishers: Publishers
    now: dt.datetime = ENDED
    attempts: int = 2
    slept: list[float] = field(default_factory=list)

    @property
    def chosen(self) -> list[Source]:
        """Return a few series of four publishers."""
        return [Few(sources()[name], series) for name, series in SERIES.items()]

    def connect(self, memory) -> Transport:
        """Open a way to the publishers that pauses without sleeping."""
        settings = ClientSettings(
            bases=self.replay.bases(*sources()),
            keys={"fred": KEY},
            attempts=self.attempts,
            read_seconds=5,
            per_minute=dict.fromkeys(sources(), 100_000),
        )
        return Transport(settings, memory, clock=lambda: self.now, sleep=self.slept.append, trust=usual())

    def fetch(self, *chosen: Source, **more) -> Report:
        """Fetch from the publishers named, from all if none is."""
        return fetch(
            self.folder, chosen or self.chosen, self.connect, lambda: self.now, **({"first": FIRST} | more)
        )

    def later(self, **step: float) -> None:
        """Let time pass, for the desk and for what is public."""
        self.now += dt.timedelta(**step)
        self.publishers.until = self.now
