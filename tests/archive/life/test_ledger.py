"""The ledger: canonical lines, an unbroken chain, and a torn end that costs nothing that was written."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.archive import PROGRAM, Archive
from reportgen.archive.ledger import canonical, parse
from reportgen.errors import ArchiveError
from tests.archive.life.desk import FOUNDER, NOON, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive(tmp_path: Path, clock: Clock) -> Archive:
    return Archive.create(tmp_path / "archive", clock, FOUNDER)


def add(archive: Archive, *keys: str) -> None:
    with archive.writing() as writer:
        for key in keys:
            writer.append("delivery.queued", note="TW-2026-01-09-r1", actor=FOUNDER, key=key, body={"n": 1.5})


def lines(archive: Archive) -> list[bytes]:
    return archive.ledger.path.read_bytes().splitlines()


def test_chain_holds_for_anybody_with_a_hash_function(archive: Archive):
    add(archive, "ä", "\u2028", "😀")
    before = hashlib.sha256((archive.root / "archive.json").read_bytes()).hexdigest()
    for number, line in enumerate(lines(archive), start=1):
        entry = json.loads(line)
        assert (entry["seq"], entry["prev"]) == (number, before)
        before = hashlib.sha256(line).hexdigest()
    assert archive.head().digest == before
    assert [entry.key for entry in archive.entries("delivery.")] == ["ä", "\u2028", "😀"]


def test_lines_are_canonical_json(archive: Archive):
    """RFC 8785, section 3.2.3: members sorted by UTF-16 code units, shortest numbers, no white space."""
    body = {"€": 1e30, "\r": 4.50, "\ufb33": 2e-3, "1": 1e-27, "😀": 333333333.33333329, "ö": None}
    with archive.writing() as writer:
        writer.append("delivery.queued", actor=FOUNDER, body=body)
    expected = '"body":{"\\r":4.5,"1":1e-27,"ö":null,"€":1e+30,"😀":333333333.3333333,"\ufb33":0.002}'
    assert expected.encode() in lines(archive)[-1]


def test_time_is_in_utc_and_never_runs_back(archive: Archive, clock: Clock):
    new_york = dt.timezone(dt.timedelta(hours=-5))
    clock.at = (NOON + dt.timedelta(seconds=1, microseconds=5)).astimezone(new_york)
    add(archive, "a")
    clock.at = NOON - dt.timedelta(minutes=5)
    add(archive, "b")
    assert [json.loads(line)["at"] for line in lines(archive)] == [
        "2026-01-09T17:00:00.000000Z", "2026-01-09T17:00:01.000005Z", "2026-01-09T17:00:01.000005Z",
    ]  # fmt: skip


def test_clock_far_behind_is_refused(archive: Archive, clock: Clock):
    clock.at = NOON - dt.timedelta(hours=1)
    with pytest.raises(
        ArchiveError, match=r"the clock says 2026-01-09 16:00 UTC, the ledger ends at 2026-01-09 17"
    ):
        add(archive, "late")
    assert len(lines(archive)) == 1


def test_appending_reads_the_tail_alone(archive: Archive):
    """A ledger whose beginning is unreadable can still be added to; `verify` is what reads it all."""
    add(archive, *(str(n) for n in range(2000)))
    content = bytearray(archive.ledger.path.read_bytes())
    content[: len(content) // 2] = b"\0" * (len(content) // 2)
    archive.ledger.path.write_bytes(content)
    add(archive, "one more")
    last = lines(archive)[-1]
    assert json.loads(last)["seq"] == 2002
    assert json.loads(last)["prev"] == hashlib.sha256(lines(archive)[-2]).hexdigest()


def test_torn_line_is_kept_and_recorded_wherever_it_was_torn(tmp_path: Path, clock: Clock):
    whole = Archive.create(tmp_path / "whole", clock, FOUNDER)
    add(whole, "kept")
    before = whole.ledger.path.read_bytes()
    add(whole, "torn")
    line = whole.ledger.path.read_bytes()[len(before) :]
    for length in (1, 2, len(line) // 2, len(line) - 1):
        whole.ledger.path.write_bytes(before + line[:length])
        assert whole.unfinished() == [
            f"ledger.jsonl: {length} bytes behind the last entry, of a writer that ended too early"
        ]
        assert [e.key for e in whole.entries("delivery.")] == ["kept"]
        add(whole, "next")
        assert [e.key for e in whole.entries("delivery.")] == ["kept", "next"]
        (recovered,) = whole.entries("ledger.recovered")
        assert recovered.actor == PROGRAM
        assert recovered.body["torn"]["bytes"] == length
        assert whole.objects.get(recovered.body["torn"]["sha256"]) == line[:length]
        assert recovered.body["objects"] == [recovered.body["torn"]["sha256"]]
        assert whole.unfinished() == []
        assert whole.ledger.path.read_bytes().startswith(before)


def test_last_line_that_is_no_entry_stops_every_writer(archive: Archive):
    with archive.ledger.path.open("ab") as file:
        file.write(b"\0\0\0\0\n")
    with pytest.raises(ArchiveError, match="the last line: not an entry of a ledger") as refused:
        add(archive, "more")
    assert "archive verify" in (refused.value.hint or "")


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"{}", b'{"seq":1}', b"\xff", b"nul", b'{"a":' * 10_000],
    ids=["empty", "list", "bare", "short", "bytes", "word", "deep"],
)
def test_what_is_no_entry_is_named(line: bytes):
    with pytest.raises(ArchiveError, match="line 7: not an entry of a ledger"):
        parse(line, "line 7")


SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20)
BODIES = st.dictionaries(st.text(max_size=8), SCALARS | st.lists(SCALARS, max_size=3), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(body=BODIES, why=st.text(max_size=30), key=st.text(max_size=10))
def test_whatever_is_written_is_read_back(archive: Archive, body: dict[str, object], why: str, key: str):
    with archive.writing() as writer:
        written = writer.append("delivery.queued", actor=FOUNDER, why=why, key=key, body=body)
    last = archive.head()
    assert (last, last.body, last.why, last.key) == (written, body, why, key)
    line = (
        lines(archive)[-1] if b"\n" not in why.encode() else archive.ledger.path.read_bytes().split(b"\n")[-2]
    )
    assert canonical(json.loads(line)) == line


@pytest.mark.parametrize(
    "body", [{"n": float("nan")}, {"n": 2**60}, {"n": "\ud800"}], ids=["nan", "big", "lone"]
)
def test_what_json_cannot_hold_is_refused(archive: Archive, body: dict[str, object]):
    with pytest.raises(ArchiveError, match="the ledger cannot hold this entry"), archive.writing() as writer:
        writer.append("delivery.queued", actor=FOUNDER, body=body)
    assert len(lines(archive)) == 1
