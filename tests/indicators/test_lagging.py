"""Series that lag: their own latest week, both dates shown, never a false zero."""

from functools import partial

import pytest

exact = partial(pytest.approx, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("as_of", "fact_id", "series", "start", "end", "scale"),
    [
        # On a Monday SOFR of Friday is the newest, and Friday is where the week starts.
        ("2025-04-07", "funding.sofr.change_week", "sofr", "2025-03-28", "2025-04-04", 100),
        ("2025-04-07", "policy.effr.change_week", "effr", "2025-03-28", "2025-04-04", 100),
        ("2025-04-07", "credit.hy_oas.change_week", "hy_oas", "2025-03-28", "2025-04-04", 100),
        ("2025-04-07", "credit.ig_oas.change_week", "ig_oas", "2025-03-28", "2025-04-04", 100),
        ("2025-04-08", "funding.sofr.change_week", "sofr", "2025-04-04", "2025-04-07", 100),
        # H.10 comes out on Monday for the week before.
        ("2025-04-10", "dollar.broad.change_week", "dollar_broad", "2025-03-28", "2025-04-04", None),
        ("2025-04-14", "dollar.broad.change_week", "dollar_broad", "2025-04-04", "2025-04-11", None),
        # Term premia come out five business days later.
        ("2025-04-10", "termpremium.10y.change_week", "termpremium_kw_10y", "2025-03-28", "2025-04-03", 100),
        ("2025-04-11", "termpremium.10y.change_week", "termpremium_kw_10y", "2025-03-28", "2025-04-04", 100),
        ("2025-04-14", "termpremium.10y.change_week", "termpremium_kw_10y", "2025-04-04", "2025-04-07", 100),
    ],
)
def test_the_week_is_the_series_own(facts_at, raw, as_of, fact_id, series, start, end, scale):
    values, facts = raw(series), facts_at(as_of)
    fact = facts.facts[fact_id]
    expected = (
        100 * (values[end] / values[start] - 1) if scale is None else scale * (values[end] - values[start])
    )
    assert fact.value == exact(expected)
    assert (str(fact.start), str(fact.observed)) == (start, end)
    assert ("latest week" in fact.label) == (fact.observed <= facts.week_start)


def test_a_difference_of_rates_lags_with_its_slowest(facts_at, raw):
    fact = facts_at("2025-04-07").facts["funding.sofr_effr.change_week"]
    spread = (raw("sofr") - raw("effr")).dropna() * 100
    assert fact.value == exact(spread["2025-04-04"] - spread["2025-03-28"])
    assert {str(i.day) for i in fact.inputs} == {"2025-04-04", "2025-03-28"}


def test_ice_closes_on_holidays_of_the_bond_market_are_dropped(facts_at):
    # ICE gave a value on Veterans Day, 11 November 2024, when the bond market was closed.
    facts = facts_at("2024-11-12T12:00")
    assert "2024-11-11" not in {
        str(f.observed) for i, f in facts.facts.items() if i.startswith(("credit", "vol.move"))
    }


def test_lagging_changes_are_never_a_false_zero(facts_at):
    """A change is measured between two different days, whatever day of the week it is asked for."""
    for day in ("2025-03-31", "2025-04-01", "2025-04-02", "2025-04-03", "2025-04-04", "2025-04-05"):
        for fact in facts_at(day).facts.values():
            if fact.id.endswith((".change_week", ".change_month")) and fact.start is not None:
                assert fact.start < fact.observed, (day, fact.id)
