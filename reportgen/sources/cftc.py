"""Traders in Financial Futures, futures only, of the Commodity Futures Trading Commission.

From the public reporting site (Socrata, dataset gpe5-46if); where that does not answer, from the yearly text
files, which hold the same reports. Contracts are told by their code, since names change.

Source: https://publicreporting.cftc.gov/resource/gpe5-46if.json, https://www.cftc.gov/files/dea/history/
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any

from reportgen import catalog
from reportgen.errors import FetchError, MalformedError, RefusedError, UnreachableError
from reportgen.sources.bodies import Line, as_json, columns, fault, field, listed, text_lines
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sieve import ISO, ISO_MIDNIGHT, Sieve, parse_day, parse_number
from reportgen.sources.transport import Reply, Transport

ID = "cftc"
NEEDS = "nothing; CFTC_APP_TOKEN (free) lifts the shared limit of requests"
API = "https://publicreporting.cftc.gov/resource/gpe5-46if.json"
YEAR_FILE = "https://www.cftc.gov/files/dea/history/fut_fin_txt_{year}.zip"
PAGE = 1000
_WINDOW = timedelta(days=35)
_LAGGING = timedelta(days=180)  # a contract without newer reports is no longer reported
_ASKED = f"{ID}/asked"
_FIRST_YEAR = 2010  # of the yearly files of this report
_MOST_TEXT = 64 * 2**20
_MEMBER = "FinFutYY.txt"

# Field names of the public reporting site, which are irregular; the text files add "_All" throughout.
_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "oi": "open_interest_all",
        "lev_long": "lev_money_positions_long",
        "lev_short": "lev_money_positions_short",
        "lev_spread": "lev_money_positions_spread",
        "am_long": "asset_mgr_positions_long",
        "am_short": "asset_mgr_positions_short",
        "am_spread": "asset_mgr_positions_spread",
        "dealer_long": "dealer_positions_long_all",
        "dealer_short": "dealer_positions_short_all",
        "dealer_spread": "dealer_positions_spread_all",
        "other_long": "other_rept_positions_long",
        "other_short": "other_rept_positions_short",
        "other_spread": "other_rept_positions_spread",
        "oi_change": "change_in_open_interest_all",
        "lev_long_change": "change_in_lev_money_long",
        "lev_short_change": "change_in_lev_money_short",
        "am_long_change": "change_in_asset_mgr_long",
        "am_short_change": "change_in_asset_mgr_short",
    }
)
_NONREPORTABLE = ("nonrept_positions_long_all", "nonrept_positions_short_all")
_DAY, _CODE, _KIND, _ID = (
    "report_date_as_yyyy_mm_dd",
    "cftc_contract_market_code",
    "futonly_or_combined",
    "id",
)
_TEXT_DAY, _TEXT_CODE, _TEXT_KIND = (
    "Report_Date_as_YYYY-MM-DD",
    "CFTC_Contract_Market_Code",
    "FutOnly_or_Combined",
)


class CftcSource:
    """The series whose catalogue entry says CFTC."""

    id = ID

    @cached_property
    def series(self) -> tuple[str, ...]:
        """Return the ids of the series in the reports."""
        return tuple(s.id for s in catalog.all_series().values() if s.source.startswith("CFTC:"))

    @cached_property
    def _by_code(self) -> Mapping[str, Mapping[str, str]]:
        """Return the field of each series by contract code: {"043602": {"cot_10y_oi": "oi", …}}."""
        found: dict[str, dict[str, str]] = {}
        for series_id in self.series:
            code = catalog.series(series_id).source.partition(":")[2]
            name = next(f for f in sorted(_FIELDS, key=len, reverse=True) if series_id.endswith(f"_{f}"))
            found.setdefault(code, {})[series_id] = name
        return found

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield one answer for all contracts; from the yearly files, an answer a year."""
        wanted = frozenset(want.series) & frozenset(self.series)
        if not wanted:
            return
        start = _start(want, wanted, transport)
        try:
            replies, rows = self._pages(start, wanted, want, transport)
            answer = self._answer(start, want, wanted, replies, rows)
        except (UnreachableError, RefusedError, MalformedError) as error:
            yield from self._from_files(start, wanted, want, transport, error)
            return
        yield answer
        doubtful = {q.series for q in answer.quarantined}
        sure = set() if None in doubtful else wanted - doubtful
        transport.memory[_ASKED] = {"since": _text(want.since), "series": sorted(sure)}
        if answer.complete and len(replies) == 1:
            transport.remember(replies[0])

    def probe(self, transport: Transport) -> Probe:
        """Ask for the newest report of one contract."""
        params = {"$where": f"{_CODE}='043602'", "$order": f"{_DAY} DESC", "$limit": "1"}
        try:
            rows = listed(*_json(transport.get(API, params, source=ID, headers=_token(transport))))
        except FetchError as error:
            return Probe(ID, False, (NEEDS,), error.message)
        day = field(rows[0], _DAY) if rows else None
        return Probe(ID, day is not None, (NEEDS,), f"newest report: {(day or 'none')[:10]}")

    def _pages(
        self, start: date | None, wanted: frozenset[str], want: Want, transport: Transport
    ) -> tuple[list[Reply], list[tuple[str, dict[str, Any]]]]:
        """Return all pages, and their rows, each with its place."""
        codes = [code for code, fields in self._by_code.items() if wanted & fields.keys()]
        quoted = ",".join(f"'{code}'" for code in sorted(codes))
        where = f"{_CODE} in({quoted})"
        if start is not None:
            where += f" AND {_DAY} >= '{start.isoformat()}T00:00:00.000'"
        replies: list[Reply] = []
        found: list[tuple[str, dict[str, Any]]] = []
        while True:
            # The order must be total, or rows are lost between pages.
            params = {
                "$select": ",".join((_DAY, _CODE, _KIND, *_FIELDS.values(), *_NONREPORTABLE)),
                "$where": where,
                "$order": f"{_DAY},{_ID}",
                "$limit": str(PAGE),
                "$offset": str(max(0, len(found) - 1)),
            }
            slot = f"{ID}/tff" if not replies and start != want.since else ""
            reply = transport.get(API, params, source=ID, headers=_token(transport), slot=slot)
            replies.append(reply)
            if reply.not_modified:
                return replies, found
            rows = listed(*_json(reply))
            if len(rows) > PAGE:
                raise fault(reply, f"{len(rows)} rows", f"at most {PAGE}")
            placed = [(f"page {len(replies)}, row {at}", row) for at, row in enumerate(rows, 1)]
            # A page begins with the last row of the one before: none is skipped, none comes twice.
            if found and (not placed or placed[0][1] != found[-1][1]):
                raise fault(reply, "a page that does not go on from the one before", "the rows in one order")
            found += placed[1:] if found else placed
            if len(rows) < PAGE:
                return replies, found

    def _answer(
        self,
        start: date | None,
        want: Want,
        wanted: frozenset[str],
        replies: Sequence[Reply],
        rows: Sequence[tuple[str, dict[str, Any]]],
    ) -> Answer:
        sieve = Sieve(ID, replies, want.levels)
        _check_schema(replies[0], [row for _, row in rows])
        reports = []
        for where, row in rows:
            code, kind = field(row, _CODE), field(row, _KIND)
            fields = self._by_code.get((code or "").strip())
            if fields is None or kind != "FutOnly":
                found = f"contract {code!r}, {kind!r}"
                sieve.reject(None, where, found, "one of the contracts asked for, FutOnly", row)
                continue
            values = {name: field(row, theirs) for name, theirs in _FIELDS.items()}
            rest = tuple(field(row, name) for name in _NONREPORTABLE)
            day = parse_day(field(row, _DAY), ISO_MIDNIGHT)
            reports.append(_Report(where, fields, day, field(row, _DAY), values, rest, row))
        _take_all(sieve, wanted, reports)
        return sieve.answer(told=dict.fromkeys(wanted, start or want.first))

    def _from_files(
        self,
        start: date | None,
        wanted: frozenset[str],
        want: Want,
        transport: Transport,
        reason: FetchError,
    ) -> Iterator[Answer]:
        """Yield an answer a year from the text files; where they fail too, the reason why we came to them."""
        this_year = transport.clock().year
        for year in range(max(_FIRST_YEAR, start.year if start else _FIRST_YEAR), this_year + 1):
            url = YEAR_FILE.format(year=year)
            told = dict.fromkeys(wanted, start or want.first) if year == this_year else {}
            try:
                reply = transport.get(url, source=ID, slot=f"{ID}/{year}" if start != want.since else "")
                if reply.not_modified:
                    yield Sieve(ID, [reply]).answer(told=told)
                    continue
                answer = self._file(reply, start, wanted, want)
            except FetchError as error:
                # The site that holds all years does not answer: the other years would cost as much patience.
                if year == this_year or isinstance(error, UnreachableError):
                    raise type(reason)(reason.message, hint=f"Nor from {url}: {error.message}") from error
                yield Answer(failed=dict.fromkeys(sorted(wanted), error))
                continue
            note = f"taken from {url}, since {reason.message}"
            yield dataclasses.replace(answer, notes=(note,), told=told)
            if answer.complete:
                transport.remember(reply)

    def _file(self, reply: Reply, start: date | None, wanted: frozenset[str], want: Want) -> Answer:
        lines = text_lines(_unzipped(reply), reply, name="the CFTC's text file")
        if not lines:
            raise fault(reply, "an empty file", "reports")
        names = {name: _text_name(theirs) for name, theirs in _FIELDS.items()}
        rest = [_text_name(name) for name in _NONREPORTABLE]
        place = columns(reply, lines[0], [_TEXT_DAY, _TEXT_CODE, _TEXT_KIND, *names.values(), *rest])
        sieve = Sieve(ID, [reply], want.levels)
        width = len(lines[0].cells)
        reports = [_read_line(sieve, line, width, place, names, rest, self._by_code) for line in lines[1:]]
        _take_all(sieve, wanted, [report for report in reports if report is not None])
        return sieve.answer(since=start)


@dataclasses.dataclass(frozen=True, slots=True)
class _Report:
    """One report of one contract: the cells of its fields, and where they stand."""

    where: str
    fields: Mapping[str, str]  # field by series
    day: date | None
    told: str | None  # the day as it is written
    values: Mapping[str, str | None]
    rest: tuple[str | None, ...]
    context: object


def _read_line(
    sieve: Sieve,
    line: Line,
    width: int,
    place: Mapping[str, int],
    names: Mapping[str, str],
    rest: Sequence[str],
    by_code: Mapping[str, Mapping[str, str]],
) -> _Report | None:
    where = f"line {line.number}"
    if len(line.cells) != width:
        sieve.reject(None, where, f"{len(line.cells)} cells", f"{width}, as in the header", line)
        return None
    fields = by_code.get(line.cells[place[_TEXT_CODE]])
    if fields is None:
        return None  # one of the other contracts of the file
    if line.cells[place[_TEXT_KIND]] != "FutOnly":
        sieve.reject(None, where, repr(line.cells[place[_TEXT_KIND]]), "FutOnly", line)
        return None
    values = {name: _known(line.cells[place[theirs]]) for name, theirs in names.items()}
    others = tuple(_known(line.cells[place[name]]) for name in rest)
    told = line.cells[place[_TEXT_DAY]]
    return _Report(where, fields, parse_day(told, ISO), told, values, others, line)


def _take_all(sieve: Sieve, wanted: frozenset[str], reports: Sequence[_Report]) -> None:
    """Take the reports whose positions add up to their open interest.

    A change is taken if it is one from the report of the week before, where that is here.
    """
    known = {(id(r.fields), r.day): r.values for r in reports}
    for report in reports:
        wrong = _adds_up(report.values, report.rest)
        if wrong:
            for series_id in sorted(wanted & report.fields.keys()):
                expected = "positions that add up to the open interest"
                sieve.reject(series_id, report.where, wrong, expected, report.context)
            continue
        for series_id, name in report.fields.items():
            value = report.values[name]
            if series_id not in wanted or value is None:  # a field left out was not published
                continue
            change = _change(report, name, known)
            if change is not None and parse_number(value) not in (change, None):
                sieve.reject(
                    series_id, report.where, value, f"{change:.0f}, as the reports differ", report.context
                )
                continue
            sieve.add(series_id, report.where, report.day or report.told, value, context=report.context)


def _change(
    report: _Report, name: str, known: Mapping[tuple[int, date | None], Mapping[str, str | None]]
) -> float | None:
    """Return what a change has to be; None for what is none, or where the report before is not here."""
    if report.day is None or not name.endswith("_change"):
        return None
    days = [report.day - timedelta(days=n) for n in (7, 6, 8)]  # a Monday stands for a holiday
    before = next((v for day in days if (v := known.get((id(report.fields), day))) is not None), None)
    base = name.removesuffix("_change")
    then, now = parse_number(before[base] if before else None), parse_number(report.values[base])
    return None if then is None or now is None else now - then


def _adds_up(values: Mapping[str, str | None], rest: tuple[str | None, ...]) -> str | None:
    """Say where longs or shorts miss the open interest; a sum that lacks a part is not tested."""
    for side, other in zip(("long", "short"), rest, strict=True):
        parts = [
            values[f"{who}_{kind}"] for who in ("dealer", "am", "lev", "other") for kind in (side, "spread")
        ]
        numbers = [p for p in [*parts, other, values["oi"]] if p is not None]
        if len(numbers) == 10 and all(n.isdecimal() and n.isascii() for n in numbers):
            total = sum(int(n) for n in numbers[:-1])
            if total != int(numbers[-1]):
                return f"{side} positions of {total:,} with an open interest of {int(numbers[-1]):,}"
    return None


def _check_schema(reply: Reply, rows: Sequence[Any]) -> None:
    """Refuse rows among which a field never occurs: it was renamed. (A field without a value is left out.)"""
    if not rows:
        return
    seen = set().union(*(row.keys() for row in rows if isinstance(row, dict)))
    lacking = [name for name in (*_FIELDS.values(), _DAY, _CODE, _KIND) if name not in seen]
    if lacking:
        raise fault(reply, f"no field {', '.join(lacking)} in {len(rows)} rows", "the fields of the report")


def _known(cell: str) -> str | None:
    return None if cell in ("", ".") else cell


def _text_name(name: str) -> str:
    words = "_".join(word.capitalize() for word in name.removesuffix("_all").split("_")) + "_All"
    return words.replace("Change_In_", "Change_in_").replace("Nonrept", "NonRept")


def _unzipped(reply: Reply) -> str:
    """Return the text of a yearly file."""
    try:
        with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
            names = [i for i in archive.infolist() if i.filename.lower().endswith(".txt")]
            if len(names) != 1:
                raise fault(reply, f"{len(names)} text files in the archive", f"one, {_MEMBER}")
            if names[0].file_size > _MOST_TEXT:
                raise fault(reply, f"a text of {names[0].file_size:,} bytes", f"at most {_MOST_TEXT:,}")
            content = archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise fault(reply, f"no zip archive ({error})", f"an archive with {_MEMBER}") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _json(reply: Reply) -> tuple[Reply, Any]:
    return reply, as_json(reply)


def _start(want: Want, wanted: frozenset[str], transport: Transport) -> date | None:
    """Return the first report day to ask for: some weeks behind what is held, or the first day wanted.

    A series that is not held though it was asked for before is one that the reports do not have.
    """
    newest = [want.newest[s] for s in wanted if s in want.newest]
    before = transport.memory.get(_ASKED, {})
    asked = frozenset(before.get("series", ())) if before.get("since") == _text(want.since) else frozenset()
    if not newest or wanted - want.newest.keys() - asked:
        return want.since
    return min(day for day in newest if day > max(newest) - _LAGGING) - _WINDOW


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _token(transport: Transport) -> dict[str, str]:
    token = transport.key(ID)
    return {} if token is None else {"X-App-Token": token}


SOURCE = CftcSource()
