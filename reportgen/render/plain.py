"""The words of a page as plain text: paragraphs wrapped, tables in columns, pictures by their words."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from html.parser import HTMLParser

WIDTH = 76
_SPACE = re.compile(r"[ \t\r\n]+")  # no-break spaces stay until the line is set
_ITEM = re.compile(r"(?:-|\d+\.) ")
_SKIPPED = frozenset(("head", "style", "script", "title"))
_BLOCKS = frozenset(("p", "h1", "h2", "h3", "h4", "li", "div", "ul", "ol", "section", "article", "body"))
_VOID = frozenset(("br", "img", "meta", "link", "hr", "input", "col"))


@dataclass(slots=True)
class _Table:
    rows: list[list[str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Walk a page; a table of data becomes columns, a table of the layout only what is in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self._tight: list[bool] = []  # whether a block follows the one before without a blank line
        self._open: list[tuple[str, bool]] = []  # tag, and whether its words are left out
        self._words = ""
        self._tables: list[_Table | None] = []  # None for a table of the layout
        self._items: list[int | None] = []  # the number of a list's next item
        self._links: list[str] = []
        self._follows = False  # whether the last block is an item of the list at hand

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "br":
            self._words += "\n"
        elif tag == "img" and given.get("alt"):
            self._end_block()
            self._add(f"[{given['alt']}]")
        if tag in _VOID:
            return
        hidden = bool(self._open) and self._open[-1][1]
        hidden = hidden or tag in _SKIPPED or given.get("class") == "preheader"
        self._open.append((tag, hidden))
        if hidden:
            return
        if tag == "table":
            self._end_block()
            of_layout = given.get("role") == "presentation" or "plate" in given.get("class", "")
            self._tables.append(None if of_layout else _Table())
        elif tag == "tr" and self._tables and self._tables[-1] is not None:
            self._tables[-1].rows.append([])
        elif tag in ("ul", "ol"):
            self._items.append(1 if tag == "ol" else None)
        elif tag == "a":
            self._links.append(given.get("href", ""))
        if tag in _BLOCKS and not self._in_data():
            self._end_block()
        if tag == "li":
            self._words += self._marker()

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            closed, hidden = self._open.pop()
            if not hidden:
                self._close(closed)
            if closed == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open and not self._open[-1][1]:
            self._words += _SPACE.sub(" ", data)

    def finished(self) -> str:
        """Return the text, a blank line between blocks."""
        self._end_block()
        said = ""
        for block, tight in zip(self.blocks, self._tight, strict=True):
            said += f"{'' if not said else chr(10) if tight else 2 * chr(10)}{block}"
        return f"{said}\n"

    def _close(self, tag: str) -> None:
        table = self._tables[-1] if self._tables else None
        if tag in ("td", "th") and table is not None and table.rows:
            cell = _squeezed(self._words)
            table.rows[-1].append(cell if not table.rows[-1] else cell.replace("\n", ", "))
            self._words = ""
        elif tag == "table" and self._tables:
            self._tables.pop()
            if table is not None:
                self._words = ""
                self._add(_columns(table.rows))
        elif tag in ("ul", "ol") and self._items:
            self._end_block()
            self._follows = False
            self._items.pop()
        elif tag == "a" and self._links:
            link = self._links.pop()
            if link.startswith("http") and link not in self._words:
                self._words += f" <{link}>"
        elif tag in ("h1", "h2"):
            self._end_block(underline="=" if tag == "h1" else "-")
        elif (tag in _BLOCKS or tag in ("td", "th")) and not self._in_data():
            self._end_block()

    def _in_data(self) -> bool:
        return bool(self._tables) and self._tables[-1] is not None

    def _marker(self) -> str:
        if not self._items or self._items[-1] is None:
            return "- "
        self._items[-1] += 1
        return f"{self._items[-1] - 1}. "

    def _end_block(self, underline: str = "") -> None:
        words, self._words = _squeezed(self._words), ""
        if not words.strip("-. "):
            return
        item = _ITEM.match(words)
        indent = " " * len(item[0]) if item is not None else ""
        lines = [
            line
            for part in words.split("\n")
            for line in textwrap.wrap(
                part, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
            )
        ]
        if underline:
            lines.append(underline * max(map(len, lines)))
        self._add("\n".join(lines), tight=item is not None and self._follows)
        self._follows = item is not None

    def _add(self, block: str, *, tight: bool = False) -> None:
        if block:
            self._follows = False
            self.blocks.append(
                block if "\n" in block or len(block) <= WIDTH else "\n".join(textwrap.wrap(block, WIDTH))
            )
            self._tight.append(tight)


def plain_text(page: str) -> str:
    """Return what a page says, for a reader whose mail is plain text."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.finished()


def _squeezed(words: str) -> str:
    lines = (" ".join(line.replace("\u00a0", " ").split()) for line in words.split("\n"))
    return "\n".join(lines).strip()


def _columns(rows: list[list[str]]) -> str:
    """Set rows in columns: the first to the left and wrapped, the others to the right.

    Shape: a row of a single cell belongs to the row above it and is set below that one's words.
    """
    rows = [row for row in rows if any(row)]
    count = max(map(len, rows), default=0)
    if count < 2:
        return "\n".join(line for row in rows for line in _wrapped(row[0], WIDTH))
    cells = [[row[0], *[""] * (count - len(row)), *row[1:]] for row in rows if len(row) > 1]
    widths = [max(len(row[at]) for row in cells) for at in range(1, count)]
    room = WIDTH - sum(widths) - 2 * len(widths)
    first = max(len(line) for row in cells for line in _wrapped(row[0], room))
    whole = iter(cells)
    said = []
    for row in rows:
        if len(row) == 1:
            said += [f"  {line}" for line in _wrapped(row[0], WIDTH)]
            continue
        name, *values = next(whole)
        head, *more = _wrapped(name, room)
        numbers = "".join(f"  {cell:>{width}}" for cell, width in zip(values, widths, strict=True))
        said += [f"{head:<{first}}{numbers}".rstrip(), *(f"  {line}" for line in more)]
    return "\n".join(said)


def _wrapped(words: str, room: int) -> list[str]:
    lines = [line for part in words.split("\n") for line in textwrap.wrap(part, max(room - 2, 20))]
    return lines or [""]
