"""A table of one day a line and one series a column, as several publishers give it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportgen.sources.bodies import Line, as_lines, columns, fault
from reportgen.sources.contract import Answer, Want
from reportgen.sources.sieve import Sieve
from reportgen.sources.transport import Reply


def sheet(source: str, reply: Reply, day: str, wanted: Mapping[str, str], form: str, want: Want) -> Answer:
    """Return the wanted columns of a CSV; nothing, where it has not changed.

    An empty cell is a value that is missing. Raises: MalformedError where a column is missing.
    """
    sieve = Sieve(source, [reply], want.levels, want.newest)
    if reply.not_modified:
        return sieve.answer()
    lines = as_lines(reply)
    if len(lines) < 2:
        raise fault(reply, f"{len(lines)} lines", "a header and a line a day")
    place = columns(reply, lines[0], [day, *wanted.values()])
    width = len(lines[0].cells)
    for line in lines[1:]:
        where = f"line {line.number}"
        if len(line.cells) != width:
            sieve.reject(None, where, f"{len(line.cells)} cells", f"{width}, as in the header", line)
            continue
        for series_id, name in wanted.items():
            sieve.add(series_id, where, line.cells[place[day]], line.cells[place[name]], form=form,
                      missing=("",), context=line)  # fmt: skip
    return sieve.answer(ordered="ascending", since=want.since)


def newest_day(lines: Sequence[Line], day: str) -> str:
    """Return the last day of a table as it is written, for a probe."""
    if len(lines) < 2 or day not in lines[0].cells:
        return "none"
    cells = lines[-1].cells
    at = lines[0].cells.index(day)
    return cells[at] if at < len(cells) else "none"
