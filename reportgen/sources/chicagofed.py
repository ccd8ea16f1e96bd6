"""The National Financial Conditions Index of the Chicago Fed: one CSV of the whole history.

FRED is its home, with vintages; here it stands on Wednesday morning. The whole history is estimated again
every week: the weeks that are held already are FRED's to revise.

Source: https://www.chicagofed.org/research/data/nfci/current-data
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sheets import Sheet
from reportgen.sources.sieve import US
from reportgen.sources.transport import Transport

ID = "chicagofed"
FILE = "https://www.chicagofed.org/-/media/publications/nfci/nfci-data-series-csv.csv"
_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "nfci": "NFCI",
        "anfci": "ANFCI",
        "nfci_risk": "Risk",
        "nfci_credit": "Credit",
        "nfci_leverage": "Leverage",
    }
)
_SHEET = Sheet(ID, FILE, f"{ID}/nfci", "Friday_of_Week", US, needs="nothing", each="week")


class ChicagoFedSource:
    """The index, its adjusted form and three parts."""

    id = ID
    series: tuple[str, ...] = tuple(_COLUMNS)

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield one answer."""
        return _SHEET.fetch(_COLUMNS, want, transport)

    def probe(self, transport: Transport) -> Probe:
        """Ask for the file."""
        return _SHEET.probe(transport)


SOURCE = ChicagoFedSource()
