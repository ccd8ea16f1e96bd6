from datetime import date

import pytest

from reportgen.calendars.holidays import fed_holidays, federal_holidays, good_friday


def test_federal_holidays_follow_the_published_list():
    # Office of Personnel Management, "2022 Holiday Schedule"; New Year's Day on Friday, 31 December 2021.
    assert federal_holidays(2022) == [
        date(2021, 12, 31),
        date(2022, 1, 17),
        date(2022, 2, 21),
        date(2022, 5, 30),
        date(2022, 6, 20),
        date(2022, 7, 4),
        date(2022, 9, 5),
        date(2022, 10, 10),
        date(2022, 11, 11),
        date(2022, 11, 24),
        date(2022, 12, 26),
    ]


def test_fed_holidays_follow_the_published_list():
    # Federal Reserve, "Holidays Observed by the Federal Reserve System 2022-2026": 1 January 2022, a
    # Saturday, is not made up for; Juneteenth and Christmas fall on Sundays.
    assert fed_holidays(2022) == federal_holidays(2022)[1:]
    assert date(2026, 7, 3) not in fed_holidays(2026)
    assert date(2026, 7, 3) in federal_holidays(2026)


def test_juneteenth_begins_in_2021_and_as_a_rule_in_2022():
    assert date(2020, 6, 19) not in federal_holidays(2020)
    assert date(2021, 6, 21) not in fed_holidays(2021)
    assert date(2023, 6, 19) in fed_holidays(2023)


@pytest.mark.parametrize(
    ("year", "day"),
    [
        (2014, date(2014, 4, 18)),
        (2015, date(2015, 4, 3)),
        (2016, date(2016, 3, 25)),
        (2019, date(2019, 4, 19)),
        (2023, date(2023, 4, 7)),
        (2025, date(2025, 4, 18)),
        (2026, date(2026, 4, 3)),
        (2030, date(2030, 4, 19)),
    ],
)
def test_good_friday(year, day):
    assert good_friday(year) == day
