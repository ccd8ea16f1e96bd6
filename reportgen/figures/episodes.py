"""Episodes laid over each other: a measure from ten trading days before day 0 to sixty after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.figures import frame, house, samples
from reportgen.figures.figure import Drawing, Inputs, Table, cell, heading, nothing
from reportgen.figures.frame import Frame
from reportgen.figures.labels import Box, free_place
from reportgen.figures.scales import Scale, Tick, number_scale
from reportgen.figures.specification import Start, Stroke
from reportgen.model import Floats
from reportgen.text import format_number

_BEFORE, _AFTER = 10, 60  # trading days
_NOW: Stroke = "first"
_NOW_WIDTH = 1.5  # of the current path, against its pen
_SHORT = 40  # a path of fewer points has its name at its end
_BETWEEN = 9  # points along a line that keep names off it, from one value to the next


@dataclass(frozen=True, slots=True)
class _Path:
    """One episode: trading days from day 0 and the values on them."""

    label: str
    style: Stroke
    steps: Floats
    values: Floats


def draw(inputs: Inputs) -> Drawing:
    """Draw the episodes that began before this week, and the weeks up to now."""
    spec = inputs.spec
    line = spec.lines[0]
    track = inputs.measures.history(line.measure)
    if not len(track):
        return nothing([line.label])
    week_start = inputs.measures.snapshot.week_start
    starts = [e for e in spec.episodes if e.day < week_start]
    paths = [p for e in starts if (p := _path(inputs, e)) is not None]
    if not paths:
        return Drawing(None, why="no earlier episode was public")
    now = _path(inputs, Start(day=week_start, label=line.label, style=_NOW))
    paths += [now] if now is not None else []
    y = number_scale(v for p in paths for v in p.values)
    made = frame.picture(spec)
    width, height = frame.size(made)
    ticks = tuple(Tick(k, _step(k)) for k in range(-_BEFORE, _AFTER + 1, 10))
    box = Box(frame.left_margin([y]), frame.BOTTOM, width - 8, height - 4)
    target = frame.frame(made, box, Scale(-_BEFORE, _AFTER, ticks), y)
    target.origin()
    for path in paths:
        pen = house.pen(path.style).options
        pen["linewidth"] *= _NOW_WIDTH if path is now else 1.0
        dots: dict[str, Any] = {"marker": "o", "markevery": [len(path.steps) - 1], "markeredgewidth": 0}
        target.axes.plot(path.steps, path.values, clip_on=False, gid=path.label, **dots, **pen)
    _names(target, paths)
    last = track.days[-1].item()
    return Drawing(made, track.series, last, _table(paths, spec.unit))


def _path(inputs: Inputs, start: Start) -> _Path | None:
    """Return a measure around day 0, None if that day's close is not held."""
    track = inputs.measures.history(inputs.spec.lines[0].measure)
    zero = track.position(start.day)
    if zero < 0 or track.days[zero].item() != start.day:
        return None
    first, last = max(zero - _BEFORE, 0), min(zero + _AFTER, len(track) - 1)
    values = samples.transformed(
        track.values[first : last + 1], float(track.values[zero]), inputs.spec.transform
    )
    return _Path(start.label, start.style, np.arange(first - zero, last - zero + 1, dtype=np.float64), values)


def _step(step: int) -> str:
    return format_number(step, 0, signed=True)


def _names(target: Frame, paths: Sequence[_Path]) -> None:
    """Print each episode's name where its line has room beside it."""
    points = [target.points(p.steps, p.values) for p in paths]
    origin = np.array([[target.across(0), 0.0], [target.across(0), target.height]])
    everything = np.concatenate([_dense(p) for p in (*points, origin)])
    taken: list[Box] = []
    for path, own in zip(paths, points, strict=True):
        size = (house.text_width(path.label), 7.0)
        spots = own[[len(own) - 1]] if len(own) < _SHORT else own[len(own) // 3 :: 3]
        found = [free_place((float(x), float(y)), size, everything, taken, target.inside) for x, y in spots]
        best = max(found, key=lambda place: place.score).box
        taken.append(best)
        color = house.legible(house.pen(path.style).color)
        target.note(best.left, best.bottom + size[1] / 2, path.label, color=color, va="center", gid="label")


def _dense(points: Floats) -> Floats:
    """Return points along a line close enough together that no label fits between them."""
    between = np.linspace(0, 1, _BETWEEN)[:, None, None]
    return (points[:-1] * (1 - between) + points[1:] * between).reshape(-1, 2) if len(points) > 1 else points


def _table(paths: Sequence[_Path], unit: str) -> Table:
    rows = []
    for step in range(-_BEFORE, _AFTER + 1):
        cells = []
        for path in paths:
            at = step - int(path.steps[0])
            cells.append(cell(float(path.values[at]), unit) if 0 <= at < len(path.values) else "")
        rows.append((_step(step), *cells))
    return Table(("Trading day", *(heading(p.label, unit) for p in paths)), tuple(rows))
