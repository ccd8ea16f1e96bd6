"""The Treasury General Account, on a recorded reply."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from reportgen.errors import MalformedError
from reportgen.sources.fiscaldata import SOURCE
from tests.sources.asking import body, fetched, values
from tests.sources.conftest import Memory

PATH = "/services/api/fiscal_service/v1/accounting/dts/operating_cash_balance"
NAME = "fiscaldata/dts_operating_cash_balance.json"
WEEK = {
    "2025-07-07": 332482.0,
    "2025-07-08": 311003.0,
    "2025-07-09": 309722.0,
    "2025-07-10": 309690.0,
    "2025-07-11": 282363.0,
}


Content = dict[str, Any]


def recorded() -> Content:
    content: Content = json.loads(body(NAME))
    return content


def encoded(content: Content) -> bytes:
    return json.dumps(content).encode()


def row(day: str, label: str, close: str, opening: str) -> Content:
    changes = {"record_date": day, "account_type": label, "close_today_bal": close, "open_today_bal": opening}
    return {**recorded()["data"][0], **changes}


def reply(*rows: Content, pages: int = 1, count: int | None = None, total: int | None = None) -> bytes:
    found = {"count": len(rows) if count is None else count, "total-pages": pages}
    return encoded({"data": rows, "meta": found | {"total-count": len(rows) if total is None else total}})


def test_the_closing_balance_stands_among_opening_ones(replay, transport):
    replay.recorded(PATH, NAME)
    (answer,) = fetched(SOURCE, transport, since=dt.date(2025, 7, 7))
    assert answer.complete
    found = values(answer)["tga"]
    closing = {r["record_date"]: float(r["open_today_bal"]) for r in recorded()["data"]
               if r["account_type"].endswith("Closing Balance")}  # fmt: skip
    assert found == closing
    assert (found["2025-07-07"], found["2025-07-11"]) == (332482.0, 282363.0)
    # Each day opens where the one before closed.
    opening = {r["record_date"]: float(r["open_today_bal"]) for r in recorded()["data"]
               if r["account_type"].endswith("Opening Balance")}  # fmt: skip
    days = sorted(found)
    assert [opening[d] for d in days[1:]] == [found[d] for d in days[:-1]]
    assert replay.asked[0].query["filter"] == "record_date:gte:2025-07-07"
    assert "fields" not in replay.asked[0].query


def test_the_labels_of_every_time_are_known(replay, transport):
    rows = [
        row("2021-09-30", "Federal Reserve Account", "215160", "173962"),
        row("2021-10-01", "Treasury General Account (TGA)", "132491", "215160"),
        row("2022-04-18", "Treasury General Account (TGA) Opening Balance", "null", "689000"),
        row("2022-04-18", "Treasury General Account (TGA) Closing Balance", "null", "700000"),
    ]
    replay.route(PATH, reply(*rows))
    (answer,) = fetched(SOURCE, transport)
    assert values(answer)["tga"] == {"2021-09-30": 215160.0, "2021-10-01": 132491.0, "2022-04-18": 700000.0}


def test_a_label_that_changed_again_is_quarantined_not_skipped(replay, transport):
    content = recorded()
    for entry in content["data"]:
        entry["account_type"] = entry["account_type"].replace("Closing", "Ending")
    replay.route(PATH, encoded(content))
    (answer,) = fetched(SOURCE, transport)
    assert not answer.rows
    assert [q.where for q in answer.quarantined] == list(WEEK)
    assert "no closing balance" in answer.quarantined[0].found


@pytest.mark.parametrize("value", ["null", "", "282,363", "-5", "282363000", "NaN"])
def test_a_balance_that_cannot_be_is_quarantined(replay, transport, value):
    content = recorded()
    content["data"][-1]["open_today_bal"] = value
    replay.route(PATH, encoded(content))
    (answer,) = fetched(SOURCE, transport)
    assert sorted(values(answer)["tga"]) == list(WEEK)[:-1]
    assert "2025-07-11" in answer.quarantined[0].found


def test_pages_are_followed(replay, transport, monkeypatch):
    monkeypatch.setattr("reportgen.sources.fiscaldata.PAGE", 1)
    days = ["2025-07-07", "2025-07-08"]
    rows = [row(d, "Treasury General Account (TGA) Closing Balance", "null", "300000") for d in days]
    replay.route(PATH, lambda q: reply(rows[int(q["page[number]"]) - 1], pages=2, total=2))
    (answer,) = fetched(SOURCE, transport)
    assert (sorted(values(answer)["tga"]), answer.requests) == (days, 2)


SHORT = reply(row("2025-07-07", "Treasury General Account (TGA) Closing Balance", "null", "3"), pages=9)


@pytest.mark.parametrize(
    "wrong",
    [b'{"data": 1}', reply(count=7), reply(total=1), SHORT, b"[]", b'{"data": []}', b"<html></html>"],
)
def test_what_does_not_add_up_is_an_error(replay, transport, wrong):
    replay.route(PATH, wrong)
    (answer,) = fetched(SOURCE, transport)
    assert isinstance(answer.failed["tga"], MalformedError)


def test_a_later_run_asks_for_two_weeks_and_then_for_nothing_new(replay, making):
    replay.recorded(PATH, NAME)
    memory: Memory = {}
    newest = {"tga": dt.date(2025, 7, 11)}
    fetched(SOURCE, making(memory), newest=newest)
    assert replay.asked[0].query["filter"] == "record_date:gte:2025-06-27"
    (again,) = fetched(SOURCE, making(memory), newest=newest)
    assert (again.not_modified, again.bytes) == (1, 0)
    assert SOURCE.probe(making()).reachable
