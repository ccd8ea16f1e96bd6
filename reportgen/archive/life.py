"""The life of a note: which step may follow which state, and who may take it.

built → submitted → (returned) → approved → published → superseded | withdrawn. Every step but those of
this table is refused. What is decided here rests on the note's record, the person and the day alone.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from reportgen.archive.ledger import Actor
from reportgen.archive.records import STATES, NoteRecord, is_analyst
from reportgen.config.people import Person, Qualification, Role
from reportgen.errors import ApprovalError, UsageError
from reportgen.units import NEW_YORK

Verb = Literal["submit", "return", "approve", "publish", "withdraw", "correct", "hold", "lift", "export"]
NOTE_ID = re.compile(r"[A-Z]{2,4}-\d{4}-\d{2}-\d{2}(?:T\d{4,6})?(?:-[a-z]{2,3})?-r(?P<revision>[1-9]\d?)")


@dataclass(frozen=True, slots=True)
class Step:
    """A step: the states that it starts from, None for a note that nobody has submitted; the roles for it."""

    states: tuple[str | None, ...]
    roles: tuple[Role, ...]
    done: str  # as in "cannot be approved"


STEPS = MappingProxyType[str, Step](
    {
        "submit": Step((None, "submitted", "returned", "approved"), ("analyst",), "submitted"),
        "return": Step(("submitted", "approved", "publishing"), ("approver", "compliance"), "returned"),
        "approve": Step(("submitted",), ("approver", "compliance"), "approved"),
        "publish": Step(("approved", "publishing"), ("approver", "compliance", "sender"), "published"),
        "withdraw": Step(
            ("submitted", "returned", "approved", "publishing", "published"),
            ("approver", "compliance"),
            "withdrawn",
        ),
        "correct": Step(("published", "withdrawn"), ("analyst",), "corrected"),
        "hold": Step(STATES, ("compliance",), "held"),
        "lift": Step(STATES, ("compliance",), "released from a hold"),
    }
)


EXPORTERS: tuple[Role, ...] = ("approver", "compliance")


def revision_of(note_id: str) -> int:
    """Return the revision that a note's id states.

    Raises: UsageError for what is no id of a note.
    """
    found = NOTE_ID.fullmatch(note_id)
    if found is None:
        raise UsageError(
            f"{_shown(note_id)}: not the id of a note, expected one such as TW-2025-04-10-r1",
            hint="`reportgen archive list` names the notes held.",
        )
    return int(found["revision"])


def sibling(note_id: str, revision: int) -> str:
    """Return the id of another revision of the same note."""
    revision_of(note_id)
    return f"{note_id.rpartition('-r')[0]}-r{revision}"


def admit(verb: Verb, note_id: str, record: NoteRecord | None, person: Person, now: dt.datetime) -> Actor:
    """Return the person in the role in which the step may be taken.

    1. The note is in a state that the step starts from. 2. The person has a role for it. 3. The person has
    a qualification that is valid today. An approval asks for more: 4. the note is not the person's own, as
    submitter or as analyst; 5. the role's approval is lacking, and is not given by the same person twice;
    6. the qualification covers every jurisdiction of the note.

    Raises: ApprovalError naming the first that does not hold.
    """
    step = STEPS[verb]
    _in_state(step, note_id, record)
    roles = [role for role in step.roles if role in person.roles]
    if not roles:
        raise ApprovalError(
            f"{note_id}: {person.name} ({person.id}) has the role {_listed(person.roles)}; to be {step.done} "
            f"a note needs {_listed(step.roles)}",
            hint="Roles stand in [[people]] of desk.toml.",
        )
    valid = qualified(note_id, person, now)
    if verb == "approve" and record is not None:
        roles = _may_approve(record, person, roles, valid)
    return Actor.of(person, roles[0])


def exporter(person: Person) -> Actor:
    """Return the person in the role in which records may be handed out.

    Raises: ApprovalError for one who has no such role.
    """
    for role in EXPORTERS:
        if role in person.roles:
            return Actor.of(person, role)
    raise ApprovalError(
        f"{person.name} ({person.id}) has the role {_listed(person.roles)}; to hand out records takes "
        f"{_listed(EXPORTERS)}",
        hint="Roles stand in [[people]] of desk.toml.",
    )


def qualified(note_id: str, person: Person, now: dt.datetime) -> tuple[Qualification, ...]:
    """Return a person's valid qualifications.

    Raises: ApprovalError if there is none.
    """
    today = now.astimezone(NEW_YORK).date()
    valid = person.valid(today)
    if valid:
        return valid
    held = ", ".join(f"{q.name} ({q.valid_from} to {q.valid_until})" for q in person.qualifications)
    raise ApprovalError(
        f"{note_id}: {person.name} ({person.id}) has no qualification that is valid on {today}: "
        f"{held or 'none is named'}",
        hint="Qualifications stand in [[people.qualifications]] of desk.toml.",
    )


def _in_state(step: Step, note_id: str, record: NoteRecord | None) -> None:
    state = None if record is None else record.state
    if state in step.states:
        return
    if record is None:
        raise ApprovalError(
            f"{note_id}: was never submitted, so it cannot be {step.done}",
            hint="`reportgen archive list` names the notes held.",
        )
    expected = _listed([state for state in step.states if state is not None])
    raise ApprovalError(
        f"{note_id}: is {state}, by {record.state_by.name} ({record.state_by.id}) at "
        f"{record.state_at:%Y-%m-%d %H:%M} UTC; to be {step.done} it must be {expected}",
        hint=_NEXT.get(record.state),
    )


_NEXT = {
    "published": "`reportgen correct` makes a new revision of a published note.",
    "superseded": "`reportgen archive show` names the revision that took its place.",
    "publishing": "`reportgen publish` ends the publication that was begun, `reportgen return` gives it up.",
}


def _may_approve(
    record: NoteRecord, person: Person, roles: list[Role], valid: tuple[Qualification, ...]
) -> list[Role]:
    name = f"{person.name} ({person.id})"
    if person.id in record.submitters:
        raise ApprovalError(f"{record.id}: {name} submitted it: nobody approves their own note")
    if is_analyst(record, person.name, person.email):
        raise ApprovalError(f"{record.id}: {name} is named as its analyst: nobody approves their own note")
    given = [approval for approval in record.standing if approval.actor.id == person.id]
    if given:
        raise ApprovalError(f"{record.id}: {name} has approved it already, as {given[0].actor.role}")
    lacking = [role for role in roles if role in record.lacking]
    if not lacking:
        raise ApprovalError(
            f"{record.id}: {name} is {_listed(roles)}, it lacks the approval of {_listed(record.lacking)}"
        )
    uncovered = sorted(set(record.jurisdictions) - {q.jurisdiction for q in valid})
    if uncovered:
        raise ApprovalError(
            f"{record.id}: {name} has no valid qualification for {_listed(uncovered)}, where the note goes",
            hint="Qualifications stand in [[people.qualifications]] of desk.toml.",
        )
    return lacking


def _listed(names: tuple[str, ...] | list[str] | tuple[Role, ...] | list[Role]) -> str:
    return " or ".join(names)


def _shown(note_id: str) -> str:
    """Write an id that may hold anything, safe for a terminal and for a message."""
    return repr(note_id if len(note_id) <= 80 else f"{note_id[:80]}…")
