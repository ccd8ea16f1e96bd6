"""Whole notes as PDF, and what stands where on their pages."""

from __future__ import annotations

import datetime as dt
import functools
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from pypdfium2 import raw

from reportgen.pipeline import building
from reportgen.pipeline.analysis import Desk, analyse
from reportgen.render import html
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
POINTS_PER_MM = 72 / 25.4
HEAD, FOOT = 19 * POINTS_PER_MM, 16 * POINTS_PER_MM  # margins in which running heads and feet stand

# A reversal at year's end, a calm week, the longest first pages, the shutdown of 2025, the newest data.
FAST = ("2019-09-18", "2020-03-20", "2025-04-10")
SLOW = (
    *("2018-12-24", "2019-06-14", "2020-03-06", "2020-07-24", "2021-06-11", "2022-09-30"),
    *("2023-03-17", "2023-04-28", "2024-08-09", "2025-11-14", "2026-06-18"),
)

Box = tuple[float, float, float, float]  # left, bottom, right, top in points from the foot of the page


@dataclass(frozen=True)
class Line:
    """Words that stand on one line."""

    words: str
    box: Box


@dataclass(frozen=True)
class Sheet:
    """One page: its lines from top to bottom without those of figures, and the figures' boxes."""

    number: int
    lines: tuple[Line, ...]
    running: tuple[Line, ...]
    figures: tuple[Box, ...]
    text: str
    inked: float  # share of the text block above the last mark on it


class BuiltPages:
    """A note's PDF, the HTML from which it was set, and its pages."""

    def __init__(self, as_of: str) -> None:
        analysis = analyse(Desk(), parse_as_of(as_of), NOW, allow_stale=True)
        kept: list[str] = []

        def keep(*arguments: Any) -> str:
            kept.append(html.print_page(*arguments))
            return kept[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("reportgen.pipeline.aside._CAN_COPY", False)  # else it is set out of sight
            patch.setattr("reportgen.render.pdf.print_page", keep)
            built = building.build(analysis, Desk(), "treasury-weekly", "en", lambda stage: None)
        self.note_id = built.note_id
        self.files = built.files
        self.content = built.files["note.pdf"]
        (self.html,) = kept

    @functools.cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        figures = self._figures()
        with pypdfium2.PdfDocument(self.content) as opened:
            return tuple(_sheet(opened[at], at, figures.get(at, ())) for at in range(len(opened)))

    def headings(self, *levels: str) -> set[str]:
        """Return the words of headings, and of rows that head a group of a table."""
        tags = "|".join(levels)
        found = re.findall(rf"<({tags})\b[^>]*>(.*?)</\1>", self.html, re.DOTALL)
        groups = re.findall(r'<tr class="group">(.*?)</tr>', self.html, re.DOTALL)
        return {plain(inner) for inner in (*(words for _, words in found), *groups)}

    def _figures(self) -> dict[int, tuple[Box, ...]]:
        """Return the boxes of the figures of each page, as the structure tree gives them."""
        boxes: dict[int, list[Box]] = {}
        with pikepdf.open(io.BytesIO(self.content)) as opened:
            numbers = {page.obj.objgen: at for at, page in enumerate(opened.pages)}
            for element in opened.objects:
                if isinstance(element, pikepdf.Dictionary) and element.get("/S") == "/Figure":
                    left, bottom, right, top = (float(edge) for edge in element.A.BBox)
                    boxes.setdefault(numbers[element.Pg.objgen], []).append((left, bottom, right, top))
        return {at: tuple(found) for at, found in boxes.items()}


def plain(fragment: str) -> str:
    """Return the words of a piece of HTML."""
    words = re.sub(r"<[^>]*>", " ", fragment)
    words = words.replace("&#39;", "'").replace("&amp;", "&").replace("&nbsp;", " ")
    return " ".join(words.replace("\u00a0", " ").split())


def _sheet(page: Any, number: int, figures: tuple[Box, ...]) -> Sheet:
    height = page.get_height()
    textpage = page.get_textpage()
    text, lines = _lines(textpage, figures)
    body = [line for line in lines if line.box[1] > FOOT and (number == 0 or line.box[3] < height - HEAD)]
    return Sheet(
        number,
        tuple(sorted(body, key=lambda line: -line.box[1])),
        tuple(line for line in lines if line not in body),
        figures,
        text,
        _inked(page, height),
    )


def _lines(textpage: Any, figures: tuple[Box, ...]) -> tuple[str, list[Line]]:
    """Read the characters outside figures, in the order in which they are written."""
    text: list[str] = []
    lines: list[Line] = []
    begun: list[tuple[str, Box]] = []

    def end() -> None:
        if words := "".join(character for character, _ in begun).strip():
            edges = [box for character, box in begun if not character.isspace()]
            lefts, bottoms, rights, tops = zip(*edges, strict=True)
            lines.append(Line(words, (min(lefts), min(bottoms), max(rights), max(tops))))
        begun.clear()

    for at in range(textpage.count_chars()):
        character = chr(raw.FPDFText_GetUnicode(textpage, at))
        character = {"\u00a0": " ", "\ufffe": "-", "\x02": "-"}.get(character, character)
        if character in "\r\n":
            text.append(character)
            end()
            continue
        box = textpage.get_charbox(at)
        if any(_within(box, figure) for figure in figures):
            continue
        text.append(character)
        begun.append((character, box))
    end()
    return "".join(text), lines


def _within(box: Box, figure: Box) -> bool:
    across, up = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return figure[0] - 2 <= across <= figure[2] + 2 and figure[1] - 2 <= up <= figure[3] + 2


def _inked(page: Any, height: float) -> float:
    """Return how far down the text block the last mark stands, at a pixel a point."""
    picture = page.render(scale=1, grayscale=True).to_numpy().squeeze()
    block = picture[int(HEAD) : int(height - FOOT)]
    marked = (block < 235).any(axis=1).nonzero()[0]
    return float(marked[-1] + 1) / len(block) if len(marked) else 0.0


@functools.lru_cache(maxsize=3)
def _built(as_of: str) -> BuiltPages:
    return BuiltPages(as_of)


@pytest.fixture(
    scope="session", params=[*FAST, *(pytest.param(as_of, marks=pytest.mark.slow) for as_of in SLOW)]
)
def note(request: pytest.FixtureRequest) -> BuiltPages:
    """Build the note of a date, once in each process."""
    return _built(request.param)


@pytest.fixture(scope="session")
def words_of() -> Callable[[str], str]:
    """Offer the words of a piece of HTML."""
    return plain


@pytest.fixture
def pdf_file(note: BuiltPages, tmp_path: Path) -> Path:
    """Write the PDF for programs that want a file."""
    file = tmp_path / "note.pdf"
    file.write_bytes(note.content)
    return file
