"""The colours of charts, made from a brand's so that they differ for any eye and in greyscale print."""

from __future__ import annotations

import colorsys
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from reportgen.config import PAPER, Colours, luminance
from reportgen.errors import ConfigError
from reportgen.figures.specification import Stroke

# Strokes drawn without dashes: their lightness alone must tell them apart. The others differ by their dash.
SOLID: Mapping[Stroke, str] = {"first": "house", "second": "calm", "third": "caution"}
LEAST_DIFFERENCE = 12.0  # in CIELAB of two solid strokes, for every eye below
_DARK = 30.0  # L* of the first stroke at most
_APART = 14.0  # L* from the first stroke to the second at least
_MIDDLE = 48.0  # L* of the second stroke at most
_LIGHT = 61.0  # L* of the lightest strokes: a contrast of 3 with white paper
_STEPS = 24  # of the search for a lightness
# From linear sRGB to CIE XYZ, and its white.
_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE = (0.9505, 1.0, 1.089)

_Row = tuple[float, float, float]
# What is left of linear red, green and blue. Source: Machado, Oliveira and Fernandes (2009), severity 1.
_SHINE = (0.2126, 0.7152, 0.0722)
_EYES: Mapping[str, tuple[_Row, _Row, _Row]] = {
    "in greyscale": (_SHINE, _SHINE, _SHINE),
    "with protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "with deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "with tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one brand's charts."""

    strokes: Mapping[Stroke, str]
    ink: str
    quiet: str
    edge: str  # of axes
    grid: str
    shade: str  # behind lines
    calm: str  # of cells in which nothing happens


@cache
def palette(brand: Colours) -> Palette:
    """Make the colours of charts from a brand's.

    Raises: ConfigError naming two colours whose lines could not be told apart.
    """
    first = brand.house if lightness(brand.house) <= _DARK else _at(brand.house, _DARK)
    middle = min(max(lightness(brand.calm), lightness(first) + _APART), _MIDDLE)
    strokes: dict[Stroke, str] = {
        "first": first,
        "second": brand.calm if middle == lightness(brand.calm) else _at(brand.calm, middle),
        "third": _at(brand.caution, _LIGHT),
        "fourth": brand.alarm,
        "fifth": brand.waiting,
        "sixth": mixed(brand.house, brand.alarm, 0.5),
        "seventh": mixed(brand.calm, brand.caution, 0.5),
        "muted": _at(brand.waiting, _LIGHT),
    }
    _refuse_alike(strokes, brand)
    return Palette(
        strokes=strokes,
        ink=brand.ink,
        quiet=brand.quiet,
        edge=mixed(brand.rule, brand.quiet, 0.5),
        grid=brand.rule,
        shade=mixed(brand.wash, brand.rule, 0.25),
        calm=mixed(PAPER, mixed(brand.house, brand.rule, 0.5), 0.25),
    )


def differences(one: str, other: str) -> dict[str, float]:
    """Return how far two colours lie apart in CIELAB, by the eye that sees them."""
    return {eye: math.dist(_seen(one, eye), _seen(other, eye)) for eye in _EYES}


def lightness(color: str) -> float:
    """Return the lightness L* of a colour, from 0 to 100."""
    return _l_star(luminance(color))


def mixed(one: str, other: str, share: float) -> str:
    """Return a colour mixed with another; share 0 is the first itself."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _refuse_alike(strokes: Mapping[Stroke, str], brand: Colours) -> None:
    for one, other in itertools.combinations(SOLID, 2):
        eye, found = min(differences(strokes[one], strokes[other]).items(), key=lambda item: item[1])
        if found < LEAST_DIFFERENCE:
            a, b = (f"{SOLID[stroke]} {getattr(brand, SOLID[stroke])}" for stroke in (one, other))
            raise ConfigError(
                f"brand.colours: {a} and {b} give lines that look alike {eye}: "
                f"found {found:.1f} apart in CIELAB, expected {LEAST_DIFFERENCE:.0f}",
                hint="Choose another colour for one of them in desk.toml.",
            )


def _seen(color: str, eye: str) -> tuple[float, float, float]:
    """Return a colour as an eye sees it, in CIELAB."""
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in _shares(color)]
    left = [min(max(_dot(row, linear), 0.0), 1.0) for row in _EYES[eye]]
    x, y, z = (_l_star(_dot(row, left) / white) for row, white in zip(_XYZ, _WHITE, strict=True))
    return y, 500 / 116 * (x - y), 200 / 116 * (y - z)


def _dot(weights: Sequence[float], parts: Sequence[float]) -> float:
    return sum(w * p for w, p in zip(weights, parts, strict=True))


def _l_star(shine: float) -> float:
    return 903.3 * shine if shine <= 0.008856 else float(116 * shine ** (1 / 3) - 16)


def _at(color: str, wanted: float) -> str:
    """Return a colour of the same hue and saturation, as light as wanted or a trace darker."""
    hue, _, saturation = colorsys.rgb_to_hls(*_shares(color))
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if lightness(_hex(hue, middle, saturation)) <= wanted else (low, middle)
    return _hex(hue, low, saturation)


def _hex(hue: float, light: float, saturation: float) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, light, saturation))


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _shares(color: str) -> tuple[float, float, float]:
    red, green, blue = _parts(color)
    return red / 255, green / 255, blue / 255
