"""The life of a note: every step from every state, by everybody who may and who may not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from reportgen.archive import NoteRecord
from reportgen.archive.life import STEPS, revision_of, sibling
from reportgen.errors import ApprovalError, ArchiveError, AuditError, ReportgenError, UsageError
from reportgen.pipeline import checking, life
from tests.archive.life.desk import SmallDesk, make_desk

NOTE = "TW-2026-01-09-r1"
SECOND = "TW-2026-01-09-r2"


def give_back(desk: SmallDesk) -> NoteRecord:
    return life.give_back(desk.office("dora"), NOTE, "a sentence")


def withdraw(desk: SmallDesk) -> NoteRecord:
    return life.withdraw(desk.office("dora"), NOTE, "a wrong chart")


def begin(desk: SmallDesk) -> object:
    """Leave a publication as a process does that dies in it."""
    with desk.archive.writing() as writer:
        return writer.append("note.publishing", note=NOTE, actor=desk.archive.note(NOTE).approvals[0].actor)


def correct(desk: SmallDesk) -> NoteRecord:
    return life.correct(desk.office("ann"), NOTE, desk.note(SECOND, "corrected"), "a wrong number")


def to_superseded(desk: SmallDesk) -> None:
    desk.published()
    correct(desk)
    life.approve(desk.office("pia"), SECOND)
    desk.publish(SECOND)


STATES: dict[str | None, Callable[[SmallDesk], object]] = {
    None: lambda desk: None,
    "submitted": lambda desk: desk.submitted(),
    "returned": lambda desk: (desk.submitted(), give_back(desk)),
    "approved": lambda desk: desk.approved(),
    "publishing": lambda desk: (desk.approved(), begin(desk)),
    "published": lambda desk: desk.published(),
    "superseded": to_superseded,
    "withdrawn": lambda desk: (desk.published(), withdraw(desk)),
}
TAKEN: dict[str, Callable[[SmallDesk], NoteRecord]] = {
    "submit": lambda desk: desk.submitted(NOTE, "other bytes"),
    "return": lambda desk: life.give_back(desk.office("dora"), NOTE, "a sentence"),
    "approve": lambda desk: life.approve(desk.office("pia"), NOTE),
    "publish": lambda desk: desk.publish().record,
    "withdraw": lambda desk: life.withdraw(desk.office("dora"), NOTE, "a wrong chart"),
    "correct": lambda desk: life.correct(desk.office("ann"), NOTE, desk.note(SECOND, "again"), "a number"),
    "hold": lambda desk: life.hold(desk.office("dora"), NOTE, "Case 7", "litigation"),
    "lift": lambda desk: life.lift(desk.office("dora"), NOTE, "Case 7", "settled"),
}
LEADS_TO = {
    "submit": "submitted",
    "return": "returned",
    "approve": "approved",
    "publish": "published",
    "withdraw": "withdrawn",
}
# Written out here by hand, so that the table of the program is not compared with itself.
ALLOWED = {
    (None, "submit"), ("submitted", "submit"), ("returned", "submit"), ("approved", "submit"),
    ("submitted", "return"), ("approved", "return"), ("publishing", "return"),
    ("submitted", "approve"),
    ("approved", "publish"), ("publishing", "publish"),
    ("submitted", "withdraw"), ("returned", "withdraw"), ("approved", "withdraw"), ("publishing", "withdraw"),
    ("published", "withdraw"),
    ("published", "correct"), ("withdrawn", "correct"),
    *((state, "hold") for state in STATES if state is not None),
}  # fmt: skip


InState = Callable[[str | None], SmallDesk]


@pytest.fixture(scope="module")
def made() -> dict[str | None, SmallDesk]:
    """Keep a desk whose note is in each state, once it was made."""
    return {}


@pytest.fixture
def in_state(
    made: dict[str | None, SmallDesk], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, quick: None
) -> InState:
    """Give a desk of one's own whose note is in a state."""

    def copied(state: str | None) -> SmallDesk:
        if state not in made:
            made[state] = make_desk(tmp_path_factory.mktemp("state"))
            STATES[state](made[state])
        return made[state].copy(tmp_path)

    return copied


@pytest.mark.parametrize("state", STATES, ids=str)
def test_steps_that_a_state_allows_and_no_others(in_state: InState, state: str | None):
    desk = in_state(state)
    before = desk.archive.find(NOTE)
    assert (before.state if before else None) == state
    for verb in TAKEN:
        if (state, verb) in ALLOWED or verb == "lift":
            continue
        refusals = len(list(desk.archive.entries("note.refused")))
        with pytest.raises(ApprovalError) as refused:
            TAKEN[verb](desk)
        expected = "was never submitted" if before is None else f"is {state}, by {before.state_by.name} "
        assert f"{NOTE}: {expected}" in refused.value.message
        assert STEPS[verb].done in refused.value.message
        last = desk.archive.head()
        assert (last.kind, last.note, last.body["step"]) == ("note.refused", NOTE, verb)
        assert last.body["reason"] == refused.value.message
        assert len(list(desk.archive.entries("note.refused"))) == refusals + 1
    after = desk.archive.find(NOTE)
    assert (after and after.state) == (before and before.state)


@pytest.mark.parametrize(("state", "verb"), sorted(ALLOWED, key=str), ids=lambda p: str(p))
def test_allowed_step_is_taken(in_state: InState, state: str | None, verb: str):
    desk = in_state(state)
    record = TAKEN[verb](desk)
    if verb == "correct":
        assert (record.id, record.state, record.supersedes) == (SECOND, "submitted", NOTE)
        assert desk.archive.note(NOTE).state == state
    elif verb == "hold":
        assert (record.state, [h.matter for h in record.holds]) == (state, ["Case 7"])
    else:
        assert record.state == LEADS_TO[verb]


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (
            "ann",
            r"Ann Alyst \(ann\) has the role analyst; to be approved a note needs approver or compliance",
        ),
        (
            "otto",
            r"Otto Old \(otto\) has no qualification that is valid on 2026-01-09: Series 16 \(2020-01-01",
        ),
        ("nina", r"Nina None \(nina\) has no qualification that is valid on 2026-01-09: none is named"),
        ("hugo", r"Hugo Home \(hugo\) has no valid qualification for CN, where the note goes"),
        ("mallory", "'mallory': no such person in desk.toml, expected one of ann, amy, pia"),
        ("", "'': no such person"),
        ("dora", r"Dora Duty \(dora\) is compliance, it lacks the approval of approver"),
    ],
)
def test_approver_must_be_fit(desk: SmallDesk, person: str, said: str):
    desk.submitted(jurisdictions=("US", "CN"))
    with pytest.raises(ApprovalError, match=said):
        life.approve(desk.office(person), NOTE)
    last = desk.archive.head()
    assert (last.kind, last.actor.id) == ("note.refused", person)
    assert desk.archive.note(NOTE).state == "submitted"


def test_qualification_counts_on_its_last_day_in_new_york(desk: SmallDesk):
    desk.clock.at = dt.datetime(2031, 1, 1, 4, 59, tzinfo=dt.UTC)  # 31 December 2030, 23:59 in New York
    desk.submitted()
    assert life.approve(desk.office("hugo"), NOTE).state == "approved"
    desk.clock.forward(minutes=1)
    with pytest.raises(ApprovalError, match="no qualification that is valid on 2031-01-01"):
        life.give_back(desk.office("pia"), NOTE, "too late")


def test_nobody_approves_what_they_submitted(desk: SmallDesk):
    life.submit(desk.office("selma"), desk.note())
    with pytest.raises(
        ApprovalError, match=r"Selma Self \(selma\) submitted it: nobody approves their own note"
    ):
        life.approve(desk.office("selma"), NOTE)
    give_back(desk)
    life.submit(desk.office("ann"), desk.note(words="now by another"))
    with pytest.raises(ApprovalError, match="submitted it"):
        life.approve(desk.office("selma"), NOTE)


@pytest.mark.parametrize("named", ["Selma Self", "selma  SELF"])
def test_nobody_approves_what_names_them_as_analyst(desk: SmallDesk, named: str):
    desk.submitted(analysts=("Ann Alyst", named))
    with pytest.raises(ApprovalError, match="is named as its analyst: nobody approves their own note"):
        life.approve(desk.office("selma"), NOTE)


def test_approval_binds_every_sealed_file(desk: SmallDesk):
    record = desk.approved()
    entry = list(desk.archive.entries("note.approved"))[-1]
    assert entry.body["files"] == record.files
    assert set(record.files) == {
        "note.pdf", "note.html", "facts.json", "inputs.parquet", "context.zip", "figures/curve.svg",
        "manifest.json",
    }  # fmt: skip
    assert entry.body["manifest"] == record.files["manifest.json"] == record.manifest
    assert entry.body["qualifications"][0] == {"name": "Series 16", "number": "7", "jurisdiction": "US"}


def test_other_bytes_void_an_approval(desk: SmallDesk):
    desk.approved()
    record = desk.submitted(words="a new sentence")
    assert record.state == "submitted"
    assert [a.void for a in record.approvals] == [True]
    with pytest.raises(ApprovalError, match="is submitted, by Ann Alyst"):
        desk.publish()
    assert life.approve(desk.office("pia"), NOTE).state == "approved"


def test_same_bytes_again_change_nothing(desk: SmallDesk):
    desk.approved()
    before = desk.kinds()
    assert desk.submitted().state == "approved"
    assert desk.kinds() == before


def test_returned_note_may_come_back_as_it_was(desk: SmallDesk):
    desk.submitted()
    give_back(desk)
    assert desk.submitted().state == "submitted"
    assert desk.kinds(NOTE) == ["note.submitted", "note.returned", "note.submitted"]


def test_digest_names_the_bytes_that_were_read(desk: SmallDesk):
    record = desk.submitted()
    desk.submitted(words="changed behind the approver's back")
    for digest in (record.manifest, record.manifest[:12], "0" * 64, desk.archive.note(NOTE).manifest[:11]):
        with pytest.raises(ApprovalError, match="the manifest submitted last has the SHA-256"):
            life.approve(desk.office("pia"), NOTE, digest)
    now = desk.archive.note(NOTE).manifest
    assert life.approve(desk.office("pia"), NOTE, now[:12].upper()).state == "approved"


def test_two_approvals_by_two_people(tmp_path, quick):
    desk = make_desk(tmp_path, 'approvals = ["approver", "compliance"]')
    assert desk.submitted().lacking == ("approver", "compliance")
    record = life.approve(desk.office("both"), NOTE)
    assert (record.state, record.lacking) == ("submitted", ("compliance",))
    with pytest.raises(ApprovalError, match=r"Bo Both \(both\) has approved it already, as approver"):
        life.approve(desk.office("both"), NOTE)
    with pytest.raises(ApprovalError, match=r"Pia Principal .* it lacks the approval of compliance"):
        life.approve(desk.office("pia"), NOTE)
    with pytest.raises(ApprovalError, match="is submitted, by Ann Alyst"):
        desk.publish()
    assert life.approve(desk.office("dora"), NOTE).state == "approved"


def test_changed_sealed_file_is_not_approved(desk: SmallDesk):
    record = desk.submitted()
    path = desk.archive.objects.path(record.files["facts.json"])
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"words", b"swords"))
    with pytest.raises(ArchiveError, match="not what it was when it was sealed"):
        life.approve(desk.office("pia"), NOTE)
    assert desk.archive.head().kind == "note.refused"


def test_folder_that_fails_its_check_is_not_sealed(desk: SmallDesk, monkeypatch: pytest.MonkeyPatch):
    fault = checking.Fault("manifest", "facts.json", "sha256 is not what the manifest says")
    monkeypatch.setattr(checking, "check", lambda note: [fault])
    with pytest.raises(AuditError, match=r"fails its check\n  facts\.json: sha256 is not what"):
        desk.submitted()
    last = desk.archive.head()
    assert (last.kind, last.note, last.body["step"]) == ("note.refused", NOTE, "submit")
    assert not list((desk.root / "objects").iterdir())


@pytest.mark.parametrize(
    "asked", ["../../etc/passwd", "TW-2026-01-09-r1/..", "", "TW-2026-01-09-r0", "x" * 500]
)
def test_what_is_no_id_is_refused_and_recorded(desk: SmallDesk, asked: str):
    for step in (life.approve, desk_publish(desk)):
        with pytest.raises(UsageError, match="not the id of a note") as refused:
            step(desk.office("pia"), asked)
        assert len(refused.value.message) < 200
        last = desk.archive.head()
        assert (last.kind, last.note) == ("note.refused", None)
    assert sorted(p.name for p in desk.place.iterdir()) == ["archive", "desk"]


@pytest.mark.parametrize(
    ("note_id", "revision"),
    [(NOTE, 1), ("TW-2025-04-11T1800-r12", 12), ("TW-2025-04-10-zh-r1", 1), ("FXW-2025-04-10-r99", 99)],
)
def test_ids_of_every_kind_are_known(note_id: str, revision: int):
    assert revision_of(note_id) == revision
    assert revision_of(sibling(note_id, 7)) == 7


def desk_publish(desk: SmallDesk) -> Callable[..., object]:
    return lambda office, asked: desk.publish(asked)


def test_manifest_with_another_id_is_no_way_out_of_the_archive(desk: SmallDesk):
    folder = desk.note()
    manifest = (folder / "manifest.json").read_text().replace(NOTE, "../../../tmp/evil")
    (folder / "manifest.json").write_text(manifest)
    with pytest.raises(UsageError, match="not the id of a note"):
        life.submit(desk.office("ann"), folder)


def test_correction_supersedes_when_it_is_published(desk: SmallDesk):
    first = desk.published()
    second = correct(desk)
    assert (second.supersedes, second.correction_why) == (NOTE, "a wrong number")
    assert desk.archive.note(NOTE).state == "published"
    with pytest.raises(ApprovalError, match=f"its revision {SECOND} is submitted already"):
        life.correct(desk.office("ann"), NOTE, desk.note(SECOND, "third"), "another")
    life.approve(desk.office("pia"), SECOND)
    desk.publish(SECOND)
    old = desk.archive.note(NOTE)
    assert (old.state, old.superseded_by) == ("superseded", SECOND)
    assert (old.files, old.signed_pdf) == (first.files, first.signed_pdf)
    life.verify_sealed(desk.archive, old)
    assert desk.archive.note(SECOND).submitted_by.id == "ann"
    entries = {entry.kind: entry for entry in desk.archive.entries()}
    assert (entries["note.corrected"].note, entries["note.corrected"].key) == (NOTE, SECOND)
    assert (entries["note.published"].note, entries["note.published"].key) == (SECOND, NOTE)


def test_superseded_even_if_its_own_entry_was_cut_off(desk: SmallDesk):
    """The correction's own entry says it, so a power cut between the two lines changes nothing."""
    to_superseded(desk)
    path = desk.root / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    published = next(k for k, line in enumerate(lines) if b'"note.superseded"' in line)
    path.write_bytes(b"".join(lines[:published]))
    assert desk.archive.note(NOTE).state == "superseded"
    assert [r.state for r in desk.archive.notes()] == ["superseded", "published"]


def test_abandoned_correction_gives_way_to_the_next(desk: SmallDesk):
    desk.published()
    correct(desk)
    life.withdraw(desk.office("dora"), SECOND, "not needed after all")
    third = sibling(NOTE, 3)
    record = life.correct(desk.office("ann"), NOTE, desk.note(third, "third"), "a second thought")
    assert (record.id, record.supersedes) == (third, NOTE)


def test_withdrawn_note_is_corrected_once(desk: SmallDesk):
    """Two corrections of one note would both be in force."""
    desk.published()
    withdraw(desk)
    correct(desk)
    life.approve(desk.office("pia"), SECOND)
    desk.publish(SECOND)
    third = sibling(NOTE, 3)
    said = f"{NOTE}: its revision {SECOND} is published, and stands in its place"
    for step in (
        lambda: life.ready(desk.office("ann"), "correct", NOTE),
        lambda: life.correct(desk.office("ann"), NOTE, desk.note(third, "third"), "a second thought"),
    ):
        with pytest.raises(ApprovalError, match=said) as refused:
            step()
        assert f"reportgen correct {SECOND}" in (refused.value.hint or "")
        assert desk.archive.head().kind == "note.refused"
    assert life.correct(desk.office("ann"), SECOND, desk.note(third), "a number").supersedes == SECOND
    with pytest.raises(ApprovalError, match=f"its revision {SECOND} is published"):
        life.correct(desk.office("ann"), NOTE, desk.note(sibling(NOTE, 4)), "a second thought")
    life.approve(desk.office("pia"), third)
    desk.publish(third)
    live = [r.id for r in desk.archive.notes() if r.state == "published"]
    assert live == [third]


def test_correction_of_a_note_withdrawn_before_it_was_published(desk: SmallDesk):
    desk.submitted()
    withdraw(desk)
    assert correct(desk).supersedes is None


@pytest.mark.parametrize("note_id", [NOTE, sibling(NOTE, 3), "TW-2026-01-16-r2"])
def test_correction_must_be_the_next_revision(desk: SmallDesk, note_id: str):
    desk.published()
    with pytest.raises(ApprovalError, match=f"holds {note_id}, expected {SECOND}") as refused:
        life.correct(desk.office("ann"), NOTE, desk.note(note_id, "x"), "a number")
    assert "--revision 2" in (refused.value.hint or "")


def test_revision_comes_only_as_a_correction(desk: SmallDesk):
    desk.published()
    with pytest.raises(ApprovalError, match="nobody has said what it corrects"):
        desk.submitted(SECOND)


def test_returned_correction_keeps_its_link(desk: SmallDesk):
    desk.published()
    correct(desk)
    life.give_back(desk.office("dora"), SECOND, "still wrong")
    record = desk.submitted(SECOND, "right at last")
    assert (record.supersedes, record.correction_why) == (NOTE, "a wrong number")


def test_holds_are_placed_and_lifted_by_matter(desk: SmallDesk):
    desk.published()
    life.hold(desk.office("dora"), NOTE, "Case 7", "litigation")
    life.hold(desk.office("dora"), NOTE, "Case 8", "inquiry")
    with pytest.raises(ApprovalError, match="no hold is placed for 'Case 9'"):
        life.lift(desk.office("dora"), NOTE, "Case 9", "settled")
    with pytest.raises(
        ApprovalError, match="has the role approver or sender; to be held a note needs compliance"
    ):
        life.hold(desk.office("pia"), NOTE, "Case 10", "curiosity")
    record = life.lift(desk.office("dora"), NOTE, "Case 7", "settled")
    assert [(h.matter, h.why, h.actor.id) for h in record.holds] == [("Case 8", "inquiry", "dora")]


@pytest.mark.parametrize(
    ("jurisdictions", "years"),
    [(("US",), 3), (("CN",), 5), (("US", "CN"), 5), ((), 5), (("SG",), 5), (("US", "SG"), 5)],
)
def test_retention_is_that_of_the_longest_rule(desk: SmallDesk, jurisdictions: tuple[str, ...], years: int):
    record = desk.submitted(jurisdictions=jurisdictions)
    assert record.retention_until == dt.date(2026 + years, 1, 9)


def test_retention_runs_from_publication_also_from_a_leap_day(desk: SmallDesk):
    desk.clock.at = dt.datetime(2028, 2, 28, 12, tzinfo=dt.UTC)
    assert desk.submitted().retention_until == dt.date(2031, 2, 28)
    desk.clock.forward(days=1)
    life.approve(desk.office("pia"), NOTE)
    with pytest.raises(ApprovalError, match="expired"):
        desk.publish()  # the test key lives two years
    assert desk.archive.head().kind == "note.refused"


def test_record_says_what_distribution_reads(desk: SmallDesk):
    record = desk.submitted()
    assert (record.name, record.language, record.revision) == ("treasury-weekly", "en", 1)
    assert record.title == "Weekly of 2026-01-09 &"
    assert record.as_of == "2026-01-09T23:59:00-05:00"
    assert (record.jurisdictions, record.audiences) == (("US",), ("institutional",))
    assert [(one["id"], one["version"]) for one in record.disclosures] == [
        ("us.reg_ac", 1),
        ("us.general", 2),
    ]
    assert record.analysts == ({"name": "Ann Alyst", "email": ""},)


def test_unknown_note_is_named(desk: SmallDesk):
    with pytest.raises(ArchiveError, match=f"{NOTE}: no such note in"):
        desk.archive.note(NOTE)
    for step in TAKEN:
        if step not in ("submit", "publish"):
            with pytest.raises(ReportgenError):
                TAKEN[step](desk)
