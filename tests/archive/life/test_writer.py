"""Writers: one at a time, all or nothing, and nothing unexplained when one dies."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest

from reportgen.archive import Archive
from reportgen.archive.ledger import sha256
from reportgen.errors import ArchiveError
from tests.archive.life.desk import FOUNDER, Clock


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.create(tmp_path / "archive", Clock(), FOUNDER)


def kinds(archive: Archive) -> list[str]:
    return [entry.kind for entry in archive.entries()]


def test_block_left_by_an_exception_writes_nothing_more(archive: Archive):
    with suppress(RuntimeError), archive.writing() as writer:
        writer.append("delivery.queued", actor=FOUNDER)
        writer.flush()
        writer.append("delivery.sent", actor=FOUNDER)
        raise RuntimeError
    assert kinds(archive) == ["archive.created", "delivery.queued"]
    with archive.writing() as writer:
        writer.append("delivery.sent", actor=FOUNDER)
        writer.discard()
        assert writer.append("delivery.failed", actor=FOUNDER).seq == 3
    assert kinds(archive) == ["archive.created", "delivery.queued", "delivery.failed"]


def test_object_whose_entry_never_came_is_on_record(archive: Archive):
    with suppress(RuntimeError), archive.writing() as writer:
        digest = writer.put(b"nobody names me")
        raise RuntimeError
    assert archive.unfinished() == ["pending.json: a writer ended with files on their way: 1"]
    with archive.writing():
        pass
    (recovered,) = archive.entries("ledger.recovered")
    assert recovered.body == {"objects": [digest], "unfinished": []}
    assert archive.unfinished() == []
    assert archive.objects.get(digest) == b"nobody names me"


def test_object_that_is_named_later_in_the_block_stays_pending(archive: Archive):
    with archive.writing() as writer:
        digest = writer.put(b"named at last")
        writer.append("note.publishing", actor=FOUNDER)
        writer.flush()
        assert json.loads((archive.root / "pending.json").read_bytes())["objects"] == [digest]
        writer.append("note.published", actor=FOUNDER, body={"signed_pdf": digest})
    assert not (archive.root / "pending.json").exists()
    with archive.writing():
        pass
    assert kinds(archive) == ["archive.created", "note.publishing", "note.published"]


def test_half_of_a_head_goes_and_a_whole_one_stays(archive: Archive):
    for files, stays in (({"7.json": b"{}"}, False), ({"8.json": b"{}", "8.json.p7s": b"sig"}, True)):
        with suppress(RuntimeError), archive.writing() as writer:
            writer.put_heads(files)
            raise RuntimeError
        with archive.writing():
            pass
        assert all((archive.heads / name).exists() == stays for name in files)
    assert [e.body["unfinished"] for e in archive.entries("ledger.recovered")] == [["heads/7.json"]]


def test_writer_that_died_holding_the_lock_holds_nothing(archive: Archive):
    script = f"""
        import os, signal
        from pathlib import Path
        from reportgen.archive import Archive
        from tests.archive.life.desk import Clock
        with Archive.open(Path({str(archive.root)!r}), Clock()).writing() as writer:
            writer.put(b"on its way")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=Path.cwd(), check=False)
    assert done.returncode == -signal.SIGKILL
    with archive.writing(timeout=5) as writer:
        assert writer.last.body["objects"] == [sha256(b"on its way")]


def test_waiting_for_another_writer_ends(archive: Archive):
    with (
        archive.writing(),
        pytest.raises(ArchiveError, match=r"lock: another writer has held the archive for 0\.2 seconds"),
        Archive.open(archive.root, Clock()).writing(timeout=0.2),
    ):
        pass


@pytest.mark.parametrize("processes", [3, pytest.param(8, marks=pytest.mark.slow)])
def test_many_processes_lose_and_forge_nothing(archive: Archive, processes: int):
    """Several processes add ten entries each, with an object; each sees a chain that holds."""
    script = f"""
        import os
        from datetime import UTC, datetime
        from pathlib import Path
        from reportgen.archive import PROGRAM, Archive
        archive = Archive.open(Path({str(archive.root)!r}), lambda: datetime(2026, 12, 31, tzinfo=UTC))
        for n in range(10):
            with archive.writing() as writer:
                digest = writer.put(f"{{os.getpid()}} {{n}}".encode())
                key = f"{{os.getpid()}} {{n}}"
                writer.append("delivery.sent", actor=PROGRAM, key=key, body={{"digest": digest}})
            assert len(list(archive.entries("delivery.", key=key))) == 1
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    running = [subprocess.Popen(command, cwd=Path.cwd()) for _ in range(processes)]
    assert [process.wait() for process in running] == [0] * processes
    entries = list(archive.entries("delivery."))
    assert len({entry.key for entry in entries}) == len(entries) == 10 * processes
    assert [entry.seq for entry in archive.entries()] == list(range(1, 10 * processes + 2))
    assert all(archive.objects.get(entry.body["digest"]) == entry.key.encode() for entry in entries)
    assert archive.unfinished() == []


def test_full_disk_leaves_what_was_there(archive: Archive):
    """The kernel cuts the write short at a limit of the file's size, as a full disk does."""
    before = archive.ledger.path.read_bytes()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with archive.writing() as writer:
        writer.append("delivery.sent", actor=FOUNDER, body={"long": "x" * 5000})
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 1000, hard))
        try:
            with pytest.raises(ArchiveError, match=r"ledger\.jsonl: File too large"):
                writer.flush()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert archive.ledger.path.read_bytes() == before
    assert kinds(archive) == ["archive.created", "delivery.sent"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to the superuser")
def test_read_only_archive_is_read_and_not_written(archive: Archive):
    folders = [archive.root, *(p for p in archive.root.rglob("*") if p.is_dir())]
    try:
        for folder in folders:
            folder.chmod(0o555)
        reader = Archive.open(archive.root, Clock())
        assert kinds(reader) == ["archive.created"]
        with pytest.raises(ArchiveError, match="Permission denied"), reader.writing() as writer:
            writer.append("delivery.sent", actor=FOUNDER)
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_creation_refuses_what_is_in_use(tmp_path: Path, archive: Archive):
    with pytest.raises(ArchiveError, match="there is an archive already"):
        Archive.create(archive.root, Clock(), FOUNDER)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.doc").touch()
    with pytest.raises(ArchiveError, match=r"not empty.*it holds thesis\.doc"):
        Archive.create(tmp_path / "used", Clock(), FOUNDER)
    (archive.root / "archive.json").unlink()
    with archive.ledger.path.open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(ArchiveError, match=r"not empty.*it holds ledger\.jsonl"):
        Archive.create(archive.root, Clock(), FOUNDER)


def test_interrupted_creation_can_be_tried_again(tmp_path: Path):
    root = tmp_path / "new"
    Archive.create(root, Clock(), FOUNDER)
    (root / "archive.json").unlink()  # it is written last
    assert kinds(Archive.create(root, Clock(), FOUNDER)) == ["archive.created"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("archive.json", None, "no archive: archive.json is missing"),
        ("archive.json", b"{}", "not the identity of an archive"),
        ("archive.json", b'{"schema":2,"id":"6f1c9a51-0b84-4b6e-8a0e-6a4ac4f0a111"}', "schema 2, expected 1"),
        ("ledger.jsonl", None, "missing, expected the ledger of archive"),
        ("ledger.jsonl", b"", "no whole line"),
        ("pending.json", b"{", r"pending\.json: cannot be read"),
    ],
)
def test_damaged_root_is_refused_by_name(archive: Archive, name: str, content: bytes | None, said: str):
    path = archive.root / name
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArchiveError, match=said), Archive.open(archive.root, Clock()).writing():
        pass
