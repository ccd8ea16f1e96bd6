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
