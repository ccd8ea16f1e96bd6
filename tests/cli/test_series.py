"""`series`: what is held, how fresh it is and when the next comes."""

from __future__ import annotations

import json

import pytest

from reportgen import catalog, embedded


def answer(run, *arguments):
    result = run("series", *arguments, "--json")
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_every_series_is_held_or_named_as_not_held(run):
    found = answer(run)
    held = [row["id"] for row in found["series"]]
    assert found["as_of"] == "2026-06-18T23:59:00-04:00"
    assert sorted(held + found["not_held"]) == sorted(catalog.all_series())
    assert found["not_in_catalogue"] == []
    assert "h41_custody" in found["not_held"]
    rows = {row["id"]: row for row in found["series"]}
    assert rows["ust_10y"]["state"] == "fresh"
    assert rows["ust_10y"]["newest"] == "2026-06-18"
    assert not rows["ust_10y"]["restricted"]
    assert all(row["why"] for row in found["series"] if row["state"] != "fresh")


def test_the_table_has_a_line_for_each_series(run):
    result = run("series", "--as-of", "2025-04-10")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("as of Thu 2025-04-10 23:59, ")
    assert lines[2].split() == ["id", "source", "first", "newest", "state", "licence"]
    rows = {line.split()[0]: line.split() for line in lines[3:] if line}
    assert rows["ust_10y"] == ["ust_10y", "FRED:DGS10", "2015-01-02", "2025-04-10", "fresh"]
    if "spx" in rows:
        assert rows["spx"][-1] == "restricted"
    assert lines[-1].startswith("not held: ")
    assert "h41_custody" in lines[-1]


def test_one_series_in_full(run):
    # The CFTC published the positions of 8 April 2025 on Friday 11 April at 15:30.
    found = answer(run, "cot_10y_lev_short", "--as-of", "2025-04-10")
    series, sheet = catalog.series("cot_10y_lev_short"), embedded.sheets()["cot_10y_lev_short"]
    for key in (
        "title",
        "unit",
        "frequency",
        "source",
        "url",
        "licence",
        "citation",
        "max_age",
        "expires",
        "revised",
    ):
        assert found[key] == getattr(series, key)
    assert found["newest"] == "2025-04-01"
    assert found["published"] == "2025-04-04T15:30:00-04:00"
    assert found["next_release"] == {"at": "2025-04-11T15:30:00-04:00", "period": "2025-04-08", "known": True}
    assert found["sheet"]["checksum"] == sheet.checksum
    assert found["sheet"]["flags"] == list(sheet.flags)
    text = run("series", "cot_10y_lev_short", "--as-of", "2025-04-10").stdout
    for words in (
        series.title,
        series.url,
        series.licence,
        "Fri 2025-04-11 15:30 for 2025-04-08",
        sheet.checksum,
    ):
        assert words in text


def test_a_late_series_says_why(run):
    found = answer(run, "cot_10y_lev_short", "--as-of", "2025-11-14")
    assert found["newest"] == "2025-09-23"
    assert found["state"] == "late"
    assert "federal shutdown" in found["why"]


def test_a_series_that_is_not_held_is_described(run):
    found = answer(run, "h41_custody")
    assert (found["first"], found["newest"], found["state"], found["sheet"]) == (None, None, "missing", None)
    assert found["why"] == "not in this data set"
    assert run("series", "h41_custody").exit_code == 0


@pytest.mark.parametrize("options", [[], ["--due"], ["--json"]])
def test_unknown_series(refused, options):
    said = refused(4, "series", "ust10y", *options)
    assert "ust10y: no such series in the catalogue" in said
    assert "ust_10y" in said


def test_the_future_is_refused(refused):
    assert "2031-01-01 23:59 lies in the future" in refused(4, "series", "--as-of", "2031-01-01")


def test_due_lists_the_next_release_of_every_rule(run):
    found = answer(run, "--due", "--as-of", "2025-04-10")
    moments = [row["at"] for row in found["due"]]
    assert all(moment > found["as_of"] for moment in moments)
    assert moments == sorted(moments)
    rules = {row["rule"]: row for row in found["due"]}
    assert len(rules) == len(found["due"])
    assert (rules["cftc_tff"]["at"], rules["cftc_tff"]["period"]) == (
        "2025-04-11T15:30:00-04:00",
        "2025-04-08",
    )
    assert (rules["h41"]["at"], rules["h41"]["period"]) == ("2025-04-17T16:30:00-04:00", "2025-04-16")
    assert "ust_10y" in rules["treasury_close"]["series"]
    assert found["overdue"] == []


def test_due_tells_what_is_overdue_as_known_then(run):
    found = answer(run, "--due", "--as-of", "2025-11-14")
    (late,) = [row for row in found["overdue"] if row["rule"] == "cftc_tff"]
    assert late["periods"][0] == "2025-09-30"
    assert "shutdown" in late["reason"]
    assert late["expected"] is None
    text = run("series", "--due", "--as-of", "2025-11-14").stdout
    assert "cftc_tff of 2025-09-30 and 6 more: delayed by the federal shutdown" in text
    assert "no date announced" in text


def test_due_names_what_was_published_but_is_not_held(run):
    found = answer(run, "--due", "--as-of", "2026-09-30")
    behind = {row["id"]: row for row in found["behind"]}
    assert behind["ust_10y"]["newest"] == "2026-08-20"
    assert not {i for row in found["overdue"] for i in row["series"]} & {"ust_10y"}


def test_due_of_one_series(run):
    found = answer(run, "sofr", "--due", "--as-of", "2025-04-10")
    assert [row["series"] for row in found["due"]] == [["sofr"]]
    # SOFR of the 10th came out at 08:00 of the 11th.
    assert found["due"][0]["at"] == "2025-04-11T08:00:00-04:00"


def test_a_store_of_its_own_is_shown_as_of_now(run, store):
    found = answer(run, "ust_10y", "--data", store)
    assert found["as_of"] == "2026-11-23T12:00:00-05:00"
    assert found["sheet"] is None
    assert found["state"] == "missing"
