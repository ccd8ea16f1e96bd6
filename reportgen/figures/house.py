"""The house look: matplotlib's settings, the bundled font, the pens, and widths of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import fontpkg_ibm_plex_sans
import matplotlib as mpl
from matplotlib import font_manager

from reportgen.errors import ChartError
from reportgen.figures.specification import Stroke

SMALL = 6.2  # size of type in points of notes inside a chart
STROKES: tuple[Stroke, ...] = get_args(Stroke)
SHADE = "#eef1f4"
QUIET = "#6b7885"
PAPER = "#ffffff"
_MOST_LUMINANCE = 1.05 / 4.5 - 0.05  # of type on white at a contrast of 4.5


@dataclass(frozen=True, slots=True)
class Pen:
    """How one line is drawn."""

    color: str
    linewidth: float
    linestyle: Any

    @property
    def options(self) -> dict[str, Any]:
        """Return the pen as keyword arguments of a matplotlib line."""
        return {"color": self.color, "linewidth": self.linewidth, "linestyle": self.linestyle}


@contextmanager
def house_style(path: Path) -> Iterator[None]:
    """Apply the house look, and nothing else that the machine's settings may say, while drawing."""
    _install_font()
    with mpl.rc_context():
        mpl.rcParams.update(_settings(path))  # type: ignore[arg-type]
        yield


@cache
def _settings(path: Path) -> Mapping[str, Any]:
    try:
        own = mpl.rc_params_from_file(path, use_default_template=False)
    except Exception as error:
        raise ChartError(f"{path.name}: {error}") from error
    plain: dict[str, Any] = {k: v for k, v in mpl.rcParamsDefault.items() if k not in _SESSION}
    return plain | dict(own)


# Settings that matplotlib keeps for the session and not for the look.
_SESSION = frozenset(("backend", "backend_fallback", "interactive", "toolbar", "timezone", "date.epoch"))


@cache
def _install_font() -> Path:
    """Put the bundled font before any of the same name that the machine may have."""
    path: Path = next((fontpkg_ibm_plex_sans.ROOT / "files").glob("IBMPlexSans[[]*.ttf"))
    font_manager.fontManager.addfont(path)
    entries = font_manager.fontManager.ttflist
    entries.insert(0, entries.pop())
    return path


@cache
def _face() -> Any:
    face = font_manager.get_font(str(_install_font()))
    face.set_size(100, 72)
    return face


@cache
def text_width(text: str, size: float = 7.0) -> float:
    """Return the width of a text in points."""
    face = _face()
    face.set_text(text, 0.0)
    return float(face.get_width_height()[0] / 64 * size / 100)


def pen(stroke: Stroke) -> Pen:
    """Return the pen of a stroke; call it in the house style."""
    cycle = mpl.rcParams["axes.prop_cycle"].by_key()
    at = STROKES.index(stroke)
    return Pen(*(cycle[key][at] for key in ("color", "linewidth", "linestyle")))


def legible(color: str) -> str:
    """Return a colour, darkened until small type in it stands out from white paper."""
    while _luminance(color) > _MOST_LUMINANCE:
        color = _mixed(color, 0, 0.06)
    return color


def _luminance(color: str) -> float:
    """Return the relative luminance of the Web Content Accessibility Guidelines."""
    shares = (int(color.lstrip("#")[k : k + 2], 16) / 255 for k in (0, 2, 4))
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def tint(color: str, share: float) -> str:
    """Return a colour mixed with white; share 0 is the colour itself."""
    return _mixed(color, 255, share)


def _mixed(color: str, grey: int, share: float) -> str:
    parts = (int(color.lstrip("#")[k : k + 2], 16) for k in (0, 2, 4))
    return "#" + "".join(f"{round(p + (grey - p) * share):02x}" for p in parts)
