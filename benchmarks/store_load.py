"""Time a store of 150 daily series over 20 years: into a Snapshot, against pandas reading the same bytes.

    python benchmarks/store_load.py [--rounds 9]

Both read every file; the Snapshot besides gives each row its moment of publication by its rule, and each
series as it was public at the as-of. Measured twice: rows whose time of publication the rules fill in, as
`fetch` stores them, and rows that carry it. Exits 1 when the slower median is more than 3 times pandas'.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from reportgen import catalog
from reportgen.calendars import publication
from reportgen.store import Store, table, write
from reportgen.store.files import Moments

SERIES, YEARS, LIMIT = 150, 20, 3.0
AS_OF = dt.datetime(2026, 6, 19, 23, 0, tzinfo=dt.UTC)


def main() -> int:
    """Measure both stores, print the medians and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    worst = 0.0
    for filled in (False, True):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            rows = _fill(folder, published=filled)
            size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
            theirs, ours = _rounds(folder, options.rounds)
        ratio = ours / theirs
        worst = max(worst, ratio)
        kind = "times of publication in the file" if filled else "times of publication by rule"
        print(f"{SERIES} series, {rows:,} rows, {size / 2**20:.1f} MiB, {kind}")
        print(f"  pandas.read_parquet  {theirs * 1000:7.1f} ms")
        print(f"  Snapshot             {ours * 1000:7.1f} ms   ratio {ratio:.2f}, limit {LIMIT}")
    return int(worst > LIMIT)


def _fill(folder: Path, *, published: bool) -> int:
    """Write random walks of two decimals under the ids of the catalogue's daily series."""
    chance = np.random.default_rng(1)
    last = np.datetime64(AS_OF.date() - dt.timedelta(days=1))
    days = np.arange(last - np.timedelta64(365 * YEARS, "D"), last)
    days = days[np.is_busday(days)]
    daily = [s for s in catalog.all_series().values() if s.frequency == "daily" and not s.open_days]
    others = [s for s in catalog.all_series().values() if s.id.startswith("cot_")]
    parts: dict[str, list[pa.Table]] = defaultdict(list)
    for series in [*daily, *others][:SERIES]:
        values = np.round(4 + np.cumsum(chance.normal(0, 0.05, len(days))), 2)
        moments: Moments = np.full(len(days), np.datetime64("NaT", "us"))
        if published:
            moments = publication.first_public_array("sofr", days)
        seen = np.full(len(days), np.datetime64("2026-06-19T21:00", "us"))
        parts[series.source.partition(":")[0].lower()].append(table(series.id, days, values, moments, seen))
    for name, tables in parts.items():
        write(pa.concat_tables(tables), folder / f"{name}.parquet")
    return sum(len(t) for tables in parts.values() for t in tables)


def _rounds(folder: Path, count: int) -> tuple[float, float]:
    """Return the median seconds of pandas and of the Snapshot, taken in turns."""
    theirs, ours = [], []
    for _ in range(count):
        theirs.append(_seconds(lambda: _read(folder)))
        ours.append(_seconds(lambda: _snapshot(folder)))
    return statistics.median(theirs), statistics.median(ours)


def _read(folder: Path) -> None:
    for path in folder.glob("*.parquet"):
        pd.read_parquet(path)


def _snapshot(folder: Path) -> None:
    store = Store(folder)
    snapshot = store.snapshot(AS_OF)
    for series_id in store.held:
        snapshot.history(series_id)


def _seconds(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
