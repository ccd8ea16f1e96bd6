"""`build`: where the note goes, and that a build which fails leaves the previous note as it was."""

from __future__ import annotations

import errno
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from reportgen.pipeline import building

NOTE = Path("2025-04-10") / "treasury-weekly"
FILES = {
    "note.pdf",
    "note.html",
    "facts.json",
    "inputs.parquet",
    "context.zip",
    "digest.html",
    "digest.txt",
    "manifest.json",
}
COMPARING = ("before.", "trigger.")
FAKE = building.Built(
    "TW-2025-04-10-r1", {"note.pdf": b"new", "note.html": b"new", "figures/curve.svg": b"new"}
)


@pytest.fixture
def previous(tmp_path):
    """Return an output folder that holds a note."""
    out = tmp_path / "out"
    (out / NOTE / "figures").mkdir(parents=True)
    for name in (*FILES, "figures/curve.svg", "figures/yields.svg"):
        (out / NOTE / name).write_text(f"the previous {name}")
    return out


def test_a_note(run, tmp_path):
    out = tmp_path / "out"
    process = subprocess.run(
        [sys.executable, "-m", "reportgen", "build", "--as-of", "2025-04-10", "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    assert process.stdout.splitlines() == [str(out / NOTE / "note.pdf"), str(out / NOTE / "note.html")]
    assert [path.name for path in (out / NOTE.parent).iterdir()] == [NOTE.name]
    assert {path.name for path in (out / NOTE).iterdir()} == FILES | {"figures", "digest"}

    contents = {
        str(path.relative_to(out / NOTE)): path.read_bytes()
        for path in (out / NOTE).rglob("*")
        if path.is_file()
    }
    manifest = json.loads(contents.pop("manifest.json"))
    assert manifest["id"] == "TW-2025-04-10-r1"
    assert manifest["sha256"] == {name: hashlib.sha256(c).hexdigest() for name, c in contents.items()}

    written = json.loads(contents["facts.json"])
    printed = json.loads(run("facts", "--as-of", "2025-04-10", "--json").stdout)
    assert written.pop("data") == {"pack": "inputs.parquet", "sha256": manifest["sha256"]["inputs.parquet"]}
    assert printed.pop("data") == {"pack": None, "sha256": None}
    assert "basis.fall" in [reference["id"] for reference in written.pop("references")]
    assert written.pop("quotes")
    for part in ("facts", "missing"):  # what compares with last week is the note's own
        own = [entry for entry in written[part] if entry["id"].startswith(COMPARING)]
        assert own or part == "missing"
        written[part] = [entry for entry in written[part] if entry not in own]
    assert written == printed


@pytest.mark.parametrize(
    ("as_of", "folder"), [("2025-04-10", "2025-04-10"), ("2025-04-11T18:00", "2025-04-11T1800")]
)
def test_the_folder_is_named_by_the_as_of(run, monkeypatch, tmp_path, as_of, folder):
    monkeypatch.setattr(building, "build", lambda *arguments, **options: FAKE)
    assert run("build", "--as-of", as_of, "--out", tmp_path).exit_code == 0
    assert (tmp_path / folder / "treasury-weekly" / "note.pdf").read_bytes() == b"new"


def test_a_new_build_replaces_the_old_one_whole(run, monkeypatch, previous, digests):
    monkeypatch.setattr(building, "build", lambda *arguments, **options: FAKE)
    assert run("build", "--as-of", "2025-04-10", "--out", previous).exit_code == 0
    assert {name for name, digest in digests(previous / NOTE).items() if digest} == FAKE.files.keys()
    assert [path.name for path in (previous / NOTE.parent).iterdir()] == [NOTE.name]


def test_an_interrupted_build_leaves_the_previous_note(run, monkeypatch, previous, digests):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    before = digests(previous)
    monkeypatch.setattr(building, "build", interrupt)
    result = run("build", "--as-of", "2025-04-10", "--out", previous)
    assert result.exit_code == 130
    assert result.stdout == ""
    assert digests(previous) == before


@pytest.mark.parametrize(
    ("failure", "status"),
    [(OSError(errno.ENOSPC, "No space left on device"), 12), (KeyboardInterrupt(), 130)],
    ids=["full disk", "Ctrl-C"],
)
def test_a_write_that_fails_halfway_leaves_the_previous_note(
    run, monkeypatch, previous, digests, failure, status
):
    before = digests(previous)
    write_bytes = Path.write_bytes

    def fail(self, content):
        if self.name == "note.html":
            raise failure
        return write_bytes(self, content)

    monkeypatch.setattr(building, "build", lambda *arguments, **options: FAKE)
    monkeypatch.setattr(Path, "write_bytes", fail)
    result = run("build", "--as-of", "2025-04-10", "--out", previous)
    assert result.exit_code == status
    assert result.stdout == ""
    if status == 12:
        assert f"{previous / NOTE}: the note cannot be written: No space left on device" in result.stderr
        assert "--out" in result.stderr
    assert digests(previous) == before


def test_an_output_folder_that_cannot_be_made(refused, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / "out"
    monkeypatch.setattr(building, "build", lambda *arguments, **options: FAKE)
    said = refused(12, "build", "--as-of", "2025-04-10", "--out", out)
    assert f"{out / NOTE}: the note cannot be written: Not a directory" in said
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--as-of", "2025-13-40"], 4),
        (["--as-of", "2025-04-10", "--lang", "xx"], 2),
        (["--as-of", "2025-04-10", "--data", "absent"], 4),
        (["--as-of", "2025-04-10", "--desk", "absent"], 3),
    ],
)
def test_bad_input_leaves_the_previous_note(refused, previous, digests, options, status):
    before = digests(previous)
    refused(status, "build", "--out", previous, *options)
    assert digests(previous) == before


def test_a_faulty_desk_leaves_the_previous_note(refused, previous, desk, digests):
    before = digests(previous)
    (desk / "events.toml").write_text("[[event")
    said = refused(3, "build", "--as-of", "2025-04-10", "--out", previous, "--desk", desk)
    assert "events.toml: not readable as TOML" in said
    assert digests(previous) == before
