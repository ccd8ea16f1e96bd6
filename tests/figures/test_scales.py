"""Axes: round ticks inside limits that hold the data, dates that do not collide."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.figures.samples import serial
from reportgen.figures.scales import date_scale, number_scale

NUMBERS = st.floats(-1e7, 1e7).map(lambda x: round(x, 6))  # no market moves by less


@given(st.lists(NUMBERS, min_size=1), st.booleans(), st.integers(3, 8))
def test_all_values_and_ticks_lie_inside(values: list[float], zero: bool, most: int) -> None:
    scale = number_scale(values, zero=zero, most_ticks=most)
    assert scale.low <= min(values)
    assert max(values) <= scale.high
    assert scale.low < scale.high
    assert 1 <= len(scale.ticks) <= most
    slack = (scale.high - scale.low) * 1e-6
    assert all(scale.low - slack <= t.at <= scale.high + slack for t in scale.ticks)
    assert len({t.label for t in scale.ticks}) == len(scale.ticks)
    if zero:
        assert scale.low <= 0 <= scale.high


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([3.66, 4.9], ["3.75", "4.00", "4.25", "4.50", "4.75"]),
        ([-107, 155], ["−100", "−50", "0", "50", "100", "150"]),
        ([4000, 6100], ["4,000", "4,500", "5,000", "5,500", "6,000"]),
        ([0, 0], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_ticks_are_round_and_have_true_minus_signs(values: list[float], labels: list[str]) -> None:
    assert [t.label for t in number_scale(values).ticks] == labels


def test_an_axis_of_positive_values_does_not_go_below_zero() -> None:
    assert number_scale([0.1, 10.0]).low == 0.0


@given(
    st.dates(dt.date(2015, 1, 1), dt.date(2028, 1, 1)),
    st.integers(60, 4500),
    st.floats(60, 480),
    st.floats(0, 60),
)
def test_dates_stand_apart_and_end_inside(start: dt.date, days: int, width: float, beyond: float) -> None:
    end = start + dt.timedelta(days=days)
    scale = date_scale(start, end, width, beyond)
    per_day = width / days
    for tick in scale.ticks:
        assert scale.low <= tick.at <= scale.high
        assert tick.label.startswith(("Jan", "2")) or " " in tick.label
    wide = [31.0 if " " in t.label else 16.5 for t in scale.ticks]
    for one, other, label in zip(scale.ticks, scale.ticks[1:], wide, strict=False):
        assert (other.at - one.at) * per_day > label
    if scale.ticks:
        assert (scale.ticks[-1].at - scale.high) * per_day + wide[-1] / 2 <= beyond


def test_dates_read_as_months_or_years() -> None:
    two_years = date_scale(dt.date(2023, 4, 10), dt.date(2025, 4, 10), 180, 20)
    assert [t.label for t in two_years.ticks] == ["Jul 2023", "Jan 2024", "Jul 2024", "Jan 2025"]
    five_years = date_scale(dt.date(2020, 4, 10), dt.date(2025, 4, 10), 180, 20)
    assert [t.label for t in five_years.ticks] == ["2021", "2022", "2023", "2024", "2025"]
    assert five_years.ticks[0].at == serial(dt.date(2021, 1, 1))
