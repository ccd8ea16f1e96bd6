"""Thresholds of the gauge and the findings: quoted numbers with a date, an owner and a source."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reportgen.config import places
from reportgen.errors import ConfigError
from reportgen.model import Ref
from reportgen.text import format_date, format_value
from reportgen.units import FactUnit

PACKAGED = Path(__file__).with_name("thresholds.toml")


class Threshold(BaseModel):
    """One entry of a thresholds file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
    value: float = Field(allow_inf_nan=False)
    unit: FactUnit
    valid_from: dt.date
    owner: str = Field(min_length=1)
    source: str = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    threshold: list[Threshold]


class Thresholds:
    """The thresholds in force, by date."""

    def __init__(self, entries: list[Threshold]) -> None:
        self._entries: dict[str, list[Threshold]] = defaultdict(list)
        for entry in sorted(entries, key=lambda e: e.valid_from):
            self._entries[entry.id].append(entry)

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids, in order."""
        return tuple(sorted(self._entries))

    def dated(self, threshold_id: str) -> tuple[Threshold, ...]:
        """Return every version of a threshold, oldest first.

        Raises: ConfigError for an id that the file lacks.
        """
        if threshold_id not in self._entries:
            raise ConfigError(f"thresholds: no entry {threshold_id!r}", hint=f"Known: {', '.join(self.ids)}.")
        return tuple(self._entries[threshold_id])

    def get(self, threshold_id: str, day: dt.date) -> Threshold:
        """Return the version of a threshold in force on a day."""
        versions = self.dated(threshold_id)
        return next((v for v in reversed(versions) if v.valid_from <= day), versions[0])

    def value(self, threshold_id: str, day: dt.date) -> float:
        """Return the value in force on a day."""
        return self.get(threshold_id, day).value

    def ref(self, threshold_id: str, day: dt.date) -> Ref:
        """Return the threshold in force on a day as a printable reference."""
        found = self.get(threshold_id, day)
        text = format_value(found.value, found.unit, decimals_of(found.value))
        since = f"in force from {format_date(found.valid_from)}"
        source = f"{found.source} (threshold {found.id}, {since}, {found.owner})"
        return Ref(threshold_id, text, found.value, found.unit, source)


def decimals_of(value: float) -> int:
    """Return the decimals with which a value was typed, so that a rule is printed as it is applied."""
    return max(0, -int(Decimal(repr(value)).normalize().as_tuple().exponent))


def load_thresholds(path: Path = PACKAGED) -> Thresholds:
    """Read a thresholds file.

    Raises: ConfigError that names the file, and line, entry and key of every fault.
    """
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path.name}: not readable as TOML: {error}") from error
    try:
        entries = _File.model_validate(document).threshold
    except ValidationError as error:
        given = document.get("threshold")
        raise ConfigError(
            "\n".join(places.faults(path.name, text, "threshold", given, error, dotted=False))
        ) from error
    seen = Counter((entry.id, entry.valid_from) for entry in entries)
    twice = [
        f"{places.place(path.name, text, 'threshold', at)}: {e.id} of {e.valid_from} stands twice"
        for at, e in enumerate(entries)
        if seen[e.id, e.valid_from] > 1
    ]
    if twice:
        raise ConfigError("\n".join(twice))
    return Thresholds(entries)
