"""Labels never cover each other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.figures.labels import Box, free_place, spread

PLACES = st.lists(st.tuples(st.floats(-20, 220), st.floats(4, 12)), min_size=1, max_size=12)


@given(PLACES)
def test_no_two_labels_overlap_and_they_keep_their_order(places: list[tuple[float, float]]) -> None:
    wanted, heights = [w for w, _ in places], [h for _, h in places]
    centres = spread(wanted, heights, 0.0, 200.0)
    boxes = sorted((c - h / 2, c + h / 2) for c, h in zip(centres, heights, strict=True))
    assert all(low[1] <= high[0] + 1e-6 for low, high in itertools.pairwise(boxes))
    order = sorted(range(len(wanted)), key=lambda k: (wanted[k], k))
    assert sorted(order, key=lambda k: centres[k]) == order
    assert boxes[0][0] >= -1e-6
    assert boxes[-1][1] <= 200 + 1e-6


@given(st.lists(st.floats(10, 190), min_size=1, max_size=6, unique_by=lambda v: round(v / 9)))
def test_a_label_with_room_stays_where_it_is_wanted(wanted: list[float]) -> None:
    apart = sorted(wanted)
    if all(b - a >= 8 for a, b in itertools.pairwise(apart)):
        assert spread(apart, [8.0] * len(apart), 0.0, 200.0) == pytest.approx(apart)


def test_two_labels_wanted_at_one_place_share_the_shift() -> None:
    assert spread([50.0, 50.0], [8.0, 8.0], 0.0, 200.0) == pytest.approx([46.0, 54.0])


def test_labels_that_do_not_fit_stay_apart_and_stand_out_below() -> None:
    assert spread([5.0, 5.0, 5.0], [8.0] * 3, 0.0, 20.0) == pytest.approx([0.0, 8.0, 16.0])


@given(st.floats(0, 200), st.floats(0, 100), st.integers(0, 2**32 - 1))
def test_a_free_place_avoids_labels_and_lines_where_there_is_room(x: float, y: float, seed: int) -> None:
    inside = Box(0, 0, 200, 100)
    taken = [Box(90, 40, 110, 60)]
    place = free_place((x, y), (20.0, 7.0), np.array([[x, y]]), taken, inside)
    assert not place.box.meets(taken[0])
    assert place.box.left >= 0
    assert place.box.right <= 200
    assert place.box.bottom >= 0
    assert place.box.top <= 100
