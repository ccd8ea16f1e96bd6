"""The Fed's terms, as in force on a day."""

import datetime as dt

import pytest

from reportgen.findings import terms


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2017-09-30", "reinvests"),
        ("2018-06-01", "run off"),
        ("2019-09-18", "reinvests"),
        ("2020-03-22", "at least $500bn"),
        ("2020-03-23", "in the amounts needed"),
        ("2022-08-31", "$30bn"),
        ("2022-09-01", "$60bn"),
        ("2024-06-01", "$25bn"),
        ("2025-04-10", "$5bn"),
        ("2025-12-05", "reinvests"),
        ("2025-12-12", "bills"),
    ],
)
def test_what_the_fed_does_with_its_treasuries(day, words):
    assert words in terms.in_force(dt.date.fromisoformat(day))["terms.balance_sheet"].text


def test_standing_repo_and_its_limit():
    assert "terms.repo" not in terms.in_force(dt.date(2019, 9, 16))
    assert "standing" not in terms.in_force(dt.date(2021, 7, 28))["terms.repo"].text
    assert "$500bn" in terms.in_force(dt.date(2021, 7, 29))["terms.repo"].text
    assert "without a limit" in terms.in_force(dt.date(2025, 12, 10))["terms.repo"].text


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2025-10-29", ""),  # announced in the afternoon: told from the next day
        ("2025-10-30", "from 1 December 2025 it reinvests"),
        ("2025-11-30", "from 1 December 2025 it reinvests"),
        ("2025-12-01", ""),
        ("2025-12-11", "from 12 December 2025 it buys"),
        ("2022-05-05", "from 1 June 2022 it lets up to $30bn"),  # and not yet what comes after that
        ("2022-06-01", "from 1 September 2022 up to $60bn a month"),
    ],
)
def test_what_is_announced_and_not_in_force_yet(day, words):
    ahead = terms.in_force(dt.date.fromisoformat(day)).get("terms.balance_sheet.next")
    assert ("" if ahead is None else ahead.text).startswith(words or "")
    assert (ahead is None) == (not words)


def test_each_says_since_when_and_by_whom():
    for found in terms.in_force(dt.date(2026, 6, 18)).values():
        assert "in force from" in found.source
        assert found.unit == "text"
        assert not found.text.endswith(".")
        assert found.text[0].islower()
