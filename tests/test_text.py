"""How numbers, dates and moments are written, and how an as-of is read."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import AsOfError
from reportgen.model import NEW_YORK, Fact
from reportgen.text import (
    as_of_name,
    format_date,
    format_day,
    format_moment,
    format_number,
    format_value,
    parse_as_of,
    references,
    resolve,
    show,
)

FACT = Fact(
    id="ust.10y.change_week",
    label="10-year yield, change on the week",
    value=39.0,
    unit="bp",
    text="+39\xa0bp",
    observed=dt.date(2025, 4, 10),
    published=dt.datetime(2025, 4, 10, 22, tzinfo=dt.UTC),
    inputs=(),
    method="difference of closes, ×100",
    start=dt.date(2025, 4, 4),
    signed=True,
)


def fact(value, unit, decimals=0, signed=False):
    text = format_value(value, unit, decimals, signed=signed)
    return dataclasses.replace(FACT, value=value, unit=unit, text=text, decimals=decimals, signed=signed)


@pytest.mark.parametrize(
    ("value", "decimals", "signed", "written"),
    [
        (1873687, 0, False, "1,873,687"),
        (-1873687, 0, False, "−1,873,687"),
        (39.0, 0, True, "+39"),
        (-0.04, 1, True, "0.0"),  # a rounded zero has no sign
        (0.04, 1, True, "0.0"),
        (0.0, 0, True, "0"),
        (-0.06, 1, False, "−0.1"),
        (4.4, 2, False, "4.40"),
    ],
)
def test_numbers(value, decimals, signed, written):
    assert format_number(value, decimals, signed=signed) == written


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "signed", "written"),
    [
        (39.0, "bp", 0, True, "+39\xa0bp"),
        (4.4, "percent", 2, False, "4.40%"),
        (152.853, "usd_bn", 1, False, "$152.9bn"),
        (-85.968, "usd_bn", 1, True, "−$86.0bn"),
        (3175.2, "usd", 0, False, "$3,175"),
        (1.44, "cuts", 1, False, "1.4\xa0cuts"),
        (1.0, "cuts", 0, False, "1\xa0cut"),
        (-1.0, "contracts", 0, True, "−1\xa0contract"),
        (29.0, "days", 0, False, "29\xa0trading days"),
        (1.0, "days", 0, False, "1\xa0trading day"),
        (-4.7, "points", 1, True, "−4.7\xa0points"),
        (0.1, "z", 1, True, "+0.1\xa0standard deviations"),
        (5268.05, "index", 0, False, "5,268"),
        (1.1014, "quote", 4, False, "1.1014"),
        ("bear_steepening", "text", 0, False, "bear steepening"),
    ],
)
def test_values_with_their_units(value, unit, decimals, signed, written):
    assert format_value(value, unit, decimals, signed=signed) == written


def test_dates_and_moments():
    day = dt.date(2025, 4, 10)
    assert format_date(day) == "10\xa0April\xa02025"
    assert format_day(day, dt.date(2025, 1, 1)) == "10\xa0April"
    assert format_day(day, dt.date(2026, 1, 1)) == "10\xa0April\xa02025"
    moment = dt.datetime(2025, 4, 11, 19, 30, tzinfo=dt.UTC)
    assert format_moment(moment, day) == "Friday 11\xa0April at 15:30"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-04-10", dt.datetime(2025, 4, 10, 23, 59)),
        (" 2025-04-10\n", dt.datetime(2025, 4, 10, 23, 59)),
        ("2025-04-11T18:00", dt.datetime(2025, 4, 11, 18, 0)),
        ("2025-04-11 18:00", dt.datetime(2025, 4, 11, 18, 0)),
        ("2025-04-11T1800", dt.datetime(2025, 4, 11, 18, 0)),
        ("2025-04-11T18:00:30", dt.datetime(2025, 4, 11, 18, 0, 30)),
        ("2025-04-11T22:00Z", dt.datetime(2025, 4, 11, 18, 0)),
        ("2025-04-12T00:00+02:00", dt.datetime(2025, 4, 11, 18, 0)),
        ("2025-01-10T18:00-0500", dt.datetime(2025, 1, 10, 18, 0)),
    ],
)
def test_an_as_of_is_new_york_s_unless_an_offset_follows(text, moment):
    assert parse_as_of(text) == moment.replace(tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    "text",
    ["", "today", "10.4.2025", "2025-4-10", "2025-13-01", "2025-02-30", "2025-04-10T25:00", "2025-04-10T18",
     "2025-04-10T18:00+99:00", "0001-01-01T00:00+12:00", "9999-12-31T23:59-12:00", "20250410", "2025-04-10T"],
)  # fmt: skip
def test_any_other_form_is_refused_with_the_expected_one(text):
    with pytest.raises(AsOfError) as error:
        parse_as_of(text)
    assert repr(text) in error.value.message
    assert "expected YYYY-MM-DD or YYYY-MM-DDTHH:MM" in error.value.message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2025-04-10", "2025-04-10"),
        ("2025-04-10T23:59", "2025-04-10"),
        ("2025-04-11T18:00", "2025-04-11T1800"),
        ("2025-04-11T18:00:05", "2025-04-11T180005"),
    ],
)
def test_an_as_of_names_its_folder(text, name):
    assert as_of_name(parse_as_of(text)) == name


@given(st.datetimes(dt.datetime(2018, 6, 1), dt.datetime(2026, 8, 1)))
def test_a_folder_s_name_reads_back_as_its_as_of(moment):
    as_of = moment.replace(second=0, microsecond=0, tzinfo=NEW_YORK)
    assert as_of_name(parse_as_of(as_of_name(as_of))) == as_of_name(as_of)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("", "+39\xa0bp"),
        ("magnitude", "39\xa0bp"),
        ("signed", "+39\xa0bp"),
        ("bare", "+39"),
        ("whole", "+39\xa0bp"),
        ("observed", "10\xa0April\xa02025"),
        ("start", "4\xa0April\xa02025"),
        ("published", "Thursday 10\xa0April at 18:00"),
    ],
)
def test_forms(form, written):
    assert show(FACT, form) == written


def test_forms_of_contracts_and_large_amounts():
    short = fact(-1_873_687.0, "contracts")
    assert show(short, "thousands") == "1,874,000"
    assert show(short, "millions") == "1.87\xa0million"
    assert show(fact(6723.4, "usd_bn", 1), "magnitude") == "$6,723bn"
    assert show(fact(-85.96, "usd_bn", 1, signed=True), "magnitude") == "$86.0bn"


@pytest.mark.parametrize(
    ("shown", "form"),
    [
        (FACT, "millions"),
        (FACT, "loud"),
        (dataclasses.replace(FACT, start=None), "start"),
        (dataclasses.replace(FACT, value="robust", unit="text", text="robust"), "magnitude"),
    ],
)
def test_a_form_that_does_not_fit_is_an_error(shown, form):
    with pytest.raises(ValueError, match=r"ust\.10y\.change_week"):
        show(shown, form)


def test_references_are_found_and_resolved():
    text = "Rose {{ ust.10y.change_week|magnitude }} to {{gold.level}}; {{ not a reference }}."
    assert references(text) == ("ust.10y.change_week", "gold.level")
    written = resolve(text, lambda fact_id, form: f"<{fact_id}:{form}>")
    assert written == "Rose <ust.10y.change_week:magnitude> to <gold.level:>; {{ not a reference }}."
