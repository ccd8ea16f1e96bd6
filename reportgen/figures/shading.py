"""Episodes shaded behind lines, each with its name."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.figures import house
from reportgen.figures.figure import Inputs
from reportgen.figures.frame import Frame
from reportgen.figures.labels import Box
from reportgen.figures.samples import serial
from reportgen.model import NEW_YORK, Floats

_HEIGHT = 9.0  # of a name in points
_MOSTLY = 0.7  # share of a name that must lie within the shading for it to begin there


def shade(target: Frame, inputs: Inputs, drawn: Floats) -> None:
    """Shade the episodes that were public at the as-of, as far as they had lasted.

    One whose name finds no room clear of lines is left out. Shape: drawn is (n, 2), in points.
    """
    today = inputs.measures.snapshot.as_of.astimezone(NEW_YORK).date()
    taken: list[Box] = []
    for name in inputs.spec.shading:
        episode = inputs.charts.episodes[name]
        begin, end = max(serial(episode.start), target.x.low), min(serial(episode.end), target.x.high)
        if episode.known > today or begin >= end:
            continue
        wide = house.text_width(episode.label, house.SMALL)
        left, right = target.across(begin), target.across(end)
        lefts = (left + 2, right + 2, left - 2 - wide)[0 if wide * _MOSTLY <= right - left else 1 :]
        tops = _tops(target)
        boxes = [Box(x, top - _HEIGHT, x + wide, top) for top in tops for x in lefts]
        place = _free(boxes, target, taken, drawn)
        if place is not None:
            taken.append(place)
            target.axes.axvspan(
                begin, end, facecolor=house.colors().shade, edgecolor="none", zorder=0.4, gid="shade"
            )
            target.remark(place.left, place.top - 1, episode.label, va="top", gid="episode")


def _tops(target: Frame) -> list[float]:
    """Return where a name may begin: at the top, or below the line of the grid that would cross it there."""
    highest = max((target.up(t.at) for t in target.y.ticks), default=0.0)
    crossed = target.height - _HEIGHT < highest < target.height - 1
    return [highest, target.height] if crossed else [target.height]


def _free(boxes: Sequence[Box], target: Frame, taken: Sequence[Box], drawn: Floats) -> Box | None:
    """Return the first box inside the axes that covers neither lines nor names."""
    for box in boxes:
        near = drawn[(drawn[:, 0] > box.left - 2) & (drawn[:, 0] < box.right + 2)]
        crowded = bool((near[:, 1] > box.bottom - 2).any()) or any(box.meets(other) for other in taken)
        if box.left >= 0 and box.right <= target.width and not crowded:
            return box
    return None
