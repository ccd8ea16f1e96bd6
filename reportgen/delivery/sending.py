"""The sending itself: each message on record before it leaves, each answer on record before the next.

A process that dies between a message and its answer leaves that one message in flight, and names it. It is
sent again only on an explicit word, under the same Message-ID.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from reportgen.archive import Actor, Archive
from reportgen.config.mail import Mail
from reportgen.delivery.message import Composer
from reportgen.delivery.patience import Patience
from reportgen.delivery.planning import Plan
from reportgen.delivery.queueing import Going, Notices, composed, line_up
from reportgen.delivery.recipients import Recipient
from reportgen.delivery.record import JOURNAL, Recorder, State
from reportgen.delivery.transport import Outcome, Server, TemporaryError
from reportgen.errors import DeliveryError

LOCK = "sending.lock"
LONGEST_PAUSE_S = 900.0
Pause = Callable[[float], None]
Progress = Callable[[], None]


@dataclass(slots=True)
class Result:
    """What became of a send, by recipient id."""

    accepted: int = 0
    left: dict[str, tuple[State, str]] = field(default_factory=dict)
    stopped: str = ""  # why the sending ended before everybody was tried
    hint: str = ""  # what to do about that

    def settle(self, recipient_id: str, state: State, reply: str) -> None:
        """Note how it stands with a recipient."""
        if state == "accepted":
            self.left.pop(recipient_id, None)
            self.accepted += not recipient_id.startswith(JOURNAL)
        else:
            self.left[recipient_id] = (state, reply)


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
            result.stopped, result.hint = error.message, error.hint or ""
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
            for former, recipient_id in plan.renamed.items():
                yield former, {}, f"goes on as {recipient_id}"
            for recipient_id, why in (*plan.held.items(), *plan.excused.items()):
                known = plan.known.get(recipient_id)
                # What may have arrived stays in doubt.
                if known is None or (
                    known.state != "in_flight" and (known.state, known.reply) != ("held", why)
                ):
                    yield recipient_id, {}, why

        recorder.add_many("held", new())

    def _queue(self, plan: Plan, recorder: Recorder) -> list[Going]:
        """Line up whom the plan serves, and put on record what is new."""
        date = self._archive.clock().replace(microsecond=0).isoformat()
        going = line_up(plan, self._archive.id, self._mail, date)
        recorder.add_many("queued", ((x.recipient.id, x.settled, x.why) for x in going if x.is_new))
        return going

    def _serve(
        self,
        going: list[Going],
        notices: Notices,
        recorder: Recorder,
        result: Result,
        progress: Progress,
    ) -> None:
        patience = Patience(sum(not one.is_journal for one in going))
        attempts = self._mail.smtp.attempts
        line = [(one, 1) for one in going]
        fruitless = 0  # rounds, one after the other
        while True:
            again: list[tuple[Going, int]] = []
            is_any_accepted = False
            for at, (one, attempt) in enumerate(line, 1):
                outcome = self._attempt(one, attempt, notices, recorder, result)
                progress()
                is_any_accepted = is_any_accepted or outcome.what == "accepted"
                if outcome.what == "deferred" and attempt < attempts:
                    again.append((one, attempt + 1))
                try:
                    patience.judge(one.recipient, outcome)
                except DeliveryError:
                    for recipient, refusal in patience.blameless:
                        self._settle(recipient, replace(refusal, what="deferred"), recorder, result)
                    raise
                if patience.is_at_an_end:
                    again = line[at:] + again  # nobody waits for those who were put off
                    break
            if not again:
                return
            fruitless = 1 if is_any_accepted else fruitless + 1
            if fruitless >= attempts:
                raise DeliveryError(f"the server takes no more for now: {outcome.reply}")
            self._wait(fruitless, recorder)
            line = again

    def _attempt(
        self, one: Going, attempt: int, notices: Notices, recorder: Recorder, result: Result
    ) -> Outcome:
        """Put a message on record as in flight, hand it over, and note the answer."""
        recipient = one.recipient
        try:
            message = composed(self._composer, one, notices)
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
