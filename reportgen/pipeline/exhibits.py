"""The exhibits of a note: drawn from an analysis, and known by what they show."""

from __future__ import annotations

import hashlib
from itertools import zip_longest

from reportgen.figures import draw
from reportgen.figures.figure import Figure
from reportgen.figures.specification import Specification
from reportgen.pipeline.analysis import Analysis
from reportgen.pipeline.aside import Aside
from reportgen.pipeline.design import Design


def draw_all(analysis: Analysis, design: Design, *, png: bool = False) -> list[Figure]:
    """Draw every exhibit of a note, every second one beside the others; png asks for bitmaps too."""

    def draw_some(start: int) -> list[Figure]:
        return [draw_one(spec, analysis, design, png=png) for spec in design.exhibits[start::2]]

    with Aside(draw_some).start(1) as others:
        pairs = tuple(zip_longest(draw_some(0), others.result()))
    return [figure for pair in pairs for figure in pair if figure is not None]


def draw_one(spec: Specification, analysis: Analysis, design: Design, *, png: bool = False) -> Figure:
    """Draw one exhibit."""
    facts, references = analysis.facts.facts, analysis.references
    return draw.draw(spec, analysis.measures, facts, design.charts, references, design.look, png=png)


def digest(spec: Specification, analysis: Analysis, design: Design) -> str:
    """Return a digest of all that a figure is drawn from; figures of one digest are alike.

    Shape: specification, style, look, the week, and the data, facts and thresholds of each measure shown.
    """
    found = hashlib.sha256(design.charts.style.read_bytes())

    def add(*parts: object) -> None:
        found.update(repr(parts).encode())

    references = analysis.references
    add(spec, design.look, design.charts.episodes, design.charts.publishers)
    add(analysis.snapshot.as_of, analysis.snapshot.market_date, analysis.snapshot.week_start)
    for panel in spec.axes:
        add([references.get(r.threshold) for r in panel.references])
        for line in panel.lines:
            track = analysis.measures.history(line.measure)
            add(track.label, track.unit, [s.id for s in track.series])
            found.update(track.days.tobytes())
            found.update(track.values.tobytes())
            add([f for f in analysis.facts.facts.values() if f.id.startswith(f"{line.measure}.")])
    return found.hexdigest()
