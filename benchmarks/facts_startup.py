"""Compare `reportgen facts` with the time that Python takes to import pandas.

    python benchmarks/facts_startup.py [--as-of 2025-04-10] [--runs 7]

Exits 1 when the facts take more than three times as long.
"""

from __future__ import annotations

import argparse
import sys

from measure import Cost, line, median, run

LIMIT_RATIO = 3.0


def main() -> int:
    """Measure both in turn, print the medians, and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--as-of", default="2025-04-10")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()

    facts = (sys.executable, "-m", "reportgen", "facts", "--as-of", options.as_of)
    pandas = (sys.executable, "-c", "import pandas")
    run(*facts), run(*pandas)  # compiled modules and the disk's cache: both start warm
    costs: tuple[list[Cost], list[Cost]] = ([], [])
    for _ in range(options.runs):
        costs[0].append(run(*facts))
        costs[1].append(run(*pandas))

    ratio = median(costs[0]) / median(costs[1])
    print(line(f"reportgen facts --as-of {options.as_of}", costs[0]))
    print(line("import pandas", costs[1]))
    print(f"ratio {ratio:.2f}, limit {LIMIT_RATIO:.2f}")
    return int(ratio > LIMIT_RATIO)


if __name__ == "__main__":
    sys.exit(main())
