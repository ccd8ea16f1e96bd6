"""The archive: a root folder with the ledger, the sealed objects and the signed heads.

Nothing is ever changed or deleted in it. Readers need no lock. A writer holds the lock, sees the newest
state, and first puts on record whatever a writer before it left unfinished.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reportgen.archive import durable, records
from reportgen.archive.index import Index
from reportgen.archive.ledger import (
    FILE,
    Actor,
    Entry,
    Ledger,
    MovedError,
    canonical,
    compose,
    sha256,
    write_moment,
)
from reportgen.archive.objects import FOLDER, Objects
from reportgen.archive.records import NoteRecord
from reportgen.archive.recovery import leftovers, recover
from reportgen.archive.verifier import UNREADABLE
from reportgen.archive.writer import INCOMING, LOCK, PENDING, Writer, lock
from reportgen.errors import ArchiveError

SCHEMA = 1
IDENTITY = "archive.json"
HEADS = "heads"
# Everything that may lie in the root folder; the index has its own journal beside it while it is written.
NAMES = (
    IDENTITY,
    FILE,
    FOLDER,
    HEADS,
    INCOMING,
    LOCK,
    "sending.lock",
    PENDING,
    "index.sqlite",
    "index.sqlite-journal",
)
Clock = Callable[[], dt.datetime]


class Archive:
    """An archive that exists. Open it with `Archive.open`, make a new one with `Archive.create`."""

    def __init__(self, root: Path, clock: Clock, identity: bytes) -> None:
        self.root = root
        self.clock = clock
        self.id: str = json.loads(identity)["id"]
        self.objects = Objects(root, root / INCOMING)
        self.heads = root / HEADS
        self.ledger = Ledger(root, sha256(identity))
        self.index = Index(root, self.ledger)

    @classmethod
    def open(cls, root: Path, clock: Clock) -> Archive:
        """Open an archive, also one that cannot be written.

        Raises: ArchiveError if there is none, or if it has lost its ledger.
        """
        file = root / IDENTITY
        if not file.is_file():
            raise ArchiveError(
                f"{root}: no archive: {IDENTITY} is missing",
                hint="`reportgen archive create` makes one. A share that is not mounted looks the same.",
            )
        with durable.reported(file):
            identity = file.read_bytes()
        try:
            found = json.loads(identity)
            schema = found["schema"]
            uuid.UUID(found["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise ArchiveError(f"{file}: not the identity of an archive: {error}") from error
        if schema != SCHEMA:
            raise ArchiveError(f"{file}: schema {schema!r}, expected {SCHEMA}")
        if not (root / FILE).is_file():
            raise ArchiveError(f"{root / FILE}: missing, expected the ledger of archive {found['id']}")
        return cls(root, clock, identity)

    @classmethod
    def create(cls, root: Path, clock: Clock, actor: Actor) -> Archive:
        """Make a new archive in a new or empty folder.

        The identity is written last: a folder without one is no archive yet, and may be tried again.

        Raises: ArchiveError if the folder holds anything else.
        """
        present = clock()
        with durable.reported(root):
            root.mkdir(parents=True, exist_ok=True)
        _refuse_used(root)
        for name in (FOLDER, HEADS, INCOMING):
            durable.make_folder(root / name)
        for half_written in (root / INCOMING).iterdir():
            with durable.reported(half_written):
                half_written.unlink()
        identity = canonical({"schema": SCHEMA, "id": str(uuid.uuid4()), "created": write_moment(present)})
        entry = compose(1, present, "archive.created", None, actor, "", "", {}, sha256(identity))
        durable.write_file(root / FILE, entry[1] + b"\n", root / INCOMING, mode=0o644)
        durable.write_file(root / IDENTITY, identity, root / INCOMING)
        return cls(root, clock, identity)

    def entries(
        self, kind: str | None = None, *, note: str | None = None, key: str | None = None, after: int = 0
    ) -> Iterator[Entry]:
        """Return entries in order. Shape: kind is exact, or ends in a dot and asks for all that begin so.

        Raises: ArchiveError if a line is not what it was, or the chain is broken.
        """
        try:
            for entry in self.ledger.read(self.index.places(kind=kind, note=note, key=key, after=after)):
                yield entry
                after = entry.seq
        except MovedError:  # either the index is at fault or the ledger; made anew, it tells which
            self.index.forget()
            yield from self.ledger.read(self.index.places(kind=kind, note=note, key=key, after=after))

    def note(self, note_id: str) -> NoteRecord:
        """Return what became of a note.

        Raises: ArchiveError if it was never submitted.
        """
        found = self.find(note_id)
        if found is None:
            raise ArchiveError(
                f"{note_id}: no such note in {self.root}", hint="`reportgen archive list` names those held."
            )
        return found

    def find(self, note_id: str) -> NoteRecord | None:
        """Return what became of a note, None if it was never submitted."""
        life = [
            *self.entries("note.", note=note_id),
            *self.entries("hold.", note=note_id),
            *self.entries("note.published", key=note_id),
        ]
        return records.fold(note_id, sorted(life, key=_by_seq))

    def notes(self) -> list[NoteRecord]:
        """Return every note that was ever submitted, in order of its first submission."""
        lives: dict[str, list[Entry]] = defaultdict(list)
        for entry in sorted([*self.entries("note."), *self.entries("hold.")], key=_by_seq):
            if entry.note is not None:
                lives[entry.note].append(entry)
            if entry.kind == "note.published" and entry.key:
                lives[entry.key].append(entry)
        folded = (records.fold(note_id, life) for note_id, life in lives.items())
        return [record for record in folded if record is not None]

    def head(self) -> Entry:
        """Return the last entry.

        Raises: ArchiveError if there is none.
        """
        last = self.ledger.tail().last
        if last is None:
            raise ArchiveError(f"{self.ledger.path}: empty, expected at least the archive's creation")
        return last

    def lacks_head(self, record: NoteRecord) -> bool:
        """Tell whether a note is published and no signed head is of its publication or of a later entry."""
        published = [entry.seq for entry in self.entries("note.published", note=record.id)]
        return record.published_at is not None and published[-1] > self._newest_head()

    def _newest_head(self) -> int:
        """Return the last entry of which a head lies here with its signature, 0 if there is none."""
        with durable.reported(self.heads):
            signed = [path.name.partition(".")[0] for path in self.heads.glob("*.json.p7s")]
        return max((int(seq) for seq in signed if seq.isdigit()), default=0)

    def unfinished(self) -> list[str]:
        """Say what a writer that died has left, or a live one is about to finish; the next one settles it."""
        said = list(leftovers(self))
        newest = {entry.note for entry in self.entries("note.published", after=self._newest_head())}
        for record in self.notes():
            ends = f"`reportgen publish {record.id}`"
            if record.state == "publishing":
                said.append(f"{record.id}: publication begun and not finished; {ends} ends it")
            elif record.id in newest:
                said.append(f"{record.id}: published, and no signed head speaks for it; {ends} signs one")
        return said

    @contextmanager
    def writing(self, timeout: float = 120) -> Iterator[Writer]:
        """Hold the lock of the archive; what is appended is on the disk when the block is left.

        Raises: ArchiveError if another writer keeps the lock, or the folder cannot be written.
        """
        with lock(self.root, timeout):
            writer = Writer(self)
            recover(writer)
            yield writer
            writer.flush()

    def remember(self) -> None:
        """Let the index read to the end of the ledger: it bears witness of entries that no head covers yet.

        Raises: ArchiveError if the chain is broken.
        """
        self.index.catch_up()

    def close(self) -> None:
        """Let go of the index."""
        self.index.close()


def copies_of_heads(anchor: Path, root: Path) -> tuple[Path, ...]:
    """Return the copies of an archive's heads in a folder of anchors, named <archive id>-<entry>.json."""
    try:
        name = json.loads((root / IDENTITY).read_bytes())["id"]
        copies = [path for path in anchor.iterdir() if path.suffix == ".json"]
    except (OSError, *UNREADABLE):
        return ()
    found = {path.stem.removeprefix(f"{name}-"): path for path in copies}
    return tuple(found[seq] for seq in sorted(filter(str.isdigit, found), key=int))


def _by_seq(entry: Entry) -> int:
    return entry.seq


def _refuse_used(root: Path) -> None:
    """Check that a folder holds at most what an interrupted creation leaves."""
    with durable.reported(root):
        names = {path.name for path in root.iterdir()}
    if IDENTITY in names:
        raise ArchiveError(f"{root}: there is an archive already")
    used = names - set(NAMES)
    if FILE in names and (root / FILE).read_bytes().count(b"\n") > 1:
        used.add(FILE)
    if FOLDER in names and any((root / FOLDER).iterdir()):
        used.add(FOLDER)
    if used:
        raise ArchiveError(
            f"{root}: not empty, expected a new folder for the archive; it holds {sorted(used)[0]}"
        )
