"""An empty picture, and axes placed in it by points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Picture

from reportgen.figures import house
from reportgen.figures.labels import Box
from reportgen.figures.scales import Scale
from reportgen.figures.specification import Specification
from reportgen.model import Floats

BOTTOM = 14.0  # room in points below axes for the labels of the horizontal axis
_MM_PER_INCH, _POINTS_PER_INCH = 25.4, 72.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One pair of axes, and their size in points."""

    axes: Axes
    width: float
    height: float
    x: Scale
    y: Scale

    @property
    def inside(self) -> Box:
        """Return the axes' area, measured from its own corner."""
        return Box(0.0, 0.0, self.width, self.height)

    def across(self, value: float) -> float:
        """Return how far right a value lies, in points."""
        return (value - self.x.low) / (self.x.high - self.x.low) * self.width

    def up(self, value: float) -> float:
        """Return how high a value lies, in points."""
        return (value - self.y.low) / (self.y.high - self.y.low) * self.height

    def points(self, x: Floats, y: Floats) -> Floats:
        """Return places of values in points, one row each."""
        corner = np.array([self.x.low, self.y.low])
        span = np.array([self.x.high - self.x.low, self.y.high - self.y.low])
        placed: Floats = (np.column_stack((x, y)) - corner) / span * np.array([self.width, self.height])
        return placed

    def note(self, x: float, y: float, text: str, **options: Any) -> None:
        """Print a text at a place in points."""
        self.axes.text(x / self.width, y / self.height, text, transform=self.axes.transAxes, **options)

    def remark(self, x: float, y: float, text: str, **options: Any) -> None:
        """Print a small quiet text at a place in points."""
        self.note(x, y, text, fontsize=house.SMALL, color=house.colors().quiet, **options)

    def stroke(self, places: Sequence[tuple[float, float]], **options: Any) -> None:
        """Draw a thin line through places in points."""
        x, y = ([p[k] / size for p in places] for k, size in ((0, self.width), (1, self.height)))
        pen: dict[str, Any] = {"color": house.colors().quiet, "linewidth": 0.4, "linestyle": "-"}
        self.axes.plot(x, y, transform=self.axes.transAxes, clip_on=False, **pen, **options)

    def threshold(self, value: float) -> None:
        """Draw a dotted line at a height."""
        self.axes.axhline(value, color=house.colors().quiet, **_DOTTED, gid="reference")

    def origin(self) -> None:
        """Draw a dotted line where the horizontal axis is zero."""
        self.axes.axvline(0, color=house.colors().quiet, **_DOTTED, gid="start")

    def open_below(self) -> None:
        """Take off the horizontal axis, since axes further down carry the same."""
        self.axes.tick_params(axis="x", labelbottom=False, length=0)
        self.axes.spines["bottom"].set_visible(False)


_DOTTED: dict[str, Any] = {
    "linewidth": 0.7,
    "linestyle": (0, (1.2, 1.6)),
    "zorder": 1.6,
}


def picture(spec: Specification) -> Picture:
    """Return an empty transparent picture of a chart's size."""
    made = Picture(
        figsize=(spec.width_mm / _MM_PER_INCH, spec.height_mm / _MM_PER_INCH), dpi=_POINTS_PER_INCH
    )
    FigureCanvasSVG(made)
    made.patch.set_visible(False)
    return made


def size(made: Picture) -> tuple[float, float]:
    """Return a picture's width and height in points."""
    width, height = made.get_size_inches() * _POINTS_PER_INCH
    return float(width), float(height)


def frame(made: Picture, box: Box, x: Scale, y: Scale) -> Frame:
    """Add axes in a box given in points from the picture's lower left corner."""
    whole = size(made)
    width, height = box.right - box.left, box.top - box.bottom
    axes = made.add_axes((box.left / whole[0], box.bottom / whole[1], width / whole[0], height / whole[1]))
    axes.patch.set_visible(False)
    axes.set_xlim(x.low, x.high)
    axes.set_ylim(y.low, y.high)
    axes.set_xticks([t.at for t in x.ticks], [t.label for t in x.ticks])
    axes.set_yticks([t.at for t in y.ticks], [t.label for t in y.ticks])
    if y.low < 0 <= y.high:  # at the top too: what hangs down hangs from a line
        axes.axhline(0, color=mpl.rcParams["axes.edgecolor"], linewidth=0.7, zorder=1.5, gid="zero")
    return Frame(axes, width, height, x, y)


def left_margin(scales: Sequence[Scale]) -> float:
    """Return the room in points that the widest label of vertical axes takes."""
    return max((house.text_width(t.label) for s in scales for t in s.ticks), default=0.0) + 5.0
