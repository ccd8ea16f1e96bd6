"""No look-ahead: what is published after the as-of changes no fact, no finding, no byte."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.embedded import FOLDER
from reportgen.findings import decide
from reportgen.findings.events import load_events
from reportgen.indicators.facts import compute_facts
from reportgen.indicators.gauge import gauge_days, gauge_history
from reportgen.indicators.measures import Measures, registry
from reportgen.indicators.thresholds import load_thresholds
from reportgen.model import to_moment64
from reportgen.render import facts_json
from reportgen.store import RESTRICTED, Store, table, write
from reportgen.text import parse_as_of

THRESHOLDS, EVENTS = load_thresholds(), load_events()
# All that a fact can be made of, the alternatives that the embedded data lack among them.
SERIES = sorted({s for m in registry().values() for s, _ in (*m.terms, *m.otherwise, *m.published_change)})
AS_OFS = (
    "2018-06-01", "2019-09-17T15:00", "2019-09-18", "2020-03-20", "2021-07-29", "2023-03-17",
    "2025-04-07T10:00", "2025-04-10", "2025-04-11T15:29", "2025-11-14", "2026-06-18",
)  # fmt: skip
# Rows that a later publication might bring: revisions, first values, dates before, on and after.
EXTRA = st.tuples(
    st.sampled_from(SERIES),
    st.integers(-900, 60),  # days from the as-of to the observation
    st.floats(-1e6, 1e6),
    st.integers(1, 60 * 24 * 400),  # minutes from the as-of to the publication
)


def content(store: Store, as_of: dt.datetime) -> bytes:
    """Give facts.json's bytes for a moment."""
    facts = compute_facts(Measures(store.snapshot(as_of)), THRESHOLDS)
    findings = decide(facts, THRESHOLDS, EVENTS)
    return facts_json.dumps(facts_json.document("treasury-weekly", facts, findings)).encode()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the series that facts are made of into one small file."""
    folder = tmp_path_factory.mktemp("store")
    paths = sorted(FOLDER.glob("*.parquet")) + sorted((FOLDER / RESTRICTED).glob("*.parquet"))
    rows = pa.concat_tables([pq.read_table(path) for path in paths])
    kept = pa.compute.is_in(rows["series"], value_set=pa.array(SERIES))
    write(rows.filter(kept), folder / "all.parquet")
    return folder


@pytest.fixture(scope="module")
def plain(small: Path):
    store = Store(small)
    return cache(lambda as_of: content(store, parse_as_of(as_of)))


def extended(folder: Path, rows: list[tuple[str, dt.date, float, np.datetime64]]) -> Store:
    """Give the store with further rows, written beside those it has."""
    parts = [pq.read_table(folder / "all.parquet")]
    for series, day, value, published in rows:
        moment = np.array([published], "datetime64[us]")
        parts.append(table(series, np.array([day], "datetime64[D]"), np.array([value]), moment, moment))
    other = folder / "extended"
    write(pa.concat_tables(parts), other / "all.parquet")
    return Store(other)


def test_the_small_store_is_the_embedded_one_to_the_byte(plain):
    assert plain("2025-04-10") == content(Store(FOLDER), parse_as_of("2025-04-10"))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(AS_OFS), st.lists(EXTRA, min_size=1, max_size=40))
def test_what_is_published_later_changes_no_byte(small, plain, as_of, extra):
    moment = parse_as_of(as_of)
    rows = [
        (
            series,
            moment.date() + dt.timedelta(days=days),
            value,
            to_moment64(moment) + np.timedelta64(minutes, "m"),
        )
        for series, days, value, minutes in extra
    ]
    assert content(extended(small, rows), moment) == plain(as_of)


@pytest.mark.parametrize("as_of", AS_OFS)
def test_every_series_at_once_a_microsecond_later(small, plain, as_of):
    """A revision of the newest value and a first value far back, for every series that facts are made of."""
    moment = parse_as_of(as_of)
    later = to_moment64(moment) + np.timedelta64(1, "us")
    days = [moment.date() - dt.timedelta(days=d) for d in (0, 1, 2, 3, 4, 5, 6, 7, 8, 2000)]
    rows = [(series, day, -999.0, later) for series in SERIES for day in days]
    assert content(extended(small, rows), moment) == plain(as_of)


@pytest.mark.parametrize("series", ["ust_10y", "sofr", "h41_assets"])
def test_what_is_published_at_the_as_of_counts(small, plain, series):
    moment = parse_as_of("2025-04-10")
    day = {"ust_10y": "2025-04-10", "sofr": "2025-04-09", "h41_assets": "2025-04-09"}[series]
    rows = [(series, dt.date.fromisoformat(day), 7_654_321.0, to_moment64(moment))]
    changed = content(extended(small, rows), moment).decode()
    assert changed.encode() != plain("2025-04-10")
    assert "7654321.0" in changed or "7654.321" in changed


def test_the_gauge_s_record_does_not_see_later_vintages(small):
    """Each day of the history stands as it was, whatever its inputs are revised to afterwards."""
    days = gauge_days(dt.date(2025, 3, 31), dt.date(2025, 4, 11))
    late = to_moment64(parse_as_of("2025-04-11T17:00"))
    inputs = ("effr", "vix", "h41_swap_lines", "sofr", "hy_oas")
    rows = [(s, d.item(), 99_999.0, late) for s in inputs for d in days]
    store = extended(small, rows)

    def record(of: Store):
        snapshot = of.snapshot(parse_as_of("2025-04-11"))
        return gauge_history(Measures(snapshot), THRESHOLDS, days)

    plain_record, revised_record = record(Store(small)), record(store)
    np.testing.assert_array_equal(plain_record.points[:, :-1], revised_record.points[:, :-1])
    np.testing.assert_array_equal(plain_record.scores[:-1], revised_record.scores[:-1])
    assert revised_record.scores[-1] != plain_record.scores[-1]
