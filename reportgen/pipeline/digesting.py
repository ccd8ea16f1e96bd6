"""The digest of a note for its mail: pictures, page and plain text, sealed with the note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportgen.delivery import mailproof
from reportgen.errors import TemplateError
from reportgen.figures.figure import Figure
from reportgen.pipeline.analysis import Analysis
from reportgen.pipeline.design import Design
from reportgen.pipeline.exhibits import draw_one
from reportgen.render import digest as digests
from reportgen.render.context import NoteContext
from reportgen.render.plain import plain_text

HTML, TEXT = "digest.html", "digest.txt"


@dataclass(frozen=True, slots=True)
class Made:
    """The files of a digest by name, and the page that the audit reads."""

    files: dict[str, bytes]
    marked: str


def make(context: NoteContext, design: Design, analysis: Analysis, figures: Sequence[Figure]) -> Made:
    """Set the digest, with the charts that the note's definition names and the data allow.

    Shape: of figures the bitmaps are taken where they were drawn; else they are drawn here.

    Raises: TemplateError for a chart that does not exist, and for what mail clients would drop.
    """
    specifications = design.charts.specifications
    unknown = [id for id in design.definition.digest if id not in specifications]
    if unknown:
        raise TemplateError(
            f"{context.note}/note.toml: digest: no chart {', '.join(unknown)}, "
            f"expected some of {', '.join(specifications)}"
        )
    drawn = {figure.id: figure.png for figure in figures}
    bitmaps = {
        exhibit.id: drawn.get(exhibit.id) or _bitmap(exhibit.id, design, analysis)
        for exhibit in digests.chosen(context, design.definition.digest)
    }
    made = digests.digest(context, design.templates, bitmaps)
    page = mailproof.inlined(made.html)
    faults = mailproof.lint(page)
    if faults:
        raise TemplateError("\n".join(f"{HTML}: {fault}" for fault in faults))
    pictures = {f"{digests.FOLDER}/{id}.png": png for id, png in bitmaps.items()}
    return Made({HTML: page.encode(), TEXT: plain_text(page).encode(), **pictures}, made.marked)


def _bitmap(id: str, design: Design, analysis: Analysis) -> bytes:
    return draw_one(design.charts.specifications[id], analysis, design, png=True).png
