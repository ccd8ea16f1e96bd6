"""Small measures, specifications and drawings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reportgen.config import load_desk
from reportgen.figures.draw import KINDS
from reportgen.figures.figure import Drawing, Inputs
from reportgen.figures.house import house_style, look_of
from reportgen.figures.specification import Charts, Specification
from reportgen.indicators.measures import Track
from reportgen.model import NEW_YORK, Fact, History, Ref, Series

LOOK = look_of(load_desk().brand)


def series(
    name: str, frequency: str = "daily", *, restricted: bool = False, citation: str = "A Publisher, Table"
) -> Series:
    """Make a series."""
    return Series(
        id=name,
        title=name,
        unit="percent",
        frequency=frequency,
        source=f"TEST:{name}",
        publication="treasury_close",
        max_age=2,
        expires=9,
        licence="none",
        citation=citation,
        url="",
        restricted=restricted,
    )


def track(
    measure: str,
    days: Iterable[str | dt.date],
    values: Iterable[float],
    unit: str = "percent",
    **options: Any,
) -> Track:
    """Make a track of one parent."""
    found = np.array([np.datetime64(d, "D") for d in days], "datetime64[D]")
    numbers = np.array(list(values), np.float64)
    published = found.astype("datetime64[us]")
    parent = History(series(measure.replace(".", "_"), **options), found, numbers, published)
    return Track(
        measure, measure, unit, found, numbers, published, (parent,), (np.arange(len(found)),), (1.0,)
    )


def weekdays(end: dt.date, count: int) -> list[dt.date]:
    """Return the last weekdays up to a day."""
    found: list[dt.date] = []
    day = end
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day -= dt.timedelta(days=1)
    return found[::-1]


@dataclass
class FakeMeasures:
    """Measures made by hand, as of the evening of Thursday 10 April 2025."""

    tracks: Mapping[str, Track]
    market_date: dt.date = dt.date(2025, 4, 10)
    week_start: dt.date = dt.date(2025, 4, 4)
    snapshot: Any = field(init=False)

    def __post_init__(self) -> None:
        as_of = dt.datetime.combine(self.market_date, dt.time(23, 59), NEW_YORK)
        self.snapshot = SimpleNamespace(as_of=as_of, market_date=self.market_date, week_start=self.week_start)

    def history(self, measure: str) -> Track:
        """Return a track, empty if it is not held."""
        return self.tracks.get(measure) or track(measure, [], [])


@pytest.fixture
def measures() -> Callable[..., FakeMeasures]:
    """Return a factory of measures from tracks."""
    return lambda *tracks, **options: FakeMeasures({t.id: t for t in tracks}, **options)


@pytest.fixture
def charts(root: Path) -> Charts:
    """Return the house look without specifications."""
    return Charts({}, {}, {"A Publisher": "Publisher"}, root / "charts" / "house.mplstyle")


def specification(kind: str, **keys: Any) -> Specification:
    """Make a specification."""
    plain = {"id": "test", "kind": kind, "title": "t", "subtitle": "s", "alt": "a", "unit": "percent"}
    return Specification.model_validate(plain | keys)


@pytest.fixture
def drawing(charts: Charts) -> Callable[..., Drawing]:
    """Return a function that draws a specification and keeps the artists."""

    def draw(
        spec: Specification,
        held: FakeMeasures,
        facts: Mapping[str, Fact] | None = None,
        references: Mapping[str, Ref] | None = None,
        using: Charts = charts,
    ) -> Drawing:
        with house_style(using.style, LOOK):
            made = KINDS[spec.kind](Inputs(spec, held, facts or {}, using, references or {}))  # type: ignore[arg-type]
            if made.picture is not None:
                made.picture.canvas.draw()
            return made

    return draw
