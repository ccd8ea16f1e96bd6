"""Lines over time on one pair of axes."""

from __future__ import annotations

from reportgen.figures import panels
from reportgen.figures.figure import Drawing, Inputs


def draw(inputs: Inputs) -> Drawing:
    """Draw the chart's lines."""
    return panels.grid(inputs, inputs.spec.axes)
