"""The whole way with a real Postfix: accepted, delivered, refused, and come back days later."""

from __future__ import annotations

import email
import os
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reportgen.archive import Archive
from reportgen.cli import cli
from reportgen.delivery.record import deliveries
from tests.delivery.conftest import NOTE, Running, Script, publish, reader, settings
from tests.delivery.desks import make_desk
from tests.delivery.postfix import CLIENTS, DESK, GONE, Postfix, program, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postfix(certificate: Path) -> Iterator[Postfix]:
    if program() is None:
        pytest.fail("no Postfix: `.ci/system-packages test-all` installs one")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root alone")
    addresses = [f"{name}@{DESK}" for name in ("journal", "bounces")]
    addresses += [f"reader.{n}@{CLIENTS}" for n in range(20)]
    with running(certificate, addresses) as server:
        yield server


def send(desk: Path, archive: Archive, *command: str) -> Result:
    where = ["--desk", str(desk), "--archive", str(archive.root)]
    return CliRunner().invoke(cli, [*command, *where], catch_exceptions=False)


def test_a_note_through_postfix(
    tmp_path: Path, live_archive: Archive, postfix: Postfix, certificate: Path
) -> None:
    publish(live_archive)
    readers = [
        *(reader(n, email=f"reader.{n}@{CLIENTS}") for n in range(20)),
        reader(20, email=f"unknown.20@{CLIENTS}"),
        reader(21, email=f"reader.21@{GONE}"),
    ]
    mail = settings(port=postfix.port, security="starttls", ca_file=str(certificate))
    desk = make_desk(tmp_path / "desk", Running(Script(), mail), readers)
    result = send(desk, live_archive, "send", NOTE, "--yes", "--as", "c.approver")
    assert result.exit_code == 10, result.output
    assert len(result.stdout.splitlines()) == 2, result.output + postfix.log()
    first, second = result.stdout.splitlines()
    assert first == f"{NOTE}: 21 accepted, 1 failed"
    assert second.startswith("  c00020: failed: 550 5.1.1")
    assert "@" not in result.output

    for one in readers[:20]:
        (content,) = postfix.messages(one.email, expected=1)
        message = email.message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        assert [part.defects for part in message.walk()] == [[]] * 7
        assert [a.addr_spec for a in message["To"].addresses] == [one.email]
        assert message["Message-ID"] == deliveries(live_archive, NOTE)[one.id].message_id
        assert message["Return-Path"] == f"<bounces@{DESK}>"
    assert len(postfix.messages(f"journal@{DESK}", expected=1)) == 1
    assert deliveries(live_archive, NOTE)["c00000"].reply.startswith("250 2.0.0 Ok: queued as ")

    # What was accepted and cannot be delivered comes back to the desk as a report.
    postfix.messages(f"bounces@{DESK}", expected=1)
    maildir = str(postfix.mailbox(f"bounces@{DESK}"))
    told = send(desk, live_archive, "deliveries", NOTE, "--bounces", maildir)
    assert "1 bounced, 0 on record before" in told.stderr
    returned = deliveries(live_archive, NOTE)["c00021"]
    assert (returned.state, returned.reply) == ("bounced", 'unknown user: "<address>"')

    again = send(desk, live_archive, "send", NOTE, "--yes", "--as", "c.approver")
    assert again.exit_code == 10
    assert again.stdout.splitlines() == [
        f"{NOTE}: 0 accepted, 20 had it",
        "  c00020: failed before; --retry-failed tries again",
        "  c00021: came back; --resend-bounced sends it again, to the address on the list",
    ]


def test_postfix_relays_for_no_stranger(
    tmp_path: Path, live_archive: Archive, postfix: Postfix, certificate: Path
) -> None:
    publish(live_archive)
    readers = [reader(n, email=f"reader.{n}@elsewhere.example.com") for n in range(8)]
    mail = settings(port=postfix.strange_port, security="starttls", ca_file=str(certificate))
    desk = make_desk(tmp_path / "desk", Running(Script(), mail), readers)
    result = send(desk, live_archive, "send", NOTE, "--yes", "--as", "c.approver")
    assert result.exit_code == 10
    assert "refused 5 readers one after the other in the same words" in result.stderr
    assert "554 5.7.1 <address> : Relay access denied" in result.stderr
    states = [d.state for d in deliveries(live_archive, NOTE).values()]
    assert states == ["accepted", *["deferred"] * 5, *["queued"] * 3]
    assert "@" not in result.output.replace("@journal", "")


def test_postfix_wants_tls(tmp_path: Path, live_archive: Archive, postfix: Postfix) -> None:
    publish(live_archive)
    plain = settings(port=postfix.port, security="none", ca_file="")
    desk = make_desk(tmp_path / "desk", Running(Script(), plain), [reader(1, email=f"reader.1@{CLIENTS}")])
    result = send(desk, live_archive, "send", NOTE, "--yes", "--as", "c.approver")
    assert result.exit_code == 10
    assert "530 5.7.0 Must issue a STARTTLS command first" in result.output
