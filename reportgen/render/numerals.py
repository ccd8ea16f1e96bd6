"""How facts, references, dates and moments print, and the filters that change their wording."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from markupsafe import Markup, escape

from reportgen import text
from reportgen.errors import TemplateError
from reportgen.model import Fact, Ref

Medium = Literal["screen", "print", "plain"]
_MILLION = 1_000_000.0
_CLAUSE = 4  # words from which what is printed is a clause
_BUTTON = Markup('<button type="button" class="{kind}" popovertarget="{anchor}"{more}>{words}</button>')


@dataclass(frozen=True, slots=True)
class Number:
    """A fact or reference on its way to the page; filters change its wording, never its pedigree."""

    origin: Fact | Ref
    words: str
    value: float | str
    decimals: int
    signed: bool
    wrap: Callable[[Fact | Ref, str], Markup]

    def __html__(self) -> str:
        return self.wrap(self.origin, self.words)

    def __str__(self) -> str:
        return self.words

    @property
    def unit(self) -> str:
        return self.origin.unit

    @property
    def number(self) -> float:
        """Return the numeric value.

        Raises: TemplateError for a fact of unit text.
        """
        if isinstance(self.value, str):
            raise TemplateError(f"{self.origin.id} is a word, expected a number")
        return self.value


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or time on its way to the page."""

    words: str
    iso: str
    wrap: Callable[[Moment], Markup]
    origin: str = ""  # the fact or finding that it belongs to

    def __html__(self) -> str:
        return self.wrap(self)

    def __str__(self) -> str:
        return self.words


def number(origin: Fact | Ref, wrap: Callable[[Fact | Ref, str], Markup]) -> Number:
    """Prepare a fact or reference for print."""
    if isinstance(origin, Fact):
        return Number(origin, origin.text, origin.value, origin.decimals, origin.signed, wrap)
    return Number(origin, origin.text, origin.value, 0, False, wrap)


def magnitude(found: object) -> Number:
    """Write without a sign, for prose that has the direction in its verb: "39 bp"."""
    given = _fact(found, "magnitude")
    return _written(replace(given, value=abs(given.number), signed=False))


def signed(found: object) -> Number:
    """Write with a sign even where the fact's own text has none: "+39 bp"."""
    given = _fact(found, "signed")
    return _written(replace(given, value=given.number, signed=True))


def bare(found: object) -> Number:
    """Write without the unit: "39"."""
    given = _fact(found, "bare")
    return replace(given, words=text.format_number(given.number, given.decimals, signed=given.signed))


def whole(found: object) -> Number:
    """Write without decimals: "$153bn"."""
    return _written(replace(_fact(found, "whole"), decimals=0))


def thousands(found: object) -> Number:
    """Write contracts rounded to thousands, without the unit: "233,000"."""
    given = _fact(found, "thousands", "contracts")
    return replace(given, words=text.format_number(round(given.number, -3), 0, signed=given.signed))


def millions(found: object) -> Number:
    """Write contracts in millions, without the unit: "1.87 million"."""
    given = _fact(found, "millions", "contracts")
    words = text.format_number(given.number / _MILLION, 2, signed=given.signed)
    return replace(given, words=f"{words}{text.NBSP}million")


def exact(found: object) -> Number:
    """Write contracts to the last one, without the unit, as tables want them: "1,873,687"."""
    given = _fact(found, "exact", "contracts")
    return replace(given, words=text.format_number(given.number, 0, signed=given.signed))


def bn(found: object) -> Number:
    """Write dollars in billions: "$152.9bn"."""
    return _written(_fact(found, "bn", "usd_bn"))


def word(found: object) -> Number:
    """Write a fact of unit text in words: "bear steepening"."""
    given = _fact(found, "word", "text")
    return replace(given, words=str(given.value).replace("_", " "))


def unsigned(found: object) -> Number:
    """Drop the sign from what is written, for prose that has the direction in its words."""
    if not isinstance(found, Number):
        raise TemplateError(f"|unsigned was given {_described(found)}, expected fact(…) or ref(…)")
    return replace(found, words=found.words.removeprefix(text.MINUS).removeprefix("+"))


def zero(found: object) -> bool:
    """Say whether a fact is written as zero."""
    given = _fact(found, "zero")
    return not any(c in "123456789" for c in text.format_number(given.number, given.decimals))


FILTERS: dict[str, Callable[[object], Number | bool]] = {
    f.__name__: f
    for f in (magnitude, signed, bare, whole, thousands, millions, exact, bn, word, unsigned, zero)
}


def _fact(found: object, name: str, *units: str) -> Number:
    """Insist on a fact of a permitted unit."""
    if not isinstance(found, Number):
        raise TemplateError(f"|{name} was given {_described(found)}, expected fact(…)")
    if isinstance(found.origin, Ref):
        raise TemplateError(f"|{name} was given the reference {found.origin.id}, expected fact(…)")
    if units and found.unit not in units:
        raise TemplateError(f"|{name}: {found.origin.id} is in {found.unit}, expected {' or '.join(units)}")
    if not units and found.unit == "text":
        raise TemplateError(f"|{name}: {found.origin.id} is a word, expected a number")
    return found


def _written(given: Number) -> Number:
    return replace(
        given, words=text.format_value(given.value, given.unit, given.decimals, signed=given.signed)
    )


def _described(found: object) -> str:
    return (
        f"{type(found).__name__} {found!r}" if isinstance(found, (int, float, str)) else type(found).__name__
    )


def refuse(found: object) -> TemplateError:
    """Say what a template tried to print instead of a fact, a reference or words."""
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return TemplateError(f"a bare {_described(found)} cannot be printed, expected a Fact, a Ref or words")
    return TemplateError(
        f"a bare number {found!r}", hint="Print a Fact or a Ref: {{ fact('…') }}, {{ ref('…') }}."
    )


def wrap_fact(medium: Medium, origin: Fact | Ref, words: str) -> Markup:
    """Return a number's markup: on the screen a button that opens its pedigree, elsewhere its words.

    A button is set as one block. A clause is therefore the label of its last word, which is the button:
    it runs on over lines, and opens the pedigree wherever it is clicked.
    """
    if medium != "screen":
        return escape(words)
    kind = "fact" if isinstance(origin, Fact) else "ref"
    given = {"kind": kind, "anchor": anchor(origin)}
    mark = Markup(' data-{}="{}"').format(kind, origin.id)
    clause, space, last = words.rpartition(" ")
    if clause.count(" ") < _CLAUSE - 2:
        return _BUTTON.format(**given, more=mark, words=words)
    button = _BUTTON.format(**given, more=Markup(' aria-label="{}"').format(words), words=last)
    return Markup('<label class="clause"{}>{}{}{}</label>').format(mark, clause, space, button)


def wrap_moment(medium: Medium, moment: Moment) -> Markup:
    """Return a date's markup."""
    if medium != "screen":
        return escape(moment.words)
    origin = Markup(' data-of="{}"').format(moment.origin) if moment.origin else Markup()
    return Markup('<time datetime="{}"{}>{}</time>').format(moment.iso, origin, moment.words)


def anchor(origin: Fact | Ref) -> str:
    """Return the id of the element that shows a number's pedigree."""
    return f"{'fact' if isinstance(origin, Fact) else 'ref'}-{origin.id.replace('.', '-')}"


def moment_words(when: dt.date | dt.datetime, reference: dt.date) -> str:
    """Write a moment with its weekday and time, a date without its year where that is plain."""
    if isinstance(when, dt.datetime):
        return text.format_moment(when, reference)
    return text.format_day(when, reference)
