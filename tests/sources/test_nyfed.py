"""The New York Fed's Markets API, on recorded replies and against the embedded values."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from reportgen.errors import MalformedError, RefusedError
from reportgen.sources.nyfed import SOURCE, TABLES
from tests.sources.asking import body, fetched, held, values
from tests.sources.replay import Answered

SOFR, EFFR = "/api/rates/secured/sofr/search.json", "/api/rates/unsecured/effr/search.json"
OBFR = "/api/rates/unsecured/obfr/search.json"
REPO, SWAPS, FAILS = (
    "/api/rp/results/search.json",
    "/api/fxs/usdollar/search.json",
    "/api/pd/get/*",
)
LENDING = "/api/seclending/all/results/summary/search.json"
RATE = {"sofr", "sofr_p1", "sofr_p25", "sofr_p75", "sofr_p99", "sofr_volume"}


def encoded(content) -> bytes:
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("path", "name", "series"),
    [
        (SOFR, "nyfed/rates_secured_sofr_search.json", sorted(RATE)),
        (EFFR, "nyfed/rates_unsecured_effr_search.json", ["effr", "effr_volume"]),
        (OBFR, "nyfed/rates_unsecured_obfr_search.json", ["obfr"]),
    ],
)
def test_recorded_rates_are_those_that_fred_gives(replay, transport, path, name, series):
    replay.recorded(path, name)
    (answer,) = fetched(SOURCE, transport, *series)
    assert answer.complete
    found = values(answer)
    assert sorted(found) == series
    rows = json.loads(body(name))["refRates"]
    for series_id, days in found.items():
        assert len(days) == len(rows)
        known = held(series_id)
        assert {d: v for d, v in days.items() if known.get(d, v) != v} == {}
    assert all(np.isnat(r.published).all() for r in answer.rows)


def test_the_newest_days_of_2026(replay, transport):
    replay.recorded(SOFR, "nyfed/rates_secured_sofr_last2_2026.json")
    found = values(*fetched(SOURCE, transport, *RATE))
    assert {s: d["2026-08-05"] for s, d in found.items()} == {
        "sofr": 3.64, "sofr_p1": 3.60, "sofr_p25": 3.63, "sofr_p75": 3.70, "sofr_p99": 3.73,
        "sofr_volume": 2989.0,
    }  # fmt: skip


def test_a_question_covers_the_days_since_the_newest_held(replay, transport):
    replay.recorded(SOFR, "nyfed/rates_secured_sofr_search.json")
    fetched(SOURCE, transport, *RATE, newest=dict.fromkeys(RATE, dt.date(2026, 11, 18)))
    assert replay.asked[0].query == {"startDate": "2026-11-04", "endDate": "2026-11-20"}
    fetched(SOURCE, transport, "sofr", since=dt.date(2015, 1, 1))
    assert replay.asked[1].query["startDate"] == "2015-01-01"


def test_the_windows_of_a_day_are_added_up(replay, transport):
    """Recorded: none in the morning, 3 million in the afternoon."""
    replay.recorded(REPO, "nyfed/rp_repo_allotment_results_excerpt.json", operationTypes="Repo")
    (answer,) = fetched(SOURCE, transport, "desk_repo")
    assert values(answer) == {"desk_repo": {"2026-07-07": 0.003}}


def test_the_days_of_another_definition_are_not_asked_for(replay, transport):
    replay.recorded(REPO, "nyfed/rp_repo_allotment_results_excerpt.json", operationTypes="Repo")
    fetched(SOURCE, transport, "desk_repo", since=dt.date(2015, 1, 1))
    assert replay.asked[0].query["startDate"] == "2022-01-03"


def test_an_operation_that_cannot_be_read_spoils_its_day(replay, transport):
    """The excerpt lacks totalAmtSubmitted: no sum is made of what is left."""
    replay.recorded(REPO, "nyfed/rp_repo_allotment_results_excerpt.json", operationTypes="Repo")
    (answer,) = fetched(SOURCE, transport, "desk_repo_submitted")
    assert not answer.rows
    assert [q.found for q in answer.quarantined] == ["totalAmtSubmitted: None"] * 2
    content = json.loads(body("nyfed/rp_repo_allotment_results_excerpt.json"))
    content["repo"]["operations"][1]["totalAmtAccepted"] = "null"
    replay.route(REPO, encoded(content))
    (answer,) = fetched(SOURCE, transport, "desk_repo")
    assert (answer.rows, answer.quarantined[0].where) == ((), "operation RP 070726 27")


def test_reverse_repos_are_the_overnight_facility_alone(replay, transport):
    content = json.loads(body("nyfed/rp_reverserepo_fixed_results_excerpt.json"))
    (operation,) = content["repo"]["operations"]
    content["repo"]["operations"] += [
        operation | {"operationId": "RP T", "term": "Term", "totalAmtAccepted": 5_000_000_000},
        operation | {"operationId": "RP S", "note": "Small Value Exercise", "totalAmtAccepted": 1_000_000},
        operation | {"operationId": "RP 071026 26"},  # the same again
    ]
    replay.route(REPO, encoded(content), operationTypes="Reverse Repo")
    (answer,) = fetched(SOURCE, transport, "on_rrp", "on_rrp_counterparties")
    assert answer.complete
    assert values(answer) == {
        "on_rrp": {"2026-07-10": 0.545},
        "on_rrp_counterparties": {"2026-07-10": 3.0},
    }
    content["repo"]["operations"][0]["operationType"] = "FIMA Repo"
    replay.route(REPO, encoded(content))
    (answer,) = fetched(SOURCE, transport, "on_rrp")
    assert "operationType 'FIMA Repo'" in answer.quarantined[0].found


def test_swaps_are_drawn_by_trade_date_without_tests(replay, transport):
    replay.recorded(SWAPS, "nyfed/fxs_usdollar_last5_excerpt.json")
    (answer,) = fetched(SOURCE, transport, "swap_operations")
    assert values(answer)["swap_operations"] == {
        "2026-07-01": 0.17,
        "2026-07-07": 0.002,
        "2026-07-08": 0.133,  # 128 + 5 million; the 50,000 of 9 July are a test
    }
    assert replay.asked[0].query["dateType"] == "trade"


def test_no_operation_is_an_answer(replay, transport):
    replay.route(SWAPS, b'{"fxSwaps": {"operations": []}}')
    (answer,) = fetched(SOURCE, transport, "swap_operations")
    assert (answer.rows, answer.complete) == ((), True)


def test_fails_come_in_millions_and_suppressed_ones_as_missing(replay, transport):
    content = json.loads(body("nyfed/pd_get_fails_2weeks.json"))
    rows = [r for r in content["pd"]["timeseries"] if r["keyid"] in ("PDFTD-UST", "PDFTR-UST")]
    replay.route(FAILS, encoded({"pd": {"timeseries": rows}}))
    (answer,) = fetched(SOURCE, transport, "tips_fails_deliver", "tips_fails_receive")
    found = values(answer)
    assert (found["tips_fails_deliver"]["2013-04-03"], found["tips_fails_receive"]["2013-04-03"]) == (
        2.075,
        1.986,
    )
    rows[0]["value"] = "*"
    replay.route(FAILS, encoded({"pd": {"timeseries": rows}}))
    (answer,) = fetched(SOURCE, transport, "tips_fails_deliver")
    assert np.isnan(values(answer)["tips_fails_deliver"]["2013-04-03"])
    replay.recorded(FAILS, "nyfed/pd_get_fails_2weeks.json")  # more keys than were asked for
    (answer,) = fetched(SOURCE, transport, "tips_fails_deliver")
    assert "keyid 'PDFTD-CS'" in answer.quarantined[0].found


def test_fails_by_tenor_are_asked_for_when_the_next_may_be_out(replay, transport):
    """Composed in the recorded form, with the values that the embedded data hold of 5 November 2025."""
    keys = {
        "ust_fails_2y_deliver": "PDSI2F-TD",
        "ust_fails_10y_receive": "PDSI10F-TR",
        "ust_fails_frn_deliver": "PDFRN2F-TD",
    }
    day = "2025-11-05"
    rows = [{"asofdate": day, "keyid": k, "value": f"{held(s).get(day, 7):.0f}"} for s, k in keys.items()]
    replay.route(FAILS, encoded({"pd": {"timeseries": rows}}))
    (answer,) = fetched(SOURCE, transport, *keys)
    assert {s: d[day] for s, d in values(answer).items()} == {s: held(s).get(day, 7) for s in keys}
    assert set(replay.asked[0].path.split("/")[-1].removesuffix(".json").split("_")) >= set(keys.values())
    newest = dict.fromkeys(keys, dt.date(2026, 11, 11))
    (nothing,) = fetched(SOURCE, transport, *keys, newest=newest)  # due on 26 November
    assert (nothing.requests, nothing.complete, len(replay.asked)) == (0, True, 1)
    fetched(SOURCE, transport, *keys, newest=dict.fromkeys(keys, dt.date(2026, 11, 4)))
    assert len(replay.asked) == 2


def test_securities_lent_are_added_up_from_text(replay, transport):
    """Composed in the form that public readers of this address expect: no recording was found."""
    rows = [
        {"operationId": "SL 1", "operationDate": "2026-07-07", "totalParAmtSubmitted": "30500000000",
         "totalParAmtAccepted": "28250000000"},
    ]  # fmt: skip
    replay.route(LENDING, encoded({"seclending": {"operations": rows}}))
    (answer,) = fetched(SOURCE, transport, "soma_lending_submitted", "soma_lending_accepted")
    assert values(answer) == {
        "soma_lending_accepted": {"2026-07-07": 28.25},
        "soma_lending_submitted": {"2026-07-07": 30.5},
    }


def test_a_renamed_field_and_another_rate_are_quarantined(replay, transport):
    text = body("nyfed/rates_secured_sofr_last2_2026.json")
    replay.route(SOFR, text.replace(b"percentPercentile99", b"percentile99"))
    (answer,) = fetched(SOURCE, transport, *RATE)
    assert "sofr_p99" not in values(answer)
    assert [q.found for q in answer.quarantined] == ["percentPercentile99: None"] * 2
    replay.route(SOFR, text.replace(b'"SOFR"', b'"BGCR"'))
    (answer,) = fetched(SOURCE, transport, *RATE)
    assert (answer.rows, answer.quarantined[0].found) == ((), "type 'BGCR'")
    replay.route(SOFR, text.replace(b"3.64", b'"3.64"'))
    (answer,) = fetched(SOURCE, transport, "sofr")
    assert sorted(values(answer)["sofr"]) == ["2026-08-04"]


def test_percentiles_that_changed_places_are_not_believed(replay, transport):
    content = json.loads(body("nyfed/rates_secured_sofr_search.json"))
    row = content["refRates"][0]
    row["percentPercentile1"], row["percentPercentile99"] = 5.44, 5.29
    replay.route(SOFR, encoded(content))
    (answer,) = fetched(SOURCE, transport, *RATE)
    assert {q.series for q in answer.quarantined} == RATE
    assert {q.found for q in answer.quarantined} == {"5.44, 5.32, 5.33, 5.4, 5.29"}
    assert sorted(values(answer)["sofr"]) == ["2024-06-03", "2024-06-04", "2024-06-05"]


def test_a_field_that_stands_twice_is_no_json(replay, transport):
    text = body("nyfed/rates_secured_sofr_last2_2026.json")
    replay.route(SOFR, text.replace(b'"percentRate": 3.64', b'"percentRate": 3.64, "percentRate": 3.74'))
    (answer,) = fetched(SOURCE, transport, "sofr")
    assert isinstance(answer.failed["sofr"], MalformedError)
    assert "stands twice" in str(answer.failed["sofr"])


def test_one_address_that_fails_does_not_spoil_the_others(replay, transport):
    replay.route(SOFR, Answered(b"Bad Request", 400))
    replay.recorded(EFFR, "nyfed/rates_unsecured_effr_search.json")
    sofr, effr = fetched(SOURCE, transport, "sofr", "effr")
    assert isinstance(sofr.failed["sofr"], RefusedError)
    assert len(values(effr)["effr"]) == 108


def test_every_series_has_one_address_and_the_probe_one_rate(replay, transport):
    assert len({s for table in TABLES for s in table.series}) == len(SOURCE.series)
    replay.recorded("/api/rates/secured/sofr/last/1.json", "nyfed/rates_secured_sofr_last2_2026.json")
    assert SOURCE.probe(transport).detail == "newest SOFR: 2026-08-05"
