"""Who got which note, as the archive's ledger tells it; nothing about a delivery is kept anywhere else.

The kinds of entry, each with the recipient's id as key:
    delivery.queued      is to get the note, or to get it again; Message-ID and address are settled
    delivery.held        may not get it, and why; or goes on under another id
    delivery.in_flight   the message of this digest is about to be handed over
    delivery.accepted    the server took it, in these words
    delivery.deferred    the server did not take it now
    delivery.failed      the server will never take it
    delivery.bounced     it came back later
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from reportgen.archive import Actor, Archive, Entry
from reportgen.errors import DeliveryError

PREFIX = "delivery."
JOURNAL = "@journal-"  # before the number of a send: no id of a recipient begins so
State = Literal["queued", "held", "in_flight", "accepted", "deferred", "failed", "bounced"]
STATES: tuple[State, ...] = ("accepted", "in_flight", "queued", "deferred", "failed", "bounced", "held")
_CHUNK = 500  # entries written at once where there are many


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the delivery of one note to one recipient stands."""

    note: str
    recipient: str
    state: State
    at: dt.datetime
    message_id: str = ""
    address: str = ""  # SHA-256
    date: str = ""  # of the message
    audience: str = ""
    jurisdiction: str = ""
    kind: str = "note"  # note, correction or journal
    sha256: str = ""  # of the message handed over last
    attempts: int = 0
    reply: str = ""
    seq: int = 0  # of the entry that settled it
    corrects: str = ""  # the note that the reader holds and this one replaces
    readers: int = 0  # of the send of which this is the journal's copy
    doubted: bool = False  # handed over once without an answer, whatever came of it later
    taken: bool = False  # by the server, once, whatever came of it later
    accepted_at: dt.datetime | None = None  # the last time, whatever came of it later

    @property
    def is_journal(self) -> bool:
        """Tell whether this is compliance's copy."""
        return self.recipient.startswith(JOURNAL)

    @property
    def is_received(self) -> bool:
        """Tell whether the note reached its reader, or may have.

        What came back may have been read too: by an assistant, or at one of the addresses behind a list.
        """
        return self.doubted or self.taken or self.state == "in_flight"


def deliveries(archive: Archive, note_id: str) -> dict[str, Delivery]:
    """Return the deliveries of a note by recipient, in the order in which they were queued."""
    return fold(archive.entries(PREFIX, note=note_id)).get(note_id, {})


def fold(entries: Iterable[Entry]) -> dict[str, dict[str, Delivery]]:
    """Return where each delivery stands after some entries, by note and recipient."""
    found: dict[str, dict[str, Delivery]] = {}
    for entry in entries:
        state = entry.kind.removeprefix(PREFIX)
        if state in STATES and entry.note is not None:
            held = found.setdefault(entry.note, {})
            before = held.get(entry.key) or Delivery(entry.note, entry.key, "queued", entry.at)
            held[entry.key] = _after(before, state, entry)
    return found


def _after(before: Delivery, state: State, entry: Entry) -> Delivery:
    body: Mapping[str, Any] = entry.body
    changes: dict[str, Any] = {"state": state, "at": entry.at, "seq": entry.seq}
    # An answer follows what is in flight; anything else means that there was none.
    if before.state == "in_flight" and state in ("queued", "held", "in_flight"):
        changes["doubted"] = True
    if state in ("accepted", "bounced"):
        changes["taken"] = True
    if state == "accepted":
        changes["accepted_at"] = entry.at
    if state == "queued":
        changes |= {
            name: body[name] for name in ("message_id", "address", "date", "audience", "jurisdiction", "kind")
        }
        changes |= {"corrects": body.get("corrects", ""), "readers": body.get("readers", 0)}
    elif state == "in_flight":
        changes |= {"sha256": body["sha256"], "attempts": body["attempt"], "reply": ""}
    else:
        changes["reply"] = body.get("reply", entry.why)
    return replace(before, **changes)


@dataclass(frozen=True, slots=True)
class _Line:
    kind: str
    key: str
    body: Mapping[str, Any]
    why: str


class Recorder:
    """Write the entries of one note's deliveries, several in one piece.

    Between two pieces the archive is free for others; a note that is withdrawn meanwhile goes no further.
    """

    def __init__(self, archive: Archive, note_id: str, actor: Actor) -> None:
        self._archive = archive
        self._note_id = note_id
        self._actor = actor
        self._lines: list[_Line] = []
        self._seq = 0
        self._ended = ""  # the state in which the note may no longer leave

    def add(self, state: State, recipient_id: str, body: Mapping[str, Any], why: str = "") -> None:
        """Note an entry; it is on the disk after `flush`."""
        self._lines.append(_Line(f"{PREFIX}{state}", recipient_id, body, why))

    def add_many(self, state: State, lines: Iterator[tuple[str, Mapping[str, Any], str]]) -> None:
        """Write many entries without holding them all."""
        for recipient_id, body, why in lines:
            self.add(state, recipient_id, body, why)
            if len(self._lines) >= _CHUNK:
                self.flush()
        self.flush()

    def flush(self) -> None:
        """Write what was noted, in one piece, and wait until the disk has it.

        Raises: DeliveryError if the note is no longer in force and a message was about to leave; what was
            under way is on record, that message is not.
        """
        if not self._lines:
            return
        with self._archive.writing() as writer:
            if not self._ended and writer.last.seq != self._seq:
                self._ended = self._gone()
            kept = [x for x in self._lines if not (self._ended and x.kind == f"{PREFIX}in_flight")]
            is_cut = len(kept) < len(self._lines)
            for line in kept:
                writer.append(
                    line.kind, note=self._note_id, actor=self._actor, why=line.why, key=line.key,
                    body=line.body,
                )  # fmt: skip
            self._lines.clear()
            writer.flush()
            self._seq = writer.last.seq
        if is_cut:
            raise DeliveryError(
                f"{self._note_id}: is {self._ended} now; the sending ends here",
                hint="`reportgen deliveries` names who has it.",
            )

    def _gone(self) -> str:
        """Return the note's state where it may not leave in it."""
        state = self._archive.note(self._note_id).state
        return "" if state == "published" else state
