"""Par bonds: durations against cash flows, cushions against a bond repriced a year on."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.indicators.par_bonds import FACE, TENORS, modified_duration


def price(coupon_pct, yield_pct, years):
    """Discount every coupon and the face of a bond."""
    times = np.arange(1, 2 * years + 1)
    flows = np.full(len(times), coupon_pct / 2) + np.where(times == 2 * years, 100.0, 0.0)
    return float((flows / (1 + yield_pct / 200) ** times).sum())


@pytest.mark.parametrize("years", [1, 2, 5, 9, 10, 29, 30])
@pytest.mark.parametrize("yield_pct", [0.15, 1.8, 4.4, 15.8])
def test_duration_is_that_of_the_cash_flows(years, yield_pct):
    step = 1e-4
    slope = (price(yield_pct, yield_pct - step, years) - price(yield_pct, yield_pct + step, years)) / (
        2 * step
    )
    assert price(yield_pct, yield_pct, years) == pytest.approx(100)
    assert modified_duration(yield_pct, years) == pytest.approx(slope, rel=1e-6)


@given(st.floats(-0.9, 20), st.integers(1, 30))
def test_duration_lies_between_nothing_and_the_term(yield_pct, years):
    found = modified_duration(yield_pct, years)
    assert found > 0
    assert yield_pct < 0 or found <= years + 1e-9


def test_a_yield_of_zero_has_the_duration_of_the_term():
    assert modified_duration(0.0, 10) == 10
    assert modified_duration(1e-7, 10) == pytest.approx(10, abs=1e-4)


def test_the_ten_year_of_10_april_2025(facts_at, raw):
    facts = facts_at("2025-04-10").facts
    sofr = raw("sofr", "2025-04-10 23:59")
    # H.15: 4.40% on 10 April 2025; SOFR of 3 to 9 April: 4.39, 4.35, 4.33, 4.40, 4.42.
    assert sofr.iloc[-5:].tolist() == [4.39, 4.35, 4.33, 4.40, 4.42]
    carry_bp = 440 - 100 * statistics.median(sofr.iloc[-5:])
    assert facts["carry.10y.level"].value == pytest.approx(carry_bp, abs=1e-6)
    assert facts["value.10y.dv01"].value == pytest.approx(FACE * 1e-4 * 8.0205, rel=1e-4)
    assert facts["value.10y.cushion"].value == pytest.approx(440 / 7.3664, rel=1e-4)
    assert facts["value.10y.cushion_financed"].value == pytest.approx(carry_bp / 7.3664, rel=1e-4)


@pytest.mark.parametrize(("tenor", "years"), TENORS.items())
def test_the_cushion_is_the_rise_that_costs_a_years_income(facts_at, tenor, years):
    """Repriced with the coupon at the risen yield; the straight line leaves out what convexity gives back."""
    facts = facts_at("2025-04-10").facts
    coupon = facts[f"ust.{tenor}.level"].number
    rise = facts[f"value.{tenor}.cushion"].number / 100
    loss = 100 - price(coupon, coupon + rise, years - 1)
    assert loss <= coupon
    assert loss == pytest.approx(coupon, rel=0.06)


def test_what_costs_money_to_hold_needs_a_lower_yield(facts_at):
    facts = facts_at("2024-08-09").facts
    assert facts["carry.10y.level"].number < 0
    assert facts["value.10y.cushion_financed"].number < 0
    assert facts["value.10y.cushion_financed"].text.startswith("\N{MINUS SIGN}")


def test_a_spike_of_one_day_is_not_a_years_financing(facts_at):
    # 17 September 2019: SOFR at 5.25%, the days before at 2.20% and 2.43%.
    assert facts_at("2019-09-18").facts["carry.10y.level"].number > -100


def test_without_sofr_the_carry_is_missing_and_the_rest_is_not(store_of):
    from reportgen.indicators.facts import compute_facts
    from reportgen.indicators.measures import Measures
    from reportgen.indicators.thresholds import load_thresholds
    from reportgen.text import parse_as_of

    store = store_of({"ust_10y": {"2025-04-04": 4.01, "2025-04-10": 4.40}})
    found = compute_facts(Measures(store.snapshot(parse_as_of("2025-04-10"))), load_thresholds())
    assert {"value.10y.dv01", "value.10y.cushion"} <= set(found.facts)
    assert {"carry.10y.level", "value.10y.cushion_financed", "value.2y.dv01"} <= set(found.missing)
    assert "sofr" in found.missing["carry.10y.level"].input
