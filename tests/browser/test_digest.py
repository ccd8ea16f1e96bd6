"""The digest as mail clients show it: narrow and wide, light and dark, with and without its pictures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from reportgen.pipeline import digesting
from reportgen.pipeline.analysis import Desk, add_gauge_history, analyse
from reportgen.pipeline.composing import compose
from reportgen.pipeline.design import load_design
from reportgen.pipeline.exhibits import draw_one
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
LEAST_CONTRAST = 4.5
PICTURES = "[...document.images].map(i => [i.naturalWidth, i.getBoundingClientRect().width])"
GROUNDS = "[...document.querySelectorAll('td.plate')].map(e => getComputedStyle(e).backgroundColor)"
# The colours of each element with words of its own, on the nearest ground that is not transparent.
COLOURS = """() => [...document.querySelectorAll('body *')].filter(e =>
  [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.getClientRects().length
).map(e => {
  let under = e
  while (under && getComputedStyle(under).backgroundColor === 'rgba(0, 0, 0, 0)') under = under.parentElement
  const own = getComputedStyle(e), ground = getComputedStyle(under || document.body)
  return [e.textContent.trim().slice(0, 40), own.color, ground.backgroundColor, parseFloat(own.fontSize)]
})"""


@pytest.fixture(scope="module", params=["2020-03-20", "2021-06-11"])
def digest(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the digest of a crisis and of a calm week."""
    analysis = analyse(Desk(), parse_as_of(request.param), NOW, allow_stale=True)
    add_gauge_history(analysis)
    design = load_design(Desk(), "treasury-weekly", "en")
    shown = [s for s in design.exhibits if s.id in design.definition.digest]
    figures = [draw_one(s, analysis, design, png=True) for s in shown]
    made = digesting.make(compose(analysis, design, figures), design, analysis, figures)
    folder = tmp_path_factory.mktemp("digest")
    for name, content in made.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / digesting.HTML


@pytest.fixture(params=[360, 700])
def width(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


@pytest.fixture(params=["light", "dark"])
def opened(request: pytest.FixtureRequest, browser: Browser, digest: Path, width: int) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=request.param, java_script_enabled=True
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("requestfailed", lambda r: faults.append(r.url))
    page.on("console", lambda m: faults.append(m.text))
    page.goto(digest.as_uri())
    yield page
    context.close()
    assert faults == []


def channel(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    red, green, blue = (float(c) / 255 for c in colour.strip("rgba()").split(",")[:3])
    return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue)


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_nothing_sticks_out_and_every_picture_is_there(opened: Page, width: int) -> None:
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    loaded = opened.evaluate(
        "[...document.images].map(i => [i.naturalWidth, i.getBoundingClientRect().width])"
    )
    assert 2 <= len(loaded) <= 3
    assert all(natural >= 2 * shown > 0.7 * min(width, 480) for natural, shown in loaded)


def test_every_word_is_legible(opened: Page) -> None:
    found = opened.evaluate(COLOURS)
    assert len(found) > 60
    for words, colour, ground, size in found:
        assert contrast(colour, ground) >= LEAST_CONTRAST, (words, colour, ground)
        assert size >= 12, words


def test_charts_stand_on_white_in_either_scheme(opened: Page) -> None:
    grounds = opened.evaluate(
        "[...document.querySelectorAll('td.plate')].map(e => getComputedStyle(e).backgroundColor)"
    )
    assert set(grounds) == {"rgb(255, 255, 255)"}


def test_without_pictures_their_words_are_read(browser: Browser, digest: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/*.png", refuse)
    page.goto(digest.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert all(page.evaluate("[...document.images].map(i => i.alt.endsWith('.') && i.clientHeight > 40)"))
    context.close()


def test_without_a_style_block_it_is_the_same_page(browser: Browser, digest: Path) -> None:
    """Some clients drop it: the layout must not rest on it."""
    context = browser.new_context(viewport={"width": 700, "height": 800}, color_scheme="light")
    page = context.new_page()
    page.goto(digest.as_uri())
    before = page.screenshot(full_page=True)
    page.evaluate("document.querySelectorAll('style').forEach(e => e.remove())")
    assert page.screenshot(full_page=True) == before
    context.close()
