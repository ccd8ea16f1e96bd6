"""Where each entry lies in the ledger, in SQLite; made anew when it is missing, damaged or of another ledger.

The index answers "which entries", never "what do they say": every line is read from the ledger and hashed.
Where the folder cannot be written, as on a regulator's copy, the index lives in memory.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.archive.ledger import Entry, Ledger, Line, parse, sha256
from reportgen.errors import ArchiveError

FILE = "index.sqlite"
_VERSION = 2
_BATCH = 10_000
# A read-only folder, a full disk, a share without locks: not the index is at fault, but its place.
_REFUSED = (
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
)
_TABLES = f"""
PRAGMA user_version = {_VERSION};
CREATE TABLE state (ledger TEXT, seq INTEGER, offset INTEGER, last INTEGER, digest TEXT);
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY, kind TEXT, note TEXT, key TEXT, offset INTEGER, length INTEGER, digest TEXT
);
CREATE INDEX by_note ON entries (note, kind);
CREATE INDEX by_kind ON entries (kind, seq);
CREATE INDEX by_key ON entries (key, seq) WHERE key <> '';
"""


@dataclass(frozen=True, slots=True)
class _State:
    """How far the index has read: the last entry's number, place and digest, and where the next begins."""

    seq: int
    offset: int
    last: int
    digest: str


class Index:
    """The index of one ledger. Safe to use from several threads and processes."""

    def __init__(self, root: Path, ledger: Ledger) -> None:
        self._path = root / FILE
        self._ledger = ledger
        self._connection: sqlite3.Connection | None = None
        self._in_memory = False
        self._guard = threading.RLock()

    def places(
        self, *, kind: str | None = None, note: str | None = None, key: str | None = None, after: int = 0
    ) -> Iterator[tuple[int, int, int, str]]:
        """Return seq, offset, length and digest of the entries asked for, in their order.

        Shape: a kind that ends in a dot asks for all that begin with it.

        Raises: ArchiveError if the ledger's new lines do not continue those read before.
        """
        wanted: list[tuple[str, str | int]] = [("seq > ?", after)]
        if kind is not None and kind.endswith("."):
            wanted += [("kind >= ?", kind), ("kind < ?", f"{kind[:-1]}/")]  # "/" is what follows "." in ASCII
        elif kind is not None:
            wanted += [("kind = ?", kind)]
        wanted += [
            (f"{name} = ?", sought) for name, sought in (("note", note), ("key", key)) if sought is not None
        ]
        terms = [term for term, _ in wanted]
        if key:
            terms.append("key <> ''")  # or the index of keys, which leaves out the empty one, is not used
        query = f"SELECT seq, offset, length, digest FROM entries WHERE {' AND '.join(terms)} ORDER BY seq"
        return iter(self._answered(query, tuple(sought for _, sought in wanted)))

    def catch_up(self) -> None:
        """Read what the ledger holds beyond what is known.

        Raises: as `places`.
        """
        self._answered("SELECT 1", ())

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _answered(self, query: str, sought: tuple[str | int, ...]) -> list[Any]:
        with self._guard:
            try:
                return self._asked(query, sought)
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF in _REFUSED:
                    self._use_memory()
                else:
                    self.forget()
            try:
                return self._asked(query, sought)
            except sqlite3.DatabaseError:
                self._use_memory()
                return self._asked(query, sought)

    def _asked(self, query: str, sought: tuple[str | int, ...]) -> list[Any]:
        connection = self._open()
        self._catch_up(connection)
        return connection.execute(query, sought).fetchall()

    def _use_memory(self) -> None:
        self.close()
        self._in_memory = True

    def forget(self) -> None:
        """Drop the index; the next question makes it anew."""
        self.close()
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            self._in_memory = True

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            place = ":memory:" if self._in_memory else self._path
            connection = sqlite3.connect(place, timeout=10, isolation_level=None, check_same_thread=False)
            self._connection = connection
            if not self._in_memory:
                connection.execute("PRAGMA journal_mode = DELETE")  # the write-ahead log fails on shares
            if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                self._make(connection)
        return self._connection

    def _make(self, connection: sqlite3.Connection) -> None:
        """Empty the file and lay out its tables, unless another process has just done so."""
        with _transaction(connection):
            if connection.execute("PRAGMA user_version").fetchone() == (_VERSION,):
                return
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (name,) in names:
                connection.execute(f'DROP TABLE "{name}"')
            for statement in _TABLES.strip().split(";\n"):
                connection.execute(statement.rstrip(";"))

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        """Read what the ledger holds beyond what the index knows."""
        size = self._ledger.size()
        state = self._state(connection)
        if state is not None and state.offset == size and self._holds(state):
            return
        with _transaction(connection):
            state = self._state(connection)  # another process may have caught up meanwhile
            if state is None or not self._holds(state):
                connection.execute("DELETE FROM entries")
                state = _State(0, 0, 0, self._ledger.anchor)
            found = self._read_on(connection, state)
            connection.execute("DELETE FROM state")
            connection.execute(
                "INSERT INTO state VALUES (?, ?, ?, ?, ?)",
                (self._ledger.anchor, found.seq, found.offset, found.last, found.digest),
            )

    def _read_on(self, connection: sqlite3.Connection, state: _State) -> _State:
        rows: list[tuple[int, str, str | None, str, int, int, str]] = []
        for line in self._ledger.lines(state.offset):
            entry = self._next(line, state)
            place = (line.offset, len(line.content), entry.digest)
            rows.append((entry.seq, entry.kind, entry.note, entry.key, *place))
            state = _State(entry.seq, line.end, line.offset, entry.digest)
            if len(rows) == _BATCH:
                _insert(connection, rows)
                rows.clear()
        _insert(connection, rows)
        return state

    def _next(self, line: Line, state: _State) -> Entry:
        """Read a line and check that it continues the chain."""
        entry = parse(line.content, f"{self._ledger.path}: line {state.seq + 1}")
        if entry.seq != state.seq + 1 or entry.prev != state.digest:
            raise ArchiveError(
                f"{self._ledger.path}: line {state.seq + 1}: the chain is broken: expected entry "
                f"{state.seq + 1} after {state.digest[:12]}…, found {entry.seq} after {entry.prev[:12]}…",
                hint="`reportgen archive verify` names every fault.",
            )
        return entry

    def _state(self, connection: sqlite3.Connection) -> _State | None:
        row = connection.execute("SELECT ledger, seq, offset, last, digest FROM state").fetchone()
        return None if row is None or row[0] != self._ledger.anchor else _State(*row[1:])

    def _holds(self, state: _State) -> bool:
        """Tell whether the last line that the index knows is where it was."""
        if state.seq == 0:
            return True
        line = next(self._ledger.lines(state.last), None)
        return line is not None and line.end == state.offset and sha256(line.content) == state.digest


def _insert(
    connection: sqlite3.Connection, rows: list[tuple[int, str, str | None, str, int, int, str]]
) -> None:
    connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
