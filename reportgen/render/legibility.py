"""Whether what the law wants read is set as large as the rest: the sizes of type in a finished PDF.

MiFID II (Delegated Regulation 2017/565, Article 44(2)(c)) asks that risks be indicated in a size at least
equal to the predominant one. The structure tree says which words stand under which heading, the pages say
how large they are.
"""

from __future__ import annotations

import html
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, String

LEGAL = ("risks", "disclosures")  # the sections whose type is measured
_TOLERANCE_PT = 0.05
_RUNNING_TEXT = frozenset(("/P", "/LI", "/LBody"))
_HEADINGS = frozenset(("/H1", "/H2", "/H3"))
_SET_APART = frozenset(("/Table", "/Caption"))
_SHOWN = frozenset(("Tj", "TJ", "'", '"'))
_Matrix = tuple[float, float, float, float]  # of a transformation, without its shift
_PLAIN: _Matrix = (1.0, 0.0, 0.0, 1.0)
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
    except (pikepdf.PdfError, AttributeError, LookupError, TypeError, ValueError) as error:
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
    sizes: dict[int, dict[float, int]] = {}
    state, stack = (_PLAIN, 0.0), list[tuple[_Matrix, float]]()  # transformation and size of the font
    line = _PLAIN
    marks: list[int] = []
    for instruction in pikepdf.parse_content_stream(page):
        operands, name = list(instruction.operands), str(instruction.operator)
        matrix, size = state
        if name == "q":
            stack.append(state)
        elif name == "Q" and stack:
            state = stack.pop()
        elif name == "cm":
            state = (_product(_matrix(operands), matrix), size)
        elif name == "BT":
            line = _PLAIN
        elif name == "Tm":
            line = _matrix(operands)
        elif name == "Tf":
            state = (matrix, float(operands[1]))
        elif name in ("BDC", "BMC"):
            marks.append(_mark(operands, marks[-1] if marks else -1))
        elif name == "EMC" and marks:
            marks.pop()
        elif name in _SHOWN and marks and marks[-1] >= 0:
            held = sizes.setdefault(marks[-1], {})
            points = round(size * _height(_product(line, matrix)), 2)
            held[points] = held.get(points, 0) + _glyphs(operands[-1])
    return sizes


def _matrix(operands: Sequence[Any]) -> _Matrix:
    a, b, c, d = (float(number) for number in operands[:4])
    return a, b, c, d


def _product(first: _Matrix, then: _Matrix) -> _Matrix:
    """Return the transformation that does one and then another."""
    a, b, c, d = first
    e, f, g, h = then
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


def _height(matrix: _Matrix) -> float:
    """Return by how much a transformation stretches what stands upright."""
    return math.hypot(matrix[2], matrix[3])


def _mark(operands: Sequence[Any], around: int) -> int:
    """Return the number by which the structure knows marked content, -1 for what it does not know."""
    known = operands[1] if len(operands) > 1 else None
    number = known.get("/MCID") if isinstance(known, Dictionary) else None
    if number is None:
        return -1 if str(operands[0]) == "/Artifact" else around
    return int(number)


def _glyphs(shown: Any) -> int:
    """Count the glyphs of a string, or of an array with strings: each has a code of two bytes."""
    runs = shown if isinstance(shown, Array) else [shown]
    return sum(len(bytes(run)) // 2 for run in runs if isinstance(run, String))


def _plain(words: str) -> str:
    return " ".join(words.replace("\u00a0", " ").split())
