"""Payloads spoilt at random: a value that stands there, or a clear report; no traceback, no wrong number.

What a parser gives is looked up in the spoilt payload by a second, much simpler reader of each format: the
number must stand there, for that series on that day.
"""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import json
import math
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import pytest

from reportgen import catalog
from reportgen.errors import FetchError, UnreachableError
from reportgen.sources import Source, Want, cftc, chicagofed, fiscaldata, fred, nyfed, ofr, tic, treasury
from reportgen.sources.files import Folder
from reportgen.sources.redaction import Redactor
from reportgen.sources.transport import ClientSettings, Reply, Transport
from tests.sources.asking import body
from tests.sources.conftest import KEY, NOW
from tests.sources.mutants import mutant
from tests.sources.test_tic import table

Places = Iterable[str]  # what stands in a payload for a series on a day
Reader = Callable[[str, str, dt.date], Places]
MISSING = {"", ".", "*", "n.a.", "N/A", "None"}  # None: a null of JSON


class Canned(Transport):
    """Answers every question from a table of bodies by the end of the path, without a connection."""

    def __init__(self, bodies: dict[str, bytes]) -> None:
        self.settings, self.memory = ClientSettings(keys={"fred": KEY}), {}
        self.clock, self.redact = (lambda: NOW), Redactor([KEY])
        self.bodies = bodies

    def get(self, url: str, params: Any = None, **_: Any) -> Reply:
        path = url.partition("?")[0]
        found = max((end for end in self.bodies if path.endswith(end)), key=len, default=None)
        if found is None:
            raise UnreachableError(f"{url}: answers 503")
        return Reply(f"{url}?{sorted((params or {}).items())}".replace(KEY, "REDACTED"), 200,
                     self.bodies[found], {}, NOW)  # fmt: skip

    def close(self) -> None:
        """Nothing is open."""


@lru_cache(maxsize=4)
def lines(text: str, mark: str = ",") -> list[list[str]]:
    try:
        return [[c.strip() for c in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark)]
    except csv.Error:
        return []


def head(payload: bytes, count: int) -> bytes:
    """Keep the first lines of a long table."""
    return b"\n".join(payload.splitlines()[:count])


def fred_places(text: str, series: str, day: dt.date) -> Places:
    for tag in re.findall(r"<observation\b[^>]*>", text):
        names = {
            k: html.unescape(v or w) for k, v, w in re.findall(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tag)
        }
        if names.get("date") == str(day):
            yield names.get("value", "")


def json_places(path: tuple[str, ...], day_field: str, fields: dict[str, str], key: tuple[str, str]):
    def read(text: str, series: str, day: dt.date) -> Places:
        rows = json.loads(text.encode().decode("utf-8-sig"), parse_int=str, parse_float=str)
        for name in path:
            rows = rows[name]
        for row in rows:
            mine = isinstance(row, dict) and str(row.get(day_field, "")).startswith(str(day))
            if mine and str(row.get(key[0])).strip() == key[1]:
                yield str(row.get(fields[series]))

    return read


def repo_places(text: str, series: str, day: dt.date) -> Places:
    rows = json.loads(text.encode().decode("utf-8-sig"), parse_int=str, parse_float=str)["repo"]["operations"]
    seen = {}
    for row in rows:
        if (
            isinstance(row, dict)
            and row.get("operationDate") == str(day)
            and row.get("operationType") == "Repo"
        ):
            seen[row.get("operationId"), json.dumps(row)] = Decimal(row["totalAmtAccepted"])
    yield str(sum(seen.values()) / 10**9)


def treasury_places(text: str, series: str, day: dt.date) -> Places:
    name = f"BC_{series[4:-1]}{'MONTH' if series.endswith('m') else 'YEAR'}"
    for entry in re.split(r"<(?:\w+:)?properties", text)[1:]:
        if re.search(rf"NEW_DATE\b[^>]*>\s*{day}T", entry):
            for found in re.findall(rf"<(?:\w+:)?{name}(?=[\s>])[^>]*>([^<]*)<", entry):
                yield html.unescape(found).strip()


def sheet_places(day_column: str, columns: dict[str, str], form: str, mark: str = ","):
    def read(text: str, series: str, day: dt.date) -> Places:
        rows = [r for r in lines(text.removeprefix("\ufeff"), mark) if any(r)]
        at, value = rows[0].index(day_column), rows[0].index(columns[series])
        for row in rows[1:]:
            if at < len(row) and value < len(row) and row[at] == day.strftime(form):
                yield row[value]

    return read


def finfut_places(text: str, series: str, day: dt.date) -> Places:
    rows = [r for r in lines(text) if any(r)]
    code = catalog.series(series).source.partition(":")[2]
    name = {"cot_jpy_lev_short": "Lev_Money_Positions_Short_All", "cot_jpy_oi": "Open_Interest_All"}[series]
    at = {n: rows[0].index(n) for n in (name, "CFTC_Contract_Market_Code", "Report_Date_as_YYYY-MM-DD")}
    code_at, day_at = at["CFTC_Contract_Market_Code"], at["Report_Date_as_YYYY-MM-DD"]
    for row in rows[1:]:
        if len(row) > max(at.values()) and (row[code_at], row[day_at]) == (code, str(day)):
            yield row[at[name]]


def tic_places(text: str, series: str, day: dt.date) -> Places:
    label, columns = catalog.series(series).source.partition("/")[2], None
    for row in lines(text, "\t"):
        if row and row[0] == "Country":
            columns = [k for k, cell in enumerate(row) if cell == f"{day:%Y-%m}"]
        name = re.sub(r"\s+\d+/$", "", row[0]) if row else ""
        short = {"Of Which: Foreign Official": "For. Official"}.get(name, name)
        if columns and short == label:
            yield from (row[k].replace(",", "") for k in columns if k < len(row))


@dataclass(frozen=True)
class Case:
    source: Source | None
    path: str
    payload: bytes
    series: tuple[str, ...]
    places: Reader
    besides: tuple[tuple[str, bytes], ...] = ()
    zipped: bool = False


NO_VINTAGES = b'<error code="400" message="Bad Request.  The series does not exist in ALFRED but may" />'
WEEKDAYS = (2, 3, 4, 5, 6, 9, 10, 12, 13, 16)
FRED_INFO = b'<seriess><series id="%s" units="%s" last_updated="x"/></seriess>'
SHEET = "cot_es_oi", "cot_es_lev_short", "cot_es_lev_long"
RATES = {"sofr": "percentRate", "sofr_p99": "percentPercentile99", "sofr_volume": "volumeInBillions"}
COT = {"cot_es_oi": "open_interest_all", "cot_es_lev_short": "lev_money_positions_short",
       "cot_es_lev_long": "lev_money_positions_long"}  # fmt: skip
NFCI = {"nfci": "NFCI", "anfci": "ANFCI", "nfci_risk": "Risk"}
FSI = {"ofr_fsi": "OFR FSI", "ofr_fsi_credit": "Credit"}
# Whole, but shortened where only the length is lost.
CPI = re.sub(rb'count="\d+"', b'count="40"', b"\n".join(
    [*body("fred_xml_derived/observations_CPILFESL.xml").splitlines()[:42], b"</observations>"]))  # fmt: skip
FINFUT = head(body("cftc/FinFutYY_excerpt_to_2026-03-24.txt"), 25)
CASES = {
    "fred": Case(
        fred.SOURCE, "/series/observations", CPI, ("core_cpi",), fred_places,
        (("/fred/series", FRED_INFO % (b"CPILFESL", b"Index 1982-1984=100")), ("/vintagedates", NO_VINTAGES)),
    ),
    "cftc": Case(
        cftc.SOURCE, ".json", body("cftc/tff_gpe5-46if_ES_3rows.json"), SHEET,
        json_places((), "report_date_as_yyyy_mm_dd", COT, ("cftc_contract_market_code", "13874A")),
    ),
    "cftc-files": Case(
        cftc.SOURCE, "2026.zip", FINFUT, ("cot_jpy_lev_short", "cot_jpy_oi"), finfut_places, zipped=True
    ),
    "nyfed": Case(
        nyfed.SOURCE, "sofr/search.json", body("nyfed/rates_secured_sofr_search.json"), tuple(RATES),
        json_places(("refRates",), "effectiveDate", RATES, ("type", "SOFR")),
    ),
    "nyfed-repo": Case(
        nyfed.SOURCE, "results/search.json", body("nyfed/rp_repo_allotment_results_excerpt.json"),
        ("desk_repo",), repo_places,
    ),
    "treasury": Case(
        treasury.SOURCE, "/pages/xml", body("treasury/daily_par_yield_curve_2026-08_excerpt.xml"),
        ("ust_3m", "ust_2y", "ust_10y"), treasury_places,
    ),
    "fiscaldata": Case(
        fiscaldata.SOURCE, "operating_cash_balance", body("fiscaldata/dts_operating_cash_balance.json"),
        ("tga",),
        json_places(("data",), "record_date", {"tga": "open_today_bal"},
                    ("account_type", "Treasury General Account (TGA) Closing Balance")),
    ),
    "ofr": Case(
        ofr.SOURCE, "fsi.csv", head(body("ofr/fsi_from_2015.csv"), 40), tuple(FSI),
        sheet_places("Date", FSI, "%Y-%m-%d"),
    ),
    "chicagofed": Case(
        chicagofed.SOURCE, "csv.csv", head(body("chicagofed/nfci-data-series-csv.csv"), 40), tuple(NFCI),
        sheet_places("Friday_of_Week", NFCI, "%m/%d/%Y"),
    ),
    "tic": Case(
        tic.SOURCE, "slt_table5.txt", table().encode(), ("tic_total", "tic_japan", "tic_official"), tic_places
    ),
    "files": Case(
        None, "", b"Date,PX_LAST\n" + b"".join(b"2026-11-%02d,7%d.5\n" % (d, d % 7) for d in WEEKDAYS),
        ("move",), sheet_places("Date", {"move": "PX_LAST"}, "%Y-%m-%d"),
    ),
}  # fmt: skip


def tried(case: Case, payload: bytes, folder) -> tuple[int, int]:
    """Feed a payload; check every value, and return how many came and how many reports."""
    source = case.source or Folder(folder)
    sent = payload
    if case.zipped:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("FinFutYY.txt", payload)
        sent = packed.getvalue()
    if case.source is None:
        (folder / "move.csv").write_bytes(payload)
    newest = dict.fromkeys(case.series, dt.date(2026, 7, 31)) if case.source is tic.SOURCE else {}
    want = Want(case.series, newest, dt.date(2026, 1, 1) if case.zipped else None)
    given = reports = 0
    text = payload.decode("utf-8", "replace")
    try:
        for answer in source.fetch(want, Canned({case.path: sent, **dict(case.besides)})):
            reports += len(answer.quarantined) + len(answer.failed)
            assert all(isinstance(error, FetchError) for error in answer.failed.values())
            for rows in answer.rows:
                days = rows.days.astype(object).tolist()
                for day, value in zip(days, rows.values.tolist(), strict=True):
                    given += 1
                    stands = list(case.places(text, rows.series, day))
                    assert any(_same(value, place) for place in stands), (
                        rows.series,
                        day,
                        value,
                        stands,
                    )
            for q in answer.quarantined:
                assert q.found
                assert q.expected
                assert max(len(q.found), len(q.expected), len(q.excerpt)) <= 200
    except FetchError as error:
        reports += bool(error.message)
    return given, reports


def _same(value: float, place: str) -> bool:
    if math.isnan(value):
        return place in MISSING
    try:
        return float(Decimal(place)) == value
    except InvalidOperation:
        return False


@pytest.fixture
def exports(tmp_path):
    (tmp_path / "move.toml").write_text(
        'file = "move.csv"\nseries = "move"\nunit = "index"\ndate_column = "Date"\nvalue_column = "PX_LAST"\n'
        'publication = "rule"\nlicence = "Restricted: ICE"\n'
    )
    (tmp_path / "move.csv").touch()
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_the_payload_itself_is_read_without_a_report(name, exports):
    given, reports = tried(CASES[name], CASES[name].payload, exports)
    assert given > 0
    assert reports == 0


@pytest.mark.parametrize(
    "seeds", [range(50), pytest.param(range(50, 1050), marks=pytest.mark.slow)], ids=["50", "1000"]
)
@pytest.mark.parametrize("name", CASES)
def test_a_mutant_gives_a_value_that_stands_there_or_a_report(name, seeds, exports):
    case = CASES[name]
    whole, _ = tried(case, case.payload, exports)
    silent = 0
    for seed in seeds:
        payload = mutant(case.payload, seed)
        try:
            given, reports = tried(case, payload, exports)
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {error!r}") from error
        # Fewer values without a word: the rows themselves are gone, or are somebody else's.
        silent += given < whole and not reports
    assert silent < len(seeds) * 0.25
