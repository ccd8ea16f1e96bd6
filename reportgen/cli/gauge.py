"""reportgen gauge."""

from __future__ import annotations

import csv
import datetime as dt
import sys

import click

from reportgen.cli.options import desk_options, now
from reportgen.errors import AsOfError, StoreError, UsageError
from reportgen.indicators.gauge import COMPONENTS, FIRST_DAY, GaugeHistory, gauge_days, gauge_history
from reportgen.indicators.measures import Measures
from reportgen.model import NEW_YORK
from reportgen.pipeline.analysis import Desk
from reportgen.text import parse_as_of


def _day(ctx: click.Context, param: click.Parameter, value: str) -> dt.date:
    try:
        return parse_as_of(value).date()
    except AsOfError as error:
        raise AsOfError(f"{param.opts[0]} {value!r} is not a date, expected YYYY-MM-DD") from error


@click.command("gauge")
@click.option("--from", "start", required=True, metavar="D", callback=_day, help="First day.")
@click.option("--to", "end", required=True, metavar="D", callback=_day, help="Last day.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV instead of a table.")
@desk_options
def command(desk: Desk, start: dt.date, end: dt.date, as_csv: bool) -> None:
    """Print the liquidity gauge as it would have been published at 23:59 of each bond-market day."""
    if end < start:
        raise UsageError(f"--to {end} lies before --from {start}")
    if start < FIRST_DAY:
        raise AsOfError(
            f"--from {start} lies before {FIRST_DAY}, when the gauge begins",
            hint="SOFR's history starts in April 2018.",
        )
    store = desk.store()
    newest = store.newest("ust_10y")
    if newest is None:
        raise StoreError(f"{store.folder}: holds no ust_10y (FRED:DGS10)")
    if end > newest:
        raise AsOfError(f"--to {end} lies after the data, which end on {newest}")
    moment = dt.datetime.combine(end, dt.time(23, 59), NEW_YORK)
    if moment > now():
        raise AsOfError(f"--to {end} lies in the future")
    history = gauge_history(Measures(store.snapshot(moment)), desk.thresholds(), gauge_days(start, end))
    if as_csv:
        _csv(history)
    else:
        _table(history)


def _csv(history: GaugeHistory) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["date", "score", "state", *(c.id for c in COMPONENTS)])
    for at in range(len(history.days)):
        readings = ["" if r != r else repr(float(r)) for r in history.readings[:, at]]
        writer.writerow([history.days[at], repr(float(history.scores[at])), history.state(at), *readings])


def _table(history: GaugeHistory) -> None:
    click.echo(f"{'date':<10} {'score':>5} {'state':<9} " + " ".join(f"{c.id:>15}" for c in COMPONENTS))
    for at in range(len(history.days)):
        readings = " ".join(f"{'–' if r != r else f'{r:.1f}':>15}" for r in history.readings[:, at])
        click.echo(f"{history.days[at]} {history.scores[at]:5.0f} {history.state(at):<9} {readings}")
