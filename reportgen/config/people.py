"""The people of a desk: who may do what with a note, by which qualification, and until when."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from reportgen.config.tables import Line, Table

Role = Literal["analyst", "approver", "compliance", "sender"]
PersonId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,63}$")]


class Qualification(Table):
    """A registration or certificate, with the days on which it is valid, both included."""

    name: Line
    number: str = ""
    jurisdiction: Line
    valid_from: dt.date
    valid_until: dt.date

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Qualification:
        if self.valid_until < self.valid_from:
            raise ValueError("valid_until lies before valid_from")
        return self

    def is_valid(self, day: dt.date) -> bool:
        """Tell whether it is valid on a day."""
        return self.valid_from <= day <= self.valid_until


class Person(Table):
    """A member of the desk."""

    id: PersonId
    name: Line
    email: str = ""
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    qualifications: tuple[Qualification, ...] = ()

    @field_validator("roles")
    @classmethod
    def _names_each_role_once(cls, roles: tuple[Role, ...]) -> tuple[Role, ...]:
        if len(set(roles)) != len(roles):
            raise ValueError("a role is named twice")
        return roles

    def valid(self, day: dt.date) -> tuple[Qualification, ...]:
        """Return the qualifications that are valid on a day."""
        return tuple(q for q in self.qualifications if q.is_valid(day))


def refuse_namesakes(people: tuple[Person, ...]) -> tuple[Person, ...]:
    """Check that an id names one person, and that no person has two: nobody approves their own note.

    Raises: ValueError naming the ids that do not.
    """
    ids = [person.id for person in people]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: named twice, expected one person for each id")
    for what, marks in (
        ("name", [plain(p.name) for p in people]),
        ("email", [plain(p.email) for p in people]),
    ):
        shared = [p.id for p, mark in zip(people, marks, strict=True) if mark and marks.count(mark) > 1]
        if shared:
            raise ValueError(f"{', '.join(shared)}: the same {what}, expected one id for each person")
    return people


def plain(name: str) -> str:
    """Write a name so that another spelling of the same letters does not make another person."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()
