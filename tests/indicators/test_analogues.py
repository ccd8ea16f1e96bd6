"""Days to recover in earlier episodes, counted from the stored closes."""

import pytest

from reportgen.embedded import FOLDER
from reportgen.store import RESTRICTED

needs_restricted = pytest.mark.skipif(
    not (FOLDER / RESTRICTED).is_dir(), reason="the restricted series are not in this copy"
)
LATE = "2025-04-10"


def days_to_recover(closes, start, adverse):
    """Count closes after the start until the first at its level again, once it was worse."""
    after = adverse * (closes[start:].iloc[1:] - closes[start])
    worse = (after > 0).cumsum() > 0
    back = after[worse & (after <= 0)]
    return after.index.get_loc(back.index[0]) + 1


@needs_restricted
@pytest.mark.parametrize(
    ("episode", "start", "days"),
    [("2019_09", "2019-09-13", 29), ("2020_03", "2020-02-19", 126), ("2023_03", "2023-03-08", 9)],
)
def test_stocks(facts_at, raw, episode, start, days):
    fact = facts_at(LATE).facts[f"analogue.{episode}.spx.days_to_recover"]
    assert fact.value == days == days_to_recover(raw("spx"), start, -1)
    assert fact.unit == "days"
    assert str(fact.start) == start


def test_yields_of_march_2020(facts_at, raw):
    fact = facts_at(LATE).facts["analogue.2020_03.ust10y.days_to_recover"]
    assert fact.value == 6 == days_to_recover(raw("ust_10y"), "2020-03-06", 1)


@pytest.mark.parametrize("episode", ["2019_09", "2023_03"])
def test_yields_that_fell_were_not_disturbed(facts_at, raw, episode):
    start = {"2019_09": "2019-09-13", "2023_03": "2023-03-08"}[episode]
    ten = raw("ust_10y")[start:]
    assert (ten.iloc[1:21] <= ten.iloc[0]).all()
    assert facts_at(LATE).missing[f"analogue.{episode}.ust10y.days_to_recover"].why == "not disturbed"


@needs_restricted
@pytest.mark.parametrize(
    ("as_of", "fact_id", "why"),
    [
        ("2020-03-16", "analogue.2020_03.spx.days_to_recover", "not yet back"),
        ("2020-02-18", "analogue.2020_03.spx.days_to_recover", "not yet begun"),
        ("2020-02-19", "analogue.2020_03.spx.days_to_recover", "not disturbed up to 19\xa0February\xa02020"),
        ("2019-09-20", "analogue.2019_09.ust10y.days_to_recover", "not disturbed up to 20\xa0September"),
        ("2020-08-17", "analogue.2020_03.spx.days_to_recover", "not yet back"),
    ],
)
def test_what_was_not_known_yet(facts_at, as_of, fact_id, why):
    assert why in facts_at(as_of).missing[fact_id].why


@needs_restricted
def test_the_day_of_recovery_is_the_first_on_which_it_is_told(facts_at):
    assert facts_at("2020-08-18").number("analogue.2020_03.spx.days_to_recover") == 126


@needs_restricted
@pytest.mark.parametrize(
    ("episode", "start", "percent"),
    [("2019_09", "2019-09-13", -4.0), ("2020_03", "2020-02-19", -33.9), ("2023_03", "2023-03-08", -3.4)],
)
def test_how_far_stocks_fell(facts_at, raw, episode, start, percent):
    # S&P 500: 3,386.15 on 19 February and 2,237.40 on 23 March 2020 (S&P Dow Jones Indices).
    fact = facts_at(LATE).facts[f"analogue.{episode}.spx.drawdown"]
    days = int(facts_at(LATE).number(f"analogue.{episode}.spx.days_to_recover"))
    closes = raw("spx")[start:].iloc[: days + 1]
    assert fact.value == pytest.approx((closes.min() / closes.iloc[0] - 1) * 100, rel=1e-12)
    assert round(fact.number, 1) == percent
    assert fact.unit == "percent"
    assert str(fact.observed) == str(closes.idxmin().date())


def test_how_far_yields_rose_in_march_2020(facts_at, raw):
    ten = raw("ust_10y")["2020-03-06":].iloc[:21]
    fact = facts_at(LATE).facts["analogue.2020_03.ust10y.rise"]
    assert fact.value == 44 == round((ten.max() - ten.iloc[0]) * 100)
    assert fact.text == "+44\xa0bp"
    assert str(fact.observed) == "2020-03-18"


@pytest.mark.parametrize("episode", ["2019_09", "2023_03"])
def test_yields_that_fell_did_not_rise(facts_at, episode):
    assert facts_at(LATE).missing[f"analogue.{episode}.ust10y.rise"].why == "not disturbed"


@needs_restricted
@pytest.mark.parametrize(
    ("episode", "start"), [("2019_09", "2019-09-13"), ("2020_03", "2020-02-19"), ("2023_03", "2023-03-08")]
)
def test_credit(facts_at, raw, episode, start):
    spread = raw("hy_oas") * 100
    days = facts_at(LATE).number(f"analogue.{episode}.hy_oas.days_to_recover")
    spread = spread[spread.index.isin(raw("ust_10y").index)]  # bond-market days
    assert days == days_to_recover(spread.round(6), start, 1)
    during = spread[start:].iloc[: int(days) + 1]
    widening = facts_at(LATE).facts[f"analogue.{episode}.hy_oas.widening"]
    assert widening.value == pytest.approx(during.max() - during.iloc[0])
    assert widening.unit == "bp"


@needs_restricted
def test_damage_is_told_as_far_as_it_is_known(facts_at):
    # 2,386.13 on 16 March 2020, a week before the low.
    then = facts_at("2020-03-16")
    assert then.number("analogue.2020_03.spx.drawdown") == pytest.approx((2386.13 / 3386.15 - 1) * 100)
    assert "not yet back" in then.missing["analogue.2020_03.hy_oas.days_to_recover"].why
    assert then.missing["analogue.2023_03.hy_oas.widening"].why == "not yet begun"


@needs_restricted
def test_the_seed_s_statement_on_2019_and_2020(facts_at):
    """Stocks of 2019 were back within one to two months; 2020 was deeper and longer; yields in a month."""
    facts = facts_at(LATE)
    month = 21
    assert month < facts.number("analogue.2019_09.spx.days_to_recover") < 2 * month
    assert facts.number("analogue.2020_03.spx.drawdown") < facts.number("analogue.2019_09.spx.drawdown")
    assert facts.number("analogue.2020_03.spx.days_to_recover") > 2 * month
    assert facts.number("analogue.2020_03.ust10y.days_to_recover") < month
    # Corrected: Treasuries were never below their level of September 2019, so had nothing to recover.
    assert "analogue.2019_09.ust10y.days_to_recover" in facts.missing
