"""Rows that arrive: what is new, what is a revision, and since when each counts as public."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import catalog
from reportgen.calendars import publication
from reportgen.calendars.exceptions import use_exceptions
from reportgen.errors import ConfigError, StoreError
from reportgen.model import to_moment64
from reportgen.store.files import Columns
from reportgen.store.merging import Watched, asked_again, empty, merge
from reportgen.store.reading import filled
from reportgen.text import parse_as_of

SOFR = catalog.series("sofr")  # published on the next business day at 08:00
COT = catalog.series("cot_10y_lev_short")
CPI = catalog.series("cpi")  # a typical lag
NEVER = np.datetime64("NaT", "us")


def moment(text: str) -> np.datetime64:
    return to_moment64(parse_as_of(text))


def rows(seen, *entries):
    """Give rows of (day, value) or (day, value, published), seen at a moment."""
    count = len(entries)
    published = [moment(e[2]) if len(e) > 2 else NEVER for e in entries]
    return Columns(
        np.array([e[0] for e in entries], "datetime64[D]"),
        np.array([np.nan if e[1] is None else e[1] for e in entries]),
        np.array(published, "datetime64[us]"),
        np.full(count, moment(seen)),
    )


def told(found: Columns):
    """Write rows as (day, value, published), with null where the rule decides."""
    return [
        (str(day), None if np.isnan(value) else value, None if np.isnat(at) else str(at)[:16])
        for day, value, at in zip(found.days, found.values.tolist(), found.published, strict=True)
    ]


def test_first_values_are_public_by_the_rule():
    merged = merge(empty(), rows("2025-05-01", ("2025-04-10", 4.37), ("2025-04-11", 4.33)), SOFR)
    assert told(merged.rows) == [("2025-04-10", 4.37, None), ("2025-04-11", 4.33, None)]
    assert (merged.new, merged.revised, merged.same) == (2, 0, 0)


def test_what_is_known_is_not_added_again():
    held = merge(empty(), rows("2025-05-01", ("2025-04-10", 4.37), ("2025-04-14", None)), SOFR).rows
    again = merge(held, rows("2025-05-02", ("2025-04-10", 4.37), ("2025-04-14", None)), SOFR)
    assert (again.new, again.revised, again.same) == (0, 0, 2)
    assert not again.changed
    assert told(again.rows) == told(held)
    assert (again.rows.retrieved == held.retrieved).all()


def test_a_clock_that_was_set_back_hides_no_revision_and_adds_none_again():
    held = merge(empty(), rows("2025-04-11T09:00", ("2025-04-10", 4.37)), SOFR).rows
    held = merge(held, rows("2025-04-11T14:31", ("2025-04-10", 4.36)), SOFR).rows
    merged = merge(held, rows("2025-04-11T13:00", ("2025-04-10", 4.35)), SOFR)
    assert filled(merged.rows, SOFR.publication).values.tolist() == [4.37, 4.36, 4.35]
    assert told(merged.rows)[1] == ("2025-04-10", 4.35, "2025-04-11T18:31")
    again = merge(merged.rows, rows("2025-04-11T13:10", ("2025-04-10", 4.35)), SOFR)
    assert (again.same, again.changed) == (1, False)


def test_a_row_without_the_time_of_its_retrieval_may_be_revised():
    held = dataclasses.replace(rows("2025-04-11", ("2025-04-10", 4.37)), retrieved=np.array([NEVER]))
    merged = merge(held, rows("2025-04-12T09:00", ("2025-04-10", 4.36)), SOFR)
    assert filled(merged.rows, SOFR.publication).values.tolist() == [4.37, 4.36]
    assert str(merged.rows.published[0])[:16] == "2025-04-12T13:00"


def test_a_changed_value_is_a_revision_from_the_moment_it_was_seen():
    held = merge(empty(), rows("2025-04-11T09:00", ("2025-04-10", 4.37)), SOFR).rows
    merged = merge(held, rows("2025-04-11T14:31", ("2025-04-10", 4.36)), SOFR)
    assert (merged.new, merged.revised) == (0, 1)
    assert told(merged.rows) == [("2025-04-10", 4.36, "2025-04-11T18:31"), ("2025-04-10", 4.37, None)]
    known = filled(merged.rows, SOFR.publication)
    assert known.values.tolist() == [4.37, 4.36]


def test_a_revision_seen_before_the_rules_moment_does_not_go_before_the_first_value():
    held = merge(empty(), rows("2025-04-11T07:00", ("2025-04-10", 4.37)), SOFR).rows
    merged = merge(held, rows("2025-04-11T07:30", ("2025-04-10", 4.36)), SOFR)
    known = filled(merged.rows, SOFR.publication)
    assert known.values.tolist() == [4.37, 4.36]
    assert str(known.published[1])[:16] == "2025-04-11T12:00"  # 08:00 in New York


def test_a_value_withdrawn_and_given_again_are_revisions():
    held = merge(empty(), rows("2025-05-01", ("2025-04-10", 4.37)), SOFR).rows
    held = merge(held, rows("2025-05-02", ("2025-04-10", None)), SOFR).rows
    merged = merge(held, rows("2025-05-03", ("2025-04-10", 4.37)), SOFR)
    assert filled(merged.rows, SOFR.publication).values.tolist()[::2] == [4.37, 4.37]
    assert len(merged.rows) == 3


def test_what_was_asked_for_in_vain_was_not_public_then():
    """A publisher who is late without our knowing why is late all the same."""
    held = merge(empty(), rows("2025-04-11T16:00", ("2025-04-01", 1.0)), COT).rows
    watched = Watched(dt.date(2025, 4, 1), moment("2025-04-18T15:20"))
    arrived = rows("2025-04-22T10:00", ("2025-04-08", 2.0), ("2025-04-15", 3.0))
    merged = merge(held, arrived, COT, watched)
    # The report of the 15th was due ten minutes after we asked.
    assert told(merged.rows)[1:] == [
        ("2025-04-08", 2.0, "2025-04-22T14:00"),
        ("2025-04-15", 3.0, None),
    ]


@pytest.mark.parametrize(
    ("watched", "published"),
    [
        (None, None),
        (Watched(dt.date(2025, 4, 9), moment("2025-04-11T15:40")), "2025-04-22T14:00"),
        (Watched(dt.date(2025, 4, 15), moment("2025-04-20")), None),  # never asked for so far back
        (Watched(dt.date(2025, 4, 9), moment("2025-04-11T07:59")), None),  # before its time
        (Watched(dt.date(2025, 4, 9), moment("2025-04-14"), grace=2), None),  # may trail
        (Watched(dt.date(2025, 4, 9), moment("2025-04-15T09:00"), grace=2), "2025-04-22T14:00"),
        (Watched(dt.date(2025, 4, 9), moment("2025-04-20"), grace=None), None),  # proves nothing
    ],
    ids=["never asked", "in vain", "not so far", "too early", "within grace", "past grace", "a folder"],
)
def test_silence_counts_from_the_rules_moment_and_the_days_asked_for(watched, published):
    arrived = rows("2025-04-22T10:00", ("2025-04-10", 4.37))
    assert told(merge(empty(), arrived, SOFR, watched).rows) == [("2025-04-10", 4.37, published)]


def test_what_was_known_of_earlier_days_stands_if_it_covers_them():
    """SOFR of a day is due on the next business day at 8:00."""
    long_ago, before = dt.date(2015, 1, 2), moment("2025-04-11T09:00")
    first = Watched(long_ago, before)
    assert asked_again(None, first, SOFR) == first
    again = Watched(dt.date(2025, 4, 11), moment("2025-04-16T09:00"))  # asked from the 11th on
    assert asked_again(first, again, SOFR) == dataclasses.replace(again, since=long_ago)
    # The 11th was due on the 14th: nobody could have it when we first asked, and then we did not ask for it.
    hole = Watched(dt.date(2025, 4, 12), moment("2025-04-16T09:00"))
    assert asked_again(first, hole, SOFR) == hole
    more = Watched(dt.date(2014, 1, 2), moment("2025-04-16T09:00"))
    assert asked_again(first, more, SOFR) == more
    trailing = dataclasses.replace(first, grace=2)
    assert asked_again(trailing, dataclasses.replace(again, grace=2), SOFR).since == again.since


def test_what_came_before_a_typical_lag_was_public_when_it_was_seen():
    lag = publication.first_public(CPI.publication, dt.date(2025, 3, 1)).at
    seen = lag - dt.timedelta(days=2)
    arrived = dataclasses.replace(rows("2025-05-01", ("2025-03-01", 320.1)))
    arrived = Columns(arrived.days, arrived.values, arrived.published, np.array([to_moment64(seen)]))
    assert merge(empty(), arrived, CPI).rows.published.tolist() == [seen.replace(tzinfo=None)]


def test_a_close_seen_early_waits_for_its_hour():
    vix = catalog.series("vix")
    merged = merge(empty(), rows("2025-04-10T12:00", ("2025-04-10", 40.7)), vix)
    assert told(merged.rows) == [("2025-04-10", 40.7, None)]


def test_vintages_keep_their_own_times_and_repeat_nothing():
    arrived = rows(
        "2025-05-01",
        ("2025-01-01", 1.0, "2025-02-12T08:30"),
        ("2025-01-01", 1.0, "2025-02-20T08:30"),  # the edge of a request, no news
        ("2025-01-01", 1.1, "2025-03-12T08:30"),
        ("2025-02-01", 2.0, "2025-03-12T08:30"),
    )
    merged = merge(empty(), arrived, CPI)
    assert told(merged.rows) == [
        ("2025-01-01", 1.0, "2025-02-12T13:30"),
        ("2025-01-01", 1.1, "2025-03-12T12:30"),
        ("2025-02-01", 2.0, "2025-03-12T12:30"),
    ]
    assert (merged.new, merged.revised, merged.same) == (2, 1, 1)
    again = merge(merged.rows, arrived, CPI)
    assert not again.changed
    assert told(again.rows) == told(merged.rows)


def test_the_first_vintage_of_all_is_public_by_the_rule_whenever_it_is_asked_for():
    arrived = rows(
        "2025-05-01",
        ("2025-01-01", 1.0),
        ("2025-01-01", 1.1, "2025-03-12T08:30"),
        ("2025-01-01", 1.0, "2025-04-10T08:30"),
        ("2025-02-01", 2.0, "2025-03-12T08:30"),
    )
    held = merge(empty(), arrived, CPI).rows
    assert sorted(told(held), key=lambda row: row[2] or "") == [
        ("2025-01-01", 1.0, None),
        ("2025-01-01", 1.1, "2025-03-12T12:30"),
        ("2025-02-01", 2.0, "2025-03-12T12:30"),
        ("2025-01-01", 1.0, "2025-04-10T12:30"),
    ]
    later = Columns(
        arrived.days, arrived.values, arrived.published, arrived.retrieved + np.timedelta64(9, "D")
    )
    again = merge(held, later, CPI)
    assert (again.new, again.revised, again.same) == (0, 0, 4)
    assert told(again.rows) == told(held)
    only = merge(held, rows("2025-06-01", ("2025-02-01", 2.1, "2025-05-13T08:30")), CPI)
    assert (only.new, only.revised) == (0, 1)
    assert filled(only.rows, CPI.publication).values.tolist() == [1.0, 1.1, 1.0, 2.0, 2.1]


def test_a_source_that_may_not_revise_only_adds_days():
    held = merge(empty(), rows("2025-05-01", ("2025-04-10", 4.37), ("2025-04-11", 4.33)), SOFR).rows
    arrived = rows("2025-05-02", ("2025-04-10", 4.37), ("2025-04-11", 9.99), ("2025-04-14", 4.33))
    merged = merge(held, arrived, SOFR, revises=False)
    assert (merged.new, merged.revised, merged.same, merged.refused) == (1, 0, 1, 1)
    assert merged.rows.values.tolist() == [4.37, 4.33, 4.33]


def test_two_values_of_one_day_are_refused_and_two_copies_are_one():
    with pytest.raises(StoreError, match="sofr: two values of 2025-04-10 arrived together"):
        merge(empty(), rows("2025-05-01", ("2025-04-10", 4.37), ("2025-04-10", 4.38)), SOFR)
    twice = rows("2025-05-01", ("2025-04-10", 4.37), ("2025-04-10", 4.37))
    assert merge(empty(), twice, SOFR).new == 1


def test_order_does_not_matter():
    one = rows("2025-05-01", ("2025-04-11", 4.33), ("2025-04-10", 4.37))
    assert told(merge(empty(), one, SOFR).rows) == [("2025-04-10", 4.37, None), ("2025-04-11", 4.33, None)]


FIRST = dt.datetime(2025, 4, 21, 12, tzinfo=dt.UTC)
STEP = st.tuples(
    st.integers(1, 60),  # hours until the next fetch
    st.dictionaries(st.integers(0, 11), st.sampled_from([1.0, 2.0, 3.0, None]), max_size=4),
)


@given(st.lists(STEP, min_size=2, max_size=8))
def test_the_store_shows_of_every_past_fetch_what_that_fetch_saw(steps):
    """Whatever a publisher adds, revises or withdraws, and however late.

    Read later, the store as of a past fetch holds what had been seen by then and no more.
    """
    days = np.array(
        [d for d in np.arange("2025-04-14", "2025-04-30", dtype="datetime64[D]") if np.is_busday(d)]
    )
    published: dict[int, float | None] = {0: 0.0}
    held, watched, at, seen = empty(), None, FIRST, []
    for hours, news in steps:
        at += dt.timedelta(hours=hours)
        # A publisher shows no day that has not come.
        published |= {k: v for k, v in news.items() if days[k] < to_moment64(at)}
        order = sorted(published)
        arrived = Columns(
            days[order],
            np.array([np.nan if published[k] is None else published[k] for k in order], np.float64),
            np.full(len(order), NEVER),
            np.full(len(order), to_moment64(at)),
        )
        held = merge(held, arrived, SOFR, watched).rows
        watched = Watched(dt.date(2025, 4, 14), to_moment64(at))
        seen.append((to_moment64(at), dict(published)))
    known = filled(held, SOFR.publication)
    for fetched, then in seen:
        public = known.take(known.published <= fetched)
        last = public.take(np.append(public.days[1:] != public.days[:-1], True)) if len(public) else public
        found = dict(zip(last.days.tolist(), last.values.tolist(), strict=True))
        rule = publication.first_public_array(SOFR.publication, days)
        expected = {days[k].item(): v for k, v in then.items() if rule[k] <= fetched}
        assert found.keys() == expected.keys()
        for day, value in expected.items():
            assert np.isnan(found[day]) if value is None else found[day] == value


EXCEPTIONS = """
[cause.shutdown_2027]
known = 2027-01-04
phrase = "the shutdown of January 2027"

[[suspension]]
rules = ["cftc_tff"]
cause = "shutdown_2027"
first = 2027-01-05
source = "https://example.com/notice"
"""


@pytest.fixture
def exceptions(tmp_path):
    """Put exceptions of a desk in force, for one test."""

    def use(text):
        path = tmp_path / "publication.toml"
        path.write_text(text, encoding="utf-8")
        use_exceptions(path)

    yield use
    use_exceptions(None)


def test_a_shutdown_in_force_makes_reports_late_and_dates_what_comes_by_its_arrival(exceptions):
    exceptions(EXCEPTIONS)
    as_of = parse_as_of("2027-01-15")
    assert publication.overdue("cftc_tff", dt.date(2026, 12, 29), as_of) == [
        dt.date(2027, 1, 5),
        dt.date(2027, 1, 12),
    ]
    assert publication.expected("cftc_tff", dt.date(2027, 1, 5), as_of) is None
    assert (
        publication.delay_reason("cftc_tff", dt.date(2027, 1, 5), as_of)
        == "delayed by the shutdown of January 2027"
    )
    assert publication.next_release("cftc_tff", as_of) is None
    merged = merge(empty(), rows("2027-02-01T16:00", ("2027-01-05", 5.0)), COT)
    assert told(merged.rows) == [("2027-01-05", 5.0, "2027-02-01T21:00")]


def test_what_was_held_before_a_suspension_was_told_of_stays_public_since_it_was_seen(exceptions):
    held = merge(empty(), rows("2027-01-09T10:00", ("2027-01-05", 5.0)), COT).rows
    exceptions(EXCEPTIONS)
    assert told(filled(held, COT.publication)) == [("2027-01-05", 5.0, "2027-01-09T15:00")]


def test_a_date_announced_goes_before_the_suspension(exceptions):
    exceptions(
        EXCEPTIONS
        + """
[[delay]]
rule = "cftc_tff"
cause = "shutdown_2027"
source = "https://example.com/notice"
announced = 2027-01-14
dates = [[2027-01-05, 2027-01-22]]
"""
    )
    as_of = parse_as_of("2027-01-15")
    due = publication.expected("cftc_tff", dt.date(2027, 1, 5), as_of)
    assert due == parse_as_of("2027-01-22T15:30")
    assert publication.expected("cftc_tff", dt.date(2027, 1, 12), as_of) is None
    before = parse_as_of("2027-01-03")  # nobody knew of the shutdown then
    assert publication.expected("cftc_tff", dt.date(2027, 1, 5), before) == parse_as_of("2027-01-08T15:30")


def test_without_exceptions_the_rule_is_regular_again(exceptions):
    exceptions(EXCEPTIONS)
    use_exceptions(None)
    at = publication.first_public("cftc_tff", dt.date(2027, 1, 5)).at
    assert at == parse_as_of("2027-01-08T15:30")


def test_every_fault_of_the_exceptions_is_named(exceptions):
    with pytest.raises(ConfigError) as caught:
        exceptions(
            """
[cause.strike]
known = "soon"
colour = "red"

[[suspension]]
rules = ["cftc"]
cause = "nothing"
first = 2027-01-05
last = 2027-01-04

[[delay]]
rule = "cftc_tff"
cause = "strike"
dates = [[2027-01-05]]

[other]
"""
        )
    message = str(caught.value)
    for words in (
        "other: unknown table",
        "cause.strike.known: expected a date, found 'soon'",
        "cause.strike.colour: unknown key",
        "cause.strike.phrase: missing",
        "suspension[1].source: missing",
        "suspension[1].cause: no [cause.nothing]",
        "suspension[1].last: 2027-01-04 lies before first",
        "publication rule 'cftc': unknown",
        "delay[1].source: missing",
        "delay[1].dates: expected pairs of days",
    ):
        assert words in message, words


def test_exceptions_that_are_no_toml_are_named(exceptions):
    with pytest.raises(ConfigError, match=r"publication\.toml: not valid TOML"):
        exceptions("[cause")
