"""The index says where entries lie, and is never believed about what they say."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reportgen.archive import Archive
from reportgen.errors import ArchiveError
from tests.archive.life.desk import FOUNDER, Clock

NOTE = "TW-2026-01-09-r1"


def fill(archive: Archive, start: int, stop: int) -> None:
    with archive.writing() as writer:
        for n in range(start, stop):
            writer.append(
                "delivery.sent" if n % 2 else "delivery.queued", note=NOTE, actor=FOUNDER, key=f"k{n % 3}"
            )
        writer.append("hold.placed", note="TW-2026-01-16-r1", actor=FOUNDER)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    archive = Archive.create(tmp_path / "archive", Clock(), FOUNDER)
    fill(archive, 0, 30)
    archive.close()
    return archive.root


def opened(root: Path) -> Archive:
    return Archive.open(root, Clock())


def told(root: Path) -> dict[str, list[int]]:
    """Ask a fresh reader everything that can be asked."""
    archive = opened(root)
    questions = {
        "all": archive.entries(),
        "kind": archive.entries("delivery.sent"),
        "prefix": archive.entries("delivery."),
        "note": archive.entries(note=NOTE),
        "key": archive.entries("delivery.", key="k1"),
        "no key": archive.entries(key=""),
        "after": archive.entries(after=28),
        "both": archive.entries("delivery.queued", note=NOTE, key="k2", after=10),
        "none": archive.entries("deliver"),
    }
    return {name: [entry.seq for entry in found] for name, found in questions.items()}


def test_questions_are_answered_from_the_ledger(root: Path):
    """Entry 1 is the creation, entries 2 to 31 are n = 0 to 29, entry 32 is the hold."""
    assert told(root) == {
        "all": list(range(1, 33)),
        "kind": list(range(3, 33, 2)),
        "prefix": list(range(2, 32)),
        "note": list(range(2, 32)),
        "key": list(range(3, 32, 3)),
        "no key": [1, 32],
        "after": [29, 30, 31, 32],
        "both": [16, 22, 28],
        "none": [],
    }


@pytest.mark.parametrize("kind", [None, "delivery.", "note.published"])
def test_a_key_is_looked_up_by_the_index_of_keys(
    root: Path, monkeypatch: pytest.MonkeyPatch, kind: str | None
):
    """With many readers, a scan of all deliveries for each would take minutes."""
    archive = opened(root)
    real, plans = archive.index._answered, []

    def explained(query: str, sought: tuple[str | int, ...]) -> list[Any]:
        plans.extend(real(f"EXPLAIN QUERY PLAN {query}", sought))
        return real(query, sought)

    monkeypatch.setattr(archive.index, "_answered", explained)
    list(archive.entries(kind, key="c1"))
    assert [row[-1] for row in plans if "INDEX by_key (key=?" in row[-1]], plans
    plans.clear()
    assert [entry.seq for entry in archive.entries(key="")] == [1, 32]
    assert not [row for row in plans if "by_key" in row[-1]]


def remove(path: Path) -> None:
    path.unlink()


def overwrite(path: Path) -> None:
    path.write_bytes(b"not a database" * 400)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def other_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def drop(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE entries")
    connection.close()


def wrong_place(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE entries SET offset = offset + 1 WHERE seq = 20")
    connection.close()


def other_ledger(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE state SET ledger = 'another'")
        connection.execute("UPDATE entries SET kind = 'forged'")
    connection.close()


@pytest.mark.parametrize(
    "harm", [remove, overwrite, cut, make_folder, other_version, drop, wrong_place, other_ledger]
)
def test_index_is_made_anew_whatever_happens_to_it(root: Path, harm: Callable[[Path], None]):
    before = told(root)
    harm(root / "index.sqlite")
    assert told(root) == before
    fill(opened(root), 30, 40)
    assert told(root)["all"] == list(range(1, 44))


def test_index_of_a_ledger_that_was_replaced_is_made_anew(root: Path, tmp_path: Path):
    """A copy restored from a backup is shorter than what the index has read."""
    backup = tmp_path / "backup"
    shutil.copytree(root, backup)
    fill(opened(root), 30, 50)
    assert len(told(root)["all"]) == 53
    shutil.copy(backup / "ledger.jsonl", root / "ledger.jsonl")
    assert len(told(root)["all"]) == 32


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            b'"seq":32',
            b'"seq":33',
            "line 32: the chain is broken: expected entry 32 after .*, found 33 after",
        ),
        (b'"prev":"', b'"prev":"0', "line 32: the chain is broken"),
        (b'"seq":32', b'"seq":"x"', "line 32: not an entry of a ledger"),
    ],
    ids=["number", "chain", "shape"],
)
def test_new_line_that_does_not_continue_the_chain_is_refused(root: Path, old: bytes, new: bytes, said: str):
    *lines, last = (root / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    (root / "index.sqlite").unlink(missing_ok=True)
    (root / "ledger.jsonl").write_bytes(b"".join(lines) + last.replace(old, new))
    with pytest.raises(ArchiveError, match=said):
        list(opened(root).entries())


def test_old_line_that_was_edited_is_noticed_when_it_is_read(root: Path):
    told(root)
    path = root / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"key":"k0"', b'"key":"k9"', 1))
    with pytest.raises(ArchiveError, match="line 3: the chain is broken"):
        list(opened(root).entries("delivery."))


def test_reader_that_may_not_write_answers_from_memory(root: Path):
    (root / "index.sqlite").unlink(missing_ok=True)
    (root / "index.sqlite").mkdir()
    archive = opened(root)
    assert len(list(archive.entries())) == 32
    fill(opened(root), 30, 31)
    assert len(list(archive.entries())) == 34


def test_threads_share_an_archive(root: Path):
    archive = opened(root)
    found: list[int] = []

    def ask() -> None:
        found.extend(len(list(archive.entries("delivery."))) for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [30] * 120
