"""Whether what the law wants read is set as large as the rest: the sizes of type in a finished PDF.

MiFID II (Delegated Regulation 2017/565, Article 44(2)(c)) asks that risks be indicated in a size at least
equal to the predominant one. The structure tree says which words stand under which heading, the pages say
how large they are.
"""

from __future__ import annotations

import html
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary

LEGAL = ("risks", "disclosures")  # the sections whose type is measured
_TOLERANCE_PT = 0.05
_RUNNING_TEXT = frozenset(("/P", "/LI", "/LBody"))
_HEADINGS = frozenset(("/H1", "/H2", "/H3"))
_SET_APART = frozenset(("/Table", "/Caption"))
# Marks and sizes as the renderer writes them: its strings are hexadecimal, so none can hold such a pattern.
_TOKENS = re.compile(
    rb"/\w+\s*<<\s*/MCID (?P<mcid>\d+)\s*>>\s*BDC|(?P<end>\bEMC\b)"
    rb"|(?P<scale>[\d.]+) 0 0 [\d.]+ 0 0 cm|/\w+ (?P<size>[\d.]+) Tf|\[(?P<words>[<>0-9a-fA-F\s.-]*)\]\s*TJ"
)
_GLYPH = re.compile(rb"<([0-9a-fA-F]+)>")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of one size under one heading."""

    heading: str
    running: bool  # a paragraph or list, not a table, caption or heading
    size_pt: float
    glyphs: int


def headings(page_html: str) -> tuple[str, ...]:
    """Return the headings under which a page says what the law wants read."""
    found = []
    for id in LEGAL:
        section = re.search(rf'<section id="{id}"[^>]*>(.*?)</h2>', page_html, re.DOTALL)
        if section is not None:
            words = section[1][section[1].rindex("<h2") :]
            found.append(_plain(html.unescape(_TAG.sub("", words))))
    return tuple(found)


def faults(pdf: bytes, wanted: Iterable[str]) -> list[str]:
    """Return under which of the headings a PDF is set smaller than its predominant running text.

    A heading that is not in it is a fault, too. Missing: a PDF without structure has that fault alone.
    """
    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            words = list(_read(opened))
    except (pikepdf.PdfError, AttributeError, KeyError, TypeError, ValueError) as error:
        return [f"the sizes of its type cannot be read: {' '.join(str(error).split())}"]
    predominant = _predominant(words)
    found = []
    for heading in wanted:
        sizes = [w.size_pt for w in words if w.heading == heading]
        if not sizes:
            found.append(f"nothing stands under the heading {heading!r}")
        elif min(sizes) < predominant - _TOLERANCE_PT:
            found.append(
                f"type of {min(sizes):.1f} pt under {heading!r}, expected {predominant:.1f} pt or more "
                "as in most of the running text"
            )
    return found


def _predominant(words: Iterable[_Words]) -> float:
    """Return the size in which most of the running text is set."""
    counted: Counter[float] = Counter()
    for one in words:
        if one.running:
            counted[one.size_pt] += one.glyphs
    return max(counted.items(), key=lambda held: (held[1], held[0]))[0] if counted else 0.0


def _read(pdf: pikepdf.Pdf) -> Iterator[_Words]:
    """Walk the structure in reading order, under the headings that the outline names."""
    pages = {page.obj.objgen: _sizes(page) for page in pdf.pages}
    leaves = list(_leaves(pdf.Root.StructTreeRoot.K))
    titles, begun = _titles(pdf), sum(element is None for element, _, _ in leaves)
    if len(titles) != begun:
        raise ValueError(f"{begun} headings on the pages, {len(titles)} in the outline")
    following, heading = iter(titles), ""
    for element, running, in_heading in leaves:
        if element is None:
            heading = next(following)
        elif not in_heading:
            held = pages.get(element.Pg.objgen, {})
            kids = element.K if isinstance(element.K, Array) else [element.K]
            for kid in kids:
                if isinstance(kid, int):
                    for size_pt, glyphs in held.get(kid, {}).items():
                        yield _Words(heading, running, size_pt, glyphs)


def _titles(pdf: pikepdf.Pdf) -> list[str]:
    """Return the second-level headings in order, as the outline has them."""
    with pdf.open_outline() as outline:
        return [_plain(item.title) for top in outline.root for item in top.children]


def _leaves(kids: Any, running: bool = False, in_heading: bool = False) -> Iterator[tuple[Any, bool, bool]]:
    """Return the elements that hold words, and None where a second-level heading begins."""
    for kid in kids if isinstance(kids, Array) else [kids]:
        if not isinstance(kid, Dictionary) or "/S" not in kid:
            continue
        tag = str(kid.S)
        if tag == "/Figure":
            continue
        if tag == "/H2":
            yield None, False, True
        heading = in_heading or tag in _HEADINGS
        below = tag not in _SET_APART and (running or tag in _RUNNING_TEXT)
        if "/K" in kid:
            if _holds_words(kid.K):
                yield kid, below, heading
            yield from _leaves(kid.K, below, heading)


def _holds_words(kids: Any) -> bool:
    return any(isinstance(kid, int) for kid in (kids if isinstance(kids, Array) else [kids]))


def _sizes(page: pikepdf.Page) -> dict[int, dict[float, int]]:
    """Return how many glyphs of which size, in points, each marked content of a page holds."""
    content = page.obj.Contents.read_bytes()
    sizes: dict[int, dict[float, int]] = {}
    scale, size, marked = 1.0, 0.0, -1
    for token in _TOKENS.finditer(content):
        if token["mcid"] is not None:
            marked = int(token["mcid"])
        elif token["end"] is not None:
            marked = -1
        elif token["scale"] is not None:
            scale = float(token["scale"]) if scale == 1.0 else scale
        elif token["size"] is not None:
            size = float(token["size"])
        elif marked >= 0:
            glyphs = sum(len(run) // 4 for run in _GLYPH.findall(token["words"]))
            held = sizes.setdefault(marked, {})
            points = round(size * scale, 2)
            held[points] = held.get(points, 0) + glyphs
    return sizes


def _plain(words: str) -> str:
    return " ".join(words.replace("\u00a0", " ").split())
