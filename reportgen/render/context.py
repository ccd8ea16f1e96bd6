"""What a note is made of, frozen, before any page is set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reportgen.config import Desk
from reportgen.model import Fact, Finding, Missing, Ref, Series
from reportgen.render.commentary import Comment

Freshness = Literal["fresh", "late", "stale", "missing"]
Reading = Literal["calm", "watch", "stress", "missing"]
Cell = float | str | dt.date | None


@dataclass(frozen=True, slots=True)
class DataTable:
    """The numbers behind a figure, for a reader who wants them."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A drawn figure; title and alt are templates. It gets its number where the note first shows it."""

    id: str
    size: Literal["half", "column", "full"]
    svg: str
    title: str
    subtitle: str
    alt: str
    source_line: str
    table: DataTable | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A publication to come."""

    at: dt.datetime
    what: str


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One input series and how fresh it is."""

    series: Series
    newest: dt.date | None
    published: dt.datetime | None
    state: Freshness
    first: dt.date | None = None  # day with which what is held begins
    why: str = ""
    due: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One component of the liquidity gauge: its reading against its thresholds."""

    id: str
    label: str
    reading: Fact | None
    watch: Ref
    stress: Ref
    state: Reading


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A disclosure that a rule asks for, in the words that were in force at the as-of."""

    id: str
    version: int
    jurisdiction: str
    place: Literal["certification", "disclosures"]
    paragraphs: tuple[str, ...]
    source: str
    approved: str = ""  # by whom and when; an example until then


@dataclass(frozen=True, slots=True)
class NoteContext:
    """Everything that the templates of one note may print."""

    note: str
    lang: str
    note_id: str
    as_of: dt.datetime
    market_date: dt.date
    week_start: dt.date
    facts: Mapping[str, Fact]
    missing: Mapping[str, Missing]
    findings: Mapping[str, Finding]
    thresholds: Mapping[str, Ref]
    exhibits: tuple[Exhibit, ...]
    releases: tuple[ReleaseRow, ...]
    series: tuple[SeriesRow, ...]
    gauge: tuple[ComponentRow, ...]
    desk: Desk
    extra: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    commentary: tuple[Comment, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
