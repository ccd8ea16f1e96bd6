"""What a source is asked and what it answers: the contract between publishers and the engine that stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import FetchError
from reportgen.model import Days, Floats

if TYPE_CHECKING:
    from reportgen.sources.transport import Transport

EXCERPT = 200  # characters of a payload that a quarantine report may show


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Observations of one series as one reply gave them, ascending by day.

    Shape: days, values and published have one length. A day occurs more than once only with vintages.
    Missing: NaN is a value published as missing (or withdrawn); NaT a moment that the publisher does not
    give and the publication rule fills in.
    """

    series: str
    days: Days
    values: Floats
    published: NDArray[np.datetime64]  # naive UTC, microseconds
    retrieved: datetime
    url: str  # without keys
    payload_sha256: str

    def __len__(self) -> int:
        return len(self.days)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A part of a reply that was not believed: never stored, never dropped in silence."""

    source: str
    series: str | None
    url: str  # without keys; the file's name for a file
    where: str  # "row 12", "2026-09-15", "header"
    found: str
    expected: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """The last value that is held of a series."""

    day: date
    value: float


@dataclass(frozen=True, slots=True)
class Want:
    """What the engine asks for: series, and what it holds of them already.

    `newest` gives the newest day of the series of which only what has come since is wanted. `since` is the
    first day wanted of the others; None takes what the source has. `levels` gives the last value held,
    however much is asked for: a reply in another unit shows.
    """

    series: tuple[str, ...]
    newest: Mapping[str, date] = field(default_factory=dict)
    since: date | None = None
    levels: Mapping[str, Level] = field(default_factory=dict)

    @property
    def first(self) -> date:
        """Return the first day wanted of a series that is asked for in full."""
        return self.since or date.min


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request (or one group of requests that belong together) brought.

    `failed` holds the series that could not be had, each with the reason; the source goes on with the rest.
    `told` holds the series of which all that was asked for has now been said, by this answer and those before
    it, each with the first day asked for; one that has not changed is among them.
    `notes` are words for the desk: another way was taken, a label was new.
    `complete` is False where a part of what was asked for did not come or was quarantined.
    """

    rows: tuple[Rows, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    failed: Mapping[str, FetchError] = field(default_factory=dict)
    requests: int = 0
    bytes: int = 0
    not_modified: int = 0
    notes: tuple[str, ...] = ()
    told: Mapping[str, date] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Say whether everything asked for is here and believed."""
        return not self.failed and not self.quarantined


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a source can be reached, and what it would need."""

    source: str
    reachable: bool
    needs: tuple[str, ...]  # "FRED_API_KEY (free: …)"; what is optional says so
    detail: str


class Source(Protocol):
    """One publisher.

    `series` names the catalogue's series that it can fill. `fetch` yields an Answer a request, so that the
    engine stores as it goes; what the transport remembers of a reply is kept only once the next Answer is
    asked for. It raises FetchError where going on makes no sense: no key, no connection.
    """

    @property
    def id(self) -> str: ...

    @property
    def series(self) -> tuple[str, ...]: ...

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]: ...

    def probe(self, transport: Transport) -> Probe: ...
