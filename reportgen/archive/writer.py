"""The one writer of an archive: objects first, then the entry that names them, each on the disk in turn.

Before its first object is written, pending.json says which objects are on their way. When the entry that
names them is in the ledger, it goes. So a writer that dies leaves nothing unexplained: the next one finds
the objects that no entry names, and says so in an entry of its own.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.archive import durable
from reportgen.archive.ledger import Actor, Entry, canonical, compose, sha256
from reportgen.errors import ArchiveError

if TYPE_CHECKING:
    from reportgen.archive.archive import Archive

INCOMING = "incoming"
PENDING = "pending.json"
LOCK = "lock"
SKEW = dt.timedelta(minutes=10)  # how far the clocks of two machines may lie apart


class Writer:
    """Append to an archive under its lock; see `Archive.writing`."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        tail = archive.ledger.tail()
        if tail.last is None:
            raise ArchiveError(f"{archive.ledger.path}: no whole line, expected the archive's creation")
        self.last: Entry = tail.last
        self._written = self.last
        self.size = tail.size
        self.torn = tail.torn
        self._start = self.last.seq
        self._lines: list[bytes] = []
        self._pending: list[str] = []
        self._heads: list[str] = []

    def put(self, content: bytes) -> str:
        """Seal bytes and return their SHA-256."""
        return self.put_all({"": content})[""]

    def put_all(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Seal several files and return the SHA-256 of each by name."""
        digests = {name: sha256(content) for name, content in files.items()}
        objects = self.archive.objects
        fresh = [d for d in dict.fromkeys(digests.values()) if not objects.path(d).exists()]
        if fresh:
            self._pending += fresh
            self.announce()
        for content in files.values():
            objects.put(content)
        return digests

    def put_heads(self, files: Mapping[str, bytes]) -> None:
        """Write files into heads/: a head of the ledger, its signature, its time stamp."""
        self._heads += [name for name in files if name not in self._heads]
        self.announce()
        for name, content in files.items():
            durable.write_file(self.archive.heads / name, content, self.archive.root / INCOMING)

    def append(
        self, kind: str, *, note: str | None = None, actor: Actor, why: str = "", key: str = "",
        body: Mapping[str, Any] | None = None,
    ) -> Entry:  # fmt: skip
        """Add an entry; it is on the disk after `flush`, or when the block is left without an exception."""
        entry, line = compose(
            self.last.seq + 1, self._now(), kind, note, actor, why, key, body or {}, self.last.digest
        )
        self._lines.append(line + b"\n")
        self.last = entry
        return entry

    def flush(self) -> None:
        """Write what was appended, in one piece, and wait until the disk has it."""
        content = self.write()
        if content:
            self._pending = [digest for digest in self._pending if digest.encode() not in content]
            self._heads = [name for name in self._heads if name.encode() not in content]
            if self._pending or self._heads:  # an entry to come names them
                self.announce()
            else:
                self.settle()

    def write(self) -> bytes:
        """Write what was appended, and return it; what is pending stays so."""
        content = b"".join(self._lines)
        if content:
            durable.append(self.archive.ledger.path, content, self.size)
            self.size += len(content)
            self._lines.clear()
            self._written = self.last
        return content

    def discard(self) -> None:
        """Forget what was appended and not yet written."""
        self._lines.clear()
        self.last = self._written

    def announce(self, content: Mapping[str, Any] | None = None) -> None:
        """Say which files are on their way, before the first of them is written."""
        if content is None:
            content = {"after": self._start, "objects": self._pending, "heads": self._heads}
        root = self.archive.root
        durable.write_file(root / PENDING, canonical(content), root / INCOMING, mode=0o644)

    def settle(self) -> None:
        """Forget what was pending; if the disk forgets to, the next writer finds every object named."""
        with contextlib.suppress(OSError):
            (self.archive.root / PENDING).unlink()

    def _now(self) -> dt.datetime:
        """Return the clock's time, never before the entry before.

        Raises: ArchiveError if the clock is further behind than machines' clocks differ.
        """
        present = self.archive.clock()
        if present < self.last.at - SKEW:
            raise ArchiveError(
                f"the clock says {present.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC, the ledger ends at "
                f"{self.last.at:%Y-%m-%d %H:%M} UTC",
                hint="Set the clock of this machine. If it is right, entry "
                f"{self.last.seq} ({self.last.kind}, {self.last.actor.name or self.last.actor.id}) was "
                "written under a wrong one, and nothing can follow before its time has come.",
            )
        return max(present, self.last.at)


@contextmanager
def lock(root: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of an archive against every other process that shares the folder.

    A file system without locks is refused: a substitute would not exclude machines that have them.
    """
    import filelock

    path = root / LOCK
    held = filelock.FileLock(path, timeout=timeout, mode=0o664, fallback_to_soft=False)
    try:
        with durable.reported(path):
            held.acquire()
    except ArchiveError as error:
        if isinstance(error.__cause__, filelock.Timeout):
            raise ArchiveError(
                f"{path}: another writer has held the archive for {timeout:g} seconds",
                hint="Wait for it to end, then run the command again.",
            ) from error
        raise
    except NotImplementedError as error:
        raise ArchiveError(f"{path}: this file system has no file locks, the archive needs them") from error
    try:
        yield
    finally:
        held.release()
