"""fetch: what it fills, what it says, what it refuses."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import time_machine

from reportgen import embedded
from reportgen.store import Store
from reportgen.store.writing import Writer
from tests.pipeline.publishers import ENDED, Publishers
from tests.sources.replay import Answered, replaying

KEY = "0123456789abcdef0123456789abcdef"
SETTINGS = """
[fetch]
sources = ["cftc", "treasury"]
since = 2026-04-01
lock_seconds = 0
attempts = 1
per_minute = {{ fred = 100000, cftc = 100000, treasury = 100000 }}
urls = {{ fred = "{base}", cftc = "{base}", treasury = "{base}", ofr = "{base}" }}
"""


@pytest.fixture
def replay():
    with replaying() as found, time_machine.travel(ENDED, tick=False):
        yield found


@pytest.fixture
def publishers(replay):
    return Publishers(replay)


@pytest.fixture
def live(desk, replay, publishers):
    """Make a desk whose publishers are on this machine."""
    file = desk / "desk.toml"
    file.write_text(file.read_text(encoding="utf-8") + SETTINGS.format(base=replay.base), encoding="utf-8")
    return desk


def test_it_fills_a_store_and_says_what_came(run, live, tmp_path):
    result = run("fetch", "--data", tmp_path / "store", "--desk", live)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("cftc")
    assert " complete " in lines[0]
    assert "against the embedded data: " in result.stdout
    assert "0 series differ" in result.stdout
    assert {"ust_10y", "cot_10y_lev_short"} <= Store(tmp_path / "store").held
    again = run("fetch", "--data", tmp_path / "store", "--desk", live)
    assert "0 new" in again.stdout


def test_json_says_the_same_for_scripts(run, live, tmp_path):
    result = run("fetch", "cftc", "--data", tmp_path / "store", "--desk", live, "--json")
    content = json.loads(result.stdout)
    assert content["complete"]
    assert content["changed"]
    (source,) = content["sources"]
    assert (source["id"], source["state"], source["failed"]) == ("cftc", "complete", {})
    assert source["requests"] == 1
    assert content["quarantine"] == content["late"] == []


def test_a_source_that_fails_is_named_with_its_status(run, live, replay, tmp_path):
    replay.route("/financial-stress-index/data/fsi.csv", Answered(b"gone", 404))
    result = run("fetch", "ofr", "treasury", "--data", tmp_path / "store", "--desk", live)
    assert result.exit_code == 11
    assert "answers 404" in result.stdout
    assert "ofr, as said above: ofr_fsi" in result.stdout
    assert "ust_10y" in Store(tmp_path / "store").held
    told = run("series", "ofr_fsi", "--data", tmp_path / "store", "--desk", live)
    assert "not fetched   ofr failed since Fri 2026-06-19 19:00: " in told.stdout
    table = run("series", "--data", tmp_path / "store", "--desk", live)
    assert "ofr failed since Fri 2026-06-19 19:00: " in table.stdout
    doctor = run("doctor", "--data", tmp_path / "store", "--desk", live)
    assert "fetch ofr" in doctor.stdout
    assert "incomplete on 2026-06-19 19:00, since 2026-06-19 19:00; never complete" in doctor.stdout


def test_without_a_key_fred_says_what_it_needs(run, live, tmp_path):
    result = run("fetch", "fred", "--data", tmp_path / "store", "--desk", live, env={"FRED_API_KEY": ""})
    assert result.exit_code == 11
    assert "FRED_API_KEY" in result.stdout
    assert "https://fred.stlouisfed.org/docs/api/api_key.html" in result.stdout


def test_the_key_is_in_nothing_that_is_said_or_kept(run, live, replay, tmp_path):
    replay.fault("/fred/series", Answered(f"<error code='500' message='{KEY}'/>".encode(), 500))
    replay.fault("/fred/series/observations", Answered(KEY.encode(), 403))
    env = {"FRED_API_KEY": KEY}
    result = run("fetch", "fred", "--data", tmp_path / "store", "--desk", live, "--json", env=env)
    assert result.exit_code == 11
    said = [result.output]
    for command in ("series", "doctor"):
        said.append(run(command, "--data", tmp_path / "store", "--desk", live, env=env).output)
    facts = run("facts", "--data", tmp_path / "store", "--desk", live, "--json", env=env)
    said.append(facts.output)
    assert KEY in str([asked.query for asked in replay.asked])
    assert not any(KEY in words for words in said)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_doctor_asks_each_publisher_on_request(run, live, replay):
    text = (live / "desk.toml").read_text(encoding="utf-8")
    every = ("fred", "cftc", "nyfed", "treasury", "fiscaldata", "ofr", "chicagofed", "tic")
    urls = ", ".join(f'{name} = "{replay.base}"' for name in every)
    start = text.index("urls = ")
    (live / "desk.toml").write_text(text[:start] + f"urls = {{ {urls} }}\n", encoding="utf-8")
    result = run("doctor", "--live", "--json", "--desk", live, env={"FRED_API_KEY": ""})
    assert result.exit_code == 11
    checks = {c["about"]: c for c in json.loads(result.stdout)["checks"] if c["about"].startswith("live ")}
    assert set(checks) == {f"live {name}" for name in every}
    assert checks["live cftc"]["state"] == "ok"
    assert checks["live cftc"]["found"].startswith("newest report: 20")
    assert checks["live fred"]["state"] == "fault"
    assert "FRED_API_KEY" in checks["live fred"]["remedy"]


def test_a_fault_of_ours_in_one_probe_is_told_and_spoils_no_other(run, live, monkeypatch):
    def broken(self, transport):
        raise KeyError(f"bug with {KEY}")

    monkeypatch.setattr("reportgen.sources.cftc.CftcSource.probe", broken)
    result = run("doctor", "--live", "--json", "--desk", live, env={"FRED_API_KEY": KEY})
    checks = {c["about"]: c for c in json.loads(result.stdout)["checks"]}
    assert result.exit_code == 11
    assert checks["live cftc"]["found"].startswith("a fault of reportgen itself (KeyError: ")
    assert checks["live treasury"]["state"] == "ok"
    assert KEY not in result.output


def test_a_damaged_memory_is_named_by_doctor_and_by_the_fetch_that_sets_it_aside(run, live, tmp_path):
    where = ("--data", tmp_path / "store", "--desk", live)
    run("fetch", "ofr", *where)
    memory = tmp_path / "store" / "state" / "fetch.json"
    memory.write_text('{"schema": 1, "sources": {"ofr": {}}, "asked": {}, "failed": {}}', encoding="utf-8")
    assert "fetch.json: sources.ofr.state: missing" in run("doctor", *where).stdout
    assert run("series", *where).exit_code == 0
    result = run("fetch", "ofr", *where)
    assert result.exit_code == 0
    assert "sources.ofr.state: missing" in result.stdout
    assert "set aside as fetch.json.damaged" in result.stdout
    assert "damaged" not in run("fetch", "ofr", *where).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no store named, and the embedded data are never changed"),
        (["--data", str(embedded.FOLDER)], "the embedded data are never changed"),
        (["--data", __file__], "not a folder"),
        (["bloomberg", "--data", "store"], "bloomberg: no such source, expected of fred, cftc, "),
        (["files", "--data", "store"], "fetch.files in desk.toml"),
        (["ofr", "--data", "store", "--since", "2099-01-01"], "2099-01-01: a day to come"),
    ],
)
def test_what_cannot_be_filled_is_refused(refused, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert words in refused(2, "fetch", *arguments)
    assert not list(tmp_path.iterdir())


def test_a_second_fetch_leaves_while_another_is_at_work(refused, live, tmp_path):
    with Writer(tmp_path / "store"):
        message = refused(11, "fetch", "--data", tmp_path / "store", "--desk", live)
    assert "another fetch is at work" in message


def test_every_fault_of_the_settings_is_named(refused, desk, tmp_path):
    file = desk / "desk.toml"
    file.write_text(
        file.read_text(encoding="utf-8")
        + """
[fetch]
since = "soon"
attempts = 0
urls = { fred = "ftp://example.com" }
api_key = "x"

[run]
mail_to = ["desk"]
wait_minutes = -1
""",
        encoding="utf-8",
    )
    message = refused(3, "fetch", "--data", tmp_path / "store", "--desk", desk)
    for key in (
        "fetch.since",
        "fetch.attempts",
        "fetch.urls",
        "fetch.api_key",
        "run.mail_to",
        "run.wait_minutes",
    ):
        assert f"{key}: " in message


def test_a_damaged_store_is_refused(refused, live, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "cftc.parquet").write_bytes(b"x")
    message = refused(4, "fetch", "--data", tmp_path / "store", "--desk", live)
    assert "cftc.parquet: not a readable Parquet file" in message


def test_a_desk_s_exceptions_hold_for_every_command(run, refused, live, publishers, tmp_path):
    publishers.until = dt.datetime(2026, 6, 8, 12, tzinfo=dt.UTC)
    (live / "publication.toml").write_text(
        """
[cause.shutdown]
known = 2026-06-08
phrase = "the shutdown of June 2026"

[[suspension]]
rules = ["cftc_tff"]
cause = "shutdown"
first = 2026-06-09
source = "https://example.com"
""",
        encoding="utf-8",
    )
    assert run("fetch", "--data", tmp_path / "store", "--desk", live).exit_code == 0
    arguments = (
        "series",
        "--due",
        "--data",
        tmp_path / "store",
        "--desk",
        live,
        "--as-of",
        "2026-06-19T16:00",
    )
    told = run(*arguments).stdout
    assert "no date announced" in told
    assert "cftc_tff of 2026-06-09: delayed by the shutdown of June 2026; no date announced" in told
    (live / "publication.toml").write_text("[strike]", encoding="utf-8")
    assert "strike: unknown table" in refused(3, *arguments)
    assert "strike: unknown table" in run("doctor", "--desk", live).stdout


def test_the_desk_s_own_files_fill_what_no_publisher_gives(run, live, tmp_path):
    exports = live / "exports"
    exports.mkdir()
    (exports / "move.csv").write_text("Date,PX_LAST\n2026-06-17,71.3\n2026-06-18,70.9\n", encoding="utf-8")
    header = """file = "move.csv"
series = "move"
unit = "index"
date_column = "Date"
value_column = "PX_LAST"
publication = "rule"
licence = "Restricted: ICE"
"""
    (exports / "move.toml").write_text(header, encoding="utf-8")
    text = (
        (live / "desk.toml").read_text(encoding="utf-8").replace("\n[fetch]", '\n[fetch]\nfiles = "exports"')
    )
    (live / "desk.toml").write_text(text, encoding="utf-8")
    arguments = ("fetch", "files", "--data", tmp_path / "store", "--desk", live)
    assert run(*arguments).exit_code == 0
    store = Store(tmp_path / "store")
    assert (tmp_path / "store" / "restricted" / "yahoo.parquet").is_file()
    assert store.snapshot(ENDED).history("move").values.tolist() == [71.3, 70.9]
    # A stray file and a faulty header are told, and no publisher waits for their mending.
    (exports / "stray.csv").write_text("x", encoding="utf-8")
    result = run("fetch", "files", "ofr", "--data", tmp_path / "store", "--desk", live)
    assert result.exit_code == 0
    assert "no header names stray.csv: not read" in result.stdout
    (exports / "move.toml").write_text(header.replace('"index"', '"furlongs"'), encoding="utf-8")
    other = ("fetch", "files", "ofr", "--data", tmp_path / "other", "--desk", live)
    result = run(*other)
    assert result.exit_code == 11
    assert "move.toml: unit: " in result.stdout
    assert "ofr_fsi" in Store(tmp_path / "other").held
