"""The desk's evening: what is waited for, what is done, what is told, and what the status says."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from reportgen import catalog
from reportgen.config.live import Run
from reportgen.errors import AsOfError, AuditError, DeliveryError, StoreBusyError
from reportgen.model import to_moment64
from reportgen.pipeline.analysis import Desk
from reportgen.pipeline.fetching import Report, SourceReport
from reportgen.pipeline.running import Means, _alone, pending, run, text
from reportgen.store import Store
from reportgen.store.writing import Writer
from reportgen.text import parse_as_of
from tests.pipeline.publishers import rows
from tests.store.rows import columns

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
    changed: dict[tuple[str, dt.date], float] = field(default_factory=dict)  # revisions
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
                values = (self.changed.get((series_id, r[0]), r[1]) for r in told[-9:])
                arrived = columns((r[0] for r in told[-9:]), values, to_moment64(self.now))
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


def test_what_a_run_fetches_is_public_at_its_as_of(evening):
    """A revision counts from the second in which it was seen; the note is as of the minute after it."""
    evening.now += dt.timedelta(seconds=17.5)
    settings = SETTINGS.model_copy(update={"wait_for": ()})
    found = evening.run(settings)
    assert found.as_of == FRIDAY + dt.timedelta(minutes=1)
    assert evening.built == [found.as_of]
    assert evening.slept == [42.5]  # an as-of never lies in the future
    assert evening.now == found.as_of
    evening.changed["ust_10y", dt.date(2026, 6, 11)] = 9.9
    evening.now += dt.timedelta(minutes=3, seconds=20)
    found = evening.run(settings)
    history = Store(evening.folder).snapshot(evening.built[-1]).history("ust_10y")
    assert history.values[-1] == 9.9


def test_it_waits_for_every_series_of_a_rule(evening):
    """The first contract, or the nominal curve, is not the whole publication."""
    evening.comes = {
        "cot_10y_lev_short": FRIDAY + dt.timedelta(minutes=31),
        "cot_2y_oi": FRIDAY + dt.timedelta(minutes=45),
    }
    found = evening.run(SETTINGS.model_copy(update={"wait_for": ("cftc_tff",)}))
    assert found.exit_code == 0
    assert sum(evening.slept) == 50 * 60


def test_what_is_not_here_in_time_is_named(evening):
    never = FRIDAY + dt.timedelta(days=9)
    evening.comes = {"cot_10y_lev_short": FRIDAY, "cot_2y_oi": never, "cot_5y_oi": never}
    found = evening.run(SETTINGS.model_copy(update={"wait_for": ("cftc_tff",)}))
    assert "not here in time: cftc_tff of 2026-06-09 (cot_2y_oi and 1 more series)" in text(found)


def test_what_has_ended_and_what_trails_is_not_waited_for(tmp_path):
    """A contract that is reported no more; a real yield that FRED alone gives, a day later."""
    now = parse_as_of("2026-06-12T20:00")

    def store(**days):
        folder = tmp_path / "-".join(days)
        with Writer(folder) as writer:
            for series_id, day in days.items():
                row = columns([dt.date.fromisoformat(day)], [1.0], to_moment64(now))
                writer.append({series_id: row})
        return Store(folder)

    ended = store(cot_10y_oi="2026-06-09", cot_dxy_oi="2025-06-03")
    assert pending(ended, ["cftc_tff"], now, now) == []
    behind = store(ust_10y="2026-06-12", tips_10y="2026-06-11")
    (waiting,) = pending(behind, ["treasury_close"], now, now)
    assert (waiting.period, waiting.series) == (dt.date(2026, 6, 12), ("tips_10y",))
    trailing = store(sofr="2026-06-10", sofr_p1="2026-06-11", tgcr="2026-06-11")
    (waiting,) = pending(trailing, ["sofr"], now, now)
    assert waiting.series == ("sofr",)
    # Of a rule that FRED alone serves all series are waited for.
    weekly = parse_as_of("2026-06-11T17:00")
    fred = store(h41_assets="2026-06-10", h41_reserves="2026-06-03")
    (waiting,) = pending(fred, [catalog.series("h41_reserves").publication], weekly, weekly)
    assert waiting.series == ("h41_reserves",)


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


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("step", ["build", "check", "submit"])
def test_a_rebuild_that_failed_is_done_again(evening, step, again):
    """A note of this market date stands; what came after it made another one necessary."""
    settings = SETTINGS.model_copy(update={"wait_for": ()})
    assert evening.run(settings).exit_code == 0
    if not again:
        evening.changed["ust_10y", dt.date(2026, 6, 11)] = 9.9
    evening.now += dt.timedelta(minutes=5)
    evening.failing[step] = AuditError("note.html: a number without a fact")
    for attempt in (again, False):
        assert evening.run(settings, again=attempt).exit_code == 6
    evening.failing.clear()
    assert states(evening.run(settings))["submit"] == "done"
    assert states(evening.run(settings))["build"] == "skipped"


def test_what_another_fetch_has_brought_is_built_too(evening):
    settings = SETTINGS.model_copy(update={"wait_for": ()})
    evening.run(settings)
    evening.changed["ust_10y", dt.date(2026, 6, 11)] = 9.9
    evening.now += dt.timedelta(minutes=5)
    evening.fetch(())  # by cron, every ten minutes
    assert evening.run(settings).note_id == "TW-2"


def test_what_a_killed_run_left_beside_its_memory_goes(evening):
    left = evening.folder / "state" / ".run.json.abc"
    left.parent.mkdir(parents=True)
    left.touch()
    evening.run(SETTINGS.model_copy(update={"wait_for": ()}))
    assert not left.exists()


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
