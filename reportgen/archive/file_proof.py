"""Proof of an archive's files: each hashed anew, each note's held against what its entries say."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.archive.ledger import DELIVERY, Entry
from reportgen.archive.ledger_proof import LedgerProof, digests_in
from reportgen.archive.life import NOTE_ID, revision_of, sibling
from reportgen.archive.note_proof import life_faults
from reportgen.archive.objects import FOLDER
from reportgen.archive.proof import BROKEN, LAYOUT, OBJECTS, RECORDS, SIGNATURES, Trust
from reportgen.archive.prose import title_of
from reportgen.archive.records import PDF, NoteRecord, fold
from reportgen.archive.verifier import HEADS, digest_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_NAME = re.compile(r"[0-9a-f]{64}")


class FileProof(LedgerProof):
    """Checks 4 to 7, which need the entries that the checks before have read."""

    def __init__(self, root: Path, trust: Trust, *, signatures: bool, others: Sequence[Path]) -> None:
        super().__init__(root, trust, signatures=signatures, others=others)
        self.test_signed = 0  # notes that a test key signed
        self.bad: set[str] = set()  # digests of objects that are missing or changed
        self.there: set[str] = set()

    def objects(self) -> None:
        """Hash every object, several at a time."""
        paths = list(_walk(self.root / FOLDER))
        workers = min(8, (os.cpu_count() or 1) + 1)
        with ThreadPoolExecutor(workers) as pool:
            done = list(pool.map(_hashed, [path for _, path in paths], chunksize=16))
        named = self._named()
        for (name, _), (digest, size, why) in zip(paths, done, strict=True):
            subject = f"{FOLDER}/{name}"
            short = name.rpartition("/")[2]
            self.size += size
            if not _NAME.fullmatch(short) or name != f"{short[:2]}/{short}":
                self.fault(LAYOUT, subject, "unknown file, not named by a SHA-256 in its folder")
                continue
            self.there.add(short)
            if why:
                self.fault(OBJECTS, subject, f"{_uses(named, short)} cannot be read: {why}")
                self.bad.add(short)
            elif digest != short:
                self.fault(OBJECTS, subject, f"{_uses(named, short)} was changed: its SHA-256 is {digest}")
                self.bad.add(short)
            elif short in self.pending and short not in named:
                self.unfinished.append(f"{subject}: sealed, but no entry names it yet")
            elif short not in named:
                self.fault(OBJECTS, subject, "unknown file: no entry names it")
        for digest in sorted(named.keys() - self.there):
            self.bad.add(digest)
            if uses := [u for u in named[digest] if u]:
                self.fault(OBJECTS, f"{FOLDER}/{digest[:2]}/{digest}", f"missing: {', '.join(uses)}")

    def _named(self) -> dict[str, list[str]]:
        """Return every digest that an entry names, with the files that must be there for it.

        Shape: of a digest that an entry mentions without sealing a file by it, the list is empty.
        """
        named: dict[str, list[str]] = defaultdict(list)
        for seq, link in sorted(self.held.items()):
            body = link.entry.get("body")
            if not isinstance(body, dict):
                continue
            for digest in _NAME.findall(json.dumps(body)):
                named[digest] = named[digest]
            note = link.entry.get("note")
            for name, digest in _sealed(str(link.entry.get("kind")), body):
                use = f"{note}: {name}" if note else f"entry {seq}: {name}"
                if use not in named[digest]:
                    named[digest].append(use)
        return named

    def lives(self) -> Iterator[tuple[str, NoteRecord | None, list[Entry]]]:
        """Return the notes that the readable entries tell of: id, record if it was submitted, entries."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for _, entry in sorted(self.entries.items()):
            if entry.note is not None and not entry.kind.startswith(DELIVERY):
                found[entry.note].append(entry)
                if entry.kind == "note.published" and entry.key:
                    found[entry.key].append(entry)
        for note_id, entries in found.items():
            try:
                record = fold(note_id, entries)
            except BROKEN as error:
                self.fault(RECORDS, note_id, f"its entries cannot be understood: {error}")
                continue
            yield note_id, record, entries

    def records(self) -> None:
        """Compare what was submitted, approved and published, note by note."""
        known: dict[str, NoteRecord] = {}
        for note_id, record, entries in self.lives():
            try:
                for said in life_faults(note_id, entries):
                    self.fault(RECORDS, note_id, said)
                if record is not None and not NOTE_ID.fullmatch(note_id):
                    self.fault(RECORDS, note_id, "not the id of a note")
                elif record is not None:
                    known[note_id] = record
                    self.test_signed += record.is_test
                    self._record(record)
                    self._spoken(record, entries)
            except BROKEN as error:
                self.fault(RECORDS, note_id, f"its entries cannot be understood: {error!r}")
        self._corrections(known)
        self._deliveries(known)

    def _spoken(self, record: NoteRecord, entries: Sequence[Entry]) -> None:
        """Name a publication for which no signed head speaks: what led to it could be written anew."""
        if record.published_at is None:
            return
        at = min(e.seq for e in entries if e.kind == "note.published" and e.at == record.published_at)
        if at > self.claimed:
            said = f"no signed head speaks for its publication, entry {at}"
            self.fault(HEADS, record.id, f"{said}: `reportgen publish {record.id}` signs one")

    def _corrections(self, known: Mapping[str, NoteRecord]) -> None:
        """Check that a later revision corrects an earlier one of the same note, as an entry there says."""
        corrected = {e.key for e in self.entries.values() if e.kind == "note.corrected"}
        for note_id, record in known.items():
            old, revision = known.get(record.supersedes or ""), revision_of(note_id)
            if revision > 1 and note_id not in corrected:
                self.fault(RECORDS, note_id, "a later revision, and no entry says what it corrects")
            if record.supersedes is None:
                continue
            if record.supersedes not in [sibling(note_id, r) for r in range(1, revision)]:
                self.fault(RECORDS, note_id, f"it corrects {record.supersedes}, which is another note")
            elif old is None or old.published_at is None:
                self.fault(RECORDS, note_id, f"it corrects {record.supersedes}, which was not published")

    def _deliveries(self, known: Mapping[str, NoteRecord]) -> None:
        """Check that a note was published before it was delivered."""
        for seq, entry in sorted(self.entries.items()):
            if entry.kind.startswith(DELIVERY):
                record = known.get(entry.note or "")
                if record is None or record.published_at is None or entry.at < record.published_at:
                    said = f"{entry.kind} of {entry.note}, which was not published"
                    self.fault(RECORDS, f"entry {seq}", said)

    def _record(self, record: NoteRecord) -> None:
        if record.state == "publishing":
            self.unfinished.append(f"{record.id}: its publication was begun and not finished")
        self._manifest(record)
        if record.signed_pdf is not None and (plain := record.files.get(PDF)) is not None:
            self._begins(record.id, plain, record.signed_pdf)

    def _manifest(self, record: NoteRecord) -> None:
        """Compare the manifest with the files of the entry that submitted it."""
        content = self._object(record.manifest)
        if content is None:
            return
        try:
            manifest = json.loads(content)
            sealed = dict(manifest["sha256"])
            differing = dict(_differing(record, manifest))
        except BROKEN as error:
            self.fault(RECORDS, f"{record.id}: manifest.json", f"cannot be read: {error!r}")
            return
        files = {name: digest for name, digest in record.files.items() if name != "manifest.json"}
        for name in sorted(sealed.keys() | files.keys()):
            if sealed.get(name) != files.get(name):
                said = f"the manifest says {sealed.get(name)}, the entry {files.get(name)}"
                self.fault(RECORDS, f"{record.id}: {name}", said)
        page = self._object(record.files.get("note.html", ""))
        if page is not None and title_of(page) != record.title:
            differing["title"] = f"the page says {title_of(page)!r}, the entry {record.title!r}"
        for name, said in differing.items():
            self.fault(RECORDS, f"{record.id}: {name}", said)

    def _begins(self, note_id: str, plain: str, signed: str) -> None:
        if not (self._is_whole(plain) and self._is_whole(signed)):
            return
        if not _begins(self._path(signed), self._path(plain)):
            self.fault(RECORDS, f"{note_id}: signed PDF", "does not begin with exactly the approved bytes")

    def published(self) -> None:
        """Check the signatures and time stamps of every published note."""
        for note_id, record, _ in self.lives():
            if record is not None and record.signed_pdf is not None and record.published_at is not None:
                try:
                    self._published(record, record.signed_pdf, record.published_at)
                except BROKEN as error:
                    self.fault(RECORDS, note_id, f"its entries cannot be understood: {error!r}")

    def _published(self, record: NoteRecord, signed_pdf: str, at: dt.datetime) -> None:
        from reportgen.archive.signing import pdf_claims_of

        with self.timed(SIGNATURES):
            signed = self._object(signed_pdf)
            if signed is not None:
                self.pdf(f"{record.id}: signed PDF", signed, at)
                signer, stated = pdf_claims_of(signed)
                self._signer(record, "signed PDF", signer)
                self._moment(record, "signed PDF", stated)
        for name, digest in sorted(digests_in(record.signatures)):
            held = self._object(digest)
            if held is not None:
                self._beside(record, name, held, at)

    def _beside(self, record: NoteRecord, name: str, held: bytes, at: dt.datetime) -> None:
        """Check a signature or a time stamp that lies beside a note's file."""
        subject = f"{record.id}: {name}"
        target, _, kind = name.rpartition(".")
        digest = record.signed_pdf if target == "note.signed.pdf" else record.files.get(target)
        digest = record.manifest if target == "manifest.json" else digest
        if digest is None or kind not in ("p7s", "tsr"):
            self.fault(SIGNATURES, subject, "belongs to no sealed file")
            return
        content = self._object(digest)
        if content is None:
            return
        if kind == "tsr":
            self.token(subject, content, held)
            return
        from reportgen.archive.signing import signer_of, time_of

        with self.timed(SIGNATURES):
            self.detached(subject, content, held, at)
            self._signer(record, name, signer_of(held))
            self._moment(record, name, time_of(held))

    def _signer(self, record: NoteRecord, name: str, signer: Certificate | None) -> None:
        """Compare who signed with whom the entry of the publication names."""
        from cryptography.hazmat.primitives import hashes

        from reportgen.archive.keys import is_test

        if signer is None:
            return  # it cannot be read, which was told
        found = signer.fingerprint(hashes.SHA256()).hex()
        if found != record.signed_by:
            said = f"made by the certificate {found}, the entry names {record.signed_by}"
            self.fault(SIGNATURES, f"{record.id}: {name}", said)
        elif is_test(signer) is not record.is_test:
            said = "made by a test key" if is_test(signer) else "made by no test key"
            self.fault(SIGNATURES, f"{record.id}: {name}", f"{said}, the entry says otherwise")

    def _moment(self, record: NoteRecord, name: str, stated: dt.datetime | None) -> None:
        """Compare the time that a signature states with that of the entry which began the publication."""
        begun = record.signing_at
        if stated is None or begun is None or stated == begun.replace(microsecond=0):
            return  # what cannot be read was told
        said = f"made {stated:%Y-%m-%d %H:%M:%S} UTC, the ledger says {begun:%Y-%m-%d %H:%M:%S}"
        self.fault(SIGNATURES, f"{record.id}: {name}", said)

    def _is_whole(self, digest: object) -> bool:
        return isinstance(digest, str) and digest in self.there and digest not in self.bad

    def _path(self, digest: str) -> Path:
        return self.root / FOLDER / digest[:2] / digest

    def _object(self, digest: str) -> bytes | None:
        """Return an object that was found to be whole, None for one that was not."""
        if not self._is_whole(digest):
            return None
        return self._path(digest).read_bytes()


def _differing(record: NoteRecord, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Say what the entry of a submission tells otherwise than the manifest, which is what was signed."""
    covers = manifest.get("covers", {})
    for name, entered, sealed in (
        ("id", record.id, manifest["id"]),
        ("note", record.name, manifest["note"]),
        ("lang", record.language, manifest["lang"]),
        ("as_of", record.as_of, manifest["as_of"]),
        ("revision", record.revision, revision_of(record.id)),
        ("analysts", list(record.analysts), manifest["analysts"]),
        ("disclosures", list(record.disclosures), manifest.get("disclosures", [])),
        ("jurisdictions", list(record.jurisdictions), covers.get("jurisdictions", [])),
        ("audiences", list(record.audiences), covers.get("audiences", [])),
    ):
        if entered != sealed:
            yield name, f"the manifest says {sealed!r}, the entry {entered!r}"


def _sealed(kind: str, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name the files that an entry seals, with their digests."""
    if kind == "note.submitted":
        yield from ((n, d) for n, d in digests_in(body.get("files")))
    elif kind == "note.published":
        if isinstance(body.get("signed_pdf"), str):
            yield "signed PDF", body["signed_pdf"]
        if isinstance(body.get("chain"), str):
            yield "certificates", body["chain"]
        yield from ((n, d) for n, d in digests_in(body.get("signatures")))
    elif kind == "ledger.recovered":
        objects = body.get("objects")
        listed = objects if isinstance(objects, list) else ()
        yield from (("recovered bytes", d) for d in listed if isinstance(d, str))


def _uses(named: Mapping[str, list[str]], digest: str) -> str:
    """Name the notes and files that rest on an object."""
    uses = named.get(digest) or ["a file that no entry names"]
    more = f" and {len(uses) - 3} more" if len(uses) > 3 else ""
    return ", ".join(uses[:3]) + more


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Walk over the files of the objects in order of name."""
    if not folder.is_dir():
        return
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(base) / name
            yield path.relative_to(folder).as_posix(), path


def _hashed(path: Path) -> tuple[str, int, str]:
    """Return digest and size of a file, or why it cannot be read."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            return "", 0, "it is a link or a device, expected a file"
        return digest_of(path), found.st_size, ""
    except OSError as error:
        return "", 0, error.strerror or str(error)


def _begins(longer: Path, shorter: Path) -> bool:
    """Tell whether a file begins with all bytes of another, read in pieces."""
    with longer.open("rb") as one, shorter.open("rb") as other:
        while piece := other.read(1 << 20):
            if one.read(len(piece)) != piece:
                return False
    return True
