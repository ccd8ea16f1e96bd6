"""A publisher that answers from recordings, and a transport that reaches only it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reportgen.sources.transport import ClientSettings, Transport
from tests.sources.replay import Replay, replaying, usual

KEY = "0123456789abcdef0123456789abcdef"
NOW = dt.datetime(2026, 11, 20, 23, 0, tzinfo=dt.UTC)
EVERY = ("fred", "cftc", "nyfed", "treasury", "fiscaldata", "ofr", "chicagofed", "tic")

Memory = dict[str, dict[str, Any]]


class Quick(Transport):
    """A transport whose pauses are noted, and not slept."""

    def __init__(self, settings: ClientSettings, memory: Memory, now: dt.datetime) -> None:
        self.slept: list[float] = []
        super().__init__(
            settings,
            memory,
            clock=lambda: now,
            sleep=self.slept.append,
            ticks=lambda: time.monotonic() + sum(self.slept),
            trust=usual(),
        )


Making = Callable[..., Quick]


@pytest.fixture
def replay() -> Iterator[Replay]:
    with replaying() as found:
        yield found


@pytest.fixture
def making(replay) -> Iterator[Making]:
    """Make transports that reach the replay."""
    made: list[Quick] = []

    def make(memory=None, *, now=NOW, **changes) -> Quick:
        settings = ClientSettings(
            bases=changes.pop("bases", replay.bases(*EVERY)),
            keys=changes.pop("keys", {"fred": KEY}),
            per_minute=changes.pop("per_minute", dict.fromkeys(EVERY, 10_000)),
            **changes,
        )
        made.append(Quick(settings, {} if memory is None else memory, now))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def transport(making) -> Quick:
    found: Quick = making()
    return found
