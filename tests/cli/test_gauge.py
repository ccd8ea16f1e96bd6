"""`gauge`: one row a bond-market day."""

from __future__ import annotations

import csv
import io

HEADER = ["date", "score", "state"]


def rows(run, start: str, end: str) -> list[dict[str, str]]:
    result = run("gauge", "--from", start, "--to", end, "--csv")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split(",")[:3] == HEADER
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_one_row_a_bond_market_day(run):
    # 18 April 2025 was Good Friday.
    days = [row["date"] for row in rows(run, "2025-04-12", "2025-04-21")]
    assert days == ["2025-04-14", "2025-04-15", "2025-04-16", "2025-04-17", "2025-04-21"]


def test_a_component_is_a_column_in_its_unit(run):
    # The VIX closed at 82.69 on 16 March 2020 (Cboe).
    (row,) = rows(run, "2020-03-16", "2020-03-16")
    assert float(row["vix"]) == 82.69
    assert row["state"] == "crisis"
    assert 75 <= float(row["score"]) <= 100


def test_the_table_shows_the_days_of_the_csv(run):
    found = rows(run, "2025-04-07", "2025-04-11")
    table = run("gauge", "--from", "2025-04-07", "--to", "2025-04-11").stdout.splitlines()
    assert table[0].split() == list(found[0])
    assert [line.split()[0] for line in table[1:]] == [row["date"] for row in found]
    assert [line.split()[2] for line in table[1:]] == [row["state"] for row in found]


def test_a_day_says_the_same_in_any_range(run):
    (alone,) = rows(run, "2025-10-31", "2025-10-31")
    assert alone in rows(run, "2025-10-01", "2025-12-31")


def test_a_closed_range_has_no_row(run):
    assert rows(run, "2025-04-19", "2025-04-20") == []
