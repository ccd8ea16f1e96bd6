"""Statements of direction that stand without their number, and the facts that must bear them out.

Which words speak of which facts stands in claims.toml. A sentence of what might be is no statement.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reportgen.model import Fact

NUMBER = "\ue020"  # stands for a number of the page, whose own verb is compared with it
_FILE = Path(__file__).with_name("claims.toml")
_SENTENCE = re.compile(r"(?<=[.;])\s+(?=\S)")
_MIGHT = re.compile(
    r"\b(?:weeks? after|past weeks|earlier (?:spans|weeks|sessions)|such spans|would|could|can|cannot|"
    r"(?-i:may)|might|if|whether|should|or more|at least|no|not|fits?|absent|when|limits)\b",
    re.IGNORECASE,
)
_DIRECTION = re.compile(
    r"\b(?:rose|rises?|rising|risen|fell|falls?|falling|fallen|jump(?:s|ed|ing)?|drop(?:s|ped|ping)?|"
    r"surg(?:e|es|ed|ing)|plung(?:e|es|ed|ing)|eas(?:e|es|ed|ing)|edged?|widen(?:s|ed|ing)?|"
    r"narrow(?:s|ed|ing)|wider|higher|lower|steepe(?:r|ns|ned|ning)|flatte(?:r|ns|ned|ning)|"
    r"rall(?:y|ies|ied|ying)|(?:sell|sells|sold) off|sell-off|breaks|drift(?:s|ed)?|weakened|weaker|"
    r"strengthen(?:s|ed|ing)?|stronger|softens?|gained|lost|grew|shrank|added|cut|collapse[sd]?|"
    r"climb(?:s|ed|ing)?|declin(?:e|es|ed|ing)|rebound(?:s|ed|ing)?)\b",
    re.IGNORECASE,
)
_BY = (
    r"(?: (?:[\w’'-]+ ){0,4}by|"
    r",? (?:another|sharply,? by|up|down|only|wider by|tighter by|of|alike at both ends,))?"
)
_BEFORE_NUMBER = re.compile(rf"{_BY} {NUMBER}")
_BEHIND_NUMBER = re.compile(rf"{NUMBER}(?: contracts)? $")
_NOT_ITS_NUMBER = rf"(?!,? (?:(?:by|another|a further|sharply,?) )*{NUMBER})"


@dataclass(frozen=True, slots=True)
class Claim:
    """Words of direction as they stand, the sign they give, and the facts that must have it."""

    words: str
    sign: int
    facts: tuple[str, ...]
    every: bool

    def against(self, facts: Mapping[str, Fact]) -> str:
        """Return the id of a fact that speaks against it, nothing if they bear it out or are not held."""
        held = [facts[id] for id in self.facts if id in facts]
        signs = {f.id: f.number * self.sign > 0 for f in held if not isinstance(f.value, str)}
        borne_out = all(signs.values()) if self.every else any(signs.values())
        return "" if borne_out or not signs else next(id for id, fits in signs.items() if not fits)


def made(words: str) -> Iterator[Claim]:
    """Walk over the claims of a text, in which NUMBER stands for each fact that the page marks."""
    for sentence in _SENTENCE.split(words):
        might = _MIGHT.search(sentence) is not None
        for pattern, signs, facts, every in _patterns() if _speaks(sentence) else ():
            for found in pattern.finditer(sentence):
                if might and "" not in signs:
                    continue
                sign = signs[""] if "" in signs else signs[found["verb"].casefold()]
                yield Claim(found[0], sign, facts, every)


def untraced(words: str) -> Iterator[str]:
    """Walk over the words of direction that speak of no number beside them and make no known claim."""
    for sentence in _SENTENCE.split(words):
        if _MIGHT.search(sentence) or not _DIRECTION.search(sentence):
            continue
        covered = [found.span() for pattern, *_ in _patterns() for found in pattern.finditer(sentence)]
        covered += [found.span() for found in _quiet().finditer(sentence)]
        for found in _DIRECTION.finditer(sentence):
            start, end = found.span()
            if any(begin <= start < stop for begin, stop in covered):
                continue
            if not (_BEFORE_NUMBER.match(sentence, end) or _BEHIND_NUMBER.search(sentence[:start])):
                yield found[0]


def stated(words: str) -> Iterator[tuple[int, str]]:
    """Walk over all words of direction but those of what might be, or of no change, with their places."""
    at = 0
    for sentence in _SENTENCE.split(words):
        at = words.index(sentence, at)
        if not _MIGHT.search(sentence):
            quiet = [found.span() for found in _quiet().finditer(sentence)]
            for found in _DIRECTION.finditer(sentence):
                if not any(begin <= found.start() < stop for begin, stop in quiet):
                    yield at + found.start(), found[0]


def _speaks(sentence: str) -> bool:
    """Say whether a sentence can make a claim at all: most rows of tables cannot."""
    return any(words in sentence.casefold() for words in _stems())


@cache
def _stems() -> tuple[str, ...]:
    """Return what a claim begins its verb or phrase with, to pass over other sentences quickly."""
    told = tomllib.loads(_FILE.read_text("utf-8"))
    verbs = dict.fromkeys(verb.split()[0] for verb in (*told["verbs"]["up"], *told["verbs"]["down"]))
    return (
        *verbs,
        *("bear ", "bull ", "steepening", "flattening", "led ", "lead", "falling", "sold", "shorts"),
        *("held ", "more than", "less than", "weakened", "strengthened", "declining", "rally"),
    )


@cache
def _quiet() -> re.Pattern[str]:
    told = tomllib.loads(_FILE.read_text("utf-8"))
    return re.compile(rf"\b(?:{'|'.join(told['quiet']['words'])})\b", re.IGNORECASE)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], dict[str, int], tuple[str, ...], bool], ...]:
    """Compile what claims.toml says."""
    told: dict[str, Any] = tomllib.loads(_FILE.read_text("utf-8"))
    signs = dict.fromkeys(told["verbs"]["up"], 1) | dict.fromkeys(told["verbs"]["down"], -1)
    verbs = "|".join(sorted(map(re.escape, signs), key=len, reverse=True))
    found = []
    for one in told["subject"]:
        # "Yields and the dollar fell" is no statement about the dollar alone, nor of "real" yields.
        before = r"(?<!and the )(?<!and )(?<!real )(?<![\w-])"
        pattern = re.compile(
            rf"{before}(?:{one['words']})(?: together)? (?P<verb>{verbs})\b{_NOT_ITS_NUMBER}", re.I
        )
        turned = -1 if one.get("turned") else 1
        found.append(
            (pattern, {v: s * turned for v, s in signs.items()}, tuple(one["facts"]), one.get("every", False))
        )
    for one in told["phrase"]:
        pattern = re.compile(rf"\b(?:{one['words']})", re.IGNORECASE)
        found.append((pattern, {"": one["sign"]}, tuple(one["facts"]), one.get("every", False)))
    return tuple(found)
