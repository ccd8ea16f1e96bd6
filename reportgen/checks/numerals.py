"""The number audit of a finished page: every numeral is a fact, a quoted reference, or listed grammar.

The page marks what it printed: data-fact and data-ref name the origin of a number, <time data-of>
that of a date. The audit reads the page as a browser would, compares each marked number with its
origin, the verb before it with the origin's sign, and finds the numerals that nothing marks.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from reportgen.model import Fact, Ref
from reportgen.text import MINUS, NBSP, format_date

# What may hold a digit without being a number of the note's.
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
GRAMMAR = (
    r"\b\d{2}:\d{2}\b",  # times
    rf"\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{4}}|\b(?:since|in) 20\d\d",  # dates
    r"\d{4}-\d{2}-\d{2}",
    r"\d+-(?: and \d+-)?(?:year|month)|\d+s\d+s|, 12m",  # tenors
    r"at \d+ years|at \d+\b(?!:)|from \d+ to \d+ years",  # tenors, too
    r"\d+(?:st|nd|rd|th)\b",  # percentiles
    r"S&P 500|H\.4\.1|H\.1[05]|STLFSI4|FEDS 2005-33",  # names
    r"[A-Z]+:[\w^=./-]+|DV01s?|\b[a-z][a-z_]*\d\w*",  # a source and its code, FRED:DGS10; the id of a series
    r"\b[A-Z]{2}-\d{4}-\d{2}-\d{2}(?:T\d{4})?-r\d+",  # the note's id
    r"over 13 weeks|from 0 \(calm\) to 100|100 at each start",  # scales of exhibits
)
_GRAMMAR = re.compile("|".join(GRAMMAR))
_NUMERAL = re.compile(rf"[+{MINUS}-]?\$?\d[\d,]*(?:\.\d+)?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_SKIPPED = frozenset({"head", "script", "style", "svg", "title"})
# Links to exhibits, and what the desk file says of the desk.
_NOT_OURS = frozenset(("xref", "masthead", "byline", "colophon"))
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
UP = (
    *("rose", "edged up", "jumped", "surged", "widened by", "edged wider by", "widened sharply, by"),
    *("blew out by", "steepened", "raised its target range by"),
)
DOWN = (
    *("fell", "edged down", "dropped", "plunged", "eased", "narrowed by", "edged tighter by"),
    *("narrowed sharply, by", "collapsed by", "flattened", "lowered its target range by"),
)
_VERB = re.compile(rf"\b({'|'.join((*UP, *DOWN))})\s*$")


@dataclass(frozen=True, slots=True)
class Fault:
    """One numeral or direction that has no fact behind it."""

    found: str
    why: str
    place: str  # the words around it

    def __str__(self) -> str:
        return f"{self.found!r} {self.why}, in “{self.place}”"


@dataclass(slots=True)
class _Open:
    tag: str
    skipped: bool
    fact: str = ""
    ref: str = ""
    free: bool = False  # ordinals, dates, links to publishers: numerals that are not the note's
    words: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Walk the page and hand every run of text to the audit."""

    def __init__(self, facts: Mapping[str, Fact], refs: Mapping[str, Ref], quotes: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.facts, self.refs, self.quotes = facts, refs, quotes
        self.faults: list[Fault] = []
        self.stack: list[_Open] = []
        self.line = ""  # the words since the last block began
        self.seen = ""  # the same, what is marked left out

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        if tag in _VOID:
            return
        above = self.stack[-1] if self.stack else _Open("", False)
        skipped = above.skipped or tag in _SKIPPED or "popover" in given or given.get("class") == "data"
        free = above.free or tag == "time" or "data-ordinal" in given or given.get("class") in _NOT_OURS
        free = free or given.get("id") == "disclosures"  # the desk's own words
        free = free or (tag == "a" and given.get("href", "").startswith(("http", "mailto:")))
        self.stack.append(_Open(tag, skipped, given.get("data-fact", ""), given.get("data-ref", ""), free))
        if tag in ("p", "li", "td", "th", "h1", "h2", "h3", "div", "figure", "section", "summary"):
            self.line = self.seen = ""

    def handle_endtag(self, tag: str) -> None:
        while self.stack:
            closed = self.stack.pop()
            if not closed.skipped and (closed.fact or closed.ref):
                self._marked(closed, "".join(closed.words))
            if closed.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self.stack or self.stack[-1].skipped:
            return
        marked = next((o for o in reversed(self.stack) if o.fact or o.ref), None)
        if marked is not None:
            marked.words.append(data)
            return
        if not self.stack[-1].free:
            self._plain(data)
        self.line += data
        self.seen += data if not self.stack[-1].free else " "

    def _plain(self, data: str) -> None:
        before = self.seen[-20:]
        bare = _GRAMMAR.sub(lambda m: " " * len(m[0]), (before + data).replace(NBSP, " "))
        for found in _NUMERAL.finditer(bare, len(before)):
            if found[0].strip("+$-" + MINUS) not in self.quotes:
                self._fault(found[0], "has no fact behind it", data)

    def _marked(self, origin: _Open, words: str) -> None:
        if origin.ref:
            ref = self.refs.get(origin.ref)
            if ref is None or not same_number(words, ref.value, ref.unit):
                self._fault(words, f"is not the reference {origin.ref}", words)
        else:
            fact = self.facts.get(origin.fact)
            if fact is None:
                self._fault(words, f"names the unknown fact {origin.fact}", words)
            elif not (same_number(words, fact.value, fact.unit) or words in _dates(fact)):
                self._fault(words, f"is not {origin.fact}, which is {fact.text}", words)
            else:
                self._direction(fact, words)
        self.line += words
        self.seen += " "

    def _direction(self, fact: Fact, words: str) -> None:
        verb = _VERB.search(" ".join(self.line.split()) + " ".rstrip())
        if verb is None or isinstance(fact.value, str):
            return
        if (verb[1] in UP) != (fact.value > 0):
            self._fault(f"{verb[1]} {words}", f"goes against {fact.id}, which is {fact.value:g}", self.line)

    def _fault(self, found: str, why: str, place: str) -> None:
        shown = " ".join((self.line[-40:] + place).split())
        self.faults.append(Fault(found, why, shown))


def _dates(fact: Fact) -> set[str]:
    """Return the dates that belong to a fact, as the note writes them."""
    days = (fact.observed, fact.start) if fact.start is not None else (fact.observed,)
    return {format_date(d) for d in days}


def same_number(words: str, value: float | str, unit: str) -> bool:
    """Say whether words are a value as the note may write it: rounded, without its sign, in millions."""
    if isinstance(value, str):
        if _ISO.fullmatch(value):
            return words == format_date(dt.date.fromisoformat(value))
        return words.strip().replace(NBSP, " ").replace(" ", "_") == value.replace(" ", "_")
    numeral = _NUMERAL.search(words.replace(NBSP, " "))
    if numeral is None:
        return False
    digits = numeral[0].lstrip(f"+-{MINUS}").replace(",", "").replace("$", "")
    million = "million" in words
    shown = float(digits) * (1e6 if million else 1.0)
    step = 10.0 ** -len(digits.partition(".")[2]) * (1e6 if million else 1.0)
    if unit == "contracts" and not million and (digits == "0" or digits.endswith("000")):
        step = 1000.0  # prose rounds contracts to thousands
    sign = {"+": 1.0, "-": -1.0, MINUS: -1.0}.get(numeral[0][0])
    if sign is not None and sign * value < 0 and shown:
        return False
    # A rank of 99% and more is rounded down, so that it never claims that every earlier one was smaller.
    low, high = (0.0, 1.0) if unit == "percent" and 99 <= value < 100 else (-0.5, 0.5)
    return low * step - 1e-9 <= abs(value) - shown <= high * step + 1e-9


def audit(
    page: str, facts: Mapping[str, Fact], refs: Mapping[str, Ref], quotes: Iterable[str] = ()
) -> list[Fault]:
    """Return every numeral of a page without a fact, and every fact or direction shown wrongly.

    quotes: texts with a source of their own, such as the headlines of events, whose numerals count.
    """
    quoted = frozenset(n.strip("+$-" + MINUS) for q in quotes for n in _NUMERAL.findall(q))
    reader = _Reader(facts, refs, quoted)
    reader.feed(page)
    reader.close()
    return reader.faults
