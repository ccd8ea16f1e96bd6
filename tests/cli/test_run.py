"""run: the whole evening, from publishers on this machine to a note in the archive and a mail to the desk."""

from __future__ import annotations

import email
import json
import socket
from collections.abc import Iterator
from email import policy

import pytest
import time_machine
from aiosmtpd.controller import Controller

from reportgen.sources import sources
from reportgen.store import Store
from tests.pipeline.publishers import ENDED, Publishers
from tests.sources.replay import Replay, replaying

KEY = "0123456789abcdef0123456789abcdef"
SETTINGS = """
[archive]
root = "../archive"

[mail]
sender = "desk@example.com"
journal = "journal@example.com"

[mail.smtp]
host = "127.0.0.1"
port = {port}
security = "none"

[fetch]
sources = {sources}
per_minute = {{ {pace} }}
urls = {{ {urls} }}

[run]
out = "../output"
wait_minutes = 0
submit_as = "a.analyst"
mail_to = ["one@example.com", "two@example.com"]
"""


class Inbox:
    """What a mail server on this machine took."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        self.messages.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = Inbox()
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    yield found, port
    controller.stop()


@pytest.fixture
def replay() -> Iterator[Replay]:
    with replaying() as found, time_machine.travel(ENDED, tick=False):
        Publishers(found)
        yield found


@pytest.fixture
def live(desk, replay, inbox):
    """Make a desk whose publishers, archive and mail server are on this machine."""
    file = desk / "desk.toml"
    more = SETTINGS.format(
        port=inbox[1],
        sources=json.dumps(sorted(sources())),
        pace=", ".join(f"{name} = 100000" for name in sources()),
        urls=", ".join(f'{name} = "{replay.base}"' for name in sources()),
    )
    file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
    return desk


@pytest.mark.slow
def test_an_evening_ends_with_a_note_in_the_archive_and_a_mail(run, live, inbox, replay, tmp_path):
    env = {"FRED_API_KEY": KEY}
    where = ("--data", tmp_path / "store", "--desk", live)
    assert run("archive", "create", "--as", "a.analyst", *where).exit_code == 0
    result = run("run", *where, "--json", env=env)
    content = json.loads(result.stdout)
    states = {step["name"]: step["state"] for step in content["steps"]}
    # Custody holdings are in no data set here, so that FRED cannot give all; the note names them.
    assert (result.exit_code, states.pop("fetch")) == (11, "failed"), result.output
    assert states == {"build": "done", "check": "done", "submit": "done", "mail": "done"}, result.stdout
    (fetched,) = [step for step in content["steps"] if step["name"] == "fetch"]
    assert [name for name in sources() if f"{name} incomplete" in fetched["said"]] == ["fred"]
    assert not [name for name in sources() if f"{name} failed" in fetched["said"]]
    held_at_all = Store(tmp_path / "store").held
    for source in sources().values():
        assert len(held_at_all.intersection(source.series)) >= len(source.series) - 2, source.id
    facts = json.loads(
        (tmp_path / "output" / "2026-06-19T1900" / "treasury-weekly" / "facts.json").read_text()
    )
    held = {fact["id"]: fact["value"] for fact in facts["facts"]}
    assert held["ust.10y.level"] == next(
        value for day, value in reversed(list(_shown("ust_10y"))) if str(day) == facts["market_date"]
    )
    assert "foreign.custody.level" in {gap["id"] for gap in facts["missing"]}
    assert held["foreign.tic.total.level"] > 9000
    assert run("archive", "show", content["note"], *where).exit_code == 0
    found, _ = inbox
    assert [to for to, _ in found.messages] == [["one@example.com"], ["two@example.com"]]
    for to, message in found.messages:
        told = email.message_from_bytes(message, policy=policy.default)
        assert told["To"] == to[0]
        assert content["note"] in told["Subject"]
        assert "submit  done" in told.get_content()
    sent, held_before = replay.bytes, Store(tmp_path / "store").held
    again = run("run", *where, env=env)
    assert "nothing new since" in again.stdout
    assert replay.bytes - sent < sent / 40
    assert Store(tmp_path / "store").held == held_before
    assert len(found.messages) == (4 if again.exit_code else 2)
    assert KEY not in result.output + again.output + str(found.messages)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def _shown(series_id):
    from tests.pipeline.publishers import rows

    return (row[:2] for row in rows(series_id))


def test_a_failing_evening_says_which_step_failed_and_mails_it(run, live, inbox, tmp_path):
    live_text = (live / "desk.toml").read_text(encoding="utf-8")
    live_text = live_text.replace(json.dumps(sorted(sources())), '["cftc"]\nsince = 2026-04-01')
    (live / "desk.toml").write_text(live_text, encoding="utf-8")
    result = run("run", "--data", tmp_path / "store", "--desk", live)
    assert result.exit_code == 4
    assert "build   failed   " in result.stdout
    assert "holds no ust_10y" in result.stdout
    found, _ = inbox
    assert len(found.messages) == 2
    told = email.message_from_bytes(found.messages[0][1], policy=policy.default)
    assert told["Subject"] == "[reportgen] no note: build failed"
    assert "holds no ust_10y" in told.get_content()


def test_what_cannot_run_is_refused_before_anything_is_fetched(refused, live, replay, tmp_path):
    assert "no store named" in refused(2, "run", "--desk", live)
    text = (live / "desk.toml").read_text(encoding="utf-8")
    (live / "desk.toml").write_text(text + 'wait_for = ["cftc"]\n', encoding="utf-8")
    message = refused(3, "run", "--data", tmp_path / "store", "--desk", live)
    assert "run.wait_for: publication rule 'cftc': unknown" in message
    assert not replay.asked
