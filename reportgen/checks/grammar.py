"""What may hold a digit without being a number of the note's, and the words that carry a direction."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reportgen.text import MINUS, NBSP

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_TENOR = "(?:1|2|3|5|7|10|20|30)"
# An amount goes on with a unit; a tenor in years does not.
_NOT_AN_AMOUNT = (
    rf"(?![\d,]*\.\d|\d|,\d|[:%]|[ {NBSP}]?(?:bp|bn|basis|percent|per|points?|cuts?|million|contracts)\b)"
)
LISTED = (
    r"\b\d{2}:\d{2}\b",  # times
    rf"\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{4}}|\b(?:since|in) 20\d\d\b{_NOT_AN_AMOUNT}",  # dates
    r"\b\d{4}-\d{2}-\d{2}\b",
    r"\b\d+-(?: and \d+-)?(?:year|month)|\b\d+s\d+s\b|, 12m\b",  # tenors
    rf"(?<![\w$.,])(?:[1236]M|{_TENOR}Y)\b",  # tenors on an axis
    rf"\bat {_TENOR} years\b|\bat {_TENOR}\b{_NOT_AN_AMOUNT}|\bfrom {_TENOR} to {_TENOR} years\b",
    r"\b(?:99th|1st)(?=[ \w]* percentiles?\b)|\b99th(?= less)",  # the tails of SOFR
    r"\bS&P 500\b|\bH\.4\.1\b|\bH\.1[05]\b|\bSTLFSI4\b|\bFEDS 2005-33\b|\bSHA-256\b",  # names
    # A source and its code, FRED:DGS10; the id of a series.
    r"\b[A-Z]+:[\w^=./-]+|\bDV01s?\b|\b[a-z][a-z_]*\d\w*",
    r"\b[A-Z]{2,4}-\d{4}-\d{2}-\d{2}(?:T\d{4})?(?:-[a-z]{2})?-r\d+",  # the note's id
)
# What only the rules' own words use: scales of exhibits.
SCALES = (r"over 13 weeks", r"from 0 \(calm\) to 100", r"100 at each start")
# What analysts write besides: dates with the month first, years beside a word of time, tenors as traders do.
_YEAR = r"(?:19|20)\d\d"
COMMENTARY = (
    rf"\b{_MONTH} \d{{1,2}}(?:, {_YEAR})?{_NOT_AN_AMOUNT}",
    rf"\b(?:[Qq][1-4]|[Hh][12]|FY)[ {NBSP}]?(?:{_YEAR}|\b)|\b{_YEAR}s\b",
    rf"\b(?:since|in|during|before|after|until|from|early|late|mid|spring|summer|autumn|winter|"
    r"(?:end|start|beginning|half|quarter|spring|summer|autumn|winter|crisis) of)[ -]"
    rf"{_YEAR}{_NOT_AN_AMOUNT}",
    rf"(?<![\w$.,{MINUS}+])(?:(?:{_TENOR}[-–/])?{_TENOR}(?:[yY]|-?yrs?)|{_TENOR}y{_TENOR}y|"
    rf"(?:1|3|6)m(?:{_TENOR}[ys])?)\b{_NOT_AN_AMOUNT}",
)
NUMERAL = re.compile(rf"[+{MINUS}-]?\$?(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?")
_LISTED_OR_SCALE = re.compile("|".join((*LISTED, *SCALES)))
_LISTED_OR_COMMENTARY = re.compile("|".join((*LISTED, *COMMENTARY)))


def blanked(words: str, quotes: Iterable[str] = (), *, scales: bool = True) -> str:
    """Return words with all that is listed, and each quoted text, replaced by blanks of the same length.

    Shape: scales says that the words are the rules' own, and not an analyst's; quotes are texts with a source
    of their own, such as headlines of events, which count as a whole.
    """
    found = words.replace(NBSP, " ")
    for quote in quotes:
        if quote[:12] in found and re.search(r"\d", quote):
            whole = r"\s+".join(re.escape(word) for word in quote.split())
            found = re.sub(whole, lambda match: " " * len(match[0]), found)
    grammar = _LISTED_OR_SCALE if scales else _LISTED_OR_COMMENTARY
    return grammar.sub(lambda match: " " * len(match[0]), found)
