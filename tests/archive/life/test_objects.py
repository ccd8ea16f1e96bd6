"""Objects are named by their bytes, cannot be written over, and are hashed whenever they are read."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from reportgen.archive import Archive
from reportgen.errors import ArchiveError
from tests.archive.life.desk import FOUNDER, Clock

CONTENT = b"sealed bytes"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive.create(tmp_path / "archive", Clock(), FOUNDER)
    with made.writing() as writer:
        assert writer.put_all({"a": CONTENT, "b": b"", "c": CONTENT})["c"] == DIGEST
        writer.append(
            "note.submitted", actor=FOUNDER, body={"files": [DIGEST, hashlib.sha256(b"").hexdigest()]}
        )
    return made


def test_object_lies_under_its_digest_and_is_read_only(archive: Archive):
    path = archive.root / "objects" / DIGEST[:2] / DIGEST
    assert archive.objects.path(DIGEST) == path
    assert path.read_bytes() == archive.objects.get(DIGEST) == CONTENT
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert len([p for p in (archive.root / "objects").rglob("*") if p.is_file()]) == 2
    assert list((archive.root / "incoming").iterdir()) == []


def test_putting_again_changes_nothing(archive: Archive):
    before = archive.objects.path(DIGEST).stat()
    with archive.writing() as writer:
        assert writer.put(CONTENT) == DIGEST
    assert archive.objects.path(DIGEST).stat().st_mtime_ns == before.st_mtime_ns
    assert archive.unfinished() == []


@pytest.mark.parametrize(
    "damage", [b"sealed byteZ", b"", CONTENT + b"\n"], ids=["flipped", "emptied", "longer"]
)
def test_damage_is_named_on_reading_and_on_putting_again(archive: Archive, damage: bytes):
    path = archive.objects.path(DIGEST)
    path.chmod(0o644)
    path.write_bytes(damage)
    with pytest.raises(ArchiveError, match=f"{DIGEST}: not what it was when it was sealed"):
        archive.objects.get(DIGEST)
    with pytest.raises(ArchiveError, match="not what it was"), archive.writing() as writer:
        writer.put(CONTENT)


def test_missing_object_is_named(archive: Archive):
    archive.objects.path(DIGEST).unlink()
    with pytest.raises(ArchiveError, match=f"{DIGEST}: missing from the archive"):
        archive.objects.get(DIGEST)


@pytest.mark.parametrize(
    "name", ["", "../archive.json", DIGEST.upper(), DIGEST[:-1], f"{DIGEST}\n", "a/" * 32]
)
def test_what_is_no_digest_is_no_path(archive: Archive, name: str):
    with pytest.raises(ArchiveError, match="not the name of an object"):
        archive.objects.path(name)
