"""Triggers: each reading against the threshold in force, with the distance in its own unit."""

import dataclasses
import datetime as dt
import re

import pytest

from reportgen.findings.triggers import RULES, distances, references, triggers
from reportgen.indicators.thresholds import PACKAGED as THRESHOLDS
from reportgen.indicators.thresholds import load_thresholds
from reportgen.model import NEW_YORK


@pytest.fixture
def at(facts_at, thresholds):
    def look(as_of, values=None):
        facts = facts_at(as_of)
        changed = {
            i: dataclasses.replace(f, value=(values or {}).get(i, f.value)) for i, f in facts.facts.items()
        }
        return {t.id: t for t in triggers(dataclasses.replace(facts, facts=changed), thresholds)}

    return look


def test_what_stands_between_a_reading_and_its_threshold(at):
    found = at("2025-04-10")
    spread = found["sofr_iorb"]  # SOFR 4.42% on 9 April, rate on reserves 4.40%; watch from 5 bp
    assert (spread.reading.value, spread.threshold.value, spread.state) == (2.0, 5.0, "calm")
    assert (spread.distance.value, spread.distance.unit) == (3.0, "bp")
    dollar = found["dollar"]  # fell 2.1%, a fall by 0.5% counts
    assert (dollar.threshold.value, dollar.threshold.text, dollar.state) == (
        -0.5,
        "\N{MINUS SIGN}0.5%",
        "reached",
    )
    assert dollar.distance.number == pytest.approx(-0.5 - dollar.reading.number)
    assert dollar.distance.text == "+1.6\N{NO-BREAK SPACE}pp"  # between two rates lie percentage points
    shorts = found["shorts"]  # funds added: the fall has not come
    assert shorts.state == "open"
    assert shorts.distance.number == pytest.approx(-3 - shorts.reading.number)


def test_distances_reach_zero_where_the_verdict_turns(at, found):
    score = "cot.total.lev_short_10y_eq.change_week_z"
    share = "cot.total.lev_short_10y_eq.change_week_pct"
    values = {score: -1.5, share: -3.0}
    seen = at("2025-04-11T18:00", values)
    assert [seen[i].state for i in ("shorts", "shorts_z")] == ["reached", "reached"]
    assert [seen[i].distance.value for i in ("shorts", "shorts_z")] == [0, 0]
    assert found("2025-04-11T18:00", values=values)["driver.basis_trade"].verdict == "supported"
    values = {score: -1.49, share: -2.9}
    seen = at("2025-04-11T18:00", values)
    assert [seen[i].state for i in ("shorts", "shorts_z")] == ["open", "open"]
    assert found("2025-04-11T18:00", values=values)["driver.basis_trade"].verdict == "not_supported"


def test_a_component_at_stress_is_set_against_the_level_that_it_would_leave(at):
    found = at("2023-03-17")
    window = found["discount_window"]  # $152.9bn, stress from $40bn
    assert (window.state, window.threshold.value) == ("stress", 40)
    assert window.distance.number == pytest.approx(40 - 152.853, abs=0.01)


def test_what_earlier_days_hold_at_stress_has_no_distance(at):
    spread = at("2020-03-20")["sofr_iorb"]
    assert spread.state == "stress"
    assert spread.reading.number < spread.threshold.value
    assert spread.distance is None


def test_what_is_not_held_is_named_and_not_invented(at):
    custody = at("2025-04-10")["custody"]
    assert (custody.reading, custody.distance, custody.next, custody.state) == (None, None, None, "missing")
    assert custody.threshold.value == -10


def test_the_next_reading_comes_by_the_publication_rules(at):
    found = at("2025-04-10")
    assert found["shorts"].next.at == dt.datetime(2025, 4, 11, 15, 30, tzinfo=NEW_YORK)
    assert found["asia"].next.at == dt.datetime(2025, 4, 14, 16, 15, tzinfo=NEW_YORK)
    assert found["ample"].next.at == dt.datetime(2025, 4, 17, 16, 30, tzinfo=NEW_YORK)
    assert found["sofr_iorb"].next.at == dt.datetime(2025, 4, 11, 8, tzinfo=NEW_YORK)


def test_no_date_is_given_for_what_is_suspended(at):
    assert at("2025-10-31")["shorts"].next is None  # shutdown: the CFTC had announced nothing


def test_distances_carry_the_pedigree_of_their_readings(at):
    found = tuple(at("2025-04-10").values())
    for fact in distances(found):
        assert fact.id.startswith("trigger.")
        assert fact.inputs
        assert "threshold less reading" in fact.method
    assert {f"trigger.{r.id}" for r in RULES} <= set(references(found))


@pytest.mark.parametrize(
    ("day", "state", "threshold"),
    [
        ("2019-09-18", "stress", "$20bn"),  # the Desk lends to a market with no standing facility
        ("2021-07-28", "calm", "$5bn"),
        ("2021-08-06", "calm", "$2bn"),  # the standing facility opened on 29 July 2021
        ("2025-10-31", "stress", "$5bn"),
    ],
)
def test_thresholds_are_those_in_force(at, day, state, threshold):
    repo = at(day)["desk_repo"]
    assert (repo.state, repo.threshold.text) == (state, threshold)


def test_a_threshold_is_printed_as_it_is_applied(facts_at, tmp_path):
    finer = re.sub(
        r'(id = "gauge\.desk_repo\.watch"\nvalue = )2\n',
        r"\g<1>2.25\n",
        THRESHOLDS.read_text(encoding="utf-8"),
    )
    file = tmp_path / "thresholds.toml"
    file.write_text(finer, encoding="utf-8")
    found = {t.id: t for t in triggers(facts_at("2021-08-06"), load_thresholds(file))}
    assert found["desk_repo"].threshold.text == "$2.25bn"
