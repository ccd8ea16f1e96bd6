"""Whatever is done to an archive, verification finds it and names it; an untouched one is clean."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reportgen.archive import PROGRAM, Archive, file_proof, keys, signing
from reportgen.archive.keys import load_certificates
from reportgen.archive.ledger import canonical, sha256
from reportgen.archive.verify import CHECKS, Verdict, verify
from reportgen.errors import ApprovalError, ArchiveError
from reportgen.pipeline import life
from tests.archive.identities import small_identity


def told(verdict: Verdict) -> list[str]:
    return [f"{fault.check} {fault}" for fault in verdict.faults]


@pytest.fixture
def damaged(kept: Any, tmp_path: Path) -> Any:
    """Return a copy of the archive, to be damaged."""
    return kept.copy(tmp_path / "archive")


def lines_of(root: Path) -> list[bytes]:
    return (root / "ledger.jsonl").read_bytes().splitlines()


def write_lines(root: Path, lines: list[bytes]) -> None:
    (root / "ledger.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


def sealed(root: Path, note_id: str, name: str) -> Path:
    """Return where a sealed file of a note lies."""
    for line in lines_of(root):
        entry = json.loads(line)
        if entry["kind"] == "note.submitted" and entry["note"] == note_id:
            digest: str = entry["body"]["files"][name]
            return root / "objects" / digest[:2] / digest
    raise LookupError(name)


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def flip(path: Path, at: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    overwrite(path, bytes(content))


def rewritten(lines: list[bytes], at: int, change: Callable[[dict[str, Any]], None]) -> list[bytes]:
    """Return lines with one entry changed and every later one chained to it anew, as a forger would."""
    out, prev = lines[:at], None
    for line in lines[at:]:
        entry = json.loads(line)
        if prev is None:
            change(entry)
        else:
            entry["prev"] = prev
        out.append(canonical(entry))
        prev = sha256(out[-1])
    return out


def test_an_untouched_archive_is_clean(kept: Any) -> None:
    verdict = verify(kept.root, kept.trust)
    assert told(verdict) == []
    assert verdict.unfinished == ()
    lines = lines_of(kept.root)
    assert verdict.entries == len(lines)
    assert verdict.head == (len(lines), sha256(lines[-1]))
    assert verdict.objects == sum(1 for p in (kept.root / "objects").rglob("*") if p.is_file())
    assert verdict.signatures == 6 * 3  # six publications: PDF, manifest, head
    assert set(verdict.seconds) <= set(CHECKS)


def test_verification_writes_nothing(kept: Any) -> None:
    before = {p: p.stat().st_mtime_ns for p in kept.root.rglob("*")}
    verify(kept.root, kept.trust)
    assert {p: p.stat().st_mtime_ns for p in kept.root.rglob("*")} == before


def test_no_archive_is_no_clean_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="no such folder"):
        verify(tmp_path / "absent", ())
    with pytest.raises(ArchiveError, match="no archive"):
        verify(tmp_path, ())


@pytest.mark.parametrize("name", ["note.pdf", "facts.json", "inputs.parquet", "figures/curve.svg"])
def test_a_flipped_byte_of_a_sealed_file(damaged: Any, name: str) -> None:
    path = sealed(damaged.root, "TW-2026-01-16-r1", name)
    flip(path, 10)
    (said,) = told(verify(damaged.root, damaged.trust, signatures=False))
    assert said.startswith(f"4 objects/{path.parent.name}/{path.name}: TW-2026-01-16-r1: {name} was changed")


def test_a_missing_file(damaged: Any) -> None:
    path = sealed(damaged.root, "TW-2026-01-16-r1", "note.html")
    path.unlink()
    said = told(verify(damaged.root, damaged.trust, signatures=False))
    assert said == [f"4 objects/{path.parent.name}/{path.name}: missing: TW-2026-01-16-r1: note.html"]


def test_a_link_in_the_place_of_a_file(damaged: Any, tmp_path: Path) -> None:
    """What lies elsewhere may be changed there; a pipe would hold whoever reads it for ever."""
    one, other, *_ = sorted(path for path in (damaged.root / "objects").rglob("*") if path.is_file())
    one.rename(tmp_path / "elsewhere")
    one.symlink_to(tmp_path / "elsewhere")
    other.unlink()
    os.mkfifo(other)
    said = [line for line in told(verify(damaged.root, damaged.trust)) if "a link or a device" in line]
    assert [line.partition(":")[0] for line in said] == [
        f"4 objects/{path.parent.name}/{path.name}" for path in (one, other)
    ]


def test_unknown_files(damaged: Any) -> None:
    root = damaged.root
    (root / "notes.txt").write_text("mine")
    (root / "heads" / "old.txt").write_text("mine")
    digest = sha256(b"a file that nobody sealed")
    (root / "objects" / digest[:2]).mkdir(exist_ok=True)
    (root / "objects" / digest[:2] / digest).write_bytes(b"a file that nobody sealed")
    (root / "objects" / "readme").write_text("mine")
    assert told(verify(root, damaged.trust)) == [
        "1 heads/old.txt: unknown file, no part of an archive",
        "1 notes.txt: unknown file, no part of an archive",
        "1 objects/readme: unknown file, not named by a SHA-256 in its folder",
        f"4 objects/{digest[:2]}/{digest}: unknown file: no entry names it",
    ]


CHAIN = {
    "edited": (lambda ls: [*ls[:6], ls[6].replace(b"Ann", b"Bob"), *ls[7:]], ["2 entry 7: edited"]),
    "inserted": (lambda ls: [*ls[:6], ls[6].replace(b"Ann", b"Bob"), *ls[6:]], ["2 entry 7: inserted"]),
    "dropped": (lambda ls: ls[:6] + ls[7:], ["2 entry 7: dropped"]),
    "three dropped": (lambda ls: ls[:6] + ls[9:], ["2 entry 7: dropped: entries 7 to 9"]),
    "swapped": (lambda ls: [*ls[:6], ls[7], ls[6], *ls[8:]], ["2 entry 7: moved"]),
    "carried away": (lambda ls: [*ls[:6], *ls[7:12], ls[6], *ls[12:]], ["2 entry 7: moved"]),
    "twice": (lambda ls: [*ls[:7], ls[6], *ls[7:]], ["2 entry 7: inserted"]),
    "unreadable": (lambda ls: [*ls[:6], ls[6][:-1], *ls[7:]], ["2 entry 7: edited: line 7 cannot be read"]),
    "split": (lambda ls: [*ls[:6], ls[6][:40], ls[6][41:], *ls[7:]], ["where entry 7 stood"]),
    "first edited": (lambda ls: [ls[0].replace(b"Pia", b"Mia"), *ls[1:]], ["2 entry 1: edited"]),
    "two edited": (
        lambda ls: [
            *ls[:6], ls[6].replace(b"Ann", b"Bob"), *ls[7:11], ls[11].replace(b"Ann", b"Bob"), *ls[12:]
        ],
        ["2 entry 7: edited", "2 entry 12: edited"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHAIN)
def test_what_is_done_to_the_ledger(damaged: Any, case: str) -> None:
    change, expected = CHAIN[case]
    write_lines(damaged.root, change(lines_of(damaged.root)))
    found = told(verify(damaged.root, damaged.trust, signatures=False))
    said = [line for line in found if line.startswith("2 ")]
    for words in expected:
        assert any(words in line for line in said), said
    assert len(said) == len(expected), said


# What takes the place of a part of an entry: a line that no program of ours would write.
HOSTILE: dict[str, tuple[str, str]] = {
    "no time": ("at", "null"),
    "no date": ("at", '"2026-13-45T25:00:00.000000Z"'),
    "a list for a time": ("at", "[]"),
    "a great number": ("seq", "9" * 5000),
    "a greater number": ("seq", "1e400"),
    "no number": ("seq", "NaN"),
    "half a character": ("why", '"\\ud800"'),
    "half a character in a name": ("body", '{"\\udfff": 1}'),
    "no object": ("body", "null"),
    "no text": ("kind", "{}"),
    "no note": ("note", "[[]]"),
    "no actor": ("actor", '"ann"'),
    "an actor without a name": ("actor", '{"id": "ann"}'),
    "nobody before": ("prev", "null"),
    "a hundred levels": ("body", "[" * 100 + "]" * 100),
    "a million levels": ("body", '{"a":' * 1_000_000 + "1" + "}" * 1_000_000),
    "levels without an end": ("body", "[" * 1_000_000),
    "a great number within": ("body", '{"a":' + "9" * 4000 + "}"),
    "no bytes of text": ("why", '"\xff"'),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_lines_are_named(damaged: Any, case: str) -> None:
    """The chain holds: each later entry names the one before as it is."""
    key, content = HOSTILE[case]
    lines = lines_of(damaged.root)
    entry = json.loads(lines[6])
    entry[key] = "CONTENT"
    lines[6] = canonical(entry).replace(b'"CONTENT"', content.encode("latin-1"))
    for k in range(7, len(lines)):
        lines[k] = canonical({**json.loads(lines[k]), "prev": sha256(lines[k - 1])})
    write_lines(damaged.root, lines)
    said = told(verify(damaged.root, damaged.trust, signatures=False))
    assert any(line.startswith("2 entry 7: ") for line in said), said
    "\n".join(said).encode()  # any terminal takes it


BODIES: dict[str, str] = {
    "note.submitted": '{"name":[],"title":1,"as_of":{},"language":null,"revision":"","files":[1],'
    '"manifest":[],"analysts":[null],"approvals":[{}],"covers":[],"retention":{"years":"x"}}',
    "note.approved": '{"manifest":{}}',
    "note.published": '{"manifest":[],"unsigned_pdf":{},"signed_pdf":"../../etc/passwd","chain":"x",'
    '"signatures":{"manifest.json.p7s":"../..","x":[]},"identity":{"fingerprint":"","is_test":7}}',
    "head.signed": '{"files":{"../../archive.json":"x","\\u0000.json":"y"}}',
}


@pytest.mark.parametrize("kind", BODIES)
def test_hostile_bodies_are_named(damaged: Any, kind: str) -> None:
    lines = lines_of(damaged.root)
    at = next(k for k, line in enumerate(lines) if json.loads(line)["kind"] == kind)
    entry = json.loads(lines[at]) | {"body": json.loads(BODIES[kind])}
    lines[at] = canonical(entry)
    for k in range(at + 1, len(lines)):
        lines[k] = canonical({**json.loads(lines[k]), "prev": sha256(lines[k - 1])})
    write_lines(damaged.root, lines)
    shutil.rmtree(damaged.root / "heads")
    (damaged.root / "heads").mkdir()
    (damaged.root / "index.sqlite").unlink(missing_ok=True)
    said = told(verify(damaged.root, damaged.trust))
    named = (f"entry {at + 1}", str(entry["note"]))
    assert any(any(words in line for words in named) for line in said if line[0] in "35"), said


@pytest.mark.parametrize("name", ["archive.json", "pending.json", "heads/1.json", "manifest"])
@pytest.mark.parametrize(
    "content", ["[" * 100_000, "[]", '"x"', '{"seq":true}', '{"schema":1,"id":"\\ud800"}']
)
def test_hostile_files_are_named(damaged: Any, name: str, content: str) -> None:
    path = damaged.root / name
    if name == "manifest":
        path = sealed(damaged.root, "TW-2026-01-16-r1", "manifest.json")
    if path.exists():
        path.chmod(0o644)
    path.write_text(content)
    verdict = verify(damaged.root, damaged.trust)
    said = "\n".join(told(verdict) + list(verdict.unfinished))
    assert path.name in said


def test_a_cut_tail_is_found_by_the_heads(damaged: Any) -> None:
    lines = lines_of(damaged.root)
    (damaged.root / "index.sqlite").unlink(missing_ok=True)
    write_lines(damaged.root, lines[:-3])
    said = told(verify(damaged.root, damaged.trust))
    last = len(lines) - 1
    assert f"3 heads/{last}.json: cut: entries {last - 1} to {last} are missing at the end" in "\n".join(said)


def test_a_cut_tail_whose_heads_were_cut_too_is_found_by_a_head_kept_elsewhere(
    damaged: Any, tmp_path: Path
) -> None:
    root, lines = damaged.root, lines_of(damaged.root)
    anchor = tmp_path / "anchor"
    anchor.mkdir()
    heads = sorted((root / "heads").glob("*.json"), key=lambda p: int(p.stem))
    for part in (heads[-1], Path(f"{heads[-1]}.p7s")):
        shutil.move(part, anchor)
    (root / "index.sqlite").unlink(missing_ok=True)
    seen = json.loads(heads[-2].read_bytes())["seq"] + 1
    write_lines(root, lines[:seen])
    kept = {digest for line in lines[:seen] for digest in re.findall(rb"[0-9a-f]{64}", line)}
    for path in (root / "objects").rglob("*"):
        if path.is_file() and path.name.encode() not in kept:
            path.unlink()
    assert told(verify(root, damaged.trust)) == []  # nothing in the folder itself can tell
    (said,) = told(verify(root, damaged.trust, heads=[anchor / heads[-1].name]))
    assert said.startswith(f"3 {anchor / heads[-1].name}: cut: entries {seen + 1} to {int(heads[-1].stem)}")


def test_a_history_written_anew_is_found_by_the_heads(damaged: Any) -> None:
    def change(entry: dict[str, Any]) -> None:
        entry["actor"]["name"] = "Bob Broker"

    (damaged.root / "index.sqlite").unlink(missing_ok=True)
    write_lines(damaged.root, rewritten(lines_of(damaged.root), 6, change))
    said = told(verify(damaged.root, damaged.trust))
    heads = [int(p.stem) for p in (damaged.root / "heads").glob("*.json")]
    wrong = [line for line in said if "is not the one that this head is of" in line]
    assert len(wrong) == sum(1 for seq in heads if seq >= 7)


def test_the_entry_that_no_head_covers_is_missed(damaged: Any) -> None:
    """A publication ends by naming its signed head; the index knows of that entry without being asked."""
    lines = lines_of(damaged.root)
    assert json.loads(lines[-1])["kind"] == "head.signed"
    write_lines(damaged.root, lines[:-1])
    (said,) = told(verify(damaged.root, damaged.trust))
    remembers = "index.sqlite remembers it, the ledger ends before it"
    assert said == f"2 entry {len(lines)}: cut off: {remembers}"


def test_a_refusal_that_no_head_covers_is_missed(damaged: Any) -> None:
    with pytest.raises(ApprovalError):
        life.withdraw(damaged.office("ann"), "TW-2026-02-06-r1", "mine")
    lines = lines_of(damaged.root)
    assert json.loads(lines[-1])["kind"] == "note.refused"
    write_lines(damaged.root, lines[:-1])
    (said,) = told(verify(damaged.root, damaged.trust))
    assert said.startswith(f"2 entry {len(lines)}: cut off")


def test_the_last_entry_is_remembered_by_the_index(damaged: Any) -> None:
    lines = lines_of(damaged.root)
    moved = json.loads(lines[-1])
    moved["at"] = moved["at"].replace("2026", "2027")
    write_lines(damaged.root, [*lines[:-1], canonical(moved)])
    (said,) = told(verify(damaged.root, damaged.trust))
    assert said == f"2 entry {len(lines)}: edited, or index.sqlite was: it remembers another"


def test_an_edited_identity(damaged: Any) -> None:
    path = damaged.root / "archive.json"
    overwrite(path, path.read_bytes().replace(b"2026", b"2025"))
    (said,) = told(verify(damaged.root, damaged.trust))
    assert "entry 1: edited: it does not name the digest of archive.json, or else that was edited" in said


def test_a_torn_end_is_unfinished_and_no_fault(damaged: Any) -> None:
    with (damaged.root / "ledger.jsonl").open("ab") as file:
        file.write(b'{"actor":')
    verdict = verify(damaged.root, damaged.trust)
    assert told(verdict) == []
    assert verdict.unfinished == (
        "ledger.jsonl: 9 bytes follow the last entry, of a writer that ended too early",
    )


def test_heads_that_were_taken_away_or_changed(damaged: Any) -> None:
    heads = sorted((damaged.root / "heads").glob("*.json"), key=lambda p: int(p.stem))
    heads[0].unlink()
    Path(f"{heads[1]}.p7s").unlink()
    flip(Path(f"{heads[2]}.p7s"), -5)
    flip(heads[3], 5)
    said = "\n".join(told(verify(damaged.root, damaged.trust)))
    assert f"3 heads/{heads[0].name}: missing" in said
    assert f"3 heads/{heads[0].name}.p7s: what it signs is missing" in said
    assert f"3 heads/{heads[1].name}: its signature is missing" in said
    assert f"3 heads/{heads[2].name}.p7s: changed: it is not the file that entry" in said
    assert f"3 heads/{heads[3].name}: changed" in said
    assert f"6 heads/{heads[2].name}.p7s: " in said


def test_a_wrong_and_an_expired_key(kept: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(small_identity(b"another passphrase", kept.clock.at).authority)
    wrong = told(verify(kept.root, load_certificates([other])))
    assert len(wrong) == 18
    assert all(line.startswith("6 ") and "is not trusted" in line for line in wrong)
    (unknown,) = told(verify(kept.root, ()))
    assert unknown.startswith("6 signatures: cannot be checked: no certificate is trusted")


def test_signatures_by_a_key_that_had_expired(keep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk that overrides every check goes on signing with a key of eight days."""
    monkeypatch.setattr(keys.Identity, "require_valid", lambda identity, at: None)
    monkeypatch.setattr(signing, "pdf_faults", lambda *_: [])
    monkeypatch.setattr(signing, "detached_faults", lambda *_: [])
    kept = keep("expired", 3, dt.timedelta(days=8))
    monkeypatch.undo()
    said = told(verify(kept.root, kept.trust))
    assert len(said) == 3  # of the third week: PDF, manifest, head
    assert all(line.startswith("6 ") and "had expired 2026-01-17" in line for line in said)


@pytest.mark.parametrize("bit", [0, 3, 7])
def test_the_signed_pdf_is_bound_to_the_approved_one(damaged: Any, bit: int) -> None:
    entry = next(e for e in map(json.loads, lines_of(damaged.root)) if e["kind"] == "note.published")
    digest = entry["body"]["signed_pdf"]
    flip(damaged.root / "objects" / digest[:2] / digest, 100, bit)
    said = told(verify(damaged.root, damaged.trust))
    assert any("signed PDF was changed" in line for line in said)


def corrupt(root: Path, trust: Any, number: int, seed: int) -> list[str]:
    """Flip a random bit of a random byte many times, each time alone; return what was not found or named."""
    rng = random.Random(seed)
    ledger = root / "ledger.jsonl"
    files = sorted(p for p in (*root.glob("*.json"), *root.glob("heads/*"), *root.glob("objects/*/*")))
    sizes = [p.stat().st_size for p in files]
    missed = []
    for _ in range(number):
        path = ledger if rng.random() < 0.4 else rng.choices(files, sizes)[0]
        content = path.read_bytes()
        at, bit = rng.randrange(len(content)), rng.randrange(8)
        flip(path, at, bit)
        verdict = verify(root, trust, signatures=False)
        said = "\n".join(told(verdict))
        if path == ledger:
            seq = content[:at].count(b"\n") + 1
            named = rf"entr(y|ies) [\d to]*\b{seq}\b|entries {seq - 1} to {seq + 1}"
        else:
            named = re.escape(path.relative_to(root).as_posix())
        if path.name == "archive.json":
            named = "archive.json"
        if verdict.ok or not re.search(named, said):
            missed.append(f"{path.relative_to(root)} byte {at} bit {bit}: {said or verdict.unfinished}")
        overwrite(path, content)
    return missed


def test_random_corruptions_are_found_and_named(kept: Any, tmp_path: Path) -> None:
    assert corrupt(kept.copy(tmp_path / "archive").root, kept.trust, 40, seed=1) == []


@pytest.mark.slow
def test_many_random_corruptions_of_twenty_notes_are_found_and_named(keep: Any, tmp_path: Path) -> None:
    kept = keep("twenty", 20)
    assert corrupt(kept.copy(tmp_path / "archive").root, kept.trust, 500, seed=2) == []


def test_an_archive_in_use_is_looked_at_again(
    kept: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer seals a file and names it between the reading of the ledger and that of the files."""
    own = kept.copy(tmp_path / "archive")
    real = file_proof.FileProof.objects
    written: list[str] = []

    def objects(run: Any) -> None:
        if not written:
            archive = Archive.open(own.root, own.clock)
            with archive.writing() as writer:
                written.append(writer.put(b"a file that came meanwhile"))
                writer.append("ledger.recovered", actor=PROGRAM, body={"objects": written})
        real(run)

    monkeypatch.setattr(file_proof.FileProof, "objects", objects)
    verdict = verify(own.root, own.trust, signatures=False)
    assert written
    assert told(verdict) == []
    assert verdict.unfinished == ()
