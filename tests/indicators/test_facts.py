"""Facts against published figures, and against the stored rows worked by hand."""

import datetime as dt
import math
from functools import partial

import numpy as np
import pandas as pd
import pytest

from reportgen.embedded import FOLDER
from reportgen.indicators.facts import compute_facts
from reportgen.indicators.measures import Measures
from reportgen.store import RESTRICTED, Store, table, write
from reportgen.text import parse_as_of

needs_restricted = pytest.mark.skipif(
    not (FOLDER / RESTRICTED).is_dir(), reason="the restricted series are not in this copy"
)
exact = partial(pytest.approx, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("as_of", "fact_id", "published"),
    [
        ("2025-04-11", "ust.10y.level", 4.48),  # Treasury, par yield curve rates
        ("2025-04-11", "ust.30y.level", 4.85),
        ("2025-04-11", "ust.2y.level", 3.96),
        ("2025-04-10", "ust.10y.change_week", 39.0),  # 4.01 on 4 April, 4.40 on 10 April
        ("2025-04-10", "ust.2y.change_week", 16.0),
        ("2025-04-10", "ust.30y.change_week", 45.0),
        ("2019-09-18", "funding.sofr.level", 5.25),  # New York Fed, SOFR of 17 September 2019
        ("2019-09-18", "policy.effr.level", 2.30),
        ("2019-09-18", "funding.sofr_iorb.level", 315.0),  # 5.25 less 2.10
        ("2019-09-18", "funding.sofr_p99_iorb.level", 690.0),  # 9.00 less 2.10
        ("2023-03-17", "facility.discount_window.level", 152.853),  # H.4.1 of 16 March 2023
        ("2022-04-15", "fed.assets.level", 8965.487),  # H.4.1 of 14 April 2022, the peak
        ("2020-08-04", "ust.10y.level", 0.52),  # record low
        ("2025-04-11T18:00", "cot.10y.lev_net", -1_873_687),  # CFTC, report of 8 April 2025
        ("2025-04-11T18:00", "cot.2y.lev_net", -1_666_387),
    ],
)
def test_a_published_figure(facts_at, as_of, fact_id, published):
    assert facts_at(as_of).number(fact_id) == exact(published)


@needs_restricted
@pytest.mark.parametrize(
    ("as_of", "fact_id", "published"),
    [
        ("2020-03-16", "vol.vix.level", 82.69),  # Cboe, record close
        ("2020-03-23", "equity.spx.level", 2237.40),  # S&P Dow Jones Indices
        ("2020-03-24", "credit.hy_oas.level", 1087.0),  # ICE BofA, 23 March 2020
        ("2023-03-15", "vol.move.level", 198.71),
    ],
)
def test_a_published_figure_of_restricted_series(facts_at, as_of, fact_id, published):
    assert facts_at(as_of).number(fact_id) == exact(published)


@pytest.mark.parametrize("as_of", ["2019-01-04", "2020-03-13", "2023-04-07", "2025-04-10", "2026-02-18"])
@pytest.mark.parametrize(
    ("fact_id", "series", "sign"),
    [("ust.10y", "ust_10y", 100), ("ust.3m", "ust_3m", 100), ("real.10y", "tips_10y", 100)],
)
def test_week_and_level_of_a_daily_series(facts_at, raw, as_of, fact_id, series, sign):
    facts, values = facts_at(as_of), raw(series)
    end, start = values[: str(facts.market_date)], values[: str(facts.week_start)]
    assert facts.number(f"{fact_id}.level") == exact(end.iloc[-1])
    assert facts.number(f"{fact_id}.change_week") == exact(sign * (end.iloc[-1] - start.iloc[-1]))
    change = facts.facts[f"{fact_id}.change_week"]
    assert [str(i.day) for i in change.inputs] == [str(s.index[-1].date()) for s in (end, start)]
    assert (change.observed, change.start) == (change.inputs[0].day, change.inputs[1].day)


def test_month_is_twenty_business_days(facts_at, raw):
    # Twenty SIFMA days before 10 April 2025 is 13 March: no holiday lies between.
    ten = raw("ust_10y")
    fact = facts_at("2025-04-10").facts["ust.10y.change_month"]
    assert fact.value == exact(100 * (ten["2025-04-10"] - ten["2025-03-13"]))
    # 19 December 2024 to 21 January 2025 spans Christmas, New Year, Martin Luther King Day, and a day of
    # mourning on which the market was open to 14:00.
    fact = facts_at("2025-01-21").facts["ust.10y.change_month"]
    assert str(fact.start) == "2024-12-19"
    assert fact.value == exact(100 * (ten["2025-01-21"] - ten["2024-12-19"]))


@pytest.mark.parametrize(
    ("slope", "long", "short"), [("2s10s", "10y", "2y"), ("5s30s", "30y", "5y"), ("3m10y", "10y", "3m")]
)
def test_slopes_are_in_basis_points(facts_at, slope, long, short):
    facts = facts_at("2025-04-10")
    level = 100 * (facts.number(f"ust.{long}.level") - facts.number(f"ust.{short}.level"))
    change = facts.number(f"ust.{long}.change_week") - facts.number(f"ust.{short}.change_week")
    assert facts.number(f"curve.{slope}.level") == exact(level)
    assert facts.number(f"curve.{slope}.change_week") == exact(change)


def test_priced_cuts_are_a_proxy_from_the_last_public_effective_rate(facts_at, raw):
    facts = facts_at("2025-04-10")
    effr, one = raw("effr", "2025-04-10 23:59"), raw("ust_1y")
    fact = facts.facts["policy.cuts_12m.level"]
    assert fact.value == exact((effr.iloc[-1] - one["2025-04-10"]) / 0.25)
    assert "proxy" in fact.label
    before = (effr["2025-04-04"] - one["2025-04-04"]) / 0.25
    assert facts.number("policy.cuts_12m.change_week") == exact(fact.value - before)


@needs_restricted
def test_prices_change_in_percent_and_volatility_in_points(facts_at, raw):
    facts = facts_at("2025-04-10")
    for fact_id, series in (("equity.spx", "spx"), ("dollar.dxy", "dxy"), ("gold", "gold")):
        values = raw(series)
        expected = 100 * (values["2025-04-10"] / values["2025-04-04"] - 1)
        assert facts.number(f"{fact_id}.change_week") == exact(expected)
        assert facts.facts[f"{fact_id}.change_week"].unit == "percent"
    vix = raw("vix")
    change = facts.facts["vol.vix.change_week"]
    assert (change.unit, change.value) == (
        "points",
        exact(vix["2025-04-10"] - vix["2025-04-04"]),
    )


def test_currencies_are_positive_when_they_weaken_against_the_dollar(facts_at, raw):
    facts = facts_at("2025-04-07T18:00")  # H.10 of the week to 4 April came out at 16:15
    yen, euro = raw("fx_jpy"), raw("fx_eur")
    assert facts.number("fx.jpy.level") == yen["2025-04-04"]
    weaker_yen = 100 * (yen["2025-04-04"] / yen["2025-03-28"] - 1)
    weaker_euro = 100 * (euro["2025-03-28"] / euro["2025-04-04"] - 1)
    assert facts.number("fx.jpy.change_week") == exact(weaker_yen)
    assert facts.number("fx.eur.change_week") == exact(weaker_euro)
    assert euro["2025-04-04"] > euro["2025-03-28"]
    assert facts.number("fx.eur.change_week") < 0
    for currency in ("jpy", "krw", "twd", "cny", "eur", "inr", "thb", "sgd"):
        assert "positive: weaker" in facts.facts[f"fx.{currency}.change_week"].label


def test_a_quote_is_written_as_finely_as_its_week_moves_it(facts_at):
    facts = facts_at("2025-04-10").facts
    texts = {id: fact.text for id, fact in facts.items() if id.startswith("fx.") and id.endswith(".level")}
    assert texts["fx.cny.level"] == "7.2803"
    assert texts["fx.sgd.level"] == "1.3415"
    assert texts["fx.krw.level"] == "1,457.76"
    for text in texts.values():
        assert sum(c.isdigit() for c in text) >= 4


def test_weekly_levels_are_dollars_and_changes_go_release_on_release(facts_at, raw):
    facts = facts_at("2025-04-10")
    for fact_id, series in (
        ("fed.assets", "h41_assets"),
        ("fed.reserves", "h41_reserves"),
        ("fed.tga", "h41_tga"),
        ("fed.treasuries", "h41_treasuries"),
        ("facility.swap_lines", "h41_swap_lines"),
    ):
        values = raw(series, "2025-04-10 23:59") / 1000
        assert facts.number(f"{fact_id}.level") == exact(values.iloc[-1])
        assert facts.number(f"{fact_id}.change_week") == exact(values.iloc[-1] - values.iloc[-2])
        change = facts.facts[f"{fact_id}.change_week"]
        assert (str(change.observed), str(change.start)) == ("2025-04-09", "2025-04-02")
    assert "week average" in facts.facts["fed.reserves.level"].label
    assert "week average" in facts.facts["fed.tga.level"].label


def test_an_unpublished_wednesday_is_not_used(facts_at):
    before, after = facts_at("2025-04-10T16:29"), facts_at("2025-04-10T16:30")
    assert str(before.facts["fed.assets.level"].observed) == "2025-04-02"
    assert str(after.facts["fed.assets.level"].observed) == "2025-04-09"


def test_foreign_repo_pool_is_derived_on_the_same_wednesday(facts_at, raw):
    fact = facts_at("2025-04-10").facts["facility.foreign_rrp.level"]
    expected = raw("h41_reverse_repo")["2025-04-09"] / 1000 - raw("on_rrp")["2025-04-09"]
    assert fact.value == exact(expected)
    assert {i.series.id for i in fact.inputs} == {"h41_reverse_repo", "on_rrp"}
    assert {str(i.day) for i in fact.inputs} == {"2025-04-09"}


def test_reserve_rate_is_one_series_across_its_change_of_name(facts_at):
    # IOER was 0.15 % to 28 July 2021, IORB 0.15 % from 29 July 2021 (implementation note of 28 July 2021).
    facts = facts_at("2021-07-30")
    assert facts.number("policy.iorb.level") == 0.15
    assert facts.number("policy.iorb.change_week") == 0.0
    assert facts.facts["policy.iorb.change_week"].start.isoformat() == "2021-07-23"
    assert {i.series.id for i in facts.facts["policy.iorb.change_week"].inputs} == {"iorb"}


@pytest.mark.parametrize(
    ("as_of", "upper"),
    [
        ("2015-12-16", 0.25),
        ("2015-12-17", 0.50),
        ("2016-12-14", 0.50),
        ("2016-12-15", 0.75),
        ("2019-09-18", 2.25),
        ("2019-09-19", 2.00),
    ],
)
def test_target_range_changes_on_its_effective_day(facts_at, as_of, upper):
    assert facts_at(as_of).number("policy.target_upper.level") == upper


def test_desk_repo_without_a_row_is_missing_and_not_zero(facts_at):
    # No operation on Friday 13 September 2019; the first in years was on Tuesday 17 September.
    spike = facts_at("2019-09-18")
    assert spike.number("facility.srf.level") == exact(51.55)
    assert "facility.srf.change_week" not in spike.facts
    assert "13\xa0September\xa02019" in spike.missing["facility.srf.change_week"].why
    before = facts_at("2019-09-16")
    assert "facility.srf.level" not in before.facts
    assert "no row for 16\xa0September\xa02019" in before.missing["facility.srf.level"].why
    # A row of today does not stand in for the market date's: before the close that is yesterday.
    assert "facility.srf.level" not in facts_at("2019-09-17T15:00").facts


def test_a_day_without_an_observation_takes_the_last_one_before_it(facts_at, raw):
    # Good Friday 2023: the bond market was open to 12:00 for the employment report, stocks were not.
    facts = facts_at("2023-04-07")
    assert (str(facts.market_date), str(facts.week_start)) == ("2023-04-07", "2023-03-31")
    assert str(facts.facts["facility.on_rrp.level"].observed) == "2023-04-06"
    rrp = raw("on_rrp")
    expected = rrp["2023-04-06"] - rrp["2023-03-31"]
    assert facts.number("facility.on_rrp.change_week") == exact(expected)


def test_holdings_abroad_by_month(facts_at, raw):
    facts, japan = facts_at("2025-04-10"), raw("tic_japan")
    change = facts.facts["foreign.tic.japan.change_month"]
    assert change.value == exact(japan["2025-01-31"] - japan["2024-12-31"])
    assert change.revised  # one vintage is held


def test_a_month_that_was_never_reported_hides_no_year_of_prices(facts_at, raw):
    """The Bureau of Labor Statistics published no index for October 2025; to November it reported 2.6%."""
    facts, prices = facts_at("2026-01-09"), raw("core_cpi")
    assert pd.Timestamp("2025-10-01") not in prices.index
    year = facts.facts["macro.core_cpi.change_12m"]
    assert year.value == exact((prices["2025-11-01"] / prices["2024-11-01"] - 1) * 100)
    assert year.text == "+2.6%"
    assert facts.missing["macro.core_cpi.change_month"].why == "the report before is not held"


def test_a_year_between_months_needs_the_month_with_which_it_begins(store_of, thresholds):
    months = {f"{2025 + k // 12}-{k % 12 + 1:02}-01": 100.0 + k for k in range(18)}
    del months["2025-05-01"]
    measures = Measures(store_of({"core_cpi": months}).snapshot(parse_as_of("2026-06-18")))
    lacking = compute_facts(measures, thresholds).missing["macro.core_cpi.change_12m"]
    assert lacking.why == "the report of twelve months before is not held"


def test_reserves_against_the_fed_s_assets(facts_at):
    facts = facts_at("2025-04-10")
    share = 100 * facts.number("fed.reserves.level") / facts.number("fed.assets.level")
    assert facts.number("fed.reserves_to_assets.level") == exact(share)


def test_ranks_by_hand(facts_at, raw):
    facts, ten = facts_at("2025-04-10"), raw("ust_10y")[:"2025-04-10"]
    end, start = ten.index.get_loc("2025-04-10"), ten.index.get_loc("2025-04-04")
    sizes = (ten.diff(end - start).dropna()[:"2025-04-04"] * 100).abs().round(6)
    assert facts.number("ust.10y.change_week_size") == exact(100 * (sizes < 39).mean())
    real = raw("tips_10y")[:"2025-04-10"]
    lower = 100 * (real.iloc[:-1] < real.iloc[-1]).mean()
    assert facts.number("real.10y.level_rank") == exact(lower)
    higher = ten[:"2025-04-04"][ten[:"2025-04-04"] >= 4.40]
    assert facts.facts["ust.10y.last_higher"].value == str(higher.index[-1].date())
    peak = ten["2025-04-05":"2025-04-10"].max()
    assert facts.number("ust.10y.peak_week") == exact(100 * (peak - ten["2025-04-04"]))


def test_a_change_is_public_when_the_later_of_its_two_values_is(tmp_path, thresholds):
    """The close from which the week starts was revised after the week had ended."""
    days = np.array(["2025-04-04", "2025-04-10", "2025-04-04"], "datetime64[D]")
    public = np.array(["2025-04-04T22:00", "2025-04-10T22:00", "2025-04-11T01:00"], "datetime64[us]")
    rows = table("ust_10y", days, np.array([4.01, 4.40, 4.02]), public, public)
    write(rows, tmp_path / "a.parquet")
    facts = compute_facts(Measures(Store(tmp_path).snapshot(parse_as_of("2025-04-10"))), thresholds)
    assert facts.number("ust.10y.change_week") == exact(38.0)
    assert facts.facts["ust.10y.change_week"].published == dt.datetime(2025, 4, 11, 1, tzinfo=dt.UTC)
    assert facts.facts["ust.10y.level"].published == dt.datetime(2025, 4, 10, 22, tzinfo=dt.UTC)


@pytest.mark.parametrize("as_of", ["2018-06-01", "2019-09-18", "2020-03-16", "2025-04-10", "2025-11-14"])
def test_every_fact_carries_its_pedigree(facts_at, as_of):
    facts = facts_at(as_of)
    for fact in facts.facts.values():
        assert fact.inputs, fact.id
        assert fact.published == max(i.published for i in fact.inputs) <= facts.as_of, fact.id
        assert fact.observed in {i.day for i in fact.inputs}, fact.id
        assert fact.revised == any(i.series.revised for i in fact.inputs), fact.id
        assert fact.label, fact.id
        assert fact.text, fact.id
        assert fact.method, fact.id
        if fact.unit == "text":
            assert isinstance(fact.value, str), fact.id
        else:
            assert math.isfinite(fact.number), fact.id


def test_revised_series_are_flagged(facts_at):
    facts = facts_at("2025-04-10")
    revised = {i.split(".")[0] for i, f in facts.facts.items() if f.revised}
    assert {"expected", "termpremium", "stress", "foreign", "dollar", "macro"} == revised
    assert not facts.facts["stress.ofr_fsi.level"].revised
    assert not any(f.revised for i, f in facts.facts.items() if i.startswith(("liquidity", "ust")))


def test_market_date_and_week_start(facts_at):
    # Before 18:00 the day's close is not public; Monday's week starts on the Friday before.
    for as_of, market_date, week_start in (
        ("2025-04-10T17:59", "2025-04-09", "2025-04-04"),
        ("2025-04-10T18:00", "2025-04-10", "2025-04-04"),
        ("2025-04-12", "2025-04-11", "2025-04-04"),
        ("2025-04-14", "2025-04-14", "2025-04-11"),
        ("2025-04-18", "2025-04-17", "2025-04-11"),  # Good Friday 2025: closed
        ("2018-12-05", "2018-12-04", "2018-11-30"),  # day of mourning
    ):
        facts = facts_at(as_of)
        assert (str(facts.market_date), str(facts.week_start)) == (market_date, week_start), as_of
        assert str(facts.facts["ust.10y.level"].observed) == market_date


def test_sessions_of_the_week(facts_at):
    assert facts_at("2025-04-07").number("week.sessions") == 1
    assert facts_at("2025-04-10").number("week.sessions") == 4
    assert facts_at("2025-04-18").number("week.sessions") == 4  # Good Friday


def test_a_higher_close_of_the_same_week_counts(facts_at, raw):
    """The 10-year ended September 2022 at 3.83%, after 3.97% on the Tuesday (H.15)."""
    assert raw("ust_10y")["2022-09-27"] == 3.97
    assert facts_at("2022-09-30").facts["ust.10y.last_higher"].value == "2022-09-27"
