"""What moved a measure, week by week: bars of its parts' changes, stacked, and their sum."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.config import PAPER
from reportgen.figures import frame, house, timeaxes
from reportgen.figures.figure import Drawing, Inputs, Table, cell, heading, nothing
from reportgen.figures.frame import Frame
from reportgen.figures.labels import Box
from reportgen.figures.samples import serial, transformed
from reportgen.figures.scales import date_scale, number_scale
from reportgen.figures.timeaxes import Ending
from reportgen.indicators.measures import Track
from reportgen.model import to_date

_WEEK = dt.timedelta(days=7)
_WIDTH = 4.4  # of a bar, in days
_RIGHT, _TOP = 10.0, 4.0  # points between the last bar and its names; above the axes


@dataclass(frozen=True, slots=True)
class _Bar:
    """One week: its last day, and the change of each part."""

    end: dt.date
    parts: tuple[float, ...]

    @property
    def total(self) -> float:
        """Return the sum of the parts."""
        return sum(self.parts)


def draw(inputs: Inputs) -> Drawing:
    """Draw one bar a week of the window; a week that lacks a part is left open."""
    spec = inputs.spec
    tracks = [inputs.measures.history(p.measure) for p in spec.lines]
    lacking = tuple(p.label for p, t in zip(spec.lines, tracks, strict=True) if not len(t))
    if lacking:
        return nothing(lacking)
    bars = _bars(inputs, tracks)
    if not bars:
        return nothing([p.label for p in spec.lines])
    made = frame.picture(spec)
    width, height = frame.size(made)
    y = number_scale([v for b in bars for v in (*_reach(b), b.total)], zero=True)
    names = [p.label for p in spec.lines] + [spec.total]
    margin = _RIGHT + max(map(house.text_width, names)) + 1.0
    box = Box(frame.left_margin([y]), frame.BOTTOM, width - margin, height - _TOP)
    x = date_scale(
        bars[0].end - dt.timedelta(days=4), inputs.end + dt.timedelta(days=3), box.right - box.left, margin
    )
    target = frame.frame(made, box, x, y)
    _draw(target, inputs, bars)
    _names(target, inputs, bars[-1])
    header = ("Week to", *(heading(name, spec.unit) for name in names))
    rows = tuple((b.end.isoformat(), *(cell(v, spec.unit) for v in (*b.parts, b.total))) for b in bars)
    series = tuple({s.id: s for t in tracks for s in t.series}.values())
    return Drawing(made, series, bars[-1].end, Table(header, rows))


def _bars(inputs: Inputs, tracks: Sequence[Track]) -> list[_Bar]:
    """Return the weeks of the window, the newest ending at the as-of; each from close to close."""
    start = inputs.spec.start(inputs.end)
    bars = []
    end, before = inputs.end, inputs.measures.snapshot.week_start
    while before >= start:
        found = [_change(t, before, end, inputs) for t in tracks]
        parts = tuple(change for change, _ in found)
        if not np.isnan(parts).any():
            bars.append(_Bar(min(day for _, day in found), parts))
        end, before = before, before - _WEEK
    return bars[::-1]


def _change(track: Track, before: dt.date, end: dt.date, inputs: Inputs) -> tuple[float, dt.date]:
    """Return a part's change from one close to another and the day of the latter; NaN if one is not held."""
    first, last = track.position(before), track.position(end)
    if first < 0 or last == first or (before - to_date(track.days[first])) >= _WEEK:
        return float("nan"), end
    values = transformed(track.values[[last]], float(track.values[first]), inputs.spec.transform)
    return float(values[0]), to_date(track.days[last])


def _reach(bar: _Bar) -> tuple[float, float]:
    """Return how far a bar reaches below and above zero."""
    return sum(v for v in bar.parts if v < 0), sum(v for v in bar.parts if v > 0)


def _spans(bar: _Bar) -> list[tuple[float, float]]:
    """Return from where to where each part reaches: rises pile up above zero, falls below it."""
    spans, below, above = [], 0.0, 0.0
    for value in bar.parts:
        foot = above if value >= 0 else below
        spans.append((foot, foot + value))
        below, above = (below, above + value) if value >= 0 else (below + value, above)
    return spans


def _draw(target: Frame, inputs: Inputs, bars: Sequence[_Bar]) -> None:
    days = [serial(b.end) for b in bars]
    for k, line in enumerate(inputs.spec.lines):
        spans = [_spans(b)[k] for b in bars]
        heights, feet = [top - foot for foot, top in spans], [foot for foot, _ in spans]
        made = target.axes.bar(days, heights, _WIDTH, feet, color=house.pen(line.style).color, zorder=2)
        made[0].set_gid(line.measure)
        for patch in made:
            patch.set_clip_on(False)
    dots: dict[str, Any] = {"marker": "o", "markersize": 3.4, "markeredgewidth": 0.7, "linestyle": ""}
    dots |= {"markerfacecolor": PAPER, "markeredgecolor": house.colors().ink, "zorder": 3}
    target.axes.plot(days, [b.total for b in bars], clip_on=False, gid="total", **dots)


def _names(target: Frame, inputs: Inputs, last: _Bar) -> None:
    """Name the parts and the sum beside the newest bar."""
    end = target.across(serial(last.end) + _WIDTH / 2)
    endings = [
        Ending(line.label, house.pen(line.style).color, end, target.up((foot + top) / 2), joined=True)
        for line, (foot, top) in zip(inputs.spec.lines, _spans(last), strict=True)
    ]
    total = Ending(inputs.spec.total, house.colors().ink, end, target.up(last.total), joined=True)
    timeaxes.name(target, [*endings, total])
