from datetime import date, datetime

import pytest

from reportgen.calendars import NEW_YORK
from reportgen.calendars.fomc import decisions

MARCH_2020 = date(2020, 3, 1), date(2020, 3, 31)


@pytest.mark.parametrize(
    ("as_of", "known"),
    [
        (datetime(2020, 3, 3, 9, 59, tzinfo=NEW_YORK), [18]),
        (datetime(2020, 3, 3, 10, 0, tzinfo=NEW_YORK), [3, 18]),
        (datetime(2020, 3, 15, 16, 59, tzinfo=NEW_YORK), [3, 18]),
        (datetime(2020, 3, 15, 17, 0, tzinfo=NEW_YORK), [3, 15]),
        (datetime(2026, 1, 1, tzinfo=NEW_YORK), [3, 15]),
    ],
)
def test_march_2020_as_it_was_known(as_of, known):
    """Source: Federal Reserve Board, statements of 3 and 15 March 2020."""
    assert [day.day for day in decisions(*MARCH_2020, as_of)] == known


@pytest.mark.parametrize("year", [*range(2015, 2020), *range(2021, 2027)])
def test_eight_scheduled_decisions_a_year(year):
    days = decisions(date(year, 1, 1), date(year, 12, 31), datetime(year, 1, 1, tzinfo=NEW_YORK))
    assert len(days) == 8
    assert days == sorted(days)


def test_the_range_is_inclusive():
    as_of = datetime(2025, 5, 1, tzinfo=NEW_YORK)
    assert decisions(date(2025, 5, 7), date(2025, 6, 18), as_of) == [date(2025, 5, 7), date(2025, 6, 18)]
