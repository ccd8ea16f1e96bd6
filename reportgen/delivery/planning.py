"""Who gets a note now, who may not, and who has it: decided before anything leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from reportgen.archive import Archive, NoteRecord
from reportgen.delivery.addresses import address_digest
from reportgen.delivery.recipients import Recipient, Suppressed
from reportgen.delivery.record import Delivery, State, deliveries
from reportgen.errors import DeliveryError

# Which of a reader's deliveries counts where there are several, under another id or address.
_WEIGHT: tuple[State, ...] = ("held", "queued", "deferred", "failed", "bounced", "in_flight", "accepted")

_Lot = Literal[State, "going", "excused", "elsewhere", "untouched"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Shape: going are the recipients to be served; the rest are ids, some with the reason of each.

    held may not have the note; excused do not want it, or not now. former is what the ledger says of those
    on the list, though it may know them by another id; renamed are such ids, each with the present one.
    """

    note: NoteRecord
    known: Mapping[str, Delivery]
    going: tuple[Recipient, ...]
    former: Mapping[str, Delivery] = field(default_factory=dict)
    corrects: Mapping[str, str] = field(default_factory=dict)  # the note that someone holds, to be replaced
    renamed: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    excused: Mapping[str, str] = field(default_factory=dict)
    elsewhere: int = 0  # who read another language
    untouched: int = 0  # who was not to receive the note that this one corrects
    served: int = 0
    in_flight: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    bounced: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()  # for the journal, from earlier sends, still to be delivered
    gone: tuple[str, ...] = ()  # should have the note, or a correction, and is no longer on the list

    @property
    def is_correction(self) -> bool:
        """Tell whether the note replaces one that was sent."""
        return self.note.supersedes is not None

    @property
    def unserved(self) -> tuple[str, ...]:
        """Return the ids of those who should have the note and will not get it by this plan."""
        return (*self.held, *self.in_flight, *self.failed, *self.bounced, *self.gone)


class _Register:
    """The deliveries of one note to its readers, found by id, or by address where the id has changed."""

    def __init__(self, note_id: str, held: Iterable[Delivery]) -> None:
        self.note_id = note_id
        self.held = [d for d in held if not d.is_journal]
        self._found: dict[str, list[Delivery]] = {}
        for one in self.held:
            self._found.setdefault(one.recipient.lower(), []).append(one)
            if one.address:
                self._found.setdefault(f"@{one.address}", []).append(one)

    def of(self, recipient: Recipient) -> list[Delivery]:
        """Return the deliveries to a recipient."""
        if not self._found:
            return []
        by_id = self._found.get(recipient.id.lower(), [])
        return by_id + self._found.get(f"@{address_digest(recipient.email)}", [])

    def former(self, recipient: Recipient) -> Delivery | None:
        """Return the delivery to a recipient that counts."""
        return max(self.of(recipient), key=lambda d: (_WEIGHT.index(d.state), d.seq), default=None)


class _Past:
    """The notes that a correction replaces, the newest first."""

    def __init__(self, archive: Archive, note: NoteRecord) -> None:
        self.registers: list[_Register] = []
        earlier = note.supersedes
        while earlier is not None:
            self.registers.append(_Register(earlier, deliveries(archive, earlier).values()))
            before = archive.find(earlier)
            earlier = before.supersedes if before is not None else None
        self.was_sent = any(d.state != "held" for r in self.registers for d in r.held)

    def received(self, recipient: Recipient) -> str:
        """Return the newest of the notes that a recipient received, or may have; nothing without one."""
        return next((r.note_id for r in self.registers if any(d.is_received for d in r.of(recipient))), "")

    def states(self, recipient: Recipient) -> set[State]:
        """Return where the deliveries of these notes to a recipient stand."""
        return {d.state for register in self.registers for d in register.of(recipient)}


@dataclass(frozen=True, slots=True)
class _Rules:
    """What decides. Shape: spoken says for a state whether the sender's word lets it go out again."""

    note: NoteRecord
    register: _Register
    past: _Past
    suppressed: Suppressed
    spoken: Mapping[State, bool]
    everyone: bool

    def is_waiting(self, state: State | None) -> bool:
        """Tell whether a delivery is not to go out, or not without a word."""
        return state is not None and not self.spoken.get(state, True)

    def decide(self, recipient: Recipient, before: Delivery | None) -> tuple[_Lot, str]:
        """Say what is to be done about a recipient, and why not to send."""
        state = before.state if before is not None else None
        if state is not None and self.is_waiting(state):
            return state, ""
        replaced, states = self.past.received(recipient), self.past.states(recipient)
        is_begun = state not in (None, "held")
        is_due = is_begun or bool(replaced) or bool(states & {"queued", "deferred"})
        if not (replaced or _reads(recipient, self.note.language)):
            return "elsewhere", ""
        is_for_all = self.everyone or not self.past.was_sent
        if not (is_due or is_for_all or "failed" in states):
            return "untouched", ""
        if why := _why_excused(recipient, self.suppressed):
            return "excused", why
        if why := _why_not(recipient, self.note):
            return "held", why
        if not (is_due or is_for_all) and self.is_waiting("failed"):
            return "failed", ""
        return "going", ""


def plan(
    archive: Archive,
    note: NoteRecord,
    recipients: Iterable[Recipient],
    suppressed: Suppressed,
    *,
    resend_in_flight: bool = False,
    resend_bounced: bool = False,
    retry_failed: bool = False,
    everyone: bool = False,
) -> Plan:
    """Decide for each recipient; a correction goes to those who received a note that it replaces, or were to.

    Shape: everyone sends a correction to the rest of the list too. Where nothing was sent of what it
    replaces, it goes to the list as a note does.

    Raises: DeliveryError for a note that may not leave.
    """
    _refuse(note)
    known = deliveries(archive, note.id)
    spoken: dict[State, bool] = {
        "accepted": False, "in_flight": resend_in_flight, "bounced": resend_bounced, "failed": retry_failed,
    }  # fmt: skip
    register, past = _Register(note.id, known.values()), _Past(archive, note)
    rules = _Rules(note, register, past, suppressed, spoken, everyone)
    lots: dict[_Lot, dict[str, str]] = {lot: {} for lot in get_args(_Lot)}
    going: list[Recipient] = []
    former: dict[str, Delivery] = {}
    listed: set[str] = set()
    copies = [d for d in known.values() if d.is_journal]
    for copy in copies:
        if rules.is_waiting(copy.state) and copy.state != "accepted":
            lots[copy.state][copy.recipient] = ""
    for recipient in recipients:
        listed |= {recipient.id.lower(), f"@{address_digest(recipient.email)}"}
        before = register.former(recipient)
        lot, why = rules.decide(recipient, before)
        lots[lot][recipient.id] = why
        if before is not None:
            former[recipient.id] = before
        if lot == "going":
            going.append(recipient)
    left = [d for d in register.held if d.state in ("queued", "in_flight", "deferred")]
    left += [d for r in past.registers for d in r.held if d.is_received or d.state in ("queued", "deferred")]
    gone = {d.recipient for d in left if listed.isdisjoint((d.recipient.lower(), f"@{d.address}"))}
    corrects = ((one.id, past.received(one)) for one in going)
    return Plan(
        note,
        known,
        tuple(going),
        former=former,
        corrects={id: replaced for id, replaced in corrects if replaced},
        renamed=_renamed(going, former),
        held=lots["held"],
        excused=lots["excused"],
        elsewhere=len(lots["elsewhere"]),
        untouched=len(lots["untouched"]),
        served=len(lots["accepted"]),
        in_flight=tuple(lots["in_flight"]),
        failed=tuple(lots["failed"]),
        bounced=tuple(lots["bounced"]),
        copies=tuple(d.recipient for d in copies if not rules.is_waiting(d.state)),
        gone=tuple(sorted(gone)),
    )


def _renamed(going: Iterable[Recipient], former: Mapping[str, Delivery]) -> dict[str, str]:
    """Return the ids by which the ledger knows some of those who go by another now, each with that one."""
    pairs = ((former[one.id], one.id) for one in going if one.id in former)
    return {before.recipient: id for before, id in pairs if before.recipient != id and before.state != "held"}


def _refuse(note: NoteRecord) -> None:
    if note.state == "published":
        return
    hint = {
        "superseded": f"Send {note.superseded_by}, which replaces it.",
        "approved": f"`reportgen publish {note.id}` comes first.",
    }.get(note.state)
    raise DeliveryError(f"{note.id}: is {note.state}, only published notes are sent", hint=hint)


def _reads(recipient: Recipient, language: str) -> bool:
    """Tell whether a recipient reads a language: who reads en-GB reads en."""
    return recipient.language in ("", language) or recipient.language.startswith(f"{language}-")


def _why_excused(recipient: Recipient, suppressed: Suppressed) -> str:
    """Say why a recipient is not to be written to; nothing if there is no reason."""
    if recipient in suppressed:
        return "on the suppression list"
    return "" if recipient.status == "active" else f"status {recipient.status}"


def _why_not(recipient: Recipient, note: NoteRecord) -> str:
    """Say why a recipient may not have a note; nothing if there is no reason."""
    for kind, own, covered in (
        ("audience", recipient.audience, note.audiences),
        ("jurisdiction", recipient.jurisdiction, note.jurisdictions),
    ):
        if own not in covered:
            named = ", ".join(covered) or "none"
            return f"{kind} {own} is not covered by the note's disclosures, which cover {named}"
    return ""
