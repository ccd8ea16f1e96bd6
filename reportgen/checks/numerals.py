"""The number audit of a finished page: every numeral is a fact, a quoted reference, or listed grammar.

The page marks what it printed: data-fact and data-ref name the origin of a number, <time data-of>
that of a date. The audit reads the page as a browser would, compares each marked number with its
origin, the words of direction around it with the origin's sign, each date with its moment, and finds
the numerals that nothing marks.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reportgen.checks import claims, direction
from reportgen.checks.grammar import NUMERAL, blanked
from reportgen.checks.page import Block, Piece, plain, read
from reportgen.model import NEW_YORK, Fact, Ref
from reportgen.text import MINUS, NBSP, format_date

# Units that are written; the others have none, or share theirs.
_MARKS = (
    (re.compile(r"%|\bper ?cent\b"), "percent"),
    (re.compile(r"\bbp\b|\bbasis points?\b"), "bp"),
    (re.compile(r"\d ?(?:bn|billion)\b"), "usd_bn"),
    (re.compile(r"\bcuts?\b"), "cuts"),
    (re.compile(r"\bcontracts?\b"), "contracts"),
    (re.compile(r"(?<!basis )\bpoints?\b"), "points"),
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
# Sections that state rules and terms, and lists of names.
_DRY = frozenset(("method", "sources", "gaps", "indicators", "disclosures"))
_NET, _SHORT = re.compile(r"_net\b"), re.compile(r"\bshort $")
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_DESCRIPTION = re.compile(r'<meta name="description" content="([^"]*)"')
_WEEKDAY = re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)")
_MONTH = re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)")


@dataclass(frozen=True, slots=True)
class Fault:
    """One numeral or direction that has no fact behind it."""

    found: str
    why: str
    place: str  # the words around it

    def __str__(self) -> str:
        return f"'{plain(self.found)}' {self.why}, in “{self.place}”"


def audit(
    page: str,
    facts: Mapping[str, Fact],
    refs: Mapping[str, Ref],
    quotes: Iterable[str] = (),
    dues: Mapping[str, dt.datetime | None] | None = None,
) -> list[Fault]:
    """Return every numeral of a page without a fact, and every fact, date or direction shown wrongly.

    quotes: texts with a source of their own, such as the headlines of events; each counts as a whole.
    dues: when the evidence of each finding is due, for the dates that the page marks with a finding.
    """
    auditor = _Auditor(facts, refs, tuple(quotes), dues or {})
    blocks = read(page).blocks
    return [*_title(page, blocks), *(fault for block in blocks for fault in auditor.faults(block))]


def _title(page: str, blocks: Sequence[Block]) -> Iterator[Fault]:
    """Compare title and description of the document, which lists of files show, with the page's own words."""
    found = _TITLE.search(page)
    heading = next((plain(block.words) for block in blocks if block.tag == "h1"), "")
    if found is not None and heading and not plain(html.unescape(found[1])).endswith(heading):
        yield Fault(plain(html.unescape(found[1])), "is not the title of the page", heading)
    found = _DESCRIPTION.search(page)
    if found is not None and plain(html.unescape(found[1])) not in (plain(b.words) for b in blocks):
        yield Fault(plain(html.unescape(found[1])), "describes the page in words that are not on it", heading)


@dataclass(frozen=True, slots=True)
class _Auditor:
    facts: Mapping[str, Fact]
    refs: Mapping[str, Ref]
    quotes: tuple[str, ...]
    dues: Mapping[str, dt.datetime | None]

    def faults(self, block: Block) -> Iterator[Fault]:
        yield from self._unmarked(block)
        at = 0
        for piece in block.pieces:
            place = plain(block.words[max(0, at - 40) : at + len(piece.words) + 40])
            if piece.kind == "ref":
                ref = self.refs.get(piece.id)
                if ref is None or not same_number(piece.words, ref.value, ref.unit):
                    yield Fault(piece.words, f"is not the reference {piece.id}", place)
            elif piece.kind == "fact":
                yield from self._fact(piece, place)
            elif piece.kind == "time":
                yield from self._moment(piece, place)
            at += len(piece.words)
        yield from self._directions(block)
        if not block.comment and block.section not in _DRY:
            yield from self._claims(block)

    def _unmarked(self, block: Block) -> Iterator[Fault]:
        """Find the numerals that nothing marks, whatever markup stands in their midst."""
        if not re.search(r"\d", block.words):
            return
        shown = "".join(p.words if p.kind == "plain" else " " * len(p.words) for p in block.pieces)
        # The name of a scale may be plain on one side of a number, so what is marked stays in sight.
        bare = blanked(block.words, self.quotes, scales=not block.comment)
        for found in NUMERAL.finditer(
            "".join(b if s != " " else " " for s, b in zip(shown, bare, strict=True))
        ):
            if any(c.isdigit() for c in found[0]):
                around = block.words[max(0, found.start() - 40) : found.end() + 40]
                yield Fault(found[0], "has no fact behind it", plain(around))

    def _fact(self, piece: Piece, place: str) -> Iterator[Fault]:
        fact = self.facts.get(piece.id)
        if fact is None:
            yield Fault(piece.words, f"names the unknown fact {piece.id}", place)
        elif not (same_number(piece.words, fact.value, fact.unit) or piece.words in _dates(fact)):
            yield Fault(piece.words, f"is not {piece.id}, which is {fact.text}", place)

    def _moment(self, piece: Piece, place: str) -> Iterator[Fault]:
        try:
            moment = dt.datetime.fromisoformat(piece.iso)
        except ValueError:
            yield Fault(piece.words, f"is marked with the moment {piece.iso!r}", place)
            return
        if not _says(piece.words, moment):
            yield Fault(piece.words, f"is not {piece.iso}", place)
        elif piece.id in self.facts:
            fact = self.facts[piece.id]
            published = fact.published.astimezone(NEW_YORK).date()
            if moment.date() not in (fact.observed, fact.start, published):
                yield Fault(piece.words, f"is no date of {piece.id}, observed on {fact.observed}", place)
        elif piece.id in self.dues:
            due = self.dues[piece.id]
            if due is None or (moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK)) != due:
                yield Fault(piece.words, f"is not when {piece.id} is due, which is {due}", place)

    def _directions(self, block: Block) -> Iterator[Fault]:
        """Compare each fact's sign with the words around it; a negative one without its sign needs them."""
        words, at = plain_nbsp(block.words), 0
        carried, end = ("", 0), 0
        for piece in block.pieces:
            start, at = at, at + len(piece.words)
            fact = self.facts.get(piece.id) if piece.kind == "fact" else None
            if fact is None or isinstance(fact.value, str) or piece.words in _dates(fact):
                continue
            leads, follows = direction.before(words[:start]), direction.after(words[at:])
            if not leads[1] and carried[1] and ".change" in fact.id:
                leads = carried if direction.carries_on(words[end:start]) else leads
            carried, end = leads, at
            if not leads[1] and _NET.search(fact.id) and _SHORT.search(words[:start]):
                leads = "short", -1
            if fact.unit == "cuts" and re.match(r"\s*rises?\b", words[at:]):
                follows = "rises", -1
            if ".change" in fact.id and "no cuts but" in words[:start]:  # fewer rises are more cuts
                follows = follows[0], -follows[1]
            place = plain(words[max(0, start - 60) : at + 40])
            why = f"goes against {fact.id}, which is {fact.value:g}"
            if direction.against(fact, *leads):
                yield Fault(f"{leads[0]} {piece.words}", why, place)
            elif direction.against(fact, *follows):
                yield Fault(f"{piece.words} {follows[0]}", why, place)
            elif not (leads[1] or follows[1]) and fact.value < 0 and _unsigned(piece.words):
                yield Fault(piece.words, f"hides the sign of {fact.id}, which is {fact.value:g}", place)

    def _claims(self, block: Block) -> Iterator[Fault]:
        """Compare what is said without its number with the facts; the words must be known to mean one."""
        words = plain(
            "".join(
                claims.NUMBER if p.kind in ("fact", "ref") and any(c.isdigit() for c in p.words) else p.words
                for p in block.pieces
            )
        )
        for quote in self.quotes:  # others' words
            if quote[:12] in words:
                words = words.replace(plain(quote), "")
        place = plain(block.words)[:100]
        for claim in claims.made(words):
            if id := claim.against(self.facts):
                yield Fault(claim.words, f"goes against {id}, which is {self.facts[id].text}", place)
        for found in claims.untraced(words):
            yield Fault(found, "speaks of no fact that is known, no number stands beside it", place)


def plain_nbsp(words: str) -> str:
    """Return words with no-break spaces and line ends as blanks."""
    return words.replace(NBSP, " ").replace("\n", " ")


def _unsigned(words: str) -> bool:
    """Say whether a number other than zero is written without a sign."""
    return any(c in "123456789" for c in words) and not words.startswith((MINUS, "-"))


def _says(words: str, moment: dt.datetime) -> bool:
    """Say whether words are a moment as the note may write it: in part, but nothing else."""
    local = moment.astimezone(NEW_YORK) if moment.tzinfo else moment
    if local.day == 1 and words == f"{local:%B}":  # of monthly data, which are dated on the first
        return True
    permitted = {str(local.day), str(local.year), f"{local:%H}", f"{local:%M}"}
    said = set(re.findall(r"\d+", words))
    days, months = _WEEKDAY.findall(words), _MONTH.findall(words)
    return (
        bool(said)
        and bool(days or months or ":" in words or str(local.year) in said)  # a number alone is no date
        and said <= permitted
        and all(day == f"{local:%a}" for day in days)
        and all(month == f"{local:%b}" for month in months)
    )


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
    shown_words = words.replace(NBSP, " ")
    numerals = list(NUMERAL.finditer(shown_words))
    if len(numerals) != 1 or any(unit != marked and mark.search(shown_words) for mark, marked in _MARKS):
        return False
    (numeral,) = numerals
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
