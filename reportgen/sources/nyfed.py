"""The Federal Reserve Bank of New York's Markets API: reference rates, the Desk's operations, dealers' fails.

It needs no key and has no conditional requests; a request covers the days since the newest one held.

Source: https://markets.newyorkfed.org/static/docs/markets-api.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from reportgen import catalog
from reportgen.errors import FetchError, MalformedError, RefusedError
from reportgen.model import NEW_YORK
from reportgen.sources.bodies import Numeral, as_json, fault, field, listed
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sieve import ISO, Sieve, counts, parse_day, parse_number
from reportgen.sources.transport import Reply, Transport

ID = "nyfed"
NEEDS = "nothing"
API = "https://markets.newyorkfed.org/api"
_WINDOW = timedelta(days=14)
_BILLION = -9
_REVERSE = "Reverse Repo"
_MISSING = ("", "*")  # not published; suppressed
_ASCENDING = ("percentPercentile1", "percentPercentile25", "percentRate", "percentPercentile75",
              "percentPercentile99")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """One address of the API, the series in it, and how its rows become theirs."""

    path: str
    series: tuple[str, ...]
    read: Callable[[Sieve, Reply, tuple[str, ...]], None]
    by_period: bool = True  # the address takes startDate and endDate
    params: tuple[tuple[str, str], ...] = ()
    first: date = date(2000, 1, 1)  # rows before it are not the series
    due: timedelta = timedelta(0)  # after the newest day held; before it there can be nothing new


def _rates(kind: str) -> Callable[[Sieve, Reply, tuple[str, ...]], None]:
    """Return the reader of a reference rate: {"refRates": [{"effectiveDate", "percentRate", …}]}."""
    lower = kind.lower()
    fields = {
        lower: "percentRate",
        f"{lower}_volume": "volumeInBillions",
        **{f"{lower}_p{rank}": f"percentPercentile{rank}" for rank in (1, 25, 75, 99)},
    }

    def read(sieve: Sieve, reply: Reply, wanted: tuple[str, ...]) -> None:
        for at, row in enumerate(listed(reply, as_json(reply), "refRates"), 1):
            where = f"rate {at}"
            if field(row, "type") != kind:
                sieve.reject(None, where, f"type {field(row, 'type')!r}", kind, row)
                continue
            found = _out_of_order(row)
            for series_id in wanted if found else ():
                sieve.reject(series_id, where, found, "percentiles in order, the rate among them", row)
            for series_id in () if found else wanted:
                _plain(sieve, series_id, where, row, "effectiveDate", fields[series_id])

    return read


def _out_of_order(row: Any) -> str:
    """Say which percentiles, the rate as the median among them, do not ascend; empty if all do."""
    found = [parse_number(field(row, name)) for name in _ASCENDING]
    known = [number for number in found if number is not None]
    return "" if known == sorted(known) else ", ".join(f"{number:g}" for number in known)


def _operations(
    kinds: Mapping[str, tuple[str, str, int]],
) -> Callable[[Sieve, Reply, tuple[str, ...]], None]:
    """Return the reader of repo operations; all of a day are added up.

    `kinds` gives for each series the operation's type, the field, and the shift of its decimal point. Term
    operations and tests of reverse repos are not the overnight facility.
    """

    def read(sieve: Sieve, reply: Reply, wanted: tuple[str, ...]) -> None:
        rows = listed(reply, as_json(reply), "repo", "operations")
        for series_id in wanted:
            kind, name, shift = kinds[series_id]
            mine = [
                (f"operation {field(row, 'operationId') or at}", row)
                for at, row in enumerate(rows, 1)
                if field(row, "operationType") == kind and not (kind == _REVERSE and _aside(row))
            ]
            _sums(sieve, reply, series_id, mine, "operationDate", name, shift)
        for at, row in enumerate(rows, 1):
            if field(row, "operationType") not in ("Repo", _REVERSE):
                found = f"operationType {field(row, 'operationType')!r}"
                sieve.reject(None, f"operation {at}", found, "Repo or Reverse Repo", row)

    return read


def _aside(row: Any) -> bool:
    """Say whether an operation is a term operation or a test."""
    term, note = field(row, "term") or "Overnight", field(row, "note") or ""
    return term.lower() != "overnight" or "small value" in note.lower()


def _swaps(sieve: Sieve, reply: Reply, wanted: tuple[str, ...]) -> None:
    """Read the dollars drawn by trade date, small-value tests left out."""
    rows = listed(reply, as_json(reply), "fxSwaps", "operations")
    mine = [
        (f"swap {at}", row)
        for at, row in enumerate(rows, 1)
        if field(row, "operationType") == "U.S. Dollar Liquidity Swap" and field(row, "isSmallValue") != "Y"
    ]
    for series_id in wanted:
        _sums(sieve, reply, series_id, mine, "tradeDate", "amount", _BILLION)


def _lending(sieve: Sieve, reply: Reply, wanted: tuple[str, ...]) -> None:
    """Read the securities lent from the System Open Market Account."""
    rows = listed(reply, as_json(reply), "seclending", "operations")
    mine = [(f"operation {field(row, 'operationId') or at}", row) for at, row in enumerate(rows, 1)]
    for series_id in wanted:
        _sums(sieve, reply, series_id, mine, "operationDate", _LENT[series_id], _BILLION)


def _fails(sieve: Sieve, reply: Reply, wanted: tuple[str, ...]) -> None:
    """Read primary dealers' fails, which the API gives in millions of dollars."""
    keys = {_FAILS[s]: s for s in wanted}
    for at, row in enumerate(listed(reply, as_json(reply), "pd", "timeseries"), 1):
        series_id = keys.get(field(row, "keyid") or "")
        if series_id is None:
            if field(row, "keyid") not in _FAILS.values():
                sieve.reject(None, f"row {at}", f"keyid {field(row, 'keyid')!r}", ", ".join(keys), row)
            continue
        shift = -3 if catalog.series(series_id).unit == "usd_bn" else 0
        sieve.add(series_id, f"row {at}", field(row, "asofdate"), field(row, "value"),
                  missing=_MISSING, shift=shift, context=row)  # fmt: skip


# Keys of the Primary Dealer Statistics: fails in inflation-indexed issues, and in on-the-run issues by tenor.
_FAILS = {
    "tips_fails_deliver": "PDFTD-UST",
    "tips_fails_receive": "PDFTR-UST",
    **{
        f"ust_fails_{tenor}_{side}": f"PD{code}F-T{side[0].upper()}"
        for tenor, code in {"frn": "FRN2", **{f"{n}y": f"SI{n}" for n in (2, 3, 5, 7, 10, 20, 30)}}.items()
        for side in ("deliver", "receive")
    },
}
_LENT = {"soma_lending_submitted": "totalParAmtSubmitted", "soma_lending_accepted": "totalParAmtAccepted"}
_REPOS = {
    "on_rrp": (_REVERSE, "totalAmtAccepted", _BILLION),
    "on_rrp_counterparties": (_REVERSE, "acceptedCpty", 0),
}
_DESK = {
    "desk_repo": ("Repo", "totalAmtAccepted", _BILLION),
    "desk_repo_submitted": ("Repo", "totalAmtSubmitted", _BILLION),
}
TABLES = (
    Table("rates/secured/sofr/search", ("sofr", "sofr_p1", "sofr_p25", "sofr_p75", "sofr_p99", "sofr_volume"),
          _rates("SOFR")),
    Table("rates/secured/tgcr/search", ("tgcr",), _rates("TGCR")),
    Table("rates/secured/bgcr/search", ("bgcr",), _rates("BGCR")),
    Table("rates/unsecured/effr/search", ("effr", "effr_volume"), _rates("EFFR"), first=date(2016, 3, 1)),
    Table("rates/unsecured/obfr/search", ("obfr",), _rates("OBFR")),
    Table("rp/results/search", tuple(_REPOS), _operations(_REPOS), first=date(2013, 9, 23),
          params=(("operationTypes", _REVERSE), ("method", "fixed"), ("term", "overnight"))),
    # Before 2022 the series holds overnight operations against Treasuries alone, from elsewhere.
    Table("rp/results/search", tuple(_DESK), _operations(_DESK), first=date(2022, 1, 3),
          params=(("operationTypes", "Repo"),)),
    Table("fxs/usdollar/search", ("swap_operations",), _swaps, params=(("dateType", "trade"),)),
    Table("seclending/all/results/summary/search", tuple(_LENT), _lending),
    # The whole history each time, a week and a day after the Wednesday: asked for when the next may be out.
    Table(f"pd/get/{'_'.join(_FAILS.values())}", tuple(_FAILS), _fails, by_period=False,
          due=timedelta(days=15)),
)  # fmt: skip


class NyFedSource:
    """The series of the tables above."""

    id = ID

    @cached_property
    def series(self) -> tuple[str, ...]:
        """Return the ids of the series that the API gives."""
        return tuple(series_id for table in TABLES for series_id in table.series)

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield an answer an address."""
        for table in TABLES:
            wanted = tuple(s for s in table.series if s in want.series)
            if not wanted:
                continue
            replies: list[Reply] = []
            try:
                answer = self._table(table, wanted, want, transport, replies)
            except (RefusedError, MalformedError) as error:
                yield Answer(failed=dict.fromkeys(wanted, error), **counts(replies))
                continue
            yield answer
            if answer.complete and replies:
                transport.remember(replies[0])

    def probe(self, transport: Transport) -> Probe:
        """Ask for the newest SOFR."""
        try:
            reply = transport.get(f"{API}/rates/secured/sofr/last/1.json", source=ID)
            rows = listed(reply, as_json(reply), "refRates")
        except FetchError as error:
            return Probe(ID, False, (NEEDS,), error.message)
        day = field(rows[0], "effectiveDate") if rows else None
        return Probe(ID, day is not None, (NEEDS,), f"newest SOFR: {day}")

    def _table(
        self, table: Table, wanted: tuple[str, ...], want: Want, transport: Transport, replies: list[Reply]
    ) -> Answer:
        today = transport.clock().astimezone(NEW_YORK).date()
        newest = [want.newest[s] for s in wanted if s in want.newest]
        held = len(newest) == len(wanted)
        if held and today < max(newest) + table.due:
            return Answer()
        start = max(min(newest) - _WINDOW if held else want.first, table.first)
        params = {"startDate": start.isoformat(), "endDate": today.isoformat()} if table.by_period else {}
        params |= dict(table.params)
        slot = f"{ID}/{table.path}/{wanted[0]}" if held else ""
        reply = transport.get(f"{API}/{table.path}.json", params, source=ID, slot=slot)
        replies.append(reply)
        sieve = Sieve(ID, [reply], want.levels)
        if not reply.not_modified:
            table.read(sieve, reply, wanted)
        return sieve.answer(since=start, told=dict.fromkeys(wanted, start))


def _plain(sieve: Sieve, series_id: str, where: str, row: Any, day: str, name: str) -> None:
    """Take a field that is a number of JSON; one that is absent, a renamed one above all, is reported."""
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, Numeral):
        if value in (None, "") and isinstance(row, dict) and name in row:
            sieve.add(series_id, where, field(row, day), "", missing=_MISSING, context=row)
        else:
            sieve.reject(series_id, where, f"{name}: {value!r}", "a number", row)
        return
    sieve.add(series_id, where, field(row, day), value, context=row)


def _sums(
    sieve: Sieve,
    reply: Reply,
    series_id: str,
    rows: Sequence[tuple[str, Any]],
    day: str,
    name: str,
    shift: int,
) -> None:
    """Take the sum of a day's operations; if one of them cannot be read, the day is not taken."""
    by_day: dict[date, list[tuple[str, Any, str]]] = defaultdict(list)
    spoilt: set[date] = set()
    seen: dict[str, str] = {}
    for where, row in rows:
        found = parse_day(field(row, day), ISO)
        value = row.get(name) if isinstance(row, dict) else None
        if found is None:
            raise fault(reply, f"{day} {field(row, day)!r} in {where}", ISO)
        number = parse_number(value) if isinstance(value, str) else None
        if number is None or number < 0:
            sieve.reject(series_id, where, f"{name}: {value!r}", "an amount", row)
            spoilt.add(found)
        elif seen.setdefault(where, repr(row)) != repr(row):
            sieve.reject(series_id, where, "the same operation with other figures", "one row a number", row)
            spoilt.add(found)
        elif all(where != known for known, _, _ in by_day[found]):
            by_day[found].append((where, row, str(value)))
    for found, parts in by_day.items():
        if found not in spoilt:
            total = sum((Decimal(value) for _, _, value in parts), Decimal(0))
            said = ", ".join(where for where, _, _ in parts)
            sieve.add(
                series_id, said, found, format(total, "f"), shift=shift, context=[r for _, r, _ in parts]
            )


SOURCE = NyFedSource()
