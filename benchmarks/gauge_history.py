"""Time the liquidity gauge's whole history, day by day, as `reportgen gauge` computes it.

    python benchmarks/gauge_history.py [--from 2018-06-01] [--to DAY] [--runs 3]

Starts the command in a process of its own, from the first day to the end of the data. Exits 1 when the
median takes more than 15 seconds.
"""

from __future__ import annotations

import argparse
import sys

from measure import Cost, line, median, run
from reportgen.embedded import FOLDER
from reportgen.store import Store

LIMIT_SECONDS = 15.0


def main() -> int:
    """Measure, print the median, and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="start", default="2018-06-01")
    parser.add_argument("--to", dest="end", default=str(Store(FOLDER).newest("ust_10y")))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()

    command = (
        sys.executable,
        "-m",
        "reportgen",
        "gauge",
        "--csv",
        "--from",
        options.start,
        "--to",
        options.end,
    )
    costs: list[Cost] = [run(*command) for _ in range(options.runs)]
    print(line(f"gauge {options.start} to {options.end}", costs))
    print(f"limit {LIMIT_SECONDS:.0f} s")
    return int(median(costs) > LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
