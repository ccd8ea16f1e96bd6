"""The desk's evening: what is waited for, what is done, what is told, and what the status says."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from reportgen.config.live import Run
from reportgen.errors import AsOfError, AuditError, DeliveryError, StoreBusyError
from reportgen.model import to_moment64
from reportgen.pipeline.analysis import Desk
from reportgen.pipeline.fetching import Report, SourceReport
from reportgen.pipeline.running import Means, _alone, pending, run, text
from reportgen.store import Store
from reportgen.store.writing import Writer, columns
from reportgen.text import parse_as_of
from tests.pipeline.publishers import rows

SETTINGS = Run(wait_minutes=60, poll_minutes=10, mail_to=("desk@example.com",))
FRIDAY = parse_as_of("2026-06-12T15:00")


@dataclass
class Evening:
    """An evening on which time passes only while one waits."""

    folder: Path
    now: dt.datetime = FRIDAY
    comes: dict[str, dt.datetime] = field(default_factory=dict)  # series -> when its publisher has it
    asked: list[tuple[str, ...]] = field(default_factory=list)
    built: list[dt.datetime] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    source: SourceReport | None = None
    failing: dict[str, Exception] = field(default_factory=dict)

    def fetch(self, rules) -> Report:
        """Store what has come by now."""
        self.asked.append(tuple(rules))
        self._fail("fetch")
        new = 0
        with Writer(self.folder) as writer:
            for series_id, at in self.comes.items():
                told = [
                    r[:2] for r in rows(series_id) if r[2] <= min(self.now, FRIDAY + dt.timedelta(days=3))
                ]
                if self.now < at:
                    told = [r for r in told if r[0] < dt.date(2026, 6, 9)]
                arrived = columns((r[0] for r in told[-9:]), (r[1] for r in told[-9:]), to_moment64(self.now))
                new += writer.append({series_id: arrived})[series_id].new
        source = self.source or SourceReport("odd", 1)
        source.new = new
        return Report(self.folder, self.now, (source,), (), (), ())

    def build(self, as_of) -> Path:
        self._fail("build")
        self.built.append(as_of)
        folder = self.folder.parent / "output"
        folder.mkdir(exist_ok=True)
        (folder / "manifest.json").write_text(json.dumps({"id": f"TW-{len(self.built)}"}), encoding="utf-8")
        return folder

    def check(self, folder) -> str:
        self._fail("check")
        return "as sealed"

    def submit(self, folder) -> str:
        self._fail("submit")
        return "submitted"

    def tell(self, subject, words) -> str:
        self._fail("mail")
        self.told.append((subject, words))
        return "1 told"

    def sleep(self, seconds) -> None:
        self.slept.append(seconds)
        self.now += dt.timedelta(seconds=seconds)

    def _fail(self, name) -> None:
        if name in self.failing:
            raise self.failing[name]

    def run(self, settings=SETTINGS, **more):
        means = Means(
            lambda: self.now, self.sleep, self.fetch, self.build, self.check, self.submit, self.tell
        )
        return run(Desk(self.folder), settings, means, lambda _: None, **more)


@pytest.fixture
def evening(tmp_path):
    at = FRIDAY + dt.timedelta(minutes=37)
    return Evening(tmp_path / "store", comes={"cot_10y_lev_short": at, "ust_10y": FRIDAY})


def states(found):
    return {step.name: step.state for step in found.steps}


def test_it_waits_for_what_is_due_and_then_does_everything_in_order(evening):
    found = evening.run(SETTINGS.model_copy(update={"wait_for": ("cftc_tff",)}))
    assert found.exit_code == 0
    assert list(states(found)) == ["fetch", "build", "check", "submit", "mail"]
    # Due at 15:30: not asked before; not there at 15:30, asked again ten minutes later.
    assert evening.asked == [(), ("cftc_tff",), ("cftc_tff",)]
    assert evening.slept == [1800.0, 600.0]
    assert evening.built == [FRIDAY + dt.timedelta(minutes=40)]
    assert Store(evening.folder).newest("cot_10y_lev_short") == dt.date(2026, 6, 9)
    ((subject, words),) = evening.told
    assert subject == "TW-1: fetch, build, check, submit"
    assert "submit  done     submitted" in words


def test_it_waits_no_longer_than_it_may_and_says_what_is_not_here(evening):
    evening.comes["cot_10y_lev_short"] = FRIDAY + dt.timedelta(hours=9)
    found = evening.run(SETTINGS.model_copy(update={"wait_for": ("cftc_tff",)}))
    assert sum(evening.slept) == 3600
    assert found.exit_code == 11  # the note stands, and something did not come
    assert states(found)["submit"] == "done"
    assert "not here in time: cftc_tff of 2026-06-09" in text(found)
    assert evening.told[0][0] == "TW-1: fetch failed"


def test_what_has_no_date_or_is_not_held_is_not_waited_for(evening, tmp_path):
    with Writer(tmp_path / "cot") as writer:
        series = columns([dt.date(2025, 9, 23)], [1.0], np.datetime64("2025-09-26T19:30", "us"))
        writer.append({"cot_10y_lev_short": series})
    store = Store(tmp_path / "cot")
    inside = parse_as_of("2025-11-14T20:00")  # the shutdown is over, no date has been announced
    assert pending(store, ["cftc_tff", "treasury_close"], inside, inside + dt.timedelta(hours=2)) == []
    dated = parse_as_of("2025-11-19T15:00")
    (waiting,) = pending(store, ["cftc_tff"], dated, dated + dt.timedelta(hours=2))
    assert (waiting.period, waiting.due) == (dt.date(2025, 9, 30), parse_as_of("2025-11-19T15:30"))
    assert pending(store, ["cftc_tff"], dated, dated + dt.timedelta(minutes=20)) == []


def test_a_second_run_builds_nothing_where_nothing_has_come(evening):
    settings = SETTINGS.model_copy(update={"wait_for": ()})
    evening.run(settings)
    evening.now += dt.timedelta(minutes=5)
    found = evening.run(settings)
    assert states(found) == {"fetch": "done", "build": "skipped"}
    assert "nothing new since TW-1" in text(found)
    assert (len(evening.built), len(evening.told)) == (1, 1)
    assert evening.run(settings, again=True).note_id == "TW-2"
    evening.now = FRIDAY + dt.timedelta(minutes=50)  # the report has come
    assert evening.run(settings).note_id == "TW-3"
    evening.now = FRIDAY + dt.timedelta(days=3)  # another market date
    assert evening.run(settings).note_id == "TW-4"


def test_a_run_that_failed_is_done_again(evening):
    settings = SETTINGS.model_copy(update={"wait_for": ()})
    evening.failing["check"] = AuditError("note.html: a number without a fact")
    assert evening.run(settings).exit_code == 6
    evening.failing.clear()
    assert states(evening.run(settings))["submit"] == "done"


@pytest.mark.parametrize(
    ("step", "error", "status"),
    [
        ("build", AsOfError("the newest 10-year yield is of 2026-05-01"), 4),
        ("check", AuditError("note.html: a number without a fact"), 6),
        ("submit", DeliveryError("no"), 10),
        ("mail", DeliveryError("mail.example.com: refused"), 10),
    ],
)
def test_the_status_says_what_failed_and_the_desk_is_told(evening, step, error, status):
    evening.failing[step] = error
    found = evening.run(SETTINGS.model_copy(update={"wait_for": ()}))
    assert found.exit_code == status
    assert states(found)[step] == "failed"
    after = list(states(found))[list(states(found)).index(step) + 1 :]
    assert after in ([], ["mail"])
    if step != "mail":
        assert f"{step} failed" in evening.told[0][0]
        assert str(error) in evening.told[0][1]


def test_what_stands_in_the_way_of_the_note_goes_before_an_incomplete_fetch(evening):
    evening.source = SourceReport("odd", 1, state="failed", why="no answer")
    evening.failing["build"] = AsOfError("too old")
    found = evening.run(SETTINGS.model_copy(update={"wait_for": ()}))
    assert found.exit_code == 4
    assert "odd failed: no answer" in text(found)


def test_a_fetch_beside_it_is_waited_for_and_stops_nothing(evening):
    evening.run(SETTINGS.model_copy(update={"wait_for": ()}))
    evening.failing["fetch"] = StoreBusyError("store: another fetch is at work")
    found = evening.run(SETTINGS.model_copy(update={"wait_for": ()}), again=True)
    assert sum(evening.slept) == 3600
    assert (found.exit_code, states(found)["build"]) == (11, "done")
    assert "another fetch is at work" in text(found)


def test_a_fault_of_ours_is_told_before_it_is_raised(evening):
    evening.failing["build"] = ZeroDivisionError("never")
    with pytest.raises(ZeroDivisionError):
        evening.run(SETTINGS.model_copy(update={"wait_for": ()}))
    assert evening.told[0][0] == "no note: reportgen failed"


@pytest.mark.parametrize(("mail_on", "good", "bad"), [("always", 1, 1), ("failure", 0, 1), ("never", 0, 0)])
def test_the_desk_hears_as_often_as_it_wants(evening, mail_on, good, bad):
    settings = SETTINGS.model_copy(update={"wait_for": (), "mail_on": mail_on})
    evening.run(settings)
    assert len(evening.told) == good
    evening.told.clear()
    evening.failing["build"] = AsOfError("too old")
    evening.run(settings, again=True)
    assert len(evening.told) == bad


def test_a_run_leaves_while_another_is_at_work(evening):
    with _alone(evening.folder), pytest.raises(StoreBusyError, match="another run is at work"):
        evening.run()
    assert not evening.asked
