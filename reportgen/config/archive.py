"""The desk's archive: where it lies, whose approval a note needs, how long it must be kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from reportgen.config.tables import Line, Table
from reportgen.errors import ArchiveError

_MARKS = ("archive.json", "ledger.jsonl")  # by which the folder of an archive is known


class RetentionRule(Table):
    """How long a rule wants a published note kept, and where it applies; everywhere if it names no place."""

    rule: Line
    years: Annotated[int, Field(ge=1, le=100)]
    jurisdictions: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Retention:
    """What applies to one note: the longest of the rules, and all of them by name."""

    years: int
    rules: tuple[str, ...]


RETENTION = (
    RetentionRule(rule="SEC Rule 17a-4(b)(4), 17 CFR 240.17a-4: three years", years=3, jurisdictions=("US",)),
    RetentionRule(
        rule="CSRC Announcement 2010 No. 28 on research reports, and SAC practice rules: five years",
        years=5,
        jurisdictions=("CN",),
    ),
)


class ArchiveSettings(Table):
    """[archive] of desk.toml. Folders are named from the desk folder, from ~, or absolutely."""

    root: str = ""
    anchor: str = ""  # a folder elsewhere that gets a signed copy of the ledger's head with each publication
    approvals: Annotated[tuple[Literal["approver", "compliance"], ...], Field(min_length=1)] = ("approver",)
    retention: Annotated[tuple[RetentionRule, ...], Field(min_length=1)] = RETENTION

    @field_validator("approvals")
    @classmethod
    def _names_each_role_once(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(roles)) != len(roles):
            raise ValueError("a role is named twice")
        return roles

    def root_folder(self, desk: Path | None) -> Path | None:
        """Return the root folder of the archive, None if the desk names none."""
        return _placed(desk, self.root)

    def anchor_folder(self, desk: Path | None) -> Path | None:
        """Return the folder of the anchors, None if the desk names none."""
        return _placed(desk, self.anchor)

    def retention_of(self, jurisdictions: Iterable[str]) -> Retention:
        """Return how long a note for some jurisdictions is kept.

        Every rule applies where none is named, or one that no rule knows: the longest is the safe one.
        """
        places = set(jurisdictions)
        known = {place for rule in self.retention for place in rule.jurisdictions or places}
        named = [
            rule
            for rule in self.retention
            if not places or not places <= known or not rule.jurisdictions or places & set(rule.jurisdictions)
        ]
        return Retention(max(r.years for r in named), tuple(r.rule for r in named))


def refuse_inside(out: Path) -> None:
    """Check that what a command writes does not come to lie in an archive's folder, whichever it is.

    Raises: ArchiveError.
    """
    for folder in (out.resolve(), *out.resolve().parents):
        if all((folder / name).is_file() for name in _MARKS):
            raise ArchiveError(
                f"{out}: lies in the archive {folder}, expected a place of its own",
                hint="Name another place.",
            )


def _placed(desk: Path | None, name: str) -> Path | None:
    return (desk or Path()) / Path(name).expanduser() if name else None
