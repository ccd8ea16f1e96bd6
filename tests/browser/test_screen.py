"""The note in use: by keyboard, by pointer, and with script switched off."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from playwright.sync_api import Page

FOCUS = "document.activeElement"
COMPLETE = """() => [...document.querySelectorAll('.pedigree[id^=fact-]')].filter(p =>
  !(p.querySelector('.ped-label').textContent && p.querySelector('.ped-value').textContent
    && p.querySelectorAll('dl time').length >= 2 && p.querySelector('dl dd:last-of-type').textContent
    && p.querySelector('td') && p.querySelector('a[href^="https://"]'))).map(p => p.id)"""
CELLS = "rows => rows.map(row => [...row.cells].map(cell => cell.dataset.value ?? null))"
ROWS = "table => [...table.tBodies[0].rows].map(row => row.cells[0].textContent)"


def tab_to(page: Page, selector: str, limit: int = 80) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate(f"{FOCUS}.matches({selector!r})"):
            return
    pytest.fail(f"{selector} is not reached by {limit} presses of Tab")


def test_a_number_tells_where_it_comes_from_by_keyboard(open_note: Any) -> None:
    note = open_note("crisis")
    page = note.page
    tab_to(page, ".lead button.fact")
    fact = note.context.facts[page.evaluate(f"{FOCUS}.dataset.fact")]
    page.keyboard.press("Enter")
    shown = page.locator(".pedigree:popover-open")
    assert shown.count() == 1
    said = shown.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert fact.label in said
    assert fact.method in said
    assert fact.inputs[-1].series.title in said
    assert fact.inputs[-1].series.source in said
    assert fact.inputs[-1].day.isoformat() in said
    moments = shown.locator("time").evaluate_all("all => all.map(e => e.dateTime)")
    assert fact.observed.isoformat() in moments
    assert any("T" in m and dt.datetime.fromisoformat(m) == fact.published for m in moments)
    assert shown.locator("a").first.get_attribute("href") == fact.inputs[-1].series.url
    page.keyboard.press("Escape")
    assert page.locator(".pedigree:popover-open").count() == 0
    assert page.evaluate(f"{FOCUS}.dataset.fact") == fact.id


def test_a_popover_is_left_by_its_button(open_note: Any) -> None:
    page = open_note("calm", 360, has_touch=True).page
    page.locator("button.fact").first.tap()
    page.locator(".pedigree:popover-open .close").tap()
    assert page.locator(".pedigree:popover-open").count() == 0


def test_a_clause_runs_on_over_lines_and_opens_wherever_it_is_clicked(open_note: Any) -> None:
    page = open_note("crisis", 360).page
    clause = page.locator("label.clause").first
    words = clause.inner_text()
    clause.scroll_into_view_if_needed()
    first, *others = clause.evaluate("e => [...e.getClientRects()].map(r => [r.x, r.y, r.right])")
    assert others
    assert first[0] > others[0][0]  # it begins in the midst of a line
    page.mouse.click(first[0] + 6, first[1] + 6)
    shown = page.locator(".pedigree:popover-open")
    assert shown.locator(".ped-value").inner_text() == words
    page.keyboard.press("Escape")
    assert page.evaluate(f"{FOCUS}.ariaLabel") == words
    page.keyboard.press("Enter")
    assert shown.count() == 1


def test_every_number_has_a_whole_pedigree(still_note: Any) -> None:
    page = still_note.page
    assert page.locator("main button.fact").count() > 200
    assert page.evaluate(COMPLETE) == []
    reached = page.evaluate(
        "[...document.querySelectorAll('main :is(button.fact, button.ref)')]"
        ".every(b => b.tabIndex === 0 && b.popoverTargetElement)"
    )
    assert reached


def test_the_first_tab_offers_to_skip(open_note: Any) -> None:
    page = open_note("calm").page
    page.keyboard.press("Tab")
    assert page.evaluate(f"{FOCUS}.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#note")


def test_indicators_sort_by_keyboard_within_their_group(open_note: Any) -> None:
    page = open_note("crisis").page
    table = page.locator("table.sortable")
    head, button = table.locator("thead th").nth(2), table.locator("thead button").nth(1)
    printed = table.evaluate(ROWS)

    def column() -> list[float]:
        cells = table.locator("tbody").first.locator("tr:not(.group)").evaluate_all(CELLS)
        return [float(row[2]) for row in cells if row[2] is not None]

    assert head.get_attribute("aria-sort") == "none"
    button.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column() == sorted(column(), reverse=True)
    assert page.evaluate(f"{FOCUS}.closest('th').cellIndex") == 2
    assert table.locator("tbody").first.locator("tr").first.get_attribute("class") == "group"
    button.press("Space")
    assert head.get_attribute("aria-sort") == "ascending"
    assert column() == sorted(column())
    assert table.evaluate(ROWS) != printed
    other = table.locator("thead button").nth(3)
    other.press("Enter")
    assert table.locator("[aria-sort=descending], [aria-sort=ascending]").count() == 1
    other.press("Enter")
    other.press("Enter")
    assert table.evaluate(ROWS) == printed


def test_the_contents_fit_a_laptop_and_the_sources_a_tablet(open_note: Any) -> None:
    page = open_note("crisis").page
    wide = "e => e.scrollWidth - e.clientWidth"
    assert page.locator(".contents").evaluate(wide) <= 0
    page.set_viewport_size({"width": 768, "height": 800})
    assert page.locator(".scroll:has(> .sources)").evaluate(wide) <= 0


def test_forced_colours_keep_what_colour_says(open_note: Any) -> None:
    page = open_note("crisis", forced_colors="active").page
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    colour = "(e, style) => getComputedStyle(e, '::before').backgroundColor"
    assert page.locator(".sortable thead button").first.evaluate(colour) != ground
    assert page.locator(".dot.c-stress").first.evaluate(colour) != ground
    mark = "e => getComputedStyle(e).borderTopColor"
    assert page.locator(".scale .on").evaluate(mark) != page.locator(".scale :not(.on)").first.evaluate(mark)


def test_the_contents_mark_the_section_in_view(open_note: Any) -> None:
    width = 360
    page = open_note("crisis", width).page
    marked = page.locator(".contents [aria-current]")
    assert marked.get_attribute("href") == "#week"
    for place in ("drivers", "watch", "method", "clues"):
        page.evaluate("id => document.getElementById(id).scrollIntoView()", place)
        page.wait_for_timeout(60)
        assert marked.count() == 1
        assert marked.get_attribute("href") == ("#indicators" if place == "method" else f"#{place}")
        box = marked.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width + 1
        assert -1 <= box["y"] <= 60  # the contents follow


def test_a_link_to_a_section_is_copied(open_note: Any) -> None:
    page = open_note("crisis").page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    before = page.url
    link = page.get_by_role("link", name="Link to What is driving yields", exact=True)
    link.press("Enter")
    page.wait_for_function("document.querySelector('.said').textContent")
    assert page.evaluate("navigator.clipboard.readText()") == f"{before}#drivers"
    assert page.url == f"{before}#drivers"
    assert page.locator(".said").inner_text() == "Link copied"


def test_links_to_parts_lead_somewhere(still_note: Any) -> None:
    page = still_note.page
    lost = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))"
        ".filter(id => !document.getElementById(id))"
    )
    assert lost == []
    headed = "main > section:not(.place-opening) :is(h2, .card h3), .exhibit .xtitle"
    assert page.locator(".anchor").count() == page.locator(headed).count()


def test_a_figure_shows_its_data_by_keyboard(open_note: Any) -> None:
    note = open_note("crisis")
    page = note.page
    kept = [x for x in note.context.exhibits if x.table is not None]
    assert any(x.restricted for x in note.context.exhibits)
    assert not any(x.restricted for x in kept)
    with_table = page.locator("figure:has(details)").evaluate_all("all => all.map(e => e.id)")
    assert sorted(with_table) == sorted(f"exhibit-{x.id}" for x in kept)
    details = page.locator("details.data").first
    assert not details.locator("table").is_visible()
    details.locator("summary").press("Enter")
    assert details.locator("table").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate(f"{FOCUS}.className") == "scroll"


def test_data_are_weekly_beyond_a_year(still_note: Any) -> None:
    tables = still_note.page.locator("details.data table").evaluate_all(
        "all => all.map(t => [...t.tBodies[0].rows].map(r => r.cells[0].textContent))"
    )
    dated = [
        [dt.date.fromisoformat(d) for d in rows if re.fullmatch(r"\d{4}-\d\d-\d\d", d)] for rows in tables
    ]
    year_ago = still_note.context.market_date - dt.timedelta(days=372)
    old = [[d for d in days if d < year_ago] for days in dated]
    assert sum(len(days) > 50 for days in old) >= 5
    for days in old:
        weeks = [d.isocalendar()[:2] for d in days]
        assert len(weeks) == len(set(weeks))


def test_the_note_is_whole_without_script(open_note: Any) -> None:
    note = open_note("calm", 768, java_script_enabled=False)
    page = note.page
    assert page.locator("h1").is_visible()
    assert page.locator("figure.exhibit svg[role=img]").count() == len(note.context.exhibits)
    assert page.locator("table.sortable button:not(.fact)").count() == 0
    page.locator("button.fact").first.press("Enter")
    assert page.locator(".pedigree:popover-open").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".pedigree:popover-open").count() == 0
    page.locator("details.data summary").first.press("Enter")
    assert page.locator("details.data table").first.is_visible()
    link = page.locator(".card .anchor").first
    link.press("Enter")
    assert page.url.endswith(f"html{link.get_attribute('href')}")
    page.locator(".contents a").nth(3).press("Enter")
    assert page.url.endswith("#clues")


def test_the_policy_stops_a_strange_script_and_picture(open_note: Any) -> None:
    note = open_note("calm")
    note.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.strange = 1';"
        " document.body.append(s); const i = new Image(); i.src = 'https://example.com/x.png';"
        " document.body.append(i) }"
    )
    note.page.wait_for_timeout(100)
    assert note.page.evaluate("window.strange === undefined")
    told = [fault for fault in note.faults if "Content Security Policy" in fault]
    assert [directive for directive in ("script-src", "img-src") if directive in " ".join(told)] == [
        "script-src",
        "img-src",
    ]
    assert set(note.faults) - set(told) <= {"https://example.com/x.png"}
    note.faults.clear()


def test_the_file_is_small(still_note: Any) -> None:
    assert still_note.written.path.stat().st_size < 1_500_000
