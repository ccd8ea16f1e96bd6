"""Words of direction beside a number, and whether the number's sign bears them out."""

from __future__ import annotations

import re

from reportgen.model import Fact

UP = (
    *(
        "rose",
        "rise",
        "rises",
        "risen",
        "rising",
        "edged up",
        "jumped",
        "jump",
        "surged",
        "climbed",
        "gained",
    ),
    *("increased", "up", "widened", "edged wider", "widened sharply,", "blew out", "steepened", "grew"),
    *("steepening of", "earns", "added", "raised", "advanced", "rallied", "strengthened"),
    *("soared", "spiked", "leapt", "rebounded", "ticked up", "inched up", "crept up", "backed up", "swelled"),
    *("expanded", "rally of"),
)
DOWN = (
    *("fell", "fall", "falls", "fallen", "falling", "edged down", "dropped", "drop", "plunged", "eased"),
    *("lost", "decreased", "declined", "decline", "down", "narrowed", "edged tighter", "narrowed sharply,"),
    *("collapsed", "flattened", "flattening of", "shrank", "cut", "lowered", "slid", "slipped"),
    *("weakened", "tightened", "no cuts but", "costs"),
    *("tumbled", "sank", "slumped", "plummeted", "dipped", "retreated", "ticked down", "inched down"),
    *("crept down", "dwindled", "contracted", "sold off", "sell-off of"),
)
UP_AFTER = ("higher", "above", "more", "wider", "up", "weaker")
DOWN_AFTER = ("lower", "below", "less", "fewer", "tighter", "narrower", "down", "stronger")
# A rate that is quoted as foreign currency for a dollar rises as the currency weakens.
_OF_A_CURRENCY = {"gained": -1, "strengthened": -1, "lost": 1, "weakened": 1}
# What rallies or is sold off is a price: the yield or spread, told in basis points, goes the other way.
_OF_A_PRICE = frozenset(("rallied", "rally of", "sold off", "sell-off of"))
_FILLER = (
    r"(?:alike at both ends, |(?:[\w’'-]+ ){1,4}by |"
    r"(?:by|another|a further|further|about|around|some|nearly|almost|only|just|sharply|sharply,|or) )*"
)


def _either(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_BEFORE = re.compile(rf"\b({_either((*UP, *DOWN))}) {_FILLER}$", re.IGNORECASE)
_AFTER = re.compile(
    rf"^\s*(?:contracts\s+|of it\s+)?({_either((*UP_AFTER, *DOWN_AFTER))})\b(?!\s+(?:or|and)\b)",
    re.IGNORECASE,
)
_ANY = re.compile(rf"\b(?:{_either((*UP, *DOWN))})\b", re.IGNORECASE)
# "rose 16 bp, the 10-year 39 bp and the 30-year 45 bp": one verb for a list.
_LISTED = re.compile(
    r"^(?: contracts)?(?: (?:at|in) [\w-]+(?: years)?)?"
    r"(?:,|,? and)(?: (?:the |in |those of )?[\w&’' -]{0,24})? ?$"
)


def before(words: str) -> tuple[str, int]:
    """Return the direction that words give to the number behind them, and its sign; 0 if they give none."""
    found = _BEFORE.search(words[-60:])
    if found is None:
        return "", 0
    return found[1], 1 if found[1].casefold() in UP else -1


def after(words: str) -> tuple[str, int]:
    """Return the direction that words give to the number before them, and its sign."""
    found = _AFTER.search(words[:40])
    if found is None:
        return "", 0
    return found[1], 1 if found[1].casefold() in UP_AFTER else -1


def carries_on(between: str) -> bool:
    """Say whether a verb before one number speaks of the next one, too, by the words between them."""
    return _LISTED.search(between) is not None and _ANY.search(between) is None


def against(fact: Fact, word: str, sign: int) -> bool:
    """Say whether a word of direction goes against a fact."""
    if not sign or isinstance(fact.value, str):
        return False
    if not fact.value:
        return True
    if word.casefold() in _OF_A_PRICE and fact.unit == "bp":
        sign = -sign
    elif fact.id.startswith("fx."):
        turned = _OF_A_CURRENCY.get(word.casefold())
        if turned is None and word.casefold() not in ("weaker", "stronger"):
            return False  # a currency or its quote: the words leave it open
        sign = sign if turned is None else turned
    elif word.casefold() in ("weaker", "stronger"):  # in the lists above with the sign that a quote has
        sign = -sign
    return (fact.value > 0) != (sign > 0)
