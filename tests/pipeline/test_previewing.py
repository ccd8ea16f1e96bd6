"""The preview: a real server over a copy of templates, charts and desk, followed by a browser's requests."""

from __future__ import annotations

import datetime as dt
import http.client
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reportgen.assets import asset_dir
from reportgen.errors import HostError
from reportgen.figures.figure import Figure
from reportgen.figures.specification import Specification
from reportgen.findings.events import PACKAGED as EVENTS
from reportgen.indicators.thresholds import PACKAGED as THRESHOLDS
from reportgen.pipeline import live, previewing
from reportgen.pipeline.analysis import Desk, analyse
from reportgen.pipeline.exhibits import draw_one
from reportgen.pipeline.live import Screen
from reportgen.pipeline.previewing import Preview
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
NOTE = "treasury-weekly"
CLOSED = """
[cause.closing]
known = 2025-04-01
phrase = "the closing of the week"

[[suspension]]
rules = ["cftc_tff"]
cause = "closing"
first = 2025-04-01
source = "https://example.com"
"""
PATIENCE = 60.0  # seconds; benchmarks/preview.py holds it to two


@dataclass
class Bench:
    """A preview that runs, its folders, and what it has drawn and analysed since the last look."""

    desk: Desk
    port: int = 0
    drawn: list[str] = field(default_factory=list)
    analysed: list[dt.datetime | None] = field(default_factory=list)

    def get(self, path: str = "/", host: str = "127.0.0.1") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers={"Host": host})
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def wait_for_change(self, shown: str) -> None:
        """Wait as the page's script does."""
        _, said = self.get(f"/changes?shown={version(shown)}")
        assert said.endswith("data: changed\n\n")

    def save(self, path: Path, old: str, new: str) -> tuple[int, str]:
        """Replace words in a file as an editor does, and return the page that follows in time."""
        self.drawn.clear()
        self.analysed.clear()
        _, before = self.get()
        words = path.read_text(encoding="utf-8")
        assert old in words
        aside = path.with_name(".saved")
        aside.write_text(words.replace(old, new, 1), encoding="utf-8")
        aside.replace(path)
        self.wait_for_change(before)
        return self.get()

    @property
    def template(self) -> Path:
        return self.desk.assets("templates") / NOTE / "en" / "sections" / "deck.html.j2"

    @property
    def charts(self) -> Path:
        return self.desk.assets("charts")


def version(page: str) -> str:
    found = re.search(r"/changes\?shown=(\w+)", page)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    for name in ("templates", "charts"):
        shutil.copytree(asset_dir(name), folder / name)
    shutil.copytree(folder / "templates" / "brand", folder / "desk")
    for file in (THRESHOLDS, EVENTS):
        shutil.copy(file, folder / "desk")
    desk = Desk(folder=folder / "desk", templates=folder / "templates", charts=folder / "charts")
    made = Bench(desk)

    def drawing(spec: Specification, *rest: object) -> Figure:
        made.drawn.append(spec.id)
        return draw_one(spec, *rest)  # type: ignore[arg-type]

    def analysing(desk: Desk, as_of: dt.datetime | None, *rest: object, **named: object) -> object:
        made.analysed.append(as_of)
        return analyse(desk, as_of, *rest, **named)  # type: ignore[arg-type]

    screen, end = Screen(), threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(previewing, "draw_one", drawing)
        patch.setattr(previewing, "analyse", analysing)
        preview = Preview(desk, parse_as_of("2025-04-10"), NOW, NOTE, "en")
        stamps = live.refresh(preview, screen)
        following = threading.Thread(target=live.follow, args=(preview, screen, stamps, end.wait))
        following.start()
        try:
            with live.serving(screen, 0) as address:
                made.port = int(address.rstrip("/").rpartition(":")[2])
                yield made
        finally:
            end.set()
            following.join()


def test_page_is_the_note_with_a_script_that_waits(bench: Bench) -> None:
    status, page = bench.get()
    assert status == 200
    assert page.count("<figure") >= 12
    assert page.count("new EventSource") == 1
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert policy[1].count("script-src") == 1
    assert "connect-src 'self'" in policy[1]
    assert "unsafe-inline'; script" not in policy[1].replace("style-src 'unsafe-inline'", "")


def test_saved_words_appear_and_redraw_nothing(bench: Bench) -> None:
    status, page = bench.save(bench.template, "", "Words of this minute. ")
    assert status == 200
    assert "Words of this minute." in page
    assert bench.drawn == []
    assert bench.analysed == []


def test_saved_chart_redraws_itself_alone(bench: Bench) -> None:
    status, page = bench.save(bench.charts / "slopes.toml", 'window = "', 'height = 60\nwindow = "')
    assert status == 200
    assert bench.drawn == ["slopes"]
    assert 'height="60mm"' in page
    assert bench.analysed == []


def test_fault_is_shown_and_goes_when_mended(bench: Bench) -> None:
    status, page = bench.save(bench.template, "", "{{ fact('no.such.fact') }}")
    assert status == 500
    assert "<h1>TemplateError</h1>" in page
    assert "no fact &#x27;no.such.fact&#x27;" in page
    assert "deck.html.j2 line 1" in page
    assert "<script" in page.partition("</main>")[2]
    status, page = bench.save(bench.template, "{{ fact('no.such.fact') }}", "")
    assert status == 200
    assert bench.drawn == []


def test_faulty_chart_is_shown_and_goes_when_mended(bench: Bench) -> None:
    chart = bench.charts / "yields.toml"
    status, page = bench.save(chart, 'kind = "line"', 'kind = "pie"')
    assert status == 500
    assert "yields.toml: kind: found &#x27;pie&#x27;" in page
    status, _ = bench.save(chart, 'kind = "pie"', 'kind = "line"')
    assert status == 200
    assert bench.drawn == []


def test_saved_desk_file_appears(bench: Bench) -> None:
    assert bench.desk.folder is not None
    file = bench.desk.folder / "desk.toml"
    status, page = bench.save(file, 'name = "', 'name = "Renamed ')
    assert status == 200
    assert "Renamed " in page
    assert bench.drawn == []


def test_saved_threshold_computes_facts_again(bench: Bench) -> None:
    assert bench.desk.folder is not None
    before = bench.get()[1]
    status, page = bench.save(bench.desk.folder / "thresholds.toml", "value = ", "value = 1")
    assert status == 200
    assert bench.analysed == [parse_as_of("2025-04-10")]
    assert "yields" not in bench.drawn
    assert version(page) != version(before)


def test_the_record_of_the_gauge_appears_when_asked_for(bench: Bench) -> None:
    note = bench.desk.assets("templates") / NOTE / "note.toml"
    before = bench.get()[1]
    assert "The liquidity gauge day by day since" not in before
    status, page = bench.save(note, "gauge_record = false", "gauge_record = true")
    assert status == 200
    assert "The liquidity gauge day by day since" in page
    bench.save(note, "gauge_record = true", "gauge_record = false")
    assert bench.get()[1] == before


def test_an_exception_of_the_desk_s_calendar_computes_facts_again(bench: Bench) -> None:
    assert bench.desk.folder is not None
    file = bench.desk.folder / "publication.toml"
    before = bench.get()[1]
    assert "the closing of the week" not in before
    file.write_text(CLOSED, encoding="utf-8")
    bench.wait_for_change(before)
    status, page = bench.get()
    assert status == 200
    assert "the closing of the week" in page
    file.unlink()
    bench.wait_for_change(page)
    assert bench.get() == (200, before)


def test_folder_that_goes_and_returns_ends_nothing(bench: Bench) -> None:
    _, before = bench.get()
    charts = bench.charts
    aside = charts.rename(charts.with_name("aside"))
    bench.wait_for_change(before)
    status, fault = bench.get()
    assert status == 500
    assert "<h1>AssetError</h1>" in fault
    aside.rename(charts)
    bench.wait_for_change(fault)
    assert bench.get() == (200, before)


def test_same_page_disturbs_nobody(bench: Bench) -> None:
    _, before = bench.get()
    (bench.template.parent / "aside.txt").write_text("read by no template", encoding="utf-8")
    time.sleep(3 * live.PAUSE)
    assert bench.get()[1] == before


def test_only_this_machine_is_answered(bench: Bench) -> None:
    assert bench.get(host="localhost:1")[0] == 200
    assert bench.get(host="desk.example")[0] == 403
    assert bench.get("/note.pdf")[0] == 404
    with pytest.raises(HostError, match=f"port {bench.port} of 127.0.0.1 is in use") as refused:
        live.serving(Screen(), bench.port).__enter__()
    assert "--port" in str(refused.value)


def test_policy_without_scripts_gains_one() -> None:
    page = live.with_reload(
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><body></body>""", "v"
    )
    assert re.search(r"content=\"default-src 'none'; script-src 'sha256-[^']+'; connect-src 'self'\"", page)
    assert page.endswith("</script></body>")
