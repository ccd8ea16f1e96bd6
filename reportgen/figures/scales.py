"""Axes: limits, and ticks at round numbers and at firsts of months."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import NamedTuple

from reportgen.figures.samples import serial
from reportgen.text import format_number

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 25.0, 50.0)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
_MONTH_WIDTH, _YEAR_WIDTH = 31.0, 16.5  # of a label in points
_MONTH_DAYS = 30.44
_SPACING = 1.2  # of a date's label to the next, in label widths


class Tick(NamedTuple):
    """A place on an axis and what is printed there."""

    at: float
    label: str


class Scale(NamedTuple):
    """An axis: its limits and its ticks."""

    low: float
    high: float
    ticks: tuple[Tick, ...]


def number_scale(
    values: Iterable[float], *, zero: bool = False, most_ticks: int = 6, room: float = 0.06
) -> Scale:
    """Return an axis on which all values lie; zero makes it include zero.

    Units: room is the share of the span left free above and below.
    """
    found = [v for v in values if math.isfinite(v)]
    if zero:
        found.append(0.0)
    lowest, highest = min(found), max(found)
    span = highest - lowest or max(abs(highest) * 0.02, 1.0)
    low, high = lowest - room * span, highest + room * span
    if lowest >= 0 > low or (zero and lowest == 0):
        low = 0.0
    if highest <= 0 < high or (zero and highest == 0):
        high = 0.0
    if low == high:
        high = low + span
    step = _step(low, high, most_ticks)
    first, last = _multiples(low, high, step)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step * 10**decimals, 6) % 1:
        decimals += 1  # steps of 2.5
    ticks = tuple(Tick(k * step, format_number(k * step, decimals)) for k in range(first, last + 1))
    return Scale(low, high, ticks)


def _step(low: float, high: float, most_ticks: int) -> float:
    """Return the finest round step of which at most so many multiples lie between the limits."""
    magnitude: float = 10.0 ** math.floor(math.log10((high - low) / (most_ticks + 1)))
    for step in (size * magnitude for size in _STEPS):
        first, last = _multiples(low, high, step)
        if last - first < most_ticks:
            return step
    raise ArithmeticError(f"no step for an axis from {low} to {high}")


def _multiples(low: float, high: float, step: float) -> tuple[int, int]:
    return math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)


def date_scale(start: dt.date, end: dt.date, width: float, beyond: float) -> Scale:
    """Return a time axis with as many labelled firsts of months as have room.

    Units: width of the axis and the room beyond its end in points.
    """
    low, high = serial(start), serial(end)
    per_day = width / max(high - low, 1.0)
    found: list[dt.date] = []
    for step in _MONTH_STEPS:
        found = _firsts(start, end, step) or found
        label = _MONTH_WIDTH if step < 12 else _YEAR_WIDTH
        if per_day * step * _MONTH_DAYS >= label * _SPACING:
            break
    fitting = (d for d in found if (serial(d) - high) * per_day + label / 2 <= beyond)
    ticks = tuple(Tick(serial(d), f"{d:%b %Y}" if step < 12 else f"{d:%Y}") for d in fitting)
    return Scale(low, high, ticks)


def _firsts(start: dt.date, end: dt.date, step: int) -> list[dt.date]:
    months = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    days = (dt.date(m // 12, m % 12 + 1, 1) for m in months if m % step == 0)
    return [d for d in days if start <= d <= end]
