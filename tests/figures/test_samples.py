"""Points: thinning keeps extremes, gaps stay gaps."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reportgen.figures import samples
from reportgen.figures.specification import Line
from tests.figures.conftest import FakeMeasures, track, weekdays

FLOATS = st.floats(-1e6, 1e6)


def drawn(*, days: list[str], frequency: str = "daily") -> samples.Samples:
    found = track("ust.10y", days, range(1, len(days) + 1), frequency=frequency)
    return samples.Samples(Line(measure="ust.10y", label="x"), found, found.days, found.values)


@given(arrays(np.float64, st.integers(1, 400), elements=FLOATS), st.floats(0.5, 60))
def test_thinning_keeps_the_extremes_of_each_column_and_both_ends(y: np.ndarray, column: float) -> None:
    x = np.arange(len(y), dtype=np.float64)
    kept = samples.thinned(x, y, column)
    assert kept[0] == 0
    assert kept[-1] == len(y) - 1
    assert np.all(np.diff(kept) > 0)
    columns = np.floor(x / column)
    for one in np.unique(columns):
        inside, chosen = y[columns == one], y[kept][columns[kept] == one]
        assert (chosen.min(), chosen.max()) == (inside.min(), inside.max())


def test_thinning_leaves_at_most_four_points_a_column() -> None:
    y = np.random.default_rng(1).normal(size=2600)
    assert len(samples.thinned(np.arange(2600.0), y, 10.0)) <= 4 * 260


def test_a_short_line_is_not_thinned() -> None:
    x = np.arange(5.0)
    assert samples.thinned(x, x, 0.1).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("frequency", "days", "pieces"),
    [
        ("daily", ["2025-01-02", "2025-01-12", "2025-01-13"], 1),
        ("daily", ["2025-01-02", "2025-01-13", "2025-01-14"], 2),
        ("weekly", ["2025-01-07", "2025-01-14", "2025-01-30", "2025-02-04"], 1),
        ("weekly", ["2025-01-07", "2025-01-14", "2025-01-31", "2025-02-04"], 2),
        ("monthly", ["2025-01-31", "2025-02-28", "2025-04-30", "2025-05-31"], 1),
        ("monthly", ["2025-01-31", "2025-02-28", "2025-05-31"], 2),
    ],
)
def test_a_line_is_broken_where_observations_are_too_far_apart(
    frequency: str, days: list[str], pieces: int
) -> None:
    one = drawn(days=days, frequency=frequency)
    assert len(samples.segments(one.days, one.track)) == pieces
    _, y, _ = samples.path(one, 0.1)
    assert int(np.isnan(y).sum()) == pieces - 1


def test_a_point_between_gaps_stands_alone() -> None:
    x, y, alone = samples.path(drawn(days=["2025-01-02", "2025-03-03", "2025-05-01", "2025-05-02"]), 0.1)
    assert alone == [0, 2]
    assert y[alone].tolist() == [1.0, 2.0]
    assert x[2] == samples.serial(dt.date(2025, 3, 3))


def test_spikes_stand_on_zero_and_omit_zeros() -> None:
    found = track("facility.srf", ["2025-01-02", "2025-01-03", "2025-01-06"], [3.0, 0.0, 5.0], "usd_bn")
    one = samples.Samples(Line(measure="facility.srf", label="x"), found, found.days, found.values)
    _, y = samples.spikes(one, 0.1)
    assert y.tolist()[:2] == [0.0, 3.0]
    assert y.tolist()[3:5] == [0.0, 5.0]
    assert len(y) == 6


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("level", [4.0, 4.4]),
        ("index", [100.0, 110.0]),
        ("change_bp", [0.0, 40.0]),
        ("percent_move", [0.0, 10.0]),
    ],
)
def test_a_window_is_cut_and_transformed(transform: str, expected: list[float]) -> None:
    held = FakeMeasures(
        {"ust.10y": track("ust.10y", ["2025-01-02", "2025-02-03", "2025-02-04"], [3.0, 4.0, 4.4])}
    )
    line = Line(measure="ust.10y", label="x")
    found = samples.within(held, line, dt.date(2025, 2, 1), transform)  # type: ignore[arg-type]
    assert found.values == pytest.approx(expected)
    assert found.last_day == dt.date(2025, 2, 4)


def test_weekdays_have_no_gaps() -> None:
    days = weekdays(dt.date(2025, 4, 10), 600)
    found = track("ust.10y", days, range(600))
    assert len(samples.segments(found.days, found)) == 1
