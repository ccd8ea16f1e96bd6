"""The points that a chart draws: a history in a window, its gaps kept, thinned to what can be seen."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.figures.specification import Line, Transform
from reportgen.indicators.measures import Measures, Track
from reportgen.model import Days, Floats, to_date, to_day64
from reportgen.units import BP_PER_PERCENT

# Longest distance in days that a line bridges, by the frequency of the series behind it.
_BRIDGED_DAYS = {"daily": 10, "weekly": 16, "monthly": 70, "quarterly": 200}


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One line of a chart: days and the values drawn, in the panel's unit."""

    line: Line
    track: Track
    days: Days
    values: Floats

    def __len__(self) -> int:
        return len(self.days)

    @property
    def last_day(self) -> dt.date:
        """Return the newest day drawn."""
        return to_date(self.days[-1])


def within(
    measures: Measures, line: Line, start: dt.date, transform: Transform = "level", divide_by: int = 1
) -> Samples:
    """Return a measure's history from a day on; empty if nothing is held."""
    track = measures.history(line.measure)
    first = int(np.searchsorted(track.days, to_day64(start)))
    days, values = track.days[first:], track.values[first:] / divide_by
    if len(values) and transform != "level":
        values = transformed(values, float(values[0]), transform)
    return Samples(line, track, days, values)


def transformed(values: Floats, base: float, transform: Transform) -> Floats:
    """Return values against a base.

    Units: index 100 at the base; change_bp the difference in basis points; percent_move in percent.
    """
    if transform == "index":
        return values / base * 100.0
    if transform == "change_bp":
        return (values - base) * BP_PER_PERCENT
    if transform == "percent_move":
        return (values / base - 1.0) * 100.0
    return values


def serial(day: dt.date) -> float:
    """Return a day's position on a time axis."""
    return float(to_day64(day).astype(np.int64))


def positions(days: Days) -> Floats:
    """Return days' positions on a time axis."""
    return days.astype("datetime64[D]").astype(np.float64)


def segments(days: Days, track: Track) -> list[slice]:
    """Return the stretches whose observations are no further apart than the track's frequency allows."""
    if not len(days):
        return []
    bridged = max((_BRIDGED_DAYS[s.frequency] for s in track.series), default=_BRIDGED_DAYS["daily"])
    breaks = [0, *(np.flatnonzero(np.diff(positions(days)) > bridged) + 1).tolist(), len(days)]
    return [slice(a, b) for a, b in itertools.pairwise(breaks)]


def thinned(x: Floats, y: Floats, column: float) -> NDArray[np.intp]:
    """Return the positions to keep: in each column of the picture the first, last, lowest and highest point.

    Units: column is the width of a column in units of x.
    """
    if len(x) < 3:
        return np.arange(len(x))
    columns = np.floor((x - x[0]) / column).astype(np.int64)
    starts = np.flatnonzero(np.diff(columns, prepend=columns[0] - 1))
    ends = np.append(starts[1:], len(x)) - 1
    order = np.lexsort((y, columns))
    return np.unique(np.concatenate((starts, ends, order[starts], order[ends])))


def path(samples: Samples, column: float) -> tuple[Floats, Floats, list[int]]:
    """Return coordinates with NaN at gaps, and the positions of points that stand alone."""
    xs: list[Floats] = []
    ys: list[Floats] = []
    alone: list[int] = []
    at = 0
    for piece in segments(samples.days, samples.track):
        x, y = positions(samples.days[piece]), samples.values[piece]
        kept = thinned(x, y, column)
        if len(kept) == 1:
            alone.append(at)
        xs += (x[kept], np.array([np.nan]))
        ys += (y[kept], np.array([np.nan]))
        at += len(kept) + 1
    return np.concatenate(xs)[:-1], np.concatenate(ys)[:-1], alone


def spikes(samples: Samples, column: float) -> tuple[Floats, Floats]:
    """Return coordinates of a stroke from zero to each value, the highest of each column."""
    x, y = positions(samples.days), samples.values
    kept = [k for k in thinned(x, y, column) if y[k] != 0]
    across = np.column_stack((x[kept], x[kept], np.full(len(kept), np.nan)))
    upwards = np.column_stack((np.zeros(len(kept)), y[kept], np.full(len(kept), np.nan)))
    return across.ravel(), upwards.ravel()
