"""Proof of an archive's record: its identity, its heads, the chain of its ledger."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.archive.archive import HEADS as HEADS_FOLDER
from reportgen.archive.archive import IDENTITY, NAMES, SCHEMA
from reportgen.archive.index import FILE as INDEX
from reportgen.archive.ledger import CREATED, DELIVERY, FILE, KINDS, Entry, canonical, entry_of
from reportgen.archive.proof import BROKEN, LAYOUT, SIGNATURES, Proof, Trust
from reportgen.archive.verifier import (
    CHAIN,
    HEADS,
    UNREADABLE,
    Link,
    chain_faults,
    digest_of,
    head_faults,
    links,
)
from reportgen.archive.writer import INCOMING, PENDING
from reportgen.errors import ArchiveError

_MANY_DIGITS = re.compile(rb"[0-9]{16}")
_HEAD = re.compile(r"\d+\.json(\.p7s|\.tsr)?")


@dataclass
class Head:
    """A head as found, and whether its signature speaks for it."""

    source: str
    seq: int
    digest: str
    content: bytes
    good: bool  # nothing is wrong with its signature, as far as it was looked at
    signed: bool  # it has one


class LedgerProof(Proof):
    """Checks 1 to 3. Shape: others are copies of heads that were kept elsewhere."""

    def __init__(self, root: Path, trust: Trust, *, signatures: bool, others: Sequence[Path]) -> None:
        super().__init__(root, trust, signatures=signatures)
        self.others = others
        self.identity = self.archive_id = ""
        self.held: dict[int, Link] = {}
        self.entries: dict[int, Entry] = {}  # those of the links that can be read as such
        self.pending: set[str] = set()
        self.found_heads: list[Head] = []
        self.claimed = 0  # the last entry of which there is a signed head, whether its signature holds or not
        self.spoken_for = 0  # the last entry for which a signed head speaks, and with it for all before
        self.marks = self._marks()

    def overtaken(self) -> bool:
        """Tell whether somebody wrote into the archive since it was looked at."""
        return self._marks() != self.marks

    def _marks(self) -> tuple[tuple[int, int], ...]:
        marks = []
        for name in (FILE, PENDING):
            try:
                found = (self.root / name).stat()
                marks.append((found.st_size, found.st_mtime_ns))
            except OSError:
                marks.append((-1, 0))
        return tuple(marks)

    def layout(self) -> None:
        """Look at what lies in the root folder."""
        for path in sorted(self.root.iterdir()):
            if path.name not in NAMES:
                self.fault(LAYOUT, path.name, "unknown file, no part of an archive")
        file = self.root / IDENTITY
        try:
            content = file.read_bytes()
            self.identity = hashlib.sha256(content).hexdigest()
            self.size += len(content)
            found = json.loads(content)
            if found["schema"] != SCHEMA or canonical(found) != content:
                raise ValueError(f"schema {found['schema']!r} or not written canonically")
            self.archive_id = str(found["id"])
        except (OSError, *BROKEN) as error:
            self.fault(LAYOUT, IDENTITY, f"cannot be read: {error}")
        self._pending()
        incoming = self.root / INCOMING
        if incoming.is_dir():
            self.unfinished += [
                f"{INCOMING}/{p.name}: a half-written file" for p in sorted(incoming.iterdir())
            ]

    def _pending(self) -> None:
        file = self.root / PENDING
        if not file.exists():
            return
        try:
            found = json.loads(file.read_bytes())
            self.pending = {str(name) for key in ("objects", "heads") for name in found.get(key, ())}
        except (OSError, *BROKEN) as error:
            self.fault(LAYOUT, PENDING, f"cannot be read: {error}")
            return
        self.unfinished.append(f"{PENDING}: a writer ended before it was done; the next one settles it")

    def heads(self) -> None:
        """Read the heads and check their signatures first: a head that does not hold accuses nobody."""
        folder = self.root / HEADS_FOLDER
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        if not folder.is_dir():
            self.fault(LAYOUT, HEADS_FOLDER, "missing")
        for name in names:
            subject = f"{HEADS_FOLDER}/{name}"
            if not _HEAD.fullmatch(name):
                self.fault(LAYOUT, subject, "unknown file, no part of an archive")
            elif not name.endswith(".json") and name.rpartition(".")[0] not in names:
                self._half(subject, name, "what it signs is missing")
        for name in (n for n in names if n.endswith(".json")):
            if f"{name}.p7s" not in names:
                self._half(f"{HEADS_FOLDER}/{name}", name, "its signature is missing")
            self._head(folder / name, f"{HEADS_FOLDER}/{name}")
        for path in self.others:
            if not self._is_copy(path):
                self._head(path, str(path))

    def _is_copy(self, path: Path) -> bool:
        """Tell whether a head kept elsewhere is the same, byte for byte, as one that was looked at here."""
        here = self.root / HEADS_FOLDER / f"{path.stem.rpartition('-')[2]}.json"
        kinds = [kind for kind in ("", ".p7s", ".tsr") if path.with_name(f"{path.name}{kind}").exists()]
        try:
            return ".p7s" in kinds and all(
                here.with_name(f"{here.name}{kind}").read_bytes()
                == path.with_name(f"{path.name}{kind}").read_bytes()
                for kind in kinds
            )
        except OSError:
            return False

    def _half(self, subject: str, name: str, why: str) -> None:
        if name in self.pending:
            self.unfinished.append(f"{subject}: {why}, a writer ended before it was done")
        else:
            self.fault(HEADS, subject, why)

    def _head(self, path: Path, source: str) -> None:
        try:
            content = path.read_bytes()
            self.size += len(content)
            said = json.loads(content)
            seq, digest, archive = said["seq"], said["digest"], said["archive"]
            if isinstance(seq, bool) or not isinstance(seq, int) or not isinstance(digest, str):
                raise ValueError("seq is no number or digest no text")
        except (OSError, *BROKEN) as error:
            self.fault(HEADS, source, f"cannot be read as a head: {error}")
            return
        if self.archive_id and archive != self.archive_id:
            self.fault(
                HEADS,
                source,
                f"foreign: it is the head of archive {archive} and tells nothing of this one, "
                f"{self.archive_id}",
            )
            return
        good = True
        if path in self.others and not path.with_name(f"{path.name}.p7s").exists():
            self.fault(HEADS, source, "its signature is missing, expected it beside the head")
        signature, token = (path.with_name(f"{path.name}{kind}") for kind in (".p7s", ".tsr"))
        if self.with_signatures and signature.exists():
            with self.timed(SIGNATURES):
                held = signature.read_bytes()
                self.size += len(held)
                good = self.detached(f"{source}.p7s", content, held, said.get("at", ""))
        if self.with_signatures and token.exists():
            self.token(f"{source}.tsr", content, token.read_bytes())
        self.found_heads.append(Head(source, seq, digest, content, good, signature.exists()))

    def chain(self) -> None:
        """Read the ledger and walk its chain."""
        file = self.root / FILE
        try:
            content = file.read_bytes()
        except OSError as error:
            self.fault(CHAIN, FILE, f"cannot be read: {error.strerror or error}")
            content = b""
        self.size += len(content)
        found, torn = links(content)
        vouched = {h.seq: h.digest for h in self.found_heads if h.good}
        faults, self.held = chain_faults(found, self.identity or None, vouched)
        self.faults += faults
        told = {int(f.subject.partition(" ")[2]) for f in faults if f.subject.startswith("entry ")}
        self._lines(content, told)
        self.faults += head_faults(
            self.held, [(h.source, h.seq, h.digest) for h in self.found_heads if h.good], told
        )
        signed = [h for h in self.found_heads if h.signed and h.seq in self.held]
        speaking = [h for h in signed if self.held[h.seq].digest == h.digest]
        self.claimed = max((h.seq for h in speaking), default=0)
        self.spoken_for = max((h.seq for h in speaking if h.good), default=0)
        self._signed_heads()
        self._remembered()
        if torn:
            self.unfinished.append(
                f"{FILE}: {len(torn)} bytes follow the last entry, of a writer that ended too early"
            )

    def _signed_heads(self) -> None:
        """Look for the head files that entries name: a head that was taken away cannot accuse anybody."""
        for seq, link in sorted(self.held.items()):
            body = link.entry.get("body")
            if link.entry.get("kind") != "head.signed" or not isinstance(body, dict):
                continue
            for name, digest in digests_in(body.get("files")):
                if not _HEAD.fullmatch(name):
                    self.fault(HEADS, f"entry {seq}", f"names {name!r}, which is no head")
                    continue
                subject, path = f"{HEADS_FOLDER}/{name}", self.root / HEADS_FOLDER / name
                if not path.is_file():
                    self.fault(HEADS, subject, f"missing, entry {seq} names it")
                elif digest_of(path) != digest:
                    self.fault(HEADS, subject, f"changed: it is not the file that entry {seq} names")

    def _remembered(self) -> None:
        """Ask the index for the last entry that it has read; what no head speaks for yet, it may know."""
        import sqlite3

        try:
            place = f"{(self.root / INDEX).resolve().as_uri()}?mode=ro&immutable=1"
            with closing(sqlite3.connect(place, uri=True)) as connection:
                row = connection.execute("SELECT ledger, seq, digest FROM state").fetchone()
            if row is None or row[0] != self.identity or not row[1]:
                return
            seq, digest = int(row[1]), str(row[2])
        except (sqlite3.Error, *UNREADABLE):
            return  # absent or damaged: it can be made anew at any time
        if seq > max(self.held, default=0):
            self.fault(CHAIN, f"entry {seq}", f"cut off: {INDEX} remembers it, the ledger ends before it")
        elif seq in self.held and self.held[seq].digest != digest:
            self.fault(CHAIN, f"entry {seq}", f"edited, or {INDEX} was: it remembers another")

    def _lines(self, content: bytes, told: set[int]) -> None:
        """Check what the chain does not: form of the entries, order in time."""
        lines, before = content.split(b"\n"), ""
        for seq, link in sorted(self.held.items()):
            try:
                entry = entry_of(link.entry, link.digest)
            except UNREADABLE as error:
                if seq not in told:
                    self.fault(CHAIN, f"entry {seq}", f"edited: line {link.number} is no entry: {error}")
                continue
            self.entries[seq] = entry
            if (entry.kind == CREATED) is not (seq == 1):
                said = f"{entry.kind}, expected the archive's creation" if seq == 1 else "a second creation"
                self.fault(CHAIN, f"entry {seq}", said)
            elif entry.kind not in KINDS and not entry.kind.startswith(DELIVERY):
                self.fault(CHAIN, f"entry {seq}", f"{entry.kind!r} is no kind that the program writes")
            if seq not in told and not _is_canonical(link.entry, lines[link.number - 1]):
                self.fault(CHAIN, f"entry {seq}", "edited: not written canonically")
            at = str(link.entry["at"])
            if at < before and seq not in told:
                self.fault(CHAIN, f"entry {seq}", f"its time {at} lies before that of the entry before")
            before = at


def digests_in(found: Any) -> list[tuple[str, str]]:
    """Return names and digests of a part of an entry that should list some."""
    return [(n, d) for n, d in found.items() if isinstance(d, str)] if isinstance(found, dict) else []


def _is_canonical(entry: Mapping[str, Any], line: bytes) -> bool:
    """Tell whether a line is written canonically; the fast way will not do for numbers of many digits."""
    plain = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        fast = plain.encode() == line and not _MANY_DIGITS.search(line)
        return fast or canonical(entry) == line
    except (ArchiveError, UnicodeEncodeError):
        return False
