from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import catalog
from reportgen.calendars import NEW_YORK, is_open
from reportgen.calendars.publication import (
    Release,
    delay_reason,
    expected,
    first_public,
    first_public_array,
    next_release,
    overdue,
    periods,
    releases,
    rule_names,
)
from reportgen.calendars.rules import Monthly, rule
from reportgen.errors import CalendarError

NAMES = [name.replace("DAYS", "15") for name in rule_names()]
names = st.sampled_from(NAMES)


def new_york(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)


def end_of(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(23, 59), NEW_YORK)


# CFTC reports that were late: report date, publication (15:30 New York)

MOURNING = {"2018-12-04": "2018-12-10", "2025-01-07": "2025-01-13"}
SHUTDOWN_2018 = {
    "2018-12-24": "2019-02-01",
    "2018-12-31": "2019-02-05",
    "2019-01-08": "2019-02-08",
    "2019-01-15": "2019-02-12",
    "2019-01-22": "2019-02-15",
    "2019-01-29": "2019-02-19",
    "2019-02-05": "2019-02-22",
    "2019-02-12": "2019-02-26",
    "2019-02-19": "2019-03-01",
    "2019-02-26": "2019-03-05",
    "2019-03-05": "2019-03-08",
}
SHUTDOWN_2025 = {
    "2025-09-30": "2025-11-19",
    "2025-10-07": "2025-11-21",
    "2025-10-14": "2025-11-25",
    "2025-10-21": "2025-12-02",
    "2025-10-28": "2025-12-05",
    "2025-11-04": "2025-12-09",
    "2025-11-10": "2025-12-12",
    "2025-11-18": "2025-12-16",
    "2025-11-25": "2025-12-19",
    "2025-12-02": "2025-12-23",
    "2025-12-09": "2025-12-30",
    "2025-12-16": "2026-01-06",
    "2025-12-23": "2026-01-09",
    "2025-12-30": "2026-01-13",
    "2026-01-06": "2026-01-16",
    "2026-01-13": "2026-01-20",
    "2026-01-20": "2026-01-23",
}
LATE = MOURNING | SHUTDOWN_2018 | SHUTDOWN_2025 | {"2023-01-31": "2023-02-24"}


@pytest.mark.parametrize(("report", "published"), LATE.items())
def test_late_cftc_reports(report, published):
    found = first_public("cftc_tff", date.fromisoformat(report))
    assert found.at == datetime.combine(date.fromisoformat(published), time(15, 30), NEW_YORK)
    assert not found.estimated
    on_time = report in ("2019-03-05", "2026-01-20")
    assert (found.reason is None) == on_time


@pytest.mark.parametrize(
    "report", ["2023-02-07", "2023-02-14", "2023-02-21", "2023-02-28", "2023-03-07", "2023-03-14"]
)
def test_reports_after_the_outage_of_2023_are_estimated(report):
    found = first_public("cftc_tff", date.fromisoformat(report))
    assert found.at == new_york(2023, 3, 24, 15, 30)
    assert found.estimated
    assert "ION" in (found.reason or "")


def test_a_report_that_was_late_says_why():
    reason = first_public("cftc_tff", date(2025, 9, 30)).reason
    assert reason == "delayed by the federal shutdown of 1 October to 12 November 2025"


def test_a_note_of_14_november_2025_sees_the_report_of_23_september():
    reports = periods("cftc_tff", date(2025, 9, 1), date(2025, 11, 14))
    public = reports[first_public_array("cftc_tff", reports) <= np.datetime64("2025-11-15T04:59", "us")]
    assert public[-1] == np.datetime64("2025-09-23")


def test_tic_waited_for_the_end_of_the_shutdown():
    assert first_public("tic", date(2025, 8, 31)).at == new_york(2025, 11, 18, 16)
    assert expected("tic", date(2025, 8, 31), end_of("2025-10-31")) is None


# Properties of all rules


@given(names, st.lists(st.dates(date(1960, 1, 1), date(2030, 6, 30)), min_size=1, max_size=20))
def test_array_equals_scalar(name, days):
    moments = first_public_array(name, np.array(days, dtype="datetime64[D]"))
    assert [moment.replace(tzinfo=UTC) for moment in moments.tolist()] == [
        first_public(name, day).at for day in days
    ]


@given(names, st.dates(date(2014, 1, 1), date(2030, 6, 30)))
def test_nothing_is_public_before_the_day_it_is_about(name, day):
    start_of_day = datetime.combine(day, time(0), NEW_YORK)
    first_of_period = start_of_day - timedelta(days=90)
    assert first_public(name, day).at >= (first_of_period if "lag" in name else start_of_day)


@given(names, st.dates(date(2014, 1, 1), date(2030, 6, 30)))
def test_later_observations_are_not_public_earlier(name, day):
    days = np.arange(np.datetime64(day, "D"), np.datetime64(day, "D") + 60)
    moments = first_public_array(name, days)
    assert (np.diff(moments) >= np.timedelta64(0, "us")).all()


@given(names, st.dates(date(2015, 1, 1), date(2030, 1, 31)), st.integers(0, 60))
def test_expected_is_what_happens_unless_it_is_delayed(name, day, ahead):
    found = first_public(name, day)
    due = expected(name, day, found.at - timedelta(days=ahead))
    if found.reason is None and due is not None:
        # A closing announced in the meantime moves a release by days, and never forward.
        assert timedelta(0) <= found.at - due <= timedelta(days=4)
    assert expected(name, day, found.at) == found.at


@given(names, st.datetimes(datetime(2018, 6, 1), datetime(2026, 8, 1), timezones=st.just(NEW_YORK)))
def test_releases_lie_ahead_and_next_is_the_first(name, as_of):
    week = releases(name, as_of, as_of + timedelta(days=7))
    assert all(as_of < release.at <= as_of + timedelta(days=7) for release in week)
    assert [release.at for release in week] == sorted(release.at for release in week)
    if week:
        assert next_release(name, as_of) == week[0]


# No hindsight: the shutdown of 2025


@pytest.mark.parametrize(
    ("as_of", "due"),
    [
        (end_of("2025-10-01"), new_york(2025, 10, 3, 15, 30)),
        (new_york(2025, 10, 3, 15, 29), new_york(2025, 10, 3, 15, 30)),
        (end_of("2025-10-10"), None),
        (end_of("2025-11-14"), None),
        (new_york(2025, 11, 18, 10), None),
        (end_of("2025-11-18"), new_york(2025, 11, 19, 15, 30)),
        (new_york(2025, 11, 19, 10), new_york(2025, 11, 19, 15, 30)),
        (end_of("2026-05-01"), new_york(2025, 11, 19, 15, 30)),
    ],
)
def test_expected_knows_the_new_date_only_once_announced(as_of, due):
    assert expected("cftc_tff", date(2025, 9, 30), as_of) == due


def test_nothing_is_expected_behind_an_overdue_report():
    # The regular moment of the report of 4 November is still ahead, but five reports before it are missing.
    as_of = end_of("2025-11-06")
    assert expected("cftc_tff", date(2025, 11, 4), as_of) is None
    assert next_release("cftc_tff", as_of) is None
    assert releases("cftc_tff", as_of, as_of + timedelta(days=7)) == []


def test_the_backlog_is_scheduled_once_announced():
    as_of = end_of("2025-11-18")
    assert releases("cftc_tff", as_of, as_of + timedelta(days=7)) == [
        Release(date(2025, 9, 30), new_york(2025, 11, 19, 15, 30).astimezone(UTC), True),
        Release(date(2025, 10, 7), new_york(2025, 11, 21, 15, 30).astimezone(UTC), True),
        Release(date(2025, 10, 14), new_york(2025, 11, 25, 15, 30).astimezone(UTC), True),
    ]


def test_overdue_reports_of_the_shutdown():
    newest = date(2025, 9, 23)
    assert overdue("cftc_tff", newest, end_of("2025-10-02")) == []
    assert overdue("cftc_tff", newest, end_of("2025-10-10")) == [date(2025, 9, 30), date(2025, 10, 7)]
    assert overdue("cftc_tff", newest, end_of("2025-11-14"))[-1] == date(2025, 11, 10)
    assert overdue("cftc_tff", date(2026, 1, 20), end_of("2026-01-23")) == []
    assert overdue("cftc_tff", None, end_of("2025-10-03")) == [date(2025, 9, 30)]


@pytest.mark.parametrize(
    ("day", "as_of", "reason"),
    [
        (date(2025, 9, 30), end_of("2025-10-02"), None),
        (
            date(2025, 9, 30),
            end_of("2025-10-10"),
            "delayed by the federal shutdown that began on 1 October 2025",
        ),
        (
            date(2025, 11, 4),
            end_of("2025-10-31"),
            "delayed by the federal shutdown that began on 1 October 2025",
        ),
        (
            date(2025, 9, 30),
            end_of("2025-11-14"),
            "delayed by the federal shutdown of 1 October to 12 November 2025",
        ),
        (
            date(2018, 12, 24),
            end_of("2019-01-04"),
            "delayed by the federal shutdown that began on 22 December 2018",
        ),
        (
            date(2023, 1, 31),
            end_of("2023-02-03"),
            "delayed by the outage of January 2023 at ION, a clearing-software firm",
        ),
        (date(2023, 1, 31), end_of("2023-02-01"), None),
        (date(2025, 4, 8), end_of("2025-04-10"), None),
    ],
)
def test_the_reason_of_a_delay_as_known_then(day, as_of, reason):
    assert delay_reason("cftc_tff", day, as_of) == reason


# No hindsight: the others


def test_the_outage_of_2023():
    report = date(2023, 1, 31)
    assert expected("cftc_tff", report, end_of("2023-02-01")) == new_york(2023, 2, 3, 15, 30)
    assert expected("cftc_tff", report, end_of("2023-02-02")) is None  # called off, no new date
    assert expected("cftc_tff", report, end_of("2023-02-16")) == new_york(2023, 2, 24, 15, 30)
    assert expected("cftc_tff", date(2023, 2, 14), end_of("2023-02-16")) is None


def test_the_shutdown_of_2018():
    report = date(2019, 1, 8)
    assert expected("cftc_tff", report, end_of("2019-01-11")) is None
    assert expected("cftc_tff", report, end_of("2019-01-29")) == new_york(2019, 2, 8, 15, 30)


@pytest.mark.parametrize(
    ("report", "told", "before"),
    [(date(2018, 12, 4), "2018-12-03", "2018-11-30"), (date(2025, 1, 7), "2024-12-30", "2024-12-29")],
)
def test_days_of_mourning_count_once_announced(report, told, before):
    friday = datetime.combine(report + timedelta(days=3), time(15, 30), NEW_YORK)
    assert expected("cftc_tff", report, end_of(before)) == friday
    assert expected("cftc_tff", report, end_of(told)) == friday + timedelta(days=3)


def test_a_closing_of_the_market_moves_sofr_only_once_announced():
    tuesday = date(2018, 12, 4)
    assert expected("sofr", tuesday, end_of("2018-11-30")) == new_york(2018, 12, 5, 8)
    assert expected("sofr", tuesday, end_of("2018-12-01")) == new_york(2018, 12, 6, 8)


# Periods


def test_cftc_reports_are_of_tuesday_but_for_six():
    reports = periods("cftc_tff", date(2015, 1, 1), date(2026, 8, 4)).tolist()
    assert [day for day in reports if day.weekday() != 1] == [
        date(2017, 7, 3),
        date(2018, 12, 24),
        date(2018, 12, 31),
        date(2020, 12, 21),
        date(2023, 7, 3),
        date(2025, 11, 10),
    ]
    assert all(5 < (later - day).days < 9 for day, later in pairwise(reports))
    assert periods("cftc_tff", date(2025, 11, 11), date(2025, 11, 17)).tolist() == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("h41", [date(2024, 12, 4), date(2024, 12, 11), date(2024, 12, 18), date(2024, 12, 25)]),
        ("h10", [date(2024, 12, 6), date(2024, 12, 13), date(2024, 12, 20), date(2024, 12, 27)]),
        ("tic", [date(2024, 12, 31)]),
        ("month_lag:15", [date(2024, 12, 1)]),
        ("quarter_lag:30", []),
        ("week_lag:5", [date(2024, 12, 7), date(2024, 12, 14), date(2024, 12, 21), date(2024, 12, 28)]),
    ],
)
def test_periods_of_december_2024(name, found):
    assert periods(name, date(2024, 12, 1), date(2024, 12, 31)).tolist() == found


@pytest.mark.parametrize("name", ["treasury_close", "sofr", "fed_funds", "ofr_fsi"])
def test_daily_periods_are_open_days(name):
    calendar = {"treasury_close": "sifma", "sofr": "sofr", "fed_funds": "fed", "ofr_fsi": "sifma"}[name]
    found = periods(name, date(2024, 12, 1), date(2025, 1, 31)).tolist()
    assert all(is_open(day, calendar) for day in found)
    assert date(2025, 1, 20) not in found
    assert date(2025, 1, 9) in found


# What to watch next week, from 10 April 2025


@pytest.mark.parametrize(
    ("name", "period", "at", "known"),
    [
        ("cftc_tff", date(2025, 4, 8), new_york(2025, 4, 11, 15, 30), True),
        ("h41", date(2025, 4, 16), new_york(2025, 4, 17, 16, 30), True),
        ("h10", date(2025, 4, 11), new_york(2025, 4, 14, 16, 15), True),
        ("tic", date(2025, 2, 28), new_york(2025, 4, 18, 16), True),
        ("sofr", date(2025, 4, 10), new_york(2025, 4, 11, 8), True),
        ("month_lag:15", date(2025, 3, 1), new_york(2025, 4, 15, 8, 30), False),
        ("quarter_lag:30", date(2025, 1, 1), new_york(2025, 4, 30, 8, 30), False),
    ],
)
def test_next_release(name, period, at, known):
    found = next_release(name, end_of("2025-04-10"))
    assert found == Release(period, at.astimezone(UTC), known)


# Bad input


def test_unknown_rule():
    with pytest.raises(CalendarError, match="publication rule 'libor': unknown") as raised:
        first_public("libor", date(2025, 4, 10))
    assert "cftc_tff" in str(raised.value)


def test_beyond_the_calendars():
    with pytest.raises(CalendarError, match="after the calendars end"):
        first_public("sofr", date(2030, 12, 31))


def test_an_as_of_wants_a_time_zone():
    with pytest.raises(CalendarError, match="has no time zone"):
        expected("sofr", date(2025, 4, 10), datetime(2025, 4, 10))


# When the Bureau of Labor Statistics published, by its archive of news releases.
EMPLOYMENT = {
    "2019-12": "2020-01-10", "2022-06": "2022-07-08", "2023-02": "2023-03-10", "2024-07": "2024-08-02",
    "2024-12": "2025-01-10", "2025-03": "2025-04-04", "2025-09": "2025-11-20", "2025-11": "2025-12-16",
    "2025-12": "2026-01-09", "2026-01": "2026-02-11",
}  # fmt: skip
PRICES = {
    "2024-04": "2024-05-15", "2024-12": "2025-01-15", "2025-03": "2025-04-10", "2025-06": "2025-07-15",
    "2025-09": "2025-10-24", "2025-11": "2025-12-18", "2025-12": "2026-01-13", "2026-01": "2026-02-13",
}  # fmt: skip


@pytest.mark.parametrize(
    ("series", "month", "published"),
    [("unemployment", *p) for p in EMPLOYMENT.items()] + [("core_cpi", *p) for p in PRICES.items()],
)
def test_a_monthly_report_counts_from_the_morning_on_which_it_was_out(
    series: str, month: str, published: str
) -> None:
    out = first_public(catalog.series(series).publication, date.fromisoformat(f"{month}-01"))
    assert out.at == datetime.combine(date.fromisoformat(published), time(8, 30), NEW_YORK)
    assert not out.estimated


def schedule(name: str) -> tuple[date, ...]:
    found = rule(name)
    assert isinstance(found, Monthly)
    return found.scheduled


@pytest.mark.parametrize("name", ["bls_employment", "bls_cpi"])
def test_a_month_without_a_schedule_has_the_latest_day_it_can_come(name: str) -> None:
    last = schedule(name)[-1]
    after = first_public(name, last)  # of the month in which the last scheduled report comes
    assert after.estimated
    assert after.at.date() > last
    (known, guessed) = releases(name, new_york(last.year, last.month, 1), after.at)
    assert (known.at.date(), known.known, guessed.known) == (last, True, False)


@pytest.mark.parametrize("name", ["bls_employment", "bls_cpi"])
def test_a_schedule_has_one_day_of_each_month(name: str) -> None:
    months = [(day.year, day.month) for day in schedule(name)]
    assert months == sorted(set(months))
    assert len(months) == (months[-1][0] - months[0][0]) * 12 + months[-1][1] - months[0][1] + 1


def test_what_comes_out_at_the_start_is_out_and_at_the_end_still_to_come():
    friday = datetime(2025, 4, 11, 15, 30, tzinfo=NEW_YORK)
    week = timedelta(days=7)
    assert friday not in {release.at for release in releases("cftc_tff", friday, friday + week)}
    assert friday in {release.at for release in releases("cftc_tff", friday - week, friday)}
