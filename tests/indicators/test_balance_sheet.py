"""The Fed's balance sheet: shares against the published table, the pace against what the Fed said it did."""

import pytest

from reportgen.indicators.balance_sheet import pace


@pytest.mark.parametrize(
    ("quarter", "month", "word"),
    [
        (-5.0, -5.0, "runoff"),
        (-5.0, 4.9, "runoff"),
        (-5.0, 5.0, "turning"),
        (-4.9, 20.0, "steady"),
        (24.9, -4.9, "steady"),
        (24.9, -5.0, "turning"),
        (4.0, 25.0, "turning"),
        (25.0, -4.9, "purchases"),
        (25.0, -5.0, "turning"),
    ],
)
def test_the_pace_by_thirteen_and_four_weeks(quarter, month, word):
    assert pace(quarter, month, -5.0, 25.0) == word


@pytest.mark.parametrize(
    ("as_of", "word"),
    [
        ("2018-06-22", "runoff"),
        ("2019-09-18", "turning"),  # run-off ended in July, purchases made up for maturing agency bonds
        ("2020-03-20", "purchases"),
        ("2021-06-18", "purchases"),
        ("2022-06-10", "steady"),  # between the end of purchases and the first run-off
        ("2022-06-17", "turning"),
        ("2023-03-17", "runoff"),
        ("2025-10-31", "runoff"),
        ("2026-01-09", "purchases"),
    ],
)
def test_the_pace_follows_the_announced_programmes(facts_at, as_of, word):
    assert facts_at(as_of).facts["fed.treasuries.pace"].value == word


def test_shares_of_assets_in_the_release_of_10_april_2025(facts_at):
    # H.4.1 of 10 April 2025: reserve balances 3,474,682, total assets 6,727,416; overnight reverse repo of
    # 9 April 168.115bn (New York Fed).
    facts = facts_at("2025-04-10").facts
    assert facts["fed.reserves_to_assets.level"].value == pytest.approx(3_474_682 / 6_727_416 * 100, rel=1e-6)
    cushion = facts["fed.cushion.level"].number
    assert cushion == pytest.approx(3_474.682 + 168.115, abs=1e-6)
    assert facts["fed.cushion_to_assets.level"].value == pytest.approx(cushion / 6_727.416 * 100, rel=1e-6)


def test_the_cushion_was_thin_before_both_squeezes_and_thick_between(facts_at, thresholds):
    share = {a: facts_at(a).facts["fed.cushion_to_assets.level"].number for a in
             ("2019-09-13", "2022-06-03", "2023-03-17", "2025-10-31")}  # fmt: skip
    assert share["2019-09-13"] < 40 < share["2025-10-31"] < 45
    assert (
        min(share["2022-06-03"], share["2023-03-17"]) > 55
    )  # reserves alone were at 36-37%: cash lay in repo


def test_without_assets_shares_are_missing_and_name_them(store_of):
    from reportgen.indicators.facts import compute_facts
    from reportgen.indicators.measures import Measures
    from reportgen.indicators.thresholds import load_thresholds
    from reportgen.text import parse_as_of

    store = store_of(
        {
            "ust_10y": {"2025-04-10": 4.4},
            "h41_reserves": {"2025-04-09": 3_474_682.0, "2025-04-02": 3_379_682.0},
        }
    )
    found = compute_facts(Measures(store.snapshot(parse_as_of("2025-04-10"))), load_thresholds())
    for fact_id in ("fed.reserves_to_assets.level", "fed.treasuries.pace"):
        assert fact_id in found.missing
    assert "h41_assets" in found.missing["fed.reserves_to_assets.level"].input
