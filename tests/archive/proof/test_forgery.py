"""A publication that no desk made: its entries are chained as they should be, and still it is found."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen.archive import Actor, Archive, NoteRecord
from reportgen.archive.ledger import canonical
from reportgen.archive.verify import verify
from reportgen.pipeline import life, publishing
from tests.archive.proof.conftest import PASSPHRASE, note_files, write_note

NOTE, OTHER = "TW-2026-02-13-r1", "TW-2026-02-06-r1"
PIA = Actor("pia", "Pia Principal", "approver")
Body = dict[str, Any]
Change = Callable[[Body, NoteRecord], object]


def forged(
    kept: Any,
    place: Path,
    *,
    approver: Actor | None = PIA,
    approved: Change = lambda body, other: None,
    published: Change = lambda body, other: None,
    key: str = "",
    late: dt.timedelta = dt.timedelta(0),
    headed: bool = True,
) -> list[str]:
    """Write the life of a note past all checks of the program; return what verification finds.

    The signatures are made with the desk's own key: whoever forges may well sit at the desk.
    """
    own = kept.copy(place / "archive")
    with own.taken_as_they_are():
        record = life.submit(own.office("ann"), write_note(place / NOTE, note_files(5)))
        office = own.office("pia")
        seal = publishing.seal_of(office.settings, office.folder, PASSPHRASE)
        other = office.archive.note(OTHER)
        with office.archive.writing() as writer:
            approval: Body = {"manifest": record.manifest, "files": dict(record.files)}
            approved(approval, other)
            if approver is not None:
                writer.append("note.approved", note=NOTE, actor=approver, body=approval)
            begun = writer.append("note.publishing", note=NOTE, actor=PIA)
            made = publishing._signed(office, writer, record, seal, begun.at + late)
            body = {"manifest": record.manifest, "unsigned_pdf": record.files["note.pdf"], **made}
            named = sorted((body["signed_pdf"], *body["signatures"].values()))
            published(body, other)
            writer.append("note.published", note=NOTE, actor=PIA, body=body, key=key)
            # Objects that the forged entry leaves out would be found in any case.
            writer.append("ledger.recovered", actor=PIA, body={"objects": named, "unfinished": []})
            writer.flush()
            if headed:
                publishing.sign_head(office, writer, PIA, seal)
    archive = Archive.open(own.root, own.clock)
    verdict = verify(own.root, own.trust)
    found = [f"{fault.check} {fault}" for fault in verdict.faults]
    if any(line.startswith("5") and "does not count" in line for line in found):
        assert archive.note(NOTE).state != "published"  # it cannot be sent either
    return found


def test_a_publication_as_the_desk_makes_it_passes(kept: Any, tmp_path: Path) -> None:
    assert forged(kept, tmp_path) == []


APPROVALS: dict[str, tuple[dict[str, Any], str]] = {
    "nobody": ({"approver": None}, "the note was submitted"),
    "submitter": (
        {"approver": Actor("ann", "Ann A.", "approver")},
        "note.approved, does not count: Ann A. (ann) submitted the note",
    ),
    "analyst": (
        {"approver": Actor("a2", "ann  ＡLYST", "approver")},
        "note.approved, does not count: ann  ＡLYST (a2) is named as its analyst",
    ),
    "role": (
        {"approver": replace(PIA, role="sender")},
        "note.approved, does not count: Pia Principal (pia) acted as sender",
    ),
    "other bytes": (
        {"approved": lambda body, other: body.update(manifest=other.manifest)},
        "note.approved, does not count: it is not of the bytes submitted last",
    ),
}


@pytest.mark.parametrize("case", APPROVALS)
def test_an_approval_that_none_could_give(kept: Any, tmp_path: Path, case: str) -> None:
    named, words = APPROVALS[case]
    said = forged(kept, tmp_path, **named)
    assert any(line.startswith(f"5 {NOTE}: entry ") and words in line for line in said), said
    assert any("note.published, does not count: the approval of approver is lacking" in line for line in said)


PUBLICATIONS: dict[str, tuple[Change, str]] = {
    "no signed PDF": (lambda body, other: body.update(signed_pdf=None), "it names no signed PDF"),
    "no signature": (lambda body, other: body.update(signatures={}), "it names no signature of the manifest"),
    "no signer": (lambda body, other: body.pop("identity"), "it does not say by whose key it was signed"),
    "another manifest": (
        lambda body, other: body.update(manifest=other.manifest),
        "note.published, does not count: its manifest is ",
    ),
    "another PDF": (
        lambda body, other: body.update(unsigned_pdf=other.files["note.pdf"]),
        "note.published, does not count: its unsigned_pdf is ",
    ),
    "the signed PDF of another note": (
        lambda body, other: body.update(signed_pdf=other.signed_pdf),
        f"5 {NOTE}: signed PDF: does not begin with exactly the approved bytes",
    ),
    "the signature of another manifest": (
        lambda body, other: body.update(signatures=other.signatures),
        f"6 {NOTE}: manifest.json.p7s: the signed bytes were changed",
    ),
    "a signature of nothing": (
        lambda body, other: body["signatures"].update(
            {"x.p7s": (other.signatures or {})["manifest.json.p7s"]}
        ),
        f"6 {NOTE}: x.p7s: belongs to no sealed file",
    ),
    "another signer": (
        lambda body, other: body["identity"].update(fingerprint="0" * 64),
        f"6 {NOTE}: signed PDF: made by the certificate ",
    ),
    "a test key that is none": (
        lambda body, other: body["identity"].update(is_test=False),
        f"6 {NOTE}: manifest.json.p7s: made by a test key, the entry says otherwise",
    ),
}


@pytest.mark.parametrize("case", PUBLICATIONS)
def test_a_publication_of_what_was_not_approved_or_signed(kept: Any, tmp_path: Path, case: str) -> None:
    change, words = PUBLICATIONS[case]
    said = forged(kept, tmp_path, published=change)
    assert any(words in line for line in said), said


def test_a_correction_of_what_was_not_submitted_as_one(kept: Any, tmp_path: Path) -> None:
    (said,) = forged(kept, tmp_path, key=OTHER)
    assert said.endswith(f"does not count: it corrects {OTHER}, submitted was nothing")


def test_a_withdrawn_note_stays_withdrawn(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    archive = Archive.open(own.root, own.clock)
    life.withdraw(own.office("pia"), OTHER, "a wrong chart")
    (published,) = archive.entries("note.published", note=OTHER)
    with archive.writing() as writer:
        writer.append("note.published", note=OTHER, actor=PIA, body=published.body)
    (fault,) = verify(own.root, own.trust).faults
    assert "note.published, does not count: the note was withdrawn" in str(fault)
    assert archive.note(OTHER).state == "withdrawn"


def test_a_note_that_nobody_submitted(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    archive = Archive.open(own.root, own.clock)
    (published,) = archive.entries("note.published", note=OTHER)
    with archive.writing() as writer:
        writer.append("note.published", note=NOTE, actor=PIA, body=published.body)
    (fault,) = verify(own.root, own.trust).faults
    assert f"{NOTE}: entry " in str(fault)
    assert "note.published, does not count: the note was never submitted" in str(fault)
    assert archive.find(NOTE) is None


def test_a_note_that_nothing_superseded(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    with Archive.open(own.root, own.clock).writing() as writer:
        writer.append("note.superseded", note=OTHER, actor=PIA, body={"by": "TW-2026-02-06-r2"})
    (fault,) = verify(own.root, own.trust).faults
    assert "note.superseded, does not count: TW-2026-02-06-r2 was not published as its correction" in str(
        fault
    )


def test_a_published_note_takes_no_other_bytes(kept: Any, tmp_path: Path) -> None:
    own = kept.copy(tmp_path / "archive")
    archive = Archive.open(own.root, own.clock)
    (submitted,) = archive.entries("note.submitted", note=OTHER)
    with archive.writing() as writer:
        writer.append(
            "note.submitted", note=OTHER, actor=submitted.actor, body={**submitted.body, "title": "Another"}
        )
    (fault,) = verify(own.root, own.trust).faults
    assert "note.submitted, does not count: the note was published" in str(fault)
    assert archive.note(OTHER).title == submitted.body["title"]


def test_a_publication_at_another_time_than_its_signatures_state(kept: Any, tmp_path: Path) -> None:
    said = forged(kept, tmp_path, late=dt.timedelta(days=-3))
    assert [line.partition(" UTC, the ledger says")[0][:-20] for line in said] == [
        f"6 {NOTE}: manifest.json.p7s: made",
        f"6 {NOTE}: signed PDF: made",
    ]


def test_a_publication_for_which_no_head_speaks(kept: Any, tmp_path: Path) -> None:
    (said,) = forged(kept, tmp_path, headed=False)
    assert said.startswith(f"3 {NOTE}: no signed head speaks for its publication, entry ")


Entries = list[dict[str, Any]]


def written_anew(kept: Any, folder: Path, change: Callable[[Entries], object]) -> list[str]:
    """Cut off the last head, write what it spoke for anew, without any key; return what `verify` finds."""
    own = kept.copy(folder)
    entries: Entries = [json.loads(line) for line in (own.root / "ledger.jsonl").read_bytes().splitlines()]
    heads = sorted((own.root / "heads").glob("*.json"), key=lambda path: int(path.stem))
    before = int(heads[-2].stem) + 1  # with the entry that names the head
    for path in (heads[-1], Path(f"{heads[-1]}.p7s"), own.root / "index.sqlite"):
        path.unlink(missing_ok=True)
    tail = [entry for entry in entries[before:] if entry["kind"] != "head.signed"]
    change(tail)
    prev, lines = entries[before]["prev"], (own.root / "ledger.jsonl").read_bytes().splitlines()[:before]
    for seq, entry in enumerate(tail, before + 1):
        lines.append(canonical(entry | {"seq": seq, "prev": prev}))
        prev = hashlib.sha256(lines[-1]).hexdigest()
    (own.root / "ledger.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return [f"{fault.check} {fault}" for fault in verify(own.root, own.trust).faults]


def each(**changes: Any) -> Callable[[Entries], object]:
    return lambda tail: [entry.update(changes) for entry in tail]


def submitted(**changes: Any) -> Callable[[Entries], object]:
    return lambda tail: [e["body"].update(changes) for e in tail if e["kind"] == "note.submitted"]


LAST = "TW-2026-02-06-r1"
ANEW: dict[str, tuple[Callable[[Entries], object], str]] = {
    "the head alone": (lambda tail: None, f"3 {LAST}: no signed head speaks for its publication, entry "),
    "another note": (
        each(note="TW-2026-02-20-r1"),
        f"id: the manifest says '{LAST}', the entry 'TW-2026-02-20",
    ),
    "no note": (each(note="Q1"), "5 Q1: not the id of a note"),
    "another day": (submitted(as_of="2026-01-01T23:59:00-05:00"), f"5 {LAST}: as_of: the manifest says "),
    "another title": (submitted(title="A calm week"), f"5 {LAST}: title: the page says 'Weekly: week 4'"),
    "other analysts": (submitted(analysts=[]), f"5 {LAST}: analysts: the manifest says "),
    "another audience": (
        submitted(covers={"jurisdictions": ["US"], "audiences": ["retail"]}),
        f"5 {LAST}: audiences: the manifest says ['institutional'], the entry ['retail']",
    ),
    "no disclosures": (submitted(disclosures=[]), f"5 {LAST}: disclosures: the manifest says "),
    "a correction of another note": (
        submitted(supersedes="TW-2026-01-09-r1"),
        f"5 {LAST}: it corrects TW-2026-01-09-r1, which is another note",
    ),
    "a kind of its own": (
        lambda tail: tail.append({**tail[-1], "kind": "note.blessed"}),
        "'note.blessed' is no kind that the program writes",
    ),
    "a second creation": (
        lambda tail: tail.append({**tail[-1], "kind": "archive.created"}),
        "a second creation",
    ),
    "a hold that was none": (
        lambda tail: tail.append(
            {**tail[-1], "kind": "hold.lifted", "body": {"matter": "X"}, "key": "X"}
            | {"actor": {**tail[-1]["actor"], "role": "compliance"}}
        ),
        "hold.lifted, does not count: no hold was placed for 'X'",
    ),
    "a delivery before the note was out": (
        lambda tail: tail.insert(0, {**tail[0], "kind": "delivery.accepted"}),
        f"delivery.accepted of {LAST}, which was not published",
    ),
}


@pytest.mark.parametrize("case", ANEW)
def test_a_tail_written_anew_without_a_key(kept: Any, tmp_path: Path, case: str) -> None:
    change, words = ANEW[case]
    said = written_anew(kept, tmp_path / "archive", change)
    assert any(words in line for line in said), said
