"""A package for a regulator: the records of some days under readable names, their trail, and the proof.

The trail is the ledger's own lines, from the first that concerns a note of the package to the signed head
that speaks for the last, so that anybody can walk the chain. Lines on the delivery of other notes name other
recipients: they are withheld, and stand there by their digests alone. A digest hides which line came before
it, so that no head speaks for what lies before a withheld line: the signature of SHA256SUMS does.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.archive import verifier
from reportgen.archive.archive import IDENTITY, Archive
from reportgen.archive.ledger import Entry
from reportgen.archive.package import (
    DELIVERY,
    Package,
    PackedNote,
    Sign,
    as_json,
    contents,
    how_to_verify,
    readme,
    summary,
)
from reportgen.archive.records import NoteRecord
from reportgen.archive.site import entry_row, row
from reportgen.config import Brand
from reportgen.config.archive import refuse_inside
from reportgen.errors import ArchiveError, UsageError
from reportgen.units import NEW_YORK

INDEX = "index.pdf"
README = "README.txt"
_ATTEMPTS = 20  # looks at an archive into which others write meanwhile
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """A package that was written."""

    path: Path
    begin: dt.date
    end: dt.date
    notes: tuple[str, ...]
    entries: tuple[int, int]
    withheld: int
    sums: str  # the digest of SHA256SUMS, which names every other file
    signed: bool  # whether SHA256SUMS is


def export(
    archive: Archive,
    out: Path,
    begin: dt.date,
    end: dt.date,
    *,
    templates: Path,
    brand: Brand,
    packs: bool = False,
    whole_trail: bool = False,
    sign: Sign | None = None,
    record: Callable[[Exported], None] = lambda _: None,
    progress: Progress = lambda _: None,
) -> Exported:
    """Write the notes of some days, New York time, as a folder or, for a name that ends in .zip, as one file.

    Shape: a note belongs to the days in which anything happened to it but its delivery. packs adds the data
        packs, which may hold series that must not be handed on; whole_trail withholds no line; sign makes a
        signature of SHA256SUMS; record is called when the package is whole and before it is there.

    Raises: UsageError for days that end before they begin; ArchiveError for a place that is taken, no entry
        in these days, or a sealed file that is not what it was.
    """
    if end < begin:
        raise UsageError(f"--to {end} lies before --from {begin}")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ArchiveError(f"{out}: exists, expected a new place for the package")
    refuse_inside(out)
    notes, heads = _seen_at_once(archive, lambda: list(_notes(archive, begin, end, packs=packs)))
    if not notes:
        raise ArchiveError(
            f"{archive.root}: nothing happened to any note from {begin} to {end}",
            hint="`reportgen archive list` names the notes with their days.",
        )
    first = min(entry.seq for note in notes for entry in note.entries)
    last = max(entry.seq for note in notes for entry in note.entries)
    last = min((seq for seq in heads if seq >= last), default=last)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        folder = scratch / (out.stem if out.suffix == ".zip" else out.name)
        folder.mkdir()
        package = Package(folder)
        withheld = package.trail(archive, first, last, {n.record.id for n in notes}, whole=whole_trail)
        for seq, paths in heads.items():
            if first <= seq <= last:
                for path in paths:
                    package.write(f"heads/{path.name}", path.read_bytes())
        package.write(IDENTITY, (archive.root / IDENTITY).read_bytes())
        for note in notes:
            progress(note.record.id)
            for name, digest in note.files.items():
                package.write(f"{note.folder}/{name}", archive.objects.get(digest))
        moment = archive.clock()
        about = contents(archive, notes, begin, end, (first, last), withheld, moment)
        package.write(verifier.PACKAGE, as_json(about))
        progress("index")
        package.write(INDEX, _index(templates, brand, about, notes, package.entries, moment))
        package.write(README, readme(about).encode())
        package.write("verify.py", Path(verifier.__file__).read_bytes())
        sums = package.close(sign)
        finished = _zipped(folder) if out.suffix == ".zip" else folder
        ids = tuple(note.record.id for note in notes)
        done = Exported(out, begin, end, ids, (first, last), withheld, sums, sign is not None)
        record(done)
        if out.is_dir():
            out.rmdir()
        finished.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return done


def _seen_at_once(
    archive: Archive, notes: Callable[[], list[PackedNote]]
) -> tuple[list[PackedNote], dict[int, list[Path]]]:
    """Return notes and heads as of one entry: a package of a note half published would be found at fault.

    Raises: ArchiveError if others write all the while.
    """
    for _ in range(_ATTEMPTS):
        last = archive.head().seq
        found = notes(), _heads(archive)
        if archive.head().seq == last:
            return found
    raise ArchiveError(
        f"{archive.root}: others wrote into the archive while it was read", hint="Export it again."
    )


def _notes(archive: Archive, begin: dt.date, end: dt.date, *, packs: bool) -> Iterator[PackedNote]:
    for found in sorted(archive.notes(), key=lambda r: (r.as_of, r.revision, r.id)):
        entries = list(archive.entries(note=found.id))
        days = {e.at.astimezone(NEW_YORK).date() for e in entries if not e.kind.startswith(DELIVERY)}
        if not any(begin <= day <= end for day in days):
            continue
        files = dict(found.files)
        if found.signed_pdf is not None:
            files |= {verifier.SIGNED: found.signed_pdf, **(found.signatures or {})}
            files |= {} if found.chain is None else {"chain.pem": found.chain}
        left = {} if packs else {name: files.pop(name) for name in (verifier.PACK,) if name in files}
        yield PackedNote(found, entries, files, left)


def _heads(archive: Archive) -> dict[int, list[Path]]:
    """Return the files of each signed head by the entry that it is of."""
    found: dict[int, list[Path]] = {}
    for path in sorted(archive.heads.iterdir()):
        stem = path.name.partition(".")[0]
        if stem.isdigit():
            found.setdefault(int(stem), []).append(path)
    return dict(sorted(found.items()))


def _index(
    templates: Path,
    brand: Brand,
    about: Mapping[str, Any],
    notes: Sequence[PackedNote],
    entries: Sequence[Entry],
    moment: dt.datetime,
) -> bytes:
    from reportgen.render import reading_room

    return reading_room.index_pdf(
        templates,
        "package",
        brand,
        f"{about['archive']}/{about['from']}/{about['to']}",
        moment,
        title=f"{brand.name}: research notes of {about['from']} to {about['to']}",
        summary=summary(about),
        notes=[row(n.record) | {"folder": n.folder, "more": _more(n.record)} for n in notes],
        trail=[entry_row(entry) for entry in entries if not entry.kind.startswith(DELIVERY)],
        how=how_to_verify(),
    )


def _zipped(folder: Path) -> Path:
    """Return a finished package as one file."""
    target = folder.parent / ".zipped"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
    return target


def _more(record: NoteRecord) -> str:
    """Say in few words what a reader of the index should know besides a note's state."""
    said = []
    if record.supersedes:
        said.append(f"corrects {record.supersedes}")
    if record.superseded_by:
        said.append(f"corrected by {record.superseded_by}")
    if record.withdrawn_at is not None:
        said.append(record.withdrawn_why)
    if record.is_test:
        said.append("signed by a TEST key, not for publication")
    said += [f"held for {held.matter}" for held in record.holds]
    return "; ".join(said)
