"""Typed numbers: what is one, and which facts print as it does."""

import datetime as dt

import pytest

from reportgen.checks.typed import Printed, numbers
from reportgen.model import Fact, Ref
from reportgen.text import format_value

MOMENT = dt.datetime(2025, 4, 10, 22, tzinfo=dt.UTC)


def fact(fact_id, value, unit, decimals, *, signed=False):
    text = format_value(value, unit, decimals, signed=signed)
    day = dt.date(2025, 4, 10)
    return Fact(fact_id, fact_id, value, unit, text, day, MOMENT, (), "", decimals=decimals, signed=signed)


FACTS = {
    f.id: f
    for f in (
        fact("ust.10y.change_week", 39.0, "bp", 0, signed=True),
        fact("real.10y.change_week", -38.4, "bp", 0, signed=True),
        fact("ust.10y.level", 4.4, "percent", 2),
        fact("facility.discount_window.level", 152.853, "usd_bn", 1),
        fact("cot.10y.lev_short", 2233498.0, "contracts", 0),
        fact("policy.cuts_12m.level", 1.0, "cuts", 1),
        fact("fx.cny.level", 7.28, "quote", 2),
        fact("fx.jpy.level", 145.93, "quote", 2),
        fact("a.level", 5.0, "bp", 0),
        fact("b.level", 5.0, "bp", 0),
    )
}
PRINTED = Printed(FACTS, {"unit.cut": Ref("unit.cut", "25 bp", 25.0, "bp", "FOMC")})


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("39 bp", ["ust.10y.change_week"]),
        ("+39 bp", ["ust.10y.change_week"]),
        ("39 basis points", ["ust.10y.change_week"]),
        ("39-basis-point".replace("-point", " points"), ["ust.10y.change_week"]),
        ("−39 bp", []),
        ("39", []),  # another form: without its unit it may be anything
        ("38 bp", ["real.10y.change_week"]),
        ("-38 bp", ["real.10y.change_week"]),
        ("38.4 bp", []),  # not as it prints
        ("4.40%", ["ust.10y.level"]),
        ("4.40 per cent", ["ust.10y.level"]),
        ("4.4%", []),
        ("$152.9bn", ["facility.discount_window.level"]),
        ("$153 billion", ["facility.discount_window.level"]),
        ("2.23 million contracts", ["cot.10y.lev_short"]),
        ("2,233,000 contracts", ["cot.10y.lev_short"]),
        ("25 bp", ["unit.cut"]),
        ("+39bp", ["ust.10y.change_week"]),
        ("4.40 %", ["ust.10y.level"]),
        ("$152.9 bn", ["facility.discount_window.level"]),
        ("7.28", ["fx.cny.level"]),
        ("7", []),  # any small number, not yuan for a dollar
        ("146", ["fx.jpy.level"]),
        ("5 bp", ["a.level", "b.level"]),
    ],
)
def test_candidates(words, ids):
    assert [found.id for found in PRINTED.candidates(words)] == ids


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rose 39 bp to 4.40%, or $1,143bn", ["39 bp", "4.40%", "$1,143bn"]),
        ("on 10 April 2025 at 15:30, since 2015", []),
        ("the 10-year and the 2s10s of the S&P 500", []),
        ("at 10 years, at 7% and at 10.5", ["7%", "10.5"]),
        ("a 25-basis-point cut", ["25"]),
        ("some forty basis points, two million", ["forty basis points", "two million"]),
        ("two sessions of one week", []),
        ("April 9, 2025, as on May 2; since 1994, in late 2019 and mid-2024, Q1 2025, FY2025, the 1970s", []),
        ("2y, 10Y, 30-yr, the 7-10y bucket, 3m10y and 5y5y", []),
        (
            "in 2000 contracts, May 40 bp, $3m, 3m contracts, at 2024",
            ["2000 contracts", "40 bp", "$3", "3", "2024"],
        ),
        ("10y +40 bp and 2y at 3.48%", ["+40 bp", "3.48%"]),
        ("in the 97th percentile", ["97"]),
    ],
)
def test_numbers(text, found):
    assert sorted(one.words for one in numbers(text)) == sorted(found)
