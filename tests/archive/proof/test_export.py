"""The package for a regulator: whole, verified without reportgen, and caught whatever is done to it."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reportgen import config
from reportgen.archive import Actor, Archive, durable
from reportgen.archive import export as packing
from reportgen.archive.export import Exported, export
from reportgen.archive.keys import load_identity
from reportgen.archive.ledger import canonical
from reportgen.archive.signing import sign_detached
from reportgen.archive.verify import verify
from reportgen.assets import asset_dir
from reportgen.errors import ApprovalError, ArchiveError, HostError, UsageError
from reportgen.pipeline import exporting, life, publishing
from tests.archive.identities import small_identity
from tests.archive.proof.conftest import PASSPHRASE, note_files, release, write_note

DAY = dt.date.fromisoformat
SENDER = Actor("pia", "Pia Principal", "sender")


def write(kept: Any, out: Path, begin: str, end: str, **options: Any) -> Exported:
    """Write a package that nobody signs; it leaves no trace in the ledger."""
    archive = Archive.open(kept.root, kept.clock)
    brand = config.load_desk(kept.desk).brand
    return export(
        archive, out, DAY(begin), DAY(end), templates=asset_dir("templates"), brand=brand, **options
    )


def write_signed(kept: Any, out: Path, begin: str, end: str, person: str = "pia", **options: Any) -> Exported:
    """Write a package as the desk hands it out: signed, and on record."""
    office = kept.office(person)
    seal = exporting.seal_for(office, PASSPHRASE, "")
    return exporting.export(
        office,
        out,
        DAY(begin),
        DAY(end),
        templates=asset_dir("templates"),
        seal=seal,
        why="a request of 3 March",
        **options,
    )


@pytest.fixture(scope="module")
def package(kept: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write two weeks: one published, one withdrawn."""
    out = tmp_path_factory.mktemp("package") / "package"
    done = write(kept, out, "2026-01-12", "2026-01-25")
    assert done.notes == ("TW-2026-01-16-r1", "TW-2026-01-23-r1")
    assert done.withheld == 0
    return out


@pytest.fixture(scope="module")
def path_of_openssl(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a PATH on which there is openssl and nothing else."""
    folder = tmp_path_factory.mktemp("bin")
    program = shutil.which("openssl")
    assert program is not None, "openssl is missing"
    (folder / "openssl").symlink_to(program)
    return str(folder)


Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(path_of_openssl: str, tmp_path: Path) -> Check:
    """Run a package's verifier in an interpreter that sees the standard library alone."""

    def run(package: Path, *options: str | Path, path: str = path_of_openssl) -> tuple[int, str]:
        command = [sys.executable, "-I", "-S", package / "verify.py", *options]
        done = subprocess.run(
            [str(c) for c in command],
            env={"PATH": path},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stderr == "" or done.returncode == 2, done.stderr
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def one_week(kept: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write one week: there is less to verify."""
    return write(kept, tmp_path_factory.mktemp("week") / "package", "2026-01-12", "2026-01-18").path


@pytest.fixture
def copy(one_week: Path, tmp_path: Path) -> Path:
    """Return a copy of a package, to be damaged."""
    return Path(shutil.copytree(one_week, tmp_path / "copy"))


def seal(package: Path) -> None:
    """Write SHA256SUMS anew, without its signature, as somebody would who wants a change to go unseen."""
    (package / "SHA256SUMS.p7s").unlink(missing_ok=True)
    files = sorted(p for p in package.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
    lines = (
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(package).as_posix()}\n" for p in files
    )
    (package / "SHA256SUMS").write_text("".join(lines))


def test_the_interpreter_of_these_tests_has_no_reportgen() -> None:
    command = [sys.executable, "-I", "-S", "-c", "import reportgen"]
    assert subprocess.run(command, cwd="/", capture_output=True).returncode != 0


def test_a_package_verifies_without_reportgen(package: Path, check: Check, kept: Any) -> None:
    status, said = check(package, "--trust", kept.desk / "authority.pem")
    assert status == 0, said
    assert "7 signatures hold, by CN=TEST – not for publication" in said.replace(" = ", "=")
    assert "(trusted)" in said
    assert "all is well" in said
    found = json.loads(check(package, "--trust", kept.desk / "authority.pem", "--json")[1])
    assert (found["ok"], found["faults"]) == (True, [])


def test_without_trust_it_is_not_proven_who_made_a_package(package: Path, check: Check) -> None:
    """Whoever makes a false package signs it with a key of their own."""
    status, said = check(package)
    assert status == 0
    assert "all is well" not in said
    assert "nothing is wrong, but who made them is not proven: name with --trust whom you trust" in said
    found = json.loads(check(package, "--json")[1])
    assert (found["ok"], found["signers_trusted"], found["faults"]) == (True, False, [])
    assert "was not checked, name --trust" in found["notes"][0]


def test_a_file_of_certificates_that_is_none_accuses_nobody(
    package: Path, check: Check, tmp_path: Path
) -> None:
    absent, words = tmp_path / "absent.pem", package / "README.txt"
    assert check(package, "--trust", absent) == (
        2,
        f"--trust {absent}: cannot be read: No such file or directory\n",
    )
    assert check(package, "--trust", words) == (2, f"--trust {words}: holds no certificate as PEM\n")


def test_links_and_devices_are_no_files(copy: Path, check: Check) -> None:
    (copy / "notes" / "link").symlink_to("/", target_is_directory=True)
    page = copy / WEEK / "note.html"
    page.rename(copy.parent / "page")
    page.symlink_to(copy.parent / "page")
    os.mkfifo(copy / "pipe")
    status, said = check(copy)
    assert status == 1
    for name in ("notes/link", f"{WEEK}/note.html", "pipe"):
        assert f"FAULT 1 {name}: no file of its own" in said


def test_a_signer_may_be_trusted_without_the_authority(package: Path, check: Check, tmp_path: Path) -> None:
    """An authority may issue keys to others, too."""
    pem = next(package.glob("notes/*/chain.pem")).read_text()
    (tmp_path / "signer.pem").write_text(pem[: pem.index("-----END CERTIFICATE-----") + 26])
    status, said = check(package, "--trust", tmp_path / "signer.pem")
    assert status == 0, said


def test_without_openssl_nothing_is_proven(package: Path, check: Check) -> None:
    status, said = check(package, path="/nowhere")
    assert status == 1
    assert said.count("FAULT") == 1
    assert "FAULT 5 7 signatures: not checked: openssl is not on the PATH" in said


def test_a_signed_package_verifies(kept: Any, check: Check, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    write_signed(own, tmp_path / "package", "2026-01-12", "2026-01-25")
    status, said = check(tmp_path / "package", "--trust", kept.desk / "authority.pem")
    assert status == 0, said
    assert "8 signatures hold" in said
    assert "is not signed" not in said
    for line in range(3):  # a line more or less, and another character
        sums = (tmp_path / "package" / "SHA256SUMS").read_text().splitlines(keepends=True)
        sums[line] = ("1" if sums[line].startswith("0") else "0") + sums[line][1:]
        (tmp_path / "package" / "SHA256SUMS").write_text("".join(sums))
        assert "FAULT 5 SHA256SUMS.p7s: the signature does not hold" in check(tmp_path / "package")[1]


def test_an_unsigned_package_says_what_it_cannot_prove(package: Path, check: Check) -> None:
    assert "this package cannot prove that no note and no later entry is missing" in check(package)[1]


def test_years_later_the_signatures_still_hold(keep: Any, check: Check, tmp_path: Path) -> None:
    """The key lived for eight days, long ago; what counts is when it signed."""
    short = keep("short", 1, dt.timedelta(days=8))
    write_signed(short, tmp_path / "package", "2026-01-05", "2026-01-11")
    status, said = check(tmp_path / "package", "--trust", short.desk / "authority.pem")
    assert status == 0, said
    assert "4 signatures hold" in said


def test_the_certificates_of_the_system_vouch_for_nobody(
    package: Path, kept: Any, path_of_openssl: str, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(small_identity(b"another passphrase", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).authority)
    command = [sys.executable, "-I", "-S", package / "verify.py", "--trust", other]
    done = subprocess.run(
        [str(c) for c in command],
        env={"PATH": path_of_openssl, "SSL_CERT_FILE": str(kept.desk / "authority.pem")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout.count("the signature does not hold") == 7


def test_sha256sum_agrees(package: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=package, capture_output=True
    )
    assert done.returncode == 0
    assert done.stdout.count(b": OK") == sum(1 for p in package.rglob("*") if p.is_file()) - 1


def test_records_are_the_sealed_bytes(package: Path, kept: Any) -> None:
    archive = Archive.open(kept.root, kept.clock)
    for note_id in ("TW-2026-01-16-r1", "TW-2026-01-23-r1"):
        note = archive.note(note_id)
        folder = package / "notes" / note_id
        for name, digest in note.files.items():
            if name == "inputs.parquet":  # may hold series that must not be handed on
                assert not (folder / name).exists()
            else:
                assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        assert (folder / "note.signed.pdf").read_bytes().startswith((folder / "note.pdf").read_bytes())


def test_the_trail_reads_alike_in_all_its_forms(package: Path) -> None:
    lines = [json.loads(line) for line in (package / "trail" / "ledger.jsonl").read_bytes().splitlines()]
    items = json.loads((package / "trail" / "trail.json").read_bytes())
    with (package / "trail" / "trail.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(lines) == len(items) == len(rows)
    for line, item, row in zip(lines, items, rows, strict=True):
        assert line["seq"] == item["seq"] == int(row["seq"])
        assert line["kind"] == item["kind"] == row["kind"]
        assert line["actor"] == item["actor"]
        assert line["actor"]["name"] == row["actor_name"]
        assert line["body"] == item["body"] == json.loads(row["body"])
        assert line["prev"] == row["prev"]
    assert [row["digest"] for row in rows[:-1]] == [line["prev"] for line in lines[1:]]


def test_packs_come_along_when_asked_for(kept: Any, check: Check, tmp_path: Path) -> None:
    write(kept, tmp_path / "package", "2026-01-12", "2026-01-18", packs=True)
    assert (tmp_path / "package" / "notes" / "TW-2026-01-16-r1" / "inputs.parquet").exists()
    assert check(tmp_path / "package", "--trust", kept.desk / "authority.pem")[0] == 0


def test_a_zip_holds_the_same(kept: Any, check: Check, tmp_path: Path) -> None:
    done = write(kept, tmp_path / "records.zip", "2026-01-12", "2026-01-25")
    assert [p.name for p in tmp_path.iterdir()] == ["records.zip"]
    with zipfile.ZipFile(done.path) as archive:
        archive.extractall(tmp_path)
    assert check(tmp_path / "records", "--trust", kept.desk / "authority.pem")[0] == 0


WEEK = "notes/TW-2026-01-16-r1"
Damage = dict[str, tuple[Callable[[Path], object], str]]
DAMAGE: Damage = {
    "flipped byte": (lambda p: flip(p / WEEK / "facts.json"), f"1 {WEEK}/facts.json: changed"),
    "missing file": (lambda p: (p / WEEK / "note.pdf").unlink(), f"1 {WEEK}/note.pdf: missing"),
    "unknown file": (lambda p: (p / "notes/more.txt").write_text("x"), "1 notes/more.txt: unknown file"),
    "other words": (lambda p: (p / "README.txt").write_text("x"), "1 README.txt: changed"),
}


def flip(path: Path, at: int = 40) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_on_the_way_is_named(copy: Path, check: Check, case: str) -> None:
    damage, expected = DAMAGE[case]
    damage(copy)
    status, said = check(copy)
    assert status == 1
    assert f"FAULT {expected}" in said


def lines_of(package: Path) -> list[bytes]:
    return (package / "trail" / "ledger.jsonl").read_bytes().splitlines(keepends=True)


def in_trail(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], object]:
    def damage(package: Path) -> None:
        (package / "trail" / "ledger.jsonl").write_bytes(b"".join(change(lines_of(package))))

    return damage


def renamed(line: bytes) -> bytes:
    return line.replace(b"Pia", b"Mia")


FORGERY: Damage = {
    "another page": (
        lambda p: flip(p / WEEK / "note.html"),
        "note.html: not the file that the entries of TW-2026-01-16-r1 name",
    ),
    "page taken away": (
        lambda p: (p / WEEK / "note.html").unlink(),
        f"4 {WEEK}/note.html: missing: the entries of TW-2026-01-16-r1 name it",
    ),
    "signed PDF taken away": (
        lambda p: (p / WEEK / "note.signed.pdf").unlink(),
        f"4 {WEEK}/note.signed.pdf: missing",
    ),
    "signature taken away": (
        lambda p: (p / WEEK / "manifest.json.p7s").unlink(),
        f"4 {WEEK}/manifest.json.p7s: missing",
    ),
    "a file more": (
        lambda p: (p / WEEK / "more.txt").write_text("x"),
        f"4 {WEEK}/more.txt: no entry of TW-2026-01-16-r1 names it",
    ),
    "a note more": (
        lambda p: shutil.copytree(p / WEEK, p / "notes/TW-2026-05-01-r1"),
        "4 TW-2026-05-01-r1: no entry of trail/ledger.jsonl submits it",
    ),
    "a note less": (lambda p: shutil.rmtree(p / WEEK), f"4 {WEEK}/note.pdf: missing"),
    "a loose file": (lambda p: (p / "notes/x.txt").write_text("x"), "4 notes/x.txt: belongs to no note"),
    "unsigned head": (
        lambda p: next((p / "heads").glob("*.p7s")).unlink(),
        "its signature is missing",
    ),
    "heads taken away": (
        lambda p: shutil.rmtree(p / "heads"),
        "FAULT 3 entries 7 to 10: no signed head speaks for it, and SHA256SUMS is not signed",
    ),
    "a foreign head": (lambda p: foreign(p), "foreign: it is the head of archive 0000"),
    "another PDF": (lambda p: flip(p / WEEK / "note.pdf"), "does not begin with the approved bytes"),
    "signed PDF": (lambda p: flip(p / WEEK / "note.signed.pdf", 100), f"5 {WEEK}/note.signed.pdf"),
    "signature": (lambda p: flip(p / WEEK / "manifest.json.p7s", -5), "the signature does not hold"),
    "edited entry": (in_trail(lambda ls: [ls[0], renamed(ls[1]), *ls[2:]]), "2 entry 8: edited"),
    "dropped entry": (in_trail(lambda ls: [ls[0], *ls[2:]]), "2 entry 8: dropped"),
    "inserted entry": (in_trail(lambda ls: [*ls[:2], renamed(ls[1]), *ls[2:]]), "2 entry 8: inserted"),
    "swapped entries": (in_trail(lambda ls: [ls[0], ls[2], ls[1], *ls[3:]]), "2 entry 8: moved"),
    "cut entries": (in_trail(lambda ls: ls[:-2]), "cut: entr"),
    "head": (lambda p: flip(next((p / "heads").glob("*.json")), 30), "heads/"),
}


def foreign(package: Path) -> None:
    """Put the identity of another archive into a package."""
    path = package / "archive.json"
    path.write_text(path.read_text().replace(json.loads(path.read_text())["id"], "0" * 8))
    head = next((package / "heads").glob("*.json"))
    mine = json.loads(head.read_text())["archive"]
    path.write_text(path.read_text().replace("0" * 8, mine))
    head.write_text(head.read_text().replace(mine, "0000"))


@pytest.mark.parametrize("case", FORGERY)
def test_forgery_under_new_sums_is_named(copy: Path, check: Check, case: str) -> None:
    damage, expected = FORGERY[case]
    damage(copy)
    package = json.loads((copy / "package.json").read_text())
    for note in package["notes"]:
        for name in list(note["files"]):
            path = copy / note["folder"] / name
            if path.exists():
                note["files"][name] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                del note["files"][name]
    package["notes"] = [note for note in package["notes"] if (copy / note["folder"]).exists()] or package[
        "notes"
    ]
    (copy / "package.json").write_text(json.dumps(package))
    seal(copy)
    status, said = check(copy)
    assert status == 1
    assert expected in said


def test_a_signer_nobody_vouches_for(package: Path, check: Check, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(small_identity(b"another passphrase", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).authority)
    status, said = check(package, "--trust", other)
    assert status == 1
    assert said.count("the signature does not hold") == 7


def delivered(kept: Any, folder: Path) -> Any:
    """Return an archive with a delivery of an older note between the entries of a younger one."""
    own = kept.copy(folder)
    archive = Archive.open(own.root, own.clock)
    with archive.writing() as writer:
        for note in ("TW-2026-01-09-r1", "TW-2026-02-06-r1"):
            writer.append(
                "delivery.accepted",
                note=note,
                actor=SENDER,
                key=f"reader of {note}",
                body={"reply": "250 ok"},
            )
    return own


def test_the_recipients_of_other_notes_are_withheld(kept: Any, check: Check, tmp_path: Path) -> None:
    own = delivered(kept, tmp_path / "archive")
    done = write(own, tmp_path / "package", "2026-02-01", "2026-02-08")
    assert done.withheld == 1
    told = b"".join(p.read_bytes() for p in (tmp_path / "package").rglob("*") if p.is_file())
    assert b"reader of TW-2026-02-06-r1" in told
    assert b"reader of TW-2026-01-09-r1" not in told
    status, said = check(tmp_path / "package")
    assert status == 1, said
    assert "1 of 7 entries concern others and are withheld" in said
    assert "FAULT 3 entry 35: withheld; what it concerns only a signed SHA256SUMS can tell" in said
    whole = write_signed(own, tmp_path / "whole", "2026-02-01", "2026-02-08", whole_trail=True)
    assert whole.withheld == 0
    assert check(tmp_path / "whole", "--trust", kept.desk / "authority.pem")[0] == 0
    signed = write_signed(own, tmp_path / "signed", "2026-02-01", "2026-02-08")
    assert (signed.withheld, signed.entries) == (1, (30, 36))
    status, said = check(tmp_path / "signed", "--trust", kept.desk / "authority.pem")
    assert status == 0, said


def test_a_head_speaks_no_further_than_a_withheld_line(kept: Any, check: Check, tmp_path: Path) -> None:
    """Whoever changes what lies before a withheld line goes unseen by the chain, but not by the verifier."""
    own = delivered(kept, tmp_path / "archive")
    with own.taken_as_they_are():
        folder = write_note(tmp_path / "TW-2026-02-13-r1", note_files(5))
        life.submit(own.office("ann"), folder)
        release(own, "TW-2026-02-13-r1")
    done = write(own, tmp_path / "package", "2026-02-01", "2026-02-15")
    assert done.withheld == 1
    lines = lines_of(tmp_path / "package")
    (at,) = [k for k, line in enumerate(lines) if b'"withheld":true' in line]
    before = json.loads(lines[at])["seq"] - 1
    assert f"FAULT 3 entry {before}: no signed head speaks for it" in check(tmp_path / "package")[1]

    lines[at - 1] = renamed(lines[at - 1])
    (tmp_path / "package" / "trail" / "ledger.jsonl").write_bytes(b"".join(lines))
    seal(tmp_path / "package")
    status, said = check(tmp_path / "package")
    assert "FAULT 2" not in said  # the chain cannot tell
    assert status == 1
    assert f"FAULT 3 entry {before}: no signed head speaks for it" in said


def test_a_reason_is_no_formula_in_the_spreadsheet(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    archive = Archive.open(own.root, own.clock)
    with archive.writing() as writer:
        writer.append(
            "note.returned",
            note="TW-2026-02-06-r1",
            actor=SENDER,
            why="=1+1 汉字 \N{SMILING FACE WITH SUNGLASSES}",
            body={},
        )
    write(own, tmp_path / "package", "2026-02-01", "2026-02-08")
    with (tmp_path / "package" / "trail" / "trail.csv").open(newline="") as file:
        assert [row["why"] for row in csv.DictReader(file)][-1].startswith("'=1+1 汉字")


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        ("2026-02-01", "2026-01-01", "lies before"),
        ("2020-01-01", "2020-12-31", "nothing happened to any note"),
    ],
)
def test_days_that_make_no_package(kept: Any, tmp_path: Path, begin: str, end: str, words: str) -> None:
    with pytest.raises((UsageError, ArchiveError), match=words):
        write(kept, tmp_path / "package", begin, end)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(kept: Any, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "mine.txt").write_text("mine")
    with pytest.raises(ArchiveError, match="expected a new place"):
        write(kept, tmp_path / "package", "2026-01-12", "2026-01-25")
    with pytest.raises(ArchiveError, match="lies in the archive"):
        write(kept, kept.root / "package", "2026-01-12", "2026-01-25")


def test_a_note_published_meanwhile_is_packed_whole(
    kept: Any, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = kept.copy(tmp_path / "archive")
    with own.taken_as_they_are():
        life.submit(own.office("ann"), write_note(tmp_path / "note", note_files(5)))
        life.approve(own.office("pia"), "TW-2026-02-13-r1")
        held, waiting = packing._heads, ["TW-2026-02-13-r1"]

        def meanwhile(archive: Archive) -> Any:
            if waiting:
                publishing.publish(own.office("pia"), waiting.pop(), PASSPHRASE)
            return held(archive)

        monkeypatch.setattr(packing, "_heads", meanwhile)
        write(own, tmp_path / "package", "2026-02-01", "2026-02-28")
    status, said = check(tmp_path / "package", "--trust", kept.desk / "authority.pem")
    assert status == 0, said
    assert (tmp_path / "package/notes/TW-2026-02-13-r1/note.signed.pdf").is_file()


def test_a_changed_file_never_leaves(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    digest = Archive.open(own.root, own.clock).note("TW-2026-01-16-r1").files["facts.json"]
    path = own.root / "objects" / digest[:2] / digest
    path.chmod(0o644)
    flip(path)
    with pytest.raises(ArchiveError, match="not what it was when it was sealed"):
        write(own, tmp_path / "package", "2026-01-12", "2026-01-25")
    assert [p.name for p in tmp_path.iterdir()] == ["archive"]


def test_the_ledger_tells_of_the_package(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    write_signed(own, tmp_path / "package", "2026-01-12", "2026-01-25")
    (entry,) = Archive.open(own.root, own.clock).entries("exported")
    assert (entry.actor.id, entry.actor.role, entry.why) == ("pia", "approver", "a request of 3 March")
    sums = (tmp_path / "package" / "SHA256SUMS").read_bytes()
    assert entry.body["sums"] == hashlib.sha256(sums).hexdigest()
    assert entry.body["notes"] == ["TW-2026-01-16-r1", "TW-2026-01-23-r1"]
    assert entry.body["signed"] is True
    assert verify(own.root, own.trust).ok


def test_an_export_that_fails_is_on_record(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    archive = Archive.open(own.root, own.clock)
    digest = archive.note("TW-2026-01-16-r1").files["facts.json"]
    path = archive.objects.path(digest)
    path.chmod(0o644)
    flip(path)
    with pytest.raises(ArchiveError, match="not what it was when it was sealed"):
        write_signed(own, tmp_path / "package", "2026-01-12", "2026-01-25")
    last = archive.head()
    assert (last.kind, last.actor.id, last.body["step"]) == ("note.refused", "pia", "export")
    assert "not what it was when it was sealed" in last.body["reason"]
    (tmp_path / "file").write_text("mine")
    with pytest.raises(HostError, match="the package cannot be written"):
        write_signed(own, tmp_path / "file" / "package", "2026-02-02", "2026-02-08")
    assert "the package cannot be written" in archive.head().body["reason"]
    assert [*archive.entries("exported")] == []


def test_a_package_that_cannot_be_put_on_record_does_not_leave(
    kept: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = kept.copy(tmp_path / "archive")

    def full(*_: Any) -> None:
        raise ArchiveError("ledger.jsonl: No space left on device")

    monkeypatch.setattr(durable, "append", full)
    with pytest.raises(ArchiveError, match="No space left on device"):
        write_signed(own, tmp_path / "package", "2026-01-12", "2026-01-25")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive"]


def test_to_hand_records_out_takes_a_role(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    said = r"Ann Alyst \(ann\) has the role analyst; to hand out records takes approver or compliance"
    for attempt in (
        lambda: exporting.ready(own.office("ann"), ""),
        lambda: write_signed(own, tmp_path / "package", "2026-01-12", "2026-01-25", "ann"),
    ):
        with pytest.raises(ApprovalError, match=said):
            attempt()
        last = Archive.open(own.root, own.clock).head()
        assert (last.kind, last.actor.id, last.body["step"]) == ("note.refused", "ann", "export")
    assert not (tmp_path / "package").exists()


def test_the_command_line_writes_and_records(kept: Any, tmp_path: Path, check: Check) -> None:
    """In a process of its own, where the index is held to its standards."""
    own = kept.copy(tmp_path / "archive")
    secret = tmp_path / "secret"
    secret.write_bytes(PASSPHRASE)
    secret.chmod(0o600)
    command = [sys.executable, "-m", "reportgen", "--desk", own.desk, "archive", "export"]
    days = ["--from", "2026-01-12", "--to", "2026-01-25", "--out", tmp_path / "package"]
    done = subprocess.run(
        [str(c) for c in (*command, *days, "--archive", own.root)],
        env=os.environ | {"REPORTGEN_PERSON": "pia", "REPORTGEN_PASSPHRASE_FILE": str(secret)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'package'}\n"
    assert done.stderr == "2 notes, entries 7 to 21, 0 withheld\n"
    assert check(tmp_path / "package", "--trust", kept.desk / "authority.pem")[0] == 0
    index = tmp_path / "package" / "index.pdf"
    said = subprocess.run(["pdftotext", "-raw", index, "-"], capture_output=True, text=True, check=True)
    words = " ".join(said.stdout.split())
    assert "withdrawn; a wrong chart; signed by a TEST key, not for publication" in words
    (entry,) = Archive.open(own.root, own.clock).entries("exported")
    assert (entry.actor.id, entry.actor.role) == ("pia", "approver")


def test_somebody_unknown_exports_nothing(kept: Any, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from reportgen.cli import cli

    days = ["--from", "2026-01-12", "--to", "2026-01-25", "--out", tmp_path / "package", "--as", "eve"]
    own = kept.copy(tmp_path / "archive")
    command = ["--desk", own.desk, "archive", "export", *days, "--archive", own.root]
    result = CliRunner().invoke(cli, [str(c) for c in command], catch_exceptions=False)
    assert result.exit_code == 9
    assert "'eve': no such person" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["archive"]
    last = Archive.open(own.root, own.clock).head()
    assert (last.kind, last.actor.id) == ("note.refused", "eve")


def submission(**changes: Any) -> Callable[[list[dict[str, Any]]], object]:
    return lambda life: life[0]["body"].update(changes)


def by(number: int, **actor: str) -> Callable[[list[dict[str, Any]]], object]:
    return lambda life: life[number]["actor"].update(actor)


LIVES: dict[str, tuple[Callable[[list[dict[str, Any]]], object], str]] = {
    "nothing": (lambda life: None, ""),
    "approved by the submitter": (by(1, id="ann"), "published, but nobody else approved"),
    "approved by the analyst": (by(1, id="a2", name="ANN  Alyst"), "published, but nobody else approved"),
    "approved by a sender": (by(1, role="sender"), "published, but nobody else approved"),
    "asked for two": (
        submission(approvals=["approver", "compliance"]),
        "published, but nobody else approved",
    ),
    "asked for none": (submission(approvals=[]), "published, but nobody else approved"),
    "returned": (
        lambda life: life.insert(2, {**life[1], "kind": "note.returned"}),
        "published, but nobody else approved",
    ),
    "another day": (submission(as_of="2026-01-01T23:59:00-05:00"), "manifest.json: as_of is '2026-01-16T"),
    "other analysts": (submission(analysts=[]), "manifest.json: analysts is "),
    "other disclosures": (submission(disclosures=[]), "manifest.json: disclosures is "),
    "another time": (
        lambda life: [entry.update(at="2026-01-16T22:00:00.000000Z") for entry in life],
        "note.signed.pdf: made 2026-01-16T22:0",
    ),
}


@pytest.mark.parametrize("case", LIVES)
def test_a_life_that_should_not_be_is_named_whoever_signed_it(
    kept: Any, copy: Path, check: Check, case: str
) -> None:
    change, words = LIVES[case]
    lines = [json.loads(line) for line in lines_of(copy)]
    life_of = [entry for entry in lines if entry["note"]]
    change(life_of)
    prev, written = lines[0]["prev"], []
    for seq, entry in enumerate(life_of, lines[0]["seq"]):
        written.append(canonical({**entry, "seq": seq, "prev": prev}))
        prev = hashlib.sha256(written[-1]).hexdigest()
    (copy / "trail" / "ledger.jsonl").write_bytes(b"\n".join(written) + b"\n")
    shutil.rmtree(copy / "heads")
    (copy / "heads").mkdir()
    identity = load_identity(kept.desk / "desk.p12", PASSPHRASE)
    archive = json.loads((copy / "archive.json").read_bytes())["id"]
    head = canonical({"archive": archive, "seq": seq, "digest": prev})
    (copy / "heads" / f"{seq}.json").write_bytes(head)
    (copy / "heads" / f"{seq}.json.p7s").write_bytes(sign_detached(head, identity, at=kept.clock.at))
    seal(copy)
    status, said = check(copy, "--trust", kept.desk / "authority.pem")
    assert (status, words in said) == (int(bool(words)), True), said
