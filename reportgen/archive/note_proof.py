"""Proof of a note's life: each entry takes a step that its state allowed, by somebody who might take it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from reportgen.archive.ledger import Entry
from reportgen.archive.life import STEPS, Verb
from reportgen.archive.records import NoteRecord, approval_fault, publication_faults, steps

_VERBS = MappingProxyType[str, Verb](
    {
        "note.submitted": "submit",
        "note.returned": "return",
        "note.approved": "approve",
        "note.publishing": "publish",
        "note.published": "publish",
        "note.withdrawn": "withdraw",
        "note.corrected": "correct",
        "hold.placed": "hold",
        "hold.lifted": "lift",
    }
)


def life_faults(note_id: str, entries: Iterable[Entry]) -> Iterator[str]:
    """Say which entries of a note's life should not be there, and why; nothing of a life as it should be.

    Raises: ArchiveError for an entry that lacks what its kind should say.
    """
    corrections: set[str | None] = set()
    for entry, before, _ in steps(note_id, entries):
        faults: Iterable[str] = ()
        if entry.note != note_id:
            corrections.add(entry.note)
        elif entry.kind in _VERBS:
            faults = _faults(_VERBS[entry.kind], before, entry)
        elif entry.kind == "note.superseded" and entry.body["by"] not in corrections:
            faults = (f"{entry.body['by']} was not published as its correction",)
        for why in faults:
            yield f"entry {entry.seq}, {entry.kind}, does not count: {why}"


def _faults(verb: Verb, before: NoteRecord | None, entry: Entry) -> Iterator[str]:
    step = STEPS[verb]
    if entry.actor.role not in step.roles:
        yield f"{entry.actor.name} ({entry.actor.id}) acted as {entry.actor.role or 'nobody'}"
    if before is None:
        if None not in step.states:
            yield "the note was never submitted"
    elif entry.kind == "note.published":
        yield from publication_faults(before, entry)
    elif before.state not in step.states:
        yield f"the note was {before.state}"
    elif verb == "approve" and (why := approval_fault(before, entry)):
        yield why
    elif verb == "lift" and entry.body["matter"] not in [held.matter for held in before.holds]:
        yield f"no hold was placed for {entry.body['matter']!r}"
    if verb == "submit":
        asked = entry.body["approvals"]
        if not asked or not set(asked) <= set(STEPS["approve"].roles):
            yield f"it asks for the approval of {' and '.join(map(str, asked)) or 'nobody'}"
