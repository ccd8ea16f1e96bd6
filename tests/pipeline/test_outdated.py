"""The banner of a note: what a finding needs and is older than permitted, and nothing else."""

from __future__ import annotations

import datetime as dt

import pytest

from reportgen.pipeline.analysis import Desk, analyse
from reportgen.pipeline.composing import compose
from reportgen.pipeline.design import load_design
from reportgen.render.press import Press
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 8, 22, tzinfo=dt.UTC)


def noted(as_of):
    analysis = analyse(Desk(), parse_as_of(as_of), NOW, allow_stale=True)
    design = load_design(Desk(), "treasury-weekly", "en")
    return compose(analysis, design, ()), design


@pytest.fixture
def banner():
    def show(as_of):
        context, _ = noted(as_of)
        return {(row.series.id, row.state) for row in context.extra["outdated"]}

    return show


def test_a_report_held_up_by_a_shutdown_is_in_it(banner):
    shown = banner("2025-11-14")
    assert ("cot_10y_lev_short", "late") in shown
    assert {series.partition("_")[0] for series, _ in shown} == {"cot"}


def test_an_ordinary_week_has_none(banner):
    assert banner("2025-04-10") == set()


def test_what_was_never_held_is_no_matter_of_age(banner):
    assert all(series != "h41_custody" for series, _ in banner("2025-11-14"))


def test_the_page_says_it_once_a_publisher_with_the_reason(press_of):
    boxes = [press_of(as_of).environment.globals["outdated_box"]() for as_of in ("2025-11-14", "2025-04-10")]
    assert str(boxes[0]).count("Commodity Futures Trading Commission: the newest observation is of") == 1
    assert "delayed by the federal shutdown" in boxes[0]
    assert "aside" not in boxes[1]


@pytest.fixture
def press_of():
    def make(as_of):
        context, design = noted(as_of)
        return Press(context, design.templates, "screen")

    return make
