"""Tables as several publishers give them, filled with the embedded or recorded numbers."""

from __future__ import annotations

import calendar
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from reportgen import catalog
from reportgen.sources.chicagofed import _COLUMNS as NFCI_COLUMNS
from reportgen.sources.nyfed import _FAILS as FAILS
from reportgen.sources.nyfed import _LENT as LENT
from tests.sources.replay import RECORDED, Query

Shown = Callable[[str, dt.date | None], Iterator[tuple[dt.date, float]]]
TIC = "/resource-center/data-chart-center/tic/Documents/"
_NOT_COUNTRIES = ("All Other", "Grand Total", "For. Official", "Treasury Bills", "T-Bonds & Notes")
_OFFICIAL = {
    "For. Official": "Of Which: Foreign Official",
    "Treasury Bills": "Of Which: Foreign Official Treasury Bills",
    "T-Bonds & Notes": "Of Which: Foreign Official T-Bonds & Notes",
}


def stress_index(shown: Shown) -> bytes:
    """Return fsi.csv: a day a line, a column for the index and each of its parts."""
    columns = {
        series.id: series.source.partition("/")[2] or "OFR FSI"
        for series in catalog.all_series().values()
        if series.source.startswith("OFR:")
    }
    return _sheet(shown, "Date", columns, "%Y-%m-%d")


def conditions_index(shown: Shown) -> bytes:
    """Return nfci-data-series-csv.csv, but for the column that no series is made of."""
    return _sheet(shown, "Friday_of_Week", NFCI_COLUMNS, "%m/%d/%Y")


def _sheet(shown: Shown, day: str, columns: Mapping[str, str], form: str) -> bytes:
    found: dict[dt.date, dict[str, str]] = defaultdict(dict)
    for series_id, name in columns.items():
        for at, value in shown(series_id, None):
            found[at][name] = repr(value)
    lines = [",".join([day, *columns.values()])]
    for at, cells in sorted(found.items()):
        lines.append(",".join([at.strftime(form), *(cells.get(name, "") for name in columns.values())]))
    return "\n".join(lines).encode()


def _holders(shown: Shown) -> dict[str, dict[dt.date, float]]:
    """Return by label what each country, and each sum of countries, held; countries first."""
    found = {}
    for series in catalog.all_series().values():
        publisher, _, label = series.source.partition("/")
        if publisher == "TREASURY:TIC":
            found[label] = dict(shown(series.id, None))
    return {
        label: found[label] for label in [n for n in found if n not in _NOT_COUNTRIES] + [*_NOT_COUNTRIES]
    }


def _newest(holders: Mapping[str, Mapping[dt.date, float]]) -> list[dt.date]:
    """Return the months of the newest year: those of another would be told by its list of countries."""
    months = sorted(holders["Grand Total"], reverse=True)
    return [month for month in months if month.year == months[0].year]


def _rows(holders: Mapping[str, Mapping[dt.date, float]], months: Sequence[dt.date]) -> Iterator[list[str]]:
    for label, held in holders.items():
        if any(month in held for month in months):
            yield [label, *(f"{held[month]:g}" if month in held else "" for month in months)]


def holders_newest(shown: Shown) -> bytes:
    """Return slt_table5.txt: the newest months."""
    holders = _holders(shown)
    months = _newest(holders)
    lines = [["Table 5: Major Foreign Holders of Treasury Securities"], ["Link: x"], [""]]
    lines.append(["Country", *(f"{month:%Y-%m}" for month in months)])
    lines += ([_OFFICIAL.get(label, label), *cells] for label, *cells in _rows(holders, months))
    return _tabs(lines)


def holders_history(shown: Shown) -> bytes:
    """Return mfhhis01.txt: the months before in blocks of a year, the newest first."""
    holders = _holders(shown)
    before = sorted(holders["Grand Total"], reverse=True)
    before = [month for month in before if month not in _newest(holders)]
    lines = []
    for year in sorted({month.year for month in before}, reverse=True):
        months = [month for month in before if month.year == year]
        lines += [
            ["", "", "", "MAJOR FOREIGN HOLDERS OF TREASURY SECURITIES"],
            ["", "", "", "(in billions of dollars)"],
            [""],
            ["", *(calendar.month_abbr[month.month] for month in months)],
            ["Country", *(str(year) for _ in months)],
            ["", *("------" for _ in months)],
        ]
        lines += ([f'"{row[0]}"' if "," in row[0] else row[0], *row[1:]] for row in _rows(holders, months))
        lines.append([""])
    return _tabs(lines)


def _tabs(lines: Sequence[Sequence[str]]) -> bytes:
    width = max(map(len, lines))
    return "\r\n".join("\t".join([*line, *[""] * (width - len(line))]) for line in lines).encode("cp1252")


def statement(query: Query) -> bytes:
    """Return the recorded days of the Daily Treasury Statement from the day that is asked for on."""
    recorded = (RECORDED / "fiscaldata" / "dts_operating_cash_balance.json").read_text(encoding="utf-8")
    content = json.loads(recorded)
    start = query["filter"].removeprefix("record_date:gte:")
    rows = content["data"] = [row for row in content["data"] if row["record_date"] >= start]
    content["meta"] |= {"count": len(rows), "total-count": len(rows), "total-pages": min(1, len(rows))}
    return json.dumps(content).encode()


def swaps(query: Query, until: dt.date) -> bytes:
    """Return the recorded swap operations of a period."""
    recorded = (RECORDED / "nyfed" / "fxs_usdollar_last5_excerpt.json").read_text(encoding="utf-8")
    content = json.loads(recorded)["fxSwaps"]["operations"]
    end = min(query["endDate"], until.isoformat())
    rows = [row for row in content if query["startDate"] <= row["tradeDate"] <= end]
    return json.dumps({"fxSwaps": {"operations": rows}}).encode()


def lending(query: Query, shown: Shown) -> bytes:
    """Return what the System Open Market Account lent, a row a day."""
    found: dict[dt.date, dict[str, str]] = defaultdict(dict)
    for series_id, name in LENT.items():
        for day, value in shown(series_id, dt.date.fromisoformat(query["startDate"])):
            found[day][name] = f"{Decimal(repr(value)).scaleb(9):f}"
    rows = [
        f'{{"operationId": "SL {day:%m%d%y} 1", "operationDate": "{day}", '
        + ", ".join(f'"{name}": {amount}' for name, amount in cells.items())
        + "}"
        for day, cells in sorted(found.items(), reverse=True)
    ]
    return f'{{"seclending": {{"operations": [{", ".join(rows)}]}}}}'.encode()


def fails(shown: Shown) -> bytes:
    """Return primary dealers' fails, in millions of dollars."""
    rows = []
    for series_id, key in FAILS.items():
        shift = 3 if catalog.series(series_id).unit == "usd_bn" else 0
        for day, value in shown(series_id, None):
            text = f"{Decimal(repr(value)).scaleb(shift).normalize():f}"
            rows.append({"asofdate": day.isoformat(), "keyid": key, "value": text})
    return json.dumps({"pd": {"timeseries": rows}}).encode()
