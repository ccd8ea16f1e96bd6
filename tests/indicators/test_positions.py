"""Leveraged funds' positions: contracts, face value, 10-year equivalents, changes and their size."""

from functools import partial

import pandas as pd
import pytest

exact = partial(pytest.approx, rel=1e-9, abs=1e-9)
FIVE = ("2y", "5y", "10y", "bond", "ubond")
SIX = (*FIVE, "u10y")
FACE_BN = dict.fromkeys(SIX, 0.0001) | {"2y": 2e-4}  # $100,000 a contract, the 2-year $200,000
DV01 = {"2y": 38, "5y": 47, "10y": 75, "u10y": 90, "bond": 130, "ubond": 180}  # dollars, January 2024


@pytest.fixture(scope="session")
def positions(raw):
    """Give a total over contracts as plain pandas sums it, on the reports that hold all of them."""

    def total(contracts, weights, net=False):
        parts = []
        for contract in contracts:
            short = raw(f"cot_{contract}_lev_short")
            held = (raw(f"cot_{contract}_lev_long") - short).dropna() if net else short
            parts.append(held * weights[contract])
        return pd.concat(parts, axis=1, join="inner").dropna().sum(axis=1)

    return total


def ten_year(contract):
    return DV01[contract] / DV01["10y"]


def test_the_report_is_public_at_1530_on_friday(facts_at):
    # "not visible at 15:29": the note of that moment still shows the week before.
    before, after = facts_at("2025-04-11T15:29"), facts_at("2025-04-11T15:30")
    assert str(before.facts["cot.10y.lev_net"].observed) == "2025-04-01"
    assert str(after.facts["cot.10y.lev_net"].observed) == "2025-04-08"
    assert after.number("cot.10y.lev_net") == -1_873_687


@pytest.mark.parametrize("contract", SIX)
def test_net_is_long_less_short(facts_at, raw, contract):
    facts = facts_at("2025-04-11T18:00")
    long, short = raw(f"cot_{contract}_lev_long"), raw(f"cot_{contract}_lev_short")
    for name, series in (("lev_long", long), ("lev_short", short), ("lev_net", long - short)):
        fact_id = f"cot.{contract}.{name}"
        assert facts.number(fact_id) == series["2025-04-08"]
        assert facts.number(f"{fact_id}.change_week") == series["2025-04-08"] - series["2025-04-01"]
        assert facts.facts[fact_id].unit == "contracts"
    assert "gross short" in facts.facts[f"cot.{contract}.lev_short"].label
    assert "net" in facts.facts[f"cot.{contract}.lev_net"].label


@pytest.mark.parametrize(("prefix", "contracts"), [("cot.total", FIVE), ("cot.total6", SIX)])
@pytest.mark.parametrize(("side", "net"), [("short", False), ("net", True)])
def test_totals_by_hand(facts_at, positions, prefix, contracts, side, net):
    facts = facts_at("2025-04-11T18:00")
    for name, weights in (
        ("notional", FACE_BN),
        ("10y_eq", {c: ten_year(c) for c in SIX}),
    ):
        total = positions(contracts, weights, net)
        fact_id = f"{prefix}.lev_{side}_{name}"
        assert facts.number(fact_id) == exact(total["2025-04-08"])
        change = total["2025-04-08"] - total["2025-04-01"]
        assert facts.number(f"{fact_id}.change_week") == pytest.approx(change, rel=1e-9, abs=1e-6)
        expected_unit = "usd_bn" if name == "notional" else "contracts"
        assert facts.facts[fact_id].unit == expected_unit
    label = facts.facts[f"{prefix}.lev_{side}_notional"].label
    assert ("without Ultra 10-year" in label) == (prefix == "cot.total")


@pytest.mark.parametrize(
    "as_of", ["2018-06-15", "2019-06-14", "2020-03-20", "2023-04-14", "2025-04-11T18:00"]
)
@pytest.mark.parametrize("side", ["short", "net"])
def test_z_against_the_changes_among_the_156_reports_before(facts_at, positions, as_of, side):
    facts = facts_at(as_of)
    fact = facts.facts[f"cot.total.lev_{side}_10y_eq.change_week_z"]
    total = positions(FIVE, {c: ten_year(c) for c in SIX}, side == "net")[: str(fact.observed)]
    changes = total.diff()
    spacing = total.index.to_series().diff().dt.days
    before = changes.iloc[:-1].tail(156)[spacing.iloc[:-1].tail(156) <= 9]
    assert len(before) >= 52
    z = (changes.iloc[-1] - before.mean()) / before.std(ddof=1)
    assert fact.value == pytest.approx(z, rel=1e-9)
    assert f"the {len(before)} computable changes" in fact.method


def test_z_needs_a_year_of_changes(facts_at):
    facts = facts_at("2015-12-18")
    missing = facts.missing["cot.total.lev_short_10y_eq.change_week_z"]
    assert "too few earlier changes" in missing.why


def test_no_change_is_taken_across_a_gap(facts_at, raw):
    # The Ultra bond is held on 2 and on 23 September 2025, and its published change is not.
    facts = facts_at("2025-09-26")
    assert str(facts.facts["cot.ubond.lev_short"].observed) == "2025-09-23"
    for fact_id in ("cot.ubond.lev_short", "cot.total.lev_short_notional", "cot.total.lev_short_10y_eq"):
        assert f"{fact_id}.change_week" not in facts.facts
        assert "2\xa0September\xa02025" in facts.missing[f"{fact_id}.change_week"].why
    assert "cot.total.lev_short_10y_eq.change_week_z" in facts.missing
    held = raw("cot_ubond_lev_short")[:"2025-09-23"]
    assert list(held.index[-2:].strftime("%Y-%m-%d")) == ["2025-09-02", "2025-09-23"]


@pytest.mark.parametrize(
    ("day", "published"),
    [
        ("2021-01-05", "2021-01-08"),
        ("2024-01-02", "2024-01-05"),
        ("2025-01-07", "2025-01-13"),  # a day of mourning before it
        ("2026-01-06", "2026-01-16"),  # the shutdown's catching up
    ],
)
def test_after_a_gap_the_published_change_is_taken(facts_at, raw, day, published):
    """The first report of the Ultra 10-year after a gap carries the change that the CFTC printed."""
    short, printed = raw("cot_u10y_lev_short"), raw("cot_u10y_lev_short_change")
    assert (pd.Timestamp(day) - short[:day].index[-2]).days > 9
    fact = facts_at(published).facts["cot.u10y.lev_short.change_week"]
    assert (str(fact.observed), fact.value, fact.start) == (day, printed[day], None)
    assert "as published" in fact.label
    assert {i.series.id for i in fact.inputs} == {"cot_u10y_lev_short_change"}


def test_published_changes_agree_where_both_reports_are_held(raw):
    """The CFTC's own changes check the stored positions, column and report."""
    for contract in FIVE:
        held, printed = raw(f"cot_{contract}_lev_short"), raw(f"cot_{contract}_lev_short_change")
        spacing = held.index.to_series().diff().dt.days
        ours = held.diff()[spacing <= 9]
        both = ours.index.intersection(printed.index)
        assert len(both) > 100
        assert (ours[both] == printed[both]).all(), contract


def test_positions_outlive_a_shutdown_and_say_why(facts_at):
    facts = facts_at("2025-11-14")
    for contract in FIVE:
        fact = facts.facts[f"cot.{contract}.lev_short"]
        assert str(fact.observed) == "2025-09-23"
        assert fact.stale is not None
        assert "shutdown" in fact.stale
        assert "23\xa0September\xa02025" in fact.stale
    # The new schedule was announced on 18 November: then the next report has a date.
    week_later = facts_at("2025-11-18T18:00").facts["cot.10y.lev_short"].stale
    assert week_later is not None
    assert "Wednesday 19\xa0November at 15:30" in week_later
