"""The commands of proof: what they print, for people and for scripts, and how they refuse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reportgen.archive import Archive
from reportgen.cli import cli
from reportgen.errors import ReportgenError
from reportgen.pipeline import life, publishing
from tests.archive.proof.conftest import Kept, note_files, release, write_note

Run = Callable[..., Result]


@pytest.fixture
def run(kept: Any) -> Run:
    """Run a command of the archive."""

    def call(*arguments: str | Path, root: Path | None = None) -> Result:
        command = ["--desk", kept.desk, "archive", *arguments, "--archive", root or kept.root]
        return CliRunner().invoke(cli, [str(a) for a in command], catch_exceptions=False)

    return call


def test_verify_tells_each_check_and_the_head(run: Run, kept: Any) -> None:
    result = run("verify")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line[:9] for line in lines[:6]] == [f"{n}     ok  "[:9] for n in range(1, 7)]
    assert lines[6] == "7     -  time stamps hold: none checked"
    assert lines[-3:-1] == [
        "6 notes are signed by a TEST key, not for publication",
        "entries for which a signed head speaks: 1 to 33; not yet: 34",
    ]
    assert lines[-1].startswith("head: entry 34, ")
    found = json.loads(run("verify", "--json").stdout)
    assert found["ok"] is True
    assert lines[-1] == f"head: entry {found['head']['seq']}, {found['head']['digest']}"
    assert found["signatures"] == 18


def test_verify_names_faults_and_leaves_with_8(run: Run, kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    ledger = own.root / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"Ann Alyst", b"Bob Alyst", 1))
    result = run("verify", "--without-signatures", root=own.root)
    assert result.exit_code == 8
    assert "2  FAULT  the ledger is whole" in result.stdout
    assert "          entry 2: edited" in result.stdout
    assert "6     -  signatures hold, by keys that were valid and trusted: none checked" in result.stdout
    assert "0 signatures: 1 fault\n" in result.stdout
    assert run("verify", root=tmp_path / "absent").exit_code == 8


def test_verify_takes_heads_and_trust_from_elsewhere(run: Run, kept: Any, tmp_path: Path) -> None:
    head = max((kept.root / "heads").glob("*.json"), key=lambda p: int(p.stem))
    assert run("verify", "--head", head, "--trust", kept.desk / "authority.pem").exit_code == 0
    other = json.loads(head.read_bytes()) | {"seq": 99}
    (tmp_path / "99.json").write_text(json.dumps(other))
    result = run("verify", "--head", tmp_path / "99.json")
    assert result.exit_code == 8
    assert "99.json: its signature is missing, expected it beside the head" in result.stdout
    assert "99.json: cut: entries 35 to 99 are missing at the end" in result.stdout
    absent = run("verify", "--trust", tmp_path / "absent.pem")
    assert absent.exit_code == 3
    assert "absent.pem: cannot be read" in absent.stderr


def test_verify_asks_the_anchor(kept: Any, tmp_path: Path) -> None:
    desk, anchor = Path(shutil.copytree(kept.desk, tmp_path / "desk")), tmp_path / "anchor"
    settings = (desk / "desk.toml").read_text()
    (desk / "desk.toml").write_text(f'{settings}\n[archive]\nanchor = "../anchor"\n')
    own = Kept(kept.copy(tmp_path / "archive").root, desk, kept.clock)
    command = ["--desk", str(desk), "archive", "verify", "--archive", str(own.root)]
    said = CliRunner().invoke(cli, command)
    assert said.exit_code == 0
    assert "unfinished: anchor " in said.stdout
    anchor.mkdir()
    heads = sorted((own.root / "heads").glob("*.json"), key=lambda path: int(path.stem))
    publishing.copy_head(heads[-1], anchor, Archive.open(own.root, own.clock).id)
    said = CliRunner().invoke(cli, command)
    assert said.exit_code == 0
    assert "entries for which a signed head speaks: 1 to 33; not yet: 34\n" in said.stdout
    lines = (own.root / "ledger.jsonl").read_bytes().splitlines(keepends=True)[: int(heads[-2].stem) + 1]
    (own.root / "ledger.jsonl").write_bytes(b"".join(lines))
    for path in (heads[-1], Path(f"{heads[-1]}.p7s"), own.root / "index.sqlite"):
        path.unlink(missing_ok=True)
    said = CliRunner().invoke(cli, command)
    assert said.exit_code == 8
    assert f"-{heads[-1].name}: cut: entries " in said.stdout
    with own.taken_as_they_are():  # a history that was written anew, and goes on honestly
        life.hold(own.office("pia"), "TW-2026-01-09-r1", "a matter", "a letter")
        life.submit(own.office("ann"), write_note(tmp_path / "next", note_files(9)))
        release(own, "TW-2026-03-13-r1")
    said = CliRunner().invoke(cli, command)
    assert said.exit_code == 8
    assert f"-{heads[-1].name}: entry {heads[-1].stem} is not the one that this head is of" in said.stdout


def test_diff_takes_last_week_by_itself(run: Run, tmp_path: Path) -> None:
    result = run("diff", "TW-2026-02-06-r1")
    assert result.exit_code == 0
    assert result.stdout.startswith("TW-2026-02-06-r1 against TW-2026-01-30-r2\n")
    assert "The 10-year yield rose [-3-] {+4+} bp." in result.stdout
    assert "driver.basis_trade: pending, confidence low → not supported, confidence low" in result.stdout
    assert "\x1b[" not in result.stdout
    found = json.loads(run("diff", "TW-2026-02-06-r1", "TW-2026-01-09-r1", "--json").stdout)
    assert found["disclosures"] == [
        {"id": "us.general", "label": "changed", "old": "version 1", "new": "version 2"}
    ]
    page = run("diff", "TW-2026-02-06-r1", "--html", tmp_path / "diff.html")
    assert page.stdout == f"{tmp_path / 'diff.html'}\n"
    assert "<del>3</del>" in (tmp_path / "diff.html").read_text()


def test_diff_takes_a_built_folder(run: Run, kept: Any) -> None:
    folder = kept.root.parent / "TW-2026-01-30-r2"
    result = run("diff", folder, "TW-2026-01-30-r1")
    assert result.exit_code == 0
    assert "{+Corrected.+}" in result.stdout
    assert run("diff", folder, folder).stdout.endswith("nothing changed\n")


@pytest.mark.parametrize("command", ["diff", "reproduce"])
@pytest.mark.parametrize(
    ("note", "status", "words"),
    [
        ("../../TW-2020-01-03-r1", 2, "not the id of a note"),
        ("TW-2020-01-03-r1", 8, "no such note"),
    ],
)
def test_a_note_that_is_none(run: Run, command: str, note: str, status: int, words: str) -> None:
    result = run(command, note)
    assert result.exit_code == status
    assert words in result.stderr
    assert result.stdout == ""


def test_reproduce_says_why_it_cannot(run: Run) -> None:
    result = run("reproduce", "TW-2026-02-06-r1")
    assert result.exit_code == 8
    assert "software.json is missing or not a list of versions" in result.stderr


def test_site_prints_where_to_begin(run: Run, tmp_path: Path) -> None:
    result = run("site", "--out", tmp_path / "room")
    assert result.stdout == f"{tmp_path / 'room' / 'index.html'}\n"
    assert (tmp_path / "room" / "index.html").exists()
    (tmp_path / "file").write_text("mine")
    refused = run("site", "--out", tmp_path / "file" / "room")
    assert refused.exit_code == 12
    assert "cannot be written" in refused.stderr


def test_a_correction_that_was_withdrawn_is_not_to_be_read(run: Run, kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")

    def warnings() -> list[str]:
        run("site", "--out", tmp_path / "room", root=own.root)
        pages = (tmp_path / "room" / "notes" / f"TW-2026-01-30-r{n}" / "index.html" for n in (1, 2))
        return [page.read_text().partition('class="warning">')[2].partition("</p>")[0] for page in pages]

    life.withdraw(own.office("pia"), "TW-2026-01-30-r2", "a worse number")
    assert warnings() == [
        "This note was corrected by TW-2026-01-30-r2, which was withdrawn: a worse number.",
        "This note was withdrawn: a worse number.",
    ]
    with own.taken_as_they_are():
        third = write_note(tmp_path / "third", note_files(3, 3, words="Right. "))
        life.correct(own.office("ann"), "TW-2026-01-30-r2", third, "the right number")
        release(own, "TW-2026-01-30-r3")
    link = 'Read in its place: <a href="../TW-2026-01-30-r3/index.html">TW-2026-01-30-r3</a>'
    assert [said.partition(". ")[2] or said.partition(". ")[0] for said in warnings()] == [link, link]


def test_nothing_tells_of_the_machines_of_the_desk(run: Run, kept: Any, tmp_path: Path) -> None:
    """Accounts and local paths are in the ledger, and nobody's business who reads a note."""
    own = kept.copy(tmp_path / "archive")
    office = replace(own.office("ann"), login="ann.account@desk-machine-7")
    with own.taken_as_they_are():
        life.submit(office, write_note(tmp_path / "TW-2026-02-13-r1", note_files(5)))
        release(own, "TW-2026-02-13-r1")
    with pytest.raises(ReportgenError):
        life.correct(office, "TW-2026-02-13-r1", tmp_path / "TW-2026-02-13-r1", "a number")
    refused = Archive.open(own.root, own.clock).head()
    assert (refused.kind, refused.body["login"]) == ("note.refused", "ann.account@desk-machine-7")
    assert str(tmp_path) in refused.body["reason"]
    assert run("site", "--out", tmp_path / "room", root=own.root).exit_code == 0
    told = b"".join(path.read_bytes() for path in (tmp_path / "room").rglob("*") if path.is_file())
    for secret in ("ann.account", "desk-machine-7", str(tmp_path), str(Path.home()), '"login"'):
        assert secret.encode() not in told
    page = (tmp_path / "room" / "notes" / "TW-2026-02-13-r1" / "index.html").read_text()
    assert "<td>note.refused</td>" in page
    assert "<td>correct</td>" in page
