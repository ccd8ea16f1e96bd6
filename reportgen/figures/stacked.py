"""Areas stacked over time, with lines in panels below where the specification has them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from reportgen.figures import frame, house, panels, samples, timeaxes
from reportgen.figures.figure import Drawing, Inputs, nothing, parents, shown_unit, table
from reportgen.figures.frame import Frame
from reportgen.figures.samples import Samples
from reportgen.figures.scales import date_scale, number_scale
from reportgen.figures.timeaxes import Ending, TimePanel
from reportgen.model import Days, Floats

_TINTS = (0.0, 0.32, 0.52, 0.7, 0.84)  # of the first stroke's colour, from the bottom up
_LIGHT = 2  # tints from here on are too light for a name in their own colour


@dataclass(frozen=True, slots=True)
class _Stack:
    """Lines on the days that all of them have, and their running sums."""

    lines: tuple[Samples, ...]
    days: Days
    edges: tuple[Floats, ...]  # one more than lines, from zero to the total


def draw(inputs: Inputs) -> Drawing:
    """Draw the chart's own lines as a stack; only days on which all of them are held count."""
    own, *others = inputs.spec.axes
    lines, omitted = timeaxes.gather(inputs, own)
    below = [(panel, *timeaxes.gather(inputs, panel)) for panel in others]
    omitted += tuple(name for _, _, names in below for name in names)
    stack = _stacked(lines)
    if stack is None:
        return nothing(omitted or [p.label for p in own.lines])
    y = number_scale(stack.edges[-1].tolist(), zero=True, most_ticks=4 if below else 6)
    shown = [TimePanel(own, own.unit or inputs.spec.unit, stack.lines, y)]
    shown += [timeaxes.prepare(inputs, panel, held, 4) for panel, held, _ in below if held]
    made = frame.picture(inputs.spec)
    start = timeaxes.first_day(shown, inputs.spec.start(inputs.end))
    boxes = panels.boxes(frame.size(made), shown, beside=False)
    for position, (panel, box) in enumerate(zip(shown, boxes, strict=True)):
        x = date_scale(start, inputs.end, box.right - box.left, panel.right_margin)
        target = frame.frame(made, box, x, panel.y)
        if position == 0:
            _areas(target, stack)
            timeaxes.title(target, panel, inputs.end)
        else:
            timeaxes.draw(target, panel, inputs)
        if position < len(shown) - 1:
            target.open_below()
    drawn = [s for p in shown for s in p.lines]
    units = [shown_unit(p.unit, p.panel.divide_by) for p in shown for _ in p.lines]
    return Drawing(made, parents(drawn), max(s.last_day for s in drawn), table(drawn, units), omitted)


def _stacked(lines: Sequence[Samples]) -> _Stack | None:
    if not lines:
        return None
    days = reduce(np.intersect1d, (s.days for s in lines))
    if not len(days):
        return None
    shared = tuple(Samples(s.line, s.track, days, s.values[np.searchsorted(s.days, days)]) for s in lines)
    edges = [np.zeros(len(days))]
    for one in shared:
        edges.append(edges[-1] + one.values)
    return _Stack(shared, days, tuple(edges))


def _areas(target: Frame, stack: _Stack) -> None:
    """Draw each area down to zero, the topmost first, so that an edge is written once."""
    colors = _colors(len(stack.lines))
    for one, color, top in reversed(list(zip(stack.lines, colors, stack.edges[1:], strict=True))):
        outlines = []
        for piece in samples.segments(stack.days, one.track):
            x = samples.positions(stack.days[piece])
            outline = np.column_stack((np.r_[x[0], x, x[-1]], np.r_[0.0, top[piece], 0.0]))
            outlines.append(Path(outline, closed=False))
        area = PathPatch(Path.make_compound_path(*outlines), facecolor=color, edgecolor="none", zorder=2)
        area.set_gid(one.line.measure)
        target.axes.add_patch(area)
        area.set_clip_on(False)
    end = target.across(samples.positions(stack.days[-1:])[0])
    middles = [target.up(float(a[-1] + b[-1]) / 2) for a, b in itertools.pairwise(stack.edges)]
    dark = [color if k < _LIGHT else colors[1] for k, color in enumerate(colors)]
    names = [s.line.label for s in stack.lines]
    endings = zip(names, dark, middles, strict=True)
    timeaxes.name(target, [Ending(text, color, end, middle, joined=True) for text, color, middle in endings])


def _colors(count: int) -> list[str]:
    return [house.tint(house.pen("first").color, share) for share in _TINTS[:count]]
