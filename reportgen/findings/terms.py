"""The terms on which the Federal Reserve lends and holds Treasuries: quoted, dated, each with its source."""

from __future__ import annotations

import datetime as dt
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from reportgen.model import Ref
from reportgen.text import NBSP, format_date

PACKAGED = Path(__file__).with_name("terms.toml")


def in_force(day: dt.date) -> dict[str, Ref]:
    """Return the terms in force on a day, by id; what did not exist yet is left out.

    What had been announced by the day before, but is not in force yet, stands under its id and ".next".
    Source: the announcements that terms.toml names for each entry.
    """
    found: dict[str, Ref] = {}
    for entry in _entries():
        if entry["valid_from"] <= day:
            source = f"{entry['source']} (in force from {format_date(entry['valid_from'])})"
            found[entry["id"]] = Ref(entry["id"], entry["text"], entry["text"], "text", source)
        elif "announced" in entry and entry["announced"] < day:
            ahead, shown = f"{entry['id']}.next", format_date(entry["valid_from"]).replace(NBSP, " ")
            text = f"from {shown} {entry.get('ahead') or 'it ' + entry['text']}"
            source = f"{entry['source']} (announced on {format_date(entry['announced'])})"
            found.setdefault(ahead, Ref(ahead, text, text, "text", source))
    return found


@lru_cache
def _entries() -> tuple[dict[str, Any], ...]:
    """Return every entry, oldest first."""
    entries = tomllib.loads(PACKAGED.read_text("utf-8"))["terms"]
    return tuple(sorted(entries, key=lambda e: e["valid_from"]))
