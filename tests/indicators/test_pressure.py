"""Pressure on Asian currencies, custody holdings and fails, counted again with pandas."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from reportgen.indicators.facts import compute_facts
from reportgen.indicators.measures import Measures
from reportgen.text import parse_as_of

ASIA = ("krw", "twd", "cny", "inr", "thb", "sgd")
ID = "fx.asia.pressure"


@pytest.mark.parametrize("as_of", ["2020-03-20", "2022-09-30", "2025-04-14T17:00", "2018-06-01"])
def test_mean_of_each_currency_s_own_z(facts_at, raw, as_of):
    fact = facts_at(as_of).facts[ID]
    scores = []
    for currency in ASIA:
        rate = raw(f"fx_{currency}")[: str(fact.observed)]
        steps = len(rate[str(fact.start) :]) - 1
        moves = rate.pct_change(steps) * 100
        before = moves[: str(fact.start)].dropna()
        scores.append((moves.iloc[-1] - before.mean()) / before.std(ddof=1))
    assert fact.value == pytest.approx(np.mean(scores), rel=1e-9)
    assert fact.unit == "z"
    assert "6 currencies" in fact.method


def test_pressure_is_of_the_week_of_its_currencies(facts_at):
    facts = facts_at("2025-04-10")
    assert facts.facts[ID].observed == facts.facts["fx.krw.change_week"].observed == dt.date(2025, 4, 4)


def rates(*currencies):
    """Give exchange rates of five hundred days that end in a fall against the dollar."""
    days = pd.bdate_range(end="2025-04-04", periods=500)
    wave = 100 + np.sin(np.arange(500) / 3)
    wave[-5:] += np.arange(1, 6)
    moves = dict(zip(days.strftime("%Y-%m-%d"), wave, strict=True))
    return {f"fx_{c}": moves for c in currencies} | {"ust_10y": {"2025-04-03": 4.0, "2025-04-10": 4.4}}


@pytest.mark.parametrize("held", [3, 4])
def test_four_currencies_are_needed(store_of, thresholds, held):
    store = store_of(rates(*ASIA[:held]))
    facts = compute_facts(Measures(store.snapshot(parse_as_of("2025-04-10"))), thresholds)
    if held < 4:
        assert facts.missing[ID].why == "too few currencies can be scored"
    else:
        assert facts.facts[ID].number > 1


def test_custody_s_changes_in_standard_deviations(store_of, thresholds):
    days = pd.date_range("2022-01-05", "2025-04-09", freq="W-WED")
    level = 2_900_000 + np.cumsum(np.cos(np.arange(len(days)) * 1.7) * 9_000)  # $mn
    level[-1] -= 40_000
    rows = dict(zip(days.strftime("%Y-%m-%d"), level, strict=True))
    store = store_of({"h41_custody": rows, "ust_10y": {"2025-04-03": 4.0, "2025-04-10": 4.4}})
    facts = compute_facts(Measures(store.snapshot(parse_as_of("2025-04-10"))), thresholds)
    held = pd.Series(level / 1000, days)
    for facet, weeks in (("change_week", 1), ("change_4w", 4)):
        changes = held.diff(weeks)
        before = changes.iloc[:-weeks].tail(156).dropna()
        assert facts.number(f"foreign.custody.{facet}") == pytest.approx(changes.iloc[-1], rel=1e-9)
        z = (changes.iloc[-1] - before.mean()) / before.std(ddof=1)
        assert facts.number(f"foreign.custody.{facet}_z") == pytest.approx(z, rel=1e-9)
        assert z < -2


def test_fails_rank_among_earlier_weeks(facts_at, raw):
    facts = facts_at("2022-09-30")
    fact = facts.facts["fails.tips.level_rank"]
    fails = raw("tips_fails_deliver")[: str(fact.observed)]
    assert fact.value == pytest.approx((fails.iloc[:-1] < fails.iloc[-1]).mean() * 100, rel=1e-9)
    assert "inflation-indexed Treasuries only" in facts.facts["fails.tips.level"].label
    # The on-the-run notes are held from 2022 to 2025 alone.
    assert "fails.ust_10y.level" in facts_at("2025-04-10").facts
    for as_of in ("2021-06-11", "2026-05-15"):
        assert "fails.ust_10y.level" in facts_at(as_of).missing
