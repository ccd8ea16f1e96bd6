"""reportgen gauge."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from typing import Any

import click

from reportgen.cli.gauge_report import report_document, report_lines, report_rows
from reportgen.cli.options import desk_options, now
from reportgen.errors import AsOfError, StoreError, UsageError
from reportgen.indicators.gauge import COMPONENTS, FIRST_DAY, GaugeHistory, gauge_days, gauge_history
from reportgen.indicators.gauge_report import gauge_report
from reportgen.indicators.measures import Measures
from reportgen.model import NEW_YORK
from reportgen.pipeline.desk import Desk
from reportgen.store import Store
from reportgen.text import parse_as_of


def _day(ctx: click.Context, param: click.Parameter, value: str | None) -> dt.date | None:
    if value is None:
        return None
    try:
        return parse_as_of(value).date()
    except AsOfError as error:
        raise AsOfError(f"{param.opts[0]} {value!r} is not a date, expected YYYY-MM-DD") from error


@click.command("gauge")
@click.option("--from", "start", metavar="D", callback=_day, help="First day.")
@click.option("--to", "end", metavar="D", callback=_day, help="Last day.")
@click.option(
    "--report", is_flag=True, help="Compare the record with episodes and published indices instead."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV instead of a table.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@desk_options
def command(
    desk: Desk, start: dt.date | None, end: dt.date | None, report: bool, as_csv: bool, as_json: bool
) -> None:
    """Print the liquidity gauge as it would have been published at 23:59 of each bond-market day.

    --from and --to are needed but for --report, which by default takes all that the data hold.
    """
    if as_csv and as_json:
        raise UsageError("--csv and --json exclude each other")
    if not report and (start is None or end is None):
        raise click.MissingParameter(
            param_hint="'--from'" if start is None else "'--to'", param_type="option"
        )
    store = desk.store()
    first, last = _span(store, start, end)
    moment = dt.datetime.combine(last, dt.time(23, 59), NEW_YORK)
    measures, thresholds = Measures(store.snapshot(moment)), desk.thresholds()
    if report:
        found = gauge_report(measures, thresholds, first, last)
        _print(as_csv, as_json, report_rows(found), report_document(found), report_lines(found))
        return
    history = gauge_history(measures, thresholds, gauge_days(first, last))
    rows = _rows(history)
    _print(as_csv, as_json, [_HEADER, *(list(r.values()) for r in rows)], rows, _table(history))


def _span(store: Store, start: dt.date | None, end: dt.date | None) -> tuple[dt.date, dt.date]:
    """Return the first and the last day asked for, once they are known to be held.

    Raises: UsageError or AsOfError where they cannot be shown.
    """
    if start is not None and end is not None and end < start:
        raise UsageError(f"--to {end} lies before --from {start}")
    if start is not None and start < FIRST_DAY:
        raise AsOfError(
            f"--from {start} lies before {FIRST_DAY}, when the gauge begins",
            hint="SOFR's history starts in April 2018.",
        )
    newest = store.newest("ust_10y")
    if newest is None:
        raise StoreError(f"{store.folder}: holds no ust_10y (FRED:DGS10)")
    if end is not None and end > newest:
        raise AsOfError(f"--to {end} lies after the data, which end on {newest}")
    first, last = start or FIRST_DAY, end or newest
    if first > last:
        raise AsOfError(f"--from {first} lies after the last day, {last}")
    if dt.datetime.combine(last, dt.time(23, 59), NEW_YORK) > now():
        raise AsOfError(f"--to {last} lies in the future")
    return first, last


_HEADER = ["date", "score", "state", *(c.id for c in COMPONENTS)]


def _print(as_csv: bool, as_json: bool, rows: list[list[Any]], document: Any, lines: list[str]) -> None:
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    elif as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        click.echo("\n".join(lines))


def _rows(history: GaugeHistory) -> list[dict[str, Any]]:
    return [
        dict(zip(_HEADER, (str(day), float(history.scores[at]), history.state(at), *readings), strict=True))
        for at, day in enumerate(history.days)
        for readings in [[None if r != r else float(r) for r in history.readings[:, at]]]
    ]


def _table(history: GaugeHistory) -> list[str]:
    lines = [f"{'date':<10} {'score':>5} {'state':<9} " + " ".join(f"{c.id:>15}" for c in COMPONENTS)]
    for at in range(len(history.days)):
        readings = " ".join(f"{'–' if r != r else f'{r:.1f}':>15}" for r in history.readings[:, at])
        lines.append(f"{history.days[at]} {history.scores[at]:5.0f} {history.state(at):<9} {readings}")
    return lines
