"""Explanations that rest on news: the desk's event file, used from the moment an event was public."""

import datetime as dt

import pytest

from reportgen.errors import ConfigError
from reportgen.findings.events import DECISIONS, PACKAGED, active, load_decisions, load_events, of_week
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
    assert "“A large insurer sells its Treasuries” (8 April 2025)" in after.reason


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


def at(text, words):
    """Return the line on which words stand."""
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


@pytest.mark.parametrize(
    ("old", "new", "place", "fault"),
    [
        ('source = "Newspaper of 9 April 2025"\n', "", "[[event]]", "source: Field required"),
        ('source = "Newspaper of 9 April 2025"', 'source = ""', "source =", "source: String should have"),
        ('"driver.liquidity_selling"', '"driver.sunspots"', "supports", "found 'driver.sunspots'"),
        ("weight = 1", "weight = 2", "weight", "found 2"),
        ('supports = ["driver.liquidity_selling"]\n', "", "[[event]]", "names no driver"),
        ('supports = ["driver.liquidity_selling"]', 'supports = []\nkind = "rumour"', "kind", "'rumour'"),
        ("weight = 1", 'weight = 1\nkind = "background"', "[[event]]", "names a driver, expected none"),
    ],
)
def test_the_line_of_a_fault_is_named(written, old, new, place, fault):
    text = "# a desk's file\n" + EVENT.replace("forced_sale", "sound") + EVENT.replace(old, new)
    last = len(EVENT.splitlines()) + 1
    line = last + at(EVENT.replace(old, new), place)
    with pytest.raises(ConfigError) as error:
        load_events(written(text))
    assert error.value.message.startswith(f"events.toml: line {line}: forced_sale: event.1")
    assert fault in error.value.message
    assert "\n" not in error.value.message


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("date = 2025-04-08", "date = 2025-04-11", "date"),
        ("2025-04-09T10:00:00", "2025-04-10T12:00:01", "public"),
        ("2025-04-09T10:00:00", "2025-04-11", "public"),
    ],
)
def test_an_event_of_the_future_is_refused_with_its_line(written, old, new, key):
    now = dt.datetime(2025, 4, 10, 12, tzinfo=NEW_YORK)
    assert len(load_events(written(EVENT), now)) == 1
    text = EVENT.replace(old, new)
    line = at(text, f"{key} =")
    with pytest.raises(ConfigError, match=f"events.toml: line {line}: forced_sale: {key} .* in the future"):
        load_events(written(text), now)


def test_background_is_told_in_its_week_and_decides_nothing(written, found):
    text = EVENT.replace('supports = ["driver.liquidity_selling"]', 'kind = "background"')
    own = load_events(written(text))
    assert found("2025-04-10", events=own)["driver.liquidity_selling"].verdict == "needs_news"
    assert of_week(own, parse_as_of("2025-04-10"), dt.date(2025, 4, 4)) == own
    assert of_week(own, parse_as_of("2025-04-09T09:59"), dt.date(2025, 4, 4)) == ()
    assert of_week(own, parse_as_of("2025-04-17"), dt.date(2025, 4, 11)) == ()


def test_decisions_are_those_of_the_committee_and_of_the_target_range(facts_at):
    """Every decision day since June 2018 is there, and says what the target range did on the day after."""
    from reportgen.calendars import fomc
    from reportgen.embedded import FOLDER
    from reportgen.store import Store

    history = Store(FOLDER).snapshot(parse_as_of("2026-08-21")).history("target_upper")
    words = {
        25: "a quarter of a point",
        50: "half a point",
        75: "three quarters of a point",
        100: "one point",
    }
    decisions = {e.date: e for e in load_decisions()}
    held = fomc.decisions(dt.date(2018, 6, 1), dt.date(2026, 8, 20), parse_as_of("2026-08-21"))
    assert set(held) == set(decisions) - {dt.date(2018, 5, 2)}
    for day, event in decisions.items():
        before, after = (history.at(history.position(day + dt.timedelta(n))).value for n in (-1, 1))
        moved = round((after - before) * 100)
        verb = "raises" if moved > 0 else "lowers"
        said = f"The FOMC {verb} its target range by {words[abs(moved)]}" if moved else (
            "The FOMC leaves its target range where it is"
        )  # fmt: skip
        assert event.headline == said
        assert event.kind == "decision"
        assert event.public_at.date() == day
    assert load_events(DECISIONS) == load_decisions()


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
        assert str(event.date.year) in event.source
        assert event.last_day <= event.date + dt.timedelta(days=366)


def test_what_is_reported_of_basis_trades_is_told_and_positions_decide(found, written):
    told = load_events(written(EVENT.replace("driver.liquidity_selling", "driver.basis_trade")))
    plain = found("2025-04-11T18:00", events=())["driver.basis_trade"]
    finding = found("2025-04-11T18:00", events=told)["driver.basis_trade"]
    assert finding.verdict == plain.verdict
    assert finding.reason == (
        f"{plain.reason} On the desk's file: “A large insurer sells its Treasuries” (8 April 2025)."
    )


def test_the_heaviest_events_of_a_week_are_told(written):
    weights = {"first": 0.4, "second": 1, "third": 0.5, "fourth": 0.6}
    own = load_events(
        written(
            "".join(
                EVENT.replace("forced_sale", name).replace("weight = 1", f"weight = {weight}")
                for name, weight in weights.items()
            )
        )
    )
    told = of_week(own, parse_as_of("2025-04-10"), dt.date(2025, 4, 4))
    assert {e.id for e in told} == {"second", "third", "fourth"}
