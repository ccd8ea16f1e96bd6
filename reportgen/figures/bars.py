"""The week's change by tenor, as bars that carry their values."""

from __future__ import annotations

from reportgen.figures import frame, house
from reportgen.figures.figure import Drawing, Inputs, Table, heading, nothing
from reportgen.figures.labels import Box
from reportgen.figures.scales import Scale, Tick, number_scale
from reportgen.model import Fact
from reportgen.text import format_number

_WIDTH = 0.62
_TOP = 11.0  # room in points for a value above the axes
_CHANGE = ".change_week"


def draw(inputs: Inputs) -> Drawing:
    """Draw one bar a line of the specification, from the facts that the note prints."""
    spec = inputs.spec
    held = [(p, f) for p in spec.lines if (f := inputs.facts.get(p.measure + _CHANGE)) is not None]
    omitted = tuple(p.label for p in spec.lines if p.measure + _CHANGE not in inputs.facts)
    if not held:
        return nothing(omitted)
    values = [f.number for _, f in held]
    y = number_scale(values, zero=True, room=0.12)._replace(ticks=())
    made = frame.picture(spec)
    width, height = frame.size(made)
    x = Scale(-0.6, len(held) - 0.4, tuple(Tick(k, p.label) for k, (p, _) in enumerate(held)))
    target = frame.frame(made, Box(4, frame.BOTTOM, width - 6, height - _TOP), x, y)
    up, down = house.pen("first").color, house.pen("second").color
    target.axes.bar(
        range(len(held)), values, _WIDTH, color=[up if v >= 0 else down for v in values], zorder=2
    )
    for k, (_, fact) in enumerate(held):
        above = fact.number >= 0
        height = target.up(fact.number) + (2.0 if above else -2.0)
        place = {"ha": "center", "va": "bottom" if above else "top", "gid": "value"}
        target.note(target.across(k), height, _bare(fact), **place)
    header = ("Tenor", heading("Change on the week", spec.unit))
    table = Table(header, tuple((p.label, _bare(f)) for p, f in held))
    series = tuple({o.series.id: o.series for _, f in held for o in f.inputs}.values())
    return Drawing(made, series, max(f.observed for _, f in held), table, omitted)


def _bare(fact: Fact) -> str:
    """Return a fact's number as it is printed, without its unit."""
    return format_number(fact.number, fact.decimals, signed=True)
