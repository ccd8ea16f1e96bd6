"""Facts of a moment as the product computes them, and the stored rows as plain pandas sees them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from reportgen import catalog
from reportgen.embedded import FOLDER
from reportgen.indicators.facts import FactSet, compute_facts
from reportgen.indicators.measures import Measures
from reportgen.indicators.thresholds import Thresholds, load_thresholds
from reportgen.store import RESTRICTED, Store, table, write
from reportgen.text import parse_as_of


@pytest.fixture(scope="session")
def embedded() -> Store:
    return Store(FOLDER)


@pytest.fixture(scope="session")
def thresholds() -> Thresholds:
    return load_thresholds()


@pytest.fixture(scope="session")
def facts_at(embedded: Store, thresholds: Thresholds) -> Callable[[str], FactSet]:
    """Give the facts of an as-of in the command line's form."""

    @cache
    def compute(as_of: str) -> FactSet:
        return compute_facts(Measures(embedded.snapshot(parse_as_of(as_of))), thresholds)

    return compute


@pytest.fixture(scope="session")
def raw() -> Callable[..., pd.Series]:
    """Give a stored series by day, read without the product; skip where its licence keeps it out."""
    parts = [pd.read_parquet(path) for path in sorted(FOLDER.rglob("*.parquet"))]
    rows = pd.concat(parts).assign(date=lambda t: pd.to_datetime(t["date"]))
    by_series = dict(iter(rows.groupby("series")))

    @cache
    def read(series_id: str, public_by: str | None = None) -> pd.Series:
        if series_id not in by_series and catalog.series(series_id).restricted:
            pytest.skip(f"{series_id} is restricted, and {RESTRICTED}/ is not in this copy")
        found = by_series[series_id].sort_values("date")
        if public_by is not None:
            moment = pd.Timestamp(public_by, tz="America/New_York")
            found = found[found["published_at"] <= moment]
        return found.set_index("date")["value"].dropna()

    return read


@pytest.fixture
def store_of(tmp_path: Path) -> Callable[[dict[str, dict[str, float]]], Store]:
    """Give a store of the given values by series and day, published by rule."""

    def make(content: dict[str, dict[str, float]]) -> Store:
        parts = []
        for series, values in content.items():
            never = np.full(len(values), np.datetime64("NaT"), "datetime64[us]")
            days = np.array(list(values), "datetime64[D]")
            parts.append(table(series, days, np.array(list(values.values())), never, never))
        write(pa.concat_tables(parts), tmp_path / "a.parquet")
        return Store(tmp_path)

    return make
