"""Colours of charts: made from any brand's, apart for any eye, refused by name where they cannot be."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reportgen.config import LEAST_CONTRAST, PAPER, Brand, Colours, Fonts, contrast
from reportgen.errors import ChartError, ConfigError
from reportgen.figures import house
from reportgen.figures.palette import LEAST_DIFFERENCE, SOLID, differences, lightness, palette
from tests.figures.conftest import LOOK

LEAST_OF_LINES = 3.0  # contrast of graphics with their ground, Web Content Accessibility Guidelines 1.4.11
DARK = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "#" + "".join(f"{part:02x}" for part in rgb))
PRINTED = DARK.filter(lambda colour: contrast(colour, PAPER) >= LEAST_CONTRAST)


def test_the_example_brand_keeps_its_own_colours_in_charts() -> None:
    strokes, brand = palette(Colours()).strokes, Colours()
    assert (strokes["first"], strokes["second"], strokes["fourth"]) == (brand.house, brand.calm, brand.alarm)


@given(PRINTED, PRINTED, PRINTED, PRINTED, PRINTED)
def test_lines_of_any_brand_can_be_told_apart_or_are_refused(
    main: str, calm: str, caution: str, alarm: str, waiting: str
) -> None:
    brand = Colours(house=main, calm=calm, caution=caution, alarm=alarm, waiting=waiting)
    try:
        strokes = palette(brand).strokes
    except ConfigError as refused:
        named = [f"{name} {getattr(brand, name)}" in refused.message for name in SOLID.values()]
        assume(sum(named) != 2)  # named both: as it should be
        raise
    assert all(contrast(color, PAPER) >= LEAST_OF_LINES for color in strokes.values())
    for one, other in itertools.combinations(SOLID, 2):
        assert min(differences(strokes[one], strokes[other]).values()) >= LEAST_DIFFERENCE


def test_strokes_that_are_not_told_apart_by_lightness_have_dashes_of_their_own(root: Path) -> None:
    with house.house_style(root / "charts" / "house.mplstyle", LOOK):
        pens = {stroke: house.pen(stroke) for stroke in house.STROKES}
    assert {stroke for stroke, pen in pens.items() if pen.linestyle == "-"} == set(SOLID)
    dashes = [str(pen.linestyle) for stroke, pen in pens.items() if stroke not in SOLID]
    assert len(set(dashes)) == len(dashes)


def test_colours_that_look_alike_to_some_eye_are_named() -> None:
    # An eye without red light takes this violet for a blue.
    with pytest.raises(ConfigError) as caught:
        palette(Colours(house="#1f21c9", calm="#66139b"))
    assert "brand.colours: house #1f21c9 and calm #66139b" in caught.value.message
    assert "with protanopia" in caught.value.message


def test_lightness_is_that_of_cie() -> None:
    assert lightness("#000000") == 0
    assert lightness(PAPER) == pytest.approx(100, abs=0.01)
    assert lightness("#777777") == pytest.approx(50.03, abs=0.02)  # the usual middle grey of sRGB


def test_a_font_that_is_not_installed_is_named() -> None:
    with pytest.raises(ChartError, match=r"font family 'No Such Sans': no package fontpkg_no_such_sans"):
        house.look_of(Brand(name="x", fonts=Fonts(sans="No Such Sans")))


def test_widths_are_those_of_the_font_in_force(root: Path) -> None:
    widths = []
    for family in ("IBM Plex Sans", "IBM Plex Serif"):
        with house.house_style(root / "charts" / "house.mplstyle", house.Look(Colours(), family)):
            widths.append(house.text_width("Treasury yields"))
    assert widths[0] != widths[1]
    assert all(40 < width < 70 for width in widths)  # points, at 7 points
