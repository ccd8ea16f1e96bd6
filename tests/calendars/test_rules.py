from datetime import date, datetime

import numpy as np
import pytest

from reportgen.calendars import CALENDARS, NEW_YORK
from reportgen.calendars.publication import first_public
from reportgen.calendars.rules import delays, regular, rule, rule_names
from reportgen.errors import CalendarError

NAMES = [name.replace("DAYS", "15") for name in rule_names()]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_says_what_it_covers_and_for_whom(name):
    assert rule(name).covers
    assert rule(name).calendar in CALENDARS


@pytest.mark.parametrize(
    "text", ["sofr:1", "sofr:", "month_lag", "month_lag:", "month_lag:-3", "month_lag:x", "", "libor"]
)
def test_unknown_rules_are_refused_with_the_known_ones(text):
    with pytest.raises(CalendarError, match=f"publication rule '{text}': unknown") as raised:
        rule(text)
    assert all(name in str(raised.value) for name in rule_names())


@pytest.mark.parametrize("name", NAMES)
def test_delays_are_late_sourced_and_in_order(name):
    late = list(delays(name).values())
    assert [delay.at for delay in late] == sorted(delay.at for delay in late)
    for delay in late:
        assert delay.source
        assert delay.announced is None or delay.cause.known <= delay.announced <= delay.at.date()


def test_a_delay_is_later_than_the_regular_moment():
    for name in NAMES:
        for delay in delays(name).values():
            # Closings by executive order are part of the regular calendar once they are known.
            before = regular(rule(name), np.array([delay.key], dtype="datetime64[D]"), date(2014, 1, 1))
            assert before[0].item() < delay.at.replace(tzinfo=None)


def new_york(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("name", "day", "at"),
    [
        ("treasury_close", date(2025, 4, 10), new_york(2025, 4, 10, 18)),
        ("market_close", date(2024, 11, 29), new_york(2024, 11, 29, 18)),  # short day
        ("on_rrp", date(2025, 4, 10), new_york(2025, 4, 10, 13, 30)),
        ("repo_ops", date(2025, 4, 10), new_york(2025, 4, 10, 14, 30)),
        # SOFR: Friday's on Monday; that of Maundy Thursday after Easter; that before a holiday after it.
        ("sofr", date(2025, 4, 10), new_york(2025, 4, 11, 8)),
        ("sofr", date(2025, 4, 11), new_york(2025, 4, 14, 8)),
        ("sofr", date(2026, 4, 2), new_york(2026, 4, 6, 8)),
        ("sofr", date(2018, 12, 4), new_york(2018, 12, 6, 8)),
        ("sofr", date(2024, 10, 11), new_york(2024, 10, 15, 8)),
        # EFFR: published on Good Friday.
        ("fed_funds", date(2026, 4, 2), new_york(2026, 4, 3, 9)),
        ("fed_funds", date(2018, 12, 4), new_york(2018, 12, 5, 9)),
        ("administered", date(2016, 12, 15), new_york(2016, 12, 15, 0)),
        ("h41", date(2025, 4, 9), new_york(2025, 4, 10, 16, 30)),
        ("h41", date(2025, 11, 26), new_york(2025, 11, 28, 16, 30)),  # Thanksgiving
        ("h41", date(2024, 12, 25), new_york(2024, 12, 26, 16, 30)),  # the Wednesday itself a holiday
        ("h10", date(2025, 4, 7), new_york(2025, 4, 14, 16, 15)),
        ("h10", date(2025, 4, 11), new_york(2025, 4, 14, 16, 15)),
        ("h10", date(2024, 10, 11), new_york(2024, 10, 15, 16, 15)),  # Columbus Day
        ("next_day_0900", date(2025, 4, 11), new_york(2025, 4, 14, 9)),
        ("next_day_0900", date(2025, 5, 31), new_york(2025, 6, 2, 9)),  # dated on a Saturday
        ("cftc_tff", date(2025, 4, 8), new_york(2025, 4, 11, 15, 30)),
        # Holiday weeks, as in the CFTC's release schedules for 2015 and 2024.
        ("cftc_tff", date(2015, 6, 30), new_york(2015, 7, 6, 15, 30)),
        ("cftc_tff", date(2024, 6, 18), new_york(2024, 6, 24, 15, 30)),
        ("cftc_tff", date(2024, 7, 2), new_york(2024, 7, 8, 15, 30)),
        (
            "cftc_tff",
            date(2024, 10, 15),
            new_york(2024, 10, 18, 15, 30),
        ),  # a holiday on Monday delays nothing
        ("cftc_tff", date(2024, 11, 26), new_york(2024, 12, 2, 15, 30)),
        ("cftc_tff", date(2024, 12, 24), new_york(2024, 12, 30, 15, 30)),
        ("cftc_tff", date(2021, 6, 15), new_york(2021, 6, 21, 15, 30)),  # the first Juneteenth
        ("cftc_tff", date(2023, 7, 3), new_york(2023, 7, 7, 15, 30)),  # data of a Monday
        ("tic", date(2025, 2, 28), new_york(2025, 4, 18, 16)),
        ("tic", date(2024, 12, 31), new_york(2025, 2, 18, 16)),
        ("tic", date(2025, 11, 30), new_york(2026, 1, 20, 16)),  # 18 January a Sunday, 19 a holiday
        ("nfci", date(2025, 4, 11), new_york(2025, 4, 16, 8, 30)),
        ("nfci", date(2026, 5, 22), new_york(2026, 5, 28, 8, 30)),  # holiday on Monday (ALFRED, 28 May 2026)
        ("stlfsi", date(2025, 4, 11), new_york(2025, 4, 17, 9)),
        ("ofr_fsi", date(2025, 4, 10), new_york(2025, 4, 14, 9)),
        ("term_premium", date(2025, 4, 11), new_york(2025, 4, 21, 9)),
        ("tips_fails", date(2025, 4, 2), new_york(2025, 4, 10, 16, 15)),
        ("week_lag:5", date(2025, 4, 5), new_york(2025, 4, 10, 8, 30)),
        ("month_lag:15", date(2025, 2, 1), new_york(2025, 3, 17, 8, 30)),  # 15 March a Saturday
        ("quarter_lag:30", date(2025, 1, 1), new_york(2025, 4, 30, 8, 30)),
        # Summer and winter time.
        ("sofr", date(2025, 3, 7), new_york(2025, 3, 10, 8)),
        ("sofr", date(2025, 10, 31), new_york(2025, 11, 3, 8)),
    ],
)
def test_regular_publication(name, day, at):
    found = first_public(name, day)
    assert found.at == at
    assert found.reason is None
    assert found.estimated == ("lag" in name)
