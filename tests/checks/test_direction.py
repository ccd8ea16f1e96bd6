"""Words of direction beside a number, against the number's sign."""

import datetime as dt

import pytest

from reportgen.checks import direction
from reportgen.model import Fact

MOMENT = dt.datetime(2025, 4, 10, 22, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("words", "unit", "value", "wrong"),
    [
        ("stocks sold off ", "percent", 3.8, True),
        ("stocks sold off ", "percent", -3.8, False),
        ("stocks rallied ", "percent", 3.8, False),
        ("Treasuries rallied ", "bp", -17.0, False),  # the yield fell
        ("Treasuries rallied ", "bp", 17.0, True),
        ("Treasuries sold off by ", "bp", 39.0, False),
        ("a sell-off of ", "bp", -39.0, True),
        ("the VIX spiked ", "points", -4.6, True),
        ("yields backed up ", "bp", -12.0, True),
        ("gold tumbled another ", "percent", 2.0, True),
    ],
)
def test_words_of_the_desk(words: str, unit: str, value: float, wrong: bool) -> None:
    fact = Fact("a.change_week", "A", value, unit, str(value), MOMENT.date(), MOMENT, (), "")
    word, sign = direction.before(words)
    assert word
    assert direction.against(fact, word, sign) is wrong
