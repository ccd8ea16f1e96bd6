"""Where in a TOML file an entry stands: its reader keeps no line numbers, so they are looked up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import ValidationError

from reportgen.config.tables import shown


def line_of(text: str, table: str, at: int, key: str = "") -> int | None:
    """Return the line of an entry of an array of tables, or of one of its keys where the entry has it.

    Missing: None where the file writes the array in another form than [[table]].
    """
    lines = text.splitlines()
    header = re.compile(rf"\s*\[\[\s*{re.escape(table)}\s*\]\]")
    starts = [n for n, line in enumerate(lines) if header.match(line)]
    if at >= len(starts):
        return None
    start = starts[at]
    wanted = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
    for n in range(start + 1, len(lines)):
        if lines[n].lstrip().startswith("["):
            break
        if key and wanted.match(lines[n]):
            return n + 1
    return start + 1


def place(name: str, text: str, table: str, at: int, key: str = "") -> str:
    """Name the file, and the line where it can be found: "events.toml: line 12"."""
    line = line_of(text, table, at, key)
    return name if line is None else f"{name}: line {line}"


def faults(
    name: str, text: str, table: str, entries: object, error: ValidationError, *, dotted: bool
) -> list[str]:
    """Say every fault of an array of tables by file, line, entry and key; dotted adds the position."""
    said = []
    for fault in error.errors(include_url=False):
        where = fault["loc"]
        at = where[1] if len(where) > 1 and where[0] == table and isinstance(where[1], int) else None
        words = fault["msg"].removeprefix("Value error, ")
        held = "" if fault["type"] == "missing" else shown(fault["input"])
        found = f", found {held}" if held else ""
        if at is None:
            said.append(f"{name}: {'.'.join(str(w) for w in where)}: {words}{found}")
            continue
        key = str(where[2]) if len(where) > 2 else ""
        full = ".".join(str(w) for w in where) if dotted else ".".join(str(w) for w in where[2:])
        owner = _owner(entries, at)
        said.append(
            ": ".join(w for w in (place(name, text, table, at, key), owner, full, words) if w) + found
        )
    return said


def _owner(entries: object, at: int) -> str:
    """Return an entry's id, or its position where it has none."""
    if isinstance(entries, Sequence) and at < len(entries):
        entry = entries[at]
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            return str(entry["id"])
    return f"entry {at + 1}"
