"""What became of a note, folded from its entries; nothing about a note is kept anywhere else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from reportgen.archive.ledger import Actor, Entry
from reportgen.errors import ArchiveError

State = Literal["submitted", "returned", "approved", "publishing", "published", "superseded", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval of one submission; void once other bytes were submitted, or it was returned."""

    at: dt.datetime
    actor: Actor
    manifest: str
    void: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: nothing that is held may be disposed of, however old."""

    at: dt.datetime
    actor: Actor
    matter: str
    why: str


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """A note as the ledger knows it.

    Shape: files holds the SHA-256 of every sealed file by name, of the last submission; manifest that of
    manifest.json, which seals them all. needed are the roles whose approval the submission asks for.
    """

    id: str
    name: str
    title: str
    as_of: str
    language: str
    revision: int
    state: State
    state_by: Actor  # who brought it into this state, and when
    state_at: dt.datetime
    files: Mapping[str, str]
    manifest: str
    analysts: tuple[Mapping[str, str], ...]
    disclosures: tuple[Any, ...]
    jurisdictions: tuple[str, ...]
    audiences: tuple[str, ...]
    submitted_by: Actor
    submitted_at: dt.datetime
    submitters: tuple[str, ...]  # ids of all who ever submitted it
    needed: tuple[str, ...]
    approvals: tuple[Approval, ...] = ()
    publishing_at: dt.datetime | None = None
    published_at: dt.datetime | None = None
    published_by: Actor | None = None
    signed_pdf: str | None = None
    signatures: Mapping[str, str] | None = None
    is_test: bool = False  # signed by a test identity
    withdrawn_at: dt.datetime | None = None
    withdrawn_why: str = ""
    supersedes: str | None = None
    superseded_by: str | None = None
    superseded_at: dt.datetime | None = None
    correction_why: str = ""  # why this note corrects the one it supersedes
    retention_years: int = 0
    retention_class: str = ""
    holds: tuple[Hold, ...] = ()
    entries: tuple[int, ...] = ()  # sequence numbers of its life, refusals among them

    @property
    def standing(self) -> tuple[Approval, ...]:
        """Return the approvals that hold for the bytes submitted last."""
        return tuple(a for a in self.approvals if not a.void)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Return the roles whose approval is still to come."""
        given = [a.actor.role for a in self.standing]
        return tuple(role for role in self.needed if role not in given)

    @property
    def retention_until(self) -> dt.date | None:
        """Return the day until which the record must be kept, from publication, else submission."""
        if not self.retention_years:
            return None
        start = (self.published_at or self.submitted_at).date()
        try:
            return start.replace(year=start.year + self.retention_years)
        except ValueError:  # 29 February
            return dt.date(start.year + self.retention_years, 3, 1)


def fold(note_id: str, entries: Iterable[Entry]) -> NoteRecord | None:
    """Return a note's record from the entries that name it, as note or as key; None if none submits it."""
    record: NoteRecord | None = None
    seen: list[int] = []
    for entry in entries:
        try:
            record = _folded(note_id, record, entry)
        except (KeyError, TypeError, AttributeError) as error:
            raise ArchiveError(f"ledger: entry {entry.seq}: {entry.kind} lacks {error}") from error
        if entry.note == note_id:
            seen.append(entry.seq)
    return None if record is None else replace(record, entries=tuple(seen))


def _folded(note_id: str, record: NoteRecord | None, entry: Entry) -> NoteRecord | None:
    """Return the record after one more entry."""
    if entry.note != note_id:
        if record is None or entry.kind != "note.published":
            return record
        return _stepped(record, _superseded(record, entry), entry)  # its correction is out
    if entry.kind == "note.submitted":
        return _submitted(note_id, record, entry)
    if record is None or entry.kind not in _STEPS:
        return record
    return _stepped(record, _STEPS[entry.kind](record, entry), entry)


def _stepped(before: NoteRecord, after: NoteRecord, entry: Entry) -> NoteRecord:
    """Note who brought a note into a new state."""
    if after.state == before.state:
        return after
    return replace(after, state_by=entry.actor, state_at=entry.at)


def _submitted(note_id: str, record: NoteRecord | None, entry: Entry) -> NoteRecord:
    body = entry.body
    covers = body.get("covers", {})
    retention = body.get("retention", {})
    return NoteRecord(
        id=note_id,
        name=body["name"],
        title=body["title"],
        as_of=body["as_of"],
        language=body["language"],
        revision=body["revision"],
        state="submitted",
        state_by=entry.actor,
        state_at=entry.at,
        files=body["files"],
        manifest=body["manifest"],
        analysts=tuple(body["analysts"]),
        disclosures=tuple(body.get("disclosures", ())),
        jurisdictions=tuple(covers.get("jurisdictions", ())),
        audiences=tuple(covers.get("audiences", ())),
        submitted_by=entry.actor,
        submitted_at=entry.at,
        submitters=tuple(dict.fromkeys((*(record.submitters if record else ()), entry.actor.id))),
        needed=tuple(body["approvals"]),
        approvals=() if record is None else _voided(record.approvals),
        supersedes=body.get("supersedes"),
        correction_why=body.get("correction_why", ""),
        retention_years=retention.get("years", 0),
        retention_class=retention.get("class", ""),
        holds=() if record is None else record.holds,
    )


def _voided(approvals: tuple[Approval, ...]) -> tuple[Approval, ...]:
    return tuple(replace(a, void=True) for a in approvals)


def _returned(record: NoteRecord, entry: Entry) -> NoteRecord:
    return replace(record, state="returned", approvals=_voided(record.approvals))


def _approved(record: NoteRecord, entry: Entry) -> NoteRecord:
    if entry.body["manifest"] != record.manifest:
        return record  # of bytes that are no longer those submitted
    approval = Approval(entry.at, entry.actor, entry.body["manifest"])
    record = replace(record, approvals=(*record.approvals, approval))
    return record if record.lacking else replace(record, state="approved")


def _publishing(record: NoteRecord, entry: Entry) -> NoteRecord:
    return replace(record, state="publishing", publishing_at=entry.at)


def _published(record: NoteRecord, entry: Entry) -> NoteRecord:
    return replace(
        record,
        state="published",
        published_at=entry.at,
        published_by=entry.actor,
        signed_pdf=entry.body["signed_pdf"],
        signatures=entry.body["signatures"],
        is_test=entry.body["identity"]["is_test"],
    )


def _withdrawn(record: NoteRecord, entry: Entry) -> NoteRecord:
    return replace(
        record,
        state="withdrawn",
        withdrawn_at=entry.at,
        withdrawn_why=entry.why,
        approvals=record.approvals if record.published_at else _voided(record.approvals),
    )


def _superseded(record: NoteRecord, entry: Entry) -> NoteRecord:
    """Mark a note whose correction is published: by its own entry, or by that of the correction."""
    by = entry.body["by"] if entry.kind == "note.superseded" else entry.note
    state = record.state if record.state == "withdrawn" else "superseded"
    return replace(record, state=state, superseded_by=by, superseded_at=record.superseded_at or entry.at)


def _held(record: NoteRecord, entry: Entry) -> NoteRecord:
    hold = Hold(entry.at, entry.actor, entry.body["matter"], entry.why)
    return replace(record, holds=(*(h for h in record.holds if h.matter != hold.matter), hold))


def _lifted(record: NoteRecord, entry: Entry) -> NoteRecord:
    return replace(record, holds=tuple(h for h in record.holds if h.matter != entry.body["matter"]))


_STEPS = {
    "note.returned": _returned,
    "note.approved": _approved,
    "note.publishing": _publishing,
    "note.published": _published,
    "note.withdrawn": _withdrawn,
    "note.superseded": _superseded,
    "hold.placed": _held,
    "hold.lifted": _lifted,
}
