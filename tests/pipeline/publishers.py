"""Publishers that answer with the embedded numbers, which are real, in the forms that they really have.

A recording covers some days of some series; these cover what the product holds, so that a whole note can be
built of what was fetched. `until` hides what had not been published by then.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from xml.sax.saxutils import quoteattr

from reportgen import catalog, embedded
from reportgen.model import Series, to_date, to_utc
from reportgen.store import Store
from tests.pipeline import tables
from tests.sources.replay import Answered, Query, Replay

UNITS = {
    "percent": "Percent",
    "usd_bn": "Billions of U.S. Dollars",
    "usd_mn": "Millions of U.S. Dollars",
    "thousands": "Thousands of Persons",
    "index": "Index",
}
ENDED = dt.datetime(2026, 6, 19, 23, 0, tzinfo=dt.UTC)  # a Friday evening up to which all is held
_LAST_IOER = dt.date(2021, 7, 28)
_NO_VINTAGES = (
    b'<?xml version="1.0" encoding="utf-8" ?>\n<error code="400" message="Bad Request.  The series does not '
    b'exist in ALFRED but may exist in FRED."/>'
)
_FIELDS = {
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


_NOMINAL = {"ust_1m": "BC_1MONTH", "ust_3m": "BC_3MONTH", "ust_6m": "BC_6MONTH"}
_NOMINAL |= {f"ust_{n}y": f"BC_{n}YEAR" for n in (1, 2, 3, 5, 7, 10, 20, 30)}
_REAL = {f"tips_{n}y": f"TC_{n}YEAR" for n in (5, 10, 30)}
_FEED = (
    '<?xml version="1.0" encoding="utf-8" standalone="yes" ?>\n'
    '<feed xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" '
    'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
    'xmlns="http://www.w3.org/2005/Atom"><title type="text">DailyTreasuryYieldCurveRateData</title>\n'
)


@cache
def store() -> Store:
    """Open the embedded data once."""
    return Store(embedded.FOLDER)


@cache
def rows(series_id: str) -> tuple[tuple[dt.date, float, dt.datetime], ...]:
    """Return (day, value, published) of an embedded series."""
    held = store().rows(series_id)
    if held is None:
        return ()
    return tuple(
        (to_date(day), value, to_utc(at))
        for day, value, at in zip(held.days, held.values.tolist(), held.published, strict=True)
    )


class Publishers:
    """What the publishers say at a moment."""

    def __init__(self, replay: Replay, until: dt.datetime = ENDED) -> None:
        self.until = until
        self.changed: dict[tuple[str, dt.date], float] = {}  # revisions
        replay.route("/fred/series", self._info)
        replay.route("/fred/series/observations", self._observations)
        replay.route("/fred/series/vintagedates", lambda _: Answered(_NO_VINTAGES, 400))
        replay.route("/resource/gpe5-46if.json", self._positions)
        for kind in ("secured/sofr", "secured/tgcr", "secured/bgcr", "unsecured/effr", "unsecured/obfr"):
            replay.route(f"/api/rates/{kind}/search.json", self._rates(kind.rpartition("/")[2]))
        operations = "/api/rp/results/search.json"
        replay.route(operations, self._operations, operationTypes="Repo")
        replay.route(operations, self._operations, operationTypes="Reverse Repo")
        replay.route("/api/fxs/usdollar/search.json", lambda query: tables.swaps(query, self.until.date()))
        lending = "/api/seclending/all/results/summary/search.json"
        replay.route(lending, lambda query: tables.lending(query, self.shown))
        replay.route("/api/pd/get/*", lambda _: tables.fails(self.shown))
        curve = "/resource-center/data-chart-center/interest-rates/pages/xml"
        replay.route(curve, self._curve(_NOMINAL), data="daily_treasury_yield_curve")
        replay.route(curve, self._curve(_REAL), data="daily_treasury_real_yield_curve")
        replay.route("/financial-stress-index/data/fsi.csv", lambda _: tables.stress_index(self.shown))
        replay.route(
            "/-/media/publications/nfci/nfci-data-series-csv.csv",
            lambda _: tables.conditions_index(self.shown),
        )
        replay.route(f"{tables.TIC}slt_table5.txt", lambda _: tables.holders_newest(self.shown))
        replay.route(f"{tables.TIC}mfhhis01.txt", lambda _: tables.holders_history(self.shown))
        statement = "/services/api/fiscal_service/v1/accounting/dts/operating_cash_balance"
        replay.route(statement, tables.statement)

    def shown(self, series_id: str, start: dt.date | None) -> Iterator[tuple[dt.date, float]]:
        """Yield what is public of a series from a day on."""
        for day, value, published in rows(series_id):
            if published <= self.until and (start is None or day >= start):
                yield day, self.changed.get((series_id, day), value)

    def _info(self, query: Query) -> Answered | bytes:
        series = _fred().get(query["series_id"])
        if series is None:
            return Answered(b'<error code="400" message="Bad Request.  The series does not exist."/>', 400)
        units = UNITS.get(series.unit, "Number")
        return (
            '<?xml version="1.0" encoding="utf-8" ?>\n<seriess realtime_start="2026-06-19" '
            f'realtime_end="2026-06-19">\n  <series id={quoteattr(query["series_id"])} title='
            f'{quoteattr(series.title)} units="{units}" last_updated="2026-06-19 08:01:02-05"/>\n</seriess>\n'
        ).encode()

    def _observations(self, query: Query) -> Answered | bytes:
        series = _fred().get(query["series_id"])
        if series is None or series.id not in store().held:
            return Answered(b'<error code="400" message="Bad Request.  The series does not exist."/>', 400)
        start = query.get("observation_start")
        found = list(self.shown(series.id, None if start is None else dt.date.fromisoformat(start)))
        if series.id == "iorb":  # two series on FRED
            found = [row for row in found if (row[0] <= _LAST_IOER) == (query["series_id"] == "IOER")]
        today = self.until.date()
        lines = "\n".join(
            f'  <observation realtime_start="{today}" realtime_end="{today}" date="{day}" value="{value!r}"/>'
            for day, value in found
        )
        return (
            '<?xml version="1.0" encoding="utf-8" ?>\n'
            f'<observations realtime_start="{today}" realtime_end="{today}" observation_start="{start}" '
            'observation_end="9999-12-31" units="lin" output_type="1" file_type="xml" '
            f'order_by="observation_date" sort_order="asc" '
            f'count="{len(found)}" offset="0" limit="100000">\n{lines}\n</observations>\n'
        ).encode()

    def _positions(self, query: Query) -> bytes:
        where = query.get("$where", "")
        start = dt.date.fromisoformat(where.partition(">= '")[2][:10]) if ">=" in where else None
        found: dict[tuple[dt.date, str], dict[str, str]] = defaultdict(dict)
        for series in catalog.all_series().values():
            publisher, _, code = series.source.partition(":")
            if publisher != "CFTC" or f"'{code}'" not in where:
                continue
            name = next(f for f in sorted(_FIELDS, key=len, reverse=True) if series.id.endswith(f"_{f}"))
            for day, value in self.shown(series.id, start):
                found[day, code][_FIELDS[name]] = str(int(value))
        told = [
            {
                "id": f"{day:%y%m%d}{code}F",
                "report_date_as_yyyy_mm_dd": f"{day}T00:00:00.000",
                "cftc_contract_market_code": code,
                "futonly_or_combined": "FutOnly",
                **fields,
            }
            for (day, code), fields in sorted(found.items())
        ]
        if query["$order"].endswith(" DESC"):
            told.reverse()
        first, most = int(query.get("$offset", 0)), int(query["$limit"])
        return json.dumps(told[first : first + most]).encode()

    def _rates(self, kind: str) -> Callable[[Query], bytes]:
        names = {kind: "percentRate", f"{kind}_volume": "volumeInBillions"}
        names |= {f"{kind}_p{n}": f"percentPercentile{n}" for n in (1, 25, 75, 99)}

        def answer(query: Query) -> bytes:
            start = dt.date.fromisoformat(query["startDate"])
            found: dict[dt.date, dict[str, float]] = defaultdict(dict)
            for series_id, name in names.items():
                for day, value in self.shown(series_id, start):
                    found[day][name] = value
            told = [
                {"effectiveDate": day.isoformat(), "type": kind.upper(), **fields, "revisionIndicator": ""}
                for day, fields in sorted(found.items(), reverse=True)
                if "percentRate" in fields
            ]
            return json.dumps({"refRates": told}).encode()

        return answer

    def _operations(self, query: Query) -> bytes:
        start, kind = dt.date.fromisoformat(query["startDate"]), query["operationTypes"]
        reverse = kind == "Reverse Repo"
        accepted, other = (
            ("on_rrp", "on_rrp_counterparties") if reverse else ("desk_repo", "desk_repo_submitted")
        )
        more = dict(self.shown(other, start))
        told = []
        for day, value in self.shown(accepted, start):
            row: dict[str, object] = {
                "operationId": f"R {day:%m%d%y} 1",
                "operationDate": day.isoformat(),
                "operationType": kind,
            }
            row |= {"term": "Overnight", "note": "", "totalAmtAccepted": round(value * 1e9)}
            name = "acceptedCpty" if reverse else "totalAmtSubmitted"
            if day in more:
                told.append(row | {name: int(more[day]) if reverse else round(more[day] * 1e9)})
        return json.dumps({"repo": {"operations": told}}).encode()

    def _curve(self, tenors: Mapping[str, str]) -> Callable[[Query], bytes]:
        def answer(query: Query) -> bytes:
            period = next(v for k, v in query.items() if k.startswith("field_tdr_date_value"))
            found: dict[dt.date, list[str]] = defaultdict(list)
            for series_id, name in tenors.items():
                for day, value in self.shown(series_id, None):
                    if f"{day:%Y%m}".startswith(period):
                        found[day].append(f'<d:{name} m:type="Edm.Double">{value!r}</d:{name}>')
            entries = "".join(
                '<entry><content type="application/xml"><m:properties><d:NEW_DATE m:type="Edm.DateTime">'
                f"{day}T00:00:00</d:NEW_DATE>{''.join(cells)}</m:properties></content></entry>\n"
                for day, cells in sorted(found.items())
            )
            return f"{_FEED}{entries}</feed>".encode()

        return answer


@cache
def _fred() -> dict[str, Series]:
    return {"IOER": catalog.series("iorb")} | {
        series.source.partition(":")[2]: series
        for series in catalog.all_series().values()
        if series.source.startswith("FRED:")
    }
