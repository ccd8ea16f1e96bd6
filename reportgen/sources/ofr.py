"""The Financial Stress Index of the Office of Financial Research: one CSV of the whole history.

Source: https://www.financialresearch.gov/financial-stress-index/
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property

from reportgen import catalog
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sheets import Sheet
from reportgen.sources.sieve import ISO
from reportgen.sources.transport import Transport

ID = "ofr"
FILE = "https://www.financialresearch.gov/financial-stress-index/data/fsi.csv"
_CATEGORIES = ("Credit", "Equity valuation", "Safe assets", "Funding", "Volatility")
_SHEET = Sheet(ID, FILE, f"{ID}/fsi", "Date", ISO, needs="nothing", total="OFR FSI", parts=_CATEGORIES,
               rounding=Decimal("0.003"))  # fmt: skip


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
        return _SHEET.fetch(self._columns, want, transport)

    def probe(self, transport: Transport) -> Probe:
        """Ask for the file."""
        return _SHEET.probe(transport)


SOURCE = OfrSource()
