"""The page for the screen: complete, self-contained, accessible, in the colours of the desk."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from reportgen.config import Desk
from reportgen.errors import TemplateError
from reportgen.render import html
from reportgen.render.context import Exhibit, NoteContext

VOID = frozenset(("meta", "link", "img", "br", "hr", "input", "path", "circle", "rect", "line", "use"))


class Page(HTMLParser):
    """The elements of a page, in order, and whether they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module")
def text(context: NoteContext, templates: Path) -> str:
    return html.page(context, templates)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_elements_nest_and_ids_are_unique(page: Page) -> None:
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_page_asks_the_network_for_nothing(text: str, page: Page) -> None:
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "xlink:href", "data"):
            if tag != "a" and attributes.get(name, "").startswith(("http", "//", "file")):
                pytest.fail(f"<{tag} {name}={attributes[name]!r}>")
    assert page.all("link", "iframe", "object") == []
    assert page.all("script") == [{}]
    assert re.findall(r"url\((?!['\"]?(?:data:|#))", text) == []
    assert "@import" not in text


def test_the_policy_forbids_everything_but_what_is_inside(text: str, page: Page) -> None:
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "http" not in policy
    script = text[text.index("<script>") + len("<script>") : text.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "")
    assert len(script) < 4000


def test_paper_has_no_script_and_no_links_to_parts(context: NoteContext, templates: Path) -> None:
    printed = html.print_page(context, templates)
    for part in ("<script", "script-src", 'class="anchor"', "data-value", "tabindex", "popover"):
        assert part not in printed.split("</style>")[1], part


def test_headings_and_exhibits_carry_a_link_to_themselves(page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [a for a in page.all("a") if a.get("class") == "anchor"]
    assert {a["href"][1:] for a in links} <= ids
    assert {"drivers", "indicators", "exhibit-curve", "driver-basis-trade"} <= {a["href"][1:] for a in links}
    names = [a["aria-label"] for a in links]
    assert len(set(names)) == len(names)
    assert re.fullmatch(r"Link to Exhibit \d+", next(n for n in names if "Exhibit" in n))


def test_rows_of_the_indicator_table_carry_what_they_sort_by(context: NoteContext, text: str) -> None:
    row = re.search(r'<td data-value="([^"]+)"><button[^>]*data-fact="ust\.10y\.level"', text)
    assert row is not None
    assert float(row[1]) == context.facts["ust.10y.level"].value
    days = re.findall(r'<td class="word" data-value="(\d+)"><time datetime="([^"]+)"', text)
    assert days
    assert all(dt.date.fromordinal(int(n)).isoformat() == day for n, day in days)


def test_every_number_opens_a_pedigree_that_exists(text: str, page: Page) -> None:
    targets = {b["popovertarget"] for b in page.all("button")}
    popovers = {attributes["id"] for _, attributes in page.elements if "popover" in attributes}
    assert targets
    assert targets == popovers
    assert "difference of closes, ×100" in text
    assert "https://fred.stlouisfed.org/series/DGS10" in text


def test_headings_skip_no_level(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_language_and_title_are_set(text: str, page: Page) -> None:
    assert page.all("html")[0]["lang"] == "en"
    assert "<title>Treasury Weekly: Long end breaks, dollar follows; funding holds</title>" in text


def test_every_figure_has_a_sentence_and_offers_its_data(page: Page, context: NoteContext) -> None:
    pictures = [attributes for attributes in page.all("svg") if attributes.get("role") == "img"]
    assert len(pictures) == len(context.exhibits)
    assert all(p["aria-label"] == "The 10-year yield stands at 4.40%." for p in pictures)
    assert len(page.all("details")) == len(context.exhibits)


def test_header_cells_say_what_they_head(page: Page) -> None:
    assert all("scope" in attributes for attributes in page.all("th"))


def test_exhibits_are_numbered_as_they_appear(text: str) -> None:
    numbers = re.findall(r"Exhibit <span data-ordinal>(\d+)</span>", text)
    assert numbers == [str(n + 1) for n in range(len(numbers))]
    assert re.search(r'href="#exhibit-cot_shorts">Exhibit&nbsp;\d+</a>', text)
    assert not any(0xE000 <= ord(c) <= 0xF8FF for c in text)


def test_a_restricted_figure_offers_no_table(
    make_context: Callable[..., NoteContext], make_exhibit: Callable[..., Exhibit], templates: Path
) -> None:
    base = make_context()
    shown = tuple(replace(x, table=None, restricted=True) if x.id == "risk" else x for x in base.exhibits)
    drawn = Page(html.page(replace(base, exhibits=shown), templates))
    assert len(drawn.all("details")) == len(shown) - 1


def test_absent_exhibits_leave_no_gap(make_context: Callable[..., NoteContext], templates: Path) -> None:
    base = make_context()
    kept = tuple(
        x for x in base.exhibits if x.id not in ("curve", "dollar_yield", "gauge", "tic", "decomposition")
    )
    text = html.page(replace(base, exhibits=kept), templates)
    assert "policy ." not in text
    assert re.search(
        r"not another path of policy\.</p>", text
    )  # the reference in brackets went with its exhibit
    assert len(re.findall('<figure class="exhibit', text)) == len(kept)


def test_a_reference_without_brackets_to_an_absent_exhibit_is_an_error(
    make_context: Callable[..., NoteContext], templates: Path
) -> None:
    base = make_context()
    kept = tuple(x for x in base.exhibits if x.id != "cot_shorts")
    with pytest.raises(
        TemplateError, match=r"named in advance.*refers to an exhibit that is not shown|not shown"
    ):
        html.page(replace(base, exhibits=kept), templates)


def test_an_exhibit_cannot_be_shown_twice(context: NoteContext, own_templates: Path) -> None:
    section = own_templates / "treasury-weekly" / "en" / "sections" / "risks.html.j2"
    section.write_text("{{ exhibit('curve') }}", encoding="utf-8")
    with pytest.raises(TemplateError, match="'curve' is shown twice"):
        html.page(context, own_templates)


def test_an_empty_section_is_left_out(context: NoteContext, own_templates: Path) -> None:
    section = own_templates / "treasury-weekly" / "en" / "sections" / "gaps.html.j2"
    section.write_text("{% if false %}x{% endif %}\n", encoding="utf-8")
    assert 'id="gaps"' not in html.page(context, own_templates)


def rebranded(desk: Desk, **changes: object) -> Desk:
    return desk.model_copy(update={"brand": desk.brand.model_copy(update=changes)})


def test_what_a_desk_writes_is_escaped(make_context: Callable[..., NoteContext], templates: Path) -> None:
    base = make_context()
    hostile = rebranded(base.desk, name="<script>alert(1)</script>")
    for text, scripts in (
        (html.page(replace(base, desk=hostile), templates), 1),
        (html.print_page(replace(base, desk=hostile), templates), 0),
    ):
        assert text.count("<script") == scripts
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


def test_a_second_brand_needs_no_template(make_context: Callable[..., NoteContext], templates: Path) -> None:
    base = make_context()
    colours = base.desk.brand.colours.model_copy(update={"house": "#5b1a33"})
    desk = rebranded(base.desk, name="Harbour Research", colours=colours)
    for text in (
        html.page(replace(base, desk=desk), templates),
        html.print_page(replace(base, desk=desk), templates),
    ):
        styles = text[text.index("<style>") : text.index("</style>")]
        assert "#5b1a33" in styles
        assert "#14365d" not in styles
        assert "Harbour Research" in text


def test_a_font_that_is_not_installed_is_named(
    make_context: Callable[..., NoteContext], templates: Path
) -> None:
    base = make_context()
    fonts = base.desk.brand.fonts.model_copy(update={"serif": "No Such Serif"})
    with pytest.raises(TemplateError, match="no package fontpkg_no_such_serif"):
        html.page(replace(base, desk=rebranded(base.desk, fonts=fonts)), templates)


def test_the_page_is_small_and_the_same_each_time(text: str, context: NoteContext, templates: Path) -> None:
    assert len(text.encode()) < 1_500_000
    assert html.page(context, templates) == text


def test_fonts_are_inside(text: str) -> None:
    assert text.count("@font-face{") >= 3
    assert text.count("url('data:font/woff2;base64,") == text.count("@font-face{")
