"""The liquidity gauge week by week: its score, and each component calm, on watch or under stress."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from reportgen.config import PAPER
from reportgen.figures import frame, house, timeaxes
from reportgen.figures.figure import Drawing, Inputs, Table, nothing, parents
from reportgen.figures.frame import Frame
from reportgen.figures.labels import Box
from reportgen.figures.samples import Samples, positions, serial
from reportgen.figures.scales import Scale, Tick, date_scale
from reportgen.model import Days, Floats
from reportgen.text import format_number

_STATES = ("Calm", "Watch", "Stress")
_SCORE_HEIGHT = 38.0
_TOP, _RIGHT, _BETWEEN = 12.0, 4.0, 9.0
_GROUP_GAP = 0.4  # in rows
_CELL = 0.9  # share of a week's width, and of a row's height, that a cell fills


@dataclass(frozen=True, slots=True)
class _Row:
    """One component: its worst reading in each week, NaN where there is none."""

    samples: Samples
    at: float  # height on the axis, downwards from -1
    worst: Floats


def draw(inputs: Inputs) -> Drawing:
    """Draw the first line as the score above, the others as rows of cells, one a week."""
    gathered, omitted = timeaxes.gather(inputs, inputs.spec.axes[0])
    score = next((s for s in gathered if s.line == inputs.spec.lines[0]), None)
    components = [s for s in gathered if s is not score]
    if score is None or not components:
        return nothing([p.label for p in inputs.spec.lines])
    mondays = _mondays(inputs.spec.start(inputs.end), inputs.end)
    shown = score.days >= mondays[0]
    score = Samples(score.line, score.track, score.days[shown], score.values[shown])
    rows = _rows(components, mondays)
    made = frame.picture(inputs.spec)
    above, below = _boxes(frame.size(made), rows)
    start, end = mondays[0].item(), mondays[-1].item() + dt.timedelta(days=7)
    x = date_scale(start, end, below.right - below.left, _RIGHT)
    upper = frame.frame(made, above, x, Scale(0, 100, tuple(Tick(v, str(v)) for v in (0, 50, 100))))
    _score(upper, score)
    _key(upper)
    ticks = tuple(Tick(r.at, r.samples.line.label) for r in rows)
    lower = frame.frame(made, below, x, Scale(rows[-1].at - 0.5, rows[0].at + 0.5, ticks))
    lower.axes.grid(visible=False)
    _cells(lower, rows, mondays)
    _groups(lower, rows, below.left)
    table = Table(
        ("Week from", score.line.label, *(r.samples.line.label for r in rows)),
        tuple(_table_row(k, monday.item(), score, rows) for k, monday in enumerate(mondays)),
    )
    drawn = [score, *components]
    return Drawing(made, parents(drawn), score.last_day, table, omitted)


def _boxes(whole: tuple[float, float], rows: Sequence[_Row]) -> tuple[Box, Box]:
    """Return where the score and the cells lie, in points."""
    width, height = whole
    groups = max(house.text_width(r.samples.line.group, house.SMALL) for r in rows)
    left = groups + max(house.text_width(r.samples.line.label) for r in rows) + 12
    split = height - _TOP - _SCORE_HEIGHT
    return Box(left, split, width - _RIGHT, height - _TOP), Box(
        left, frame.BOTTOM, width - _RIGHT, split - _BETWEEN
    )


def _mondays(start: dt.date, end: dt.date) -> Days:
    first, last = (d - dt.timedelta(days=d.weekday()) for d in (start + dt.timedelta(days=7), end))
    return np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1, 7)


def _rows(components: Sequence[Samples], mondays: Days) -> list[_Row]:
    """Return the rows from the top down, with a gap before each group."""
    rows: list[_Row] = []
    for one in components:
        apart = 1.0 if not rows or rows[-1].samples.line.group == one.line.group else 1.0 + _GROUP_GAP
        rows.append(_Row(one, (rows[-1].at if rows else 0.0) - apart, _worst(one, mondays)))
    return rows


def _worst(samples: Samples, mondays: Days) -> Floats:
    found = np.full(len(mondays), np.nan)
    for k, monday in enumerate(mondays):
        inside = samples.values[(samples.days >= monday) & (samples.days < monday + 7)]
        if len(inside):
            found[k] = np.nanmax(inside)
    return found


def _score(target: Frame, score: Samples) -> None:
    target.open_below()
    pen = house.pen("first")
    days = positions(score.days)
    area = house.tint(pen.color, 0.82)
    target.axes.fill_between(days, score.values, 0, color=area, linewidth=0, clip_on=False)
    target.axes.plot(days, score.values, clip_on=False, gid=score.line.measure, **pen.options)
    target.note(0, target.height + 4, score.line.label, va="bottom", gid="title")


def _cells(target: Frame, rows: Sequence[_Row], mondays: Days) -> None:
    """Draw the cells of each state as one path, marked so that states differ without colour too."""
    colors = _colors()
    for state in range(len(_STATES)):
        found = [(serial(mondays[w].item()), r.at) for r in rows for w in np.flatnonzero(r.worst == state)]
        if not found:
            continue
        made = target.axes.add_patch(
            PathPatch(_rectangles(found), facecolor=colors[state], edgecolor="none", zorder=2)
        )
        made.set_gid(_STATES[state].lower())
        made.set_clip_on(False)
        if state:
            mark = target.axes.add_patch(
                PathPatch(_marks(found, state), facecolor="none", edgecolor=PAPER, linewidth=0.9, zorder=3)
            )
            mark.set_clip_on(False)


def _rectangles(found: Sequence[tuple[float, float]]) -> Path:
    half, wide = _CELL / 2, 7 * _CELL
    return Path.make_compound_path(
        *(Path([(x, y - half), (x + wide, y - half), (x + wide, y + half), (x, y + half)]) for x, y in found)
    )


def _marks(found: Sequence[tuple[float, float]], state: int) -> Path:
    """Return a bar for watch, a cross for stress."""
    strokes = []
    for x, y in found:
        middle = x + 3.5 * _CELL
        strokes.append(Path([(middle - 1.4, y - 0.18 * (state - 1)), (middle + 1.4, y + 0.18 * (state - 1))]))
        if state == 2:
            strokes.append(Path([(middle - 1.4, y + 0.18), (middle + 1.4, y - 0.18)]))
    return Path.make_compound_path(*strokes)


def _colors() -> tuple[str, str, str]:
    return house.colors().calm, house.pen("third").color, house.pen("fourth").color


def _groups(target: Frame, rows: Sequence[_Row], left: float) -> None:
    """Print each group's name at the left of its first row."""
    seen = ""
    for row in rows:
        if row.samples.line.group != seen:
            seen = row.samples.line.group
            target.remark(-left, target.up(row.at), seen, va="center", gid="group")


def _key(target: Frame) -> None:
    """Print what the colours mean, at the upper right."""
    right, y = target.width, target.height + 4
    for state, color in reversed(list(zip(_STATES, _colors(), strict=True))):
        target.note(right, y, state, ha="right", va="bottom", gid="key")
        right -= house.text_width(state) + 8
        corner, size = (right / target.width, (y + 1) / target.height), (5 / target.width, 5 / target.height)
        square = Rectangle(corner, *size, transform=target.axes.transAxes, facecolor=color, clip_on=False)
        target.axes.add_patch(square)
        right -= 10


def _table_row(week: int, monday: dt.date, score: Samples, rows: Sequence[_Row]) -> tuple[str, ...]:
    last = int(np.searchsorted(score.days, np.datetime64(monday, "D") + 7)) - 1
    held = last >= 0 and score.days[last] >= np.datetime64(monday, "D")
    words = ("" if np.isnan(r.worst[week]) else _STATES[int(r.worst[week])].lower() for r in rows)
    return (monday.isoformat(), format_number(float(score.values[last]), 0) if held else "", *words)
