"""Clues, official selling and perspectives: verdicts by rule, and reasons that read as sentences."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from reportgen.embedded import FOLDER
from reportgen.findings import decide
from reportgen.findings.events import load_events
from reportgen.findings.perspectives import STANCES
from reportgen.model import NEW_YORK
from reportgen.store import RESTRICTED

needs_restricted = pytest.mark.skipif(
    not (FOLDER / RESTRICTED).is_dir(), reason="the restricted series are not in this copy"
)
WEEK = "2025-04-10"


def flight(ten, dollar, stocks):
    return {
        "ust.10y.change_week": ten,
        "dollar.dxy.change_week": dollar,
        "equity.spx.change_week": stocks,
    }


@needs_restricted
@pytest.mark.parametrize(
    ("signs", "verdict"),
    [
        (flight(10.0, -0.5, -1.0), "present"),
        (flight(39.0, -2.1, 3.8), "partly_present"),
        (flight(10.0, -0.4, -5.0), "absent"),
        (flight(9.0, -2.0, -5.0), "absent"),
        (flight(-20.0, -2.0, -5.0), "absent"),
        (flight(20.0, 2.0, 5.0), "absent"),
    ],
)
def test_flight_from_the_dollar_needs_yields_up_and_the_dollar_down(found, signs, verdict):
    finding = found(WEEK, values=signs)["clue.dollar_flight"]
    assert finding.verdict == verdict
    assert set(finding.supports) | set(finding.contradicts) == set(signs)


@needs_restricted
def test_without_stocks_the_dollar_still_tells(found):
    finding = found(WEEK, without=("equity.spx.change_week",))["clue.dollar_flight"]
    assert (finding.verdict, finding.confidence) == ("partly_present", "low")
    assert "stocks are not held" in finding.reason


def test_without_the_dollar_the_clue_cannot_be_tested(found):
    finding = found(WEEK, without=("dollar.dxy.change_week",))["clue.dollar_flight"]
    assert finding.verdict == "not_testable"


def test_pressure_on_currencies(found):
    calm = {f"fx.{c}.change_week": 0.2 for c in ("krw", "twd", "cny", "inr", "thb", "sgd")}
    assert found(WEEK, values=calm)["clue.fx_intervention"].verdict == "absent"
    one = calm | {"fx.krw.change_week": 1.0}
    finding = found(WEEK, values=one)["clue.fx_intervention"]
    assert (finding.verdict, finding.supports[0]) == ("partly_present", "fx.krw.change_week")
    assert "the won lost {{ fx.krw.change_week|magnitude }}" in finding.reason
    five = dict.fromkeys(calm, 1.5) | {"fx.krw.change_week": 3.0, "fx.cny.change_week": 0.5}
    finding = found(WEEK, values=five)["clue.fx_intervention"]
    assert "the won lost {{ fx.krw.change_week|magnitude }}, the Taiwan dollar {{" in finding.reason
    assert "and two more passed the threshold" in finding.reason
    yen = calm | {"fx.jpy.change_week": 5.0}  # floats: nobody need defend it
    assert found(WEEK, values=yen)["clue.fx_intervention"].verdict == "absent"
    assert found(WEEK, without=("fx.krw.change_week",))["clue.fx_intervention"].verdict == "not_testable"


@needs_restricted
def test_marks_of_a_forced_sale(found):
    assert found(WEEK)["clue.forced_selling"].verdict == "present"
    slow = {"ust.10y.change_week_size": 50.0, "ust.10y.peak_week": 12.0}
    assert found(WEEK, values=slow)["clue.forced_selling"].verdict == "partly_present"
    front = slow | {"ust.2y.change_week": 44.0}
    assert found(WEEK, values=front)["clue.forced_selling"].verdict == "absent"
    assert found("2024-05-17")["clue.forced_selling"].verdict == "absent"


@needs_restricted
def test_fails_stand_beside_the_marks_and_do_not_decide(found):
    tips = "fails.tips.level_rank"
    few = found(WEEK, values={tips: 21.0})["clue.forced_selling"]
    many = found(WEEK, values={tips: 90.0})["clue.forced_selling"]
    assert few.verdict == many.verdict == "present"
    assert (tips in few.supports, tips in few.contradicts) == (False, False)
    assert tips in many.supports
    assert "fails.ust_10y.level_rank" in found(WEEK)["clue.forced_selling"].evidence
    assert "fails.ust_10y.level_rank" not in found("2026-05-15")["clue.forced_selling"].evidence


@needs_restricted
def test_a_mark_that_is_missing_is_named(found):
    slow = {"ust.10y.change_week_size": 50.0, "ust.10y.peak_week": 12.0}
    reason = found(WEEK, values=slow)["clue.forced_selling"].reason
    assert "weight at the long end and high volatility; speed is missing" in reason
    front = slow | {"ust.2y.change_week": 44.0}
    assert "One of the three marks" in found(WEEK, values=front)["clue.forced_selling"].reason


@needs_restricted
def test_volatility_that_jumps_from_a_low_level_is_not_called_high(found):
    low = {"vol.move.level": 62.0, "vol.move.change_week": 10.0, "vol.move.change_week_size": 93.0}
    reason = found(WEEK, values=low)["clue.forced_selling"].reason
    assert "speed, weight at the long end and a jump of volatility" in reason


def test_shorts_that_hardly_changed_are_not_said_to_be_cut_by_nothing(found):
    still = {f"cot.total.lev_short_10y_eq.change_week_{k}": v for k, v in (("pct", -0.03), ("z", -0.04))}
    reason = found("2025-04-11T18:00", values=still)["driver.basis_trade"].reason
    assert reason.startswith("In 10-year equivalents leveraged funds left their gross shorts little changed")
    assert "as in a usual week" in reason


def custody(facts, change, score):
    """Give facts of the week in which custody holdings changed."""
    template = facts.facts["cot.total.lev_short_notional.change_week_z"]
    day = facts.market_date
    made = {
        "foreign.custody.change_week": ("usd_bn", change),
        "foreign.custody.change_week_z": ("z", score),
    }
    return {
        i: dataclasses.replace(template, id=i, unit=unit, value=value, observed=day)
        for i, (unit, value) in made.items()
    }


@pytest.mark.parametrize(
    ("change", "score", "verdict", "words"),
    [
        (-25.0, -2.1, "partly_supported", "Fed fell by {{ foreign.custody.change_week|magnitude }}"),
        (-4.0, -0.3, "not_supported", "below the usual change"),
        (6.0, 0.4, "not_supported", "above the usual change"),
    ],
)
def test_custody_holdings_decide_where_they_are_held(facts_at, thresholds, change, score, verdict, words):
    facts = facts_at(WEEK)
    held = custody(facts, change, score)
    case = dataclasses.replace(
        facts,
        facts=facts.facts | held,
        missing={i: m for i, m in facts.missing.items() if i not in held},
    )
    finding = decide(case, thresholds, ())["driver.foreign_official_selling"]
    assert (finding.verdict, finding.confidence) == (verdict, "medium")
    assert words in finding.reason
    side = finding.supports if verdict == "partly_supported" else finding.contradicts
    assert set(held) <= set(side)


CALM = {f"fx.{c}.change_week": 0.2 for c in ("krw", "twd", "cny", "inr", "thb", "sgd")}
AFTER = "2025-04-14T17:00"  # the exchange rates of the week are out


@pytest.mark.parametrize(
    ("change", "score", "moves", "verdict"),
    [
        (-10.0, -1.5, {"fx.krw.change_week": 1.0, "fx.twd.change_week": 1.0}, "supported"),
        (-10.0, -1.5, {"fx.asia.pressure": 1.0}, "supported"),
        (-10.0, -1.5, {"fx.asia.pressure": 0.9}, "partly_supported"),
        (-10.0, -1.4, {"fx.asia.pressure": 1.0}, "partly_supported"),  # a large fall, but not an unusual one
        (-9.0, -1.5, {"fx.asia.pressure": 1.0}, "partly_supported"),
        (-9.0, -1.4, {"fx.asia.pressure": 1.0}, "not_supported"),
    ],
)
def test_custody_must_fall_far_and_unusually_with_currencies_under_pressure(
    facts_at, thresholds, change, score, moves, verdict
):
    facts = facts_at(WEEK)
    values = CALM | {"fx.asia.pressure": 0.0} | moves
    held = {i: dataclasses.replace(facts.facts[i], value=x) for i, x in values.items()}
    held |= custody(facts, change, score)
    case = dataclasses.replace(
        facts,
        facts=facts.facts | held,
        missing={i: m for i, m in facts.missing.items() if i not in held},
    )
    finding = decide(case, thresholds, ())["driver.foreign_official_selling"]
    assert finding.verdict == verdict
    assert ("foreign.custody.change_week_z" in finding.supports) == (score <= -1.5)


def test_currencies_may_be_under_pressure_together_though_none_is_alone(found):
    values = CALM | {"fx.asia.pressure": 1.0}
    answers = found(AFTER, values=values, events=())
    driver, clue = answers["driver.foreign_official_selling"], answers["clue.fx_intervention"]
    assert (driver.verdict, clue.verdict) == ("partly_supported", "partly_present")
    assert "Asian currencies together were {{ fx.asia.pressure|magnitude }} weaker" in driver.reason
    assert "fx.asia.pressure" in clue.supports
    answers = found(AFTER, values=CALM | {"fx.asia.pressure": 0.9}, events=())
    assert answers["driver.foreign_official_selling"].verdict == "not_supported"
    assert answers["clue.fx_intervention"].verdict == "absent"


def test_reported_intervention_is_evidence_in_part(found):
    event = next(e for e in load_events() if e.id == "japan_2022_09")
    told = event.model_copy(update={"date": dt.date(2025, 4, 8), "public": dt.date(2025, 4, 8)})
    values = CALM | {"fx.asia.pressure": 0.0}
    finding = found(AFTER, values=values, events=(told,))["driver.foreign_official_selling"]
    assert finding.verdict == "partly_supported"
    assert finding.reason.endswith(
        "On the desk's file: “Japan intervenes to support the yen” (8 April 2025)."
    )


def test_value_weighs_the_carry(found):
    gain = found(WEEK, values={"carry.10y.level": 0.0})["perspective.long_term_value"]
    cost = found(WEEK, values={"carry.10y.level": -0.1})["perspective.long_term_value"]
    assert gain.verdict == cost.verdict  # the stance follows the real yield and liquidity
    assert "carry.10y.level" in gain.supports
    assert "carry.10y.level" in cost.contradicts


def test_official_selling_waits_for_the_exchange_rates_of_the_week(found):
    finding = found(WEEK)["driver.foreign_official_selling"]
    assert finding.verdict == "pending"
    assert finding.due == dt.datetime(2025, 4, 14, 16, 15, tzinfo=NEW_YORK)
    assert "custody holdings at the New York Fed are not in this data set" in finding.reason
    # In the hours between Monday's release and Monday's close the past week is the note's week.
    seen = found("2025-04-14T17:00")["driver.foreign_official_selling"]
    assert seen.verdict in ("partly_supported", "not_supported")


@pytest.mark.parametrize(
    "driver", ["basis_trade", "liquidity_selling", "policy_threat", "foreign_official_selling"]
)
def test_a_week_without_a_sell_off_has_nothing_to_explain(found, driver):
    finding = found("2024-05-17")[f"driver.{driver}"]
    assert (finding.verdict, finding.due) == ("not_supported", None)
    assert finding.reason == (
        "No move to explain: the 10-year yield fell {{ ust.10y.change_week|magnitude }} on the week."
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [(0.0, "ended the week where it began"), (4.0, "rose only"), (-4.0, "fell {{")],
)
def test_the_verb_follows_the_sign(found, change, words):
    values = {"ust.10y.change_week": change, "ust.10y.peak_week": change}
    values |= {"ust.30y.change_week": change, "ust.30y.peak_week": change}
    assert words in found("2024-05-17", values=values)["driver.basis_trade"].reason


def test_a_peak_within_the_week_is_a_move_too(found):
    values = {"ust.10y.change_week": -2.0, "ust.10y.peak_week": 10.0}
    assert found("2024-05-17", values=values)["perspective.which_factor"].verdict != "no_move"
    values = {"ust.30y.change_week": 10.0}
    assert found("2024-05-17", values=values)["perspective.which_factor"].verdict != "no_move"


@pytest.mark.parametrize(
    ("state", "risk", "response", "rank", "value"),
    [
        ("robust", "remote", "none_needed", 70.0, "favour_gradually"),
        ("weakening", "low", "watchful", 69.9, "neutral"),
        ("strained", "elevated", "liquidity_operations", 90.0, "small_positions_only"),
        ("crisis", "acute", "asset_purchases", 10.0, "wait"),
    ],
)
def test_perspectives_follow_the_gauge(found, state, risk, response, rank, value):
    answers = found(WEEK, values={"liquidity.state": state, "real.10y.level_rank": rank})
    assert answers["perspective.crisis_risk"].verdict == risk
    assert answers["perspective.policy_response"].verdict == response
    assert answers["perspective.long_term_value"].verdict == value


def test_a_rank_is_told_since_the_year_with_which_its_values_begin(facts_at, thresholds):
    facts = facts_at(WEEK)
    rank = facts.facts["real.10y.level_rank"]
    for begin in (dt.date(2015, 1, 2), dt.date(2021, 3, 1)):
        later = {**facts.facts, rank.id: dataclasses.replace(rank, start=begin)}
        case = dataclasses.replace(facts, facts=later)
        reason = decide(case, thresholds, load_events())["perspective.long_term_value"].reason
        assert reason.endswith(f" since {begin.year}.")


def test_without_the_gauge_perspectives_are_unknown(found):
    answers = found(WEEK, without=("liquidity.state",))
    for name in ("crisis_risk", "policy_response", "long_term_value"):
        assert answers[f"perspective.{name}"].verdict == "unknown"
        assert "unknown" in STANCES[name]


def test_crisis_indicators_count_funding_alone(found):
    states = {f"liquidity.{c}.state": "calm" for c in ("sofr_iorb", "sofr_tail", "effr_iorb", "desk_repo")}
    assert found(WEEK, values=states)["perspective.crisis_indicators"].verdict == "none"
    one = states | {"liquidity.sofr_iorb.state": "watch"}
    assert found(WEEK, values=one)["perspective.crisis_indicators"].verdict == "some"
    two = one | {"liquidity.effr_iorb.state": "watch"}
    assert found(WEEK, values=two)["perspective.crisis_indicators"].verdict == "some"
    three = dict.fromkeys(list(states)[:3], "stress")
    several = found(WEEK, values=three)["perspective.crisis_indicators"]
    assert (several.verdict, several.confidence) == ("several", "medium")
    unheld = tuple(f"liquidity.{c}.state" for c in ("desk_repo", "discount_window", "swap_lines"))
    assert found(WEEK, values=one, without=unheld)["perspective.crisis_indicators"].confidence == "low"


def test_the_long_end_leads_only_where_it_rose(found):
    fell = {"ust.10y.change_week": 20.0, "ust.30y.change_week": 5.0, "ust.2y.change_week": -20.0}
    rose = fell | {"ust.30y.change_week": 20.0}
    for values, led in ((fell, False), (rose, True)):
        evidence = found(WEEK, values=values)["clue.forced_selling"].evidence
        assert evidence["ust.30y.change_week"] is led


def test_the_factor_is_the_best_supported_driver(found):
    answers = found("2020-03-20")
    assert answers["driver.basis_trade"].verdict == "supported"
    assert answers["perspective.which_factor"].verdict == "basis_trade"
    assert found("2025-04-11T18:00")["perspective.which_factor"].verdict == "policy_threat"
    nothing = found(WEEK, events=())["perspective.which_factor"]
    assert nothing.verdict == "unproven"
    assert nothing.due == dt.datetime(2025, 4, 11, 15, 30, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("as_of", "due"),
    [
        # The holdings at the end of the week's month: on the 18th of the second month after it.
        ("2025-04-14T17:00", dt.datetime(2025, 6, 18, 16, 0, tzinfo=NEW_YORK)),
        ("2022-09-26T17:00", dt.datetime(2022, 11, 18, 16, 0, tzinfo=NEW_YORK)),
    ],
)
def test_without_custody_the_next_evidence_is_the_month_s_tic(found, as_of, due):
    finding = found(as_of)["driver.foreign_official_selling"]
    assert finding.verdict != "pending"
    assert finding.due == due
