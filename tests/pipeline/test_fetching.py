"""A store that is filled from publishers: wholly, then by what is new, whatever fails on the way."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import threading

import numpy as np
import pyarrow.parquet as pq
import pytest

from reportgen.calendars import publication
from reportgen.errors import FetchError, HostError, StoreBusyError
from reportgen.indicators.facts import compute_facts
from reportgen.indicators.measures import Measures
from reportgen.indicators.thresholds import load_thresholds
from reportgen.model import to_moment64
from reportgen.pipeline.fetch_state import State
from reportgen.sources import Answer, Quarantined, Rows, sources
from reportgen.store import Store
from tests.pipeline import tables
from tests.pipeline.desks import FIRST, KEY, SERIES, Desk, Few
from tests.pipeline.publishers import ENDED, Publishers, rows
from tests.sources.replay import RECORDED, Answered, replaying

EVERY = sorted({s for series in SERIES.values() for s in series})
BUSY = Answered(b"busy", 500)


@pytest.fixture
def desk(tmp_path):
    with replaying() as replay:
        yield Desk(tmp_path / "store", replay, Publishers(replay))


def held(desk, series_id):
    found = Store(desk.folder).rows(series_id)
    return {} if found is None else dict(zip(found.days.tolist(), found.values.tolist(), strict=True))


def files(desk):
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in desk.folder.rglob("*.parquet")}


def of(report, name):
    return next(s for s in report.sources if s.id == name)


def test_an_empty_store_is_filled_with_what_the_publishers_hold(desk):
    report = desk.fetch()
    assert report.complete
    assert report.changed
    assert not report.late
    for series_id in EVERY:
        told = {d: v for d, v, at in rows(series_id) if d >= FIRST and at <= ENDED}
        assert held(desk, series_id) == told, series_id
    names = sorted(str(p.relative_to(desk.folder)) for p in desk.folder.rglob("*.parquet"))
    assert names == ["cftc.parquet", "fred.parquet", "nyfed.parquet", "restricted/fred.parquet"]
    fred = pq.read_table(desk.folder / "fred.parquet")
    assert fred["published_at"].null_count == len(fred)  # the rules say when these were public
    assert set(fred["retrieved_at"].to_pylist()) == {ENDED}
    assert {o.series for o in report.overlap} == set(EVERY)
    assert sum(o.differs for o in report.overlap) == 0


def test_publishers_of_tables_fill_a_store_too(desk):
    """The Chicago Fed's table adds the weeks that its home, FRED, has not been asked for here."""
    swept = ("ust_fails_10y_receive", "tips_fails_deliver", "soma_lending_accepted", "swap_operations")
    tables = [sources()[name] for name in ("ofr", "chicagofed", "tic", "fiscaldata")]
    tables.append(Few(sources()["nyfed"], swept))
    first = dt.date(2025, 1, 2)
    report = desk.fetch(*tables, first=first)
    assert report.complete
    for series_id in {s for source in tables for s in source.series} - {"tga"}:
        told = {d: v for d, v, at in rows(series_id) if d >= first and at <= ENDED}
        assert held(desk, series_id) == told, series_id
    # As recorded: the Daily Treasury Statements of a week of July 2025.
    closing = {7: 332482, 8: 343047, 9: 311048, 10: 288395, 11: 282363}
    assert held(desk, "tga") == {dt.date(2025, 7, day): value for day, value in closing.items()}
    assert not [o for o in report.overlap if o.differs]
    again = desk.fetch(*tables)
    assert not again.changed
    assert sum(s.bytes for s in desk.fetch(*tables).sources) < sum(s.bytes for s in report.sources) / 20


def test_a_second_run_transfers_almost_nothing_and_changes_no_file(desk):
    first = desk.fetch(first=dt.date(2020, 1, 2))
    before = files(desk)
    sent = desk.replay.bytes
    second = desk.fetch()
    assert second.complete
    assert not second.changed
    assert files(desk) == before
    assert desk.replay.bytes - sent < sent / 10
    sent = desk.replay.bytes
    third = desk.fetch()
    assert not third.changed
    assert sum(s.not_modified for s in third.sources) >= 10
    assert desk.replay.bytes - sent < sum(s.bytes for s in first.sources) / 100


def test_a_new_day_rewrites_only_the_file_it_belongs_to(desk):
    desk.publishers.until = desk.now = dt.datetime(2026, 6, 17, 16, 0, tzinfo=dt.UTC)
    desk.fetch()
    before = files(desk)
    desk.later(hours=20)  # to the next morning: SOFR has come, the CFTC has nothing new
    report = desk.fetch()
    assert of(report, "fred").new > 0
    assert of(report, "cftc").new == 0
    after = files(desk)
    assert before["cftc.parquet"] == after["cftc.parquet"]
    assert before["nyfed.parquet"] != after["nyfed.parquet"]
    newest = Store(desk.folder).newest("sofr")
    assert newest == dt.date(2026, 6, 17)


def test_a_revision_is_a_further_row_from_the_moment_it_was_seen(desk):
    desk.fetch()
    day, value = [row[:2] for row in rows("sofr") if row[2] <= ENDED][-1]
    desk.publishers.changed["sofr", day] = value + 0.01
    desk.now += dt.timedelta(hours=3)
    report = desk.fetch(Few(sources()["fred"], ("sofr",)))
    assert of(report, "fred").revised == 1
    store = Store(desk.folder)
    before = store.snapshot(desk.now - dt.timedelta(seconds=1)).history("sofr")
    after = store.snapshot(desk.now).history("sofr")
    assert (before.values[-1], after.values[-1]) == (value, value + 0.01)
    assert after.published[-1] == to_moment64(desk.now)
    (overlap,) = [o for o in report.overlap if o.differs]
    assert (overlap.series, overlap.examples) == ("sofr", [(day.isoformat(), value, value + 0.01)])


def test_a_report_that_came_late_without_notice_counts_from_its_arrival(desk):
    """The rule has it public on Friday at 15:30; we asked in vain until Monday."""
    friday = dt.datetime(2026, 6, 12, 21, 0, tzinfo=dt.UTC)
    desk.now, desk.publishers.until = friday, dt.datetime(2026, 6, 12, 12, 0, tzinfo=dt.UTC)
    cftc = Few(sources()["cftc"], ("cot_10y_lev_short",))
    desk.fetch(cftc)
    report_day = dt.date(2026, 6, 9)
    assert publication.first_public("cftc_tff", report_day).at < friday
    assert report_day not in held(desk, "cot_10y_lev_short")
    desk.later(days=3)
    desk.fetch(cftc)
    found = Store(desk.folder).rows("cot_10y_lev_short")
    assert found is not None
    at = found.published[found.days == np.datetime64(report_day)]
    assert at.tolist() == [desk.now.replace(tzinfo=None)]
    friday_evening = Store(desk.folder).snapshot(friday).history("cot_10y_lev_short")
    assert friday_evening.days[-1].item() < report_day


def test_the_treasury_brings_the_day_and_fred_may_correct_it(desk):
    desk.now = desk.publishers.until = dt.datetime(2026, 6, 17, 23, 0, tzinfo=dt.UTC)
    day = dt.date(2026, 6, 17)
    value = next(v for d, v, _ in rows("ust_10y") if d == day)
    behind = desk.publishers.until - dt.timedelta(hours=12)
    desk.publishers.until = behind  # FRED is a day behind
    desk.fetch(Few(sources()["fred"], ("ust_10y",)))
    assert day not in held(desk, "ust_10y")
    desk.publishers.until = desk.now
    desk.fetch(Few(sources()["treasury"], ("ust_10y",)))
    assert held(desk, "ust_10y")[day] == value
    facts = compute_facts(Measures(Store(desk.folder).snapshot(desk.now)), load_thresholds())
    (seen,) = facts.facts["ust.10y.level"].inputs
    assert (seen.source, seen.day) == ("TREASURY (as FRED:DGS10)", day)
    desk.publishers.changed["ust_10y", day] = value + 0.01
    report = desk.fetch(Few(sources()["treasury"], ("ust_10y",)))
    assert (of(report, "treasury").revised, of(report, "treasury").disagreed) == (0, 1)
    assert held(desk, "ust_10y")[day] == value
    report = desk.fetch(Few(sources()["fred"], ("ust_10y",)))
    assert of(report, "fred").revised == 1


def test_a_source_that_fails_spoils_no_other_and_its_series_are_late_with_the_reason(desk):
    desk.publishers.until = dt.datetime(2026, 6, 5, 12, 0, tzinfo=dt.UTC)
    desk.fetch()
    desk.publishers.until = ENDED
    desk.replay.fault("/resource/gpe5-46if.json", *[BUSY] * 9)
    desk.replay.fault("/files/dea/history/*", *[BUSY] * 40)
    report = desk.fetch()
    assert not report.complete
    cftc = of(report, "cftc")
    assert cftc.state != "complete"
    assert "500" in (cftc.why or "") + "".join(cftc.failed.values())
    assert [s.state for s in report.sources if s.id != "cftc"] == ["complete"] * 3
    assert Store(desk.folder).newest("sofr") == dt.date(2026, 6, 17)
    assert {late.freshness.series.id for late in report.late} == set(SERIES["cftc"])
    assert all(late.freshness.state == "stale" and "500" in late.why for late in report.late)
    kept = State.read(desk.folder).failures()
    assert kept["cot_2y_oi"].source == "cftc"
    desk.replay._faults.clear()
    report = desk.fetch()
    assert report.complete
    assert not report.late
    assert not State.read(desk.folder).failures()


def test_busy_publishers_are_asked_again(desk):
    patient = Answered(b"slow down", 429, {"Retry-After": "7"})
    desk.replay.fault("/fred/series/observations", patient)
    desk.replay.fault("/api/rates/secured/tgcr/search.json", Answered(hang_up=True))
    report = desk.fetch()
    assert report.complete
    assert 7.0 in desk.slept


@pytest.mark.parametrize(
    "answer",
    [
        Answered(b"<!doctype html><html><body>Maintenance</body></html>"),
        Answered(b'<?xml version="1.0"?><observations count="2"><observation date="2025-01-02" value="4'),
        Answered(b"x" * 100, promised=5000),
        Answered(
            b'<?xml version="1.0"?><observations count="1"><obs day="2025-01-02" v="4.5"/></observations>'
        ),
        Answered(b""),
    ],
    ids=["HTML", "cut off", "truncated", "another schema", "nothing"],
)
def test_answers_that_are_none_store_nothing_and_are_named(desk, answer):
    desk.attempts = 1
    desk.replay.route("/fred/series/observations", answer, series_id="DGS10")
    report = desk.fetch(Few(sources()["fred"], ("ust_10y", "sofr")))
    fred = of(report, "fred")
    assert fred.state == "incomplete"
    assert list(fred.failed) == ["ust_10y"] or fred.quarantined
    assert "ust_10y" not in Store(desk.folder).held
    assert held(desk, "sofr")


class Odd:
    """A source of this test alone."""

    id = "odd"
    series = ("sofr", "tgcr")

    def __init__(self, answers):
        self.answers = answers

    def fetch(self, want, transport):
        yield from self.answers(want)

    def probe(self, transport):
        raise NotImplementedError


def told(*series, first=FIRST):
    return dict.fromkeys(series, first)


def some(series, *entries):
    days, values = zip(*entries, strict=True)
    return Rows(
        series,
        np.array(days, "datetime64[D]"),
        np.array(values, float),
        np.full(len(days), np.datetime64("NaT", "us")),
        ENDED,
        "https://example.com/odd",
        "0" * 64,
    )


def test_a_fault_of_ours_in_one_source_is_told_and_spoils_no_other(desk):
    def broken(want):
        yield Answer(rows=(some("tgcr", ("2026-06-01", 4.3)),))
        raise KeyError(f"bug with {KEY}")

    report = desk.fetch(Odd(broken), Few(sources()["fred"], ("ust_10y",)))
    odd = of(report, "odd")
    assert (odd.state, odd.new) == ("failed", 1)
    assert "a fault of reportgen itself (KeyError" in odd.why
    assert KEY not in odd.why
    assert of(report, "fred").state == "complete"
    assert Store(desk.folder).held == {"tgcr", "ust_10y"}


def test_a_series_of_which_nothing_comes_is_named(desk):
    once = some("sofr", ("2026-06-01", 4.3))
    report = desk.fetch(Odd(lambda want: [Answer(rows=(once,))]))
    assert of(report, "odd").notes == ["nothing came of tgcr, and nothing is held"]
    both = (once, some("tgcr", ("2026-06-01", 4.3)))
    assert not of(desk.fetch(Odd(lambda want: [Answer(rows=both)])), "odd").notes
    assert not of(desk.fetch(Odd(lambda want: [Answer()])), "odd").notes


def test_what_was_believed_and_could_not_be_stored_is_asked_for_again(desk):
    """The source took its answer for good, and noted that it need not be sent again."""
    twice = some("tgcr", ("2026-06-01", 4.3), ("2026-06-01", 4.4))

    class Trusting(Odd):
        def fetch(self, want, transport):
            transport.memory["odd/tgcr"] = {"url": "https://example.com/odd", "etag": "1"}
            yield from super().fetch(want, transport)

    once = some("sofr", ("2026-06-01", 4.3))
    assert desk.fetch(Trusting(lambda want: [Answer(rows=(once,))])).complete
    assert State.read(desk.folder).memory("odd", frozenset({"sofr"}))
    assert not desk.fetch(Trusting(lambda want: [Answer(rows=(once, twice))])).complete
    assert not State.read(desk.folder).memory("odd", frozenset({"sofr"}))


def test_a_turn_that_broke_off_says_nothing_about_what_was_not_public(desk):
    def broken(want):
        yield Answer(rows=(some("tgcr", ("2026-06-01", 4.3)),))
        raise HostError("the disk is full")

    with pytest.raises(HostError, match="the disk is full"):
        desk.fetch(Odd(broken))
    assert Store(desk.folder).held == {"tgcr"}
    assert not State.read(desk.folder).asked
    assert not State.read(desk.folder).sources


def test_rows_that_contradict_each_other_are_quarantined_and_the_others_stored(desk):
    twice = some("tgcr", ("2026-06-01", 4.3), ("2026-06-01", 4.4))
    report = desk.fetch(Odd(lambda want: [Answer(rows=(twice, some("sofr", ("2026-06-01", 4.3))))]))
    odd = of(report, "odd")
    assert (odd.state, odd.quarantined, odd.new) == ("incomplete", 1, 1)
    (path,) = report.quarantine
    (entry,) = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert entry["series"] == "tgcr"
    assert "two values of 2026-06-01" in entry["found"]


def test_a_quarantine_that_cannot_be_written_is_named(desk):
    doubt = Quarantined("odd", "sofr", "https://example.com/odd", "row 3", "43.1", "at most 25", "x")
    rows = (some("tgcr", ("2026-06-01", 4.3)),)
    odd = Odd(lambda want: [Answer(rows=rows, quarantined=(doubt,), told=told("sofr", "tgcr"))])
    desk.folder.mkdir()
    (desk.folder / "quarantine").write_text("a file where the folder should be")
    with pytest.raises(HostError, match=r"quarantine/2026-06-19-odd\.jsonl: cannot be written: File exists"):
        desk.fetch(odd)
    assert list(held(desk, "tgcr").values()) == [4.3]
    assert "tgcr" not in State.read(desk.folder).asked


def test_the_quarantine_report_says_everything_once_a_day(desk):
    doubt = Quarantined("odd", "sofr", "https://example.com/odd", "row 3", "43.1", "at most 25", "x")
    rows = (some("tgcr", ("2026-06-01", 4.3)),)
    odd = Odd(lambda want: [Answer(rows=rows, quarantined=(doubt,), told=told("sofr", "tgcr"))])
    for _ in range(3):
        report = desk.fetch(odd)
        desk.now += dt.timedelta(minutes=10)
    (path,) = report.quarantine
    assert path.name == "2026-06-19-odd.jsonl"
    (entry,) = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert (entry["where"], entry["found"], entry["expected"]) == ("row 3", "43.1", "at most 25")
    # What was not believed is no proof that it was not public.
    assert "sofr" not in State.read(desk.folder).asked
    assert "tgcr" in State.read(desk.folder).asked


def test_a_lost_file_is_fetched_again_although_nothing_has_changed_since(desk):
    desk.fetch()
    desk.fetch()
    (desk.folder / "nyfed.parquet").unlink()
    report = desk.fetch()
    assert of(report, "nyfed").new > 100
    day = dt.date(2026, 4, 9)
    found = Store(desk.folder).rows("tgcr")
    assert found is not None
    at = dict(zip(found.days.tolist(), found.published.tolist(), strict=True))
    assert at[day] == publication.first_public("sofr", day).at.astimezone(dt.UTC).replace(tzinfo=None)


def test_what_is_remembered_can_be_lost(desk):
    desk.fetch()
    for path in (desk.folder / "state").glob("*.json"):
        path.unlink()
    report = desk.fetch()
    assert (report.complete, report.changed, report.notes) == (True, False, ())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"at": ', '"when": ', "sources.cftc.at: missing"),
        ('"complete": "', '"complete": "on ', "sources.cftc.complete: "),
        ('"asked": "2026', '"asked": "x', "asked.bgcr.nyfed.asked: "),
        ('"schema": 1', '"schema": 2', "schema: "),
        ("{", "[", "not readable as JSON"),
    ],
)
def test_a_damaged_memory_is_named_and_set_aside_and_everything_is_asked_for_again(desk, old, new, said):
    desk.fetch()
    desk.fetch()
    path = desk.folder / "state" / "fetch.json"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert said in (State.read(desk.folder).damage or "")
    assert State.read(desk.folder).failures() == {}
    for memory in path.parent.glob("http-*.json"):
        memory.write_text('{"held": [], "validators": {"nyfed/tff": 5}}', encoding="utf-8")
    desk.publishers.changed["tgcr", dt.date(2026, 2, 3)] = 9.0  # far behind the usual window
    report = desk.fetch()
    assert report.complete
    (note,) = report.notes
    assert said in note
    assert note.endswith("set aside as fetch.json.damaged, and everything is asked for again")
    assert of(report, "nyfed").revised == 1
    assert path.with_name("fetch.json.damaged").exists()
    desk.replay.asked.clear()
    after = desk.fetch()
    assert (after.complete, after.notes) == (True, ())
    assert all("2026-06" in a.query["startDate"] for a in desk.replay.asked if "startDate" in a.query)


def test_what_a_killed_fetch_left_beside_its_memory_goes(desk):
    desk.fetch()
    left = [desk.folder / "state" / name for name in (".fetch.json.abc", ".http-fred.json.abc")]
    for path in left:
        path.touch()
    other = desk.folder / "state" / ".run.json.abc"  # of a run that may be at work
    other.touch()
    desk.fetch()
    assert [p.exists() for p in (*left, other)] == [False, False, True]


YEARS = {
    "treasury": (
        ("ust_2y", "ust_10y"),
        "/resource-center/data-chart-center/interest-rates/pages/xml",
        {"field_tdr_date_value": "2024"},
    ),
    "tic": (("tic_japan", "tic_total"), f"{tables.TIC}mfhhis01.txt", {}),
}


@pytest.mark.parametrize("name", YEARS)
def test_a_past_that_failed_is_asked_for_until_it_is_there(desk, name):
    """The newest came, so that the next request would begin where it ended."""
    series, path, query = YEARS[name]
    source, first = Few(sources()[name], series), dt.date(2024, 1, 2)
    everything = {s: {d: v for d, v, at in rows(s) if d >= first and at <= ENDED} for s in series}
    route = next(r for r in desk.replay._routes if r[0] == path)
    desk.replay.route(path, Answered(b"gone", 404), **query)
    for _ in range(2):
        report = desk.fetch(source, first=first)
        assert of(report, name).state == "incomplete"
        assert 0 < len(held(desk, series[0])) < len(everything[series[0]])
        assert State.read(desk.folder).lacking(name) == set(series)
    desk.replay._routes.remove(next(r for r in desk.replay._routes if r[0] == path and r is not route))
    assert desk.fetch(source, first=first).complete
    assert {s: held(desk, s) for s in series} == everything
    assert not State.read(desk.folder).gaps
    desk.replay.asked.clear()
    desk.fetch(source, first=first)
    assert len(desk.replay.asked) <= 2


def test_a_year_of_the_cftc_s_files_that_failed_is_asked_for_when_its_site_answers(desk):
    cftc, first = Few(sources()["cftc"], ("cot_10y_oi",)), dt.date(2025, 6, 3)
    api = "/resource/gpe5-46if.json"
    desk.replay.route(api, Answered(b"down", 400))
    zipped = (RECORDED / "cftc/fut_fin_txt_2026_excerpt.zip").read_bytes()
    desk.replay.route("/files/dea/history/fut_fin_txt_2026.zip", zipped)
    report = desk.fetch(cftc, first=first)
    assert "fut_fin_txt_2025" in of(report, "cftc").failed["cot_10y_oi"]
    assert min(held(desk, "cot_10y_oi")) == dt.date(2026, 1, 6)
    desk.replay._routes.pop(1)
    assert desk.fetch(cftc, first=first).complete
    assert min(held(desk, "cot_10y_oi")) == first


def test_a_gap_is_remembered_although_the_fetch_is_killed(desk):
    def broken(want):
        yield Answer(rows=(some("tgcr", ("2026-06-01", 4.3)),), failed={"tgcr": FetchError("2025: gone")})
        raise HostError("the machine goes down")

    with pytest.raises(HostError):
        desk.fetch(Odd(broken))
    asked = []

    def whole(want):
        asked.append(want.newest)
        yield Answer(told=told(*want.series))

    for _ in range(2):
        desk.fetch(Odd(whole))
    assert asked == [{}, {"tgcr": dt.date(2026, 6, 1)}]


def test_what_has_not_changed_has_not_failed_though_the_rest_of_its_source_has(desk):
    nyfed = Few(sources()["nyfed"], ("sofr", "tgcr", "bgcr"))
    for _ in range(2):
        desk.fetch(nyfed)
    desk.replay.fault("/api/rates/secured/bgcr/search.json", *[BUSY] * 9)
    report = of(desk.fetch(nyfed), "nyfed")
    assert (report.state, report.not_modified) == ("failed", 2)
    assert set(State.read(desk.folder).failures()) == {"bgcr"}


def test_only_the_days_that_were_asked_for_were_asked_for_in_vain(desk):
    """A day long ago that comes with --since was never asked for, or long ago: silence proves nothing."""
    day, late = dt.date(2026, 2, 3), dt.date(2026, 6, 16)
    some_days = tuple((d.isoformat(), v) for d, v, at in rows("tgcr") if d >= FIRST and at <= ENDED)
    recent = told("tgcr", first=dt.date(2026, 6, 5))

    def answer(*entries, since):
        return Odd(lambda want: [Answer(rows=(some("tgcr", *entries),), told=since)])

    lacking = [e for e in some_days if e[0] not in (day.isoformat(), late.isoformat())]
    desk.fetch(answer(*lacking, since=recent))
    desk.now += dt.timedelta(hours=1)
    again = some("tgcr", *some_days)
    again = dataclasses.replace(again, retrieved=desk.now)
    desk.fetch(Odd(lambda want: [Answer(rows=(again,), told=told("tgcr"))]), since=FIRST)
    found = Store(desk.folder).rows("tgcr")
    assert found is not None
    at = dict(zip(found.days.tolist(), found.published.tolist(), strict=True))
    assert at[day] == publication.first_public("sofr", day).at.astimezone(dt.UTC).replace(tzinfo=None)
    assert at[late] == desk.now.replace(tzinfo=None)
    (entry,) = State.read(desk.folder).asked["tgcr"].values()
    assert entry["since"] == FIRST.isoformat()


def test_another_unit_shows_also_when_everything_is_asked_for_again(desk):
    tgcr = Few(sources()["nyfed"], ("tgcr",))
    desk.fetch(tgcr)
    before = held(desk, "tgcr")
    for day, value in before.items():
        desk.publishers.changed["tgcr", day] = value / 100
    report = desk.fetch(tgcr, since=FIRST)
    assert of(report, "nyfed").quarantined == 1
    assert held(desk, "tgcr") == before


def test_since_asks_for_everything_again(desk):
    desk.fetch()
    desk.publishers.changed["tgcr", dt.date(2026, 2, 3)] = 9.0
    assert of(desk.fetch(), "nyfed").revised == 0  # far behind the window
    report = desk.fetch(since=dt.date(2025, 10, 1))
    assert of(report, "nyfed").revised == 1
    assert Store(desk.folder).oldest("tgcr") == dt.date(2025, 10, 1)
    found = Store(desk.folder).rows("tgcr")
    assert found is not None
    old = found.published[found.days == np.datetime64("2025-10-01")]
    assert old == to_moment64(publication.first_public("sofr", dt.date(2025, 10, 1)).at)


def test_a_fetch_beside_another_waits_or_leaves(desk):
    begun, leave = threading.Event(), threading.Event()

    def slow(want):
        begun.set()
        leave.wait(10)
        yield Answer(rows=(some("sofr", ("2026-06-01", 4.3)),))

    first = threading.Thread(target=desk.fetch, args=(Odd(slow),))
    first.start()
    assert begun.wait(10)
    with pytest.raises(StoreBusyError, match="another fetch is at work"):
        desk.fetch(Few(sources()["nyfed"], ("tgcr",)))
    threading.Timer(0.1, leave.set).start()
    report = desk.fetch(Few(sources()["nyfed"], ("tgcr",)), wait=20)
    first.join()
    assert report.complete
    assert Store(desk.folder).held == {"sofr", "tgcr"}


def test_no_file_of_a_store_holds_the_key(desk):
    desk.replay.fault("/fred/series/observations", Answered(f"no {KEY} here".encode(), 400))
    desk.replay.fault("/fred/series", Answered(f"<error code='400' message='{KEY}'/>".encode(), 400))
    report = desk.fetch()
    assert KEY in str([a.query for a in desk.replay.asked])
    assert KEY not in repr(report)
    for path in desk.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
