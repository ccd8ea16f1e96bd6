"""The words of a note's page as a reader gets them: sentences by section, and the titles of its exhibits."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(("area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))
_BLOCKS = frozenset(("p", "li", "h1", "h2", "h3", "h4", "dt", "dd", "blockquote", "caption"))
_SILENT = frozenset(("style", "script", "svg", "nav", "details", "table", "head"))
_SILENT_CLASSES = frozenset(("anchor", "xno", "skip", "source", "pedigree", "said"))
_SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[^\sa-z])")
_SPACE = re.compile(r"\s+")
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
FRONT = "title"  # what stands before the first section


@dataclass(slots=True)
class Prose:
    """What a page says: sentences by section in order, headings by section, titles by exhibit."""

    sections: dict[str, list[str]] = field(default_factory=dict)
    headings: dict[str, str] = field(default_factory=dict)
    exhibits: dict[str, str] = field(default_factory=dict)


def prose_of(page: str) -> Prose:
    """Read the words of a page; tables, figures and pedigrees are left out, for they are compared as such."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.prose


def title_of(page: bytes) -> str:
    """Return the title of a page, in one line; nothing if it has none."""
    found = _TITLE.search(page.decode(errors="replace"))
    return "" if found is None else html.unescape(" ".join(found[1].split()))


def sentences(paragraph: str) -> list[str]:
    """Split a paragraph after full stops that a capital, a number or a sign follows."""
    return [part for part in _SENTENCE.split(paragraph) if part]


class _Reader(HTMLParser):
    """Walk through a page and keep what stands in blocks of its main part."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.prose = Prose()
        self._open: list[tuple[str, bool, str | None]] = []  # tag, whether it is silent, section before it
        self._section = FRONT
        self._exhibit = ""
        self._block = ""
        self._title = False
        self._words: list[str] = []
        self._main = False

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        found = {name: value or "" for name, value in attrs}
        classes = set(found.get("class", "").split())
        silent = tag in _SILENT or bool(classes & _SILENT_CLASSES)
        self._open.append((tag, silent, self._section))
        if tag == "main":
            self._main = True
        elif tag == "section" and found.get("id"):
            self._section = found["id"]
        elif tag == "figure":
            self._exhibit = found.get("id", "").removeprefix("exhibit-")
        if tag in _BLOCKS:
            self._flush()
            self._block, self._title = tag, "xtitle" in classes

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
        if tag == "main":
            self._main = False
        elif tag == "figure":
            self._exhibit = ""
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                self._section = self._open[at][2] or FRONT
                del self._open[at:]
                break

    def handle_data(self, data: str) -> None:
        if self._main and self._block and not any(silent for _, silent, _ in self._open):
            self._words.append(data)

    def _flush(self) -> None:
        said = _SPACE.sub(" ", "".join(self._words)).strip()
        block, title = self._block, self._title
        self._words, self._block, self._title = [], "", False
        if not said:
            return
        if self._exhibit:
            if title:
                self.prose.exhibits[self._exhibit] = said
        elif block == "h2":
            if self._section != FRONT:  # boxes beside the opening have headings and no id
                self.prose.headings[self._section] = said
        else:
            self.prose.sections.setdefault(self._section, []).extend(sentences(said))
