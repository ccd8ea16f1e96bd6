"""How fast the Federal Reserve's balance sheet moves, and how far reserves are from scarce."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from reportgen.indicators.thresholds import Thresholds
from reportgen.model import Fact, Missing
from reportgen.text import format_value

TREASURIES = "fed.treasuries"
SHARES = (
    ("fed.reserves_to_assets.level", "fed.reserves.level", "Reserves (week average)", "h41_reserves"),
    (
        "fed.cushion_to_assets.level",
        "fed.cushion.level",
        "Reserves (week average) and overnight reverse repo",
        "(h41_reserves + on_rrp)",
    ),
)


def balance_sheet_facts(
    facts: Mapping[str, Fact], missing: Mapping[str, Missing], thresholds: Thresholds, day: dt.date
) -> Iterator[Fact | Missing]:
    """Return the shares of reserves in the Fed's assets, and the pace of its Treasury holdings.

    Units: percent of assets; the pace is a word.
    """
    for fact_id, part_id, label, formula in SHARES:
        yield _share(facts, missing, fact_id, part_id, label, formula)
    yield _pace(facts, missing, thresholds, day)


def _share(
    facts: Mapping[str, Fact],
    missing: Mapping[str, Missing],
    fact_id: str,
    part_id: str,
    label: str,
    formula: str,
) -> Fact | Missing:
    part, assets = facts.get(part_id), facts.get("fed.assets.level")
    if part is None or assets is None:
        lacking = missing[part_id if part is None else "fed.assets.level"]
        return Missing(fact_id, lacking.input, lacking.why, lacking.due)
    value = part.number / assets.number * 100
    return Fact(
        id=fact_id, label=f"{label} as a share of Federal Reserve assets",
        value=value, unit="percent", text=format_value(value, "percent", 1), decimals=1,
        observed=max(part.observed, assets.observed), published=max(part.published, assets.published),
        inputs=part.inputs + assets.inputs, method=f"{formula} / h41_assets, percent",
        stale=part.stale or assets.stale,
    )  # fmt: skip


def _pace(
    facts: Mapping[str, Fact], missing: Mapping[str, Missing], thresholds: Thresholds, day: dt.date
) -> Fact | Missing:
    """Name the pace by thirteen weeks, "turning" where four weeks run against them by as much.

    Source: the thresholds pace.runoff and pace.purchases.
    """
    fact_id = f"{TREASURIES}.pace"
    quarter, month = facts.get(f"{TREASURIES}.change_13w"), facts.get(f"{TREASURIES}.change_4w")
    if quarter is None or month is None:
        lacking = missing[f"{TREASURIES}.change_{'13w' if quarter is None else '4w'}"]
        return Missing(fact_id, lacking.input, lacking.why, lacking.due)
    low, high = thresholds.value("pace.runoff", day), thresholds.value("pace.purchases", day)
    word = pace(quarter.number, month.number, low, high)
    return Fact(
        id=fact_id, label="Pace of the Federal Reserve's Treasuries", value=word, unit="text", text=word,
        observed=quarter.observed, published=max(quarter.published, month.published),
        inputs=tuple(dict.fromkeys(quarter.inputs + month.inputs)), start=quarter.start,
        method="changes over thirteen and four weeks against pace.runoff and pace.purchases",
        stale=quarter.stale,
    )  # fmt: skip


def pace(quarter_bn: float, month_bn: float, runoff_bn: float, purchases_bn: float) -> str:
    """Name the pace of holdings from their changes over thirteen and over four weeks.

    Units: billions of dollars. The thresholds are for thirteen weeks; four weeks that reach one alone, or run
    against a run-off by as much as a slow one, turn the pace.
    """
    if quarter_bn <= runoff_bn:
        return "turning" if month_bn >= -runoff_bn else "runoff"
    if quarter_bn >= purchases_bn:
        return "turning" if month_bn <= runoff_bn else "purchases"
    return "turning" if month_bn <= runoff_bn or month_bn >= purchases_bn else "steady"
