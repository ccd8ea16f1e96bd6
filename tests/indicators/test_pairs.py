"""Asset managers' positions and matched pairs: by hand, against published figures, and over gaps."""

from functools import partial

import pandas as pd
import pytest

from reportgen.indicators.measures import Measures
from reportgen.indicators.pairs import pair_facts
from reportgen.model import Fact, Missing
from reportgen.text import parse_as_of

exact = partial(pytest.approx, rel=1e-9, abs=1e-9)
FIVE = ("2y", "5y", "10y", "bond", "ubond")
FACE_USD = dict.fromkeys((*FIVE, "u10y"), 100e3) | {"2y": 200e3}
DV01 = {"2y": 38, "5y": 47, "10y": 75, "bond": 130, "ubond": 180}  # dollars, January 2024
WEEK = "2025-04-11T18:00"


@pytest.fixture(scope="session")
def net(raw):
    """Give the net position of a kind of trader in a contract, by report."""

    def held(contract, who):
        return (raw(f"cot_{contract}_{who}_long") - raw(f"cot_{contract}_{who}_short")).dropna()

    return held


@pytest.fixture(scope="session")
def matched(net):
    """Give the matched pairs of a contract as plain pandas forms them."""

    def pairs(contract):
        both = pd.concat([-net(contract, "lev"), net(contract, "am")], axis=1, join="inner").dropna()
        return both.min(axis=1).clip(lower=0)

    return pairs


def total(parts, weights):
    held = pd.concat([parts(c) * weights[c] for c in FIVE], axis=1, join="inner").dropna()
    return held.sum(axis=1)


@pytest.mark.parametrize(
    ("as_of", "day", "three_usd_bn", "six_usd_bn"),
    [
        # The report of 31 December 2019 was public on Monday 6 January 2020, after New Year's Day.
        ("2020-01-06T18:00", "2019-12-31", 631.17, 745.52),
        ("2022-10-07T18:00", "2022-10-04", 304.03, 433.77),
        ("2023-05-12T18:00", "2023-05-09", 714.92, 860.26),
    ],
)
def test_face_of_leveraged_shorts_from_the_facts_own_inputs(facts_at, as_of, day, three_usd_bn, six_usd_bn):
    """Source: Barth, Kahn and Mann, FEDS Notes, 30 August 2023."""
    facts = facts_at(as_of)
    six = facts.facts["cot.total6.lev_short_notional"]
    assert str(six.observed) == day
    face = {
        i.series.id: i.value * FACE_USD[i.series.id.split("_")[1]] / 1e9
        for i in six.inputs
        if str(i.day) == day
    }
    assert len(face) == 6
    assert six.value == exact(sum(face.values())) == pytest.approx(six_usd_bn, abs=0.005)
    three = sum(face[f"cot_{c}_lev_short"] for c in ("2y", "5y", "10y"))
    assert three == pytest.approx(three_usd_bn, abs=0.005)
    five = facts.number("cot.total.lev_short_notional")
    assert five == exact(six.value - face["cot_u10y_lev_short"])


@pytest.mark.parametrize("contract", [*FIVE, "u10y"])
def test_asset_managers_net_by_contract(facts_at, net, contract):
    facts, held = facts_at(WEEK), net(contract, "am")
    assert facts.number(f"cot.{contract}.am_net") == held["2025-04-08"]
    change = held["2025-04-08"] - held["2025-04-01"]
    assert facts.number(f"cot.{contract}.am_net.change_week") == change


@pytest.mark.parametrize("as_of", ["2020-03-20", "2022-10-07T18:00", WEEK, "2026-05-15"])
def test_pairs_are_the_smaller_side_of_each_contract(facts_at, matched, as_of):
    facts = facts_at(as_of)
    for contract in FIVE:
        fact, held = facts.facts[f"cot.pairs.{contract}"], matched(contract)[: as_of[:10]]
        assert fact.value == held[str(fact.observed)]
        assert fact.value >= 0
        assert facts.number(f"cot.pairs.{contract}.change_week") == held.iloc[-1] - held.iloc[-2]
        assert "upper bound" in fact.label
        assert len(fact.inputs) == 4


@pytest.mark.parametrize("as_of", ["2020-03-20", WEEK, "2026-05-15"])
@pytest.mark.parametrize("name", ["notional", "10y_eq"])
def test_totals_of_pairs_and_of_asset_managers(facts_at, matched, net, as_of, name):
    facts = facts_at(as_of)
    weights = {c: FACE_USD[c] / 1e9 if name == "notional" else DV01[c] / DV01["10y"] for c in FIVE}
    for prefix, parts in (("cot.pairs.total", matched), ("cot.total.am_net", lambda c: net(c, "am"))):
        fact_id = f"{prefix}_{name}"
        fact, held = facts.facts[fact_id], total(parts, weights)[: as_of[:10]]
        assert fact.value == exact(held[str(fact.observed)])
        close = partial(pytest.approx, rel=1e-9, abs=1e-6)
        assert facts.number(f"{fact_id}.change_week") == close(held.iloc[-1] - held.iloc[-2])
        assert facts.number(f"{fact_id}.change_4w") == close(held.iloc[-1] - held.iloc[-5])
        assert fact.unit == ("usd_bn" if name == "notional" else "contracts")


def test_pairs_bound_the_trade_from_below_both_sides(facts_at):
    facts = facts_at(WEEK)
    for contract in FIVE:
        pairs = facts.number(f"cot.pairs.{contract}")
        assert pairs <= max(0, -facts.number(f"cot.{contract}.lev_net"))
        assert pairs <= max(0, facts.number(f"cot.{contract}.am_net"))
    assert facts.number("cot.pairs.total_notional") <= facts.number("cot.total.lev_short_notional")


def test_a_long_leveraged_side_has_no_pair(store_of):
    sides = {"lev_long": 500.0, "lev_short": 200.0, "am_long": 900.0, "am_short": 100.0}
    rows = {f"cot_10y_{side}": {"2025-04-01": n, "2025-04-08": n + 10} for side, n in sides.items()}
    rows["ust_10y"] = {"2025-04-11": 4.0}
    found = list(pair_facts(Measures(store_of(rows).snapshot(parse_as_of("2025-04-11")))))
    assert {f.id: f.value for f in found if isinstance(f, Fact)} == {
        "cot.pairs.10y": 0,
        "cot.pairs.10y.change_week": 0,
    }
    gaps = {f.id: f.why for f in found if isinstance(f, Missing)}
    for fact_id in ("cot.pairs.2y", "cot.pairs.total_notional"):
        assert "not in this data set" in gaps[fact_id]


def test_no_change_of_pairs_over_a_gap(facts_at):
    # Asset managers' rows begin again on 7 January 2025 after those of 23 July 2024.
    facts = facts_at("2025-01-13T18:00")
    fact = facts.facts["cot.pairs.total_notional"]
    assert str(fact.observed) == "2025-01-07"
    for facet in ("change_week", "change_week_z", "change_4w", "change_4w_z", "change_week_pct"):
        assert "not held" in facts.missing[f"cot.pairs.total_notional.{facet}"].why


def test_stale_pairs_say_so(facts_at):
    fact = facts_at("2025-06-13").facts["cot.pairs.total_10y_eq"]
    assert str(fact.observed) == "2025-04-29"
    assert fact.stale is not None


@pytest.mark.parametrize(("end", "others"), [("low", 0.9), ("high", 1.1)])
def test_sensitivity_to_the_dv01_table(facts_at, raw, end, others):
    facts, fact_id = facts_at(WEEK), f"cot.total.lev_short_10y_eq.{end}"
    weights = {c: DV01[c] / DV01["10y"] * (1 if c == "10y" else others) for c in FIVE}
    held = total(lambda c: raw(f"cot_{c}_lev_short"), weights)
    assert facts.number(fact_id) == exact(held["2025-04-08"])
    share = (held["2025-04-08"] / held["2025-04-01"] - 1) * 100
    assert facts.number(f"{fact_id}.change_week_pct") == pytest.approx(share, rel=1e-9)
    assert "tenth" in facts.facts[fact_id].label


@pytest.mark.parametrize("as_of", ["2019-06-14", "2020-03-20", WEEK, "2026-05-15"])
def test_four_week_z_against_changes_that_ended_before(facts_at, raw, as_of):
    facts = facts_at(as_of)
    fact = facts.facts["cot.total.lev_short_10y_eq.change_4w_z"]
    weights = {c: DV01[c] / DV01["10y"] for c in FIVE}
    held = total(lambda c: raw(f"cot_{c}_lev_short"), weights)[: str(fact.observed)]
    changes = held.diff(4)
    whole = held.index.to_series().diff().dt.days.rolling(4).max() <= 9
    before = changes.iloc[:-4].tail(156)
    before = before[whole[before.index]]
    assert fact.value == pytest.approx((changes.iloc[-1] - before.mean()) / before.std(ddof=1), rel=1e-9)
    assert f"the {len(before)} computable changes" in fact.method
    share = (held.iloc[-1] / held.iloc[-5] - 1) * 100
    assert facts.number("cot.total.lev_short_10y_eq.change_4w_pct") == pytest.approx(share, rel=1e-9)
