"""The Financial Stress Index of the Office of Financial Research: one CSV of the whole history.

Source: https://www.financialresearch.gov/financial-stress-index/
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from reportgen import catalog
from reportgen.errors import FetchError, MalformedError, RefusedError
from reportgen.sources.bodies import as_lines
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sheets import newest_day, sheet
from reportgen.sources.sieve import ISO, counts
from reportgen.sources.transport import Reply, Transport

ID = "ofr"
NEEDS = "nothing"
FILE = "https://www.financialresearch.gov/financial-stress-index/data/fsi.csv"


class OfrSource:
    """The index, its five categories and three regions."""

    id = ID

    @cached_property
    def _columns(self) -> dict[str, str]:
        """Return the column of each series: "OFR:FSI/Credit" is the column "Credit"."""
        found = {}
        for series in catalog.all_series().values():
            publisher, _, code = series.source.partition(":")
            if publisher == "OFR":
                found[series.id] = code.partition("/")[2] or "OFR FSI"
        return found

    @property
    def series(self) -> tuple[str, ...]:
        """Return the ids of the series."""
        return tuple(self._columns)

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield one answer."""
        wanted = {s: column for s, column in self._columns.items() if s in want.series}
        if not wanted:
            return
        replies: list[Reply] = []
        try:
            slot = f"{ID}/fsi" if wanted.keys() <= want.newest.keys() else ""
            replies.append(transport.get(FILE, source=ID, slot=slot))
            answer = sheet(ID, replies[0], "Date", wanted, ISO, want)
        except (RefusedError, MalformedError) as error:
            yield Answer(failed=dict.fromkeys(wanted, error), **counts(replies))
            return
        yield answer
        if answer.complete:
            transport.remember(replies[0])

    def probe(self, transport: Transport) -> Probe:
        """Ask for the file."""
        try:
            lines = as_lines(transport.get(FILE, source=ID))
        except FetchError as error:
            return Probe(ID, False, (NEEDS,), error.message)
        return Probe(ID, True, (NEEDS,), f"newest day: {newest_day(lines, 'Date')}")


SOURCE = OfrSource()
