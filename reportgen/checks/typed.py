"""Typed numbers: which facts print as they do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reportgen.checks.grammar import NUMERAL, blanked
from reportgen.model import Fact, Ref
from reportgen.text import MINUS, NBSP, format_value, show

_UNIT = re.compile(
    r"[ -]?(?:%|percent\b|per cent\b|bp\b|basis points?\b|bn\b|billion\b|trillion\b|"
    r"million\b(?: contracts?\b)?|cuts?\b|contracts?\b|points?\b|standard deviations?\b|trading days?\b)"
)
_ONE_WAY = (
    (r"(?: percent| per cent)$", "%"),
    (r" basis points?$", " bp"),
    (r" (?:billion|bn)$", "bn"),
    (r" %$", "%"),
    (r"(?<=\d)bp$", " bp"),
    (r"(cut|contract|point|standard deviation|trading day)s$", r"\1"),
)
_SPELLED = re.compile(
    r"\b(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|thousand|half|a|and)[ -])+"
    r"(?:bp|basis points?|percent|percentage points?|per cent|billion|trillion|million)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A number as somebody typed it, with its unit, and where it stands in the text."""

    words: str
    start: int
    end: int


def numbers(words: str, quotes: Iterable[str] = ()) -> Iterator[Typed]:
    """Walk over the numbers of a text; dates, times, tenors and names do not count."""
    shown = words.replace(NBSP, " ")
    bare = blanked(words, quotes, scales=False)
    for found in NUMERAL.finditer(bare):
        start, end = found.span()
        if shown[start] == "-" and start and shown[start - 1].isalnum():
            start += 1  # a hyphen
        unit = _UNIT.match(shown, end)
        end = end if unit is None else unit.end()
        yield Typed(shown[start:end], start, end)
    for spelled in _SPELLED.finditer(shown):
        if not spelled[0].casefold().startswith(("a ", "and ")):
            yield Typed(spelled[0], *spelled.span())


class Printed:
    """The facts and references of a note by the words that they print as."""

    def __init__(self, facts: Mapping[str, Fact], refs: Mapping[str, Ref]) -> None:
        self._held: dict[str, dict[str, Fact | Ref]] = {}
        for fact in facts.values():
            for words in _forms(fact):
                self._held.setdefault(_one_way(words), {})[fact.id] = fact
        for ref in refs.values():
            if not isinstance(ref.value, str):
                self._held.setdefault(_one_way(ref.text), {})[ref.id] = ref

    def candidates(self, words: str) -> tuple[Fact | Ref, ...]:
        """Return what prints as the words do, whatever it is spelled like."""
        return tuple(self._held.get(_one_way(words), {}).values())


def _forms(fact: Fact) -> Iterator[str]:
    """Walk over the ways in which a number is printed with its unit."""
    if isinstance(fact.value, str):
        return
    yield fact.text
    # Without its decimals a small quote or index, 7 yuan for a dollar, is any small number.
    whole = fact.unit != "contracts" and not (fact.unit in ("quote", "index") and abs(fact.value) < 10)
    for form in ("magnitude", "signed", *(("whole",) if whole else ())):
        yield show(fact, form)
    if fact.unit == "contracts":
        for form in ("thousands", "millions"):
            yield f"{show(fact, form)} contracts"
        yield show(fact, "millions")
    if fact.unit == "usd_bn":
        yield format_value(abs(fact.value), fact.unit, 0)


def _one_way(words: str) -> str:
    """Spell a number in one way."""
    shown = " ".join(words.replace(NBSP, " ").replace("-", MINUS).split()).casefold()
    shown = re.sub(rf"(?<=\d){MINUS}(?=[a-z])", " ", shown)
    for pattern, plain in _ONE_WAY:
        shown = re.sub(pattern, plain, shown)
    return shown
