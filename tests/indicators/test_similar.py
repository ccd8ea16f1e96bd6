"""The nearest past weeks, computed again with pandas, and what must not be known."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from reportgen import calendars
from reportgen.embedded import FOLDER
from reportgen.indicators.facts import compute_facts
from reportgen.indicators.measures import Measures
from reportgen.indicators.similar import MEASURES, OUTCOMES, similar_facts
from reportgen.model import Missing
from reportgen.store import RESTRICTED, Store, table, write
from reportgen.text import format_date, parse_as_of

needs_restricted = pytest.mark.skipif(
    not (FOLDER / RESTRICTED).is_dir(), reason="the restricted series are not in this copy"
)
SERIES = ("ust_10y", "ust_2y", "dxy", "spx", "vix", "move", "hy_oas", "sofr", "iorb")
IDS = {
    "similar.sample",
    "similar.likeness",
    *(f"similar.{k}.{what}" for k in (1, 2, 3) for what in ("week", "distance", "mismatch")),
    *(f"similar.{k}.{name}.change_4w" for k in (1, 2, 3) for name in ("ust10y", "spx")),
    *(f"similar.base.{name}.{what}" for name in ("ust10y", "spx") for what in ("change_4w", "rise_4w")),
}


@pytest.fixture(scope="module")
def rows():
    parts = [pd.read_parquet(path) for path in sorted(FOLDER.rglob("*.parquet"))]
    found = pd.concat(parts).dropna(subset=["value"])
    found["date"] = pd.to_datetime(found["date"])
    by_series = {s: found[found["series"] == s].sort_values("date") for s in SERIES}
    spreads = by_series["hy_oas"]  # also quoted on days without a bond market, which the note leaves out
    by_series["hy_oas"] = spreads[spreads["date"].isin(pd.DatetimeIndex(calendars.open_days("sifma")))]
    return by_series


def weeks_to(day: str) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Give each week's last close before its Monday, and its last on or before the weekday of the day."""
    last = pd.Timestamp(day)
    opens = pd.DatetimeIndex(calendars.open_days("sifma"))
    found = []
    for monday in pd.date_range("2015-01-05", last, freq="W-MON"):
        end = opens[opens <= monday + pd.Timedelta(days=last.weekday())][-1]
        if end >= monday:
            found.append((opens[opens < monday][-1], end))
    return found


def changes(rows, day: str) -> pd.DataFrame:
    """Take the eight changes of every week from what was public at 23:59 of its end."""
    table_ = {}
    for start, end in weeks_to(day):
        moment = (end + pd.Timedelta(hours=23, minutes=59)).tz_localize("America/New_York")
        known = {
            s: f[(f["published_at"] <= moment) & (f["date"] <= end)].set_index("date")["value"]
            for s, f in rows.items()
        }

        def change(level, how, start=start):
            before = level[level.index <= start]
            if not len(before) or level.index[-1] <= start or (start - before.index[-1]).days > 5:
                return np.nan
            return (
                level.iloc[-1] / before.iloc[-1] - 1 if how == "ratio" else level.iloc[-1] - before.iloc[-1]
            )

        table_[end] = [
            change(known["ust_10y"], "difference"),
            change((known["ust_10y"] - known["ust_2y"]).dropna(), "difference"),
            change(known["dxy"], "ratio"),
            change(known["spx"], "ratio"),
            change(known["vix"], "difference"),
            change(known["move"], "difference"),
            change(known["hy_oas"], "difference"),
            change((known["sofr"] - known["iorb"]).dropna(), "difference"),
        ]
    return pd.DataFrame.from_dict(table_, orient="index", columns=[m for m, _, _ in MEASURES])


@needs_restricted
def test_weeks_without_what_is_extreme_now_do_not_compare(facts_at):
    """In September 2019 SOFR's history was too short for 52 weeks that could be set beside it."""
    assert "fewer than 52" in facts_at("2019-09-18").missing["similar.1.week"].why


@needs_restricted
@pytest.mark.parametrize("day", ["2025-04-10", "2022-09-30", "2024-08-09", "2018-06-08"])
def test_computed_again(facts_at, rows, day):
    moves = changes(rows, day)
    past = moves.expanding(52)
    z = (moves - past.mean().shift(1)) / past.std().shift(1)
    apart = (z.iloc[:-1] - z.iloc[-1]) ** 2
    old = pd.DatetimeIndex(apart.index) <= pd.Timestamp(day) - pd.Timedelta(days=28)
    ranked = apart[old & (apart.notna().sum(axis=1) >= z.iloc[-1].notna().sum())]
    distance = np.sqrt(ranked.mean(axis=1)).sort_values(kind="stable")

    facts = facts_at(day).facts
    assert facts["similar.sample"].value == len(ranked)
    for k, (end, expected) in enumerate(distance.iloc[:3].items(), 1):
        assert facts[f"similar.{k}.week"].value == end.date().isoformat()
        assert facts[f"similar.{k}.week"].text == format_date(end.date())
        assert facts[f"similar.{k}.distance"].value == pytest.approx(expected, rel=1e-9)
        name = next(n for m, _, n in MEASURES if m == ranked.loc[end].idxmax())
        assert facts[f"similar.{k}.mismatch"].value == name
    assert (facts["similar.likeness"].value == "near") == (distance.iloc[0] <= 1)


@needs_restricted
def test_what_followed(facts_at, raw):
    facts = facts_at("2025-04-10").facts
    for k in (1, 2, 3):
        end = pd.Timestamp(facts[f"similar.{k}.week"].value)
        ten, stocks = (
            (s[:end].iloc[-1], s[: end + pd.Timedelta(days=28)].iloc[-1])
            for s in (raw("ust_10y"), raw("spx"))
        )
        assert facts[f"similar.{k}.ust10y.change_4w"].value == pytest.approx((ten[1] - ten[0]) * 100)
        assert facts[f"similar.{k}.spx.change_4w"].value == pytest.approx((stocks[1] / stocks[0] - 1) * 100)


@needs_restricted
def test_base_rates(facts_at, raw):
    found = facts_at("2025-04-10").facts
    ends = [
        end for _, end in weeks_to("2025-04-10") if end + pd.Timedelta(days=28) <= pd.Timestamp("2025-04-10")
    ]
    stocks, n = raw("spx"), int(found["similar.sample"].number)
    after = [stocks[: e + pd.Timedelta(days=28)].iloc[-1] / stocks[:e].iloc[-1] - 1 for e in ends[-n:]]
    assert found["similar.base.spx.rise_4w"].value == pytest.approx(np.mean(np.array(after) > 0) * 100)
    assert found["similar.base.spx.change_4w"].value == pytest.approx(np.median(after) * 100)


@needs_restricted
@pytest.mark.parametrize("as_of", ["2021-06-11", "2025-04-10", "2025-04-11T18:00", "2026-06-18"])
def test_only_weeks_whose_outcome_was_known(facts_at, as_of):
    facts = facts_at(as_of)
    for k in (1, 2, 3):
        end = dt.date.fromisoformat(facts.facts[f"similar.{k}.week"].value)
        assert end + dt.timedelta(days=28) <= facts.market_date
        for _, measure, *_ in OUTCOMES:
            assert measure in ("ust.10y", "equity.spx")
    assert facts.facts["similar.1.distance"].number <= facts.facts["similar.3.distance"].number


@needs_restricted
def test_later_data_change_nothing(tmp_path, thresholds, embedded):
    """The same facts come from a store that ends at the as-of."""
    moment = parse_as_of("2025-04-10")
    snapshot = embedded.snapshot(moment)
    expected = compute_facts(Measures(snapshot), thresholds)
    parts = []
    for series in snapshot.used:
        rows = embedded.rows(series)
        keep = rows.published <= np.datetime64(moment.astimezone(dt.UTC).replace(tzinfo=None))
        parts.append(
            table(series, rows.days[keep], rows.values[keep], rows.published[keep], rows.retrieved[keep])
        )
    write(pa.concat_tables(parts), tmp_path / "a.parquet")
    found = compute_facts(Measures(Store(tmp_path).snapshot(moment)), thresholds)
    for fact_id in IDS:
        assert found.facts[fact_id] == expected.facts[fact_id]


@needs_restricted
@pytest.mark.parametrize("as_of", ["2025-04-07", "2020-03-17T10:00", "2026-08-20", "2025-04-10"])
def test_every_fact_is_there_with_public_inputs(facts_at, as_of):
    facts = facts_at(as_of)
    assert set(facts.facts) >= IDS
    for fact_id in IDS:
        fact = facts.facts[fact_id]
        assert fact.inputs
        assert fact.published == max(i.published for i in fact.inputs) <= facts.as_of


def test_without_enough_measures_every_fact_says_why(store_of, thresholds):
    days = [
        d.isoformat() for d in calendars.between(dt.date(2022, 1, 3), dt.date(2025, 4, 10), "sifma").tolist()
    ]
    level = {d: 4 + np.sin(k) / 10 for k, d in enumerate(days)}
    store = store_of({"ust_10y": level, "ust_2y": level, "sofr": level, "iorb": dict.fromkeys(days, 4.4)})
    found = {f.id: f for f in similar_facts(Measures(store.snapshot(parse_as_of("2025-04-10"))), thresholds)}
    assert set(found) == IDS
    for gap in found.values():
        assert isinstance(gap, Missing)
        assert gap.input.startswith("dxy")
        assert gap.why == "not in this data set (restricted by licence)"
