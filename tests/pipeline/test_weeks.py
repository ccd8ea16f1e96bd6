"""Every week of the data: facts and findings compute, and nothing is empty, infinite or unresolved."""

from __future__ import annotations

import datetime as dt
import math
import re
import shutil
from itertools import product

import pytest

from reportgen.embedded import FOLDER
from reportgen.findings import decide, terms
from reportgen.findings.events import load_events
from reportgen.findings.perspectives import STANCES
from reportgen.indicators.facts import FactSet, compute_facts
from reportgen.indicators.measures import Measures
from reportgen.indicators.thresholds import load_thresholds
from reportgen.model import Finding
from reportgen.render import facts_json
from reportgen.store import RESTRICTED, Store
from reportgen.text import parse_as_of, references
from reportgen.units import FACT_UNITS

THRESHOLDS, EVENTS = load_thresholds(), load_events()
FRIDAYS = [dt.date(2018, 6, 1) + dt.timedelta(weeks=week) for week in range(429)]


def ids(pattern: str) -> set[str]:
    """Expand {a,b} in a dotted id, as the design's table writes them."""
    parts = re.split(r"\{([^}]*)\}", pattern)
    choices = [[p] if at % 2 == 0 else p.split(",") for at, p in enumerate(parts)]
    return {"".join(chosen) for chosen in product(*choices)}


# The contract of facts, as the design lists them: id and unit.
CONTRACT = {
    fact_id: unit
    for pattern, unit in (
        ("ust.{3m,6m,1y,2y,3y,5y,7y,10y,20y,30y}.level", "percent"),
        ("ust.{3m,6m,1y,2y,3y,5y,7y,10y,20y,30y}.{change_week,change_month}", "bp"),
        ("curve.{2s10s,5s30s,3m10y}.{level,change_week}", "bp"),
        ("curve.regime", "text"),
        ("policy.{target_upper,effr}.level", "percent"),
        ("policy.cuts_12m.{level,change_week}", "cuts"),
        ("{real,breakeven,termpremium}.10y.level", "percent"),
        ("{real,breakeven,termpremium}.10y.change_week", "bp"),
        ("cot.{2y,5y,10y,u10y,bond,ubond}.{lev_short,lev_long,lev_net}", "contracts"),
        ("cot.{2y,5y,10y,u10y,bond,ubond}.{lev_short,lev_long,lev_net}.change_week", "contracts"),
        ("cot.{total,total6}.{lev_short,lev_net}_notional", "usd_bn"),
        ("cot.{total,total6}.{lev_short,lev_net}_notional.change_week", "usd_bn"),
        ("cot.{total,total6}.{lev_short,lev_net}_10y_eq", "contracts"),
        ("cot.{total,total6}.{lev_short,lev_net}_10y_eq.change_week", "contracts"),
        ("cot.{total,total6}.{lev_short,lev_net}_{notional,10y_eq}.change_week_z", "z"),
        ("{equity.spx,dollar.dxy,dollar.broad,vol.vix,vol.move}.level", "index"),
        ("gold.level", "usd"),
        ("{equity.spx,dollar.dxy,dollar.broad,gold}.change_week", "percent"),
        ("vol.{vix,move}.change_week", "points"),
        ("fx.{jpy,krw,twd,cny,eur,inr,thb,sgd}.level", "quote"),
        ("fx.{jpy,krw,twd,cny,eur,inr,thb,sgd}.change_week", "percent"),
        ("credit.{hy_oas,ig_oas}.{level,change_week}", "bp"),
        ("funding.sofr.level", "percent"),
        ("funding.{sofr_effr,sofr_iorb,sofr_p99_p1}.level", "bp"),
        ("funding.{sofr,sofr_effr,sofr_iorb,sofr_p99_p1}.change_week", "bp"),
        ("facility.{on_rrp,srf,discount_window,swap_lines,foreign_rrp}.{level,change_week}", "usd_bn"),
        ("fed.{assets,reserves,tga,treasuries}.{level,change_week}", "usd_bn"),
        ("foreign.custody.{level,change_week,change_4w}", "usd_bn"),
        ("foreign.tic.{total,japan,china,uk}.{level,change_month}", "usd_bn"),
        ("stress.{nfci,stlfsi,ofr_fsi}.level", "index"),
        ("liquidity.score", "index"),
        ("liquidity.state", "text"),
        ("analogue.{2019_09,2020_03,2023_03}.{spx,ust10y}.days_to_recover", "days"),
    )
    for fact_id in ids(pattern)
}
DRIVERS = {"supported", "partly_supported", "not_supported", "pending", "needs_news"}
CLUES = {"present", "partly_present", "absent", "not_testable"}
VERDICTS = {
    **dict.fromkeys(
        ids("driver.{basis_trade,liquidity_selling,policy_threat,foreign_official_selling}"), DRIVERS
    ),
    **dict.fromkeys(ids("clue.{dollar_flight,fx_intervention,forced_selling}"), CLUES),
    **{f"perspective.{name}": set(stances) for name, stances in STANCES.items()},
}
PACES = {"reinvests": "steady", "buys": "purchases", "lets": "runoff"}
BROKEN = re.compile(r"\bnan\b|\bNone\b|\binf\b|\{\{|\}\}|\.\.|,\.|;\.|:\.|,,|;;|  |\( | \)|\(\)| [.,;:]")


@pytest.fixture(scope="module")
def store() -> Store:
    return Store(FOLDER)


def answered(store: Store, as_of: dt.datetime) -> tuple[FactSet, dict[str, Finding]]:
    facts = compute_facts(Measures(store.snapshot(as_of)), THRESHOLDS)
    return facts, decide(facts, THRESHOLDS, EVENTS)


def check_facts(facts: FactSet) -> None:
    known = set(facts.facts) | set(facts.missing)
    assert known >= set(CONTRACT)
    assert not set(facts.facts) & set(facts.missing)
    for fact in facts.facts.values():
        assert fact.unit in FACT_UNITS, fact.id
        assert fact.unit == CONTRACT.get(fact.id, fact.unit), fact.id
        assert isinstance(fact.value, str) if fact.unit == "text" else math.isfinite(fact.number), fact.id
        assert fact.published <= facts.as_of, fact.id
        assert fact.observed <= facts.as_of.date(), fact.id
        assert fact.start is None or fact.start < fact.observed, fact.id
        for text in (fact.text, fact.label, fact.method, fact.stale or "stale"):
            assert text.strip(), fact.id
            assert not BROKEN.search(text), (fact.id, text)
    for gap in facts.missing.values():
        for text in (gap.input, gap.why):
            assert text.strip(), gap.id
            assert not BROKEN.search(text), (gap.id, text)
        assert gap.due is None or gap.due > facts.as_of, gap.id


def check_terms(facts: FactSet) -> None:
    """A pace that is not that of the Fed's terms is one of a span that begins before these."""
    pace = facts.get("fed.treasuries.pace")
    if pace is None:
        return
    now, before = (
        terms.in_force(day)["terms.balance_sheet"].text
        for day in (facts.market_date, pace.observed - dt.timedelta(weeks=13))
    )
    if pace.value not in (PACES[now.split()[0]], "turning"):
        assert now != before, pace.value


def check_findings(facts: FactSet, findings: dict[str, Finding]) -> None:
    assert set(findings) == set(VERDICTS)
    for finding in findings.values():
        assert finding.verdict in VERDICTS[finding.id], finding.id
        assert finding.confidence in ("low", "medium", "high"), finding.id
        named = (*finding.supports, *finding.contradicts, *references(finding.reason))
        assert set(named) <= set(facts.facts), finding.id
        assert not set(finding.supports) & set(finding.contradicts), finding.id
        if finding.verdict == "pending":
            assert finding.due is not None
            assert facts.as_of < finding.due <= facts.as_of + dt.timedelta(days=7), finding.id
        reason = facts_json.reason(finding, facts)
        assert reason.endswith("."), reason
        assert not reason[0].islower() or reason[0].isdigit(), reason
        assert not BROKEN.search(reason), reason
        assert 1 <= len(re.findall(r"[.](?: [A-Z]|$)", reason)) <= 2, reason
        assert len(reason) < 400, reason


@pytest.mark.parametrize("year", range(2018, 2027))
def test_every_week(store, year):
    for friday in (f for f in FRIDAYS if f.year == year):
        facts, findings = answered(store, parse_as_of(friday.isoformat()))
        try:
            check_facts(facts)
            check_terms(facts)
            check_findings(facts, findings)
        except AssertionError as error:
            raise AssertionError(f"week to {friday}: {error}") from error


@pytest.mark.parametrize("hour", [0, 8, 10, 14, 17, 18])
@pytest.mark.parametrize(
    "day", ["2018-12-05", "2020-03-16", "2021-11-11", "2023-04-07", "2025-01-09", "2025-11-19"]
)
def test_any_hour_of_odd_days(store, day, hour):
    facts, findings = answered(store, parse_as_of(f"{day}T{hour:02}:00"))
    check_facts(facts)
    check_findings(facts, findings)


def test_without_the_restricted_series_facts_name_them_as_missing(tmp_path):
    shutil.copytree(
        FOLDER, tmp_path / "data", ignore=shutil.ignore_patterns(RESTRICTED, "*.py", "__pycache__")
    )
    facts, findings = answered(Store(tmp_path / "data"), parse_as_of("2025-04-10"))
    check_facts(facts)
    check_findings(facts, findings)
    for fact_id, series in (
        ("equity.spx.level", "spx (FRED:SP500)"),
        ("vol.vix.change_week", "vix (FRED:VIXCLS)"),
        ("vol.move.level", "move (YAHOO:^MOVE)"),
        ("dollar.dxy.level", "dxy (YAHOO:DX-Y.NYB)"),
        ("gold.level", "gold (YAHOO:GC=F)"),
        ("credit.hy_oas.change_week", "hy_oas (FRED:BAMLH0A0HYM2)"),
        ("credit.ig_oas.level", "ig_oas (FRED:BAMLC0A0CM)"),
        ("analogue.2020_03.spx.days_to_recover", "spx (FRED:SP500)"),
    ):
        assert facts.missing[fact_id].input == series
        assert facts.missing[fact_id].why == "not in this data set (restricted by licence)"
    assert facts.facts["ust.10y.change_week"].value == 39.0
    assert findings["clue.dollar_flight"].verdict == "not_testable"
    assert not any(f.restricted for f in facts.facts.values())
