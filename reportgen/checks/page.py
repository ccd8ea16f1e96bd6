"""A finished page as runs of words, each with what it says of its origin."""

from __future__ import annotations

import base64
import binascii
import html
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Literal

Kind = Literal["plain", "fact", "ref", "time", "free"]

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "caption", "dd", "div", "dl", "dt", "figcaption"),
        *("figure", "footer", "h1", "h2", "h3", "h4", "header", "li", "main", "nav", "ol", "p", "section"),
        *("summary", "table", "tbody", "td", "th", "thead", "tr", "ul"),
    )
)
_SKIPPED = frozenset({"head", "script", "style", "svg", "title"})
# Links to exhibits, and what the desk file says of the desk.
_NOT_OURS = {"xref": "a", "masthead": "header", "colophon": "footer", "byline": "p", "analysts": "ul"}
# What the screen alone shows.
_SCREEN = frozenset(("skip", "contents", "anchor", "colophon", "said"))
_ROLES = ("issue-title", "issue-date", "colophon")
_PICTURE = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_PICTURE_TEXT = re.compile(r"<text\b[^>]*>(.*?)</text>", re.DOTALL)
_ASIDE = re.compile(
    r'<(style|script)\b.*?</\1>|<details class="data">.*?</details>|<div popover\b.*?</div>', re.DOTALL
)
_EMBEDDED = re.compile(r'src="data:image/svg\+xml;base64,([^"]*)"')
_DESCRIBED = re.compile(r'<svg role="img" aria-label="([^"]*)"')
_MARKED = re.compile(r'data-(fact|ref)="([^"]*)"')
_PEDIGREE = re.compile(r'id="(fact|ref)-([\w-]+)">.*?<p class="ped-value">(.*?)</p>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_DATA = re.compile(
    r'<figure\b[^>]*id="exhibit-([\w-]+)"(?:(?!</figure>).)*?<details class="data">(.*?)</details>', re.DOTALL
)
_CELL = re.compile(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: of a fact, a reference, a moment, of others ("free"), or plain."""

    words: str
    kind: Kind = "plain"
    id: str = ""  # of the fact or reference; of a moment, what it belongs to
    iso: str = ""  # of a moment
    printed: bool = True  # on paper, too


@dataclass(slots=True)
class Block:
    """A paragraph, cell, heading or the like."""

    tag: str
    section: str
    comment: bool  # an analyst's own words
    role: str = ""  # in the frame of the page
    head: int = 0  # of the head of a table: which one
    pieces: list[Piece] = field(default_factory=list)

    @property
    def words(self) -> str:
        return "".join(piece.words for piece in self.pieces)

    @property
    def printed(self) -> str:
        """Return the words that stand on paper, too."""
        return "".join(piece.words for piece in self.pieces if piece.printed)


@dataclass(slots=True)
class _Open:
    tag: str
    skipped: bool
    printed: bool
    free: bool
    comment: bool
    section: str
    opening: bool
    role: str = ""
    head: int = 0
    kind: Kind = "plain"
    id: str = ""
    iso: str = ""


class _Reader(HTMLParser):
    """Walk the page as a browser would."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._stack: list[_Open] = []
        self._heads = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        given = {name: value or "" for name, value in attrs}
        above = self._stack[-1] if self._stack else _Open("", False, True, False, False, "", False)
        classes = set(given.get("class", "").split())
        section = given.get("id", "") if tag == "section" and "id" in given else above.section
        comment = above.comment or "data-comment" in given
        free = above.free or "data-ordinal" in given or _not_ours(tag, classes, section)
        free = free or (tag == "a" and not comment and given.get("href", "").startswith(("http", "mailto:")))
        opening = above.opening or "place-opening" in classes
        one = _Open(
            tag,
            skipped=above.skipped
            or tag in _SKIPPED
            or "popover" in given
            or (tag == "details" and "data" in classes),
            printed=above.printed and not (classes & _SCREEN) and not (opening and tag == "h2"),
            free=free,
            comment=comment,
            section=section,
            opening=opening,
            role=next((role for role in _ROLES if role in classes), above.role),
            head=above.head,
        )
        if tag == "thead":
            self._heads += 1
            one.head = self._heads
        if above.kind in ("fact", "ref", "time"):
            one.kind, one.id, one.iso = above.kind, above.id, above.iso
        elif "data-fact" in given:
            one.kind, one.id = "fact", given["data-fact"]
        elif "data-ref" in given:
            one.kind, one.id = "ref", given["data-ref"]
        elif tag == "time":
            one.kind, one.id, one.iso = "time", given.get("data-of", ""), given.get("datetime", "")
        elif free:
            one.kind = "free"
        self._stack.append(one)
        if tag in _BLOCKS:
            self._begin(one)

    def handle_endtag(self, tag: str) -> None:
        if not any(one.tag == tag for one in self._stack):
            return
        while self._stack.pop().tag != tag:
            pass
        if tag in _BLOCKS and self._stack:
            self._begin(self._stack[-1])

    def handle_data(self, data: str) -> None:
        if not self._stack:
            return
        one = self._stack[-1]
        if one.skipped:
            return
        if not self.blocks:
            self._begin(one)
        pieces = self.blocks[-1].pieces
        piece = Piece(data, one.kind, one.id, one.iso, one.printed)
        if pieces and replace(pieces[-1], words=data) == piece:
            piece = replace(piece, words=pieces.pop().words + data)
        pieces.append(piece)

    def _begin(self, one: _Open) -> None:
        """Begin a block, in place of one that holds nothing."""
        block = Block(one.tag, one.section, one.comment, one.role, one.head)
        if self.blocks and not self.blocks[-1].pieces:
            self.blocks[-1] = block
        else:
            self.blocks.append(block)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows: its blocks in order, and the words of its pictures."""

    blocks: tuple[Block, ...]
    pictures: tuple[str, ...]


def read(page: str) -> Page:
    """Read a page; markup that a browser would not show is left out, and so are the figures' data."""
    drawn = [*_PICTURE.findall(page), *(_decoded(found) for found in _EMBEDDED.findall(page))]
    pictures = [found for picture in drawn for found in _PICTURE_TEXT.findall(picture)]
    reader = _Reader()
    reader.feed(_ASIDE.sub("", _PICTURE.sub("", page)))  # in pieces, the parser would take most of the time
    reader.close()
    shown = (block for block in reader.blocks if block.words.strip())
    words = (html.unescape(_TAG.sub("", found)) for found in pictures)
    return Page(tuple(shown), tuple(found for found in words if found.strip()))


def descriptions(page: str) -> list[str]:
    """Return what is said of each picture to those who cannot see it."""
    return [html.unescape(words) for words in _DESCRIBED.findall(page)]


def pedigrees(page: str) -> list[tuple[str, str, str]]:
    """Return what opens behind each number: "fact" or "ref", the id, and the value that it shows."""
    ids = {(kind, id.replace(".", "-")): id for kind, id in _MARKED.findall(page)}
    return [
        (kind, ids[kind, anchor], html.unescape(_TAG.sub("", value)).strip())
        for kind, anchor, value in _PEDIGREE.findall(page)
        if (kind, anchor) in ids
    ]


def _not_ours(tag: str, classes: set[str], section: str) -> bool:
    """Say whether words are a link to an exhibit or the desk's own, each where it belongs."""
    if not any(tag == _NOT_OURS.get(name) for name in classes):
        return False
    return tag == "a" or section == ("disclosures" if tag == "ul" else "")


def tables(page: str) -> dict[str, list[list[str]]]:
    """Return the cells of each figure's data, by the figure's id."""
    found = {}
    for id, body in _DATA.findall(page):
        rows = (_CELL.findall(row) for row in body.split("<tr>")[1:])
        found[id] = [[html.unescape(_TAG.sub("", cell)) for cell in row] for row in rows]
    return found


def _decoded(encoded: str) -> str:
    """Return a picture that an attribute holds, nothing if it cannot be read."""
    try:
        return base64.b64decode(encoded, validate=True).decode(errors="replace")
    except binascii.Error:
        return ""


def plain(words: str) -> str:
    """Return words with each run of white space as one blank."""
    return re.sub(r"\s+", " ", words).strip()
