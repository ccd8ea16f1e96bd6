"""Explanations that rest on news: the desk's event file, used from the moment an event was public."""

import datetime as dt

import pytest

from reportgen.errors import ConfigError
from reportgen.findings.events import PACKAGED, active, load_events
from reportgen.model import NEW_YORK
from reportgen.text import parse_as_of

EVENT = """
[[event]]
id = "forced_sale"
date = 2025-04-08
public = 2025-04-09T10:00:00
headline = "A large insurer sells its Treasuries"
source = "Newspaper of 9 April 2025"
supports = ["driver.liquidity_selling"]
weight = 1
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "events.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("as_of", "used"),
    [
        ("2025-04-07T10:00", False),  # remarks of that day: public at its end
        ("2025-04-07", True),
        ("2025-05-05", True),
        ("2025-05-06", False),  # 28 days are over
    ],
)
def test_an_event_counts_from_its_publication_to_its_end(as_of, used):
    assert ("cea_2025_04" in {e.id for e in active(load_events(), parse_as_of(as_of))}) == used


def test_the_hint_of_april_2025_supports_a_policy_threat_in_part(found):
    finding = found("2025-04-10")["driver.policy_threat"]
    assert finding.verdict == "partly_supported"
    assert "7 April 2025" in finding.reason
    assert set(finding.supports) <= {"ust.30y.change_week", "dollar.dxy.change_week"}


@pytest.mark.parametrize("driver", ["liquidity_selling", "policy_threat"])
def test_without_an_event_there_is_only_the_market(found, driver):
    finding = found("2025-04-10", events=())[f"driver.{driver}"]
    assert finding.verdict == "needs_news"
    assert "No event on the desk's file" in finding.reason


def test_the_desk_s_own_event_answers_what_needed_news(found, written):
    own = load_events(written(EVENT))
    before = found("2025-04-09T09:59", events=own)["driver.liquidity_selling"]
    after = found("2025-04-11T18:00", events=own)["driver.liquidity_selling"]
    assert before.verdict == "needs_news"
    assert after.verdict == "supported"
    assert "A large insurer sells its Treasuries (8 April 2025)" in after.reason


def test_an_event_against_weighs_as_much(found, written):
    denial = EVENT.replace("forced_sale", "denial").replace("supports", "contradicts")
    own = load_events(written(EVENT + denial))
    assert found("2025-04-10", events=own)["driver.liquidity_selling"].verdict == "not_supported"


def test_news_without_a_symptom_supports_nothing(found, written):
    own = load_events(written(EVENT))
    calm = {
        "ust.10y.change_week_size": 50.0,
        "vol.move.change_week_size": 50.0,
        "liquidity.state": "robust",
    }
    assert found("2025-04-10", events=own, values=calm)["driver.liquidity_selling"].verdict == "not_supported"


def test_a_large_fall_of_yields_is_no_symptom_of_selling(found):
    # The yield peaked 40 bp higher within the week and ended it 30 bp lower.
    values = {"ust.10y.change_week": -30.0, "ust.10y.peak_week": 40.0, "ust.10y.change_week_size": 99.0}
    finding = found("2025-04-10", events=(), values=values)["driver.liquidity_selling"]
    assert "ust.10y.change_week_size" in finding.contradicts


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("weight = 1", "weight = 2", "event.0.weight"),
        ("weight = 1", "", "event.0.weight"),
        ("date = 2025-04-08", 'date = "lately"', "event.0.date"),
        ("headline", "headlin", "event.0.headlin"),
        ('"driver.liquidity_selling"', '"driver.sunspots"', "event.0.supports"),
        ("supports", "until = 2025-04-01\nsupports", "lies before its date"),
        ('supports = ["driver.liquidity_selling"]', "", "names no driver"),
        ("weight = 1", "weight = ", "not readable as TOML"),
        ("[[event]]", "[[evnt]]", "evnt"),
    ],
)
def test_a_malformed_event_is_refused_with_file_and_entry(written, old, new, fault):
    with pytest.raises(ConfigError) as error:
        load_events(written(EVENT.replace(old, new, 1)))
    assert "events.toml" in error.value.message
    assert fault in error.value.message


def test_every_fault_is_named_at_once(written):
    text = EVENT.replace("weight = 1", "weight = 2") + EVENT.replace("date = 2025-04-08", 'date = "x"')
    with pytest.raises(ConfigError) as error:
        load_events(written(text))
    assert "event.0.weight" in error.value.message
    assert "event.1.date" in error.value.message


def test_an_event_told_twice_is_refused(written):
    with pytest.raises(ConfigError, match="event forced_sale stands twice"):
        load_events(written(EVENT + EVENT))


def test_an_empty_file_is_a_desk_without_events(written):
    assert load_events(written("")) == ()


def test_the_packaged_events_name_their_sources():
    for event in load_events(PACKAGED):
        assert event.source
        assert event.public_at >= dt.datetime.combine(event.date, dt.time(), NEW_YORK)
        assert event.last_day <= event.date + dt.timedelta(days=366)
