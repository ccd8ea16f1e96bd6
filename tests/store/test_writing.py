"""A store that is written: by one at a time, whole or not at all, and only where something changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import shutil
import subprocess
import sys
import threading

import numpy as np
import pyarrow.parquet as pq
import pytest

from reportgen import embedded
from reportgen.errors import CatalogueError, HostError, StoreBusyError, StoreError
from reportgen.model import to_moment64
from reportgen.store import RESTRICTED, SCHEMA, Store
from reportgen.store.files import Columns, encode
from reportgen.store.writing import Writer
from reportgen.text import parse_as_of
from tests.store.rows import columns

SEEN = to_moment64(parse_as_of("2026-07-01T09:00"))
DAY = dt.date(2025, 4, 10)


def some(*values, first=DAY):
    return columns((first + dt.timedelta(days=k) for k in range(len(values))), values, SEEN)


def stamps(folder):
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*.parquet")
    }


def newest(store, series_id):
    found = store.newest(series_id)
    assert found is not None, series_id
    return found


def rows_of(store, series_id):
    found = store.rows(series_id)
    assert found is not None, series_id
    return found


def test_an_absent_folder_is_made_and_each_publisher_has_its_file(tmp_path):
    folder = tmp_path / "new" / "store"
    with Writer(folder) as writer:
        assert writer.held == frozenset()
        assert not writer.newest()
        arrived = {"sofr": some(4.37, 4.33), "vix": some(40.72), "cot_10y_oi": some(5e6), "tgcr": some(4.3)}
        merged = writer.append(arrived)
        assert {s: m.new for s, m in merged.items()} == {"sofr": 2, "vix": 1, "cot_10y_oi": 1, "tgcr": 1}
        assert writer.newest()["sofr"] == dt.date(2025, 4, 11)
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*.parquet"))
    assert files == ["cftc.parquet", "fred.parquet", "nyfed.parquet", f"{RESTRICTED}/fred.parquet"]
    assert pq.read_schema(folder / "fred.parquet").equals(SCHEMA)
    store = Store(folder)
    assert store.held == {"sofr", "vix", "cot_10y_oi", "tgcr"}
    assert pq.read_table(folder / "fred.parquet")["published_at"].null_count == 2
    found = store.snapshot(parse_as_of("2025-04-12")).history("sofr")
    assert found.values.tolist() == [4.37]  # that of the 11th comes on Monday


def test_only_the_files_of_what_changed_are_rewritten(tmp_path):
    """Appending a day to one publisher's series leaves the others' files alone."""
    folder = tmp_path / "store"
    shutil.copytree(embedded.FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "*.toml", "__pycache__"))
    before, held = stamps(folder), Store(folder)
    assert len(before) > 5
    day = newest(held, "sofr") + dt.timedelta(days=1)
    with Writer(folder) as writer:
        writer.append({"sofr": some(4.0, first=day)})
    after = stamps(folder)
    assert {name for name in before if before[name] != after[name]} == {"fred.parquet"}
    with Writer(folder) as writer:
        merged = writer.append({"sofr": some(4.0, first=day)})
        assert not merged["sofr"].changed
    assert stamps(folder) == after
    changed = Store(folder)
    for series_id in held.held - {"sofr"}:
        one, other = rows_of(held, series_id), rows_of(changed, series_id)
        for name in ("days", "values", "published", "retrieved"):
            assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name == "values")
    assert len(rows_of(changed, "sofr").days) == len(rows_of(held, "sofr").days) + 1


def test_a_series_that_is_held_stays_in_its_file(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    shutil.copy(embedded.FOLDER / "policy.parquet", folder)
    day = newest(Store(folder), "iorb") + dt.timedelta(days=1)
    with Writer(folder) as writer:
        writer.append({"iorb": some(3.5, first=day), "sofr": some(4.0)})
    assert sorted(p.name for p in folder.glob("*.parquet")) == ["fred.parquet", "policy.parquet"]
    assert Store(folder).newest("iorb") == day


def test_rows_that_contradict_each_other_leave_everything_as_it_was(tmp_path):
    twice = Columns(
        *(np.concatenate([a, b]) for a, b in zip(parts(some(4.37)), parts(some(9.9)), strict=True))
    )
    with Writer(tmp_path) as writer:
        with pytest.raises(StoreError, match="two values of 2025-04-10"):
            writer.append({"tgcr": some(4.3), "sofr": twice})
        assert writer.held == frozenset()
        with pytest.raises(CatalogueError):
            writer.append({"nothing": some(1.0)})
    assert not list(tmp_path.glob("*.parquet"))


def parts(found):
    return found.days, found.values, found.published, found.retrieved


def test_a_second_writer_waits_and_then_leaves(tmp_path):
    with Writer(tmp_path), pytest.raises(StoreBusyError, match=r"another fetch is at work, waited 0 s"):
        Writer(tmp_path).__enter__()
    with Writer(tmp_path):  # the lock is free again
        pass


def test_a_second_writer_goes_on_when_the_first_has_ended(tmp_path):
    entered, leave = threading.Event(), threading.Event()

    def first():
        with Writer(tmp_path) as writer:
            entered.set()
            leave.wait(5)
            writer.append({"sofr": some(4.37)})

    thread = threading.Thread(target=first)
    thread.start()
    assert entered.wait(5)
    threading.Timer(0.2, leave.set).start()
    with Writer(tmp_path, wait=5) as writer:
        assert writer.newest() == {"sofr": DAY}
    thread.join()


def test_the_lock_of_a_killed_writer_is_free_and_its_leftovers_go(tmp_path):
    script = f"""
import sys, time
from pathlib import Path
from reportgen.store.writing import Writer
with Writer(Path({str(tmp_path)!r})):
    Path({str(tmp_path / ".fred.parquet.half")!r}).write_bytes(b"PAR1")
    print("in", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"in\n"
    process.kill()
    process.wait()
    process.stdout.close()
    with Writer(tmp_path) as writer:
        writer.append({"sofr": some(4.37)})
    assert not list(tmp_path.glob(".*parquet*"))


def test_the_last_value_held_is_told_with_its_day(tmp_path):
    with Writer(tmp_path) as writer:
        writer.append({"sofr": some(4.36, 4.37, None), "tgcr": some(None)})
        assert writer.newest()["sofr"] == DAY + dt.timedelta(days=2)
        assert writer.levels() == {"sofr": (DAY + dt.timedelta(days=1), 4.37)}


def test_a_damaged_file_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "fred.parquet").write_bytes(b"no parquet")
    with (
        pytest.raises(StoreError, match=r"(?s)fred\.parquet: not a readable Parquet file.*a copy"),
        Writer(tmp_path),
    ):
        pass
    (tmp_path / "fred.parquet").unlink()
    with Writer(tmp_path):  # the lock was let go
        pass


def test_a_disk_that_refuses_is_named_and_the_file_is_as_it_was(tmp_path, monkeypatch):
    with Writer(tmp_path) as writer:
        writer.append({"sofr": some(4.37)})
    before = (tmp_path / "fred.parquet").read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with Writer(tmp_path) as writer:
        monkeypatch.setattr(pq, "write_table", full)
        with pytest.raises(HostError, match=r"fred\.parquet: cannot be written: No space left on device"):
            writer.append({"sofr": some(9.9)})
    assert (tmp_path / "fred.parquet").read_bytes() == before


def test_a_file_of_many_writes_is_in_the_order_of_one(tmp_path):
    with Writer(tmp_path / "a") as writer:
        for series_id in ("tgcr", "bgcr", "on_rrp_counterparties"):
            writer.append({series_id: some(3.0, 1.0)})
        writer.append({"bgcr": some(2.0, first=dt.date(2025, 4, 1))})
    names = pq.read_table(tmp_path / "a" / "nyfed.parquet")["series"].to_pylist()
    assert names == sorted(names)
    with Writer(tmp_path / "a") as writer:
        assert writer.rows("bgcr").values.tolist() == [2.0, 3.0, 1.0]


def test_who_brought_a_day_first_stays_on_record(tmp_path):
    """The Treasury's yields reach FRED a day late; what is public since the evening is not FRED's."""
    early = dataclasses.replace(some(4.4, 4.5, first=dt.date(2026, 6, 9)), origins=np.full(2, "treasury"))
    with Writer(tmp_path) as writer:
        writer.append({"ust_10y": some(4.3, 4.35, first=dt.date(2026, 6, 4)), "sofr": some(3.6)})
        plain = (tmp_path / "fred.parquet").read_bytes()
        writer.append({"ust_10y": early}, only_days={"ust_10y"})
        later = some(4.4, 4.6, 4.7, first=dt.date(2026, 6, 9))  # the same, a correction, a new day
        merged = writer.append({"ust_10y": later})["ust_10y"]
    assert (merged.same, merged.revised, merged.new) == (1, 1, 1)
    assert "origin" not in pq.read_schema(io.BytesIO(plain)).names
    assert (
        pq.read_table(tmp_path / "fred.parquet")["origin"].null_count == 5
    )  # all but the two that came early
    snapshot = Store(tmp_path).snapshot(parse_as_of("2026-07-02"))
    history = snapshot.history("ust_10y")
    assert [history.at(k).source for k in range(len(history))] == [
        "FRED:DGS10", "FRED:DGS10", "TREASURY (as FRED:DGS10)", "FRED:DGS10", "FRED:DGS10",
    ]  # fmt: skip
    snapshot.history("sofr")
    (tmp_path / "pack").mkdir()
    encode(snapshot.pack(), tmp_path / "pack" / "inputs.parquet")
    again = Store(tmp_path / "pack").snapshot(parse_as_of("2026-07-02"))
    for series_id in ("ust_10y", "sofr"):
        one, other = snapshot.history(series_id), again.history(series_id)
        assert [one.at(k) for k in range(len(one))] == [other.at(k) for k in range(len(other))]
