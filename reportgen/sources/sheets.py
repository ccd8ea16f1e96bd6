"""A table of one day a line and one series a column, as several publishers give it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reportgen.errors import FetchError, MalformedError, RefusedError
from reportgen.sources.bodies import Line, as_lines, columns, fault
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sieve import Sieve, counts, parse_number
from reportgen.sources.transport import Reply, Transport


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV of the whole history of a source's series."""

    source: str
    url: str
    slot: str
    day: str  # name of the column of days
    form: str  # of the days
    needs: str
    each: str = "day"  # what a line stands for
    total: str = ""  # name of the column that the parts add up to, where there is one
    parts: tuple[str, ...] = ()
    rounding: Decimal = Decimal(0)  # of all parts and the total together

    def fetch(self, names: Mapping[str, str], want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield one answer; names gives the column of each series."""
        wanted = {s: name for s, name in names.items() if s in want.series}
        if not wanted:
            return
        replies: list[Reply] = []
        try:
            slot = self.slot if wanted.keys() <= want.newest.keys() else ""
            replies.append(transport.get(self.url, source=self.source, slot=slot))
            answer = self._read(replies[0], wanted, want)
        except (RefusedError, MalformedError) as error:
            yield Answer(failed=dict.fromkeys(wanted, error), **counts(replies))
            return
        yield answer
        if answer.complete:
            transport.remember(replies[0])

    def probe(self, transport: Transport) -> Probe:
        """Ask for the file."""
        try:
            lines = as_lines(transport.get(self.url, source=self.source))
        except FetchError as error:
            return Probe(self.source, False, (self.needs,), error.message)
        return Probe(self.source, True, (self.needs,), f"newest {self.each}: {self._newest(lines)}")

    def _read(self, reply: Reply, wanted: Mapping[str, str], want: Want) -> Answer:
        """Return the wanted columns; nothing, where the file has not changed.

        An empty cell is a value that is missing. Raises: MalformedError where a column is missing.
        """
        sieve = Sieve(self.source, [reply], want.levels)
        told = dict.fromkeys(wanted, want.first)
        if reply.not_modified:
            return sieve.answer(told=told)
        lines = as_lines(reply)
        if len(lines) < 2:
            raise fault(reply, f"{len(lines)} lines", "a header and a line a day")
        place = columns(reply, lines[0], [self.day, *wanted.values()])
        width = len(lines[0].cells)
        for line in lines[1:]:
            where = f"line {line.number}"
            if len(line.cells) != width:
                sieve.reject(None, where, f"{len(line.cells)} cells", f"{width}, as in the header", line)
                continue
            wrong = self._gap(lines[0], line)
            if wrong:
                sieve.reject(None, where, wrong, f"{', '.join(self.parts)} that add up to {self.total}", line)
                continue
            for series_id, name in wanted.items():
                sieve.add(series_id, where, line.cells[place[self.day]], line.cells[place[name]],
                          form=self.form, missing=("",), context=line)  # fmt: skip
        return sieve.answer(ordered="ascending", since=want.since, told=told)

    def _gap(self, header: Line, line: Line) -> str:
        """Say how far the parts of a line are from their total; a sum that lacks a part is not tested."""
        told = dict(zip(header.cells, line.cells, strict=True))
        cells = [told.get(name) for name in (self.total, *self.parts)]
        known = [Decimal(c) for c in cells if c is not None and parse_number(c) is not None]
        gap = abs(known[0] - sum(known[1:], Decimal(0))) if known and len(known) == len(cells) else Decimal(0)
        return f"{gap} away from the total of {known[0]}" if gap > self.rounding else ""

    def _newest(self, lines: Sequence[Line]) -> str:
        """Return the last day as it is written."""
        if len(lines) < 2 or self.day not in lines[0].cells:
            return "none"
        cells = lines[-1].cells
        at = lines[0].cells.index(self.day)
        return cells[at] if at < len(cells) else "none"
