"""The Treasury's daily yields, on recorded replies and against H.15."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest

from reportgen.errors import MalformedError
from reportgen.sources.treasury import SOURCE, compensation
from tests.sources.asking import body, fetched, held, values
from tests.sources.conftest import NOW, Memory
from tests.sources.replay import Answered

FEED = "/resource-center/data-chart-center/interest-rates/pages/xml"
NOMINAL, REAL = {"data": "daily_treasury_yield_curve"}, {"data": "daily_treasury_real_yield_curve"}
AUGUST = "treasury/daily_par_yield_curve_2026-08_excerpt.xml"
JULY_2020 = "treasury/daily_par_yield_curve_2020-07_old_feed.xml"
PAR = [s for s in SOURCE.series if s.startswith("ust_")]
HELD = dict.fromkeys(SOURCE.series, dt.date(2026, 11, 18))
NOVEMBER = {"newest": HELD}


def real(day: str, five: str, ten: str, thirty: str) -> bytes:
    """Compose a day of real yields in the form of the recorded feed."""
    text = body(AUGUST).decode()
    entry = re.search(r"<entry>.*?</entry>", text, re.S)
    assert entry
    tenors = "".join(
        f'<d:TC_{n}YEAR m:type="Edm.Double">{v}</d:TC_{n}YEAR>'
        for n, v in ((5, five), (10, ten), (30, thirty))
    )
    mine = re.sub(r"<d:BC_.*</d:BC_30YEAR>", tenors, entry[0], flags=re.S)
    mine = re.sub(r"\d{4}-\d\d-\d\dT", f"{day}T", mine)
    return (text[: entry.start()] + mine + "</feed>").encode()


def test_recorded_yields_come_tenor_by_tenor(replay, transport):
    replay.recorded(FEED, AUGUST, **NOMINAL)
    (first, *_) = fetched(SOURCE, transport, *PAR, newest=HELD)
    assert {s: d["2026-08-12"] for s, d in values(first).items()} == {
        "ust_1m": 3.78, "ust_3m": 3.87, "ust_6m": 3.97, "ust_1y": 4.00, "ust_2y": 4.20, "ust_3y": 4.25,
        "ust_5y": 4.38, "ust_7y": 4.52, "ust_10y": 4.68, "ust_20y": 5.24, "ust_30y": 5.24,
    }  # fmt: skip


def test_the_old_feed_agrees_with_h15(replay, transport):
    replay.recorded(FEED, JULY_2020, **NOMINAL)
    (first, *_) = fetched(SOURCE, transport, *PAR, newest=HELD)
    compared = 0
    for series, days in values(first).items():
        known = held(series)
        for day, value in days.items():
            assert known[day] == value, (series, day)
            compared += 1
    assert compared == 33


def test_months_are_asked_for_when_the_newest_day_is_near_and_years_otherwise(replay, transport):
    replay.recorded(FEED, AUGUST, **NOMINAL)
    fetched(SOURCE, transport, *PAR, newest=HELD)
    assert [a.query["field_tdr_date_value_month"] for a in replay.asked] == ["202611"]
    replay.asked.clear()
    fetched(SOURCE, transport, *PAR, newest=dict.fromkeys(PAR, dt.date(2026, 11, 4)))
    assert [a.query["field_tdr_date_value_month"] for a in replay.asked] == ["202610", "202611"]
    replay.asked.clear()
    fetched(SOURCE, transport, *PAR, since=dt.date(2024, 5, 1))
    assert [a.query["field_tdr_date_value"] for a in replay.asked] == ["2024", "2025", "2026"]


def test_an_unchanged_month_is_not_sent_again(replay, making):
    replay.recorded(FEED, AUGUST, **NOMINAL)
    memory: Memory = {}
    fetched(SOURCE, making(memory), *PAR, newest=HELD)
    (again,) = fetched(SOURCE, making(memory), *PAR, newest=HELD)
    assert (again.not_modified, again.rows, again.bytes) == (1, (), 0)


def test_a_curve_that_changed_brings_the_other_with_it(replay, making):
    replay.recorded(FEED, AUGUST, **NOMINAL)
    replay.route(FEED, real("2026-08-11", "1.90", "2.30", "2.80"), **REAL)
    memory: Memory = {}
    fetched(SOURCE, making(memory), newest=HELD)
    (same,) = fetched(SOURCE, making(memory), newest=HELD)
    assert (same.not_modified, same.rows, same.bytes) == (2, (), 0)
    replay.route(FEED, real("2026-08-12", "1.90", "2.30", "2.80"), **REAL)
    (changed,) = fetched(SOURCE, making(memory), newest=HELD)
    assert values(changed)["breakeven_10y"] == {"2026-08-12": 2.38}


def test_the_other_curve_may_fail_when_it_is_asked_for_again(replay, making):
    replay.recorded(FEED, AUGUST, **NOMINAL)
    replay.route(FEED, real("2026-08-12", "1.90", "2.30", "2.80"), **REAL)
    memory: Memory = {}
    fetched(SOURCE, making(memory), newest=HELD)
    replay.route(FEED, real("2026-08-11", "1.91", "2.31", "2.81"), **REAL)
    times = []

    def once(query):
        times.append(query)
        return body(AUGUST) if len(times) == 1 else Answered(b"gone", 404)

    replay.route(FEED, once, **NOMINAL)
    (answer,) = fetched(SOURCE, making(memory), newest=HELD)
    assert len(times) == 2
    assert set(answer.failed) == {*PAR, "breakeven_5y", "breakeven_10y", "forward_5y5y"}
    assert values(answer)["tips_10y"] == {"2026-08-11": 2.31}


def test_a_day_before_the_first_one_wanted_is_left_out(replay, transport):
    replay.recorded(FEED, AUGUST, **NOMINAL)
    replay.route(FEED, real("2026-08-11", "1.91", "2.31", "2.81"), **REAL)
    since = dt.date(2026, 8, 12)
    (answer,) = fetched(SOURCE, transport, since=since)
    assert values(answer).keys() == set(PAR)
    assert {tuple(days) for days in values(answer).values()} == {("2026-08-12",)}
    assert answer.told == dict.fromkeys(SOURCE.series, since)


def test_inflation_compensation_is_freds_own_difference():
    """T5YIE, T10YIE and T5YIFR of every day from 2015 on: the embedded values are FRED's."""
    five, ten, real5, real10 = map(held, ("ust_5y", "ust_10y", "tips_5y", "tips_10y"))
    inputs = {
        "breakeven_5y": (five, real5),
        "breakeven_10y": (ten, real10),
        "forward_5y5y": (five, real5, ten, real10),
    }
    compared = 0
    for series, parts in inputs.items():
        for day, value in held(series).items():
            if all(day in part for part in parts):
                assert float(compensation(series, [Decimal(str(p[day])) for p in parts])) == value
                compared += 1
    assert compared > 8500


def test_inflation_compensation_comes_on_the_days_of_both_curves(replay, transport):
    replay.recorded(FEED, AUGUST, **NOMINAL)
    replay.route(FEED, real("2026-08-12", "1.90", "2.30", "2.80"), **REAL)
    (answer,) = fetched(SOURCE, transport, newest=HELD)
    found = values(answer)
    assert (found["breakeven_5y"], found["breakeven_10y"]) == ({"2026-08-12": 2.48}, {"2026-08-12": 2.38})
    assert found["forward_5y5y"] == {"2026-08-12": 2.28}
    assert found["tips_30y"] == {"2026-08-12": 2.80}
    assert (answer.requests, answer.complete) == (2, True)


def test_a_tenor_that_was_not_issued_is_absent_and_one_that_was_is_missed(replay, transport):
    text = body(AUGUST)
    without = re.sub(rb"\s*<d:BC_20YEAR.*?</d:BC_20YEAR>", b"", text)
    replay.route(FEED, without.replace(b"2026-08", b"1993-08"), **NOMINAL)
    (answer,) = fetched(SOURCE, transport, *PAR, newest=HELD)
    assert ("ust_20y" in values(answer), "ust_1m" in values(answer)) == (False, True)
    assert answer.complete
    # Since it came back it is given every day: an element that is gone was renamed. The others stand.
    replay.route(FEED, without, **NOMINAL)
    (answer,) = fetched(SOURCE, transport, *PAR, newest=HELD)
    assert [(q.series, q.found) for q in answer.quarantined] == [
        ("ust_20y", "no element BC_20YEAR in 2 entries")
    ]
    assert set(values(answer)) == set(PAR) - {"ust_20y"}
    null = re.sub(rb"<d:BC_20YEAR.*?</d:BC_20YEAR>", b'<d:BC_20YEAR m:null="true" />', text)
    replay.route(FEED, null, **NOMINAL)
    (answer,) = fetched(SOURCE, transport, *PAR, newest=HELD)
    assert ("ust_20y" in values(answer), answer.complete) == (False, True)
    replay.route(FEED, re.sub(rb"BC_10YEAR", b"BC_TENYEAR", text), **NOMINAL)
    (answer,) = fetched(SOURCE, transport, *PAR, newest=HELD)
    assert "no element BC_10YEAR in 2 entries" in str(answer.failed["ust_2y"])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (b"4.68<", b"46.8<", "46.8 on 2026-08-12"),
        (b"4.68<", b"468<", "468 on 2026-08-12"),
        (b"4.68<", b"4,68<", "the value '4,68'"),
        (b"4.68<", b"null<", "the value 'null'"),
        (b"2026-08-12T00", b"2026-08-15T00", "on 2026-08-15"),
        (b"2026-08-12T00", b"2026-08-11T00", "2026-08-11 twice"),
        (b"2026-08-12T00", b"12.08.2026T00", "the date '12.08.2026T00:00:00'"),
    ],
)
def test_a_yield_that_cannot_be_is_quarantined(replay, transport, old, new, found):
    replay.route(FEED, body(AUGUST).replace(old, new), **NOMINAL)
    (answer,) = fetched(SOURCE, transport, "ust_10y", newest=HELD)
    assert found in answer.quarantined[0].found
    assert set(values(answer).get("ust_10y", {})) <= {"2026-08-11"}


def test_a_day_of_zeros_is_no_day(replay, transport):
    """As 14 April 2017 stood in the old feed."""
    start = body(AUGUST).index(b"2026-08-12")
    zeros = body(AUGUST)[:start] + re.sub(rb">\d\.\d\d<", b">0<", body(AUGUST)[start:])
    replay.route(FEED, zeros, **NOMINAL)
    (answer,) = fetched(SOURCE, transport, *PAR, newest=HELD)
    assert [q.found for q in answer.quarantined] == ["zero at every tenor on 2026-08-12"]
    assert {tuple(d) for d in values(answer).values()} == {("2026-08-11",)}


@pytest.mark.parametrize("prefixes", [True, False])
def test_entries_without_their_root_are_read(replay, transport, prefixes):
    text = body(AUGUST).decode()
    entries = text[text.index("<entry>") : text.rindex("</entry>") + len("</entry>")]
    if prefixes:
        entries = entries.replace("<m:properties>", (
            '<m:properties xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
            'xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices">'))  # fmt: skip
    replay.route(FEED, f"<pre>{entries}</pre>".encode(), **NOMINAL)
    (answer,) = fetched(SOURCE, transport, "ust_10y", newest=HELD)
    assert values(answer) == {"ust_10y": {"2026-08-11": 4.70, "2026-08-12": 4.68}}
    replay.route(FEED, f"{entries}{entries[:200]}".encode(), **NOMINAL)
    (answer,) = fetched(SOURCE, transport, "ust_10y", newest=HELD)
    assert isinstance(answer.failed["ust_10y"], MalformedError)


def test_the_first_days_of_a_month_have_no_entries_yet(replay, transport):
    replay.route(FEED, b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>', **NOMINAL)
    (answer,) = fetched(SOURCE, transport, *PAR, newest=HELD)
    assert (answer.rows, answer.complete) == ((), True)


def test_a_year_that_is_over_has_entries(replay, transport):
    empty = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>'
    replay.route(FEED, empty)
    answers = fetched(SOURCE, transport, *PAR, since=dt.date(2025, 6, 1))
    assert [set(a.failed) for a in answers] == [set(PAR), set()]  # of this year there may be none yet
    assert "no entries in 2025" in str(answers[0].failed["ust_10y"])


@pytest.mark.parametrize("wrong", [body(AUGUST)[:-300], b"<html>sorry</html>", b"<feed", b"<other/>"])
def test_what_is_no_feed_is_an_error(replay, transport, wrong):
    replay.route(FEED, wrong, **NOMINAL)
    (answer,) = fetched(SOURCE, transport, *PAR, newest=HELD)
    assert set(answer.failed) == set(PAR)
    # The real curve is not spoilt by it; what needs both is.
    replay.route(FEED, real("2026-08-12", "1.90", "2.30", "2.80"), **REAL)
    (answer,) = fetched(SOURCE, transport, newest=HELD)
    assert sorted(values(answer)) == ["tips_10y", "tips_30y", "tips_5y"]
    assert set(answer.failed) == {*PAR, "breakeven_5y", "breakeven_10y", "forward_5y5y"}


def test_the_probe_names_the_newest_day(replay, transport):
    replay.recorded(FEED, AUGUST, **NOMINAL)
    assert SOURCE.probe(transport).detail == "newest day: 2026-08-12"
    assert replay.asked[0].query["field_tdr_date_value_month"] == f"{NOW:%Y%m}"
