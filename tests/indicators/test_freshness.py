"""How fresh an input is: fresh, late, stale or missing; what is said of it, and what is due."""

import datetime as dt

import pytest

from reportgen.indicators.freshness import freshness
from reportgen.model import NEW_YORK
from reportgen.text import parse_as_of


@pytest.fixture
def state(embedded):
    return lambda series, as_of: freshness(embedded.snapshot(parse_as_of(as_of)), series)


def new_york(year, month, day, hour, minute):
    return dt.datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


def test_a_fresh_series_names_its_next_release(state):
    found = state("sofr", "2025-04-10")
    assert (found.state, found.why, str(found.newest)) == ("fresh", None, "2025-04-09")
    assert found.published == new_york(2025, 4, 10, 8, 0)
    assert found.due == new_york(2025, 4, 11, 8, 0)
    assert state("cot_10y_lev_short", "2025-04-10").due == new_york(2025, 4, 11, 15, 30)
    assert state("fx_krw", "2025-04-10").due == new_york(2025, 4, 14, 16, 15)


def test_late_is_the_publisher_s_doing(state):
    found = state("cot_10y_lev_short", "2025-11-14")
    assert (found.state, str(found.newest), found.due) == ("late", "2025-09-23", None)
    assert "overdue" in found.why
    assert "shutdown" in found.why
    dated = state("cot_10y_lev_short", "2025-11-18T18:00")
    assert (dated.state, dated.due) == ("late", new_york(2025, 11, 19, 15, 30))


def test_a_month_dated_on_its_first_day_waits_for_the_next(state):
    # August 2025 is held; September's jobs report was due on 3 October and held up by the shutdown.
    found = state("unemployment", "2025-10-31")
    assert (found.state, str(found.newest), found.due) == ("late", "2025-08-01", None)
    assert "overdue" in found.why
    assert "shutdown" in found.why


def test_late_is_known_only_once_it_is(state):
    # The outage of January 2023 was told on 2 February; the report of 31 January was due on the 3rd.
    assert state("cot_10y_lev_short", "2023-02-03T15:00").state == "fresh"
    assert "ION" in state("cot_10y_lev_short", "2023-02-17").why


def test_stale_is_the_data_set_s_lack(state):
    found = state("fx_eur", "2025-10-14")
    assert (found.state, found.usable) == ("stale", True)
    assert found.why == "not in this data set after 26\xa0September\xa02025"
    gone = state("fx_eur", "2025-12-12")
    assert (gone.state, gone.usable) == ("missing", False)


def test_missing_says_no_more_than_was_public(state):
    # SOFR was first published on 3 April 2018: what comes later is not told before.
    for series in ("h41_custody", "sofr"):
        found = state(series, "2018-03-01")
        assert (found.state, found.why, found.newest) == ("missing", "not in this data set", None)


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2025-10-17", "fresh"), ("2025-11-14", "late"), ("2025-11-21", "fresh"), ("2026-05-17", "stale")],
)
def test_a_month_of_holdings_that_did_not_come_is_late(state, day, expected):
    """August's were due on 20 October 2025 and came on 18 November, after the shutdown."""
    found = state("tic_total", day)
    assert found.state == expected
    assert ("31\xa0August is overdue, delayed by the federal shutdown" in (found.why or "")) == (
        expected == "late"
    )


def test_the_desk_s_operations_must_be_of_the_day(state):
    found = state("desk_repo", "2019-09-16")
    assert (found.state, found.usable) == ("missing", False)
    assert found.why.startswith("no row for 16\xa0September\xa02019")
    assert state("desk_repo", "2019-09-17").state == "fresh"
    # In the afternoon of the 17th its row is public, and the market date is still the 16th.
    assert state("desk_repo", "2019-09-17T15:00").state == "missing"


def test_permitted_age_counts_bond_market_days(store_of):
    store = store_of({"ust_10y": {"2025-04-10": 4.40, "2025-04-11": 4.48}})
    states = {
        day: freshness(store.snapshot(parse_as_of(day)), "ust_10y").state
        for day in ("2025-04-11", "2025-04-13", "2025-04-15", "2025-04-16", "2025-05-05", "2025-05-06")
    }
    # Two days are permitted and fifteen tolerated; 18 April 2025 was Good Friday.
    assert states == {
        "2025-04-11": "fresh",
        "2025-04-13": "fresh",
        "2025-04-15": "fresh",
        "2025-04-16": "stale",
        "2025-05-05": "stale",
        "2025-05-06": "missing",
    }
