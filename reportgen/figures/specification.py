"""What a chart shows: the specifications in charts/*.toml, read and checked."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reportgen.errors import ChartError
from reportgen.units import FACT_UNITS

STYLE = "house.mplstyle"
EPISODES = "episodes.toml"
PUBLISHERS = "publishers.toml"

Kind = Literal["curve", "bars", "contribution", "line", "panels", "stacked", "episodes", "heat"]
Stroke = Literal["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "muted"]
# How a level becomes what is drawn, and the unit that it then has.
Transform = Literal["level", "index", "change_bp", "percent_move"]
_TRANSFORMED = {"index": "index", "change_bp": "bp", "percent_move": "percent"}
_NEEDED_UNIT = {"change_bp": "percent"}
_WINDOW = re.compile(r"(?P<count>[1-9]\d*)(?P<unit>[wmy])|all")
# Units that may be shown in a larger one, and its name.
DIVISIBLE = {
    ("usd_bn", 1000): "$ trn",
    ("contracts", 1000): "thousand contracts",
    ("contracts", 1000000): "million contracts",
}
_T = TypeVar("_T", bound=BaseModel)
_SIZES_MM = {"half": (84.0, 56.0), "full": (174.0, 62.0)}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(_Entry):
    """One measure in a chart."""

    measure: str
    label: Annotated[str, Field(min_length=1)]
    style: Stroke = "first"
    shape: Literal["line", "step", "spikes"] = "line"
    at: float | None = None  # tenor in years, of a point on a curve
    group: str = ""  # heading of a row of a heat map


class Reference(_Entry):
    """A horizontal line at a threshold."""

    threshold: str
    label: str = ""


class Panel(_Entry):
    """One pair of axes."""

    lines: Annotated[tuple[Line, ...], Field(min_length=1)]
    title: str = ""
    unit: str | None = None  # the chart's unless it says otherwise
    divide_by: Literal[1, 1000, 1000000] = 1
    zero: bool = False  # the axis starts at or includes zero
    references: tuple[Reference, ...] = ()


class Start(_Entry):
    """Day 0 of an episode, in a chart that lays episodes over each other."""

    day: dt.date
    label: str
    style: Stroke


class Specification(_Entry):
    """One chart; title and alt are template texts that the page renders."""

    id: str
    kind: Kind
    title: Annotated[str, Field(min_length=1)]
    subtitle: Annotated[str, Field(min_length=1)]
    alt: Annotated[str, Field(min_length=1)]
    unit: str
    size: Literal["half", "full"] = "half"
    height: Annotated[float, Field(ge=30, le=200)] | None = None  # mm
    window: str = "all"
    transform: Transform = "level"
    source: str | None = None  # replaces the source line made from the catalogue
    divide_by: Literal[1, 1000, 1000000] = 1
    zero: bool = False
    total: str = ""  # name of the sum of contributions
    lines: tuple[Line, ...] = ()
    panels: tuple[Panel, ...] = ()
    episodes: tuple[Start, ...] = ()
    shading: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        faults = list(_shape_faults(self))
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def width_mm(self) -> float:
        """Return the width on the page."""
        return _SIZES_MM[self.size][0]

    @property
    def height_mm(self) -> float:
        """Return the height on the page."""
        return self.height if self.height is not None else _SIZES_MM[self.size][1]

    @property
    def axes(self) -> tuple[Panel, ...]:
        """Return the panels, the chart's own lines first."""
        if not self.lines:
            return self.panels
        shared = {key: getattr(self, key) for key in ("lines", "unit", "divide_by", "zero", "references")}
        return (Panel.model_validate(shared), *self.panels)

    def start(self, end: dt.date) -> dt.date:
        """Return the first day of the window that ends on a day."""
        found = _WINDOW.fullmatch(self.window)
        if found is None or found["count"] is None:
            return dt.date.min
        count = int(found["count"])
        if found["unit"] == "w":
            return end - dt.timedelta(weeks=count)
        months = end.year * 12 + end.month - 1 - count * (12 if found["unit"] == "y" else 1)
        first = dt.date(months // 12, months % 12 + 1, 1)
        return min(first + dt.timedelta(end.day - 1), _month_end(first))


class Episode(_Entry):
    """A named span of days that a chart may shade, once it was public."""

    label: str
    start: dt.date
    end: dt.date
    known: dt.date  # the label and the span are public from this day on
    source: str


@dataclass(frozen=True, slots=True)
class Charts:
    """All specifications of a folder, and what they share."""

    specifications: Mapping[str, Specification]
    episodes: Mapping[str, Episode]
    publishers: Mapping[str, str]  # a citation's publisher -> its name in a source line
    style: Path


def load(folder: Path, units: Mapping[str, str]) -> Charts:
    """Read every specification of a folder; units maps each known measure to its unit.

    Raises: ChartError listing every fault with file, key, what was found and what was expected.
    """
    faults: list[str] = []
    episodes: dict[str, Episode] = {}
    for key, entry in _toml(folder / EPISODES, faults).items():
        if (episode := _validated(Episode, entry, f"{EPISODES}: {key}", faults)) is not None:
            episodes[key] = episode
    publishers = _toml(folder / PUBLISHERS, faults)
    specifications: dict[str, Specification] = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name in (EPISODES, PUBLISHERS):
            continue
        document = _toml(path, faults)
        if document and (spec := _validated(Specification, {"id": path.stem, **document}, path.name, faults)):
            specifications[spec.id] = spec
            faults += (f"{path.name}: {fault}" for fault in _reference_faults(spec, units, episodes))
    if not (folder / STYLE).is_file():
        faults.append(f"{STYLE}: not found in {folder}")
    if faults:
        raise ChartError(
            "\n".join(faults), hint="Mend the files named above; the specification is described in README."
        )
    return Charts(specifications, episodes, publishers, folder / STYLE)


def _toml(path: Path, faults: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError:
        faults.append(f"{path.name}: not found in {path.parent}")
    except ValueError as error:
        faults.append(f"{path.name}: not TOML: {error}")
    return {}


def _validated(model: type[_T], entry: Any, where: str, faults: list[str]) -> _T | None:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        for fault in error.errors():
            key = ".".join(str(part) for part in fault["loc"])
            place = f"{where}: {key}" if key else where
            if fault["type"] == "extra_forbidden":
                faults.append(
                    f"{place}: unknown key; known are {', '.join(sorted(_keys(model, fault['loc'])))}"
                )
            elif fault["type"] == "missing":
                faults.append(f"{place}: missing")
            elif fault["type"] == "value_error":
                faults.append(f"{place}: {fault['ctx']['error']}")
            else:
                faults.append(f"{place}: found {fault['input']!r}, expected: {fault['msg']}")
        return None


def _keys(model: type[BaseModel], where: tuple[int | str, ...]) -> set[str]:
    nested: dict[str, type[BaseModel]] = {"lines": Line, "panels": Panel, "episodes": Start}
    nested["references"] = Reference
    for part in where[:-1]:
        model = nested.get(str(part), model)
    return set(model.model_fields) - {"id"}


def _shape_faults(spec: Specification) -> Iterator[str]:
    """Name what a kind of chart lacks."""
    if spec.kind == "panels":
        if not spec.panels:
            yield "kind panels: found no panels, expected [[panels]] with lines"
    elif not spec.lines:
        yield f"kind {spec.kind}: found no lines, expected [[lines]]"
    if spec.kind not in ("panels", "stacked") and spec.panels:
        yield f"kind {spec.kind}: found panels, expected [[lines]] alone"
    if spec.kind == "curve" and any(p.at is None or p.at <= 0 for p in spec.lines):
        yield "kind curve: every line needs `at`, its tenor in years, above 0"
    if (spec.kind == "episodes") != bool(spec.episodes):
        yield "[[episodes]] and kind episodes come together"
    if (spec.kind == "contribution") != bool(spec.total):
        yield "total, the name of the sum, and kind contribution come together"
    if spec.kind == "contribution" and spec.window == "all":
        yield "kind contribution: expected a window such as '13w'"
    if not _WINDOW.fullmatch(spec.window):
        yield f"window: found {spec.window!r}, expected a count with w, m or y such as '2y', or 'all'"
    for divisor, unit in ((p.divide_by, p.unit or spec.unit) for p in spec.axes):
        if divisor > 1 and (unit, divisor) not in DIVISIBLE:
            yield f"divide_by: {unit} is not shown in {divisor}s"
    for unit in (spec.unit, *(p.unit for p in spec.panels if p.unit is not None)):
        if unit not in FACT_UNITS:
            yield f"unit: found {unit!r}, expected one of {', '.join(FACT_UNITS)}"


def _reference_faults(
    spec: Specification, units: Mapping[str, str], episodes: Mapping[str, Episode]
) -> Iterator[str]:
    """Name measures and episodes that do not exist, and units that disagree."""
    for panel in spec.axes:
        expected = _NEEDED_UNIT.get(spec.transform) if spec.transform != "level" else panel.unit or spec.unit
        for line in panel.lines:
            found = units.get(line.measure)
            if found is None:
                yield f"measure: found {line.measure!r}, expected one such as {_nearest(line.measure, units)}"
            elif spec.kind not in ("heat", "bars") and expected is not None and found != expected:
                yield f"unit: {line.measure} is in {found}, the chart says {expected}"
    if spec.transform != "level" and spec.unit != _TRANSFORMED[spec.transform]:
        expected = _TRANSFORMED[spec.transform]
        yield f"unit: found {spec.unit!r}, expected {expected!r} for transform {spec.transform}"
    for name in spec.shading:
        if name not in episodes:
            yield f"shading: found {name!r}, expected one of {', '.join(episodes)}"


def _nearest(found: str, known: Mapping[str, str]) -> str:
    return ", ".join(get_close_matches(found, known, n=3, cutoff=0.4) or sorted(known)[:3])


def _month_end(first: dt.date) -> dt.date:
    return (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
