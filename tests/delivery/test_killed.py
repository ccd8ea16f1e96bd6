"""A sending killed at any point, and resumed: nobody is served twice, and whoever is in doubt is named."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from reportgen.archive import Archive
from reportgen.delivery.record import deliveries
from tests.delivery.conftest import NOTE, Script, Start, publish, reader
from tests.delivery.desks import make_desk

KILLED = -signal.SIGKILL


@dataclass
class Killer(Script):
    """A server that kills its client at chosen moments. Shape: at holds (moment, message number)."""

    at: list[tuple[str, int]] = field(default_factory=list)
    client: int = 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._strike("mail")
        return await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._strike("rcpt")
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self._strike("lost")
        if self.client == 0:
            return "451 nobody is there"
        said = await super().handle_DATA(server, session, envelope)
        self._strike("taken")
        return said

    def _strike(self, moment: str) -> None:
        if self.client and self.at and self.at[0] == (moment, len(self.taken)):
            self.at.pop(0)
            os.kill(self.client, signal.SIGKILL)
            self.client = 0


def start(desk: Path, archive: Archive, *options: str) -> subprocess.Popen[str]:
    command = [
        *(sys.executable, "-m", "reportgen", "send", NOTE, "--yes", "--as", "c.approver"),
        *("--desk", str(desk), "--archive", str(archive.root), *options),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


def in_flight(archive: Archive) -> set[str]:
    return {d.recipient for d in deliveries(archive, NOTE).values() if d.state == "in_flight"}


def check(archive: Archive, script: Script, readers: dict[str, str]) -> None:
    """Compare what the server took with what the ledger says."""
    taken = Counter(script.addresses)
    assert max(taken.values()) == 1
    found = deliveries(archive, NOTE)
    for address, id in readers.items():
        state = found[id].state
        assert state in ("accepted", "in_flight"), (id, state)
        assert state == "in_flight" or taken[address] == 1, id


def test_killed_at_each_step_of_a_message(tmp_path: Path, live_archive: Archive, serve: Start) -> None:
    publish(live_archive)
    people = [reader(n) for n in range(40)]
    at = [("rcpt", 4), ("taken", 13), ("lost", 20), ("mail", 30)]
    script = Killer(at=list(at))
    desk = make_desk(tmp_path / "desk", serve(script), people)
    for _ in at:
        process = start(desk, live_archive)
        script.client = process.pid
        assert finish(process)[0] == KILLED
    process = start(desk, live_archive)
    script.client = process.pid
    status, said = finish(process)
    assert status == 10, said
    doubtful = in_flight(live_archive)
    assert len(doubtful) == len(at)
    for id in doubtful:
        assert f"  {id}: in flight: it may have arrived" in said
    check(live_archive, script, {r.email: r.id for r in people})
    lost = {id: d.message_id for id, d in deliveries(live_archive, NOTE).items() if id in doubtful}
    process = start(desk, live_archive, "--resend-in-flight")
    script.client = process.pid
    assert finish(process)[0] == 0
    assert in_flight(live_archive) == set()
    again = [content for _, _, content in script.taken[-len(at) :]]
    ids = {content.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode() for content in again}
    assert ids == set(lost.values())
    assert Counter(Counter(script.addresses).values()) == {1: 40, 2: 1}  # the one that was taken, by our word


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_sending_between_two_messages(
    tmp_path: Path, live_archive: Archive, serve: Start, number: signal.Signals
) -> None:
    publish(live_archive)
    people = [reader(n) for n in range(60)]
    script = Script()
    desk = make_desk(tmp_path / "desk", serve(script), people)
    process = start(desk, live_archive)
    while process.poll() is None and len(script.taken) < 3:
        time.sleep(0.005)
    process.send_signal(number)
    status, said = finish(process)
    assert status == 10, said
    assert "the sending ended early: it was broken off\n  The same command sends to the rest." in said
    assert in_flight(live_archive) == set()
    states = Counter(d.state for d in deliveries(live_archive, NOTE).values())
    assert states == {"accepted": len(script.taken), "queued": 61 - len(script.taken)}
    if states["queued"] > 20:  # not every one of a long list
        assert said.count(": queued\n") == 20
        assert f"  and {states['queued'] - 20} more queued: `reportgen deliveries` names them" in said
    assert finish(start(desk, live_archive))[0] == 0
    assert Counter(Counter(script.addresses).values()) == {1: 61}


def test_a_second_signal_acts_at_once(tmp_path: Path, live_archive: Archive, serve: Start) -> None:
    publish(live_archive)
    script = Script(at_data=["250 Ok", "hang"])
    desk = make_desk(tmp_path / "desk", serve(script), [reader(1), reader(2)])
    process = start(desk, live_archive)
    while process.poll() is None and len(script.seen) < 2:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=5) == 130  # the server would keep it for ten seconds
    finish(process)
    assert in_flight(live_archive) == {reader(1).id}


def _run_with_kills(
    tmp_path: Path, live_archive: Archive, serve: Start, number: int, kills: int, seconds: tuple[float, float]
) -> None:
    publish(live_archive)
    people = [reader(n) for n in range(number)]
    script = Script()
    desk = make_desk(tmp_path / "desk", serve(script), people)
    chance = random.Random(20261122)
    for _ in range(kills):
        before = len(script.taken)
        process = start(desk, live_archive)
        while process.poll() is None and len(script.taken) == before:
            time.sleep(0.01)
        timer = threading.Timer(chance.uniform(*seconds), process.kill)
        timer.start()
        finish(process)
        timer.cancel()
        assert len(in_flight(live_archive)) <= kills
    status, _ = finish(start(desk, live_archive))
    check(live_archive, script, {r.email: r.id for r in people})
    assert status == (10 if in_flight(live_archive) else 0)
    assert len(script.taken) >= number + 1 - kills


def test_killed_at_random_moments(tmp_path: Path, live_archive: Archive, serve: Start) -> None:
    _run_with_kills(tmp_path, live_archive, serve, 60, 2, (0.0, 0.2))


@pytest.mark.slow
def test_two_thousand_readers_and_a_dozen_kills(tmp_path: Path, live_archive: Archive, serve: Start) -> None:
    _run_with_kills(tmp_path, live_archive, serve, 2000, 12, (0.0, 1.2))
