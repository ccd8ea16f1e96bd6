"""Time the facts and findings of one further as-of in a process that already runs.

    python benchmarks/facts_next.py [--weeks 60]

Walks week ends back from the end of 2025, after one as-of that warms the calendars and the registry.
Exits 1 when the median takes more than 100 milliseconds.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
import time

from reportgen.embedded import FOLDER
from reportgen.findings import decide
from reportgen.findings.events import load_events
from reportgen.indicators.facts import compute_facts
from reportgen.indicators.measures import Measures
from reportgen.indicators.thresholds import load_thresholds
from reportgen.model import NEW_YORK
from reportgen.store import Store

LIMIT_MS = 100.0
NEWEST = dt.datetime(2025, 12, 26, 23, 59, tzinfo=NEW_YORK)


def main() -> int:
    """Measure each as-of, print median and worst, and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weeks", type=int, default=60)
    options = parser.parse_args()

    store, thresholds, events = Store(FOLDER), load_thresholds(), load_events()
    spent = []
    for week in range(options.weeks + 1):
        begin = time.perf_counter()
        facts = compute_facts(Measures(store.snapshot(NEWEST - dt.timedelta(weeks=week))), thresholds)
        decide(facts, thresholds, events)
        spent.append((time.perf_counter() - begin) * 1000)

    first, rest = spent[0], spent[1:]
    median = statistics.median(rest)
    print(f"first as-of {first:.0f} ms")
    print(f"{len(rest)} further: median {median:.0f} ms, worst {max(rest):.0f} ms, limit {LIMIT_MS:.0f} ms")
    return int(median > LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
