"""Specifications: every fault is named, with file, key, what was found and what was expected."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import ChartError
from reportgen.figures.specification import load
from tests.figures.conftest import specification

UNITS = {"ust.2y": "percent", "ust.10y": "percent", "curve.2s10s": "bp", "fed.assets": "usd_bn"}
PLAIN = """
kind = "line"
title = "A finding"
subtitle = "Percent"
alt = "A sentence."
unit = "percent"
lines = [{ measure = "ust.10y", label = "10-year" }]
"""


@pytest.fixture
def folder(tmp_path: Path, root: Path) -> Path:
    for name in ("house.mplstyle", "episodes.toml", "publishers.toml"):
        shutil.copy(root / "charts" / name, tmp_path)
    return tmp_path


def faults(folder: Path, text: str) -> str:
    (folder / "one.toml").write_text(text, "utf-8")
    with pytest.raises(ChartError) as caught:
        load(folder, UNITS)
    return caught.value.message


def test_a_specification_is_read(folder: Path) -> None:
    (folder / "one.toml").write_text(PLAIN, "utf-8")
    spec = load(folder, UNITS).specifications["one"]
    assert (spec.id, spec.kind, spec.size, spec.width_mm, spec.height_mm) == (
        "one",
        "line",
        "half",
        84.0,
        56.0,
    )
    assert [line.measure for line in spec.lines] == ["ust.10y"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('kind = "line"', 'kind = "pie"', "kind: found 'pie', expected"),
        ('kind = "line"', 'kind = "line"\ncolour = 1', "colour: unknown key; known are alt, "),
        ('label = "10-year"', 'label = "x", wide = 2', "lines.0.wide: unknown key; known are at, "),
        ('"ust.10y"', '"ust.10"', "measure: found 'ust.10', expected one such as ust.10y"),
        ('"ust.10y"', '"fed.assets"', "unit: fed.assets is in usd_bn, the chart says percent"),
        ('"percent"', '"furlongs"', "unit: found 'furlongs', expected one of percent"),
        ('title = "A finding"', "", "title: missing"),
        ("lines =", 'window = "2 years"\nlines =', "window: found '2 years', expected a count with"),
        ("lines =", 'shading = ["flood"]\nlines =', "shading: found 'flood', expected one of runoff_1"),
        ("lines =", 'transform = "index"\nlines =', "unit: found 'percent', expected 'index'"),
        ("lines =", "divide_by = 1000\nlines =", "divide_by: percent is not shown in 1000s"),
        ("lines =", "lines = [\n#", "not TOML:"),
        ('kind = "line"', 'kind = "curve"', "kind curve: every line needs `at`"),
        ('kind = "line"', 'kind = "panels"', "kind panels: found no panels"),
        ('kind = "line"', 'kind = "contribution"', "total, the name of the sum, and kind contribution come"),
        (
            'kind = "line"',
            'kind = "line"\ntotal = "Sum"',
            "total, the name of the sum, and kind contribution",
        ),
        (
            "lines =",
            'total = "Sum"\nlines =',
            "total, the name of the sum, and kind contribution come together",
        ),
    ],
)
def test_a_fault_is_named(folder: Path, old: str, new: str, expected: str) -> None:
    assert f"one.toml: {expected}" in faults(folder, PLAIN.replace(old, new, 1))


def test_all_faults_are_named_at_once(folder: Path) -> None:
    (folder / "two.toml").write_text(PLAIN.replace("ust.10y", "nothing"), "utf-8")
    found = faults(folder, PLAIN.replace('"line"', '"pie"').replace("\ntitle", "\ntitel"))
    assert [line.split(": ")[:2] for line in found.splitlines()] == [
        ["one.toml", "kind"],
        ["one.toml", "title"],
        ["one.toml", "titel"],
        ["two.toml", "measure"],
    ]


def test_a_missing_shared_file_is_named(folder: Path) -> None:
    (folder / "episodes.toml").unlink()
    (folder / "house.mplstyle").unlink()
    found = faults(folder, PLAIN)
    assert "episodes.toml: not found" in found
    assert "house.mplstyle: not found" in found


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("13w", dt.date(2024, 11, 29)),
        ("6m", dt.date(2024, 8, 28)),
        ("1y", dt.date(2024, 2, 28)),
        ("5y", dt.date(2020, 2, 28)),
        ("all", dt.date.min),
    ],
)
def test_a_window_begins_where_its_name_says(window: str, expected: dt.date) -> None:
    spec = specification("line", window=window, lines=[{"measure": "ust.10y", "label": "x"}])
    assert spec.start(dt.date(2025, 2, 28)) == expected


@given(st.dates(dt.date(2016, 1, 1), dt.date(2030, 12, 31)), st.integers(1, 60))
def test_a_window_of_months_ends_in_the_right_month(end: dt.date, count: int) -> None:
    spec = specification("line", window=f"{count}m", lines=[{"measure": "ust.10y", "label": "x"}])
    start = spec.start(end)
    assert (end.year - start.year) * 12 + end.month - start.month == count
    assert start.day <= end.day
