"""The reading room in a real Chromium: from a folder and from a web server, by keyboard, without script."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from reportgen import config
from reportgen.archive import Archive
from reportgen.archive.diff import difference, files_of
from reportgen.archive.site import MARK, write_site
from reportgen.assets import asset_dir
from reportgen.errors import ArchiveError
from reportgen.pipeline import life
from reportgen.render import reading_room

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_PROGRAMS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"
VISIBLE = "rows => rows.filter(row => row.offsetParent).map(row => row.dataset.asOf)"
ALL = ["2026-02-06", "2026-01-30", "2026-01-30", "2026-01-23", "2026-01-16", "2026-01-09"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next((p for name in PROGRAMS if (p := shutil.which(name))), None)
    if found is None:
        found = next((str(path) for path in MAC_PROGRAMS if path.exists()), None)
    if found is None:
        pytest.fail("no browser; `.ci/system-packages test` installs one")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield started
        started.close()


def write(kept: Any, out: Path, *, all_states: bool = False) -> int:
    archive = Archive.open(kept.root, kept.clock)
    brand = config.load_desk(kept.desk).brand
    return write_site(archive, out, asset_dir("templates"), brand, lambda _: None, all_states=all_states)


@pytest.fixture(scope="module")
def site(kept: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("room") / "site"
    assert write(kept, out) == 6
    return out


@pytest.fixture(params=["folder", "server"])
def address(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    """Give the site's address, of the folder and of a plain web server in turn."""
    if request.param == "folder":
        yield f"{site.as_uri()}/"
        return

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open a page; whatever it asks of elsewhere or complains of fails the test."""
    faults: list[str] = []
    contexts = []

    def opened(url: str, width: int = 1280, **settings: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, **settings)
        contexts.append(context)
        page = context.new_page()
        home = url.split("/notes/")[0].removesuffix("index.html")

        def note(said: str, harmless: bool) -> None:
            if not harmless and "favicon" not in said:  # a browser asks a server for it by itself
                faults.append(said)

        page.on("request", lambda r: note(r.url, r.url.startswith(home)))
        page.on("console", lambda m: note(f"{m.text} {m.location}", m.type not in ("error", "warning")))
        page.on("pageerror", lambda error: note(str(error), False))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def shown(page: Page) -> list[str]:
    found: list[str] = page.locator("#notes tbody tr").evaluate_all(VISIBLE)
    return found


def test_the_index_filters_by_words_state_analyst_and_date(open_page: Open, address: str) -> None:
    page = open_page(f"{address}index.html")
    assert shown(page) == ALL
    page.get_by_label("Words").fill("WEEK 4")
    assert shown(page) == ["2026-02-06"]
    assert page.locator("#shown").inner_text() == "1 of 6 notes shown"
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#shown")).not_to_have_text("1 of 6 notes shown")  # a form resets after its event
    assert shown(page) == ALL
    page.get_by_label("State").select_option("withdrawn")
    assert shown(page) == ["2026-01-23"]
    page.get_by_label("State").select_option("")
    page.get_by_label("Analyst").select_option("Ann Alyst")
    page.get_by_label("As of, from").fill("2026-01-16")
    page.get_by_label("As of, to").fill("2026-01-30")
    assert shown(page) == ALL[1:5]


def test_columns_sort_by_keyboard(open_page: Open, site: Path) -> None:
    page = open_page(f"{site.as_uri()}/index.html")
    button = page.locator("thead button").first
    button.press("Enter")
    assert shown(page) == sorted(ALL)
    assert page.locator("thead th").first.get_attribute("aria-sort") == "ascending"
    button.press("Enter")
    assert shown(page) == sorted(ALL, reverse=True)
    page.get_by_role("button", name="State").click()
    states = page.locator("tbody .state").all_inner_texts()
    assert states == sorted(states)


def test_every_note_is_reached_with_its_files(open_page: Open, address: str, kept: Any) -> None:
    page = open_page(f"{address}index.html")
    page.get_by_role("link", name="Weekly: week 4").click()
    assert page.locator("h1").inner_text() == "Weekly: week 4"
    trail = page.locator("table").first.locator("tbody tr td:nth-child(3)").all_inner_texts()
    assert trail == ["note.submitted", "note.approved", "note.publishing", "note.published"]
    links = page.locator("main li a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert links == ["note.html", "note.pdf", "facts.json", "trail.json"]
    page.get_by_role("link", name="HTML").click()
    assert page.locator("h1").inner_text() == "Yields rose in week 4"


def test_copies_are_the_sealed_bytes(site: Path, kept: Any) -> None:
    archive = Archive.open(kept.root, kept.clock)
    for record in archive.notes():
        folder = site / "notes" / record.id
        for name in ("note.html", "facts.json"):
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == record.files[name]
        assert hashlib.sha256((folder / "note.pdf").read_bytes()).hexdigest() == record.signed_pdf
        trail = json.loads((folder / "trail.json").read_bytes())
        assert [entry["seq"] for entry in trail] == [e.seq for e in archive.entries(note=record.id)]


def test_what_is_no_longer_valid_says_so(open_page: Open, site: Path) -> None:
    page = open_page(f"{site.as_uri()}/notes/TW-2026-01-23-r1/index.html")
    assert "This note was withdrawn: a wrong chart." in page.locator(".warning").first.inner_text()
    page = open_page(f"{site.as_uri()}/notes/TW-2026-01-30-r1/index.html")
    page.get_by_role("main").get_by_role("link", name="TW-2026-01-30-r2").click()
    assert "Corrects" in page.locator("dl").inner_text()
    assert "a wrong number" in page.locator("dl").inner_text()
    assert "test key" in page.locator(".warning").inner_text()


def test_without_script_every_note_is_there(open_page: Open, site: Path) -> None:
    page = open_page(f"{site.as_uri()}/index.html", java_script_enabled=False)
    assert page.locator("#notes tbody tr").count() == len(ALL)
    assert not page.locator("form.filter").is_visible()


def test_a_telephone_shows_every_cell_without_scrolling_sideways(open_page: Open, site: Path) -> None:
    page = open_page(f"{site.as_uri()}/index.html", width=360)
    room = page.locator(".scroll")
    assert room.evaluate("at => at.scrollWidth - at.clientWidth") == 0
    edges = "all => Math.max(...all.map(at => at.getBoundingClientRect().right))"
    assert 0 < page.locator("#notes td, #notes a").evaluate_all(edges) <= 360
    assert page.get_by_role("row").count() == len(ALL)


@pytest.mark.parametrize(("scheme", "judged"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing(
    open_page: Open, site: Path, kept: Any, tmp_path: Path, scheme: Any, judged: int
) -> None:
    archive = Archive.open(kept.root, kept.clock)
    ids = "TW-2026-02-06-r1", "TW-2026-01-30-r2"
    found = difference(ids[0], files_of(archive, ids[0]), ids[1], files_of(archive, ids[1]))
    brand = config.load_desk(kept.desk).brand
    (tmp_path / "diff.html").write_text(reading_room.difference(asset_dir("templates"), brand, found))
    addresses = [
        *(f"{site.as_uri()}/{p}" for p in ("index.html", "notes/TW-2026-01-23-r1/index.html")),
        (tmp_path / "diff.html").as_uri(),
    ]
    for url in addresses:
        page = open_page(url, color_scheme=scheme, bypass_csp=True)
        page.evaluate(AXE)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width
            if width == judged:
                told = [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in page.evaluate(RUN)]
                assert told == [], url


def test_the_policy_forbids_other_scripts(browser: Browser, site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    index = copy / "index.html"
    index.write_text(index.read_text().replace("</main>", "<script>document.title = 'mine'</script></main>"))
    said: list[str] = []
    page = browser.new_page()
    page.on("console", lambda m: said.append(m.text))
    page.goto(index.as_uri())
    assert page.title() != "mine"
    page.close()
    assert any("Content Security Policy" in line for line in said)


def test_the_same_archive_gives_the_same_pages(kept: Any, site: Path, tmp_path: Path) -> None:
    write(kept, tmp_path / "again")
    for path in sorted(site.rglob("*")):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(site)).read_bytes() == path.read_bytes()


def test_drafts_are_shown_only_when_asked_for(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    draft = tmp_path / "draft"
    shutil.copytree(kept.root.parent / "TW-2026-02-06-r1", draft)
    manifest = json.loads((draft / "manifest.json").read_text())
    manifest |= {"id": "TW-2026-02-13-r1", "as_of": "2026-02-13T23:59:00-05:00"}
    (draft / "manifest.json").write_text(json.dumps(manifest))
    with own.taken_as_they_are():
        life.submit(own.office("ann"), draft)
    assert write(own, tmp_path / "site") == 6
    assert write(own, tmp_path / "site", all_states=True) == 7
    said = (tmp_path / "site" / "notes" / "TW-2026-02-13-r1" / "index.html").read_text()
    assert "This note is submitted, and was never published." in said
    assert (tmp_path / "site" / MARK).exists()


def test_a_folder_of_somebody_else_is_left_alone(kept: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(ArchiveError, match="holds something else"):
        write(kept, tmp_path / "mine")
    with pytest.raises(ArchiveError, match="overlaps the archive"):
        write(kept, kept.root / "site")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_a_changed_file_is_not_shown(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    digest = Archive.open(own.root, own.clock).note("TW-2026-02-06-r1").files["note.html"]
    path = own.root / "objects" / digest[:2] / digest
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"rose", b"fell"))
    with pytest.raises(ArchiveError, match="not what it was when it was sealed"):
        write(own, tmp_path / "site")
    assert not (tmp_path / "site").exists()
