"""What a writer that died has left behind, and how the next one puts it on record.

Every byte is kept but those of half-written files, which never were part of the record. What was found
stays announced in pending.json until the entry that names it is written and the half-written files are
gone, so that a recovery may die as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from reportgen.archive import durable
from reportgen.archive.ledger import PROGRAM, sha256
from reportgen.archive.writer import INCOMING, PENDING
from reportgen.errors import ArchiveError

if TYPE_CHECKING:
    from reportgen.archive.archive import Archive
    from reportgen.archive.writer import Writer


def leftovers(archive: Archive) -> Iterator[str]:
    """Say what lies in an archive that a writer has not finished."""
    torn, pending, stray = archive.ledger.tail().torn, _pending(archive), _stray(archive)
    if torn:
        yield f"ledger.jsonl: {len(torn)} bytes behind the last entry, of a writer that ended too early"
    if pending:
        number = len(pending.get("objects", ()))
        yield f"{PENDING}: a writer ended with files on their way: {number}"
    for name in stray:
        yield f"{name}: a half-written file"


def recover(writer: Writer) -> None:
    """Put on record what is left behind: a torn line, objects that no entry names, half-written files."""
    archive = writer.archive
    pending, stray = _pending(archive), _stray(archive)
    if not (writer.torn or pending or stray):
        return
    if writer.torn:
        pending = _cut_off(writer, pending)
    named = _named(archive, pending.get("after", writer.last.seq), writer.last.seq)
    orphans = [d for d in pending.get("objects", ()) if d not in named and archive.objects.path(d).exists()]
    half = [*stray, *_half_heads(archive, pending.get("heads", ()))]
    body: dict[str, Any] = {"objects": orphans, "unfinished": half}
    torn = pending.get("torn")
    if torn and torn["sha256"] not in named:
        body["torn"] = torn
    if any(body.values()):
        writer.append("ledger.recovered", actor=PROGRAM, why="a writer ended before it was done", body=body)
        writer.write()
    for name in half:
        with durable.reported(archive.root / name):
            (archive.root / name).unlink(missing_ok=True)
    writer.settle()


def _cut_off(writer: Writer, pending: dict[str, Any]) -> dict[str, Any]:
    """Keep a torn line as an object, then cut it off; it is announced before, lest it be lost between."""
    digest = sha256(writer.torn)
    pending = {
        **pending,
        "after": pending.get("after", writer.last.seq),
        "objects": [*pending.get("objects", ()), digest],
        "torn": {"bytes": len(writer.torn), "sha256": digest},
    }
    writer.announce(pending)
    writer.archive.objects.put(writer.torn)
    durable.cut(writer.archive.ledger.path, writer.size)
    writer.torn = b""
    return pending


def _named(archive: Archive, after: int, last: int) -> str:
    """Return the lines of the ledger behind an entry, in which a digest is looked for."""
    if after >= last:
        return ""
    lines = (archive.ledger.lines(offset) for _, offset, _, _ in archive.index.places(after=after))
    return "\n".join(next(line).content.decode() for line in lines)


def _half_heads(archive: Archive, names: Iterable[str]) -> list[str]:
    """Return the head files that lack the head or its signature."""
    folder = archive.heads
    heads = {name: f"{name.partition('.json')[0]}.json" for name in names if (folder / name).exists()}
    half = [n for n, h in heads.items() if not all((folder / p).exists() for p in (h, f"{h}.p7s"))]
    return sorted(f"{folder.name}/{name}" for name in half)


def _pending(archive: Archive) -> dict[str, Any]:
    path = archive.root / PENDING
    try:
        with durable.reported(path):
            content = json.loads(path.read_bytes())
    except (ArchiveError, ValueError) as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return {}
        raise ArchiveError(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ArchiveError(f"{path}: expected an object, found {type(content).__name__}")
    return content


def _stray(archive: Archive) -> list[str]:
    folder = archive.root / INCOMING
    with durable.reported(folder):
        return sorted(f"{INCOMING}/{entry.name}" for entry in os.scandir(folder))
