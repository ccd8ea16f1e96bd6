"""The steps in the life of a note, each taken by a person of the desk and written into the ledger.

A step that is refused leaves its own entry: who asked for what, and why not.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.archive import Archive, NoteRecord, Writer
from reportgen.archive.ledger import sha256
from reportgen.archive.life import Verb, qualified, revision_of, sibling
from reportgen.archive.prose import title_of
from reportgen.errors import ApprovalError, AuditError, PdfError, ReportgenError
from reportgen.pipeline.office import Office, attempt, founder, person_of, refused

if TYPE_CHECKING:
    from reportgen.pipeline.checking import BuiltNote

MANIFEST = "manifest.json"
OPEN = ("submitted", "returned", "approved", "publishing")


def ready(office: Office, verb: Verb, note_id: str, why: str = "") -> None:
    """Check that a step may be taken, before anything costly is done for it.

    Raises: ApprovalError; the refusal is on record.
    """
    try:
        revision_of(note_id)
        office.admit(verb, note_id, office.archive.find(note_id))
        if verb == "correct":
            next_revision(office.archive, note_id)
    except ReportgenError as error:
        raise refused(office, verb, note_id, why, error) from error


def submit(office: Office, folder: Path, why: str = "") -> NoteRecord:
    """Seal a built note and put it before the approvers; approvals of other bytes of it become void.

    The same bytes again change nothing.

    Raises: AuditError or PdfError for a folder that fails `check`; ApprovalError.
    """
    note_id, note = _checked(office, "submit", folder, why)
    with attempt(office, "submit", note_id, why) as writer:
        record = office.archive.find(note_id)
        actor = office.admit("submit", note_id, record)
        if record is None and revision_of(note_id) > 1:
            raise ApprovalError(
                f"{note_id}: a new revision, and nobody has said what it corrects",
                hint="`reportgen correct NOTE_ID DIR --why …` submits it.",
            )
        body = _submission(office, note_id, note)
        if record is not None:
            if record.manifest == body["manifest"] and record.state != "returned":
                return record
            body |= {"supersedes": record.supersedes, "correction_why": record.correction_why}
        _seal(writer, note, body)
        office.enter(writer, "note.submitted", note_id, actor, body, why=why)
        writer.flush()
        return office.archive.note(note_id)


def correct(office: Office, note_id: str, folder: Path, why: str) -> NoteRecord:
    """Seal a new revision of a published note, linked to the old one, which stays what it is until then.

    Raises: as `submit`.
    """
    new_id, note = _checked(office, "correct", folder, why)
    with attempt(office, "correct", note_id, why) as writer:
        revision_of(note_id)
        record = office.archive.find(note_id)
        actor = office.admit("correct", note_id, record)
        assert record is not None  # admitted, so it is held
        expected = sibling(note_id, next_revision(office.archive, note_id))
        if new_id != expected:
            raise ApprovalError(
                f"{folder}: holds {new_id}, expected {expected}",
                hint=f"reportgen build --as-of {record.as_of[:16]} --revision {revision_of(expected)}",
            )
        supersedes = note_id if record.published_at else record.supersedes
        body = _submission(office, new_id, note) | {"supersedes": supersedes, "correction_why": why}
        _seal(writer, note, body)
        office.enter(writer, "note.corrected", note_id, actor, {"by": new_id}, why=why, key=new_id)
        office.enter(writer, "note.submitted", new_id, actor, body, why=why)
        writer.flush()
        return office.archive.note(new_id)


def next_revision(archive: Archive, note_id: str) -> int:
    """Return the number of the revision that would correct a note.

    Raises: ApprovalError while another revision is on its way or is out: two would be in force at once.
    """
    revision = revision_of(note_id)
    while (record := archive.find(sibling(note_id, revision + 1))) is not None:
        revision += 1
        if record.state == "published":
            raise ApprovalError(
                f"{note_id}: its revision {record.id} is published, and stands in its place",
                hint=f"`reportgen correct {record.id}` corrects that one.",
            )
        if record.state in OPEN:
            raise ApprovalError(
                f"{note_id}: its revision {record.id} is {record.state} already",
                hint=f"`reportgen submit` replaces its bytes, `reportgen withdraw {record.id}` ends it.",
            )
    return revision + 1


def approve(office: Office, note_id: str, digest: str = "", why: str = "") -> NoteRecord:
    """Approve the bytes submitted last.

    Shape: digest is the SHA-256 of the manifest.json that was read, or its first twelve places or more.

    Raises: ApprovalError; ArchiveError if a sealed file is not what it was.
    """
    with attempt(office, "approve", note_id, why) as writer:
        revision_of(note_id)
        record = office.archive.find(note_id)
        actor = office.admit("approve", note_id, record)
        assert record is not None  # admitted, so it is held
        _refuse_other(record, digest)
        verify_sealed(office.archive, record)
        valid = qualified(note_id, office.person, office.archive.clock())
        body = {
            "manifest": record.manifest,
            "files": dict(record.files),
            "qualifications": [
                {"name": q.name, "number": q.number, "jurisdiction": q.jurisdiction} for q in valid
            ],
        }
        office.enter(writer, "note.approved", note_id, actor, body, why=why)
        writer.flush()
        return office.archive.note(note_id)


def give_back(office: Office, note_id: str, why: str) -> NoteRecord:
    """Return a note to its analysts; an approval given before becomes void."""
    return _marked(office, "return", "note.returned", note_id, why, {})


def withdraw(office: Office, note_id: str, why: str) -> NoteRecord:
    """Mark a note as withdrawn; every byte of it stays."""
    return _marked(office, "withdraw", "note.withdrawn", note_id, why, {})


def hold(office: Office, note_id: str, matter: str, why: str) -> NoteRecord:
    """Place a legal hold: the note is kept for a matter, however old it grows."""
    return _marked(office, "hold", "hold.placed", note_id, why, {"matter": matter})


def lift(office: Office, note_id: str, matter: str, why: str) -> NoteRecord:
    """Lift a legal hold.

    Raises: ApprovalError if none is placed for the matter.
    """
    return _marked(office, "lift", "hold.lifted", note_id, why, {"matter": matter})


def verify_sealed(archive: Archive, record: NoteRecord) -> None:
    """Check that every sealed file of a note is what it was when it was submitted.

    Raises: ArchiveError naming the first that is not.
    """
    for digest in record.files.values():
        archive.objects.get(digest)


def _marked(
    office: Office, verb: Verb, kind: str, note_id: str, why: str, body: dict[str, Any]
) -> NoteRecord:
    with attempt(office, verb, note_id, why) as writer:
        revision_of(note_id)
        record = office.archive.find(note_id)
        actor = office.admit(verb, note_id, record)
        if verb == "lift" and record and body["matter"] not in [held.matter for held in record.holds]:
            raise ApprovalError(f"{note_id}: no hold is placed for {body['matter']!r}")
        office.enter(writer, kind, note_id, actor, body, why=why, key=body.get("matter", ""))
        writer.flush()
        return office.archive.note(note_id)


def _checked(office: Office, verb: Verb, folder: Path, why: str) -> tuple[str, BuiltNote]:
    """Read a built note and check it.

    Raises: UsageError, AuditError or PdfError; the refusal is on record.
    """
    from reportgen.pipeline import checking  # slow to import, and most steps do without

    note_id = ""
    try:
        note = checking.BuiltNote(folder)
        if note.manifest is not None:
            note_id = str(note.manifest["id"])
            revision_of(note_id)
        faults = checking.check(note)
        if faults:
            at_pdf = any(fault.exit_code == PdfError.exit_code for fault in faults)
            lines = "".join(f"\n  {fault.file}: {fault.message}" for fault in faults)
            kind = PdfError if at_pdf else AuditError
            raise kind(f"{folder}: fails its check{lines}", hint="Build the note again.")
    except ReportgenError as error:
        raise refused(office, verb, note_id, why, error) from error
    return note_id, note


def _submission(office: Office, note_id: str, note: BuiltNote) -> dict[str, Any]:
    """Return what the ledger says of a submission.

    Raises: AuditError for a manifest that does not say enough.
    """
    manifest = note.manifest or {}
    lacking = [key for key in ("note", "lang", "as_of", "analysts") if key not in manifest]
    lacking += [
        name for name in ("note.pdf", "note.html", "facts.json", "context.zip") if name not in note.files
    ]
    if lacking:
        raise AuditError(
            f"{note_id}: {', '.join(lacking)} missing, expected in the manifest or the folder",
            hint="Build the note again with this version.",
        )
    covers = manifest.get("covers", {})
    settings = office.settings.archive
    retention = settings.retention_of(covers.get("jurisdictions", ()))
    return {
        "name": manifest["note"],
        "title": title_of(note.files["note.html"]),
        "as_of": manifest["as_of"],
        "language": manifest["lang"],
        "revision": revision_of(note_id),
        "analysts": manifest["analysts"],
        "disclosures": manifest.get("disclosures", []),
        "covers": covers,
        "approvals": list(settings.approvals),
        "retention": {"class": "research", "years": retention.years, "rules": list(retention.rules)},
        "manifest": sha256(note.files[MANIFEST]),
    }


def _seal(writer: Writer, note: BuiltNote, body: dict[str, Any]) -> None:
    """Put the files that were checked into the archive."""
    body["files"] = writer.put_all(note.files)


def _refuse_other(record: NoteRecord, digest: str) -> None:
    digest = digest.strip().lower()
    if digest and not (len(digest) >= 12 and record.manifest.startswith(digest)):
        raise ApprovalError(
            f"{record.id}: the manifest submitted last has the SHA-256 {record.manifest}, not {digest}",
            hint="Other bytes were submitted than those that were read: `reportgen archive show`.",
        )


__all__ = [
    "Office", "approve", "attempt", "correct", "founder", "give_back", "hold", "lift", "next_revision",
    "person_of", "ready", "refused", "submit", "verify_sealed", "withdraw",
]  # fmt: skip
