"""The days on which the Federal Open Market Committee decides, as far as they are known at a moment."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any


def decisions(start: date, end: date, as_of: datetime) -> list[date]:
    """List the decision days from start to end, both included, that were known at an as-of.

    An unscheduled decision counts from its announcement; a cancelled meeting until it was called off.
    Source: Federal Reserve Board, FOMC meeting calendars and statements (fomc.toml).
    """
    table = _table()
    known = set(table["scheduled"])
    known |= {row["day"] for row in table["unscheduled"] if row["announced"] <= as_of}
    known -= {row["day"] for row in table["cancelled"] if row["announced"] <= as_of}
    return sorted(day for day in known if start <= day <= end)


@lru_cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("fomc.toml").read_text(encoding="utf-8"))
