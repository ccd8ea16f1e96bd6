"""The finished figure, and what a kind of chart hands over to make it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure as Picture
from numpy.typing import NDArray

from reportgen.figures.samples import Samples
from reportgen.figures.specification import DIVISIBLE, Charts, Specification
from reportgen.indicators.measures import Measures
from reportgen.model import Days, Fact, Ref, Series, to_date
from reportgen.text import format_date, format_day, format_number

_DAILY_ROWS = 370  # days of a table that shows every day; a longer one shows the last of each week
_DECIMALS = {"percent": 2, "bp": 0, "usd_bn": 1, "index": 1, "contracts": 0, "quote": 2, "usd": 0}
_UNIT_NAMES = {"percent": "%", "usd_bn": "$ bn", "usd": "$"}


class Table(NamedTuple):
    """The data behind a figure, as printed."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One finished chart; without svg if it could not be drawn, and then why says so."""

    id: str
    svg: str
    width_mm: float
    height_mm: float
    sources: tuple[Series, ...]
    source_line: str
    last_day: dt.date | None
    table: Table | None
    omitted: tuple[str, ...] = ()
    why: str = ""
    png: bytes = b""  # at print resolution, where it was asked for

    @property
    def empty(self) -> bool:
        """Say whether there was nothing to draw."""
        return not self.svg

    @property
    def restricted(self) -> bool:
        """Say whether any series may be drawn but not handed on."""
        return any(s.restricted for s in self.sources)


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a chart may draw from."""

    spec: Specification
    measures: Measures
    facts: Mapping[str, Fact]
    charts: Charts
    references: Mapping[str, Ref]

    @property
    def end(self) -> dt.date:
        """Return the last day on the time axis."""
        return self.measures.snapshot.market_date


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a kind of chart hands over; without a picture if there are no data."""

    picture: Picture | None
    series: tuple[Series, ...] = ()
    last_day: dt.date | None = None
    table: Table | None = None
    omitted: tuple[str, ...] = ()
    why: str = ""


def nothing(omitted: Sequence[str]) -> Drawing:
    """Return the drawing of a chart that has no data."""
    return Drawing(None, omitted=tuple(omitted), why=f"no data for {', '.join(omitted)}")


def parents(samples: Sequence[Samples]) -> tuple[Series, ...]:
    """Return the series behind lines, each once, in order."""
    return tuple({s.id: s for line in samples for s in line.track.series}.values())


def source_line(series: Sequence[Series], charts: Charts, as_of: dt.date, last_day: dt.date | None) -> str:
    """Return who published the data and how far they go: "Source: CFTC. As of 10 April 2025."."""
    names: dict[str, None] = {}
    for one in series:
        publisher = max((p for p in charts.publishers if one.citation.startswith(p)), key=len, default=None)
        names[one.citation.split(",")[0] if publisher is None else charts.publishers[publisher]] = None
    if any(s.source.startswith("FRED:") for s in series):
        names["FRED"] = None
    upto = "As of"
    if last_day is not None and last_day < as_of:
        upto = f"Data to {format_day(last_day, as_of)}, as of"
    return f"Source: {', '.join(names)}. {upto} {format_date(as_of)}."


def table(samples: Sequence[Samples], units: Sequence[str]) -> Table:
    """Return lines over time as a table: every day of up to a year, else the last value of each week."""
    days = np.unique(np.concatenate([s.days for s in samples]))
    weekly = bool((days[-1] - days[0]).astype(int) > _DAILY_ROWS)
    periods = _weeks(days) if weekly else days.astype(np.int64)
    shown = days[np.append(periods[1:] != periods[:-1], True)]
    columns = []
    for one, unit in zip(samples, units, strict=True):
        own = _weeks(one.days) if weekly else one.days.astype(np.int64)
        cells = dict(zip(own.tolist(), (cell(v, unit) for v in one.values.tolist()), strict=True))
        columns.append([cells.get(p, "") for p in np.unique(periods).tolist()])
    monthly = all(series.frequency == "monthly" for one in samples for series in one.track.series)
    header = (
        "Month to" if monthly else "Week to" if weekly else "Date",
        *(heading(s.line.label, u) for s, u in zip(samples, units, strict=True)),
    )
    rows = zip((to_date(d).isoformat() for d in shown), *columns, strict=True)
    return Table(header, tuple(tuple(row) for row in rows))


def _weeks(days: Days) -> NDArray[np.int64]:
    """Return the number of each day's week, counted from Mondays."""
    return (days.astype("datetime64[D]").astype(np.int64) + 3) // 7


def shown_unit(unit: str, divide_by: int) -> str:
    """Return the name of a unit whose values are divided for display."""
    return DIVISIBLE[unit, divide_by] if divide_by > 1 else unit


def heading(label: str, unit: str) -> str:
    """Return a column's heading with its unit."""
    return f"{label} ({_UNIT_NAMES.get(unit, unit)})"


def cell(value: float, unit: str) -> str:
    """Return a value as a table prints it."""
    return format_number(value, _DECIMALS.get(unit, 3))
