"""Small multiples over time: one above the other in half a page's width, side by side in the whole."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen.figures import frame, timeaxes
from reportgen.figures.figure import Drawing, Inputs, nothing, parents, shown_unit, table
from reportgen.figures.labels import Box
from reportgen.figures.scales import date_scale
from reportgen.figures.specification import Panel
from reportgen.figures.timeaxes import TimePanel

_TOP, _TITLE = 4.0, 12.0  # room in points above axes, without and with a title
_ABOVE_NEXT = 4.0  # between axes and the title of the next below
_BETWEEN = 18.0  # side by side


def draw(inputs: Inputs) -> Drawing:
    """Draw the chart's panels; one without any data is left out and named."""
    return grid(inputs, inputs.spec.axes)


def grid(inputs: Inputs, panels: Sequence[Panel]) -> Drawing:
    """Draw panels that share their time axis."""
    gathered = [(panel, *timeaxes.gather(inputs, panel)) for panel in panels]
    omitted = tuple(name for _, _, names in gathered for name in names)
    held = [(panel, lines) for panel, lines, _ in gathered if lines]
    if not held:
        return nothing(omitted)
    beside = inputs.spec.size == "full" and len(held) > 1
    most_ticks = 6 if beside or len(held) == 1 else 4
    shown = [timeaxes.prepare(inputs, panel, lines, most_ticks) for panel, lines in held]
    made = frame.picture(inputs.spec)
    start = timeaxes.first_day(shown, inputs.spec.start(inputs.end))
    for position, (panel, box) in enumerate(zip(shown, boxes(frame.size(made), shown, beside), strict=True)):
        x = date_scale(start, inputs.end, box.right - box.left, panel.right_margin)
        target = frame.frame(made, box, x, panel.y)
        timeaxes.draw(target, panel, inputs)
        if not beside and position < len(shown) - 1:
            target.open_below()
    lines = [s for p in shown for s in p.lines]
    units = [shown_unit(p.unit, p.panel.divide_by) for p in shown for _ in p.lines]
    return Drawing(made, parents(lines), max(s.last_day for s in lines), table(lines, units), omitted)


def boxes(whole: tuple[float, float], shown: Sequence[TimePanel], beside: bool) -> list[Box]:
    """Return where each panel's axes lie, in points."""
    width, height = whole
    above = _TITLE if any(p.panel.title for p in shown) else _TOP
    if beside:
        column = (width - _BETWEEN * (len(shown) - 1)) / len(shown)
        return [
            Box(
                left=k * (column + _BETWEEN) + frame.left_margin([p.y]),
                bottom=frame.BOTTOM,
                right=k * (column + _BETWEEN) + column - p.right_margin,
                top=height - above,
            )
            for k, p in enumerate(shown)
        ]
    left, right = frame.left_margin([p.y for p in shown]), width - max(p.right_margin for p in shown)
    row = (height - frame.BOTTOM) / len(shown)
    bottoms = [frame.BOTTOM + row * k for k in reversed(range(len(shown)))]
    return [
        Box(left, bottom if bottom == frame.BOTTOM else bottom + _ABOVE_NEXT, right, bottom + row - above)
        for bottom in bottoms
    ]
