"""Who acts on the archive, and what a refused step leaves in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reportgen.archive import Actor, Archive, Entry, NoteRecord, Writer
from reportgen.archive.life import NOTE_ID, Verb, admit
from reportgen.config import Desk
from reportgen.config.people import Person
from reportgen.errors import ApprovalError, ReportgenError

_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Office:
    """Who acts, by which settings, on which archive.

    Shape: folder is the desk's, from which the settings name their files; None for the example desk. login is
        the account at work, on record beside the person who is named.
    """

    archive: Archive
    settings: Desk
    person_id: str
    folder: Path | None = None
    login: str = ""

    @property
    def person(self) -> Person:
        """Return the person who acts.

        Raises: ApprovalError for one whom the desk does not name.
        """
        return person_of(self.settings, self.person_id)

    def enter(
        self, writer: Writer, kind: str, note: str | None, actor: Actor, body: Mapping[str, Any],
        *, why: str = "", key: str = "",
    ) -> Entry:  # fmt: skip
        """Add an entry of a note's life, with the account from which it was made."""
        said = {**body, "login": self.login} if self.login else dict(body)
        return writer.append(kind, note=note, actor=actor, why=why, key=key, body=said)

    def admit(self, verb: Verb, note_id: str, record: NoteRecord | None) -> Actor:
        """Return the person in the role in which the step may be taken.

        A publication is finished when a signed head speaks for it: until then it may be taken up again.

        Raises: ApprovalError.
        """
        if verb == "publish" and record is not None and self.archive.lacks_head(record):
            record = replace(record, state="publishing")
        return admit(verb, note_id, record, self.person, self.archive.clock())


def person_of(settings: Desk, person_id: str) -> Person:
    """Return a person of the desk.

    Raises: ApprovalError for one whom the desk does not name.
    """
    for person in settings.people:
        if person.id == person_id:
            return person
    named = ", ".join(person.id for person in settings.people)
    raise ApprovalError(
        f"{person_id[:80]!r}: no such person in desk.toml, expected one of {named or 'its [[people]]'}",
        hint="Name yourself with --as or REPORTGEN_PERSON; people stand in [[people]] of desk.toml.",
    )


def founder(settings: Desk, person_id: str) -> Actor:
    """Return a person of the desk as the one who makes an archive, in the first of the person's roles.

    Raises: ApprovalError.
    """
    person = person_of(settings, person_id)
    return Actor.of(person, person.roles[0])


@contextmanager
def attempt(office: Office, verb: Verb, note_id: str, why: str) -> Iterator[Writer]:
    """Hold the archive for one step; a refusal is written into the ledger, then raised.

    Nothing else of a refused step is written, but for objects, which are on record as unfinished.
    """
    with office.archive.writing() as writer:
        try:
            yield writer
        except ReportgenError as error:
            writer.discard()
            with suppress(ReportgenError):  # where the disk is full, the first error is the one to tell
                _record_refusal(office, writer, verb, note_id, why, error)
            raise


def refused(office: Office, verb: Verb, note_id: str, why: str, error: ReportgenError) -> ReportgenError:
    """Write into the ledger that a step was refused before it began, and return the error to be raised."""
    with suppress(ReportgenError), office.archive.writing() as writer:
        _record_refusal(office, writer, verb, note_id, why, error)
    return error


def _record_refusal(
    office: Office, writer: Writer, verb: Verb, note_id: str, why: str, error: ReportgenError
) -> None:
    known = {person.id: person for person in office.settings.people}.get(office.person_id)
    actor = Actor(office.person_id[:80], "", "unknown") if known is None else Actor.of(known, known.roles[0])
    body: dict[str, Any] = {"step": verb, "reason": error.message[:_LONGEST_REASON]}
    named = NOTE_ID.fullmatch(note_id) is not None
    if note_id and not named:
        body["asked"] = note_id[:80]
    office.enter(writer, "note.refused", note_id if named else None, actor, body, why=why)
    writer.flush()
    office.archive.remember()
