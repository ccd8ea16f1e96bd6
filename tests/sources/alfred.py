"""ALFRED as recorded: every vintage of GDP, cut to what is asked for as FRED does it."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cache

from tests.sources.replay import RECORDED, Answered, Query, Replay

PAGE = 1500
_FOLDER = RECORDED / "fred_xml_derived"
_CAP = 2000


@dataclass(frozen=True)
class Life:
    """A value from one vintage to another."""

    start: str
    end: str
    day: str
    value: str


@cache
def lives() -> tuple[Life, ...]:
    """Return every recorded value of GDP with its life."""
    root = ET.fromstring((_FOLDER / "observations_GDP_all_vintages.xml").read_bytes().strip())
    names = ("realtime_start", "realtime_end", "date", "value")
    return tuple(Life(*(row.attrib[name] for name in names)) for row in root)


@cache
def days() -> tuple[str, ...]:
    """Return the recorded days of vintages."""
    root = ET.fromstring((_FOLDER / "vintagedates_GDP.xml").read_bytes().strip())
    return tuple(str(child.text) for child in root)


@dataclass
class Archive:
    """Answers for GDP; `until` hides the vintages after it."""

    until: dt.date = dt.date.max

    def serve(self, replay: Replay, code: str = "GDP") -> None:
        """Answer under a code."""
        info = (_FOLDER / "series_GDP.xml").read_bytes().replace(b'id="GDP"', f'id="{code}"'.encode())
        replay.route("/fred/series", info, series_id=code)
        replay.route("/fred/series/vintagedates", self.vintages, series_id=code)
        replay.route("/fred/series/observations", self.observations, series_id=code)

    def vintages(self, query: Query) -> bytes:
        """Return the days of vintages."""
        start, end = query.get("realtime_start", "1776-07-04"), self.until.isoformat()
        found = "".join(f"<vintage_date>{day}</vintage_date>" for day in days() if start <= day <= end)
        count = found.count("</")
        return f'<vintage_dates count="{count}" offset="0">{found}</vintage_dates>'.encode()

    def observations(self, query: Query) -> bytes | Answered:
        """Return the values of some vintages, each with what of its life is in them."""
        start, end = query["realtime_start"], min(query["realtime_end"], self.until.isoformat())
        if sum(start <= day <= end for day in days()) > _CAP:
            return Answered((RECORDED / "fred_errors_xml" / "error_400_vintage_cap.xml").read_bytes(), 400)
        first = query.get("observation_start", "")
        kept = [life for life in lives() if life.start <= end and life.end >= start and life.day >= first]
        offset = int(query.get("offset", 0))
        rows = "".join(
            f'<observation realtime_start="{max(life.start, start)}" realtime_end="{min(life.end, end)}" '
            f'date="{life.day}" value="{life.value}"/>'
            for life in kept[offset : offset + PAGE]
        )
        return f'<observations count="{len(kept)}" offset="{offset}">{rows}</observations>'.encode()
