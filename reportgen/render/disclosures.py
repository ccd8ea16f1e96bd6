"""Which disclosures a note carries: by rule from jurisdiction, audience and content, in the words in force.

What a rule asks for and no block supplies stops the build.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.config import Desk
from reportgen.config.disclosures import Distribution
from reportgen.config.people import Person
from reportgen.errors import ConfigError, TemplateError
from reportgen.model import NEW_YORK
from reportgen.render.context import Disclosure
from reportgen.render.rule_book import FOLDER, RULES, Block, Rule, RuleBook, in_force, lacking, load_rule_book
from reportgen.text import NBSP, format_date

_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the words of a block may name besides desk and analyst."""

    note_id: str
    as_of: dt.datetime

    @property
    def day(self) -> dt.date:
        """Return the date of the as-of."""
        return self.as_of.astimezone(NEW_YORK).date()


def select(
    book: RuleBook, desk: Desk, note_tags: Iterable[str], occasion: Occasion
) -> tuple[Disclosure, ...]:
    """Return the disclosures that a note carries, worded, in the order of the rule table.

    Raises: ConfigError for a jurisdiction, audience or tag that the rules do not know, and for what a text
        names and the desk does not supply; TemplateError for a block that is missing or not in force.
    """
    distribution = desk.distribution
    tags = frozenset(note_tags) | frozenset(distribution.tags)
    _refuse_unknown(book, distribution, tags)
    rules = [rule for rule in book.rules if rule.holds(distribution, tags, occasion.day)]
    if absent := [words for rule in rules if (words := lacking(book, rule, occasion.day))]:
        raise TemplateError(
            "; ".join(absent),
            hint=f"Add the block, or its next version, to {book.folder / book.lang}.",
        )
    made = [(rule, in_force(book, rule.block, occasion.day)) for rule in rules]
    wanting: list[str] = []
    disclosed = [
        Disclosure(
            id=block.id,
            version=block.version,
            jurisdiction=rule.jurisdiction,
            place=block.place,
            paragraphs=tuple(_worded(rule, block, desk, occasion, wanting)),
            source=block.source,
            approved=block.approved,
        )
        for rule, block in made
        if block is not None
    ]
    if wanting:
        raise ConfigError("desk.toml: " + "; ".join(dict.fromkeys(wanting)))
    return tuple(disclosed)


def listed(disclosures: Iterable[Disclosure]) -> list[dict[str, Any]]:
    """Return which disclosures a note carries, for its manifest; the digest is that of the printed words."""
    return [
        {
            "id": one.id,
            "version": one.version,
            "jurisdiction": one.jurisdiction,
            "approved": one.approved,
            "sha256": hashlib.sha256("\n".join(one.paragraphs).encode()).hexdigest(),
        }
        for one in disclosures
    ]


def quoted(disclosures: Iterable[Disclosure]) -> tuple[str, ...]:
    """Return the words of disclosures for the audit of numbers: their numerals are their source's."""
    return tuple(line.replace(NBSP, " ") for one in disclosures for line in one.paragraphs)


def covers(distribution: Distribution) -> dict[str, list[str]]:
    """Return for whom a note's disclosures suffice: nobody where the desk names no jurisdiction."""
    return {
        "jurisdictions": list(distribution.jurisdictions),
        "audiences": list(distribution.audiences if distribution.jurisdictions else ()),
    }


def _refuse_unknown(book: RuleBook, distribution: Distribution, tags: frozenset[str]) -> None:
    asked = (
        ("distribution.jurisdictions", distribution.jurisdictions, book.jurisdictions),
        ("distribution.audiences", distribution.audiences, book.audiences),
        ("content tags", sorted(tags), book.tags),
    )
    found = [
        f"{name}: {word!r} is not known to {book.folder / RULES}, expected one of {', '.join(sorted(known))}"
        for name, words, known in asked
        for word in words
        if word not in known
    ]
    if distribution.jurisdictions and not distribution.audiences:
        found.append("distribution.audiences: none, expected for whom the note is written")
    if distribution.jurisdictions and not tags:
        found.append("content tags: none, expected [content] tags in note.toml")
    if found:
        raise ConfigError("desk.toml: " + "; ".join(found))


def _worded(rule: Rule, block: Block, desk: Desk, occasion: Occasion, wanting: list[str]) -> Iterator[str]:
    """Fill in the names of the desk; what it does not supply is added to the faults."""
    entity = desk.distribution.entities.get(rule.jurisdiction)
    at = f"distribution.entities.{rule.jurisdiction}"
    local = occasion.as_of.astimezone(NEW_YORK)
    known = {
        "firm": (desk.brand.name, "brand.name"),
        "entity": (entity.name if entity else "", f"{at}.name"),
        "regulator": (entity.regulator if entity else "", f"{at}.regulator"),
        "licence": (entity.licence if entity else "", f"{at}.licence"),
        "note": (occasion.note_id, ""),
        "as_of": (f"{format_date(local.date())}{NBSP}at{NBSP}{local:%H:%M}", ""),
    }
    people = tuple(desk.people)
    for analyst in desk.analysts if block.per == "analyst" else (None,):
        own = {}
        if analyst is not None:
            number = _certificate(people, analyst.name, rule.jurisdiction, occasion.day)
            where = f"people: a qualification of {analyst.name} in {rule.jurisdiction} with a number"
            own = {
                "analyst": (analyst.name, ""),
                "role": (analyst.role, f"analysts: the role of {analyst.name}"),
                "certificate": (number, f"{where}, valid on {occasion.day}"),
            }
        for paragraph in block.text:
            yield _filled(paragraph, known | own, f"{block.id} version {block.version}", wanting)


def _filled(paragraph: str, known: dict[str, tuple[str, str]], subject: str, wanting: list[str]) -> str:
    def word(hole: re.Match[str]) -> str:
        if hole[1] not in known:
            raise TemplateError(
                f"disclosure {subject}: {hole[0]} stands for nothing, expected one of {', '.join(known)}"
            )
        found, key = known[hole[1]]
        if not found:
            wanting.append(f"{key}: missing, disclosure {subject} prints it")
        return found

    return _HOLE.sub(word, paragraph)


def _certificate(people: Sequence[Person], name: str, jurisdiction: str, day: dt.date) -> str:
    """Return the number under which an analyst is registered in a jurisdiction, "" without one."""
    held = (q for p in people if p.name == name for q in p.valid(day) if q.jurisdiction == jurisdiction)
    return next((q.number for q in held if q.number), "")


__all__ = ["FOLDER", "Occasion", "covers", "listed", "load_rule_book", "quoted", "select"]
