from datetime import UTC, date, datetime, time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.calendars import (
    CALENDARS,
    FIRST_DAY,
    LAST_DAY,
    NEW_YORK,
    between,
    count,
    early_close,
    is_open,
    market_date,
    on_or_after,
    on_or_before,
    open_days,
    shift,
    week_start,
)
from reportgen.calendars.days import busdays
from reportgen.errors import CalendarError

calendars = st.sampled_from(CALENDARS)
days = st.dates(date(2014, 2, 1), date(2030, 11, 30))


def new_york(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


# The overrides


def test_good_friday_2015_was_open_to_noon():
    assert is_open(date(2015, 4, 3), "sifma")
    assert early_close(date(2015, 4, 3)) == time(12)


def test_the_day_of_mourning_of_2018_was_closed_for_the_market_but_not_for_the_fed():
    day = date(2018, 12, 5)
    assert [is_open(day, calendar) for calendar in CALENDARS] == [False, False, True, False]


def test_the_day_of_mourning_of_2025_closed_early():
    day = date(2025, 1, 9)
    assert is_open(day, "sifma")
    assert is_open(day, "sofr")
    assert early_close(day) == time(14)
    assert not is_open(day, "federal")


@pytest.mark.parametrize(
    "day",
    [
        date(2018, 12, 24),
        date(2019, 12, 24),
        date(2020, 12, 24),
        date(2021, 6, 18),
        date(2024, 12, 24),
        date(2025, 12, 24),
        date(2025, 12, 26),
    ],
)
def test_closed_by_executive_order_or_new_law(day):
    assert not is_open(day, "federal")
    assert is_open(day, "fed")


def test_an_override_is_not_known_before_it_is_announced():
    day = np.datetime64("2018-12-05", "D")
    for calendar in ("sifma", "sofr", "federal"):
        assert np.is_busday(day, busdaycal=busdays(calendar, date(2018, 11, 30)))
        assert not np.is_busday(day, busdaycal=busdays(calendar, date(2018, 12, 1)))


# The four calendars


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2025, 4, 10), "sifma sofr fed federal"),
        (date(2025, 4, 12), ""),
        (date(2025, 4, 18), "fed federal"),  # Good Friday, closed
        (date(2026, 4, 3), "sifma fed federal"),  # Good Friday with an employment report
        (date(2023, 4, 7), "sifma fed federal"),
        (date(2024, 10, 14), ""),  # Columbus Day
        (date(2026, 7, 3), "fed"),  # 4 July on Saturday
        (date(2020, 7, 3), "fed"),
        (date(2021, 12, 31), "sifma sofr fed"),  # New Year's Day on Saturday
        (date(2023, 11, 10), "sifma sofr fed"),  # Veterans Day on Saturday
        (date(2021, 6, 18), "sifma sofr fed"),
        (date(2022, 6, 20), ""),  # Juneteenth on Sunday
    ],
)
def test_who_is_open(day, expected):
    assert [name for name in CALENDARS if is_open(day, name)] == expected.split()


def test_early_closes():
    assert early_close(date(2026, 4, 3)) == time(12)
    assert early_close(date(2024, 11, 29)) == time(14)
    assert early_close(date(2024, 11, 27)) is None
    assert early_close(date(2024, 11, 28)) is None


def test_open_days_are_sorted_cached_and_cannot_be_changed():
    found = open_days("sifma")
    assert found is open_days("sifma")
    assert (np.diff(found) > np.timedelta64(0, "D")).all()
    assert not found.flags.writeable
    assert found[0] == np.datetime64("2014-01-02")
    assert found[-1] == np.datetime64("2030-12-31")


# Moving


@given(days, calendars, st.integers(1, 10))
def test_shift_counts_open_days(day, calendar, n):
    later, earlier = shift(day, n, calendar), shift(day, -n, calendar)
    assert is_open(later, calendar)
    assert is_open(earlier, calendar)
    assert count(day, later, calendar) == n
    assert count(earlier, day, calendar) == n - (not is_open(day, calendar))


@given(days, calendars)
def test_nearest_open_day(day, calendar):
    before, after = on_or_before(day, calendar), on_or_after(day, calendar)
    assert before <= day <= after
    assert (before == day == after) == is_open(day, calendar)
    assert between(before, after, calendar).tolist() == sorted({before, after})


def test_shift_from_a_closed_day():
    saturday = date(2025, 4, 12)
    assert shift(saturday, 1, "sifma") == date(2025, 4, 14)
    assert shift(saturday, -1, "sifma") == date(2025, 4, 11)
    with pytest.raises(CalendarError, match="shift by 0 days"):
        shift(saturday, 0, "sifma")


def test_count_excludes_the_start():
    assert count(date(2025, 4, 4), date(2025, 4, 10), "sifma") == 4
    assert count(date(2025, 4, 10), date(2025, 4, 10), "sifma") == 0
    assert count(date(2025, 4, 11), date(2025, 4, 10), "sifma") == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: is_open(date(2013, 12, 31), "sifma"),
        lambda: is_open(date(2031, 1, 1), "fed"),
        lambda: shift(LAST_DAY, 1, "sofr"),
        lambda: shift(FIRST_DAY, -1, "federal"),
        lambda: between(date(2013, 1, 1), LAST_DAY, "sifma"),
        lambda: early_close(date(2031, 1, 1)),
        lambda: market_date(datetime(2013, 12, 31, tzinfo=UTC)),
    ],
)
def test_outside_the_calendars(call):
    with pytest.raises(CalendarError, match="outside 2014-01-01 to 2030-12-31"):
        call()


def test_unknown_calendar():
    with pytest.raises(CalendarError, match="calendar 'nyse': unknown") as raised:
        open_days("nyse")
    assert "sifma, sofr, fed, federal" in str(raised.value)


# The note's own dates


@pytest.mark.parametrize(
    ("as_of", "market_day", "start"),
    [
        (new_york(2025, 4, 10, 23, 59), date(2025, 4, 10), date(2025, 4, 4)),
        (new_york(2025, 4, 10, 17, 59), date(2025, 4, 9), date(2025, 4, 4)),
        (new_york(2025, 4, 10, 18, 0), date(2025, 4, 10), date(2025, 4, 4)),
        (new_york(2025, 4, 12, 12, 0), date(2025, 4, 11), date(2025, 4, 4)),  # Saturday
        (new_york(2025, 4, 14, 9, 0), date(2025, 4, 11), date(2025, 4, 4)),  # Monday before the close
        (new_york(2024, 10, 14, 23, 59), date(2024, 10, 11), date(2024, 10, 4)),  # Columbus Day
        (new_york(2024, 10, 15, 23, 59), date(2024, 10, 15), date(2024, 10, 11)),  # week begins on Tuesday
        (new_york(2015, 4, 3, 13, 0), date(2015, 4, 2), date(2015, 3, 27)),  # Good Friday, open to noon
        (new_york(2015, 4, 3, 18, 0), date(2015, 4, 3), date(2015, 3, 27)),
        (new_york(2026, 4, 3, 17, 59), date(2026, 4, 2), date(2026, 3, 27)),
        (new_york(2026, 4, 3, 18, 0), date(2026, 4, 3), date(2026, 3, 27)),
        (new_york(2025, 4, 18, 23, 59), date(2025, 4, 17), date(2025, 4, 11)),  # Good Friday, closed
        (new_york(2018, 12, 5, 23, 59), date(2018, 12, 4), date(2018, 11, 30)),
        (datetime(2025, 4, 10, 21, 59, tzinfo=UTC), date(2025, 4, 9), date(2025, 4, 4)),
        (datetime(2025, 4, 10, 22, 0, tzinfo=UTC), date(2025, 4, 10), date(2025, 4, 4)),
        (datetime(2025, 1, 8, 22, 59, tzinfo=UTC), date(2025, 1, 7), date(2025, 1, 3)),  # winter time
        (datetime(2025, 1, 8, 23, 0, tzinfo=UTC), date(2025, 1, 8), date(2025, 1, 3)),
    ],
)
def test_market_date_and_week_start(as_of, market_day, start):
    assert market_date(as_of) == market_day
    assert week_start(market_day) == start


def test_market_date_wants_a_time_zone():
    with pytest.raises(CalendarError, match="has no time zone"):
        market_date(datetime(2025, 4, 10, 23, 59))
