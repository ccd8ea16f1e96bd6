"""The record: one canonical JSON object a line, each naming the digest of the line before.

A line is RFC 8785 canonical JSON, so that anybody can hash it anew. The first names the digest of
archive.json. Whatever follows the last line break is a torn end: a writer that died while writing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.archive import durable
from reportgen.archive.verifier import UNREADABLE, printable, read_line
from reportgen.config.people import Person
from reportgen.errors import ArchiveError

FILE = "ledger.jsonl"
CREATED, DELIVERY = "archive.created", "delivery."
KINDS = frozenset(  # of entries; those of deliveries, which begin alike, are the delivery's own
    (
        *(CREATED, "head.signed", "ledger.recovered", "exported", "hold.placed", "hold.lifted"),
        *("note.submitted", "note.returned", "note.approved", "note.publishing", "note.published"),
        *("note.corrected", "note.superseded", "note.withdrawn", "note.refused"),
    )
)
KEYS = frozenset(("seq", "at", "kind", "note", "actor", "why", "key", "body", "prev"))
_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
_BLOCK = 1 << 16
_VERIFY = "`reportgen archive verify` names every fault."


class MovedError(ArchiveError):
    """A line is not where, or not what, the index says."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, in which role, as the ledger keeps it."""

    id: str
    name: str
    role: str

    @classmethod
    def of(cls, person: Person, role: str) -> Actor:
        """Return a person of the desk in one of the person's roles."""
        return cls(person.id, person.name, role)


PROGRAM = Actor("reportgen", "reportgen", "program")  # what the program does of itself


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    seq: int
    at: dt.datetime
    kind: str
    note: str | None
    actor: Actor
    why: str
    key: str
    body: Mapping[str, Any]
    prev: str
    digest: str  # of the line itself


@dataclass(frozen=True, slots=True)
class Line:
    """Where a line lies in the file."""

    offset: int
    content: bytes

    @property
    def end(self) -> int:
        """Return where the next line begins."""
        return self.offset + len(self.content) + 1


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of the ledger: size up to the last line break, last entry, what lies torn behind it."""

    size: int
    last: Entry | None
    torn: bytes


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def canonical(content: Mapping[str, Any]) -> bytes:
    """Write an object as RFC 8785 canonical JSON.

    Raises: ArchiveError for what JSON cannot hold.
    """
    import rfc8785

    try:
        return rfc8785.dumps(content)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise ArchiveError(f"the ledger cannot hold this entry: {error}") from error


def write_moment(moment: dt.datetime) -> str:
    """Write a moment as the ledger does: in UTC, to the microsecond."""
    return moment.astimezone(dt.UTC).strftime(_MOMENT)


def read_moment(text: str) -> dt.datetime:
    """Read a moment of the ledger."""
    if len(text) != 27 or not text.endswith("Z"):
        raise ValueError(f"expected a moment in UTC to the microsecond, found {text!r}")
    return dt.datetime.fromisoformat(text)


def compose(
    seq: int, at: dt.datetime, kind: str, note: str | None, actor: Actor, why: str, key: str,
    body: Mapping[str, Any], prev: str,
) -> tuple[Entry, bytes]:  # fmt: skip
    """Return an entry and the bytes of its line, without the line break."""
    line = canonical(
        {
            "seq": seq,
            "at": write_moment(at),
            "kind": kind,
            "note": note,
            "actor": {"id": actor.id, "name": actor.name, "role": actor.role},
            "why": why,
            "key": key,
            "body": dict(body),
            "prev": prev,
        }
    )
    return parse(line, f"entry {seq}"), line


def parse(line: bytes, where: str) -> Entry:
    """Read a line.

    Raises: ArchiveError saying where, if it is no entry.
    """
    try:
        return entry_of(read_line(line), sha256(line))
    except UNREADABLE as error:
        raise ArchiveError(
            f"{where}: not an entry of a ledger: {printable(str(error))}", hint=_VERIFY
        ) from error


def entry_of(found: Mapping[str, Any], digest: str) -> Entry:
    """Return what a line says, which has a digest, as an entry.

    Raises: one of UNREADABLE for what is none.
    """
    if found.keys() != KEYS:
        raise ValueError(f"it has {', '.join(sorted(found))}, expected {', '.join(sorted(KEYS))}")
    actor = _typed(found, "actor", dict)
    return Entry(
        seq=_typed(found, "seq", int),
        at=read_moment(_typed(found, "at", str)),
        kind=_typed(found, "kind", str),
        note=None if found["note"] is None else _typed(found, "note", str),
        actor=Actor(_typed(actor, "id", str), _typed(actor, "name", str), _typed(actor, "role", str)),
        why=_typed(found, "why", str),
        key=_typed(found, "key", str),
        body=_typed(found, "body", dict),
        prev=_typed(found, "prev", str),
        digest=digest,
    )


class Ledger:
    """The file ledger.jsonl of an archive; `anchor` is what its first line names as the one before."""

    def __init__(self, root: Path, anchor: str) -> None:
        self.path = root / FILE
        self.anchor = anchor

    def size(self) -> int:
        """Return the size of the file in bytes, a torn end included."""
        with durable.reported(self.path):
            return self.path.stat().st_size

    def tail(self) -> Tail:
        """Read the last entry and what lies behind it; the rest of the file is not touched.

        Raises: ArchiveError if the last whole line is no entry.
        """
        with durable.reported(self.path), self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            held, start = b"", size
            while start > 0 and held.count(b"\n") < 2:
                step = min(_BLOCK, start)
                start -= step
                file.seek(start)
                held = file.read(step) + held
        lines, newline, torn = held.rpartition(b"\n")
        if not newline:
            return Tail(0, None, torn)
        last = lines.rpartition(b"\n")[2]
        whole = size - len(torn)
        return Tail(whole, parse(last, f"{self.path}: the last line"), torn)

    def lines(self, offset: int = 0) -> Iterator[Line]:
        """Return the whole lines from an offset on, without their line breaks."""
        with durable.reported(self.path), self.path.open("rb") as file:
            file.seek(offset)
            for content in file:
                if not content.endswith(b"\n"):
                    return
                yield Line(offset, content[:-1])
                offset += len(content)

    def read(self, places: Iterator[tuple[int, int, int, str]]) -> Iterator[Entry]:
        """Read the entries at given places: seq, offset, length, digest.

        Raises: MovedError for a line that is not what it was.
        """
        with durable.reported(self.path), self.path.open("rb") as file:
            for seq, offset, length, digest in places:
                file.seek(offset)
                line = file.read(length)
                if sha256(line) != digest:
                    raise MovedError(f"{self.path}: entry {seq} has changed since it was read", hint=_VERIFY)
                yield parse(line, f"{self.path}: entry {seq}")


def _typed(found: Any, key: str, kind: type) -> Any:
    content = found[key]
    if not isinstance(content, kind) or isinstance(content, bool):
        raise ValueError(f"{key}: expected {kind.__name__}, found {type(content).__name__}")
    return content
