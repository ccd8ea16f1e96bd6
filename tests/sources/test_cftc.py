"""Traders in Financial Futures, on recorded replies and against the embedded reports."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from reportgen import catalog
from reportgen.errors import MalformedError, UnreachableError
from reportgen.sources.cftc import SOURCE
from tests.sources.asking import body, fetched, held, values
from tests.sources.conftest import Memory
from tests.sources.replay import Answered

API, FILES = "/resource/gpe5-46if.json", "/files/dea/history/*"
YEAR = "/files/dea/history/fut_fin_txt_2026.zip"


def recorded() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(body("cftc/tff_gpe5-46if_ES_3rows.json"))
    return rows


def encoded(rows) -> bytes:
    return json.dumps(rows).encode()


def test_every_report_field_of_the_catalogue_is_offered():
    assert set(SOURCE.series) == {s.id for s in catalog.all_series().values() if s.source.startswith("CFTC:")}


def test_a_recorded_reply_is_read_field_by_field(replay, transport):
    replay.recorded(API, "cftc/tff_gpe5-46if_ES_3rows.json")
    (answer,) = fetched(SOURCE, transport)
    assert answer.complete
    found = values(answer)
    newest = {name: days["2026-09-15"] for name, days in found.items()}
    assert newest == {
        "cot_es_oi": 2446519, "cot_es_lev_long": 161176, "cot_es_lev_short": 454319,
        "cot_es_lev_spread": 164451, "cot_es_am_long": 1142075, "cot_es_am_short": 237391,
        "cot_es_am_spread": 173217, "cot_es_dealer_long": 220012, "cot_es_dealer_short": 922950,
        "cot_es_dealer_spread": 237994, "cot_es_other_long": 62588, "cot_es_other_short": 62461,
        "cot_es_other_spread": 566, "cot_es_oi_change": 374683, "cot_es_lev_long_change": 5659,
        "cot_es_lev_short_change": -42302, "cot_es_am_long_change": -11230, "cot_es_am_short_change": -3553,
    }  # fmt: skip
    assert all(len(days) == 3 for days in found.values())
    assert all(np.isnat(rows.published).all() for rows in answer.rows)


def test_the_question_names_contracts_fields_a_total_order_and_the_token(replay, making):
    replay.recorded(API, "cftc/empty.json")
    fetched(SOURCE, making(keys={"cftc": "token-123"}), "cot_10y_oi", since=dt.date(2015, 1, 1))
    asked = replay.asked[0]
    assert asked.query["$where"] == (
        "cftc_contract_market_code in('043602') AND report_date_as_yyyy_mm_dd >= '2015-01-01T00:00:00.000'"
    )
    assert asked.query["$order"] == "report_date_as_yyyy_mm_dd,id"
    assert "lev_money_positions_short" in asked.query["$select"].split(",")
    assert asked.headers["x-app-token"] == "token-123"


def test_pages_are_followed_to_the_last(replay, transport, monkeypatch):
    monkeypatch.setattr("reportgen.sources.cftc.PAGE", 2)
    rows = recorded()
    replay.route(API, lambda q: encoded(rows[int(q["$offset"]) :][: int(q["$limit"])]))
    (answer,) = fetched(SOURCE, transport, "cot_es_oi")
    assert len(values(answer)["cot_es_oi"]) == 3
    assert (answer.requests, [a.query["$offset"] for a in replay.asked]) == (3, ["0", "1", "2"])


@pytest.mark.parametrize("wrong", [0, 2, 3])  # the same page again; one row or all that follow skipped
def test_pages_that_do_not_join_are_not_believed(replay, transport, monkeypatch, wrong):
    monkeypatch.setattr("reportgen.sources.cftc.PAGE", 2)
    rows = recorded()
    replay.route(API, lambda q: encoded(rows[wrong if int(q["$offset"]) else 0 :][:2]))
    replay.recorded(YEAR, "cftc/fut_fin_txt_2026_excerpt.zip")
    (answer,) = fetched(SOURCE, transport, since=dt.date(2026, 1, 1))
    assert "a page that does not go on from the one before" in answer.notes[0]


def test_a_later_run_asks_for_some_weeks_and_changes_nothing(replay, making):
    replay.recorded(API, "cftc/tff_gpe5-46if_ES_3rows.json")
    memory: Memory = {}
    first = values(*fetched(SOURCE, making(memory), since=dt.date(2015, 1, 1)))
    newest = {series: dt.date(2026, 9, 15) for series in first}
    # The other contracts were asked for and are not in the reports: they make no run a full one.
    fetched(SOURCE, making(memory), newest=newest, since=dt.date(2015, 1, 1))
    assert replay.asked[-1].query["$where"].endswith(">= '2026-08-11T00:00:00.000'")
    (third,) = fetched(SOURCE, making(memory), newest=newest, since=dt.date(2015, 1, 1))
    assert (third.not_modified, third.bytes) == (1, 0)


def test_contracts_that_were_not_believed_are_asked_for_in_full_again(replay, making):
    rows = recorded()
    for row in rows:
        row["open_interest_all"] = "1"
    replay.route(API, encoded(rows))
    memory: Memory = {}
    since = dt.date(2015, 1, 1)
    (first,) = fetched(SOURCE, making(memory), since=since)
    assert first.quarantined
    assert not first.rows
    newest = {"cot_10y_oi": dt.date(2026, 9, 15)}
    fetched(SOURCE, making(memory), newest=newest, since=since)
    assert replay.asked[-1].query["$where"].endswith(">= '2015-01-01T00:00:00.000'")


def test_it_says_of_what_it_has_told_all(replay, transport):
    replay.recorded(API, "cftc/tff_gpe5-46if_ES_3rows.json")
    since = dt.date(2015, 1, 1)
    (answer,) = fetched(SOURCE, transport, since=since)
    assert answer.told == dict.fromkeys(SOURCE.series, since)
    replay.route(API, Answered(status=503))
    replay.recorded(YEAR, "cftc/fut_fin_txt_2026_excerpt.zip")
    first, last = fetched(SOURCE, transport, "cot_10y_oi", since=dt.date(2025, 6, 1))
    assert (first.told, last.told) == ({}, {"cot_10y_oi": dt.date(2025, 6, 1)})


def test_a_field_left_out_of_a_row_is_not_published_and_one_renamed_is_an_error(replay, transport):
    rows = recorded()
    del rows[0]["lev_money_positions_long"]
    replay.route(API, encoded(rows))
    (answer,) = fetched(SOURCE, transport)
    assert answer.complete
    assert sorted(values(answer)["cot_es_lev_long"]) == ["2026-09-01", "2026-09-08"]
    assert len(values(answer)["cot_es_lev_short"]) == 3
    for row in rows:
        row["lev_money_long_all"] = row.pop("lev_money_positions_long", "1")
    replay.route(API, encoded(rows))
    with pytest.raises(MalformedError, match=r"no field lev_money_positions_long in 3 rows"):
        fetched(SOURCE, transport)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"lev_money_positions_short": "454320"}, "short positions of 2,446,520 with an open interest of"),
        ({"open_interest_all": "24465190"}, "with an open interest of 24,465,190"),
        ({"lev_money_positions_short": "4.5"}, "4.5 on 2026-09-15"),
        ({"lev_money_positions_short": "-454319"}, "-454319 on 2026-09-15"),
        ({"lev_money_positions_short": "null"}, "the value 'null'"),
        ({"report_date_as_yyyy_mm_dd": "15/09/2026"}, "the date '15/09/2026'"),
        ({"futonly_or_combined": "Combined"}, "contract '13874A', 'Combined'"),
        ({"cftc_contract_market_code": "13874+"}, "contract '13874+', 'FutOnly'"),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_is_quarantined(replay, transport, change, found):
    rows = recorded()
    rows[0] |= change
    replay.route(API, encoded(rows))
    (answer,) = fetched(SOURCE, transport, "cot_es_lev_short", "cot_es_lev_long")
    assert "2026-09-15" not in values(answer)["cot_es_lev_short"]
    assert found in answer.quarantined[0].found
    assert sorted(values(answer)["cot_es_lev_long"])[:2] == ["2026-09-01", "2026-09-08"]


def test_a_change_that_is_none_from_the_report_before_is_not_believed(replay, transport):
    rows = sorted(recorded(), key=lambda row: row["report_date_as_yyyy_mm_dd"])
    name = "change_in_lev_money_short"
    day, true = rows[-1]["report_date_as_yyyy_mm_dd"][:10], rows[-1][name]
    rows[-1][name] = str(-int(true))
    replay.route(API, encoded(rows))
    (answer,) = fetched(SOURCE, transport, "cot_es_lev_short", "cot_es_lev_short_change")
    assert [(q.series, q.found, q.expected) for q in answer.quarantined] == [
        ("cot_es_lev_short_change", str(-int(true)), f"{true}, as the reports differ")
    ]
    assert day in values(answer)["cot_es_lev_short"]
    assert day not in values(answer)["cot_es_lev_short_change"]


@pytest.mark.parametrize("fault", [Answered(status=503), Answered(b"<html></html>"), Answered(b'[{"a":')])
def test_the_yearly_files_stand_in(replay, transport, fault):
    replay.route(API, fault)
    replay.recorded(YEAR, "cftc/fut_fin_txt_2026_excerpt.zip")
    (answer,) = fetched(SOURCE, transport, since=dt.date(2026, 1, 1))
    assert answer.complete
    assert "taken from https://www.cftc.gov/files/dea/history/fut_fin_txt_2026.zip" in answer.notes[0]
    compared = 0
    for series, days in values(answer).items():
        known = held(series)
        for day, value in days.items():
            assert known[day] == value, (series, day)
            compared += 1
    assert compared > 2000


def test_the_files_are_taken_back_to_the_first_year_wanted(replay, transport):
    replay.route(API, Answered(status=503))
    replay.recorded(YEAR, "cftc/fut_fin_txt_2026_excerpt.zip")
    answers = fetched(SOURCE, transport, "cot_10y_oi", since=dt.date(2025, 6, 1))
    assert [bool(a.failed) for a in answers] == [True, False]  # no file of 2025 here
    assert "2025" in str(answers[0].failed["cot_10y_oi"])
    assert min(values(answers[1])["cot_10y_oi"]) == "2026-01-06"


def test_when_both_ways_are_closed_the_error_names_both(replay, transport):
    replay.route("*", Answered(status=503))
    with pytest.raises(UnreachableError, match=r"gpe5-46if(.|\n)*503(.|\n)*Nor from .*fut_fin_txt_2026"):
        fetched(SOURCE, transport, since=dt.date(2026, 1, 1))


def test_an_archive_that_is_none_is_an_error(replay, transport):
    replay.route(API, Answered(status=503))
    zipped = body("cftc/fut_fin_txt_2026_excerpt.zip")
    for wrong in (b"PK", zipped[:-100], zipped[:200] + b"\0\0" + zipped[202:], b"<html></html>"):
        replay.route(YEAR, wrong)
        with pytest.raises(UnreachableError, match="no zip archive"):
            fetched(SOURCE, transport, since=dt.date(2026, 1, 1))


def test_errors_as_recorded(replay, transport):
    replay.recorded(API, "cftc/error_400_no_such_column.json")
    probe = SOURCE.probe(transport)
    assert (probe.reachable, "No such column: nosuchcolumn" in probe.detail) == (False, True)
    replay.recorded(API, "cftc/tff_gpe5-46if_ES_3rows.json")
    assert SOURCE.probe(transport).detail == "newest report: 2026-09-15"
