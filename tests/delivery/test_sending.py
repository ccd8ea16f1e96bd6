"""A note on its way: whom it reaches, what stands in the ledger, and what happens when things go wrong."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from reportgen.archive import Archive, NoteRecord
from reportgen.config.mail import Mail
from reportgen.delivery.addresses import address_digest
from reportgen.delivery.edition import edition
from reportgen.delivery.message import Composer, Notice
from reportgen.delivery.planning import plan
from reportgen.delivery.queueing import Notices
from reportgen.delivery.recipients import Recipient, Suppressed
from reportgen.delivery.record import Delivery, deliveries
from reportgen.delivery.sending import Result, Sender, alone
from reportgen.delivery.transport import SmtpServer
from reportgen.errors import DeliveryError
from tests.delivery.conftest import NOTE, SENDER, Running, Script, Start, publish, reader

SECRET = b"a secret of the tests' own"
NOBODY = Suppressed(frozenset())
JOURNAL = "journal@desk.example.com"


class Desk:
    """Send as the command does, without its questions."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.pauses: list[float] = []
        self.notices = Notices()

    def send(
        self,
        running: Running,
        recipients: Sequence[Recipient],
        note: str = NOTE,
        suppressed: Suppressed = NOBODY,
        pause: Callable[[float], None] | None = None,
        **options: Any,
    ) -> Result:
        record = self.archive.note(note)
        mail = running.mail
        planned = plan(self.archive, record, recipients, suppressed, **options)
        composer = Composer(mail, edition(self.archive, record, mail.id_domain), SECRET)
        server = SmtpServer(mail.smtp, "", "desk.example.com")
        sender = Sender(
            self.archive, mail, composer, server, SENDER,
            pause=pause or self.pauses.append, chance=random.Random(1),
        )  # fmt: skip
        return sender.send(planned, self.notices, lambda: None)

    def states(self, note: str = NOTE) -> dict[str, str]:
        return {d.recipient: d.state for d in deliveries(self.archive, note).values()}


@pytest.fixture
def desk(archive: Archive, note: NoteRecord) -> Desk:
    return Desk(archive)


READERS = tuple(reader(n) for n in range(6))
ADDRESSES = [r.email for r in READERS]


def test_everybody_gets_a_message_of_his_own(serve: Start, desk: Desk) -> None:
    running = serve()
    result = desk.send(running, READERS)
    assert (result.accepted, result.left, result.stopped) == (6, {}, "")
    assert running.script.addresses == [JOURNAL, *ADDRESSES]
    assert [sender for sender, _, _ in running.script.taken] == ["bounces@desk.example.com"] * 7
    for at, (_, addresses, content) in enumerate(running.script.taken):
        assert len(addresses) == 1
        others = [r.email for r in READERS if r.email not in addresses]
        assert not any(other.encode() in content for other in others), at
    ids = {
        content.partition(b"Message-ID: ")[2].partition(b"\r\n")[0] for _, _, content in running.script.taken
    }
    assert len(ids) == 7


def test_the_ledger_tells_each_step_and_no_address(serve: Start, desk: Desk, archive: Archive) -> None:
    running = serve(Script(at_rcpt=["250 Ok", "250 Ok", f"550 5.1.1 <{ADDRESSES[1]}> unknown"]))
    desk.send(running, READERS[:2])
    found = deliveries(archive, NOTE)
    assert [(d.recipient, d.state) for d in found.values()] == [
        ("@journal-1", "accepted"),
        ("c00000", "accepted"),
        ("c00001", "failed"),
    ]
    assert found["c00000"].reply == "250 2.0.0 Ok: queued as 1"
    assert found["c00001"].reply == "550 5.1.1 <address> unknown"
    assert found["c00000"].address == address_digest(ADDRESSES[0])
    assert found["c00000"].sha256 == hashlib.sha256(running.script.seen[1]).hexdigest()
    kinds = [e.kind.removeprefix("delivery.") for e in archive.entries("delivery.", key="c00000")]
    assert kinds == ["queued", "in_flight", "accepted"]
    assert {e.actor for e in archive.entries("delivery.")} == {SENDER}
    ledger = (archive.root / "ledger.jsonl").read_text()
    assert not any(address in ledger for address in (*ADDRESSES, JOURNAL))
    assert "Reader N" not in ledger


def test_sending_again_sends_nothing(serve: Start, desk: Desk) -> None:
    running = serve()
    desk.send(running, READERS)
    result = desk.send(running, READERS)
    assert (result.accepted, result.left) == (0, {})
    assert len(running.script.taken) == 7


def test_a_new_reader_gets_it_later_and_the_journal_again(serve: Start, desk: Desk) -> None:
    running = serve()
    desk.send(running, READERS[:4])
    desk.send(running, READERS)
    assert running.script.addresses == [JOURNAL, *ADDRESSES[:4], JOURNAL, *ADDRESSES[4:]]


def test_what_is_refused_for_now_is_tried_again_with_patience(serve: Start, desk: Desk) -> None:
    ok = "250 Ok"
    first = [ok, "451 4.3.0 busy", ok, "421 4.3.2 closing", ok, ok, ok]  # the journal, then six readers
    script = Script(at_data=[*first, "451 still busy"])
    running = serve(script, backoff_s=10.0)
    result = desk.send(running, READERS)
    assert (result.accepted, result.left) == (6, {})
    assert sorted(script.addresses) == sorted([JOURNAL, *ADDRESSES])
    assert len(desk.pauses) == 2
    assert 5 <= desk.pauses[0] <= 15
    assert 10 <= desk.pauses[1] <= 30
    assert deliveries(desk.archive, NOTE)["c00000"].attempts == 3


def test_a_limit_to_patience(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_rcpt=["250 Ok"] + ["450 greylisted"] * 3), attempts=3)
    result = desk.send(running, READERS[:1])
    assert result.left == {"c00000": ("deferred", "450 greylisted")}
    assert len(desk.pauses) == 2
    assert desk.states()["c00000"] == "deferred"
    assert desk.send(running, READERS[:1]).accepted == 1  # a later run tries again
    assert running.script.addresses == [JOURNAL, ADDRESSES[0]]


def test_what_is_refused_for_good_is_not_tried_again_by_itself(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_rcpt=["250 Ok", "250 Ok", "550 5.1.1 unknown"]))
    result = desk.send(running, READERS)
    assert result.left == {"c00001": ("failed", "550 5.1.1 unknown")}
    assert running.script.addresses == [JOURNAL, ADDRESSES[0], *ADDRESSES[2:]]
    assert desk.send(running, READERS).accepted == 0
    assert desk.send(running, READERS, retry_failed=True).accepted == 1


def test_an_answer_that_never_came_leaves_the_message_in_flight(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_data=["250 Ok", "250 Ok", "close"]))
    result = desk.send(running, READERS)
    assert result.accepted == 5
    assert result.left == {"c00001": ("in_flight", "the server closed the connection")}
    assert desk.states()["c00001"] == "in_flight"
    assert desk.send(running, READERS).accepted == 0  # not by itself
    first = running.script.seen[2]
    assert desk.send(running, READERS, resend_in_flight=True).accepted == 1
    assert running.script.seen[-1] == first  # the same message, Message-ID and all
    assert desk.states()["c00001"] == "accepted"


def test_the_journals_copy_is_named_and_sent_again_like_any_other(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_data=["close"]))
    result = desk.send(running, READERS[:1])
    assert result.left == {"@journal-1": ("in_flight", "the server closed the connection")}
    planned = plan(desk.archive, desk.archive.note(NOTE), READERS[:1], NOBODY)
    assert planned.in_flight == ("@journal-1",)
    desk.send(running, READERS[:1])
    assert running.script.addresses == [ADDRESSES[0]]
    desk.send(running, READERS[:1], resend_in_flight=True)
    assert running.script.addresses == [ADDRESSES[0], JOURNAL]


def test_doubt_upon_doubt_ends_the_sending(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_data=["250 Ok"] + ["close"] * 10))
    result = desk.send(running, READERS)
    assert "left 3 messages in doubt" in result.stopped
    assert list(desk.states().values()).count("in_flight") == 3
    assert [result.left[r.id][0] for r in READERS] == ["in_flight"] * 3 + ["queued"] * 3


def test_a_message_that_the_server_does_not_like_ends_the_sending(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_data=["554 5.7.1 looks like spam"] * 20))
    result = desk.send(running, READERS)
    assert result.stopped == "the server refused 5 messages for what they hold: 554 5.7.1 looks like spam"
    assert len(running.script.seen) == 5
    assert list(desk.states().values()) == ["deferred"] * 5 + ["queued"] * 2  # nobody is given up for it
    assert desk.send(serve(), READERS).accepted == 6


def test_a_server_that_takes_one_after_the_other_for_none_is_left_alone_for_a_while(
    serve: Start, desk: Desk
) -> None:
    busy = "451 4.7.1 too much mail from you"
    running = serve(Script(at_mail=["250 Ok", *[busy] * 5, "250 Ok", *[busy] * 5]), attempts=3)
    people = [reader(n) for n in range(12)]
    result = desk.send(running, people)
    assert (result.accepted, result.stopped) == (12, "")
    assert len(desk.pauses) == 2  # one for each five refusals, not one for each round through the list

    shut = serve(Script(at_mail=[busy] * 50), attempts=2)
    later = desk.send(shut, [*people, *(reader(n) for n in range(20, 40))])
    assert later.stopped == f"the server takes no more for now: {busy}"
    assert len(shut.script.at_mail) == 40
    assert sorted({state for state, _ in later.left.values()}) == ["deferred", "queued"]


class Touchy(Script):
    """A server that hangs up whenever it hears of some readers."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in ADDRESSES[:5]:
            self.at_rcpt.insert(0, "close")
        return await super().handle_RCPT(server, session, envelope, address, options)


def test_readers_at_whom_the_server_hangs_up_keep_nobody_else_waiting(serve: Start, desk: Desk) -> None:
    running = serve(Touchy(), attempts=3)
    result = desk.send(running, [*READERS, *(reader(n) for n in range(10, 20))])
    assert result.accepted == 11
    assert {id: state for id, (state, _) in result.left.items()} == {r.id: "deferred" for r in READERS[:5]}


def test_a_refused_sender_ends_the_sending_and_harms_nobody(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_mail=["250 Ok", "250 Ok", "553 5.7.1 not you"]))
    result = desk.send(running, READERS)
    assert "refuses the sender" in result.stopped
    assert desk.states()["c00001"] == "deferred"
    assert desk.send(running, READERS).accepted == 5
    assert running.script.addresses == [JOURNAL, *ADDRESSES]


def test_no_server_leaves_everybody_queued(serve: Start, desk: Desk) -> None:
    running = serve()
    away = Running(
        running.script,
        running.mail.model_copy(
            update={"smtp": running.mail.smtp.model_copy(update={"port": 1, "attempts": 2})}
        ),
    )
    result = desk.send(away, READERS)
    assert "localhost:1: Connection refused, 2 times" in result.stopped
    assert set(desk.states().values()) == {"queued"}
    assert desk.send(running, READERS).accepted == 6


def test_no_tls_leaves_everybody_queued(serve: Start, desk: Desk) -> None:
    result = desk.send(serve(tls=False), READERS)
    assert "sends nothing in the clear" in result.stopped
    assert set(desk.states().values()) == {"queued"}


def test_who_may_not_have_it_is_held_and_named(serve: Start, desk: Desk, archive: Archive) -> None:
    readers = [
        READERS[0],
        reader(1, audience="retail"),
        reader(2, jurisdiction="CN"),
        reader(3, status="paused"),
        reader(4, language="de"),
        reader(5),
        reader(6, language=""),
    ]
    running = serve()
    suppressed = Suppressed(frozenset({address_digest(reader(5).email.upper())}))
    result = desk.send(running, readers, suppressed=suppressed)
    assert result.accepted == 2
    assert running.script.addresses == [JOURNAL, reader(0).email, reader(6).email]
    held = {d.recipient: d.reply for d in deliveries(archive, NOTE).values() if d.state == "held"}
    assert held == {
        "c00001": "audience retail is not covered by the note's disclosures, which cover institutional",
        "c00002": "jurisdiction CN is not covered by the note's disclosures, which cover US, GB",
        "c00003": "status paused",
        "c00005": "on the suppression list",
    }
    before = len(list(archive.entries("delivery.held")))
    desk.send(running, readers, suppressed=suppressed)  # says nothing twice
    assert len(list(archive.entries("delivery.held"))) == before
    readers[3] = reader(3)  # no longer paused
    assert desk.send(running, readers, suppressed=suppressed).accepted == 1
    assert desk.states()["c00003"] == "accepted"


def test_a_note_without_covers_reaches_nobody(serve: Start, archive: Archive) -> None:
    publish(archive, covers={})
    running = serve()
    assert Desk(archive).send(running, READERS).accepted == 0
    assert running.script.taken == []


@pytest.mark.parametrize("state", ["superseded", "withdrawn", "approved"])
def test_only_published_notes_leave(archive: Archive, state: str) -> None:
    record = publish(archive)
    if state == "superseded":
        publish(archive, NOTE.replace("r1", "r2"), supersedes=NOTE)
    elif state == "withdrawn":
        with archive.writing() as writer:
            writer.append("note.withdrawn", note=NOTE, actor=SENDER, why="wrong")
    record = archive.note(NOTE)
    if state == "approved":
        from dataclasses import replace

        record = replace(record, state="approved")
    with pytest.raises(DeliveryError, match=f"{NOTE}: is {state}, only published notes are sent"):
        plan(archive, record, READERS, NOBODY)


def test_a_note_withdrawn_during_the_sending_goes_no_further(
    serve: Start, desk: Desk, archive: Archive
) -> None:
    running = serve(Script(at_rcpt=["250 Ok", "250 Ok", "450 later"]))

    def withdraw(_: float) -> None:
        with archive.writing() as writer:
            writer.append("note.withdrawn", note=NOTE, actor=SENDER, why="wrong")

    result = desk.send(running, READERS, pause=withdraw)
    assert result.stopped == f"{NOTE}: is withdrawn now; the sending ends here"
    assert desk.states()["c00001"] == "deferred"
    assert len(running.script.taken) == 6


def test_a_correction_goes_to_those_who_received_the_wrong_note(
    serve: Start, desk: Desk, archive: Archive
) -> None:
    second, third = NOTE.replace("r1", "r2"), NOTE.replace("r1", "r3")
    # 0 receives it, 1 fails, 2 is left in doubt, 3 is not yet on the list
    running = serve(
        Script(at_rcpt=["250 Ok", "250 Ok", "550 unknown"], at_data=["250 Ok", "250 Ok", "close"])
    )
    desk.send(running, READERS[:3])
    publish(archive, second, supersedes=NOTE)
    script = running.script
    script.taken.clear()
    desk.send(running, READERS[:4], second)
    assert script.addresses == [JOURNAL, ADDRESSES[0], ADDRESSES[2]]
    assert {d.kind for d in deliveries(archive, second).values()} == {"journal", "correction"}
    # of the next correction those who hold the first wrong note are told as well
    publish(archive, third, supersedes=second)
    script.taken.clear()
    desk.send(running, [READERS[0], READERS[3]], third)
    assert script.addresses == [JOURNAL, ADDRESSES[0]]
    left = plan(archive, archive.note(third), [READERS[0]], NOBODY)
    assert left.gone == ("c00002",)  # received a wrong note and is no longer on the list
    script.taken.clear()
    desk.send(running, READERS[:4], third, everyone=True)
    assert script.addresses == [JOURNAL, ADDRESSES[1], ADDRESSES[2], ADDRESSES[3]]


def test_a_name_that_cannot_stand_in_a_header_stops_nobody_else(serve: Start, desk: Desk) -> None:
    running = serve()
    bad = reader(1, name="A\r\nBcc: all@client.example.com")
    result = desk.send(running, [READERS[0], bad, READERS[2]])
    assert result.accepted == 2
    assert result.left["c00001"][0] == "failed"
    assert running.script.addresses == [JOURNAL, ADDRESSES[0], ADDRESSES[2]]


def test_one_process_sends_at_a_time(archive: Archive) -> None:
    with alone(archive), pytest.raises(DeliveryError, match="another process is sending"), alone(archive):
        pass
    with alone(archive):
        pass


def test_the_record_folds_to_the_last_word(serve: Start, desk: Desk, archive: Archive) -> None:
    desk.send(serve(Script(at_rcpt=["250 Ok", "450 later"])), READERS[:1])
    found = deliveries(archive, NOTE)["c00000"]
    assert isinstance(found, Delivery)
    assert (found.attempts, found.kind, found.audience) == (2, "note", "institutional")
    assert found.is_received


def test_a_new_id_is_no_new_reader(serve: Start, desk: Desk, archive: Archive) -> None:
    running = serve(Script(at_rcpt=["250 Ok", "250 Ok", "450 later"], at_data=["250 Ok", "250 Ok", "close"]))
    running = Running(running.script, _without_patience(running))
    desk.send(running, READERS[:3])
    assert desk.states() == {
        "@journal-1": "accepted", "c00000": "accepted", "c00001": "deferred", "c00002": "in_flight",
    }  # fmt: skip
    script = running.script
    script.taken.clear()
    again = [reader(n, id=f"k{n}") for n in range(3)]
    planned = plan(archive, archive.note(NOTE), again, NOBODY)
    assert (planned.served, planned.in_flight, planned.gone) == (1, ("k2",), ())
    desk.send(running, again)
    assert script.addresses == [ADDRESSES[1]]
    assert desk.send(running, again, resend_in_flight=True).accepted == 1
    assert script.addresses == [ADDRESSES[1], ADDRESSES[2]]
    found = deliveries(archive, NOTE)
    for n, state in ((1, "deferred"), (2, "in_flight")):
        assert (found[f"c0000{n}"].state, found[f"c0000{n}"].reply) == ("held", f"goes on as k{n}"), state
        assert found[f"k{n}"].message_id == found[f"c0000{n}"].message_id  # clients fold what is doubled
    assert found["c00002"].doubted
    # by the case of its letters alone, and back again
    before = len(script.taken)
    for readers in ([reader(n, id=f"K{n}") for n in range(3)], READERS[:3]):
        assert desk.send(running, readers).left == {}
    assert len(script.taken) == before
    # a correction finds them under whatever id
    second = NOTE.replace("r1", "r2")
    publish(archive, second, supersedes=NOTE)
    script.taken.clear()
    desk.send(running, [reader(n, id=f"x{n}") for n in range(4)], second)
    assert script.addresses == [JOURNAL, *ADDRESSES[:3]]


def test_an_id_that_takes_over_an_address_is_not_sent_it_again(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_rcpt=["250 Ok", "250 Ok", "550 5.1.1 unknown"]))
    desk.send(running, READERS[:2])
    taken_over = reader(1, email=ADDRESSES[0])
    assert desk.send(running, [taken_over], retry_failed=True).accepted == 0
    assert running.script.addresses == [JOURNAL, ADDRESSES[0]]


def test_what_may_have_arrived_once_is_not_forgotten(serve: Start, desk: Desk, archive: Archive) -> None:
    """0 is refused when sent again; 1 is paused when sent again; 2 has another address by then."""
    running = serve(Script(at_data=["250 Ok", "close", "close", "close"]))
    desk.send(running, READERS[:3])
    assert list(desk.states().values()) == ["accepted", *["in_flight"] * 3]
    running.script.at_rcpt = ["550 5.1.1 unknown", "450 later"]
    mended = [READERS[0], reader(1, status="paused"), reader(2, email="reader.two@client2.example.com")]
    once = Running(running.script, _without_patience(running))
    desk.send(once, mended, resend_in_flight=True)
    assert desk.states()["c00000"] == "failed"
    assert desk.states()["c00001"] == "in_flight"  # nobody looked for it
    assert desk.states()["c00002"] == "deferred"
    found = deliveries(archive, NOTE)
    assert all(found[r.id].is_received for r in READERS[:3])
    assert [found[r.id].doubted for r in READERS[:3]] == [True, False, True]
    assert desk.send(running, READERS[:2]).accepted == 0  # without a word nobody is sent it twice
    second = NOTE.replace("r1", "r2")
    publish(archive, second, supersedes=NOTE)
    planned = plan(archive, archive.note(second), READERS[:4], NOBODY)
    assert [r.id for r in planned.going] == [r.id for r in READERS[:3]]
    assert planned.corrects == dict.fromkeys((r.id for r in READERS[:3]), NOTE)


def test_a_correction_reaches_whoever_was_still_to_get_the_note(
    serve: Start, desk: Desk, archive: Archive
) -> None:
    second = NOTE.replace("r1", "r2")
    # 0 receives it, 1 is put off, 2 is refused, the sending stops before 3, 4 and 5 are tried
    script = Script(
        at_rcpt=["250 Ok", "250 Ok", "450 later", "550 5.1.1 unknown"],
        at_mail=["250 Ok"] * 4 + ["553 5.7.1 not you"],
    )
    running = serve(script)
    assert "refuses the sender" in desk.send(running, READERS).stopped
    publish(archive, second, supersedes=NOTE)
    script.taken.clear()
    late = reader(9)
    planned = plan(archive, archive.note(second), [*READERS[:5], late], NOBODY)
    assert (planned.failed, planned.gone, planned.untouched) == (("c00002",), ("c00005",), 1)
    assert planned.unserved == ("c00002", "c00005")
    desk.send(running, [*READERS[:5], late], second)
    assert script.addresses == [JOURNAL, ADDRESSES[0], ADDRESSES[1], ADDRESSES[3], ADDRESSES[4]]
    found = deliveries(archive, second)
    assert {d.recipient: (d.kind, d.corrects) for d in found.values() if not d.is_journal} == {
        "c00000": ("correction", NOTE),
        "c00001": ("note", ""),
        "c00003": ("note", ""),
        "c00004": ("note", ""),
    }
    assert desk.send(running, READERS, second, retry_failed=True).accepted == 2


def test_a_correction_of_what_was_never_sent_is_a_note_like_any_other(
    serve: Start, desk: Desk, archive: Archive
) -> None:
    running = serve()
    desk.send(running, [reader(1, audience="retail")])  # held back
    second = NOTE.replace("r1", "r2")
    publish(archive, second, supersedes=NOTE)
    assert desk.send(running, READERS, second).accepted == 6
    assert {d.kind for d in deliveries(archive, second).values()} == {"journal", "note"}


def test_what_came_back_is_sent_again_on_a_word_alone(serve: Start, desk: Desk, archive: Archive) -> None:
    running = serve()
    desk.send(running, READERS[:2])
    with archive.writing() as writer:
        body = {"reply": "550 5.1.1 unknown", "report": "0" * 64}
        writer.append("delivery.bounced", note=NOTE, actor=SENDER, key="c00001", body=body)
    mended = [READERS[0], reader(1, email="reader.one@client1.example.com")]
    planned = plan(archive, archive.note(NOTE), mended, NOBODY)
    assert (planned.served, planned.bounced, planned.unserved) == (1, ("c00001",), ("c00001",))
    assert desk.send(running, mended).accepted == 0
    assert desk.send(running, mended, resend_bounced=True).accepted == 1
    assert running.script.addresses == [
        *(JOURNAL, *ADDRESSES[:2]),
        *(JOURNAL, "reader.one@client1.example.com"),
    ]
    *_, queued = archive.entries("delivery.queued", key="c00001")
    assert queued.why == "sent again after it came back"
    found = deliveries(archive, NOTE)["c00001"]
    assert (found.state, found.is_received) == ("accepted", True)
    assert desk.send(running, mended, resend_bounced=True).accepted == 0


@pytest.mark.parametrize(
    "refusals",
    [
        [f"554 5.7.1 <{a}>: Relay access denied" for a in ADDRESSES],  # Postfix
        [
            f"550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain {n}" for n in range(6)
        ],  # Exchange
        [f"550 5.7.1 Client host blocked [2026-11-22T18:00:0{n}Z AB{n}.example.com]" for n in range(6)],
        [f"553 5.1.8 <research@desk.example.com>: Sender address rejected ({n})" for n in range(6)],
        [f"550 relay not permitted for host {n}.example.com" for n in range(6)],  # Exim
    ],
)
def test_a_server_that_relays_for_nobody_harms_nobody(
    serve: Start, desk: Desk, archive: Archive, refusals: list[str]
) -> None:
    running = serve(Script(at_rcpt=["250 Ok", *refusals]))
    result = desk.send(running, READERS)
    assert "refused 5 readers one after the other in the same words" in result.stopped
    assert "@client" not in result.stopped
    assert result.accepted == 0
    assert list(desk.states().values()) == ["accepted", *["deferred"] * 5, "queued"]
    running.script.at_rcpt.clear()
    assert desk.send(running, READERS).accepted == 6  # the one who was not tried before them
    assert running.script.addresses == [JOURNAL, ADDRESSES[5], *ADDRESSES[:5]]


def test_a_short_list_is_not_given_up_either(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_rcpt=["250 Ok"] + ["554 5.7.1 Relay access denied"] * 2))
    assert "refused 2 readers" in desk.send(running, READERS[:2]).stopped
    assert desk.states() == {"@journal-1": "accepted", "c00000": "deferred", "c00001": "deferred"}


def test_readers_who_are_unknown_one_after_the_other_are_just_that(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_rcpt=["250 Ok"] + ["550 5.1.1 User unknown"] * 5))
    result = desk.send(running, READERS)
    assert (result.accepted, result.stopped) == (1, "")
    assert list(desk.states().values()).count("failed") == 5


def test_without_a_status_it_is_about_the_readers_once_one_was_accepted(serve: Start, desk: Desk) -> None:
    running = serve(Script(at_rcpt=["250 Ok", "250 Ok"] + ["550 No such user here"] * 5))
    result = desk.send(running, READERS)
    assert (result.accepted, result.stopped) == (1, "")
    assert list(desk.states().values()).count("failed") == 5


def test_a_note_withdrawn_during_the_last_message_still_has_its_report(
    serve: Start, desk: Desk, archive: Archive
) -> None:
    class Late(Script):
        """A server that takes its time with the last message."""

        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
            said = await super().handle_DATA(server, session, envelope)
            if len(self.taken) == 3:
                with archive.writing() as writer:
                    writer.append("note.withdrawn", note=NOTE, actor=SENDER, why="wrong")
            return said

    result = desk.send(serve(Late()), READERS[:2])
    assert (result.accepted, result.left, result.stopped) == (2, {}, "")
    assert set(desk.states().values()) == {"accepted"}


def test_the_journals_copy_says_how_many_readers_its_send_had(
    serve: Start, desk: Desk, archive: Archive
) -> None:
    running = serve(Script(at_data=["close"]))
    desk.send(running, READERS)
    assert deliveries(archive, NOTE)["@journal-1"].readers == 6
    said: list[int] = []

    def journal(readers: int) -> Notice:
        said.append(readers)
        return Notice("Journal")

    desk.notices = Notices(journal=journal)
    assert desk.send(running, READERS, resend_in_flight=True).accepted == 0
    assert said == [6]
    assert running.script.addresses == [*ADDRESSES, JOURNAL]


def _without_patience(running: Running) -> Mail:
    """Return settings that try once."""
    return running.mail.model_copy(update={"smtp": running.mail.smtp.model_copy(update={"attempts": 1})})
