"""What axe-core finds on the screen, and whether the page fits it."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN = "axe.run(document, {resultTypes: ['violations'], preload: false}).then(found => found.violations)"
# Thousands of rows and popovers are made alike: axe sees a few of each, in a fifth of the time.
THIN = """() => {
  document.querySelectorAll(':is(.data, .indicators) tr:nth-child(n+4)').forEach(row => row.remove());
  [...document.querySelectorAll('.pedigree:not(:popover-open)')].slice(8).forEach(p => p.remove())
}"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll('main :is(p, td, th, li, summary)')]
  .filter(element => element.offsetParent).map(element => parseFloat(getComputedStyle(element).fontSize)))"""
WIDTHS = (1280, 768, 360)
# Elements beyond the right edge, but for those in a box that scrolls by itself or that are not seen.
OUTSIDE = """() => [...document.querySelectorAll('body *')].filter(element => {
  const box = element.getBoundingClientRect()
  if (!box.width || box.right <= innerWidth + 1 || element.closest('svg svg, svg *, .skip')) return false
  for (let outer = element.parentElement; outer; outer = outer.parentElement)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(outer).overflowX)) return false
  return true
}).map(element => element.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_note: Any, scheme: str) -> None:
    page = open_note("crisis", color_scheme=scheme, bypass_csp=True).page
    page.locator("details.data summary").first.click()
    page.evaluate(THIN)
    page.evaluate(AXE)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.locator("button.fact").first.press("Enter")
        told = [f"{v['impact']}: {v['id']}: {v['nodes'][0]['html'][:200]}" for v in page.evaluate(RUN)]
        assert [line for line in told if line.startswith(("serious", "critical"))] == [], width
        assert len(told) <= 1, told  # the cell above the ordinals of a list heads nothing
        page.keyboard.press("Escape")


@pytest.mark.parametrize("name", ["crisis", "calm"])
def test_nothing_runs_over_the_edge_or_shrinks(open_note: Any, name: str) -> None:
    page = open_note(name).page
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.locator("button.fact").last.press("Enter")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate(SMALLEST) >= 12


def test_dark_differs_from_light(open_note: Any) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    page = open_note("calm", color_scheme="light").page
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ground)
    assert sum(int(part) for part in dark.removeprefix("rgb(").removesuffix(")").split(",")) < 120


def test_paper_shows_words_and_pictures_alone(open_note: Any) -> None:
    page = open_note("crisis").page
    page.emulate_media(media="print", color_scheme="dark")
    for part in (".contents", ".skip", "details.data", ".anchor", ".pedigree"):
        assert not page.locator(part).first.is_visible(), part
    assert page.locator("figure.exhibit svg").first.is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
