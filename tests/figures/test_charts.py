"""The specifications of the checkout, over the embedded data."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reportgen import embedded
from reportgen.config import load_desk
from reportgen.figures.draw import draw
from reportgen.figures.figure import Figure
from reportgen.figures.house import look_of
from reportgen.figures.specification import Charts, load
from reportgen.indicators.gauge import COMPONENTS
from reportgen.indicators.measures import registry
from reportgen.pipeline import analysis
from reportgen.store import RESTRICTED
from reportgen.text import parse_as_of

LOOK = look_of(load_desk().brand)
UNITS = {m.id: m.unit for m in registry().values()}
UNITS |= {"liquidity.score": "index"} | {f"liquidity.{c.id}.state": "text" for c in COMPONENTS}
DATES = ("2018-06-15", "2019-09-18", "2020-03-20", "2021-06-11", "2023-03-17", "2025-04-10")
EXHIBITS = frozenset(
    {"asia_fx", "change_by_tenor", "cot_10y_eq", "contribution", "cot_shorts", "credit", "curve"}
    | {
        "decomposition",
        "dollar_yield",
        "episodes_10y",
        "episodes_spx",
        "facilities",
        "fed_liabilities",
        "funding_spreads",
    }
    | {"gauge", "repo_rates", "risk", "slopes", "tic", "yields"}
)
DIGEST = """
import hashlib
from tests.figures.test_charts import figures
print(hashlib.sha256("".join(f.svg + str(f.table) for f in figures("2025-04-10")).encode()).hexdigest())
"""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def every() -> Charts:
    return load(ROOT / "charts", UNITS)


def figures(as_of: str) -> list[Figure]:
    """Draw every chart of a date."""
    now = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    found = analysis.analyse(analysis.Desk(), parse_as_of(as_of), now)
    analysis.add_gauge_history(found)
    day = found.snapshot.market_date
    references = {i: found.thresholds.ref(i, day) for i in found.thresholds.ids}
    charts = load(ROOT / "charts", UNITS)
    return [
        draw(s, found.measures, found.facts.facts, charts, references, LOOK)
        for s in charts.specifications.values()
    ]


def test_every_exhibit_has_its_specification(every: Charts) -> None:
    assert set(every.specifications) >= EXHIBITS


@pytest.mark.parametrize("as_of", DATES)
def test_every_chart_draws(as_of: str) -> None:
    newest = dt.date.fromisoformat(as_of)
    restricted = (embedded.FOLDER / RESTRICTED).is_dir()
    for figure in figures(as_of):
        early = figure.id.startswith("episodes") and newest < dt.date(2019, 9, 23)
        if early or not restricted:
            assert not figure.empty or figure.why
        else:
            assert not figure.empty, figure.why
        if figure.empty:
            continue
        ElementTree.fromstring(figure.svg)
        assert "nan" not in figure.svg
        assert len(figure.svg) < 30_000
        assert figure.last_day is not None
        assert figure.last_day <= newest
        assert figure.sources
        assert (figure.table is None) == any(s.restricted for s in figure.sources)
        if figure.table is not None:
            assert {len(row) for row in figure.table.rows} == {len(figure.table.header)}
            assert not any("nan" in cell for row in figure.table.rows for cell in row)


def test_the_same_data_give_the_same_bytes_in_another_process() -> None:
    found = set()
    for seed in ("0", "4711"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", DIGEST],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    own = hashlib.sha256("".join(f.svg + str(f.table) for f in figures("2025-04-10")).encode()).hexdigest()
    assert found == {own}


def test_the_curve_of_the_tenth_of_april_shows_the_published_yields() -> None:
    curve = next(f for f in figures("2025-04-10") if f.id == "curve")
    assert curve.table is not None
    rows = {row[0]: row[1] for row in curve.table.rows}
    # Treasury, daily par yield curve rates of 10 April 2025.
    assert (rows["2"], rows["10"], rows["30"]) == ("3.84", "4.40", "4.86")


def test_the_week_of_the_tenth_of_april_adds_up_to_the_published_move() -> None:
    found = next(f for f in figures("2025-04-10") if f.id == "contribution")
    assert found.table is not None
    # Treasury, daily par yield curve rates: the ten-year at 4.01 on 4 April 2025 and at 4.40 on 10 April.
    assert (found.table.rows[-1][0], found.table.rows[-1][-1]) == ("2025-04-10", "39")
    assert len(found.table.rows) == 13
