"""One pair of axes over time: lines with their names at the ends, gaps, thresholds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.errors import ChartError
from reportgen.figures import house, samples
from reportgen.figures.figure import Inputs
from reportgen.figures.frame import Frame
from reportgen.figures.labels import spread
from reportgen.figures.samples import Samples, positions, serial
from reportgen.figures.scales import Scale, number_scale
from reportgen.figures.shading import shade
from reportgen.figures.specification import Panel
from reportgen.model import Floats, to_date

_LABEL_HEIGHT = 9.2
_LABEL_GAP = 5.0  # from the end of the axes to a name
_MOVED = 1.5  # points by which a name may be off its line before a leader joins them
_LATE_DAYS = 45  # a line that ends earlier before the axis says so
_NEAR = 0.35  # a threshold is drawn if it lies within this share of the span of the data
_COLUMN = 0.8  # points: width of the columns to which lines are thinned


@dataclass(frozen=True, slots=True)
class Ending:
    """A name at the right of axes, where its line ends."""

    text: str
    color: str
    x: float  # end of the line, in points
    y: float
    joined: bool = False  # always by a leader


@dataclass(frozen=True, slots=True)
class TimePanel:
    """What one pair of axes will show, before there are axes."""

    panel: Panel
    unit: str
    lines: tuple[Samples, ...]
    y: Scale
    thresholds: tuple[tuple[str, float], ...] = ()

    @property
    def named(self) -> bool:
        """Say whether lines carry their names at their ends: not one alone, which the title names."""
        return len(self.panel.lines) > 1

    @property
    def right_margin(self) -> float:
        """Return the room in points that names at the ends need."""
        names = [s.line.label for s in self.lines] if self.named else []
        names += [text for text, _ in self.thresholds]
        return _LABEL_GAP + max(map(house.text_width, names)) + 1.0 if names else 6.0


def gather(inputs: Inputs, panel: Panel) -> tuple[tuple[Samples, ...], tuple[str, ...]]:
    """Return a panel's lines in the chart's window, and the names of those without data."""
    spec, start = inputs.spec, inputs.spec.start(inputs.end)
    found = [samples.within(inputs.measures, p, start, spec.transform, panel.divide_by) for p in panel.lines]
    return tuple(s for s in found if len(s)), tuple(s.line.label for s in found if not len(s))


def prepare(inputs: Inputs, panel: Panel, lines: Sequence[Samples], most_ticks: int) -> TimePanel:
    """Return what a panel will show."""
    values = np.concatenate([s.values for s in lines])
    thresholds = _thresholds(inputs, panel, values)
    zero = panel.zero or inputs.spec.transform in ("change_bp", "percent_move")
    y = number_scale((*values.tolist(), *(v for _, v in thresholds)), zero=zero, most_ticks=most_ticks)
    return TimePanel(panel, panel.unit or inputs.spec.unit, tuple(lines), y, thresholds)


def _thresholds(inputs: Inputs, panel: Panel, values: Floats) -> tuple[tuple[str, float], ...]:
    """Return the thresholds that lie near enough to the data to be drawn."""
    low, high = float(values.min()), float(values.max())
    reach = _NEAR * (high - low)
    found = []
    for one in panel.references:
        ref = inputs.references.get(one.threshold)
        if ref is None or isinstance(ref.value, str):
            where = f"{inputs.spec.id}.toml: references"
            raise ChartError(f"{where}: found {one.threshold!r}, expected the id of a numeric threshold")
        value = ref.value / panel.divide_by
        if low - reach <= value <= high + reach:
            found.append((f"{one.label} {ref.text}".strip(), value))
    return tuple(found)


def draw(target: Frame, shown: TimePanel, inputs: Inputs) -> None:
    """Draw a panel's lines, names, thresholds and shading."""
    shade(target, inputs, np.concatenate([target.points(positions(s.days), s.values) for s in shown.lines]))
    column = (target.x.high - target.x.low) / target.width * _COLUMN
    for one in reversed(shown.lines):
        _line(target, one, column)
    endings = []
    if shown.named:
        for s in shown.lines:
            x, y = target.across(serial(s.last_day)), target.up(float(s.values[-1]))
            endings.append(Ending(s.line.label, house.pen(s.line.style).color, x, y))
    for text, value in shown.thresholds:
        target.threshold(value)
        endings.append(Ending(text, house.colors().quiet, target.width, target.up(value)))
    name(target, endings)
    title(target, shown, inputs.end)


def title(target: Frame, shown: TimePanel, end: dt.date) -> None:
    """Print a panel's title; it says so where the lines end long before the axis."""
    text = shown.panel.title
    last = max(s.last_day for s in shown.lines)
    slow = any(p.frequency in ("monthly", "quarterly") for s in shown.lines for p in s.track.series)
    if text and not slow and (end - last).days > _LATE_DAYS:
        text += f", to {last:%b %Y}"
    if text:
        target.note(0, target.height + 4, text, va="bottom", gid="title")


def name(target: Frame, endings: Sequence[Ending]) -> None:
    """Print names at the right of the axes, moved apart where they would touch."""
    centres = spread([e.y for e in endings], [_LABEL_HEIGHT] * len(endings), -3.0, target.height + 3.0)
    for ending, centre in zip(endings, centres, strict=True):
        if ending.joined or abs(centre - ending.y) > _MOVED or target.width - ending.x > 4:
            turn = max(ending.x + 2, target.width + 0.5)
            end = (target.width + _LABEL_GAP - 1.2, centre)
            target.stroke([(ending.x + 2, ending.y), (turn, ending.y), end], gid="leader")
        place = target.width + _LABEL_GAP
        color = house.legible(ending.color)
        target.note(place, centre, ending.text, color=color, va="center", gid="label")


def _line(target: Frame, one: Samples, column: float) -> None:
    pen = house.pen(one.line.style).options
    if one.line.shape == "spikes":
        x, y = samples.spikes(one, column)
        target.axes.plot(x, y, clip_on=False, gid=one.line.measure, solid_capstyle="butt", **pen)
        return
    x, y, alone = samples.path(one, column)
    dots: dict[str, Any] = {"marker": "o", "markevery": sorted({*alone, len(x) - 1}), "markeredgewidth": 0}
    drawstyle = "steps-post" if one.line.shape == "step" else "default"
    target.axes.plot(x, y, drawstyle=drawstyle, clip_on=False, gid=one.line.measure, **dots, **pen)


def first_day(panels: Sequence[TimePanel], start: dt.date) -> dt.date:
    """Return where the time axis begins: at the window's start or, if later, the first observation."""
    return max(start, min(to_date(s.days[0]) for p in panels for s in p.lines))
