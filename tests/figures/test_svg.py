"""The SVG: compact, self-contained, text as text."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from reportgen.figures.draw import draw
from reportgen.figures.specification import Charts
from tests.figures.conftest import LOOK, FakeMeasures, specification, track, weekdays

LINES = [
    {"measure": "ust.10y", "label": "A < B & C"},
    {"measure": "ust.2y", "label": "2-year", "style": "fourth"},
]


@pytest.fixture
def svg(charts: Charts) -> str:
    days = weekdays(dt.date(2025, 4, 10), 1300)
    noise = np.random.default_rng(0).normal(size=(2, 1300)).cumsum(axis=1)
    held = FakeMeasures(
        {"ust.10y": track("ust.10y", days, noise[0]), "ust.2y": track("ust.2y", days, noise[1])}
    )
    return draw(specification("line", lines=LINES), held, {}, charts, {}, LOOK).svg  # type: ignore[arg-type]


def test_it_is_one_element_without_ids_styles_or_references(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.attrib["width"], root.attrib["height"]) == ("84mm", "56mm")
    tags = {e.tag.removeprefix("{http://www.w3.org/2000/svg}") for e in root.iter()}
    assert tags <= {"svg", "g", "path", "text", "circle"}
    names = {name for e in root.iter() for name in e.attrib}
    assert not names & {"id", "style", "clip-path", "href", "{http://www.w3.org/1999/xlink}href"}
    assert not svg.startswith("<?xml")


def test_text_is_text_in_the_house_font(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    assert root.attrib["font-family"] == "'IBM Plex Sans', sans-serif"
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "A < B & C" in texts
    assert any(t is not None and t.startswith("−") for t in texts)
    assert "-" not in "".join(t or "" for t in texts if re.fullmatch(r"[-−]?[\d.,]+", t or ""))


def test_many_years_of_days_stay_small(svg: str) -> None:
    assert len(svg) < 25_000
    assert (
        max(
            len(n.partition(".")[2])
            for n in re.findall(r"\d+\.\d+", " ".join(re.findall(r' d="([^"]+)"', svg)))
        )
        == 1
    )


def test_everything_lies_inside_the_picture(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for path in re.findall(r' d="([^"]+)"', svg):
        numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", path)]
        assert all(-0.1 <= x <= width + 0.1 for x in numbers[::2])
        assert all(-0.1 <= y <= height + 0.1 for y in numbers[1::2])
