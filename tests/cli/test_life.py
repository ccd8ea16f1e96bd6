"""A note's life by its commands: from build to publication, correction and withdrawal, and every refusal."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from reportgen.cli.archive import COMMANDS
from reportgen.pipeline import publishing

NOTE, SECOND = "TW-2025-04-10-r1", "TW-2025-04-10-r2"
PASSPHRASE = "correct horse battery"
Run = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the note once, with the example desk."""
    out = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "reportgen", "build", "--as-of", "2025-04-10", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out / "2025-04-10" / "treasury-weekly"


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """Copy the note to where it would have been built."""
    copy = tmp_path / "output" / "2025-04-10" / "treasury-weekly"
    shutil.copytree(built, copy)
    return copy


@pytest.fixture
def keyed(tmp_path: Path, run: Run) -> Path:
    """Make a desk with a test key."""
    desk = tmp_path / "desk"
    assert run("init", desk).exit_code == 0
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    made = run("--desk", desk, "keys", "init", "--passphrase-file", secret)
    assert made.exit_code == 0
    settings = made.stderr.partition("In desk.toml:\n")[2]
    with (desk / "desk.toml").open("a") as file:
        file.write(settings)
    return desk


@pytest.fixture
def env(tmp_path: Path, keyed: Path, run: Run) -> dict[str, str]:
    """Make an archive, and name it and the desk as a desk's environment does."""
    found = {
        "REPORTGEN_ARCHIVE": str(tmp_path / "archive"),
        "REPORTGEN_DESK": str(keyed),
        "REPORTGEN_PASSPHRASE_FILE": str(tmp_path / "secret"),
    }
    assert run("archive", "create", "--as", "d.compliance", env=found).exit_code == 0
    return found


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def test_life_from_submission_to_publication(run: Run, env: dict[str, str], folder: Path, tmp_path: Path):
    said = done(run("submit", folder, "--as", "a.analyst", env=env))
    manifest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert f"{NOTE}: submitted by A. Analyst at 2026-11-23 17:00:00 UTC" in said
    assert said.endswith(f"manifest.json sha256 {manifest}\n")
    assert "approved by C. Approver" in done(
        run("approve", NOTE, "--as", "c.approver", "--digest", manifest, env=env)
    )
    result = run("publish", NOTE, "--as", "c.approver", "--out", tmp_path / "signed.pdf", "--json", env=env)
    told = json.loads(done(result))
    assert (told["state"], told["published_at"]) == ("published", "2026-11-23T17:00:00+00:00")
    signed = (tmp_path / "signed.pdf").read_bytes()
    assert signed.startswith((folder / "note.pdf").read_bytes())
    assert hashlib.sha256(signed).hexdigest() == told["signed_pdf"]
    assert Path(told["head"]).is_file()

    listed = json.loads(done(run("archive", "list", "--json", env=env)))
    assert [(n["id"], n["state"], n["retention_until"]) for n in listed] == [
        (NOTE, "published", "2029-11-23")
    ]
    shown = done(run("archive", "show", NOTE, env=env))
    assert "signature     TEST, not for publication" in shown
    assert f"  {told['signed_pdf']}  note.pdf, signed" in shown
    entries = json.loads(done(run("archive", "show", NOTE, "--json", env=env)))["trail"]
    assert {entry["body"]["login"] for entry in entries} == {f"{getpass.getuser()}@{socket.gethostname()}"}
    trail = [line.split()[2] for line in shown.partition("trail (UTC)\n")[2].splitlines()]
    assert trail == ["note.submitted", "note.approved", "note.publishing", "note.published"]

    held = ("archive", "hold", NOTE, "--matter", "Case 7", "--as", "d.compliance", "--why")
    assert done(run(*held, "litigation", env=env)) == f"{NOTE}: held for Case 7\n"
    assert NOTE in done(run("archive", "list", "--held", env=env))
    assert done(run(*held, "settled", "--lift", env=env)) == f"{NOTE}: no hold\n"
    assert done(run("archive", "list", "--held", env=env)).count("\n") == 1
    assert "withdrawn by D. Compliance" in done(
        run("withdraw", NOTE, "--as", "d.compliance", "--why", "a wrong chart", env=env)
    )


def test_copy_of_the_signed_pdf_takes_no_place(
    run: Run, refused: Refused, env: dict[str, str], folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    done(run("submit", folder, "--as", "a.analyst", env=env))
    done(run("approve", NOTE, "--as", "c.approver", env=env))
    out = tmp_path / "signed.pdf"
    publish = ("publish", NOTE, "--as", "c.approver", "--out")
    out.write_text("mine")
    assert "exists, expected the name of a new file" in refused(2, *publish, out, env=env)
    assert "no such folder" in refused(2, *publish, tmp_path / "nowhere" / "signed.pdf", env=env)
    root = Path(env["REPORTGEN_ARCHIVE"])
    for command in (publish, ("archive", "diff", NOTE, NOTE, "--html"), ("build", "--out")):
        assert "lies in the archive" in refused(8, *command, root / "objects" / "x", env=env)
    assert not (root / "objects" / "x").exists()
    assert [n["state"] for n in json.loads(done(run("archive", "list", "--json", env=env)))] == ["approved"]
    out.unlink()

    real = publishing.publish

    def meanwhile(*arguments: Any) -> publishing.Published:
        published = real(*arguments)
        out.write_text("of somebody who was faster")
        return published

    monkeypatch.setattr(publishing, "publish", meanwhile)
    result = run(*publish, out, env=env)
    assert result.exit_code == 12
    assert f"{NOTE}: published by C. Approver" in result.stdout
    assert f"another file was put there meanwhile, and is left as it is; {NOTE} is published" in result.stderr
    assert out.read_text() == "of somebody who was faster"


@pytest.mark.slow
def test_correction_is_rebuilt_from_the_desk_as_it_is(folder: Path, tmp_path: Path):
    """Every command in a process of its own, as on a desk, and by the clock of this machine."""
    desk = tmp_path / "desk"
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    env = {
        **os.environ,
        "REPORTGEN_ARCHIVE": str(tmp_path / "archive"),
        "REPORTGEN_DESK": str(desk),
        "REPORTGEN_PASSPHRASE_FILE": str(secret),
    }

    def called(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "reportgen", *map(str, arguments)]
        ended = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended

    def call(*arguments: str | Path) -> str:
        return called(*arguments).stdout

    call("init", desk)
    settings = desk / "desk.toml"
    signing = called("keys", "init").stderr.partition("In desk.toml:\n")[2]
    settings.write_text(settings.read_text() + signing)
    call("archive", "create", "--as", "d.compliance")
    call("submit", folder, "--as", "a.analyst")
    call("approve", NOTE, "--as", "c.approver")
    call("publish", NOTE, "--as", "c.approver")
    settings.write_text(settings.read_text().replace("Example Securities is not", "The firm is not"))
    said = call("correct", NOTE, "--as", "a.analyst", "--why", "the disclaimer named no firm")
    assert f"{SECOND}: submitted" in said
    assert SECOND.encode() in (folder / "note.html").read_bytes()
    call("approve", SECOND, "--as", "c.approver")
    call("publish", SECOND, "--as", "c.approver")
    listed = json.loads(call("archive", "list", "--json"))
    assert [(n["id"], n["state"], n["supersedes"], n["superseded_by"]) for n in listed] == [
        (NOTE, "superseded", None, SECOND), (SECOND, "published", NOTE, None),
    ]  # fmt: skip
    assert f"corrects      {NOTE}: the disclaimer named no firm" in call("archive", "show", SECOND)
    call("archive", "verify")


def test_refusals_have_their_own_status_and_leave_a_trail(
    run: Run, refused: Refused, env: dict[str, str], folder: Path, tmp_path: Path
):
    assert "no such person in desk.toml" in refused(9, "submit", folder, "--as", "mallory", env=env)
    assert "never submitted" in refused(9, "approve", NOTE, "--as", "c.approver", env=env)
    done(run("submit", folder, "--as", "a.analyst", env=env))
    assert "has the role analyst" in refused(9, "approve", NOTE, "--as", "a.analyst", env=env)
    assert "not the id of a note" in refused(2, "approve", "../../x", "--as", "c.approver", env=env)
    assert "is submitted, by A. Analyst" in refused(9, "publish", NOTE, "--as", "c.approver", env=env)
    done(run("approve", NOTE, "--as", "c.approver", env=env))
    wrong = tmp_path / "wrong"
    wrong.write_text("not the passphrase")
    wrong.chmod(0o600)
    named = ("--passphrase-file", wrong)
    assert "wrong passphrase" in refused(9, "publish", NOTE, "--as", "c.approver", *named, env=env)
    (folder / "facts.json").write_bytes((folder / "facts.json").read_bytes().replace(b"4", b"5", 1))
    assert "facts.json: sha256 is" in refused(6, "submit", folder, "--as", "a.analyst", env=env)
    trail = [json.loads(line) for line in (tmp_path / "archive" / "ledger.jsonl").read_text().splitlines()]
    steps = [(entry["body"]["step"], entry["note"]) for entry in trail if entry["kind"] == "note.refused"]
    assert steps == [
        ("submit", NOTE), ("approve", NOTE), ("approve", NOTE), ("approve", None), ("publish", NOTE),
        ("publish", NOTE), ("submit", NOTE),
    ]  # fmt: skip
    assert "not the passphrase" not in json.dumps(trail)


def test_desk_without_a_key_publishes_nothing(
    run: Run, refused: Refused, env: dict[str, str], folder: Path, tmp_path: Path
):
    settings = Path(env["REPORTGEN_DESK"]) / "desk.toml"
    settings.write_text(settings.read_text().replace('key = "keys/', '# key = "keys/'))
    settings.write_text(settings.read_text().replace('trust = ["keys/', '# trust = ["keys/'))
    done(run("submit", folder, "--as", "a.analyst", env=env))
    done(run("approve", NOTE, "--as", "c.approver", env=env))
    assert "keys init" in refused(3, "publish", NOTE, "--as", "c.approver", env=env)
    last = json.loads((tmp_path / "archive" / "ledger.jsonl").read_text().splitlines()[-1])
    assert (last["kind"], last["body"]["step"]) == ("note.refused", "publish")


def test_edited_manifest_is_no_other_note(refused: Refused, env: dict[str, str], folder: Path):
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(NOTE, "TW-2025-04-11-r1"))
    said = refused(6, "submit", folder, "--as", "a.analyst", env=env)
    assert "note.html: does not name TW-2025-04-11-r1, which the manifest says it is" in said


def test_archive_lies_apart_from_what_is_written_over(
    refused: Refused, env: dict[str, str], folder: Path, tmp_path: Path
):
    inside = tmp_path / "output" / "archive"
    as_analyst = ("submit", folder, "--as", "a.analyst")
    assert "lies in the output folder" in refused(8, *as_analyst, "--archive", inside, env=env)
    assert "the output folder" in refused(8, *as_analyst, "--archive", tmp_path, env=env)
    store = tmp_path / "store"
    created = ("archive", "create", "--as", "d.compliance", "--data", store, "--archive", store / "a")
    assert "lies in the store" in refused(8, *created, env=env)


def test_archive_must_be_named_and_be_there(refused: Refused, keyed: Path, folder: Path, tmp_path: Path):
    as_analyst = ("--desk", keyed, "submit", folder, "--as", "a.analyst")
    assert "no archive is named" in refused(3, *as_analyst)
    assert "archive create" in refused(8, *as_analyst, "--archive", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_root_in_the_desk_file_is_taken_from_the_desk_folder(run: Run, keyed: Path, tmp_path: Path):
    with (keyed / "desk.toml").open("a") as file:
        file.write('[archive]\nroot = "../kept"\n')
    assert run("--desk", keyed, "archive", "create", "--as", "d.compliance").exit_code == 0
    assert (tmp_path / "kept" / "archive.json").is_file()


def test_somebody_must_act(refused: Refused, env: dict[str, str], folder: Path):
    for arguments in (
        ("submit", folder),
        ("approve", NOTE),
        ("publish", NOTE),
        ("withdraw", NOTE, "--why", "x"),
    ):
        assert "nobody is named who takes this step" in refused(2, *arguments, env=env)


def test_person_may_be_named_by_the_environment(run: Run, env: dict[str, str], folder: Path):
    assert "by A. Analyst" in done(run("submit", folder, env={**env, "REPORTGEN_PERSON": "a.analyst"}))


def test_return_and_its_reason(run: Run, env: dict[str, str], folder: Path):
    done(run("submit", folder, "--as", "a.analyst", env=env))
    assert run("return", NOTE, "--as", "d.compliance", env=env).exit_code == 2
    said = done(run("return", NOTE, "--as", "d.compliance", "--why", "soften the title", env=env))
    assert f"{NOTE}: returned by D. Compliance" in said
    assert "note.returned     D. Compliance, compliance: soften the title" in done(
        run("archive", "show", NOTE, env=env)
    )


def test_every_verb_of_the_archive_explains_itself(run: Run):
    for verb in COMMANDS:
        assert "Usage: " in done(run("archive", verb, "--help"))


FAULTY = """
[[people]]
id = "A Person"
name = "A"
roles = ["boss"]
[[people]]
id = "twice"
name = "B"
roles = ["analyst", "analyst"]
[[people.qualifications]]
name = "Late"
jurisdiction = "US"
valid_from = 2026-01-02
valid_until = 2026-01-01
[archive]
approvals = []
cloud = true
[[archive.retention]]
rule = "a rule"
years = 0
"""


@pytest.mark.parametrize("words", ["", "  "])
@pytest.mark.parametrize(
    "step", [("withdraw", NOTE), ("return", NOTE), ("archive", "hold", NOTE, "--matter", "X")]
)
def test_a_reason_that_must_be_given_says_something(
    refused: Refused, env: dict[str, str], step: tuple[str, ...], words: str
):
    said = refused(2, *step, "--as", "d.compliance", "--why", words, env=env)
    assert "--why: empty, expected words that stand in the ledger" in said


NAMESAKES = {
    "name": (
        'name = "Ｃ.  approver"',
        "a.analyst, c.approver: the same name, expected one id for each person",
    ),
    "email": ('email = "C.Approver@example.com"', "the same email, expected one id for each person"),
}


@pytest.mark.parametrize("what", NAMESAKES)
def test_nobody_has_two_ids(refused: Refused, tmp_path: Path, run: Run, what: str):
    line, words = NAMESAKES[what]
    desk = tmp_path / "desk"
    run("init", desk)
    before, _, people = (desk / "desk.toml").read_text().partition("[[people]]")
    (desk / "desk.toml").write_text(
        before + "[[people]]" + re.sub(rf"(?m)^{what} = .*$", line, people, count=1)
    )
    assert words in refused(3, "--desk", desk, "archive", "list")


def test_every_fault_of_people_and_archive_is_told_at_once(refused: Refused, tmp_path: Path, run: Run):
    desk = tmp_path / "desk"
    run("init", desk)
    text = (desk / "desk.toml").read_text()
    (desk / "desk.toml").write_text(text[: text.index("[[people]]")] + FAULTY)
    said = refused(3, "--desk", desk, "archive", "list")
    for words in (
        "people.0.id: String should match pattern",
        "people.0.roles.0: Input should be 'analyst', 'approver', 'compliance' or 'sender', found 'boss'",
        "people.1.roles: a role is named twice",
        "people.1.qualifications.0: valid_until lies before valid_from",
        "archive.approvals: Tuple should have at least 1 item",
        "archive.cloud: unknown key",
        "archive.retention.0.years: Input should be greater than or equal to 1, found 0",
    ):
        assert words in said
