"""The National Financial Conditions Index of the Chicago Fed: one CSV of the whole history.

FRED is its home, with vintages; here it stands on Wednesday morning. The whole history is estimated again
every week: the weeks that are held already are FRED's to revise.

Source: https://www.chicagofed.org/research/data/nfci/current-data
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from reportgen.errors import FetchError, MalformedError, RefusedError
from reportgen.sources.bodies import as_lines
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sheets import newest_day, sheet
from reportgen.sources.sieve import US, counts
from reportgen.sources.transport import Reply, Transport

ID = "chicagofed"
NEEDS = "nothing"
FILE = "https://www.chicagofed.org/-/media/publications/nfci/nfci-data-series-csv.csv"
_DAY = "Friday_of_Week"
_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "nfci": "NFCI",
        "anfci": "ANFCI",
        "nfci_risk": "Risk",
        "nfci_credit": "Credit",
        "nfci_leverage": "Leverage",
    }
)


class ChicagoFedSource:
    """The index, its adjusted form and three parts."""

    id = ID
    series: tuple[str, ...] = tuple(_COLUMNS)

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield one answer."""
        wanted = {s: column for s, column in _COLUMNS.items() if s in want.series}
        if not wanted:
            return
        replies: list[Reply] = []
        try:
            slot = f"{ID}/nfci" if wanted.keys() <= want.newest.keys() else ""
            replies.append(transport.get(FILE, source=ID, slot=slot))
            answer = sheet(ID, replies[0], _DAY, wanted, US, want)
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
        return Probe(ID, True, (NEEDS,), f"newest week: {newest_day(lines, _DAY)}")


SOURCE = ChicagoFedSource()
