"""The desk's event file: dated news that supports or contradicts an explanation, or is its background."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reportgen.config import places
from reportgen.errors import ConfigError
from reportgen.model import NEW_YORK

PACKAGED = Path(__file__).with_name("events.toml")
DECISIONS = Path(__file__).with_name("decisions.toml")  # of the FOMC; facts, so no desk has others
COUNTS_FOR = dt.timedelta(days=28)
TOLD = 3  # events of a week
NewsDriver = Annotated[
    str, Field(pattern=r"^driver\.(liquidity_selling|policy_threat|foreign_official_selling|basis_trade)$")
]


class Event(BaseModel):
    """One entry of an event file.

    kind: news bears on a driver; background is told in its week and bears on none; decision is the FOMC's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    kind: Literal["news", "background", "decision"] = "news"
    date: dt.date
    public: dt.date | dt.datetime
    headline: str = Field(min_length=1)
    source: str = Field(min_length=1)
    supports: tuple[NewsDriver, ...] = ()
    contradicts: tuple[NewsDriver, ...] = ()
    weight: float = Field(gt=0, le=1)
    until: dt.date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Event:
        bears = bool(self.supports or self.contradicts)
        if self.kind == "news" and not bears:
            raise ValueError('names no driver that it supports or contradicts (or kind = "background")')
        if self.kind != "news" and bears:
            raise ValueError(f"is {self.kind} and names a driver, expected none")
        if self.last_day < self.date:
            raise ValueError(f"until {self.until} lies before its date {self.date}")
        return self

    @property
    def last_day(self) -> dt.date:
        """Return the last day on which the event counts."""
        return self.until or self.date + COUNTS_FOR

    @property
    def public_at(self) -> dt.datetime:
        """Return the moment from which a note may use the event."""
        if isinstance(self.public, dt.datetime):
            return self.public if self.public.tzinfo else self.public.replace(tzinfo=NEW_YORK)
        return dt.datetime.combine(self.public, dt.time(23, 59), NEW_YORK)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    event: list[Event] = []


def load_events(path: Path = PACKAGED, now: dt.datetime | None = None) -> tuple[Event, ...]:
    """Read an event file; given the present moment, refuse what is dated after it.

    Raises: ConfigError that names the file, and line, entry and key of every fault.
    """
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path.name}: not readable as TOML: {error}") from error
    try:
        events = _File.model_validate(document).event
    except ValidationError as error:
        given = document.get("event")
        raise ConfigError(
            "\n".join(places.faults(path.name, text, "event", given, error, dotted=True))
        ) from error
    count = Counter(e.id for e in events)
    faults = []
    for at, event in enumerate(events):
        if count[event.id] > 1:
            faults.append(
                f"{places.place(path.name, text, 'event', at, 'id')}: event {event.id} stands twice"
            )
        if now is not None:
            for key, when in _ahead(event, now):
                where = places.place(path.name, text, "event", at, key)
                faults.append(f"{where}: {event.id}: {key} {when} lies in the future")
    if faults:
        raise ConfigError("\n".join(faults))
    return tuple(sorted(events, key=lambda e: (e.date, e.id)))


@lru_cache
def load_decisions() -> tuple[Event, ...]:
    """Return the decisions of the FOMC."""
    return load_events(DECISIONS)


def _ahead(event: Event, now: dt.datetime) -> list[tuple[str, dt.date | dt.datetime]]:
    """Return the dates of an event that have not come: nobody can know of it."""
    today = now.astimezone(NEW_YORK).date()
    day = event.public if not isinstance(event.public, dt.datetime) else None
    late = day > today if day is not None else event.public_at > now
    found: list[tuple[str, dt.date | dt.datetime]] = [("date", event.date)] if event.date > today else []
    return [*found, ("public", event.public)] if late else found


def active(events: tuple[Event, ...], as_of: dt.datetime) -> tuple[Event, ...]:
    """Return the events that are public at a moment and still count."""
    today = as_of.astimezone(NEW_YORK).date()
    return tuple(e for e in events if e.public_at <= as_of and e.date <= today <= e.last_day)


def of_week(events: tuple[Event, ...], as_of: dt.datetime, week_start: dt.date) -> tuple[Event, ...]:
    """Return the heaviest events of the week up to a moment, in their order, and the FOMC's decision."""
    found = [e for e in active(events, as_of) if e.date > week_start]
    heaviest = sorted((e for e in found if e.kind != "decision"), key=lambda e: (-e.weight, e.date, e.id))
    told = (*heaviest[:TOLD], *(e for e in found if e.kind == "decision"))
    return tuple(sorted(told, key=lambda e: (e.public_at, e.id)))
