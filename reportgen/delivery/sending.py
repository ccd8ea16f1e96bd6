"""The sending itself: each message on record before it leaves, each answer on record before the next.

A process that dies between a message and its answer leaves that one message in flight, and names it. It is
sent again only on an explicit word, under the same Message-ID.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reportgen.archive import Actor, Archive
from reportgen.config.mail import Mail
from reportgen.delivery.message import NO_NOTICE, Composer, Message, Notice
from reportgen.delivery.planning import Plan
from reportgen.delivery.recipients import Recipient
from reportgen.delivery.record import JOURNAL, Recorder, State
from reportgen.delivery.tokens import address_digest, message_id
from reportgen.delivery.transport import Outcome, Server, TemporaryError
from reportgen.errors import DeliveryError

LOCK = "sending.lock"
LONGEST_PAUSE_S = 900.0
_MOST_IN_DOUBT = 3  # one after the other: each leaves a reader of whom nobody knows whether he was served
_MOST_REFUSED = 5  # one after the other: the server has something against the message, not the reader
Pause = Callable[[float], None]
Progress = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Notices:
    """What is said of the sending itself, to clients and to compliance."""

    client: Notice = NO_NOTICE
    journal: Notice = NO_NOTICE


@dataclass(slots=True)
class Result:
    """What became of a send, by recipient id."""

    accepted: int = 0
    left: dict[str, tuple[State, str]] = field(default_factory=dict)
    stopped: str = ""  # why the sending ended before everybody was tried

    def settle(self, recipient_id: str, state: State, reply: str) -> None:
        """Note how it stands with a recipient."""
        if state == "accepted":
            self.left.pop(recipient_id, None)
            self.accepted += not recipient_id.startswith(JOURNAL)
        else:
            self.left[recipient_id] = (state, reply)


class _Going(NamedTuple):
    """Someone to be served, with what the ledger settled."""

    recipient: Recipient
    message_id: str
    date: str
    attempts: int


class _Patience:
    """Count what goes wrong one after the other, and end a sending that would only go on so."""

    def __init__(self) -> None:
        self._doubtful = self._refused = 0

    def judge(self, outcome: Outcome) -> None:
        """Take note of an outcome.

        Raises: DeliveryError if it is one too many.
        """
        self._doubtful = self._doubtful + 1 if outcome.what == "in_doubt" else 0
        if outcome.what == "failed" and outcome.stage != "RCPT TO":
            self._refused += 1
        elif outcome.what == "accepted":
            self._refused = 0
        if self._doubtful >= _MOST_IN_DOUBT:
            raise DeliveryError(
                f"the server left {self._doubtful} messages in doubt, one after the other: {outcome.reply}"
            )
        if self._refused >= _MOST_REFUSED:
            raise DeliveryError(
                f"the server refused {self._refused} messages for what they hold: {outcome.reply}"
            )


class Sender:
    """Send one edition to those of a plan."""

    def __init__(
        self,
        archive: Archive,
        mail: Mail,
        composer: Composer,
        server: Server,
        actor: Actor,
        *,
        pause: Pause,
        chance: random.Random,
    ) -> None:
        self._archive = archive
        self._mail = mail
        self._composer = composer
        self._server = server
        self._actor = actor
        self._pause = pause
        self._chance = chance

    def send(self, plan: Plan, notices: Notices, progress: Progress) -> Result:
        """Queue whoever is new, then serve everybody of the plan and the journal.

        Raises: ArchiveError if the ledger cannot be written: then nothing more leaves.
        """
        note_id = plan.note.id
        recorder = Recorder(self._archive, note_id, self._actor)
        self._hold(plan, recorder)
        going = self._queue(plan, recorder)
        result = Result()
        for one in going:
            result.settle(one.recipient.id, "queued", "")
        try:
            self._serve(going, notices, recorder, result, progress)
        except DeliveryError as error:
            result.stopped = error.message
        finally:
            try:
                recorder.flush()
            finally:
                self._server.close()
        self._archive.remember()
        return result

    def _hold(self, plan: Plan, recorder: Recorder) -> None:
        """Put on record who may not get the note, unless the record says so already."""

        def new() -> Iterator[tuple[str, Mapping[str, Any], str]]:
            for recipient_id, why in (*plan.held.items(), *plan.excused.items()):
                known = plan.known.get(recipient_id)
                if known is None or (known.state, known.reply) != ("held", why):
                    yield recipient_id, {}, why

        recorder.add_many("held", new())

    def _queue(self, plan: Plan, recorder: Recorder) -> list[_Going]:
        """Settle Message-ID and date of whoever has none yet, the journal's copy first."""
        date = self._archive.clock().replace(microsecond=0).isoformat()
        kind = "correction" if plan.is_correction else "note"
        known = plan.known
        copies = list(plan.copies)
        if any(r.id not in known or known[r.id].state == "held" for r in plan.going):
            copies.append(f"{JOURNAL}{1 + sum(d.is_journal for d in known.values())}")
        everybody = (*map(self._journal, copies), *plan.going)
        going: list[_Going] = []

        def new() -> Iterator[tuple[str, Mapping[str, Any], str]]:
            for recipient in everybody:
                before = known.get(recipient.id)
                address = address_digest(recipient.email)
                named = before.message_id if before is not None else ""
                since = before.date if before is not None else ""
                named, since = named or self._id(plan, recipient), since or date
                going.append(_Going(recipient, named, since, before.attempts if before is not None else 0))
                # Someone held before, or whose address was mended since, is queued anew.
                if before is None or before.state == "held" or before.address != address:
                    yield (
                        recipient.id,
                        {
                            "message_id": named,
                            "address": address,
                            "date": since,
                            "audience": recipient.audience,
                            "jurisdiction": recipient.jurisdiction,
                            "kind": "journal" if recipient.id.startswith(JOURNAL) else kind,
                        },
                        "",
                    )

        recorder.add_many("queued", new())
        return going

    def _serve(
        self,
        going: list[_Going],
        notices: Notices,
        recorder: Recorder,
        result: Result,
        progress: Progress,
    ) -> None:
        patience = _Patience()
        for attempt in range(1, self._mail.smtp.attempts + 1):
            again = []
            for one in going:
                outcome = self._attempt(one, attempt, notices, recorder, result)
                progress()
                if outcome.what == "deferred":
                    again.append(one)
                patience.judge(outcome)
            if not again:
                return
            going = again
            if attempt < self._mail.smtp.attempts:
                self._wait(attempt, recorder)

    def _attempt(
        self, one: _Going, attempt: int, notices: Notices, recorder: Recorder, result: Result
    ) -> Outcome:
        """Put a message on record as in flight, hand it over, and note the answer."""
        recipient = one.recipient
        try:
            message = self._message(one, notices)
        except DeliveryError as error:
            outcome = Outcome(
                "failed", "RCPT TO", 0, error.message
            )  # never left, and concerns this one alone
            self._settle(recipient, outcome, recorder, result)
            return outcome
        self._open(recorder)
        body = {"sha256": message.sha256, "size": len(message.content), "attempt": one.attempts + attempt}
        recorder.add("in_flight", recipient.id, body)
        recorder.flush()
        result.settle(recipient.id, "in_flight", "")
        try:
            outcome = self._server.deliver(self._mail.envelope_sender, recipient.email, message.content)
        except DeliveryError as error:  # the server refuses the sender: this one was not served
            refusal = Outcome("deferred", "MAIL FROM", 0, error.message)
            self._settle(recipient, refusal, recorder, result)
            raise
        self._settle(recipient, outcome, recorder, result)
        return outcome

    def _settle(self, recipient: Recipient, outcome: Outcome, recorder: Recorder, result: Result) -> None:
        if outcome.what == "in_doubt":  # the ledger says in flight, and that is all that is known
            result.settle(recipient.id, "in_flight", outcome.reply)
            return
        body = {"reply": outcome.reply, "stage": outcome.stage, "code": outcome.code}
        recorder.add(outcome.what, recipient.id, body)
        result.settle(recipient.id, outcome.what, outcome.reply)

    def _open(self, recorder: Recorder) -> None:
        """Connect, with patience.

        Raises: DeliveryError if the server stays away.
        """
        attempts = self._mail.smtp.attempts
        for attempt in range(1, attempts + 1):
            try:
                self._server.open()
                return
            except TemporaryError as error:
                if attempt == attempts:
                    raise DeliveryError(f"{error}, {attempts} times") from error
                self._wait(attempt, recorder)

    def _wait(self, attempt: int, recorder: Recorder) -> None:
        """Pause before another attempt, twice as long each time and never as long as another sender."""
        recorder.flush()
        self._server.close()
        seconds = self._mail.smtp.backoff_s * 2 ** (attempt - 1) * self._chance.uniform(0.5, 1.5)
        self._pause(min(seconds, LONGEST_PAUSE_S))

    def _message(self, one: _Going, notices: Notices) -> Message:
        recipient, date = one.recipient, dt.datetime.fromisoformat(one.date)
        notice = notices.journal if recipient.id.startswith(JOURNAL) else notices.client
        return self._composer.compose(
            recipient.id, recipient.name, recipient.email, one.message_id, date, notice
        )

    def _id(self, plan: Plan, recipient: Recipient) -> str:
        return message_id(self._archive.id, plan.note.id, recipient.id, self._mail.id_domain)

    def _journal(self, recipient_id: str) -> Recipient:
        return Recipient(recipient_id, self._mail.journal, "Compliance journal", "", "", "", "active")


@contextmanager
def alone(archive: Archive) -> Iterator[None]:
    """Keep any other process from sending from the same archive.

    Raises: DeliveryError if one does.
    """
    import filelock

    held = filelock.FileLock(archive.root / LOCK, timeout=0, mode=0o664, fallback_to_soft=False)
    try:
        held.acquire()
    except filelock.Timeout as error:
        raise DeliveryError(
            f"{archive.root}: another process is sending from this archive",
            hint="Wait for it to end: `reportgen deliveries` shows how far it is.",
        ) from error
    try:
        yield
    finally:
        held.release()
