"""Units and the only conversions between them."""

import pytest

from reportgen.units import FACT_UNITS, SERIES_UNITS, factor


@pytest.mark.parametrize(
    ("series_unit", "fact_unit", "expected"),
    [
        ("percent", "bp", 100.0),
        ("percent", "percent", 1.0),
        ("percent", "cuts", 4.0),  # a cut is 25 bp
        ("usd_mn", "usd_bn", 0.001),
        ("usd_bn", "usd_bn", 1.0),
        ("contracts", "contracts", 1.0),
        ("percent", "usd_bn", None),
        ("usd_bn", "usd_mn", None),
        ("contracts", "usd_bn", None),  # that takes a contract's size
        ("index", "percent", None),
    ],
)
def test_factors(series_unit, fact_unit, expected):
    assert factor(series_unit, fact_unit) == expected


def test_units_are_those_of_the_contract():
    assert set(FACT_UNITS) == {
        "percent", "bp", "cuts", "usd_bn", "usd", "contracts", "index", "points", "quote", "z", "days",
        "text",
    }  # fmt: skip
    assert {"percent", "usd_mn", "contracts"} <= set(SERIES_UNITS)
