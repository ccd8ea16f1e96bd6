"""Thresholds of the gauge and the findings: quoted numbers with a date, an owner and a source."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

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
        decimals = 0 if found.value == int(found.value) else 1
        text = format_value(found.value, found.unit, decimals)
        since = f"in force from {format_date(found.valid_from)}"
        source = f"{found.source} (threshold {found.id}, {since}, {found.owner})"
        return Ref(threshold_id, text, found.value, found.unit, source)


def load_thresholds(path: Path = PACKAGED) -> Thresholds:
    """Read a thresholds file.

    Raises: ConfigError that names the file and every faulty entry.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        entries = _File.model_validate(document).threshold
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path.name}: not readable as TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(_faults(path, document, error)) from error
    seen = Counter((entry.id, entry.valid_from) for entry in entries)
    twice = [f"{path.name}: {i} of {day} stands twice" for (i, day), count in seen.items() if count > 1]
    if twice:
        raise ConfigError("\n".join(twice))
    return Thresholds(entries)


def _faults(path: Path, document: dict[str, object], error: ValidationError) -> str:
    entries = document.get("threshold")
    lines = []
    for fault in error.errors():
        where = fault["loc"]
        name = "file"
        if isinstance(entries, list) and len(where) > 1 and isinstance(where[1], int):
            entry = entries[where[1]]
            name = f"entry {where[1] + 1}"
            name = entry.get("id", name) if isinstance(entry, dict) else name
        key = ".".join(str(w) for w in where[2:]) or str(where[0])
        lines.append(f"{path.name}: {name}: {key}: {fault['msg']}, found {fault.get('input')!r}")
    return "\n".join(lines)
