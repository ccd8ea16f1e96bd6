"""The catalogue: what each series is, where it comes from and when it becomes public.

Entries stand in the TOML files of this folder: ``[defaults]`` of a file, ``[series.<id>]``, and
``[[family]]`` for many alike (see ``families``). ``{code}`` in a text is the publisher's code, the part of
``source`` after the colon. Adding a series is adding an entry.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reportgen import units
from reportgen.calendars import CALENDARS
from reportgen.calendars.rules import rule
from reportgen.catalog.families import Entry, expand, fill
from reportgen.errors import CalendarError, CatalogueError
from reportgen.model import Series

FOLDER = Path(__file__).parent
FREQUENCIES = ("daily", "weekly", "monthly", "quarterly")

_REQUIRED = tuple(f.name for f in dataclasses.fields(Series) if f.default is dataclasses.MISSING)
_TYPES: dict[str, type] = {f.name: str for f in dataclasses.fields(Series)} | {
    "max_age": int,
    "expires": int,
    "restricted": bool,
    "revised": bool,
    "vintages": bool,
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "unit": units.SERIES_UNITS,
    "frequency": FREQUENCIES,
    "open_days": CALENDARS,
}
_WORDS = {str: "text", int: "a whole number", bool: "true or false"}


def series(series_id: str) -> Series:
    """Return a series by id.

    Raises: CatalogueError for an unknown id, with the nearest known ones.
    """
    known = all_series()
    found = known.get(series_id)
    if found is None:
        near = difflib.get_close_matches(series_id, known, n=3, cutoff=0.5)
        hint = f"Nearest known: {', '.join(near)}." if near else "`reportgen series` lists the known ones."
        raise CatalogueError(f"{series_id}: no such series in the catalogue", hint=hint)
    return found


@cache
def all_series() -> Mapping[str, Series]:
    """Return every series of the catalogue by id."""
    return load(FOLDER)


def load(folder: Path) -> Mapping[str, Series]:
    """Return the series defined by the TOML files of a folder.

    Raises: CatalogueError naming every fault with its file and key.
    """
    found: dict[str, Series] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            faults.append(f"{path.name}: not valid TOML ({error})")
            continue
        faults += [
            f"{path.name}: unknown table {key!r}" for key in content.keys() - {"defaults", "series", "family"}
        ]
        for entry in _entries(content):
            wrong = _faults(entry)
            if entry.get("id") in found:
                wrong.append("id is used twice")
            faults += [f"{path.name}: {entry.get('id')}: {fault}" for fault in wrong]
            if not wrong:
                found[entry["id"]] = Series(**entry)
    if faults:
        raise CatalogueError("the series catalogue is inconsistent:\n  " + "\n  ".join(faults))
    return MappingProxyType(found)


def _entries(content: Mapping[str, Any]) -> Iterator[Entry]:
    defaults = content.get("defaults", {})
    for series_id, entry in content.get("series", {}).items():
        yield _with_code({"id": series_id, **defaults, **entry})
    for family in content.get("family", []):
        for entry in expand({**defaults, **family}):
            yield _with_code(entry)


def _with_code(entry: Entry) -> Entry:
    words = {"{code}": str(entry.get("source", "")).partition(":")[2]}
    return {key: fill(value, words) for key, value in entry.items()}


def _faults(entry: Entry) -> list[str]:
    faults = [f"{key} is missing" for key in _REQUIRED if key not in entry]
    for key, value in entry.items():
        expected = _TYPES.get(key)
        if expected is None:
            faults.append(f"unknown key {key!r}")
        elif type(value) is not expected:
            faults.append(f"{key} is {value!r}, expected {_WORDS[expected]}")
        elif isinstance(value, str) and "{" in value:
            faults.append(f"{key} has a placeholder that nothing fills: {value!r}")
    return faults or _odd_values(entry)


def _odd_values(entry: Entry) -> list[str]:
    faults = [
        f"unknown {key} {entry[key]!r}, expected one of {', '.join(known)}"
        for key, known in _CHOICES.items()
        if key in entry and entry[key] not in known
    ]
    if ":" not in entry["source"]:
        faults.append(f"source is {entry['source']!r}, expected PUBLISHER:CODE")
    if not 0 <= entry["max_age"] <= entry["expires"]:
        faults.append(f"max_age {entry['max_age']} and expires {entry['expires']} are not in order")
    try:
        rule(entry["publication"])
    except CalendarError as error:
        faults.append(f"publication: {error.message}")
    return faults
