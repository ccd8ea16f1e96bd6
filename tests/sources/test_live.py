"""The same contract, live: run with `-m network` where there is a network (and FRED_API_KEY for FRED)."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys

import pytest

from reportgen.sources import sources
from tests.sources.asking import held

# Publishers that need no memory of the embedded days to be fresh: days without news are theirs.
QUIET = {"swap_operations"}


@pytest.mark.network
@pytest.mark.parametrize("source", sources())
def test_a_publisher_answers_as_recorded(source, root):
    if source == "fred" and not os.environ.get("FRED_API_KEY"):
        pytest.skip("no FRED_API_KEY")
    # A process of its own: in this one every address but this machine's is refused.
    done = subprocess.run(
        [sys.executable, "-m", "tests.sources.live", source],
        cwd=root, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["reachable"], found["detail"]
    assert found["failed"] == []
    assert found["quarantined"] == []
    today = dt.date.today()
    for series, values in found["values"].items():
        if series not in QUIET:
            assert (today - dt.date.fromisoformat(max(values))).days < 120, series
        known = held(series) if series not in ("tga", "swap_operations") else {}
        common = known.keys() & values.keys()
        assert all(known[day] == values[day] for day in common) or source in (
            "tic",
            "ofr",
            "chicagofed",
            "fred",
        )
