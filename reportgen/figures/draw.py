"""From a specification to a finished figure."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

from matplotlib.figure import Figure as Picture
from matplotlib.text import Text

from reportgen.errors import ChartError
from reportgen.figures import bars, contribution, curve, episodes, heat, house, line, panels, stacked
from reportgen.figures.figure import Drawing, Figure, Inputs, source_line
from reportgen.figures.house import Look
from reportgen.figures.png import bitmap
from reportgen.figures.specification import Charts, Kind, Specification
from reportgen.figures.svg import inline_svg
from reportgen.indicators.measures import Measures
from reportgen.model import NEW_YORK, Fact, Ref

KINDS: Mapping[Kind, Callable[[Inputs], Drawing]] = {
    "bars": bars.draw,
    "contribution": contribution.draw,
    "curve": curve.draw,
    "episodes": episodes.draw,
    "heat": heat.draw,
    "line": line.draw,
    "panels": panels.draw,
    "stacked": stacked.draw,
}


def draw(
    spec: Specification,
    measures: Measures,
    facts: Mapping[str, Fact],
    charts: Charts,
    references: Mapping[str, Ref],
    look: Look,
    *,
    png: bool = False,
) -> Figure:
    """Return a chart's figure; an empty one with the reason where no data are held.

    Shape: references maps the ids of thresholds to their values in force; png asks for a bitmap too.

    Raises: ChartError naming the specification and what cannot be drawn.
    """
    inputs = Inputs(spec, measures, facts, charts, references)
    as_of = measures.snapshot.as_of.astimezone(NEW_YORK).date()
    with house.house_style(charts.style, look), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # said below, as an error
        try:
            drawn = KINDS[spec.kind](inputs)
        except (ArithmeticError, LookupError, ValueError) as error:
            raise ChartError(f"{spec.id}.toml: {spec.kind} cannot be drawn: {error}") from error
        if drawn.picture is None:
            return _figure(spec, drawn)
        _refuse_missing_glyphs(spec, drawn.picture, look.family)
        source = spec.source or source_line(drawn.series, charts, as_of, drawn.last_day)
        svg = inline_svg(drawn.picture, spec.width_mm, spec.height_mm, look.family)
        return _figure(spec, drawn, svg, source, bitmap(drawn.picture, source) if png else b"")


def _figure(spec: Specification, drawn: Drawing, svg: str = "", source: str = "", png: bytes = b"") -> Figure:
    restricted = any(s.restricted for s in drawn.series)
    return Figure(
        id=spec.id,
        svg=svg,
        width_mm=spec.width_mm,
        height_mm=spec.height_mm,
        sources=drawn.series,
        source_line=source,
        last_day=drawn.last_day,
        table=None if restricted else drawn.table,
        omitted=drawn.omitted,
        why=drawn.why,
        png=png,
    )


def _refuse_missing_glyphs(spec: Specification, made: Picture, family: str) -> None:
    """Check every word of a picture against the font, before a renderer falls back on another."""
    words = "".join(text.get_text() for text in made.findobj(Text))
    absent = house.absent(words, family)
    if absent:
        named = ", ".join(f"{c!r} (U+{ord(c):04X})" for c in absent)
        raise ChartError(
            f"{spec.id}.toml: no glyph for {named} in {family}",
            hint="Replace the character, or name a font that holds it in desk.toml.",
        )
