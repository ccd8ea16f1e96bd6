"""The rules that ask for disclosures, and the blocks that answer them, read and checked.

Rules are dated as the law is, blocks as their wording is; both are looked up at the as-of, so that a note of
long ago is built with what held then.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from reportgen.config.disclosures import Code, Distribution, Word
from reportgen.config.tables import Line, Table, faults
from reportgen.errors import TemplateError

FOLDER = "disclosures"
RULES = "rules.toml"
_BlockId = Annotated[str, Field(pattern=r"^[a-z]{2}\.[a-z0-9_]+$")]
_File = TypeVar("_File", bound=Table)


class Rule(Table):
    """What a jurisdiction asks for, and of which notes."""

    block: _BlockId
    jurisdiction: Code
    audiences: tuple[Word, ...] = ()
    only_for: tuple[Word, ...] = ()
    any_tags: tuple[Word, ...] = ()
    only_tags: tuple[Word, ...] = ()
    classification: Literal["research", "marketing"] | None = None
    valid_from: dt.date
    valid_until: dt.date | None = None
    source: Line

    def holds(self, distribution: Distribution, tags: frozenset[str], day: dt.date) -> bool:
        """Tell whether a note of this content, for these readers, falls under the rule on a day."""
        audiences = frozenset(distribution.audiences)
        return (
            self.jurisdiction in distribution.jurisdictions
            and _within(day, self.valid_from, self.valid_until)
            and self.classification in (None, distribution.classification)
            and (not self.audiences or not audiences.isdisjoint(self.audiences))
            and (not self.only_for or audiences <= set(self.only_for))
            and (not self.any_tags or not tags.isdisjoint(self.any_tags))
            and (not self.only_tags or tags <= set(self.only_tags))
        )


class Block(Table):
    """One wording of one disclosure, with the days on which it is in force."""

    id: _BlockId
    version: Annotated[int, Field(ge=1)]
    valid_from: dt.date
    valid_until: dt.date | None = None
    place: Literal["certification", "disclosures"]
    per: Literal["note", "analyst"] = "note"
    text: Annotated[tuple[Line, ...], Field(min_length=1)]
    source: Line
    approved: str = ""


class _RuleFile(Table):
    jurisdictions: dict[Code, Line]
    audiences: dict[Word, Line]
    tags: dict[Word, Line]
    rule: tuple[Rule, ...] = ()


class _BlockFile(Table):
    block: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rule table and the blocks of one language."""

    folder: Path
    lang: str
    jurisdictions: frozenset[str]
    audiences: frozenset[str]
    tags: frozenset[str]
    rules: tuple[Rule, ...]
    blocks: tuple[Block, ...]


def load_rule_book(templates: Path, lang: str, desk_folder: Path | None = None) -> RuleBook:
    """Read the desk's own disclosures/, else those of the house, in one language.

    Raises: TemplateError that lists every fault of the files.
    """
    own = None if desk_folder is None else desk_folder / FOLDER
    folder = own if own is not None and own.is_dir() else templates / FOLDER
    table = _read(folder / RULES, _RuleFile)
    blocks = [b for file in sorted((folder / lang).glob("*.toml")) for b in _read(file, _BlockFile).block]
    book = RuleBook(
        folder=folder,
        lang=lang,
        jurisdictions=frozenset(table.jurisdictions),
        audiences=frozenset(table.audiences),
        tags=frozenset(table.tags),
        rules=table.rule,
        blocks=tuple(blocks),
    )
    if found := [*_unknown_words(book), *_overlaps(book)]:
        raise TemplateError(f"{folder}: " + "; ".join(found))
    return book


def in_force(book: RuleBook, id: str, day: dt.date) -> Block | None:
    """Return the wording of a block on a day, None without one."""
    held = (b for b in book.blocks if b.id == id and _within(day, b.valid_from, b.valid_until))
    return next(held, None)


def lacking(book: RuleBook, rule: Rule, day: dt.date) -> str:
    """Say why the block of a rule cannot be printed; nothing if it can."""
    if in_force(book, rule.block, day) is not None:
        return ""
    asked = f"disclosure {rule.block}, which {rule.source} asks for"
    versions = [b for b in book.blocks if b.id == rule.block]
    if not versions:
        return f"{asked}: missing in {book.folder / book.lang}"
    dates = ", ".join(
        f"version {b.version} from {b.valid_from} to {b.valid_until or 'now'}" for b in versions
    )
    return f"{asked}: none in force on {day}, held: {dates}"


def _unknown_words(book: RuleBook) -> Iterator[str]:
    for rule in book.rules:
        named = (
            ("jurisdiction", (rule.jurisdiction,), book.jurisdictions),
            ("audiences", (*rule.audiences, *rule.only_for), book.audiences),
            ("tags", (*rule.any_tags, *rule.only_tags), book.tags),
        )
        for key, words, known in named:
            for word in words:
                if word not in known:
                    yield f"{RULES}: rule of {rule.block}: {key}: {word!r} is not declared at the top"


def _overlaps(book: RuleBook) -> Iterator[str]:
    """Find versions of one block of which two are in force on one day, or that bear one number."""
    for at, one in enumerate(book.blocks):
        for other in book.blocks[at + 1 :]:
            if one.id != other.id:
                continue
            if one.version == other.version:
                yield f"{one.id}: version {one.version} stands there twice"
            elif _overlap(one, other):
                yield f"{one.id}: versions {one.version} and {other.version} are in force on the same days"


def _overlap(one: Block, other: Block) -> bool:
    first, second = sorted((one, other), key=lambda b: b.valid_from)
    return first.valid_until is None or second.valid_from <= first.valid_until


def _within(day: dt.date, begins: dt.date, ends: dt.date | None) -> bool:
    return begins <= day and (ends is None or day <= ends)


def _read(file: Path, kind: type[_File]) -> _File:
    try:
        entries: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TemplateError(f"{file}: no such file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TemplateError(f"{file}: not valid TOML: {error}") from error
    try:
        return kind.model_validate(entries)
    except ValidationError as error:
        raise TemplateError(f"{file}: {faults(error)}") from error
