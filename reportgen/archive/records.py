"""What became of a note, folded from its entries; nothing about a note is kept anywhere else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from reportgen.archive.ledger import Actor, Entry
from reportgen.archive.verifier import UNREADABLE, printable
from reportgen.config.people import plain
from reportgen.errors import ArchiveError

State = Literal["submitted", "returned", "approved", "publishing", "published", "superseded", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)
PDF, SIGNATURE = "note.pdf", "manifest.json.p7s"


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
    signing_at: dt.datetime | None = None  # when its publication began: the moment that its signatures state
    published_at: dt.datetime | None = None
    published_by: Actor | None = None
    signed_pdf: str | None = None
    signatures: Mapping[str, str] | None = None
    chain: str | None = None  # certificates of the signer and its issuers
    signed_by: str | None = None  # SHA-256 of the signer's certificate
    is_test: bool = False  # signed by a test identity
    withdrawn_at: dt.datetime | None = None
    withdrawn_why: str = ""
    supersedes: str | None = None
    superseded_by: str | None = None
    superseded_at: dt.datetime | None = None
    correction_why: str = ""  # why this note corrects the one it supersedes
    retention_years: int = 0
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


def is_analyst(record: NoteRecord, name: str, email: str = "") -> bool:
    """Tell whether a person is named on a note as its analyst, by name or by address."""
    return any(
        plain(name) == plain(analyst.get("name", ""))
        or (email and plain(email) == plain(analyst.get("email", "")))
        for analyst in record.analysts
    )


def fold(note_id: str, entries: Iterable[Entry]) -> NoteRecord | None:
    """Return a note's record from the entries that name it, as note or as key; None if none submits it.

    Raises: ArchiveError for an entry that lacks what its kind should say.
    """
    record: NoteRecord | None = None
    seen: list[int] = []
    for entry, _, after in steps(note_id, entries):
        record = after
        if entry.note == note_id:
            seen.append(entry.seq)
    return None if record is None else replace(record, entries=tuple(seen))


def steps(
    note_id: str, entries: Iterable[Entry]
) -> Iterator[tuple[Entry, NoteRecord | None, NoteRecord | None]]:
    """Return each entry with the note's record before and after it.

    Raises: as `fold`.
    """
    record: NoteRecord | None = None
    for entry in entries:
        try:
            after = _folded(note_id, record, entry)
        except UNREADABLE as error:
            raise ArchiveError(
                f"ledger: entry {entry.seq}: {entry.kind} lacks {printable(str(error))}"
            ) from error
        yield entry, record, after
        record = after


def approval_fault(record: NoteRecord, entry: Entry) -> str:
    """Say why an approval does not count; nothing if it does."""
    if entry.body["manifest"] != record.manifest:
        return "it is not of the bytes submitted last"
    if entry.actor.id in record.submitters:
        return f"{entry.actor.name} ({entry.actor.id}) submitted the note"
    if is_analyst(record, entry.actor.name):
        return f"{entry.actor.name} ({entry.actor.id}) is named as its analyst"
    if any(given.actor.id == entry.actor.id for given in record.standing):
        return f"{entry.actor.name} ({entry.actor.id}) has approved it already"
    return ""


def publication_faults(record: NoteRecord, entry: Entry) -> list[str]:
    """Say why a note was not published by an entry; nothing if it was."""
    body, faults = entry.body, []
    if record.state != "publishing":
        faults.append(f"the note was {record.state}")
    if record.lacking or not record.standing:
        faults.append(f"the approval of {' and '.join(record.lacking) or 'anybody'} is lacking")
    for name, approved in (("manifest", record.manifest), ("unsigned_pdf", record.files.get(PDF))):
        if body.get(name) != approved or approved is None:
            faults.append(f"its {name} is {body.get(name)}, approved was {approved}")
    signatures, identity = body.get("signatures"), body.get("identity")
    if not isinstance(body.get("signed_pdf"), str):
        faults.append("it names no signed PDF")
    if not isinstance(signatures, Mapping) or not isinstance(signatures.get(SIGNATURE), str):
        faults.append("it names no signature of the manifest")
    if not isinstance(identity, Mapping) or not isinstance(identity.get("fingerprint"), str):
        faults.append("it does not say by whose key it was signed")
    if entry.key != (record.supersedes or ""):
        faults.append(f"it corrects {entry.key or 'nothing'}, submitted was {record.supersedes or 'nothing'}")
    return faults


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
    if record is not None and record.published_at is not None:
        return record  # forged: what is published stays so; `archive verify` names the entry
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
        holds=() if record is None else record.holds,
    )


def _voided(approvals: tuple[Approval, ...]) -> tuple[Approval, ...]:
    return tuple(replace(a, void=True) for a in approvals)


def _returned(record: NoteRecord, entry: Entry) -> NoteRecord:
    return replace(record, state="returned", approvals=_voided(record.approvals))


def _approved(record: NoteRecord, entry: Entry) -> NoteRecord:
    if approval_fault(record, entry):
        return record  # `archive verify` names the entry
    approval = Approval(entry.at, entry.actor, entry.body["manifest"])
    record = replace(record, approvals=(*record.approvals, approval))
    return record if record.lacking else replace(record, state="approved")


def _publishing(record: NoteRecord, entry: Entry) -> NoteRecord:
    if record.state not in ("approved", "publishing"):
        return record  # forged: `archive verify` names the entry
    return replace(record, state="publishing", signing_at=entry.at)


def _published(record: NoteRecord, entry: Entry) -> NoteRecord:
    if publication_faults(record, entry):
        return record  # forged: `archive verify` names the entry
    return replace(
        record,
        state="published",
        published_at=entry.at,
        published_by=entry.actor,
        signed_pdf=entry.body["signed_pdf"],
        signatures=entry.body["signatures"],
        chain=entry.body.get("chain"),
        signed_by=entry.body["identity"]["fingerprint"],
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
