"""One picture of each kind, compared with the one in reference/.

Renew them with `.venv/bin/python -m tests.figures.test_pictures`, and look at each that changed.
The font and the rasteriser come with their packages, so pictures differ between machines by rounding alone.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reportgen.figures import house
from reportgen.figures.draw import KINDS
from reportgen.figures.figure import Inputs
from reportgen.figures.png import bitmap
from reportgen.figures.specification import Charts, Episode, Specification
from reportgen.indicators.measures import Track
from reportgen.model import Fact, Ref
from tests.figures.conftest import LOOK, FakeMeasures, specification, track, weekdays
from tests.figures.test_drawing import change

FOLDER = Path(__file__).parent / "reference"
STYLE = Path(__file__).resolve().parents[2] / "charts" / "house.mplstyle"
DPI = 110
END = dt.date(2025, 4, 10)
LEVELS = 40  # of 255: pixels that differ by less are rounding at the edge of a stroke
SHARE = 0.002  # of the pixels that may differ by more; a line moved by half a point changes twice as many
SPANS = {
    "strain": Episode(
        label="Strain", start=dt.date(2024, 9, 2), end=dt.date(2024, 12, 2), known=END, source="s"
    )
}
CHARTS = Charts({}, SPANS, {"A Publisher": "Publisher"}, STYLE)
STRESS = Ref("gauge.stress", "4.6%", 4.6, "percent", "desk")

Scene = tuple[Specification, tuple[Track, ...], dict[str, Fact]]


def wave(
    measure: str, count: int, centre: float, size: float, speed: float = 1.0, unit: str = "percent"
) -> Track:
    """Return a smooth track with a fine ripple, the same on every machine."""
    at = np.arange(count) / 40 * speed
    return track(measure, weekdays(END, count), centre + size * (np.sin(at) + 0.15 * np.sin(9 * at)), unit)


def line() -> Scene:
    strokes = zip("abcdefg", house.STROKES, strict=False)
    lines = [{"measure": m, "label": stroke.capitalize(), "style": stroke} for m, stroke in strokes]
    tracks = tuple(wave(m, 260, 4 + k / 12, 0.2, 1 + k / 5) for k, m in enumerate("abcdefg"))
    references = [{"threshold": "gauge.stress", "label": "Stress"}]
    return specification("line", lines=lines, shading=["strain"], references=references), tracks, {}


def curve() -> Scene:
    tenors = (0.25, 1, 2, 5, 10, 30)
    lines = [{"measure": f"t{k}", "label": f"{t:g}", "at": t} for k, t in enumerate(tenors)]
    return specification("curve", lines=lines), tuple(wave(f"t{k}", 60, 4 + k / 9, 0.3) for k in range(6)), {}


def bars() -> Scene:
    changes = (("2y", 16.0), ("5y", -4.0), ("10y", 39.0), ("30y", 45.0))
    lines = [{"measure": f"ust.{tenor}", "label": tenor} for tenor, _ in changes]
    return specification("bars", unit="bp", lines=lines), (), {f.id: f for f in (change(*c) for c in changes)}


def contribution() -> Scene:
    lines = [
        {"measure": "real", "label": "Real yield", "style": "first"},
        {"measure": "breakeven", "label": "Breakeven", "style": "third"},
    ]
    spec = specification(
        "contribution", unit="bp", transform="change_bp", window="13w", total="Yield", lines=lines
    )
    return spec, (wave("real", 90, 2, 0.2, 3), wave("breakeven", 90, 2, 0.1, 5)), {}


def stacked() -> Scene:
    lines = [{"measure": m, "label": f"Part {m.upper()}"} for m in "abcd"]
    spec = specification("stacked", unit="contracts", divide_by=1000, zero=True, lines=lines)
    return spec, tuple(wave(m, 260, 3000, 800, 1 + k, "contracts") for k, m in enumerate("abcd")), {}


def panels() -> Scene:
    above = {"title": "Above", "lines": [{"measure": "a", "label": "Above"}]}
    below = {"title": "Below", "zero": True, "unit": "usd_bn"}
    below["lines"] = [{"measure": "b", "label": "Below", "style": "second", "shape": "spikes"}]
    return specification("panels", panels=[above, below]), (wave("a", 500, 4, 0.4), wave("b", 500, 5, 5)), {}


def episodes() -> Scene:
    days = weekdays(END, 300)
    starts = [
        {"day": days[60], "label": "Before", "style": "second"},
        {"day": days[180], "label": "Then", "style": "fourth"},
    ]
    lines = [{"measure": "a", "label": "Now"}]
    spec = specification("episodes", unit="bp", transform="change_bp", lines=lines, episodes=starts)
    return spec, (wave("a", 300, 4, 0.4, 1.7),), {}


def heat() -> Scene:
    days = weekdays(END, 130)
    at = np.arange(130)
    rows = {f"state{k}": (at // (9 + 5 * k)) % 3 for k in range(5)}
    tracks = tuple(track(m, days, states.astype(float), "text") for m, states in rows.items())
    lines = [{"measure": "score", "label": "Score"}]
    lines += [
        {"measure": m, "label": f"Component {k}", "group": "Near" if k < 3 else "Far"}
        for k, m in enumerate(rows)
    ]
    spec = specification("heat", unit="index", size="full", height=50, window="26w", lines=lines)
    return spec, (wave("score", 130, 40, 30, unit="index"), *tracks), {}


SCENES: dict[str, Callable[[], Scene]] = {
    scene.__name__: scene for scene in (line, curve, bars, contribution, stacked, panels, episodes, heat)
}


def picture(kind: str) -> Image.Image:
    """Draw the scene of a kind."""
    spec, tracks, facts = SCENES[kind]()
    held = FakeMeasures({t.id: t for t in tracks})
    with house.house_style(STYLE, LOOK):
        made = KINDS[spec.kind](Inputs(spec, held, facts, CHARTS, {STRESS.id: STRESS})).picture  # type: ignore[arg-type]
        assert made is not None
        return Image.open(io.BytesIO(bitmap(made, "Source: Publisher.", DPI))).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the share of pixels that differ for the eye."""
    assert one.size == other.size
    apart = np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).max(axis=2)
    return float((apart > LEVELS).mean())


def test_every_kind_has_its_picture() -> None:
    assert set(SCENES) == set(KINDS)
    assert {path.stem for path in FOLDER.iterdir()} == set(SCENES)
    assert all(path.stat().st_size < 40_000 for path in FOLDER.iterdir())


@pytest.mark.parametrize("kind", SCENES)
def test_a_picture_is_as_it_was(kind: str, tmp_path: Path) -> None:
    found = picture(kind)
    share = difference(found, Image.open(FOLDER / f"{kind}.png").convert("RGB"))
    if share > SHARE:
        found.save(tmp_path / f"{kind}.png")
    assert share <= SHARE, f"compare {FOLDER / kind}.png with {tmp_path / kind}.png"


def test_a_stroke_of_another_place_or_colour_is_seen() -> None:
    found = picture("line")
    pixels = np.asarray(found)
    assert difference(found, Image.fromarray(np.roll(pixels, 1, axis=0))) > 5 * SHARE
    assert difference(found, found.convert("L").convert("RGB")) > 5 * SHARE


def renew() -> None:
    """Draw every reference anew."""
    FOLDER.mkdir(exist_ok=True)
    for kind in SCENES:
        picture(kind).quantize(64).save(FOLDER / f"{kind}.png", optimize=True)


if __name__ == "__main__":
    renew()
