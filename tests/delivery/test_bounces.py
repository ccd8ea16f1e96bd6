"""What came back: reports of the kinds that servers write, matched to the message they are about."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest

from reportgen.archive import Archive
from reportgen.delivery.bounces import match, read_report
from reportgen.delivery.record import Recorder, deliveries
from reportgen.delivery.tokens import message_id
from reportgen.errors import DeliveryError
from tests.delivery.conftest import NOTE, SENDER, publish

# As Postfix writes it, RFC 3464.
REPORT = """\
Date: Sun, 22 Nov 2026 18:05:00 +0000 (UTC)
From: MAILER-DAEMON@mx.desk.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces@desk.example.com
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"
Message-Id: <20261122180500.1@mx.desk.example.com>

--B
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.desk.example.com
Arrival-Date: Sun, 22 Nov 2026 18:00:05 +0000 (UTC)

Final-Recipient: rfc822; reader.1@client.example.com
Original-Recipient: rfc822;reader.1@client.example.com
Action: {action}
Status: 5.1.1
Remote-MTA: dns; mail.client.example.com
Diagnostic-Code: smtp; 550 5.1.1 <reader.1@client.example.com>: unknown user

--B
Content-Description: Undelivered Message{headers_only}
Content-Type: {inner}

From: Example Securities <research@desk.example.com>
Message-ID: {message_id}
Subject: Treasury Weekly

--B--
"""
QMAIL = """\
From: MAILER-DAEMON@other.example.com
To: bounces@desk.example.com
Subject: failure notice
X-Failed-Recipients: reader.1@client.example.com
References: {message_id}

Sorry, no mailbox here by that name.
"""

# As qmail writes it (cr.yp.to/proto/qsbmf.txt): words alone, the message below.
QSBMF = """\
From: MAILER-DAEMON@mx.client.example.com
To: bounces@desk.example.com
Subject: failure notice

Hi. This is the qmail-send program at mx.client.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<reader.1@client.example.com>:
Sorry, no mailbox here by that name. (#5.1.1)
Ask <reader.2@client.example.com>.

--- Below this line is a copy of the message.

Return-Path: <bounces@desk.example.com>
From: Example Securities <research@desk.example.com>
Message-ID: {message_id}
Subject: Treasury Weekly

Hi. This is the week.
"""
# As an answering machine writes it, the message attached.
AWAY = """\
From: reader.1@client.example.com
To: research@desk.example.com
Subject: Undeliverable? No, on holiday
Auto-Submitted: auto-replied
In-Reply-To: {message_id}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="B"

--B
Content-Type: text/plain

Back on Monday. Action: failed
--B
Content-Type: message/rfc822

Message-ID: {message_id}

--B--
"""


@pytest.fixture
def ids(archive: Archive) -> dict[str, str]:
    """Put three accepted messages on record."""
    publish(archive)
    found = {}
    recorder = Recorder(archive, NOTE, SENDER)
    for name in ("c1", "c2", "c3"):
        found[name] = message_id(archive.id, NOTE, name, "desk.example.com")
        settled = {"message_id": found[name], "address": "", "date": "", "audience": "institutional"}
        recorder.add("queued", name, settled | {"jurisdiction": "US", "kind": "note"})
        recorder.add("in_flight", name, {"sha256": "0" * 64, "attempt": 1})
        recorder.add("accepted", name, {"reply": "250 Ok"})
    recorder.flush()
    return found


def report(named: str, action: str = "failed", inner: str = "message/rfc822") -> bytes:
    made = REPORT.format(message_id=named, action=action, inner=inner, headers_only="")
    return made.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("inner", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_is_read(ids: dict[str, str], inner: str) -> None:
    found = read_report(report(ids["c1"], inner=inner))
    assert found is not None
    assert (found.message_id, found.action, found.status) == (ids["c1"], "failed", "5.1.1")
    assert found.words == "550 5.1.1 <address> : unknown user"


def test_a_report_in_plain_words_is_read(ids: dict[str, str]) -> None:
    found = read_report(QSBMF.format(message_id=ids["c1"]).replace("\n", "\r\n").encode())
    assert found is not None
    assert (found.message_id, found.action, found.status) == (ids["c1"], "failed", "5.1.1")
    assert found.words == "Sorry, no mailbox here by that name. (#5.1.1) Ask <address> ."


def test_a_report_for_addresses_beyond_ascii_is_read(ids: dict[str, str]) -> None:
    newer = report(ids["c1"], inner="message/global-headers").replace(
        b"message/delivery-status", b"message/global-delivery-status"
    )
    found = read_report(newer.replace(b"rfc822; reader.1", "utf-8; jürgen".encode()))
    assert found is not None
    assert (found.message_id, found.action, found.status) == (ids["c1"], "failed", "5.1.1")


@pytest.mark.parametrize("action", ["FAILED", "failed (permanently)"])
def test_an_action_is_read_however_it_is_written(ids: dict[str, str], action: str) -> None:
    found = read_report(report(ids["c1"], action))
    assert found is not None
    assert found.action == "failed"


def test_an_answering_machine_reports_no_delivery(ids: dict[str, str]) -> None:
    assert read_report(AWAY.format(message_id=ids["c1"]).encode()) is None
    forwarded = QSBMF.replace("Hi. This", "FYI: Hi. This", 1).format(message_id=ids["c1"])
    assert read_report(forwarded.encode()) is None


def test_reports_are_put_on_record_once(archive: Archive, ids: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "1.eml").write_bytes(report(ids["c1"]))
    (folder / "2.eml").write_bytes(QMAIL.format(message_id=ids["c2"]).encode())
    (folder / "3.eml").write_bytes(report(ids["c3"], "delayed"))
    (folder / "4.eml").write_bytes(report("<somebody@else.example>"))
    (folder / "5.eml").write_bytes(b"Subject: lunch?\n\nToday?\n")
    (folder / "6.eml").write_bytes(report(ids["c1"]))
    (folder / "7.eml").write_bytes(b"\xff\xfe\x00")
    (folder / "note.txt").write_text("no message")
    found = match(archive, folder, SENDER)
    assert [(note, who) for note, who, _ in found.bounced] == [(NOTE, "c1"), (NOTE, "c2")]
    assert (found.known, found.delayed, found.unmatched) == (1, 1, ["4.eml", "5.eml", "7.eml"])
    states = {d.recipient: d.state for d in deliveries(archive, NOTE).values()}
    assert states == {"c1": "bounced", "c2": "bounced", "c3": "accepted"}
    assert deliveries(archive, NOTE)["c1"].reply == "550 5.1.1 <address> : unknown user"
    again = match(archive, folder, SENDER)
    assert (again.bounced, again.known) == ([], 3)
    assert "client.example.com" not in (archive.root / "ledger.jsonl").read_text()


def test_a_report_on_several_recipients_is_read_whole(ids: dict[str, str]) -> None:
    """As of the addresses behind a list: one got it, one is waited for, one is unknown."""
    others = "".join(
        f"\r\nFinal-Recipient: rfc822; o@client.example.com\r\nAction: {action}\r\nStatus: {status}\r\n"
        for action, status in (("delivered", "2.0.0"), ("Delayed", "4.4.1"))
    )
    several = report(ids["c1"]).decode().replace("\r\nFinal-Recip", f"{others}\r\nFinal-Recip", 1)
    found = read_report(several.encode())
    assert found is not None
    assert (found.action, found.status) == ("failed", "5.1.1")
    waiting = read_report(several.replace("Action: failed", "Action: relayed").encode())
    assert waiting is not None
    assert waiting.action == "delayed"


def test_one_message_that_cannot_be_read_does_not_hide_the_others(
    archive: Archive, ids: dict[str, str], tmp_path: Path
) -> None:
    def spoiled(name: str, old: bytes, new: bytes) -> bytes:
        content = report(ids[name])
        assert content.count(old) == 1
        return content.replace(old, new)

    folder = tmp_path / "reports"
    folder.mkdir()
    # the returned message in a character set that nobody knows; half a surrogate in it; a status of spaces
    unknown = b"Content-Type: text/plain; charset=none\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa9\r\n"
    title = b"Subject: Treasury Weekly\r\n"
    (folder / "1.eml").write_bytes(spoiled("c1", title, unknown))
    (folder / "2.eml").write_bytes(spoiled("c2", title, b"X-Name: \xed\xa0\x80 " + b"a" * 200 + b"\r\n"))
    (folder / "3.eml").write_bytes(spoiled("c3", b"Status: 5.1.1", b"Status:  "))
    (folder / "4.eml").mkdir()
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(3000)
    )
    (folder / "5.eml").write_bytes(deep)
    (folder / "6.eml").write_bytes(b'Content-Type: message/delivery-status; charset="\xff\x00"\n\n\n\n\n')
    found = match(archive, folder, SENDER)
    assert [who for _, who, _ in found.bounced] == ["c1", "c2", "c3"]
    assert [name for name, _ in found.unreadable] == ["4.eml", "5.eml"]
    assert found.unmatched == ["6.eml"]
    assert dict(found.unreadable)["4.eml"] == "Is a directory"


def test_a_report_on_what_was_sent_again_since_changes_nothing(
    archive: Archive, ids: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "1.eml").write_bytes(report(ids["c1"]))
    assert len(match(archive, tmp_path, SENDER).bounced) == 1
    recorder = Recorder(archive, NOTE, SENDER)
    recorder.add("in_flight", "c1", {"sha256": "1" * 64, "attempt": 2})
    recorder.add("accepted", "c1", {"reply": "250 Ok"})
    recorder.flush()
    found = match(archive, tmp_path, SENDER)
    assert (found.bounced, found.known) == ([], 1)
    assert deliveries(archive, NOTE)["c1"].state == "accepted"
    (tmp_path / "2.eml").write_bytes(report(ids["c1"]).replace(b"18:05:00", b"19:05:00"))
    assert len(match(archive, tmp_path, SENDER).bounced) == 1  # the second message came back as well


def test_a_maildir_and_an_mbox(archive: Archive, ids: dict[str, str], tmp_path: Path) -> None:
    with_maildir = mailbox.Maildir(tmp_path / "Maildir")
    with_maildir.add(report(ids["c1"]))
    assert len(match(archive, tmp_path / "Maildir", SENDER).bounced) == 1
    box = mailbox.mbox(tmp_path / "inbox")
    box.add(report(ids["c2"]))
    box.add(report(ids["c1"]))
    box.close()
    found = match(archive, tmp_path / "inbox", SENDER)
    assert [who for _, who, _ in found.bounced] == ["c2"]
    assert found.known == 1


def test_a_place_without_messages(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="expected a Maildir, an mbox file or a folder"):
        match(archive, tmp_path / "absent", SENDER)
    assert match(archive, tmp_path, SENDER).bounced == []


def test_a_report_cannot_speak_for_another_archive(
    archive: Archive, ids: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "1.eml").write_bytes(report(ids["c1"].replace(".", ".f", 1)))
    (tmp_path / "2.eml").write_bytes(report(message_id("other", NOTE, "c1", "desk.example.com")))
    assert match(archive, tmp_path, SENDER).bounced == []
