"""Compare `reportgen build` with papermill, nbconvert and headless Chromium on a notebook of the same size.

    make bench
    python benchmarks/build_vs_notebook.py --notebook-python .venv-bench/bin/python [--as-of DATE] [--runs 3]

Both make HTML and PDF in whole processes of their own, in turn, after one run each that fills the disk's
cache and counts the note's charts and words for the notebook. Exits 1 when reportgen takes more than 0.7
of the other's time, as the median of the runs, or more than 400 MiB.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import notebook
from measure import Cost, line, run

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "reportgen" / "embedded"
LIMIT_RATIO = 0.7
LIMIT_MIB = 400
BROWSERS = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]
# No name is looked up: a page that waits for fonts or scripts from afar would be slower than it need be.
BROWSER_OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ),
]


def main() -> int:
    """Measure both in turn, print time and memory, and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--notebook-python", type=Path, required=True, help="with papermill and nbconvert")
    parser.add_argument("--as-of", default="2025-04-10")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        build(folder, options.as_of)
        note = folder / options.as_of / "treasury-weekly"
        charts = len(list((note / "figures").glob("*.svg")))
        words = notebook.words_of(note / "note.pdf")
        print(
            f"The note of {options.as_of}: {charts} charts, {len(words):,} words; {options.runs} runs each\n"
        )
        notebook.write(folder / "by-hand.ipynb", notebook.notebook(DATA, options.as_of, charts, words))
        by_hand(folder, options.notebook_python)

        ours: list[Cost] = []
        theirs: list[Mapping[str, Cost]] = []
        for _ in range(options.runs):
            ours.append(build(folder, options.as_of))
            theirs.append(by_hand(folder, options.notebook_python))
    return report(ours, theirs)


def build(folder: Path, as_of: str) -> Cost:
    """Build the note, HTML and PDF together."""
    return run(sys.executable, "-m", "reportgen", "build", "--as-of", as_of, "--out", folder, cwd=ROOT)


def by_hand(folder: Path, python: Path) -> dict[str, Cost]:
    """Execute the notebook, convert it to HTML without its code, and print that to PDF."""
    executed, page, pdf = folder / "executed.ipynb", folder / "by-hand.html", folder / "by-hand.pdf"
    pdf.unlink(missing_ok=True)
    jupyter = (python.absolute(), "-m")
    profile = tempfile.mkdtemp(dir=folder)
    costs = {
        "papermill": run(*jupyter, "papermill", folder / "by-hand.ipynb", executed, "--no-progress-bar"),
        "nbconvert": run(
            *(*jupyter, "nbconvert", "--to", "html", "--no-input", executed),
            *("--output-dir", folder, "--output", page.name),
        ),
        "Chromium": run(
            *(browser(), *BROWSER_OPTIONS, f"--user-data-dir={profile}", "--no-pdf-header-footer"),
            *(f"--print-to-pdf={pdf}", page.as_uri()),
        ),
    }
    if not pdf.is_file():
        sys.exit(f"{browser()} wrote no PDF")
    return costs


def browser() -> str:
    """Find a Chromium."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return found or sys.exit("No Chromium found: install the package chromium")


def report(ours: list[Cost], theirs: list[Mapping[str, Cost]]) -> int:
    """Print both sides and tell whether the limits hold, as an exit status."""
    totals = [sum(costs.values(), start=Cost(0, 0)) for costs in theirs]
    print(line("reportgen build", ours))
    print(line("papermill, nbconvert, Chromium", totals))
    for step in theirs[0]:
        print(line(f"  {step}", [costs[step] for costs in theirs]))
    # Run by run: what else the machine does weighs on neighbours alike.
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(ours, totals, strict=True))
    peak = max(cost.peak_mib for cost in ours)
    print(f"\ntime ratio {ratio:.2f}, limit {LIMIT_RATIO:.2f}; memory {peak:.0f} MiB, limit {LIMIT_MIB} MiB")
    return int(ratio > LIMIT_RATIO or peak > LIMIT_MIB)


if __name__ == "__main__":
    sys.exit(main())
