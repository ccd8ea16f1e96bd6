"""The lint of templates: no typed number, and no word of direction that no fact has chosen.

What a template says by itself, outside its expressions, is read as the page's words are. A word of
direction may stand where a condition has chosen it; the audit of the finished page then compares it with
the fact. The same holds for the titles and alternative texts of charts.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reportgen.checks import claims
from reportgen.checks.grammar import NUMERAL, blanked

_HIDDEN = re.compile(r"\{#.*?#\}|<(style|script)\b.*?</\1>", re.DOTALL)
_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_CONDITION = re.compile(r"\{%-?\s*(if|elif|else|endif|macro|endmacro|for|endfor)\b")
_TAG = re.compile(r"<[^>]*>|[\w-]+=\"[^\"]*\"", re.DOTALL)  # attributes may stand in a macro
_ENTITY = re.compile(r"&(?:#\d+|\w+);")
_LITERAL = re.compile(r"\{\{-?\s*(['\"])((?:(?!\1)[^\\\n])*)\1\s*-?\}\}")
_STRING = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"")
# Strings of words, as against ids, keys and formats: a blank or a capital, and letters.
_WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z\d]|^[A-Z][a-z]+ |^\s?[a-z]+ ")
_ARGUMENT = re.compile(r"(?:has|v|fact|ref|dir|drawn|observed|w|label|finding|reason)\(\s*$")
_KEYS = ("title", "subtitle", "alt")


@dataclass(frozen=True, slots=True)
class Fault:
    """Words of a template that say a number or a direction by themselves."""

    file: str
    line: int
    found: str
    why: str

    def __str__(self) -> str:
        return f"{self.file} line {self.line}: {self.found!r} {self.why}"


def folder_faults(templates: Path, charts: Path | None = None) -> list[Fault]:
    """Return the faults of every section and chart of a desk's folders, by file and line."""
    found: list[Fault] = []
    for path in sorted(templates.rglob("*.html.j2")):
        found += template_faults(path.read_text("utf-8"), path.relative_to(templates).as_posix())
    for path in sorted(charts.glob("*.toml")) if charts is not None else ():
        found += chart_faults(path.read_text("utf-8"), path.name)
    return found


def chart_faults(source: str, file: str) -> list[Fault]:
    """Return the faults of a chart's title, subtitle and alternative text."""
    try:
        told = tomllib.loads(source)
    except tomllib.TOMLDecodeError:
        return []  # told by who reads the chart
    found = []
    for key in _KEYS:
        if not isinstance(words := told.get(key), str):
            continue
        start = source[: max(source.find(f"\n{key} = "), 0) + 1].count("\n") + 1
        found += [
            Fault(file, start + one.line - 1, one.found, one.why) for one in template_faults(words, file)
        ]
    return found


def template_faults(source: str, file: str) -> list[Fault]:
    """Return what a template says by itself and may not."""
    shown = _ENTITY.sub(lambda m: html.unescape(m[0]).ljust(len(m[0])), _HIDDEN.sub(_blank, source))
    shown = shown.replace("S&    P", "    S&P")  # as long as before, so that lines keep their numbers
    return sorted({*_typed(shown, file), *_chosen(shown, file)}, key=lambda fault: (fault.line, fault.found))


def _typed(shown: str, file: str) -> Iterator[Fault]:
    """Find numerals outside expressions, and in the words that expressions choose between."""
    plain = _TAG.sub(_blank, _CODE.sub(_blank, shown))  # code may hold a sign that looks like a tag's
    for text, offset in ((plain, 0), *_strings(shown)):
        for found in NUMERAL.finditer(blanked(text)):
            yield Fault(
                file, _line(shown, offset + found.start()), found[0], "is a typed number: print a fact"
            )


def _chosen(shown: str, file: str) -> Iterator[Fault]:
    """Find words of direction outside expressions that no condition has chosen."""
    marked = _CODE.sub(lambda m: (claims.NUMBER if m[0].startswith("{{") else "\ue021") * len(m[0]), shown)
    marked = _TAG.sub(_blank, marked)
    depth = _depths(shown)
    for start, sentence in _sentences(marked):
        squeezed, places = _squeezed(sentence)
        for place, word in claims.stated(squeezed):
            at = start + places[place]
            if not depth[at]:
                yield Fault(file, _line(shown, at), word, "is a direction that no fact has chosen")
    for found in _LITERAL.finditer(shown):  # words put into an expression that chooses nothing
        for _, word in claims.stated(found[2]):
            if not depth[found.start()]:
                yield Fault(file, _line(shown, found.start()), word, "is a direction that no fact has chosen")


def _squeezed(sentence: str) -> tuple[str, list[int]]:
    """Return a sentence in which a whole expression counts as one number, and where each character was."""
    kept: list[tuple[str, int]] = []
    for at, character in enumerate(sentence):
        one = " " if character.isspace() else character
        if one != "\ue021" and not (one in (" ", claims.NUMBER) and kept and kept[-1][0] == one):
            kept.append((one, at))
    return "".join(one for one, _ in kept), [at for _, at in kept]


def _depths(shown: str) -> list[int]:
    """Return for each character whether a condition has chosen it."""
    depths, open_ifs, done = [0] * (len(shown) + 1), 0, 0
    for found in _CONDITION.finditer(shown):
        depths[done : found.start()] = [open_ifs] * (found.start() - done)
        done = found.start()
        if found[1] == "if":
            open_ifs += 1
        elif found[1] == "endif":
            open_ifs = max(0, open_ifs - 1)
    depths[done:] = [open_ifs] * (len(depths) - done)
    return depths


def _sentences(marked: str) -> Iterator[tuple[int, str]]:
    start = 0
    for end in (*(found.end() for found in re.finditer(r"[.;](?=\s|$)|\n\s*\n", marked)), len(marked)):
        if marked[start:end].strip():
            yield start, marked[start:end]
        start = end


def _strings(shown: str) -> Iterator[tuple[str, int]]:
    """Walk over the words between quotes in expressions, with their place."""
    for code in _CODE.finditer(shown):
        for found in _STRING.finditer(code[0]):
            words = found[1] if found[1] is not None else found[2]
            if _WORDS.search(words) and not _ARGUMENT.search(code[0][: found.start()]):
                yield words, code.start() + found.start() + 1


def _line(shown: str, at: int) -> int:
    return shown.count("\n", 0, at) + 1


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])
