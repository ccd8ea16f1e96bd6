"""Rebuild the embedded data from a folder of CSV files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reportgen.embedded import FOLDER
from reportgen.embedded.building import build
from reportgen.errors import ReportgenError


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m reportgen.embedded", description=__doc__)
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="folder of the CSV files that inputs.toml names"
    )
    parser.add_argument(
        "--out", type=Path, default=FOLDER, metavar="DIR", help="where to write (the package itself)"
    )
    options = parser.parse_args(arguments)
    try:
        series = build(options.folder, options.out)
    except ReportgenError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    rows = sum(len(values) for values in series.values())
    print(f"{len(series)} series, {rows} rows written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
