"""The Treasury General Account, day by day, from the Daily Treasury Statement on Fiscal Data.

Every value of the API is text, and what is missing is the text "null". The closing balance changed its label
and its column twice: since April 2022 it is a row of its own whose number stands among opening balances.

Source: https://fiscaldata.treasury.gov/datasets/daily-treasury-statement/ (Operating Cash Balance)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from reportgen.errors import FetchError, MalformedError, RefusedError
from reportgen.sources.bodies import as_json, fault, field, listed
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sieve import ISO, Sieve, counts, parse_day
from reportgen.sources.transport import Reply, Transport

ID = "fiscaldata"
NEEDS = "nothing"
API = (
    "https://api.fiscaldata.treasury.gov/services/api/fiscal_service/v1/accounting/dts/operating_cash_balance"
)
SERIES = "tga"
PAGE = 10_000
_WINDOW = timedelta(days=14)
_FIRST = date(2005, 10, 3)
# The label of the closing balance, the column of its number, and the first day of both.
_LABELS = (
    (date(2022, 4, 18), "Treasury General Account (TGA) Closing Balance", "open_today_bal"),
    (date(2021, 10, 1), "Treasury General Account (TGA)", "close_today_bal"),
    (date.min, "Federal Reserve Account", "close_today_bal"),
)


class FiscalDataSource:
    """One series: the Treasury's balance at the Federal Reserve at the end of each working day."""

    id = ID
    series: tuple[str, ...] = (SERIES,)

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield one answer."""
        if SERIES not in want.series:
            return
        replies: list[Reply] = []
        held = want.newest.get(SERIES)
        start = held - _WINDOW if held is not None else max(want.first, _FIRST)
        try:
            rows = self._pages(start, held is not None, transport, replies)
            answer = _answer(want, replies, rows, start)
        except (RefusedError, MalformedError) as error:
            yield Answer(failed={SERIES: error}, **counts(replies))
            return
        yield answer
        if answer.complete and len(replies) == 1:
            transport.remember(replies[0])

    def probe(self, transport: Transport) -> Probe:
        """Ask for the newest row."""
        params = {"sort": "-record_date", "page[size]": "1"}
        try:
            reply = transport.get(API, params, source=ID)
            rows = listed(reply, as_json(reply), "data")
        except FetchError as error:
            return Probe(ID, False, (NEEDS,), error.message)
        day = field(rows[0], "record_date") if rows else None
        return Probe(ID, day is not None, (NEEDS,), f"newest day: {day}")

    def _pages(
        self, start: date, held: bool, transport: Transport, replies: list[Reply]
    ) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        while True:
            number = len(replies) + 1
            # No `fields`: without all of them the API may add rows up.
            params = {
                "filter": f"record_date:gte:{start.isoformat()}",
                "sort": "record_date,src_line_nbr",
                "page[number]": str(number),
                "page[size]": str(PAGE),
            }
            slot = f"{ID}/{SERIES}" if held and number == 1 else ""
            reply = transport.get(API, params, source=ID, slot=slot)
            replies.append(reply)
            if reply.not_modified:
                return found
            content = as_json(reply)
            rows = listed(reply, content, "data")
            meta = content.get("meta") if isinstance(content, dict) else None
            count, pages, total = (field(meta, name) for name in ("count", "total-pages", "total-count"))
            found += [(f"page {number}, row {at}", row) for at, row in enumerate(rows, 1)]
            last = pages is not None and pages.isdecimal() and number >= int(pages)
            # All pages together are what the API says that there is, and none but the last is short.
            if count != str(len(rows)) or (total != str(len(found)) if last else len(rows) != PAGE):
                said = f"{len(rows)} rows, count {count}, page {number} of {pages}, total {total}"
                raise fault(reply, said, "meta that fits the rows")
            if last:
                return found


def _answer(want: Want, replies: list[Reply], rows: list[tuple[str, Any]], start: date) -> Answer:
    sieve = Sieve(ID, replies, want.levels)
    days: dict[date, bool] = {}  # whether the closing balance was among its rows
    for where, row in rows:
        day = parse_day(field(row, "record_date"), ISO)
        if day is None:
            sieve.reject(SERIES, where, f"the date {field(row, 'record_date')!r}", ISO, row)
            continue
        label, column = next((name, column) for first, name, column in _LABELS if day >= first)
        days.setdefault(day, False)
        if field(row, "account_type") == label:
            days[day] = True
            sieve.add(SERIES, where, day, field(row, column), context=row)
    for day, there in days.items():
        if not there:
            label = next(name for first, name, _ in _LABELS if day >= first)
            sieve.reject(SERIES, str(day), "no closing balance among its rows", f"a row {label!r}")
    return sieve.answer(ordered="ascending", told={SERIES: start})


SOURCE = FiscalDataSource()
