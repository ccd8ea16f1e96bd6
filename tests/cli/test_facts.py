"""`facts`: the contract of facts.json, whatever the registry of measures says."""

from __future__ import annotations

import datetime as dt
import json

import pytest

MOMENTS = ("2018-06-08", "2020-03-20", "2025-04-10", "2026-06-18")

CONTRACTS = ("2y", "5y", "10y", "u10y", "bond", "ubond")


def promised() -> dict[str, str]:
    """Write out the promised facts: id -> unit."""
    units: dict[str, str] = {}

    def add(stem: str, unit: str, **changes: str) -> None:
        units[stem] = unit
        for change, change_unit in changes.items():
            units[f"{stem.removesuffix('.level')}.{change}"] = change_unit

    for tenor in ("3m", "6m", "1y", "2y", "3y", "5y", "7y", "10y", "20y", "30y"):
        add(f"ust.{tenor}.level", "percent", change_week="bp", change_month="bp")
    for slope in ("2s10s", "5s30s", "3m10y"):
        add(f"curve.{slope}.level", "bp", change_week="bp")
    add("curve.regime", "text")
    for rate in ("policy.target_upper", "policy.effr", "real.10y", "breakeven.10y", "termpremium.10y"):
        add(f"{rate}.level", "percent", change_week="bp")
    add("policy.cuts_12m.level", "cuts", change_week="cuts")
    for contract in CONTRACTS:
        for side in ("lev_short", "lev_long", "lev_net"):
            add(f"cot.{contract}.{side}", "contracts", change_week="contracts")
    for total in ("total", "total6"):
        for side in ("lev_short", "lev_net"):
            add(f"cot.{total}.{side}_notional", "usd_bn", change_week="usd_bn", change_week_z="z")
            add(f"cot.{total}.{side}_10y_eq", "contracts", change_week="contracts", change_week_z="z")
    for price in ("equity.spx", "dollar.dxy", "dollar.broad"):
        add(f"{price}.level", "index", change_week="percent")
    add("gold.level", "usd", change_week="percent")
    for volatility in ("vol.vix", "vol.move"):
        add(f"{volatility}.level", "index", change_week="points")
    for currency in ("jpy", "krw", "twd", "cny", "eur", "inr", "thb", "sgd"):
        add(f"fx.{currency}.level", "quote", change_week="percent")
    for spread in (
        "credit.hy_oas",
        "credit.ig_oas",
        "funding.sofr_effr",
        "funding.sofr_iorb",
        "funding.sofr_p99_p1",
    ):
        add(f"{spread}.level", "bp", change_week="bp")
    add("funding.sofr.level", "percent", change_week="bp")
    for facility in ("on_rrp", "srf", "discount_window", "swap_lines", "foreign_rrp"):
        add(f"facility.{facility}.level", "usd_bn", change_week="usd_bn")
    for item in ("assets", "reserves", "tga", "treasuries"):
        add(f"fed.{item}.level", "usd_bn", change_week="usd_bn")
    add("foreign.custody.level", "usd_bn", change_week="usd_bn", change_4w="usd_bn")
    for holder in ("total", "japan", "china", "uk"):
        add(f"foreign.tic.{holder}.level", "usd_bn", change_month="usd_bn")
    for measure in ("nfci", "stlfsi", "ofr_fsi"):
        add(f"stress.{measure}.level", "index")
    add("liquidity.score", "index")
    add("liquidity.state", "text")
    for episode in ("2019_09", "2020_03", "2023_03"):
        for market in ("spx", "ust10y"):
            add(f"analogue.{episode}.{market}.days_to_recover", "days")
    return units


PROMISED = promised()
DRIVERS = {"supported", "partly_supported", "not_supported", "pending", "needs_news"}
CLUES = {"present", "partly_present", "absent", "not_testable"}
QUESTIONS = {
    "driver": {"basis_trade", "liquidity_selling", "policy_threat", "foreign_official_selling"},
    "clue": {"dollar_flight", "fx_intervention", "forced_selling"},
    "perspective": {"which_factor", "crisis_risk", "crisis_indicators", "policy_response", "long_term_value"},
}
REGIMES = {
    "bear_steepening",
    "bull_steepening",
    "bear_flattening",
    "bull_flattening",
    "parallel_up",
    "parallel_down",
    "twist_steepening",
    "twist_flattening",
    "little_changed",
}
STATES = {"robust", "weakening", "strained", "crisis"}


@pytest.fixture(params=MOMENTS)
def document(run, request):
    result = run("facts", "--as-of", request.param, "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    return json.loads(result.stdout)


def moment(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    assert found.tzinfo is not None
    return found


def test_every_promised_fact_is_there_or_missing_with_its_reason(document):
    facts = {fact["id"]: fact for fact in document["facts"]}
    missing = {gap["id"]: gap for gap in document["missing"]}
    assert len(facts) == len(document["facts"])
    assert len(missing) == len(document["missing"])
    assert not facts.keys() & missing.keys()
    assert not PROMISED.keys() - facts.keys() - missing.keys()
    assert {i: facts[i]["unit"] for i in PROMISED if i in facts} == {
        i: unit for i, unit in PROMISED.items() if i in facts
    }
    for gap in missing.values():
        assert gap["input"]
        assert gap["why"]
        assert gap["due"] is None or moment(gap["due"]) > moment(document["as_of"])


def test_schema(document):
    assert list(document) == [
        "schema", "note", "as_of", "market_date", "week_start", "facts", "findings", "missing", "data",
    ]  # fmt: skip
    assert document["schema"] == 1
    assert document["note"] == "treasury-weekly"
    as_of, market_date = moment(document["as_of"]), dt.date.fromisoformat(document["market_date"])
    assert dt.date.fromisoformat(document["week_start"]) < market_date <= as_of.date()
    for fact in document["facts"]:
        assert fact.keys() >= {
            "id",
            "label",
            "value",
            "unit",
            "text",
            "observed",
            "published",
            "revised",
            "inputs",
            "method",
        }
        assert moment(fact["published"]) <= as_of, fact["id"]
        assert dt.date.fromisoformat(fact["observed"]) <= as_of.date()
        assert isinstance(fact["value"], str) == (fact["unit"] == "text")
        assert fact["label"]
        assert fact["text"]
        assert fact["method"]
        assert fact["inputs"]
        for seen in fact["inputs"]:
            assert seen.keys() == {"series", "source", "date", "value", "published"}
            assert moment(seen["published"]) <= as_of, fact["id"]
    for gap in document["missing"]:
        assert gap.keys() == {"id", "input", "why", "due"}


def test_every_question_is_answered(document):
    known = {fact["id"] for fact in document["facts"]} | {gap["id"] for gap in document["missing"]}
    findings = {finding["id"]: finding for finding in document["findings"]}
    assert findings.keys() == {f"{kind}.{name}" for kind, names in QUESTIONS.items() for name in names}
    for finding_id, finding in findings.items():
        allowed = {"driver": DRIVERS, "clue": CLUES}.get(finding_id.partition(".")[0])
        assert finding["verdict"] in allowed if allowed else finding["verdict"]
        assert finding["confidence"] in {"low", "medium", "high"}
        assert finding["question"]
        assert finding["reason"]
        assert "{" not in finding["reason"]
        assert {*finding["supports"], *finding["contradicts"]} <= known
        if finding["verdict"] == "pending":
            wait = moment(finding["due"]) - moment(document["as_of"])
            assert dt.timedelta(0) < wait <= dt.timedelta(days=7)


def test_words_come_from_closed_lists(document):
    words = {fact["id"]: fact["value"] for fact in document["facts"] if fact["unit"] == "text"}
    assert words["curve.regime"] in REGIMES
    assert words["liquidity.state"] in STATES


def test_the_table_says_the_same_as_the_document(run):
    table = run("facts", "--as-of", "2025-04-10").stdout
    document = json.loads(run("facts", "--as-of", "2025-04-10", "--json").stdout)
    assert table.startswith("as of 2025-04-10 23:59, market date 2025-04-10, week from 2025-04-04\n")
    rows = {line.split(" ", 1)[0]: line for line in table.splitlines() if line}
    for fact in document["facts"]:
        assert f"{fact['text']}  {fact['observed']}" in rows[fact["id"]]
    for finding in document["findings"]:
        assert f"{finding['verdict']} ({finding['confidence']}): {finding['reason']}" in rows[finding["id"]]
    for gap in document["missing"]:
        assert gap["why"] in rows[gap["id"]]


def test_without_as_of_the_embedded_data_give_their_last_complete_week(run):
    document = json.loads(run("facts", "--json").stdout)
    assert document["as_of"] == "2026-06-18T23:59:00-04:00"
