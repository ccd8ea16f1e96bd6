"""The house look: matplotlib's settings, the brand's colours and font, the pens, and widths of text."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from matplotlib.rcsetup import cycler

from reportgen.config import LEAST_CONTRAST, PAPER, Brand, Colours, contrast
from reportgen.errors import ChartError
from reportgen.figures.palette import Palette, mixed, palette
from reportgen.figures.specification import Stroke

SMALL = 6.2  # size of type in points of notes inside a chart
STROKES: tuple[Stroke, ...] = get_args(Stroke)
_BLACK = "#000000"


@dataclass(frozen=True, slots=True)
class Look:
    """What a brand decides about charts."""

    colours: Colours
    family: str

    @property
    def palette(self) -> Palette:
        """Return the colours of charts."""
        return palette(self.colours)


_IN_FORCE: ContextVar[Look] = ContextVar("look")


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


def look_of(brand: Brand) -> Look:
    """Return a brand's look.

    Raises: ConfigError naming colours that charts cannot use; ChartError for a font that is not installed.
    """
    look = Look(brand.colours, brand.fonts.sans)
    palette(look.colours)
    _font_file(look.family)
    return look


@contextmanager
def house_style(path: Path, look: Look) -> Iterator[None]:
    """Apply the look, and nothing else that the machine's settings may say, while drawing."""
    _install_font(look.family)
    before = _IN_FORCE.set(look)
    try:
        with mpl.rc_context():
            mpl.rcParams.update(_settings(path, path.stat().st_mtime_ns, look))  # type: ignore[arg-type]
            yield
    finally:
        _IN_FORCE.reset(before)


@cache
def _settings(path: Path, saved: int, look: Look) -> Mapping[str, Any]:
    try:
        own = dict(mpl.rc_params_from_file(path, use_default_template=False))
    except Exception as error:
        raise ChartError(f"{path.name}: {error}") from error
    colors = look.palette
    own["axes.prop_cycle"] = own["axes.prop_cycle"] + cycler("color", [colors.strokes[s] for s in STROKES])
    own |= {"font.family": [look.family], "text.color": colors.ink, "grid.color": colors.grid}
    own |= dict.fromkeys(("axes.edgecolor", "xtick.color"), colors.edge)
    own |= dict.fromkeys(("xtick.labelcolor", "ytick.labelcolor"), colors.quiet)
    plain: dict[str, Any] = {k: v for k, v in mpl.rcParamsDefault.items() if k not in _SESSION}
    return plain | own


# Settings that matplotlib keeps for the session and not for the look.
_SESSION = frozenset(("backend", "backend_fallback", "interactive", "toolbar", "timezone", "date.epoch"))


def colors() -> Palette:
    """Return the colours in force; call it in the house style."""
    return _IN_FORCE.get().palette


@cache
def _font_file(family: str) -> Path:
    """Return the upright regular face of an installed fontpkg package.

    Raises: ChartError if the family is not installed.
    """
    package = "fontpkg_" + family.lower().replace(" ", "_")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ChartError(
            f"font family {family!r}: no package {package}",
            hint=f"Install {package.replace('_', '-')} or name another.",
        )
    folder = Path(spec.origin).parent
    files = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))["files"]
    upright = (f for f in files if f["style"] == "normal" and (f["variable"] or f["weight"] == 400))
    return folder / str(next(upright)["path"])


@cache
def _install_font(family: str) -> None:
    """Put the bundled font before any of the same name that the machine may have."""
    font_manager.fontManager.addfont(_font_file(family))
    entries = font_manager.fontManager.ttflist
    entries.insert(0, dataclasses.replace(entries.pop(), name=family))


@cache
def _face(family: str) -> Any:
    face = FT2Font(str(_font_file(family)))  # our own: renderers change the size of theirs
    face.set_size(100, 72)
    return face


if hasattr(os, "register_at_fork"):
    # A copy of this process would share the place in the open font file, and each would read astray.
    os.register_at_fork(after_in_child=_face.cache_clear)


def text_width(text: str, size: float = 7.0) -> float:
    """Return the width of a text in points; call it in the house style."""
    return _width(text, size, _IN_FORCE.get().family)


@cache
def _width(text: str, size: float, family: str) -> float:
    face = _face(family)
    face.set_text(text, 0.0)
    return float(face.get_width_height()[0] / 64 * size / 100)


def absent(words: str, family: str) -> list[str]:
    """Return the characters that the font cannot draw, in order."""
    held = _characters(family)
    return sorted({c for c in words if not c.isspace() and ord(c) not in held})


@cache
def _characters(family: str) -> frozenset[int]:
    return frozenset(_face(family).get_charmap())


def pen(stroke: Stroke) -> Pen:
    """Return the pen of a stroke; call it in the house style."""
    cycle = mpl.rcParams["axes.prop_cycle"].by_key()
    at = STROKES.index(stroke)
    return Pen(*(cycle[key][at] for key in ("color", "linewidth", "linestyle")))


def legible(color: str) -> str:
    """Return a colour, darkened until small type in it stands out from white paper."""
    while contrast(color, PAPER) < LEAST_CONTRAST:
        color = mixed(color, _BLACK, 0.06)
    return color


def tint(color: str, share: float) -> str:
    """Return a colour mixed with white; share 0 is the colour itself."""
    return mixed(color, PAPER, share)
