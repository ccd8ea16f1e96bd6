"""A notebook that does by hand what the note does: the same number of charts and words, the same data."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

READ = """
%config InlineBackend.figure_formats = ["svg"]
from pathlib import Path
import matplotlib.pyplot as plt
import pandas as pd

files = sorted(Path({data!r}).rglob("*.parquet"))
rows = pd.concat([pd.read_parquet(file, columns=["series", "date", "value"]) for file in files])
rows["date"] = pd.to_datetime(rows["date"])
rows = rows[rows["date"].between(pd.Timestamp({as_of!r}) - pd.DateOffset(years=3), {as_of!r})]
rows = rows.drop_duplicates(["series", "date"], keep="last")
table = rows.pivot(index="date", columns="series", values="value")
"""

DRAW = """
names = list(table.columns)[{number} * 3 % len(table.columns):][:3]
figure, axes = plt.subplots(figsize=(6.4, 3.2))
for name in names:
    series = table[name].dropna()
    axes.plot(series.index, series, label=name)
    axes.annotate(f"{{series.iloc[-1]:.2f}}", (series.index[-1], series.iloc[-1]))
axes.set_title("Exhibit {exhibit}")
axes.legend()
plt.show()
"""


def notebook(data: Path, as_of: str, charts: int, words: list[str]) -> dict[str, Any]:
    """Write a notebook with that many charts, each followed by its share of the words."""
    cells = [_code(READ.format(data=str(data), as_of=as_of))]
    share = -(-len(words) // charts)
    for number in range(charts):
        cells.append(_code(DRAW.format(number=number, exhibit=number + 1)))
        cells.append(_prose(" ".join(words[number * share : (number + 1) * share])))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}


def words_of(pdf: Path) -> list[str]:
    """Take the words that a reader of the printed note sees."""
    return subprocess.run(
        ["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True
    ).stdout.split()


def write(path: Path, content: dict[str, Any]) -> None:
    """Save a notebook."""
    path.write_text(json.dumps(content), encoding="utf-8")


def _code(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source.strip(),
    }


def _prose(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}
