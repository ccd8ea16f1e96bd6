from datetime import UTC, date, datetime, time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.calendars import LAST_DAY, NEW_YORK
from reportgen.calendars.clock import as_datetime, as_moment, utc

times = st.sampled_from([time(0), time(8), time(9), time(15, 30), time(18)])


@given(st.dates(date(1950, 1, 1), LAST_DAY), times)
def test_utc_agrees_with_the_time_zone_data(day, at):
    moment = utc(np.array([day], dtype="datetime64[D]"), at)[0]
    assert as_datetime(moment) == datetime.combine(day, at, NEW_YORK)


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        # Clocks went forward on 9 March 2025 and back on 2 November 2025, at 02:00.
        (date(2025, 3, 8), time(8), datetime(2025, 3, 8, 13, tzinfo=UTC)),
        (date(2025, 3, 9), time(0), datetime(2025, 3, 9, 5, tzinfo=UTC)),
        (date(2025, 3, 9), time(8), datetime(2025, 3, 9, 12, tzinfo=UTC)),
        (date(2025, 11, 2), time(0), datetime(2025, 11, 2, 4, tzinfo=UTC)),
        (date(2025, 11, 2), time(8), datetime(2025, 11, 2, 13, tzinfo=UTC)),
    ],
)
def test_days_of_clock_change(day, at, expected):
    assert as_datetime(utc(np.array([day], dtype="datetime64[D]"), at)[0]) == expected


@given(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(NEW_YORK)))
def test_moments_and_datetimes_are_inverse(when):
    assert as_datetime(as_moment(when)) == when.astimezone(UTC)
