"""Publication: the approved bytes and no others, signed, named with both hashes, and finished once begun."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reportgen.archive import durable, signing
from reportgen.archive.keys import load_certificates
from reportgen.archive.verify import verify
from reportgen.errors import ApprovalError, ArchiveError, ConfigError, ReportgenError, TimestampError
from reportgen.pipeline import life, publishing
from reportgen.render import conformance
from tests.archive.identities import house_identity, small_identity
from tests.archive.life.desk import NOON, PASSPHRASE, SmallDesk, make_desk

NOTE = "TW-2026-01-09-r1"


def test_signed_pdf_begins_with_the_approved_bytes(desk: SmallDesk):
    record = desk.published()
    objects = desk.archive.objects
    unsigned, signed = objects.get(record.files["note.pdf"]), objects.get(record.signed_pdf or "")
    assert signed.startswith(unsigned)
    assert len(signed) > len(unsigned)
    trust = load_certificates([desk.folder / "authority.pem"])
    assert signing.pdf_faults(signed, trust, NOON) == []


def test_ledger_holds_both_hashes_and_the_time(desk: SmallDesk):
    desk.approved()
    desk.clock.forward(hours=3)
    record = desk.publish().record
    (entry,) = desk.archive.entries("note.published")
    files = (desk.place / "output" / NOTE).rglob("*.*")
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}
    assert entry.body["unsigned_pdf"] == digests["note.pdf"]
    assert entry.body["manifest"] == digests["manifest.json"]
    signed = desk.archive.objects.path(entry.body["signed_pdf"]).read_bytes()
    assert hashlib.sha256(signed).hexdigest() == entry.body["signed_pdf"]
    assert record.published_at == entry.at == NOON + dt.timedelta(hours=3)
    assert entry.body["identity"]["is_test"] is record.is_test is True
    assert desk.kinds()[-4:] == ["note.approved", "note.publishing", "note.published", "head.signed"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
def test_openssl_accepts_the_signatures_of_manifest_and_head(desk: SmallDesk, tmp_path: Path):
    desk.published()
    (published,), (signed,) = desk.archive.entries("note.published"), desk.archive.entries("head.signed")
    path, heads = desk.archive.objects.path, desk.root / "heads"
    pairs = {
        "manifest": (
            path(published.body["manifest"]),
            path(published.body["signatures"]["manifest.json.p7s"]),
        ),
        "head": (heads / "5.json", heads / "5.json.p7s"),
    }
    for name, (content, signature) in pairs.items():
        said = subprocess.run(
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", signature, "-content", content,
             "-CAfile", desk.folder / "authority.pem", "-purpose", "any", "-out", tmp_path / name],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert said.returncode == 0, said.stderr
        assert (tmp_path / name).read_bytes() == content.read_bytes()
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in pairs["head"]}
    assert signed.body["files"] == digests
    head = json.loads((heads / "5.json").read_bytes())
    assert (head["seq"], head["digest"]) == (published.seq, published.digest) == (5, signed.prev)
    assert head["archive"] == desk.archive.id


def test_anchor_gets_a_copy_of_the_head(tmp_path: Path, quick: None):
    desk = make_desk(tmp_path, 'anchor = "../elsewhere"')
    desk.approved()
    done = desk.publish()
    assert done.record.state == "published"
    assert "the anchor has no copy of the ledger's head" in done.warnings[0]
    (tmp_path / "elsewhere").mkdir()
    life.correct(desk.office("ann"), NOTE, desk.note("TW-2026-01-09-r2", "x"), "a number")
    life.approve(desk.office("pia"), "TW-2026-01-09-r2")
    done = desk.publish("TW-2026-01-09-r2")
    assert done.warnings == ()
    assert done.head is not None
    for name in (done.head.name, f"{done.head.name}.p7s"):
        copy = tmp_path / "elsewhere" / f"{desk.archive.id}-{name}"
        assert copy.read_bytes() == (desk.root / "heads" / name).read_bytes()


def test_archives_share_an_anchor(tmp_path: Path, quick: None):
    (tmp_path / "anchor").mkdir()
    desks = [make_desk(tmp_path / name, 'anchor = "../../anchor"') for name in ("rates", "credit")]
    for desk in desks:
        desk.approved()
        assert desk.publish().warnings == ()
    copies = sorted((tmp_path / "anchor").glob("*.json"))
    assert len(copies) == 2  # of the same number
    trust = load_certificates([desks[0].folder / "authority.pem"])
    for desk in desks:
        for copy in copies:
            said = [str(fault) for fault in verify(desk.root, trust, heads=[copy]).faults]
            other = json.loads(copy.read_bytes())["archive"]
            foreign = f"{copy}: foreign: it is the head of archive {other} and tells nothing of this one"
            assert [line.startswith(foreign) for line in said] == [True] * (other != desk.archive.id)


def test_anchor_is_never_written_over(tmp_path: Path, quick: None):
    desk = make_desk(tmp_path / "desk", 'anchor = "../../anchor"')
    (tmp_path / "anchor").mkdir()
    desk.approved()
    copy = tmp_path / "anchor" / f"{desk.archive.id}-5.json"
    copy.write_text("the head of another history")
    done = desk.publish()
    assert done.record.state == "published"
    assert "5.json: there is another copy already, which tells of another history" in done.warnings[0]
    assert copy.read_text() == "the head of another history"


def test_wrong_passphrase_is_refused_and_recorded_without_it(desk: SmallDesk):
    desk.approved()
    with pytest.raises(ApprovalError, match="wrong passphrase"):
        publishing.publish(desk.office("pia"), NOTE, b"hunter2 hunter2")
    last = desk.archive.head()
    assert (last.kind, last.body["step"], last.actor.id) == ("note.refused", "publish", "pia")
    assert b"hunter2" not in desk.archive.ledger.path.read_bytes()
    assert desk.archive.note(NOTE).state == "approved"


@pytest.mark.parametrize(("days", "said"), [(800, "expired"), (-40, "not valid before")])
def test_key_out_of_its_time_is_refused_and_recorded(desk: SmallDesk, days: int, said: str):
    made = small_identity(PASSPHRASE, NOON - dt.timedelta(days=days))
    (desk.folder / "desk.p12").write_bytes(made.p12)
    desk.approved()
    with pytest.raises(ApprovalError, match=said):
        desk.publish()
    assert said in desk.archive.head().body["reason"]
    assert desk.archive.note(NOTE).state == "approved"


def test_key_that_nobody_trusts_is_found_out_before_anything_is_published(desk: SmallDesk):
    (desk.folder / "authority.pem").write_bytes(small_identity(PASSPHRASE, NOON).authority)
    desk.approved()
    with pytest.raises(ArchiveError, match=r"the signature just made is no good: .*is not trusted"):
        desk.publish()
    assert desk.archive.note(NOTE).state == "publishing"
    assert desk.kinds()[-2:] == ["note.publishing", "note.refused"]


def test_disclosures_that_nobody_approved_are_published_by_a_test_key_alone(desk: SmallDesk):
    test_key = {name: (desk.folder / name).read_bytes() for name in ("desk.p12", "authority.pem")}
    own = house_identity(PASSPHRASE, NOON - dt.timedelta(days=1))
    (desk.folder / "desk.p12").write_bytes(own.p12)
    (desk.folder / "authority.pem").write_bytes(own.authority)
    desk.approved()
    expected = rf"{NOTE}: nobody has approved the words of its disclosures: us\.general \(version 2\)\n"
    with pytest.raises(ApprovalError, match=expected):
        desk.publish()
    last = desk.archive.head()
    assert (last.kind, last.body["step"]) == ("note.refused", "publish")
    assert desk.archive.note(NOTE).state == "approved"
    desk.approved(NOTE, counsel="Counsel, 8 January 2026")
    assert desk.publish().record.is_test is False

    for name, content in test_key.items():
        (desk.folder / name).write_bytes(content)
    assert desk.published("TW-2026-01-16-r1").is_test is True


def test_desk_without_a_key_publishes_nothing(desk: SmallDesk):
    text = (desk.folder / "desk.toml").read_text()
    (desk.folder / "desk.toml").write_text(text.replace('key = "desk.p12"', ""))
    desk.approved()
    with pytest.raises(ConfigError, match=r"\[signing\] names no key") as refused:
        desk.publish()
    assert "keys init" in (refused.value.hint or "")
    assert desk.archive.head().kind == "note.refused"


@pytest.mark.parametrize("name", ["note.pdf", "manifest.json", "figures/curve.svg"])
def test_changed_or_missing_sealed_file_stops_publication(desk: SmallDesk, name: str):
    record = desk.approved()
    path = desk.archive.objects.path(record.files[name])
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ArchiveError, match="not what it was when it was sealed"):
        desk.publish()
    path.unlink()
    with pytest.raises(ArchiveError, match="missing from the archive"):
        desk.publish()
    assert desk.archive.note(NOTE).state == "approved"
    assert desk.kinds()[-2:] == ["note.refused", "note.refused"]


def test_signature_that_breaks_the_standards_is_not_published(
    desk: SmallDesk, monkeypatch: pytest.MonkeyPatch
):
    desk.approved()
    with monkeypatch.context() as patch:
        patch.setattr(conformance, "failed", lambda content: ["PDF/UA-1 7.18.4"])
        with pytest.raises(ReportgenError, match=r"breaks its standards: PDF/UA-1 7\.18\.4"):
            desk.publish()
    assert desk.archive.note(NOTE).state == "publishing"
    assert desk.archive.unfinished() == [
        f"{NOTE}: publication begun and not finished; `reportgen publish {NOTE}` ends it"
    ]
    assert desk.publish().record.state == "published"
    assert desk.archive.unfinished() == []


def fail_at(calls: int) -> Callable[..., None]:
    """Return a stand-in for the writing of a file that fails at its n-th call, as on a full disk."""
    write, left = durable.write_file, [calls]

    def failing(path: Path, content: bytes, staging: Path, *, mode: int = 0o444) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise ArchiveError(f"{path}: No space left on device")
        write(path, content, staging, mode=mode)

    return failing


def test_head_that_cannot_be_signed_leaves_the_note_published(
    desk: SmallDesk, monkeypatch: pytest.MonkeyPatch
):
    desk.approved()

    def broken(*arguments: object) -> None:
        raise TimestampError("nobody answers")

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "sign_head", broken)
        done = desk.publish()
    assert done.record.state == "published"
    assert done.warnings == ("the head of the ledger is not signed: nobody answers",)
    said = f"{NOTE}: published, and no signed head speaks for it; `reportgen publish {NOTE}` signs one"
    assert desk.archive.unfinished() == [said]
    again = desk.publish()
    assert again.head is not None
    assert again.record.published_at == done.record.published_at
    assert desk.archive.unfinished() == []
    with pytest.raises(ApprovalError, match="is published, by Pia Principal"):
        desk.publish()


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_full_disk_in_publication_is_made_good_by_the_next_run(
    desk: SmallDesk, monkeypatch: pytest.MonkeyPatch, call: int
):
    desk.approved()
    with monkeypatch.context() as patch:
        patch.setattr(durable, "write_file", fail_at(call))
        with pytest.raises(ArchiveError, match="No space left on device"):
            desk.publish()
    assert desk.archive.note(NOTE).state == "publishing"
    record = desk.publish().record
    assert record.state == "published"
    assert desk.archive.unfinished() == []
    life.verify_sealed(desk.archive, record)


def test_withdrawn_while_it_was_being_published(desk: SmallDesk):
    desk.approved()
    with desk.archive.writing() as writer:
        writer.append("note.publishing", note=NOTE, actor=desk.archive.note(NOTE).approvals[0].actor)
    life.withdraw(desk.office("dora"), NOTE, "stop")
    with pytest.raises(ApprovalError, match="is withdrawn, by Dora Duty"):
        desk.publish()
