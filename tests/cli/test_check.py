"""`check`: a note as built passes; each kind of damage is named, with the status that belongs to it."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
from pathlib import Path

import pikepdf
import pytest
import time_machine
from click.testing import CliRunner

from reportgen.cli import cli


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build one note for all tests to copy."""
    out = tmp_path_factory.mktemp("out")
    with time_machine.travel("2026-11-23T12:00:00-05:00", tick=False):
        result = CliRunner().invoke(cli, ["build", "--as-of", "2025-04-10", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out / "2025-04-10" / "treasury-weekly"


@pytest.fixture
def note(built, tmp_path):
    return Path(shutil.copytree(built, tmp_path / "note"))


@pytest.fixture
def verapdf(tmp_path, monkeypatch):
    """Put a program of that name on PATH that answers as told."""

    def put(answer, status):
        program = tmp_path / "bin" / "verapdf"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nshift 5\nprintf "{answer}\\n" "$1"\nexit {status}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    return put


def seal(note):
    """Write the digests anew, as one would who hides a change."""
    manifest = json.loads((note / "manifest.json").read_text())
    manifest["sha256"] = {
        name: hashlib.sha256((note / name).read_bytes()).hexdigest() for name in manifest["sha256"]
    }
    (note / "manifest.json").write_text(json.dumps(manifest))


def test_a_note_as_built(run, note):
    result = run("check", note)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("TW-2025-04-10-r1: ")
    assert "PDF/A-3a and PDF/UA-1 by page" in result.stdout
    told = json.loads(run("check", note, "--json").stdout)
    assert told["exit"] == 0
    assert told["note"] == "TW-2025-04-10-r1"
    assert told["faults"] == []


def test_a_flipped_byte_in_the_pdf(refused, note):
    content = bytearray((note / "note.pdf").read_bytes())
    content[len(content) // 2] ^= 1
    (note / "note.pdf").write_bytes(content)
    said = refused(7, "check", note)
    assert "note.pdf: sha256 is " in said
    assert ", the manifest says " in said


def test_half_a_pdf(refused, note):
    content = (note / "note.pdf").read_bytes()
    (note / "note.pdf").write_bytes(content[: len(content) // 2])
    seal(note)
    assert "note.pdf: cannot be read as PDF/A-3a" in refused(7, "check", note)


def test_edited_facts(refused, note):
    facts = (note / "facts.json").read_text()
    (note / "facts.json").write_text(facts.replace('"value": 39.0', '"value": 38.0'))
    said = refused(6, "check", note)
    assert "2 faults" in said
    assert "facts.json: sha256 is " in said
    seal(note)
    said = refused(6, "check", note)
    assert "1 fault\n  facts.json: differs from the copy in note.pdf" in said


@pytest.mark.parametrize(("name", "status"), [("figures/curve.svg", 6), ("note.html", 6), ("note.pdf", 7)])
def test_a_missing_file(refused, note, name, status):
    (note / name).unlink()
    assert f"{name}: missing, the manifest names it" in refused(status, "check", note)


def test_an_unknown_file(refused, note):
    (note / "figures" / "mine.svg").write_text("<svg/>")
    assert "figures/mine.svg: not in the manifest" in refused(6, "check", note)


def test_a_replaced_data_pack(refused, note):
    (note / "inputs.parquet").write_bytes(b"other data")
    seal(note)
    said = refused(6, "check", note)
    assert "inputs.parquet: sha256 is " in said
    assert ", facts.json says " in said
    assert "inputs.sha256.txt: differs from the copy in note.pdf" in said


@pytest.mark.parametrize("content", [None, "{", "[]", '{"id": "TW"}'])
def test_a_manifest_that_cannot_be_read(refused, note, content):
    (note / "manifest.json").unlink()
    if content is not None:
        (note / "manifest.json").write_text(content)
    said = refused(6, "check", note)
    assert (
        "manifest.json: " + ("missing" if content is None else "cannot be read, expected JSON with") in said
    )


@pytest.mark.parametrize("content", ["{", '{"facts": [1], "data": {}}', '{"facts": []}'])
def test_facts_that_cannot_be_read(refused, note, content):
    (note / "facts.json").write_text(content)
    assert "facts.json: cannot be read, expected JSON with facts" in refused(6, "check", note)


def test_a_number_without_a_fact(refused, note):
    page = (note / "note.html").read_text()
    (note / "note.html").write_text(page.replace('data-fact="ust.10y.level"', 'data-fact="ust.11y.level"', 1))
    seal(note)
    said = refused(6, "check", note)
    assert "note.html: quotes 'ust.11y.level', which is not in facts.json" in said


def test_removed_tags(refused, note):
    with pikepdf.open(note / "note.pdf", allow_overwriting_input=True) as pdf:
        del pdf.Root.StructTreeRoot
        pdf.save(note / "note.pdf", fix_metadata_version=False)
    seal(note)
    said = refused(7, "check", note)
    assert "does not conform to PDF/A-3a: " in said
    assert "does not conform to PDF/UA-1: " in said


def test_a_removed_attachment(run, note):
    with pikepdf.open(note / "note.pdf", allow_overwriting_input=True) as pdf:
        del pdf.attachments["facts.json"]
        pdf.save(note / "note.pdf", fix_metadata_version=False)
    result = run("check", note, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == told["exit"] == 7
    assert {"check": "attachments", "file": "note.pdf", "message": "facts.json is not attached"} in told[
        "faults"
    ]


def test_no_folder(refused, tmp_path):
    assert "absent: no such folder, expected a built note" in refused(2, "check", tmp_path / "absent")


def test_an_empty_folder(refused, tmp_path):
    assert "manifest.json: missing" in refused(6, "check", tmp_path)


def test_verapdf_agrees(run, note, verapdf):
    verapdf("PASS %s 3a", 0)
    result = run("check", note)
    assert result.exit_code == 0, result.output
    assert "by page and verapdf" in result.stdout


def test_verapdf_disagrees(refused, note, verapdf):
    verapdf("FAIL %s 3a\\n  FAIL 6.2.11.4.1-1", 1)
    said = refused(7, "check", note)
    assert "note.pdf: does not conform to PDF/A-3a by veraPDF: FAIL 3a; FAIL 6.2.11.4.1-1" in said


def test_verapdf_does_not_run(refused, note, verapdf):
    verapdf("no java for %s", 127)
    said = refused(12, "check", note)
    assert "verapdf: exit status 127: no java" in said
