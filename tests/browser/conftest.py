"""Two notes, a crisis and a calm week, opened in a real Chromium that may ask the network for nothing."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from reportgen.pipeline import building
from reportgen.pipeline.analysis import Desk, analyse
from reportgen.render import pdf
from reportgen.render.context import NoteContext
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
WEEKS = {"crisis": "2020-03-20", "calm": "2021-06-11"}
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_PROGRAMS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]


@dataclass(frozen=True, slots=True)
class Written:
    """A note as a file, and what it was made of."""

    path: Path
    context: NoteContext


@dataclass(slots=True)
class Opened:
    """A note in a browser, with whatever it should not have done."""

    page: Page
    written: Written
    faults: list[str] = field(default_factory=list)

    @property
    def context(self) -> NoteContext:
        return self.written.context

    def watch(self, note: str) -> None:
        """Record requests for anything but the note, and all that the browser complains of."""
        self.page.on("request", lambda r: self._note(r.url, r.url.startswith("data:") or r.url == note))
        self.page.on("console", lambda m: self._note(m.text, m.type not in ("error", "warning")))
        self.page.on("pageerror", lambda error: self._note(str(error), False))

    def _note(self, said: str, harmless: bool) -> None:
        if not harmless:
            self.faults.append(said)


OpenNote = Callable[..., Opened]


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    """Build both notes as HTML alone: no PDF is set."""
    folder = tmp_path_factory.mktemp("screen")
    written = {}
    for name, as_of in WEEKS.items():
        contexts: list[NoteContext] = []

        def document(context: NoteContext, *_: object, held: list[NoteContext] = contexts) -> bytes:
            held.append(context)
            return b""

        analysis = analyse(Desk(), parse_as_of(as_of), NOW, allow_stale=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("reportgen.pipeline.aside._CAN_COPY", False)  # else it is set out of sight
            patch.setattr(pdf, "document", document)
            patch.setattr("reportgen.pipeline.auditing.refuse_differing", lambda *_: None)
            built = building.build(analysis, Desk(), "treasury-weekly", "en", lambda _: None)
        path = folder / f"{name}.html"
        path.write_bytes(built.files["note.html"])
        written[name] = Written(path, *contexts)
    return written


def program() -> str:
    """Find the browser; without one these tests fail, for the project's own files install it."""
    found = next((p for name in PROGRAMS if (p := shutil.which(name))), None)
    if found is None:
        found = next((str(path) for path in MAC_PROGRAMS if path.exists()), None)
    if found is None:
        pytest.fail(f"no browser: none of {', '.join(PROGRAMS)}; `.ci/system-packages test` installs one")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser for a module: a loop that runs for longer would trouble tests of others."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program(), args=QUIET)
        yield started
        started.close()


@pytest.fixture
def open_note(browser: Browser, notes: dict[str, Written]) -> Iterator[OpenNote]:
    """Open a note; whatever it asks of the network or complains of fails the test."""
    held: list[Opened] = []

    def opened(name: str, width: int = 1280, **settings: Any) -> Opened:
        held.append(_opened(browser, notes[name], width, **settings))
        return held[-1]

    yield opened
    _close(held)


@pytest.fixture(scope="module", params=list(WEEKS))
def still_note(
    request: pytest.FixtureRequest, browser: Browser, notes: dict[str, Written]
) -> Iterator[Opened]:
    """Open each note once for the tests that only read it."""
    note = _opened(browser, notes[request.param], 1280)
    yield note
    _close([note])


def _opened(browser: Browser, written: Written, width: int, **settings: Any) -> Opened:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, reduced_motion="reduce", **settings
    )
    note = Opened(context.new_page(), written)
    note.watch(written.path.as_uri())
    note.page.goto(written.path.as_uri())
    return note


def _close(notes: list[Opened]) -> None:
    for note in notes:
        note.page.context.close()
    assert [fault for note in notes for fault in note.faults] == []
