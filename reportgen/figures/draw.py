"""From a specification to a finished figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reportgen.errors import ChartError
from reportgen.figures import bars, curve, episodes, heat, house, line, panels, stacked
from reportgen.figures.figure import Drawing, Figure, Inputs, source_line
from reportgen.figures.specification import Charts, Kind, Specification
from reportgen.figures.svg import inline_svg
from reportgen.indicators.measures import Measures
from reportgen.model import NEW_YORK, Fact, Ref

KINDS: Mapping[Kind, Callable[[Inputs], Drawing]] = {
    "bars": bars.draw,
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
) -> Figure:
    """Return a chart's figure; an empty one with the reason where no data are held.

    Shape: references maps the ids of thresholds to their values in force.

    Raises: ChartError naming the specification and what cannot be drawn.
    """
    inputs = Inputs(spec, measures, facts, charts, references)
    with house.house_style(charts.style):
        try:
            drawn = KINDS[spec.kind](inputs)
        except (ArithmeticError, LookupError, ValueError) as error:
            raise ChartError(f"{spec.id}.toml: {spec.kind} cannot be drawn: {error}") from error
        svg = "" if drawn.picture is None else inline_svg(drawn.picture, spec.width_mm, spec.height_mm)
    as_of = measures.snapshot.as_of.astimezone(NEW_YORK).date()
    restricted = any(s.restricted for s in drawn.series)
    return Figure(
        id=spec.id,
        svg=svg,
        width_mm=spec.width_mm,
        height_mm=spec.height_mm,
        sources=drawn.series,
        source_line=(spec.source or source_line(drawn.series, charts, as_of, drawn.last_day)) if svg else "",
        last_day=drawn.last_day,
        table=None if restricted else drawn.table,
        omitted=drawn.omitted,
        why=drawn.why,
    )
