"""The yield curve: now, at the week's start and a month ago."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen import calendars
from reportgen.figures import frame, house, timeaxes
from reportgen.figures.figure import Drawing, Inputs, Table, cell, nothing
from reportgen.figures.frame import Frame
from reportgen.figures.labels import Box
from reportgen.figures.scales import Scale, Tick, number_scale
from reportgen.figures.specification import Stroke
from reportgen.figures.timeaxes import Ending
from reportgen.indicators.measures import Track
from reportgen.model import to_date
from reportgen.text import NBSP

_DOTS: dict[str, Any] = {"marker": "o", "markeredgewidth": 0, "clip_on": False}
_MARGIN = 0.12  # beside the first and the last tenor
_MONTH_DAYS = 20  # business days


@dataclass(frozen=True, slots=True)
class _Curve:
    """The yields of one day, each held with its tenor; NaN where the day has none."""

    day: dt.date
    style: Stroke
    yields: tuple[float, ...]


def draw(inputs: Inputs) -> Drawing:
    """Draw the curves over tenors spaced by their logarithm."""
    spec = inputs.spec
    tracks = [inputs.measures.history(p.measure) for p in spec.lines]
    omitted = tuple(p.label for p, t in zip(spec.lines, tracks, strict=True) if not len(t))
    held = [(p, t) for p, t in zip(spec.lines, tracks, strict=True) if len(t)]
    if len(held) < 2:
        return nothing([p.label for p in spec.lines])
    curves = _curves(inputs, [t for _, t in held])
    tenors = [math.log(p.at or 1.0) for p, _ in held]
    y = number_scale(v for c in curves for v in c.yields)
    made = frame.picture(spec)
    width, height = frame.size(made)
    names = [_name(c.day, inputs.end) for c in curves]
    box = Box(frame.left_margin([y]), frame.BOTTOM, width - 6 - max(map(house.text_width, names)), height - 4)
    ticks = tuple(Tick(at, p.label) for at, (p, _) in zip(tenors, held, strict=True))
    target = frame.frame(made, box, Scale(tenors[0] - _MARGIN, tenors[-1] + _MARGIN, ticks), y)
    for curve in reversed(curves):
        pen = house.pen(curve.style)
        target.axes.plot(tenors, curve.yields, gid=curve.day.isoformat(), **_DOTS, **pen.options)
    timeaxes.name(target, [_ending(target, c, text) for c, text in zip(curves, names, strict=True)])
    table = Table(
        ("Tenor", *(f"{c.day.isoformat()} (%)" for c in curves)),
        tuple(
            (p.label, *("" if math.isnan(c.yields[k]) else cell(c.yields[k], "percent") for c in curves))
            for k, (p, _) in enumerate(held)
        ),
    )
    series = tuple({s.id: s for _, t in held for s in t.series}.values())
    return Drawing(made, series, curves[0].day, table, omitted)


def _curves(inputs: Inputs, tracks: list[Track]) -> list[_Curve]:
    """Return the curves of the newest day, the week's start and a month ago, as far as they are held."""
    end, start = inputs.end, inputs.measures.snapshot.week_start
    wanted: tuple[tuple[dt.date, Stroke], ...] = (
        (end, "first"),
        (start, "second"),
        (calendars.shift(end, -_MONTH_DAYS, "sifma"), "muted"),
    )
    found: dict[dt.date, _Curve] = {}
    for day, style in wanted:
        positions = [t.position(day) for t in tracks]
        newest = [t.days[k] for t, k in zip(tracks, positions, strict=True) if k >= 0]
        if not newest:
            continue
        held = max(newest)
        yields = tuple(
            float(t.values[k]) if k >= 0 and t.days[k] == held else np.nan
            for t, k in zip(tracks, positions, strict=True)
        )
        found.setdefault(to_date(held), _Curve(to_date(held), style, yields))
    return list(found.values())


def _name(day: dt.date, reference: dt.date) -> str:
    year = "" if day.year == reference.year else f"{NBSP}{day.year}"
    return f"{day.day}{NBSP}{day:%b}{year}"


def _ending(target: Frame, curve: _Curve, text: str) -> Ending:
    last = next(v for v in reversed(curve.yields) if not math.isnan(v))
    return Ending(text, house.pen(curve.style).color, target.width, target.up(last))
