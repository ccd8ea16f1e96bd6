"""Whether a built note is whole: its files as sealed, its copies alike, its PDF conformant."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from reportgen.checks.numerals import audit
from reportgen.checks.page import descriptions, pedigrees, tables
from reportgen.checks.typed import Printed, numbers
from reportgen.errors import AuditError, PdfError, UsageError
from reportgen.pipeline import auditing
from reportgen.render import attachments, conformance, legibility

MANIFEST = "manifest.json"
PDF = "note.pdf"
HTML = "note.html"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a note."""

    check: str
    file: str
    message: str
    exit_code: int = AuditError.exit_code


class BuiltNote:
    """The files of a note's folder by name, and what they say, None for one that cannot be read."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder, expected a built note")
        self.files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    @cached_property
    def manifest(self) -> Mapping[str, Any] | None:
        """Return the manifest if it names a note and the digests of its files."""
        found = self._json(MANIFEST)
        whole = (
            found is not None and isinstance(found.get("id"), str) and isinstance(found.get("sha256"), dict)
        )
        return found if whole else None

    @cached_property
    def facts(self) -> Mapping[str, Any] | None:
        """Return facts.json if it holds facts and names its data pack."""
        found = self._json(attachments.FACTS)
        data = None if found is None else found.get("data")
        whole = isinstance(data, dict) and isinstance(data.get("pack"), str | None)
        whole = whole and found is not None and _are_facts(found.get("facts"))
        return found if whole else None

    @cached_property
    def origins(self) -> auditing.Origins | None:
        """Return what the page may say, by facts.json; None if that is not as a build writes it."""
        try:
            return None if self.facts is None else auditing.unsealed(self.facts)
        except (KeyError, TypeError, ValueError):
            return None

    @cached_property
    def attached(self) -> Mapping[str, bytes] | None:
        """Return the files in the PDF."""
        return attachments.read(self.files.get(PDF, b""))

    def _json(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads(self.files.get(name, b""))
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


def check(note: BuiltNote) -> list[Fault]:
    """Return every fault of a note.

    1. Every file is there and has the digest that the manifest gives, and no other file is; the page names
       the note as the manifest does.
    2. facts.json names the data pack and its digest.
    3. The copies in the PDF are those in the folder: the facts, and the digest of the data pack.
    4. Every numeral, date and word of direction on the page is borne out by facts.json, every pedigree too,
       and every number in the description of a picture; the data shown with a figure are those attached.
    5. The PDF says what the page says, word by word.
    6. The PDF is PDF/A-3a and PDF/UA-1.
    7. Its risks and disclosures are set no smaller than most of its running text.
    """
    checks = (
        *(_sealed, _identified, _pack, _copies, _audited, _described, _tabled),
        *(_same_words, _conformant, _legible),
    )
    return [fault for each in checks for fault in each(note)]


def _sealed(note: BuiltNote) -> Iterator[Fault]:
    if note.manifest is None:
        yield Fault("manifest", MANIFEST, _unreadable(note, MANIFEST, "an id and the sha256 of each file"))
        return
    sealed: Mapping[str, Any] = note.manifest["sha256"]
    for name in sorted(sealed.keys() | note.files.keys() - {MANIFEST}):
        exit_code = PdfError.exit_code if name == PDF else AuditError.exit_code
        if name not in note.files:
            yield Fault("manifest", name, "missing, the manifest names it", exit_code)
        elif name not in sealed:
            yield Fault("manifest", name, "not in the manifest")
        elif (found := _sha256(note.files[name])) != sealed[name]:
            yield Fault("manifest", name, f"sha256 is {found}, the manifest says {sealed[name]}", exit_code)


def _identified(note: BuiltNote) -> Iterator[Fault]:
    if note.manifest is not None and HTML in note.files:
        note_id = note.manifest["id"]
        named = rb"(?<![\w-])" + re.escape(note_id.encode()) + rb"(?![\w-])"
        if not note_id or not re.search(named, note.files[HTML]):
            yield Fault("manifest", HTML, f"does not name {note_id}, which the manifest says it is")


def _pack(note: BuiltNote) -> Iterator[Fault]:
    if note.facts is None:
        yield Fault("facts", attachments.FACTS, _unreadable(note, attachments.FACTS, "facts and a data pack"))
        return
    named, digest = note.facts["data"].get("pack"), note.facts["data"].get("sha256")
    if named not in note.files:
        yield Fault("facts", attachments.FACTS, f"names the data pack {named!r}, which is missing")
    elif (found := _sha256(note.files[named])) != digest:
        yield Fault("facts", named, f"sha256 is {found}, facts.json says {digest}")


def _copies(note: BuiltNote) -> Iterator[Fault]:
    if note.attached is None:
        return  # told by the validation
    wanted = {attachments.FACTS: note.files.get(attachments.FACTS)}
    if note.facts is not None and (pack := note.facts["data"].get("pack")) in note.files:
        wanted[attachments.DIGEST] = attachments.digest_line(pack, _sha256(note.files[pack]))
    for name, content in wanted.items():
        if name not in note.attached:
            yield Fault("attachments", PDF, f"{name} is not attached", PdfError.exit_code)
        elif content is not None and note.attached[name] != content:
            yield Fault("attachments", name, f"differs from the copy in {PDF}")


def _audited(note: BuiltNote) -> Iterator[Fault]:
    """Audit the page against facts.json, which names what else the note may quote."""
    if note.facts is None or HTML not in note.files:
        return  # told above
    known = note.origins
    if known is None:
        why = "the page cannot be audited against it: not as a build writes it"
        yield Fault("numbers", attachments.FACTS, why)
        return
    page = note.files[HTML].decode(errors="replace")
    for found in audit(page, known.facts, known.refs, known.quotes, known.dues):
        yield Fault("numbers", HTML, str(found))
    for kind, origin_id, words in pedigrees(page):
        origin = (known.facts if kind == "fact" else known.refs).get(origin_id)
        if origin is not None and words != origin.text:
            why = f"the pedigree of {origin_id} says {words!r}, {attachments.FACTS} {origin.text!r}"
            yield Fault("numbers", HTML, why)


def _described(note: BuiltNote) -> Iterator[Fault]:
    """Look for the numbers of the pictures' descriptions, which have no marks, among the facts as printed."""
    known = note.origins
    if known is None:
        return  # told above
    printed = Printed(known.facts, known.refs)
    for words in descriptions(note.files.get(HTML, b"").decode(errors="replace")):
        for one in numbers(words, known.quotes):
            if not printed.candidates(one.words):
                why = f"a picture's description says {one.words!r}, which no fact prints: “{words[:80]}”"
                yield Fault("numbers", HTML, why)


def _tabled(note: BuiltNote) -> Iterator[Fault]:
    """Compare the data that the page shows with a figure with those that the PDF carries."""
    for figure, shown in tables(note.files.get(HTML, b"").decode(errors="replace")).items():
        name = f"{figure}.csv"
        held = attachments.rows_of((note.attached or {}).get(name, b""))
        told = (
            [shown[0], *([attachments.plain_cell(cell) for cell in row] for row in shown[1:])]
            if shown
            else []
        )
        if note.attached is not None and told != held:
            yield Fault("numbers", HTML, f"the data shown with {figure} are not those of {name} in {PDF}")


def _same_words(note: BuiltNote) -> Iterator[Fault]:
    if note.attached is None or HTML not in note.files:
        return  # told above
    page = auditing.shown(note.files[HTML].decode(errors="replace"))
    for found in auditing.differing(page, note.files[PDF]):
        yield Fault("words", PDF, found, PdfError.exit_code)


def _conformant(note: BuiltNote) -> Iterator[Fault]:
    if PDF in note.files:
        for failure in conformance.failed(note.files[PDF]):
            yield Fault("standards", PDF, failure, PdfError.exit_code)


def _legible(note: BuiltNote) -> Iterator[Fault]:
    if note.attached is None:
        return  # told by the validation
    wanted = legibility.headings(note.files.get(HTML, b"").decode(errors="replace"))
    for failure in legibility.faults(note.files[PDF], wanted):
        yield Fault("legibility", PDF, failure, PdfError.exit_code)


def _unreadable(note: BuiltNote, name: str, expected: str) -> str:
    return f"cannot be read, expected JSON with {expected}" if name in note.files else "missing"


def _are_facts(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(f, dict) and "id" in f for f in found)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
