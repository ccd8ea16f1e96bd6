"""The data that ship with the product, in the form of the store, and a data sheet for each series.

``python -m reportgen.embedded FOLDER`` rebuilds them from a folder of CSV files.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reportgen.errors import StoreError

FOLDER = Path(__file__).parent
SHEETS = "sheets.json"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one embedded series is, where its numbers came from, and what to know about them."""

    id: str
    title: str
    unit: str
    frequency: str
    source: str
    licence: str
    restricted: bool
    file: str  # store file that holds it
    first: dt.date
    last: dt.date
    rows: int
    checksum: str  # sha256 of its lines "date,value"
    inputs: tuple[str, ...]  # the files it was read from
    origin: tuple[str, ...]  # what these were taken from: repository : path @ commit (days)
    checked: tuple[str, ...]  # comparisons with independent copies, file by file
    flags: tuple[str, ...]  # transcribed, splice, corrected
    corrections: tuple[str, ...]
    gaps: tuple[tuple[dt.date, dt.date], ...]  # last day before and first day after
    note: str


@cache
def sheets() -> Mapping[str, Sheet]:
    """Return the data sheets of the embedded series by id."""
    return read_sheets(FOLDER)


def retrieved() -> dt.datetime:
    """Return the moment at which the embedded data were gathered."""
    return dt.datetime.fromisoformat(_content(FOLDER)["retrieved"])


def read_sheets(folder: Path) -> Mapping[str, Sheet]:
    """Return the data sheets of a folder of embedded data.

    Raises: StoreError if they are missing or not readable.
    """
    content = _content(folder)
    try:
        return MappingProxyType(
            {key: _sheet(key, value, content["files"]) for key, value in content["series"].items()}
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{folder / SHEETS}: not a file of data sheets ({error!r})") from error


def _content(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / SHEETS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{folder / SHEETS}: not readable ({error})") from error
    return content


def _sheet(series_id: str, value: dict[str, Any], files: dict[str, Any]) -> Sheet:
    day = dt.date.fromisoformat
    return Sheet(
        **{
            **value,
            "id": series_id,
            "first": day(value["first"]),
            "last": day(value["last"]),
            "inputs": tuple(value["inputs"]),
            "origin": tuple(origin for name in value["inputs"] for origin in files[name]["origin"]),
            "checked": tuple(files[name]["checked"] for name in value["inputs"]),
            "flags": tuple(value["flags"]),
            "corrections": tuple(value["corrections"]),
            "gaps": tuple((day(before), day(after)) for before, after in value["gaps"]),
        }
    )
