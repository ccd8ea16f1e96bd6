"""Strict reading of the CSV files that the embedded data are built from."""

from __future__ import annotations

import csv
import datetime as dt
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportgen.embedded.plan import InputFile, Part
from reportgen.errors import StoreError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")

Values = dict[dt.date, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: its line, its day and its cells."""

    line: int
    day: dt.date
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Content:
    """One file, its rows by key (None where a file has no key column)."""

    file: InputFile
    columns: dict[str, int]
    rows: dict[str | None, list[Row]]

    def values(self, part: Part) -> Values:
        """Return the values of a part by day; an empty cell is no value.

        Raises: StoreError for a column that is not there, or a cell that is not a finite number.
        """
        position = self.columns.get(part.column)
        if position is None:
            raise StoreError(
                f"{self.file.name}: row 1: no column {part.column!r}, found {', '.join(self.columns)}"
            )
        return {
            row.day: _number(self.file.name, row.line, part.column, row.cells[position])
            for row in self.rows.get(part.key, [])
            if part.since <= row.day <= part.until and row.cells[position] != ""
        }


def read(folder: Path, file: InputFile, gathered: dt.date) -> Content:
    """Return a file of a folder, each row with its day, ascending for each key.

    Raises: StoreError naming the file and the row, what was found and what was expected.
    """
    path = folder / file.name
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise StoreError(f"{file.name}: not in {folder}, expected a CSV file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{file.name}: not readable as UTF-8 text ({error})") from error
    lines = csv.reader(text.splitlines())
    columns = _header(file, next(lines, []))
    rows: dict[str | None, list[Row]] = {}
    for key, row in _rows(file, columns, lines):
        earlier = rows.setdefault(key, [])
        _check_order(file, key, earlier[-1].day if earlier else None, row)
        if row.day > gathered:
            raise StoreError(f"{file.name}: row {row.line}: {row.day} is after the gathering, {gathered}")
        earlier.append(row)
    if not rows:
        raise StoreError(f"{file.name}: row 2: nothing below the header, expected at least one row")
    return Content(file, columns, rows)


def _header(file: InputFile, names: list[str]) -> dict[str, int]:
    needed = [name for name in (file.date, file.key) if name is not None]
    if len(set(names)) != len(names) or len(names) <= len(needed) or not set(needed) <= set(names):
        raise StoreError(
            f"{file.name}: row 1: header is {','.join(names)!r}, "
            f"expected {', '.join(needed)} and values, each once"
        )
    return {name: position for position, name in enumerate(names)}


def _rows(
    file: InputFile, columns: dict[str, int], lines: Iterator[list[str]]
) -> Iterator[tuple[str | None, Row]]:
    for line, cells in enumerate(lines, start=2):
        if len(cells) != len(columns):
            raise StoreError(f"{file.name}: row {line}: {len(cells)} cells, expected {len(columns)}")
        key = None if file.key is None else cells[columns[file.key]]
        yield key, Row(line, _day(file, line, cells[columns[file.date]]), cells)


def _check_order(file: InputFile, key: str | None, before: dt.date | None, row: Row) -> None:
    if before is None or row.day > before:
        return
    which = "is there twice" if row.day == before else f"comes after {before}"
    of = "" if key is None else f" of {key!r}"
    raise StoreError(
        f"{file.name}: row {row.line}: {row.day}{of} {which}, expected ascending dates, each once"
    )


def _day(file: InputFile, line: int, text: str) -> dt.date:
    try:
        if _DAY.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise StoreError(f"{file.name}: row {line}: {file.date} is {text!r}, expected a date such as 2025-04-11")


def _number(name: str, line: int, column: str, text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise StoreError(
            f"{name}: row {line}: {column} is {text!r}, expected a finite number or an empty cell"
        )
    return value
