"""The desk's event file: dated news that supports or contradicts an explanation."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reportgen.errors import ConfigError
from reportgen.model import NEW_YORK

PACKAGED = Path(__file__).with_name("events.toml")
COUNTS_FOR = dt.timedelta(days=28)
NewsDriver = Annotated[
    str, Field(pattern=r"^driver\.(liquidity_selling|policy_threat|foreign_official_selling|basis_trade)$")
]


class Event(BaseModel):
    """One entry of an event file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9_]+$")
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
        if not self.supports and not self.contradicts:
            raise ValueError("names no driver that it supports or contradicts")
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


def load_events(path: Path = PACKAGED) -> tuple[Event, ...]:
    """Read an event file.

    Raises: ConfigError that names the file and every faulty entry.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        events = _File.model_validate(document).event
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path.name}: not readable as TOML: {error}") from error
    except ValidationError as error:
        lines = (
            f"{path.name}: {'.'.join(str(w) for w in f['loc'])}: {f['msg']}, found {f.get('input')!r}"
            for f in error.errors()
        )
        raise ConfigError("\n".join(lines)) from error
    ids = [e.id for e in events]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise ConfigError(f"{path.name}: event {', '.join(twice)} stands twice")
    return tuple(sorted(events, key=lambda e: (e.date, e.id)))


def active(events: tuple[Event, ...], as_of: dt.datetime) -> tuple[Event, ...]:
    """Return the events that are public at a moment and still count."""
    today = as_of.astimezone(NEW_YORK).date()
    return tuple(e for e in events if e.public_at <= as_of and e.date <= today <= e.last_day)
