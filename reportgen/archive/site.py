"""The reading room: the archive as static pages that work from a folder or any web server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reportgen.archive.archive import Archive
from reportgen.archive.ledger import Entry
from reportgen.archive.package import as_json, item
from reportgen.archive.records import STATES, NoteRecord
from reportgen.config import Brand
from reportgen.errors import ArchiveError

MARK = ".reportgen-site"  # a folder with it was written by us, and may be written anew
Progress = Callable[[str], None]


def write_site(
    archive: Archive, out: Path, templates: Path, brand: Brand, progress: Progress, *, all_states: bool
) -> int:
    """Write the reading room into a folder, whole or not at all, and return how many notes it shows.

    Shape: all_states shows also what was never published.

    Raises: ArchiveError for a folder that holds anything else, or a sealed file that is not what it was.
    """
    _refuse(archive, out)
    records = sorted(archive.notes(), key=lambda r: (r.as_of, r.revision, r.id), reverse=True)
    shown = [r for r in records if all_states or r.published_at is not None]
    which = "all that were ever submitted" if all_states else "all that were ever published"
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        for name, content in _files(archive, shown, which, templates, brand, progress):
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        fresh.chmod(0o755)
        _put(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return len(shown)


def _refuse(archive: Archive, out: Path) -> None:
    """Check that a folder may be written over."""
    place, root = out.resolve(), archive.root.resolve()
    if place.is_relative_to(root) or root.is_relative_to(place):
        raise ArchiveError(f"{out}: overlaps the archive {archive.root}, expected a folder of its own")
    if out.exists() and not (out.is_dir() and ((out / MARK).is_file() or not any(out.iterdir()))):
        raise ArchiveError(f"{out}: holds something else, expected a new folder or an older reading room")


def _put(fresh: Path, out: Path) -> None:
    """Put a finished folder in the place of an older one."""
    if not out.exists():
        fresh.rename(out)
        return
    previous = out.with_name(f".{out.name}.previous")
    shutil.rmtree(previous, ignore_errors=True)
    out.rename(previous)
    try:
        fresh.rename(out)
    except BaseException:
        previous.rename(out)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _files(
    archive: Archive,
    records: Sequence[NoteRecord],
    which: str,
    templates: Path,
    brand: Brand,
    progress: Progress,
) -> Iterator[tuple[str, bytes]]:
    """Make every file of the site, one after the other."""
    from reportgen.render import reading_room

    notes = []
    known = {record.id: record for record in records}
    for record in records:
        progress(record.id)
        trail = [_outside(entry) for entry in trail_of(archive, record)]
        copies = dict(_copies(archive, record))
        notes.append(note := _view(record, _last(record, known), trail, copies))
        for name, content in copies.items():
            yield f"notes/{record.id}/{name}", content
        yield f"notes/{record.id}/trail.json", as_json([item(entry) for entry in trail])
        page = reading_room.page(templates, "note", brand, n=note, archive_id=archive.id)
        yield f"notes/{record.id}/index.html", page.encode()
    head = archive.head()
    analysts = sorted({name for note in notes for name in note["analysts"]})
    index = reading_room.page(
        templates,
        "index",
        brand,
        script="index.js",
        notes=notes,
        count=_count(len(notes)),
        which=which,
        states=[s for s in STATES if any(note["state"] == s for note in notes)],
        analysts=analysts,
        archive_id=archive.id,
        head_seq=str(head.seq),
        head_digest=head.digest,
    )
    yield "index.html", index.encode()
    yield MARK, f"{archive.id}\n".encode()


def _count(number: int) -> str:
    return "1 note" if number == 1 else f"{number} notes"


def _copies(archive: Archive, record: NoteRecord) -> Iterator[tuple[str, bytes]]:
    """Return the files that a reader opens, each hashed anew."""
    get = archive.objects.get
    if "note.html" in record.files:
        yield "note.html", get(record.files["note.html"])
    pdf = record.signed_pdf or record.files.get("note.pdf")
    if pdf is not None:
        yield "note.pdf", get(pdf)
    if "facts.json" in record.files:
        yield "facts.json", get(record.files["facts.json"])


_LABELS = {"note.html": "HTML", "note.pdf": "PDF", "facts.json": "facts"}


def _last(record: NoteRecord, known: Mapping[str, NoteRecord]) -> NoteRecord:
    """Return the note that took the place of one, and of that one, and so on."""
    while (following := known.get(record.superseded_by or "")) is not None:
        record = following
    return record


def _view(
    record: NoteRecord, last: NoteRecord, trail: Sequence[Entry], copies: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return what the pages say of a note, all of it as words."""
    pdf_words = ", signed" if record.signed_pdf else ", not signed"
    links = [
        {"name": name, "label": _LABELS[name], "words": pdf_words if name == "note.pdf" else ""}
        for name in copies
    ]
    files = list(record.files.items())
    if record.signed_pdf is not None:
        files.append(("note.pdf, signed", record.signed_pdf))
    files += [(f"{name}, signature", digest) for name, digest in (record.signatures or {}).items()]
    return row(record) | {
        "as_of": record.as_of,
        "links": [*links, {"name": "trail.json", "label": "trail", "words": " of the ledger as JSON"}],
        "warning": _warning(record, last),
        "instead": "" if last.withdrawn_at or last is record else last.id,
        "record": list(_record(record)),
        "trail": [entry_row(entry) for entry in trail],
        "files": files,
    }


def row(record: NoteRecord) -> dict[str, Any]:
    """Return what an index says of a note."""
    published = record.published_at
    return {
        "id": record.id,
        "title": record.title,
        "as_of_day": record.as_of[:10],
        "state": record.state,
        "is_test": record.is_test,
        "analysts": [str(analyst["name"]) for analyst in record.analysts],
        "approvers": ", ".join(dict.fromkeys(a.actor.name for a in record.standing)),
        "published": "" if published is None else f"{published:%Y-%m-%d %H:%M:%S}",
    }


def entry_row(entry: Entry) -> dict[str, str]:
    """Return what a trail says of an entry."""
    said = [entry.why]
    if entry.kind == "note.refused":
        said = [str(entry.body[key]) for key in ("step", "reason") if key in entry.body]
    return {
        "seq": str(entry.seq),
        "at": f"{entry.at:%Y-%m-%d %H:%M:%S}",
        "kind": entry.kind,
        "note": entry.note or "",
        "who": f"{entry.actor.name or entry.actor.id}, {entry.actor.role}",
        "why": " ".join(": ".join(said).split()),
    }


def trail_of(archive: Archive, record: NoteRecord) -> Iterator[Entry]:
    """Return the entries of a note but those of its delivery, which name recipients."""
    for entry in archive.entries(note=record.id):
        if not entry.kind.startswith("delivery."):
            yield entry


def _outside(entry: Entry) -> Entry:
    """Leave out what tells of the desk's machines: accounts, and words of a refusal, which name paths."""
    hidden = ("login", "reason") if entry.kind == "note.refused" else ("login",)
    return replace(entry, body={key: said for key, said in entry.body.items() if key not in hidden})


def _warning(record: NoteRecord, last: NoteRecord) -> str:
    if record.state == "withdrawn":
        why = record.withdrawn_why or "no reason is on record"
        instead = "" if last.withdrawn_at is not None else " Read in its place:"
        return f"This note was withdrawn: {why}.{instead}"
    if record.state == "superseded":
        if last.withdrawn_at is not None:
            return f"This note was corrected by {last.id}, which was withdrawn: {last.withdrawn_why}."
        return "This note was corrected. Read in its place:"
    if record.published_at is None:
        return f"This note is {record.state}, and was never published."
    return ""


def _record(record: NoteRecord) -> Iterator[tuple[str, str]]:
    yield "State", record.state
    yield "Analysts", ", ".join(str(a["name"]) for a in record.analysts)
    yield "Language", record.language
    yield "Submitted", f"{record.submitted_at:%Y-%m-%d %H:%M:%S} UTC by {record.submitted_by.name}"
    for approval in record.approvals:
        void = " (void)" if approval.void else ""
        said = f"{approval.at:%Y-%m-%d %H:%M:%S} UTC by {approval.actor.name}, {approval.actor.role}{void}"
        yield "Approved", said
    if record.published_at is not None:
        by = "" if record.published_by is None else f" by {record.published_by.name}"
        yield "First published", f"{record.published_at:%Y-%m-%d %H:%M:%S} UTC{by}"
    if record.supersedes:
        yield "Corrects", f"{record.supersedes}: {record.correction_why}"
    if record.superseded_by:
        yield "Corrected by", record.superseded_by
    if record.withdrawn_at is not None:
        yield "Withdrawn", f"{record.withdrawn_at:%Y-%m-%d %H:%M:%S} UTC: {record.withdrawn_why}"
    for held in record.holds:
        yield "Legal hold", f"{held.matter}, since {held.at:%Y-%m-%d}"
    if record.retention_until is not None:
        yield "Kept at least until", record.retention_until.isoformat()
