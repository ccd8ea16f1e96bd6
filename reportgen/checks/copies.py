"""Whether the pages of a PDF say what the page on the screen says, word by word, and nothing else.

What the screen's page says is audited; a PDF with the same words needs no second audit. Lines that the
screen does not have are those of pictures, running heads and feet, and the heads of tables that run on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportgen.checks.page import Page, plain

_FOOT = re.compile(r"(?P<said>.*?\D)??(?P<page>\d+)\D+(?P<of>\d+)")
_BULLETS = str.maketrans("", "", "•◦▪")
_SHOWN, _BEFORE = 60, 20


@dataclass(frozen=True, slots=True)
class _Line:
    page: int
    words: str
    squeezed: str


class _Wanted:
    """The words of the screen's page that stand on paper, without blanks, and what else paper may show."""

    def __init__(self, page: Page) -> None:
        self.words = " ".join(plain(block.printed) for block in page.blocks)
        self.squeezed = ""
        self._places: list[int] = []
        for at, character in enumerate(self.words):
            folded = _squeezed(character)
            self.squeezed += folded
            self._places += [at] * len(folded)
        heads: dict[int, str] = {}
        said: dict[str, str] = {}
        for block in page.blocks:
            heads[block.head] = heads.get(block.head, "") + _squeezed(block.words)
            said.setdefault(block.role, block.words)
            if block.role == "issue-date":
                said["date"] = next((p.words for p in block.pieces if p.kind == "time"), block.words)
        self.heads = {words for number, words in heads.items() if number}
        self.running = _squeezed(said.get("issue-title", "") + said.get("date", ""))
        self.foot = _squeezed(said.get("colophon", ""))
        self.drawn = Counter(token for words in page.pictures for token in _tokens(words))

    def common(self, squeezed: str, at: int) -> int:
        """Return how far a line goes along with the words at a place."""
        pairs = zip(squeezed, self.squeezed[at:], strict=False)
        return next((n for n, (one, other) in enumerate(pairs) if one != other), len(squeezed))

    def around(self, at: int) -> str:
        """Return the words at a place of the squeezed ones."""
        return self.words[self._places[at] :][:_SHOWN].strip() if at < len(self._places) else "nothing more"


def differences(page: Page, sheets: Sequence[Sequence[str]]) -> list[str]:
    """Return where the sheets of a PDF, given by their lines, say something else than the page."""
    wanted, lines = _Wanted(page), list(_lines(sheets))
    others, (at, place) = _aligned(lines, wanted, len(sheets))
    if others is None:
        if at >= len(lines):
            return [f"ends before “{wanted.around(place)}”"]
        line = lines[at]
        alike = wanted.common(line.squeezed, place)
        said, there = _from(line.words, alike - _BEFORE), wanted.around(place + max(0, alike - _BEFORE))
        return [f"page {line.page} says “{said}” where note.html says “{there}”"]
    drawn = Counter(token for line in others for token in _tokens(line.words))
    return [
        f"its pictures show {token!r} {drawn[token]} times, those of note.html {wanted.drawn[token]} times"
        for token in sorted(drawn.keys() | wanted.drawn.keys())
        if drawn[token] != wanted.drawn[token]
    ]


def _lines(sheets: Sequence[Sequence[str]]) -> Iterator[_Line]:
    for number, sheet in enumerate(sheets, 1):
        for words in sheet:
            if squeezed := _squeezed(words):
                yield _Line(number, words, squeezed)


def _aligned(
    lines: Sequence[_Line], wanted: _Wanted, sheets: int
) -> tuple[list[_Line] | None, tuple[int, int]]:
    """Lay the lines along the words; a line that fits in neither way is undone back to a choice.

    Shape: the lines of pictures, None if the words part; where they part first.
    """
    furthest = (0, 0)
    # Each entry: the next line, the place reached, and the lines of pictures so far as a linked list.
    waiting: list[tuple[int, int, tuple[object, ...]]] = [(0, 0, ())]
    seen: set[tuple[int, int]] = set()
    while waiting:
        at, place, pictures = waiting.pop()
        if (at, place) in seen:
            continue
        seen.add((at, place))
        furthest = max(furthest, (at, place))
        if at == len(lines):
            if place == len(wanted.squeezed):
                return _unlinked(pictures), furthest
            continue
        line = lines[at]
        if _is_running(line, wanted, sheets):
            waiting.append((at + 1, place, pictures))
        else:
            for said, drawn in _readings(line, wanted, place):  # the one tried first comes last
                held = (pictures, drawn) if drawn is not None else pictures
                waiting.append((at + 1, place + said, held))
    return None, furthest


def _readings(line: _Line, wanted: _Wanted, place: int) -> Iterator[tuple[int, _Line | None]]:
    """Walk over the ways to read a line: words of the page, and what a picture shows beside them."""
    if line.squeezed in wanted.heads:
        yield 0, None
    tokens = _tokens(line.words)
    for cut in range(len(tokens) + 1):
        said, rest = tokens[:cut], tokens[cut:]
        if all(token in wanted.drawn for token in rest):
            squeezed = _squeezed("".join(said))
            if wanted.squeezed.startswith(squeezed, place):
                yield len(squeezed), _Line(line.page, " ".join(rest), "") if rest else None


def _unlinked(pictures: tuple[object, ...]) -> list[_Line]:
    found = []
    while pictures:
        pictures, line = pictures  # type: ignore[assignment]
        found.append(line)
    return found  # type: ignore[return-value]


def _is_running(line: _Line, wanted: _Wanted, sheets: int) -> bool:
    """Say whether a line is the head or foot of its page: of this note, and with the page's own number."""
    if line.squeezed == wanted.running:
        return True
    foot = _FOOT.fullmatch(line.squeezed)
    if foot is None or not line.squeezed.startswith(wanted.foot):
        return False
    rest = (foot["said"] or "").removeprefix(wanted.foot)
    numbers = int(foot["page"]), int(foot["of"])
    return numbers == (line.page, sheets) and not any(c.isdigit() for c in rest)


def _from(words: str, squeezed: int) -> str:
    """Return words from the place at which so many of their characters without blanks have passed."""
    passed = 0
    for at, character in enumerate(words):
        if passed >= squeezed:
            return words[at:][:_SHOWN].strip()
        passed += len(_squeezed(character))
    return words[-_SHOWN:]


def _tokens(words: str) -> list[str]:
    return words.replace("\N{NO-BREAK SPACE}", " ").split()


def _squeezed(words: str) -> str:
    return re.sub(r"\s", "", words.translate(_BULLETS)).casefold()
