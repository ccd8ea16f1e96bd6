"""Measure how long a saved template, chart or commentary takes to the screen in `reportgen preview`.

    python benchmarks/preview.py [--as-of 2025-04-10] [--runs 5]

Runs over a copy of the templates, the charts and a new desk. Exits 1 when a median is above two seconds.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from reportgen.assets import asset_dir
from reportgen.config import init_desk
from reportgen.pipeline import live
from reportgen.pipeline.analysis import Desk
from reportgen.pipeline.previewing import Preview
from reportgen.text import parse_as_of

LIMIT_SECONDS = 2.0
COMMENTARY = '+++\nauthor = "A. Analyst"\n+++\nThe desk has read the note {words}.\n'


def main() -> int:
    """Save each kind of file in turn, print the medians, and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--as-of", default="2025-04-10")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in ("templates", "charts"):
            shutil.copytree(asset_dir(name), folder / name)
        init_desk(folder / "desk", {})
        desk = Desk(
            folder=folder / "desk",
            templates=folder / "templates",
            charts=folder / "charts",
        )
        preview = Preview(desk, parse_as_of(options.as_of), dt.datetime.now(dt.UTC), "treasury-weekly", "en")
        preview.page()
        return judge(preview, folder, options.as_of, options.runs)


def judge(preview: Preview, folder: Path, as_of: str, runs: int) -> int:
    """Time a change of each kind; the watch adds its pause."""
    deck = folder / "templates/treasury-weekly/en/sections/deck.html.j2"
    chart = folder / "charts/slopes.toml"
    note = folder / "desk/commentary" / as_of / "week.md"
    note.parent.mkdir(parents=True, exist_ok=True)
    words, height = deck.read_text(encoding="utf-8"), chart.read_text(encoding="utf-8")
    worst = 0.0
    saved = {
        "template": (deck, [words + f"{{# {'again ' * k} #}}" for k in range(runs)]),
        "chart": (
            chart,
            [height.replace('window = "', f'height = {50 + k}\nwindow = "', 1) for k in range(runs)],
        ),
        "commentary": (note, [COMMENTARY.format(words="again " * (k + 1)) for k in range(runs)]),
    }
    for kind, (path, contents) in saved.items():
        seconds = []
        for content in contents:
            path.write_text(content, encoding="utf-8")
            begin = time.perf_counter()
            preview.page()
            seconds.append(time.perf_counter() - begin + live.PAUSE)
        median = statistics.median(seconds)
        worst = max(worst, median)
        print(f"{kind:<12} {median:5.2f} s   ({' '.join(f'{s:.2f}' for s in seconds)})")
    print(f"limit {LIMIT_SECONDS:.2f} s")
    return int(worst > LIMIT_SECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
