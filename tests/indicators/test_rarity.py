"""The rarity of yields up with the dollar down, counted again with pandas."""

import pandas as pd
import pytest

from reportgen.embedded import FOLDER
from reportgen.store import RESTRICTED

needs_restricted = pytest.mark.skipif(
    not (FOLDER / RESTRICTED).is_dir(), reason="the restricted series are not in this copy"
)
ID = "rarity.yields_up_dollar_down"
JOINT = "rarity.stocks_down.yields_up_dollar_down"


@needs_restricted
@pytest.mark.parametrize(
    ("as_of", "start", "sessions"),
    [("2025-04-10", "2025-04-04", 4), ("2023-10-06", "2023-09-29", 5), ("2021-02-25", "2021-02-19", 4)],
)
def test_share_of_earlier_spans(facts_at, raw, as_of, start, sessions):
    ten, dollar = raw("ust_10y")[:as_of], raw("dxy")[:as_of]
    days = ten.index.intersection(dollar.index)
    up = (ten[days].diff(sessions) * 100).round(6)
    fall = dollar[days].pct_change(sessions)
    past = slice(None, start)
    joint = ((up[past] >= up[as_of]) & (fall[past] <= fall[as_of])).iloc[sessions:]
    fact = facts_at(as_of).facts[ID]
    assert fact.value == pytest.approx(joint.mean() * 100, rel=1e-9)
    assert str(len(joint)) in fact.method


@needs_restricted
def test_no_other_four_day_span_was_like_april_2025(facts_at):
    assert facts_at("2025-04-10").facts[ID].value == 0


@needs_restricted
def test_only_where_both_moved_that_way(facts_at):
    assert "did not rise" in facts_at("2024-05-17").missing[ID].why


@needs_restricted
@pytest.mark.parametrize(
    ("as_of", "start", "sessions"), [("2022-09-30", "2022-09-23", 5), ("2024-05-31", "2024-05-24", 4)]
)
def test_share_of_spans_with_stocks_down_too(facts_at, raw, as_of, start, sessions):
    held = pd.concat([raw("ust_10y"), raw("dxy"), raw("spx")], axis=1, join="inner")[:as_of]
    held.columns = ["ten", "dollar", "stocks"]
    up = (held["ten"].diff(sessions) * 100).round(6)
    falls = held[["dollar", "stocks"]].pct_change(sessions)
    assert up.iloc[-1] > 0
    assert (falls.loc[as_of] < 0).all()
    joint = (up >= up[as_of]) & (falls <= falls.loc[as_of]).all(axis=1)
    joint = joint[:start].iloc[sessions:]
    fact = facts_at(as_of).facts[JOINT]
    assert fact.value == pytest.approx(joint.mean() * 100, rel=1e-9)
    assert str(len(joint)) in fact.method


@needs_restricted
def test_stocks_that_rose_do_not_join(facts_at):
    assert "stocks fell" in facts_at("2025-04-10").missing[JOINT].why
