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

from reportgen.errors import AuditError, PdfError, UsageError
from reportgen.render import attachments, conformance

MANIFEST = "manifest.json"
PDF = "note.pdf"
HTML = "note.html"
_QUOTED = re.compile(r'data-fact="([^"]*)"')


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
        whole = found is not None and isinstance(found.get("data"), dict) and _are_facts(found.get("facts"))
        return found if whole else None

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

    1. Every file is there and has the digest that the manifest gives, and no other file is.
    2. facts.json names the data pack and its digest.
    3. The copies in the PDF are those in the folder: the facts, and the digest of the data pack.
    4. Every number on the page that opens a pedigree names a fact of facts.json.
    5. The PDF is PDF/A-3a and PDF/UA-1.
    """
    return [*_sealed(note), *_pack(note), *_copies(note), *_quoted(note), *_conformant(note)]


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


def _quoted(note: BuiltNote) -> Iterator[Fault]:
    if note.facts is None:
        return  # told above
    held = {fact["id"] for fact in note.facts["facts"]}
    quoted = dict.fromkeys(_QUOTED.findall(note.files.get(HTML, b"").decode(errors="replace")))
    for fact_id in quoted:
        if fact_id not in held:
            yield Fault("facts", HTML, f"quotes {fact_id!r}, which is not in facts.json")


def _conformant(note: BuiltNote) -> Iterator[Fault]:
    if PDF in note.files:
        for failure in conformance.failed(note.files[PDF]):
            yield Fault("standards", PDF, failure, PdfError.exit_code)


def _unreadable(note: BuiltNote, name: str, expected: str) -> str:
    return f"cannot be read, expected JSON with {expected}" if name in note.files else "missing"


def _are_facts(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(f, dict) and "id" in f for f in found)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
