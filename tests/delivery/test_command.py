"""`send` and `deliveries` as a person or cron calls them."""

from __future__ import annotations

import csv
import email
import io
import json
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reportgen.archive import Archive, Entry
from reportgen.archive.ledger import Ledger
from reportgen.cli import cli
from reportgen.cli import deliveries as deliveries_command
from reportgen.delivery.record import deliveries
from tests.delivery.conftest import NOTE, SENDER, Running, Script, Start, publish, reader
from tests.delivery.desks import make_desk, write_list

READERS = [reader(n) for n in range(4)]
Call = Callable[..., Result]


def parsed(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def plain_words(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def sending(desk: Path | None, archive: Archive) -> list[str]:
    where = ["--desk", str(desk)] if desk is not None else []
    return ["send", NOTE, "--yes", "--as", "c.approver", *where, "--archive", str(archive.root)]


@pytest.fixture
def running(serve: Start) -> Running:
    return serve()


@pytest.fixture
def desk(tmp_path: Path, running: Running) -> Path:
    return make_desk(tmp_path / "desk", running, READERS)


@pytest.fixture
def call(desk: Path, live_archive: Archive) -> Call:
    """Run a command of a desk whose archive holds a published note."""
    publish(live_archive)

    def run(*arguments: str | Path, person: str = "c.approver", input: str | None = None) -> Result:
        environment = {"REPORTGEN_DESK": str(desk), "REPORTGEN_ARCHIVE": str(live_archive.root)}
        environment |= {"REPORTGEN_PERSON": person} if person else {}
        runner = CliRunner(env=environment)
        return runner.invoke(cli, [str(a) for a in arguments], input=input, catch_exceptions=False)

    return run


def test_a_note_goes_out_and_the_ledger_tells(call: Call, running: Running) -> None:
    result = call("send", NOTE, "--yes")
    assert (result.exit_code, result.stdout) == (0, f"{NOTE}: 4 accepted\n")
    assert len(running.script.taken) == 5
    again = call("send", NOTE, "--yes")
    assert (again.exit_code, again.stdout) == (0, f"{NOTE}: 0 accepted, 4 had it\n")
    table = call("deliveries", NOTE).stdout.splitlines()
    assert table[0].split() == ["recipient", "state", "at", "reply"]
    assert [line.split()[:2] for line in table[1:]] == [
        ["@journal-1", "accepted"],
        *([r.id, "accepted"] for r in READERS),
    ]
    assert call("deliveries").stdout == f"{NOTE}  published  4 accepted\n"


def test_deliveries_for_scripts(call: Call) -> None:
    call("send", NOTE, "--yes")
    rows = json.loads(call("deliveries", NOTE, "--json").stdout)
    assert [row["recipient"] for row in rows] == ["@journal-1", *(r.id for r in READERS)]
    assert rows[1]["message_id"].startswith(f"<{NOTE}.")
    assert rows[1]["at"].endswith("Z")
    table = list(csv.DictReader(io.StringIO(call("deliveries", "--csv").stdout)))
    rows[0]["recipient"] = "'@journal-1"  # which a spreadsheet would take for a formula
    assert [{k: str(v) for k, v in row.items()} for row in rows] == table
    (row,) = json.loads(call("deliveries", "--recipient", READERS[2].id.upper(), "--json").stdout)
    assert (row["note"], row["state"]) == (NOTE, "accepted")
    assert call("deliveries", NOTE, "--json", "--csv").exit_code == 2
    assert call("deliveries", "TW-2024-01-05-r1").exit_code == 8


def test_nothing_sent_yet(call: Call) -> None:
    assert call("deliveries").stdout == "nothing was sent\n"
    assert call("deliveries", NOTE).stdout == "nothing was sent\n"


def test_a_rehearsal_sends_nothing(
    call: Call, running: Running, live_archive: Archive, tmp_path: Path
) -> None:
    out = tmp_path / "rehearsal"
    result = call("send", NOTE, "--dry-run", out, person="")
    assert result.exit_code == 0
    assert "4 messages and the journal's" in result.stdout
    assert sorted(p.name for p in out.iterdir()) == sorted(
        ["@journal-1.eml", "summary.json", *(f"{r.id}.eml" for r in READERS)]
    )
    for one in READERS:
        message = parsed((out / f"{one.id}.eml").read_bytes())
        assert [a.addr_spec for a in message["To"].addresses] == [one.email]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["to_send"] == 4
    assert "example.com" not in (out / "summary.json").read_text()
    assert running.script.taken == []
    assert list(live_archive.entries("delivery.")) == []
    assert call("send", NOTE, "--dry-run", out).exit_code == 2  # not over an earlier one


def test_readers_of_other_languages_are_counted(call: Call, desk: Path, running: Running) -> None:
    languages = {0: "en", 1: "en-GB", 2: "enm", 3: "de", 4: "eng"}
    write_list(desk / "recipients.csv", [reader(n, language=lang) for n, lang in languages.items()])
    result = call("send", NOTE, "--yes")
    assert result.exit_code == 0
    assert result.stdout == f"{NOTE}: 2 accepted\n  readers of another language than en: 3\n"
    assert running.script.addresses[1:] == [reader(0).email, reader(1).email]


def test_a_rehearsal_writes_what_would_be_sent(
    call: Call, desk: Path, running: Running, tmp_path: Path
) -> None:
    readers = [reader(1, id="journal"), reader(2, id="summary")]
    write_list(desk / "recipients.csv", readers)
    assert call("send", NOTE, "--dry-run", tmp_path / "rehearsal").exit_code == 0
    assert call("send", NOTE, "--yes").exit_code == 0
    date = re.compile(rb"\r\nDate: [^\r]*")
    for id, (_, _, sent) in zip(("@journal-1", "journal", "summary"), running.script.taken, strict=True):
        written = (tmp_path / "rehearsal" / f"{id}.eml").read_bytes()
        assert date.sub(b"", written) == date.sub(b"", sent), id
    copy = parsed(running.script.taken[0][2])
    assert copy["Subject"].startswith("Journal: ")
    assert "Readers of this send: 2." in plain_words(copy)
    again = call("send", NOTE, "--dry-run", tmp_path / "again")
    assert again.stdout == f"{NOTE}: 0 messages in {tmp_path / 'again'}; nothing was sent\n"


def test_a_test_to_oneself(call: Call, running: Running, live_archive: Archive) -> None:
    result = call("send", NOTE, "--test", "me@desk.example.com")
    assert (result.exit_code, result.stdout) == (0, f"{NOTE}: test accepted: 250 2.0.0 Ok: queued as 0\n")
    ((_, addresses, content),) = running.script.taken
    assert addresses == ["me@desk.example.com"]
    message = parsed(content)
    assert message["Subject"].startswith("TEST: ")
    assert "It is not for distribution." in plain_words(message)
    assert deliveries(live_archive, NOTE) == {}
    assert [e.kind for e in live_archive.entries("delivery.")] == ["delivery.tested"]
    assert call("send", NOTE, "--test", "me@").exit_code == 2


def test_who_was_not_served_is_named(call: Call, desk: Path, running: Running) -> None:
    running.script.at_rcpt = ["250 Ok", "250 Ok", "550 5.1.1 unknown"]
    readers = [*READERS, reader(7, audience="retail"), reader(8, status="paused")]
    write_list(desk / "recipients.csv", readers)
    result = call("send", NOTE, "--yes")
    assert result.exit_code == 10
    assert result.stdout.splitlines() == [
        f"{NOTE}: 3 accepted, 1 failed",
        "  c00001: failed: 550 5.1.1 unknown",
        "  c00007: held back: audience retail is not covered by the note's disclosures, "
        "which cover institutional",
        "  c00008: not written to: status paused",
    ]
    told = json.loads(call("send", NOTE, "--yes", "--json").stdout)
    assert (told["exit"], told["failed_before"], list(told["held"])) == (10, ["c00001"], ["c00007"])
    for one in readers:
        assert one.email not in result.output + json.dumps(told)


def test_who_is_paused_or_suppressed_is_no_failure(call: Call, desk: Path) -> None:
    write_list(desk / "recipients.csv", [READERS[0], reader(8, status="paused"), READERS[1]])
    (desk / "suppressed.csv").write_text(f"who,date,why\n{READERS[1].id},2026-11-01,left\n")
    result = call("send", NOTE, "--yes")
    assert result.exit_code == 0
    assert "c00001: not written to: on the suppression list" in result.stdout


def test_a_suppression_list_that_is_named_and_not_there_stops_everything(
    call: Call, desk: Path, running: Running
) -> None:
    file = desk / "desk.toml"
    file.write_text(file.read_text().replace("\n[mail]\n", '\n[mail]\nsuppressed = "left.csv"\n'))
    result = call("send", NOTE, "--yes")
    assert result.exit_code == 3
    assert "left.csv: No such file" in result.stderr
    assert running.script.taken == []
    (desk / "left.csv").write_text(f"who\n{READERS[0].id.upper()}\n")
    assert "c00000: not written to" in call("send", NOTE, "--yes").stdout
    (desk / "suppressed.csv").symlink_to(desk / "nowhere.csv")  # not named, and meant to be there
    file.write_text(file.read_text().replace('suppressed = "left.csv"\n', ""))
    assert call("send", NOTE, "--yes").exit_code == 3


def test_nobody_is_asked_without_a_terminal(call: Call, running: Running) -> None:
    result = call("send", NOTE)
    assert result.exit_code == 2
    assert "Give --yes" in result.stderr
    assert running.script.taken == []


@pytest.mark.parametrize(
    ("person", "status", "words"),
    [
        ("", 2, "nobody is named who sends"),
        ("x.nobody", 9, "no such person"),
        ("d.compliance", 9, "d.compliance: is compliance, expected a sender"),
    ],
)
def test_only_a_sender_of_the_desk_sends(
    call: Call, running: Running, person: str, status: int, words: str
) -> None:
    result = call("send", NOTE, "--yes", person=person)
    assert result.exit_code == status
    assert words in result.stderr
    assert running.script.taken == []


def test_a_list_at_fault_stops_everything(call: Call, desk: Path, running: Running) -> None:
    write_list(desk / "recipients.csv", [*READERS, reader(0), reader(9, jurisdiction="usa")])
    result = call("send", NOTE, "--yes")
    assert result.exit_code == 3
    assert "row 6: id: the same as in row 2" in result.stderr
    assert "row 7: jurisdiction: expected a code such as US, found 'usa'" in result.stderr
    assert "client0" not in result.stderr
    assert running.script.taken == []


def test_a_server_without_tls_gets_nothing(tmp_path: Path, live_archive: Archive, serve: Start) -> None:
    publish(live_archive)
    running = serve(tls=False)
    desk = make_desk(tmp_path / "desk", running, READERS)
    arguments = sending(desk, live_archive)
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 10
    assert "the sending ended early" in result.stderr
    assert "sends nothing in the clear" in result.stderr
    assert '  For a port that speaks TLS from the start set mail.smtp.security = "tls".' in result.stderr
    assert running.script.seen == []


def test_a_correction_says_what_it_corrects(call: Call, running: Running, live_archive: Archive) -> None:
    call("send", NOTE, "--yes")
    second = NOTE.replace("r1", "r2")
    publish(live_archive, second, supersedes=NOTE)
    running.script.taken.clear()
    result = call("send", second, "--yes")
    assert (result.exit_code, result.stdout) == (0, f"{second}: 4 accepted\n")
    message = parsed(running.script.taken[1][2])
    assert message["Subject"].startswith("Correction: Treasury Weekly: ")
    plain = plain_words(message)
    assert plain.startswith(f"CORRECTION. This note replaces {NOTE}, which you received.")
    assert "What was corrected: A wrong yield." in plain
    refused = call("send", NOTE, "--yes")
    assert refused.exit_code == 10
    assert f"Send {second}, which replaces it." in refused.stderr


def test_a_correction_says_so_to_its_readers_alone(
    call: Call, running: Running, live_archive: Archive
) -> None:
    running.script.at_rcpt = ["250 Ok", "250 Ok", "450 later", *["550 5.1.1 unknown"] * 2]
    running.script.at_mail = ["250 Ok"] * 5 + ["553 5.7.1 not you"]
    assert call("send", NOTE, "--yes").exit_code == 10
    second = NOTE.replace("r1", "r2")
    publish(live_archive, second, supersedes=NOTE)
    running.script.taken.clear()
    result = call("send", second, "--yes")
    assert result.exit_code == 10
    assert result.stdout.splitlines() == [
        f"{second}: 2 accepted",
        "  c00002: failed before; --retry-failed tries again",
        "  c00003: failed before; --retry-failed tries again",
    ]
    subjects = [str(parsed(content)["Subject"]) for _, _, content in running.script.taken]
    assert [subject.partition(":")[0] for subject in subjects] == ["Journal", "Correction", "Treasury Weekly"]
    assert "replaces" not in plain_words(parsed(running.script.taken[2][2]))


def test_what_came_back_is_named_and_sent_again_on_a_word(
    call: Call, desk: Path, running: Running, live_archive: Archive
) -> None:
    call("send", NOTE, "--yes")
    with live_archive.writing() as writer:
        body = {"reply": "550 unknown", "report": "0"}
        writer.append("delivery.bounced", note=NOTE, actor=SENDER, key="c00001", body=body)
    result = call("send", NOTE, "--yes")
    assert result.exit_code == 10
    assert result.stdout.splitlines() == [
        f"{NOTE}: 0 accepted, 3 had it",
        "  c00001: came back; --resend-bounced sends it again, to the address on the list",
    ]
    assert json.loads(call("send", NOTE, "--yes", "--json").stdout)["bounced"] == ["c00001"]
    write_list(desk / "recipients.csv", [reader(n, email=f"new.{n}@client.example.com") for n in range(4)])
    result = call("send", NOTE, "--yes", "--resend-bounced")
    assert (result.exit_code, result.stdout) == (0, f"{NOTE}: 1 accepted, 3 had it\n")
    assert running.script.addresses[-1] == "new.1@client.example.com"


def test_a_spreadsheet_computes_nothing(call: Call, running: Running) -> None:
    running.script.at_rcpt = ["250 Ok", "250 Ok", "550 5.1.1 unknown"]
    running.script.at_data = ["250 Ok", "250 =cmd|' /C calc'!A0"]
    call("send", NOTE, "--yes")
    for begin in "=+-@\t\r":
        assert deliveries_command._inert(f"{begin}1") == f"'{begin}1"
    assert [deliveries_command._inert(found) for found in ("1", "c1", "", 7)] == ["1", "c1", "", 7]
    for row in csv.reader(io.StringIO(call("deliveries", "--csv").stdout)):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_only_what_is_asked_for_is_read(
    call: Call, live_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("send", NOTE, "--yes")
    second = NOTE.replace("r1", "r2")
    publish(live_archive, second, supersedes=NOTE)
    call("send", second, "--yes")
    read: list[Entry] = []
    original = Ledger.read

    def counted(*arguments: Any) -> Iterator[Entry]:
        for entry in original(*arguments):
            read.append(entry)
            yield entry

    monkeypatch.setattr(Ledger, "read", counted)
    rows = json.loads(call("deliveries", "--recipient", "c00002", "--json").stdout)
    assert [(row["note"], row["recipient"]) for row in rows] == [(NOTE, "c00002"), (second, "c00002")]
    assert len(read) == 6
    assert {entry.key for entry in read} == {"c00002"}


def test_reports_that_came_back(call: Call, live_archive: Archive, tmp_path: Path) -> None:
    call("send", NOTE, "--yes")
    named, accepted = (getattr(deliveries(live_archive, NOTE)["c00002"], x) for x in ("message_id", "at"))
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "1.eml").write_text(
        f"From: mailer@x.example\nX-Failed-Recipients: someone@x.example\nReferences: {named}\n"
        "Subject: failure notice\n\nno such user\n"
    )
    (folder / "2.eml").mkdir()
    result = call("deliveries", NOTE, "--bounces", folder)
    assert result.exit_code == 10
    assert "1 of its messages cannot be read (named above); the others are on record" in result.stderr
    assert "  2.eml: cannot be read: Is a directory\n" in result.stderr
    assert (
        "1 bounced, 0 on record before, 0 delayed, 0 no delivery report on a message of this archive"
        in result.stderr
    )
    assert "c00002      bounced" in result.stdout
    (row,) = json.loads(call("deliveries", "--recipient", "c00002", "--json").stdout)
    assert row["accepted_at"] == f"{accepted:%Y-%m-%dT%H:%M:%SZ}"  # when it went out is still told


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ('sender = "no address"', "mail.sender: expected name@host"),
        ('journal = ""', "mail.journal"),
        (
            'unsubscribe_url = "http://x.example/{token}"',
            "mail.unsubscribe_url: expected an https:// address",
        ),
        ('unsubscribe_url = "https://x.example/"', "expected {token} in it"),
        ('sender_name = "A\\r\\nBcc: x@y.example"', "mail.sender_name: expected one line"),
        ('host = "mail.example.com"\nsecurity = "none"', "is for a server on this machine alone"),
    ],
)
def test_settings_at_fault(
    tmp_path: Path, running: Running, live_archive: Archive, setting: str, fault: str
) -> None:
    publish(live_archive)
    desk = make_desk(tmp_path / "other", running, READERS)
    file = desk / "desk.toml"
    keys = [line.partition(" = ")[0] for line in setting.splitlines()]
    lines = [x for x in file.read_text().splitlines() if x.partition(" = ")[0] not in keys]
    table = "[mail.smtp]" if keys[0] == "host" else "[mail]"
    lines.insert(lines.index(table) + 1, setting)
    file.write_text("\n".join(lines))
    arguments = sending(desk, live_archive)
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 3
    assert fault in result.stderr


def test_a_desk_without_mail(live_archive: Archive) -> None:
    publish(live_archive)
    arguments = sending(None, live_archive)
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 3
    assert "mail: missing" in result.stderr


def test_no_secret_in_what_is_said(
    tmp_path: Path, live_archive: Archive, serve: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(live_archive)
    running = serve(Script(users={"desk": "right-password"}))
    desk = make_desk(tmp_path / "desk", running, READERS)
    file = desk / "desk.toml"
    file.write_text(file.read_text() + 'user = "desk"\n')
    arguments = sending(desk, live_archive)
    monkeypatch.setenv("REPORTGEN_SMTP_PASSWORD", "wrong-password")
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 10
    assert "refuses user desk" in result.stderr
    assert "wrong-password" not in result.output
    monkeypatch.setenv("REPORTGEN_SMTP_PASSWORD", "right-password")
    monkeypatch.setenv("REPORTGEN_SMTP_PASSWORD", "wröng-password")
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 10
    assert "letters beyond ASCII" in result.stderr
    assert "wröng" not in result.output
    monkeypatch.setenv("REPORTGEN_SMTP_PASSWORD", "right-password")
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    ledger = (live_archive.root / "ledger.jsonl").read_text()
    assert "password" not in ledger
    assert "0123456789abcdef0123456789abcdef" not in ledger
