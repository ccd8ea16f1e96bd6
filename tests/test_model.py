"""The nouns: moments, positions in a history, and what a fact says of itself."""

import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import catalog
from reportgen.model import NEW_YORK, Fact, History, Observation, to_date, to_day64, to_moment64, to_utc

DAYS = np.array(["2025-04-03", "2025-04-04", "2025-04-07"], "datetime64[D]")


@pytest.fixture
def sofr():
    published = np.array(["2025-04-04T12", "2025-04-05T12", "2025-04-08T12"], "datetime64[us]")
    return History(catalog.series("sofr"), DAYS, np.array([4.39, 4.35, 4.33]), published)


@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2030, 1, 1)))
def test_moments_survive_their_numpy_form(moment):
    local = moment.replace(tzinfo=NEW_YORK)
    assert to_utc(to_moment64(local)) == local.astimezone(dt.UTC)


@given(st.dates(dt.date(1950, 1, 1), dt.date(2030, 1, 1)))
def test_days_survive_their_numpy_form(day):
    assert to_date(to_day64(day)) == day


@pytest.mark.parametrize(
    ("day", "position", "exact"),
    [("2025-04-02", -1, None), ("2025-04-03", 0, 0), ("2025-04-06", 1, None), ("2025-05-01", 2, None)],
)
def test_the_last_observation_on_or_before_a_day(sofr, day, position, exact):
    wanted = dt.date.fromisoformat(day)
    assert sofr.position(wanted) == position
    assert sofr.exact(wanted) == exact


def test_an_observation_carries_its_series_and_publication(sofr):
    assert len(sofr) == 3
    seen = sofr.at(1)
    assert (seen.series.id, seen.day, seen.value) == ("sofr", dt.date(2025, 4, 4), 4.35)
    assert seen.published == dt.datetime(2025, 4, 5, 12, tzinfo=dt.UTC)


def observation(series_id):
    return Observation(
        catalog.series(series_id), dt.date(2025, 4, 4), 1.0, dt.datetime(2025, 4, 4, tzinfo=dt.UTC)
    )


def fact(value, *series_ids):
    inputs = tuple(observation(s) for s in series_ids)
    moment = dt.datetime(2025, 4, 4, tzinfo=dt.UTC)
    return Fact("a.b", "A", value, "index", "1", dt.date(2025, 4, 4), moment, inputs, "as published")


def test_a_word_is_no_number():
    assert fact(0.0, "sofr").number == 0.0
    with pytest.raises(TypeError, match=r"a\.b is a word"):
        _ = fact("robust", "sofr").number


def test_a_fact_is_restricted_by_any_of_its_inputs():
    assert not fact(1.0, "sofr").restricted
    assert fact(1.0, "sofr", "vix").restricted


def test_facts_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        fact(1.0, "sofr").value = 2.0
