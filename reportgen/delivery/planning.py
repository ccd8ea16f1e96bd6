"""Who gets a note now, who may not, and who has it: decided before anything leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reportgen.archive import Archive, NoteRecord
from reportgen.delivery.recipients import Recipient, Suppressed
from reportgen.delivery.record import Delivery, deliveries
from reportgen.errors import DeliveryError


@dataclass(frozen=True, slots=True)
class Plan:
    """Shape: going are the recipients to be served; the rest are ids, some with the reason of each.

    held may not have the note; excused do not want it, or not now.
    """

    note: NoteRecord
    known: Mapping[str, Delivery]
    going: tuple[Recipient, ...]
    held: Mapping[str, str] = field(default_factory=dict)
    excused: Mapping[str, str] = field(default_factory=dict)
    elsewhere: int = 0  # who read another language
    untouched: int = 0  # who did not receive the note that this one corrects
    served: int = 0
    in_flight: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()  # for the journal, from earlier sends, still to be delivered
    gone: tuple[str, ...] = ()  # queued or in flight, and no longer on the list

    @property
    def is_correction(self) -> bool:
        """Tell whether the note replaces one that was sent."""
        return self.note.supersedes is not None

    @property
    def unserved(self) -> tuple[str, ...]:
        """Return the ids of those who should have the note and will not get it by this plan."""
        return (*self.held, *self.in_flight, *self.failed, *self.gone)


def plan(
    archive: Archive,
    note: NoteRecord,
    recipients: Iterable[Recipient],
    suppressed: Suppressed,
    *,
    resend_in_flight: bool = False,
    retry_failed: bool = False,
    everyone: bool = False,
) -> Plan:
    """Decide for each recipient; a correction goes to those who received a note that it replaces.

    Shape: everyone sends a correction to the rest of the list too.

    Raises: DeliveryError for a note that may not leave.
    """
    _refuse(note)
    known = deliveries(archive, note.id)
    wronged = None if note.supersedes is None or everyone else _received(archive, note)
    going: list[Recipient] = []
    held: dict[str, str] = {}
    excused: dict[str, str] = {}
    in_flight: list[str] = []
    failed: list[str] = []
    copies: list[str] = []
    on_list: set[str] = set()
    for copy in (d for d in known.values() if d.is_journal):
        if copy.state == "in_flight" and not resend_in_flight:
            in_flight.append(copy.recipient)
        elif copy.state == "failed" and not retry_failed:
            failed.append(copy.recipient)
        elif copy.state not in ("accepted", "bounced"):
            copies.append(copy.recipient)
    elsewhere = untouched = served = 0
    for recipient in recipients:
        on_list.add(recipient.id)
        state = known[recipient.id].state if recipient.id in known else None
        if state in ("accepted", "bounced"):
            served += 1
        elif state == "in_flight" and not resend_in_flight:
            in_flight.append(recipient.id)
        elif state == "failed" and not retry_failed:
            failed.append(recipient.id)
        elif recipient.language and recipient.language != note.language:
            elsewhere += 1
        elif wronged is not None and recipient.id not in wronged:
            untouched += 1
        elif why := _why_excused(recipient, suppressed):
            excused[recipient.id] = why
        elif why := _why_not(recipient, note):
            held[recipient.id] = why
        else:
            going.append(recipient)
    left = {
        *(d.recipient for d in known.values() if d.state in ("queued", "in_flight", "deferred")),
        *(wronged or ()),
    }
    gone = tuple(sorted(id for id in left - on_list if not id.startswith("@")))
    return Plan(
        note, known, tuple(going), held, excused, elsewhere, untouched, served, tuple(in_flight),
        tuple(failed), tuple(copies), gone,
    )  # fmt: skip


def _refuse(note: NoteRecord) -> None:
    if note.state == "published":
        return
    hint = {
        "superseded": f"Send {note.superseded_by}, which replaces it.",
        "approved": f"`reportgen publish {note.id}` comes first.",
    }.get(note.state)
    raise DeliveryError(f"{note.id}: is {note.state}, only published notes are sent", hint=hint)


def _received(archive: Archive, note: NoteRecord) -> set[str]:
    """Return who received, or may have received, any of the notes that a note replaces."""
    found: set[str] = set()
    earlier = note.supersedes
    while earlier is not None:
        found |= {d.recipient for d in deliveries(archive, earlier).values() if d.is_received}
        before = archive.find(earlier)
        earlier = before.supersedes if before is not None else None
    return {recipient for recipient in found if not recipient.startswith("@")}


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
