"""A picture as a bitmap for slides: on white paper, its source line below it."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure as Picture
from matplotlib.transforms import Bbox

from reportgen.config import PAPER
from reportgen.figures import house

PRINT_DPI = 300
_ABOVE, _LEADING = 3.0, 8.4  # points above the source line, and from one line of it to the next
_POINTS_PER_INCH = 72.0


def bitmap(made: Picture, source: str, dpi: int = PRINT_DPI) -> bytes:
    """Return a finished picture as PNG, the same bytes each time; call it in the house style."""
    width, height = made.get_size_inches()
    lines = _lines(source, width * _POINTS_PER_INCH)
    strip = (_ABOVE + _LEADING * len(lines)) / _POINTS_PER_INCH
    style: dict[str, Any] = {"fontsize": house.SMALL, "color": house.colors().quiet, "va": "top"}
    for at, line in enumerate(lines):
        made.text(0, -(_ABOVE + _LEADING * at) / _POINTS_PER_INCH / height, line, **style)
    made.patch.set(visible=True, facecolor=PAPER)
    target = io.BytesIO()
    made.savefig(
        target,
        format="png",
        dpi=dpi,
        facecolor=PAPER,
        bbox_inches=Bbox([[0.0, -strip], [width, height]]),
        metadata={"Software": None, "Source": source},
    )
    return target.getvalue()


def _lines(words: str, width: float) -> list[str]:
    """Break words into lines of at most a width in points; a no-break space keeps its neighbours together."""
    lines = [""]
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and house.text_width(longer, house.SMALL) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
