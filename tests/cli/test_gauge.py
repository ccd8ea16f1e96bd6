"""`gauge`: one row a bond-market day."""

from __future__ import annotations

import csv
import io
import json

import pytest

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


def test_json_says_the_same_as_csv(run):
    found = json.loads(run("gauge", "--from", "2025-04-07", "--to", "2025-04-11", "--json").stdout)
    shown = rows(run, "2025-04-07", "2025-04-11")
    assert [list(row) for row in found] == [list(row) for row in shown]
    for one, other in zip(found, shown, strict=True):
        assert {k: "" if v is None else str(v) for k, v in one.items()} == other


def test_report_tells_episodes_aims_and_what_was_seen_before(run):
    result = run("gauge", "--report")
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    for words in (
        "2018-06-01 to 2026-08-20",
        "all five episodes",
        "re-estimated",
        "False alarms",
        "times 0.9",
    ):
        assert words in said
    table = {line.split()[0]: line for line in result.stdout.splitlines() if line[:3] == "202"}
    assert set(table) >= {"2020-03", "2023-03", "2025-04", "2025-10"}


def test_report_as_json_and_csv(run):
    found = json.loads(run("gauge", "--report", "--json").stdout)
    assert [e["id"] for e in found["episodes"]] == ["2019-09", "2020-03", "2023-03", "2025-04", "2025-10"]
    assert found["aims"]
    assert set(found["aims_with_thresholds_scaled"]) == {"0.9", "1.1"}
    listed = list(csv.DictReader(io.StringIO(run("gauge", "--report", "--csv").stdout)))
    assert len(listed) == 5 * (3 + 3)
    for row in listed:
        episode = next(e for e in found["episodes"] if e["id"] == row["episode"])
        if row["subject"] == "gauge":
            assert row["day"] == (episode["gauge"][row["event"]]["day"] or "")
        else:
            index = next(i for i in episode["indices"] if i["index"] == row["subject"])
            assert row["day"] == (index["day"] or "")
            assert row["lead_strained_days"] == str(
                "" if index["lead_strained_days"] is None else index["lead_strained_days"]
            )


def test_report_of_a_range_leaves_out_what_it_does_not_cover(run):
    result = run("gauge", "--report", "--from", "2021-01-04", "--to", "2021-12-31")
    assert result.exit_code == 0
    assert "not covered" in result.stdout
    assert "MISSED" not in result.stdout


def test_report_without_market_data_says_what_is_lacking(run, store):
    result = run("gauge", "--report", "--data", store)
    assert result.exit_code == 0
    assert "Nothing is held of: move, vix, hy_oas, ig_oas." in result.stdout
    assert "MISSED    crisis by 16 March 2020" in result.stdout


@pytest.mark.parametrize(("given", "lacking"), [("--from", "--to"), ("--to", "--from")])
def test_a_history_needs_both_ends(run, given, lacking):
    result = run("gauge", given, "2025-04-01")
    assert result.exit_code == 2
    assert f"Missing option '{lacking}'" in result.stderr


def test_one_form_at_a_time(refused):
    assert "exclude each other" in refused(2, "gauge", "--report", "--csv", "--json")
