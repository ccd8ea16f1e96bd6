"""A fetch that is killed, at any moment: what it had stored is whole, and the next one goes on from there."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reportgen.assets import asset_dir
from reportgen.sources import sources
from reportgen.store import Store
from reportgen.store.files import paths
from tests.pipeline.desks import KEY
from tests.pipeline.publishers import ENDED, Publishers, rows
from tests.sources.replay import Answered, replaying

SINCE = "2026-03-02"
SETTINGS = """
[fetch]
sources = {sources}
since = {since}
lock_seconds = 0
per_minute = {{ {pace} }}
urls = {{ {urls} }}
"""


def settings(base: str, names: list[str]) -> str:
    return (asset_dir("templates") / "brand" / "desk.toml").read_text(encoding="utf-8") + SETTINGS.format(
        since=SINCE,
        sources=json.dumps(names),
        pace=", ".join(f"{name} = 100000" for name in names),
        urls=", ".join(f'{name} = "{base}"' for name in names),
    )


def begin(desk: Path, store: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "reportgen", "fetch", "--data", str(store), "--desk", str(desk)]
    environment = {**os.environ, "FRED_API_KEY": KEY}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def told(series_id):
    return {(d, v) for d, v, at in rows(series_id) if d.isoformat() >= SINCE and at <= ENDED}


def check_whole(store: Path) -> set[str]:
    """Read a store and see that each series in it is there in full; return the series."""
    if not paths(store):
        return set()
    found = Store(store)
    for series_id in found.held:
        rows_held = found.rows(series_id)
        assert rows_held is not None
        held = set(zip(rows_held.days.tolist(), rows_held.values.tolist(), strict=True))
        assert len(held) == len(rows_held.days)
        assert told(series_id) <= held <= {row[:2] for row in rows(series_id)}, series_id
    return set(found.held)


@pytest.mark.parametrize(
    ("kills", "names"),
    [
        (1, ["cftc"]),
        pytest.param(40, sorted(sources()), marks=pytest.mark.slow),
    ],
)
def test_a_fetch_killed_at_any_moment_leaves_a_whole_store_and_the_next_goes_on(tmp_path, kills, names):
    chance = random.Random(kills)
    store = tmp_path / "store"
    with replaying() as replay:
        Publishers(replay)
        desk = tmp_path / "desk"
        desk.mkdir()
        (desk / "desk.toml").write_text(settings(replay.base, names), encoding="utf-8")
        begun = time.monotonic()
        process = begin(desk, store)
        status = process.wait(timeout=120)
        assert status in (0, 11)  # some of their series are in no data set here
        usual = time.monotonic() - begun
        everything = check_whole(store)
        assert len(everything) > 100
        for kill in range(kills):
            # Every other time from the very beginning, else on top of what the last one left.
            place = tmp_path / f"store-{kill // 2}"
            before = check_whole(place)
            process = begin(desk, place)
            time.sleep(chance.uniform(0.1, 0.9) * usual)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert check_whole(place) >= before
        process = begin(desk, place)
        assert process.wait(timeout=120) == status
        assert check_whole(place) == everything
        assert not list(place.rglob(".*.parquet.*"))


def test_an_interrupt_waits_for_no_answer(tmp_path):
    with replaying() as replay:
        replay.route("/*", Answered(b"", delay=60))
        text = settings(replay.base, ["cftc", "nyfed"])
        (tmp_path / "desk.toml").write_text(text, encoding="utf-8")
        process = begin(tmp_path, tmp_path / "store")
        end = time.monotonic() + 60
        while len(replay.asked) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert not paths(tmp_path / "store")
