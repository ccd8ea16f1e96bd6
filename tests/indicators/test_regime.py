"""The curve's regime from the week's changes of the 2- and 10-year yields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.indicators.facts import curve_regime

CHANGES = st.integers(-60, 60).map(float)
WORDS = {
    "bear_steepening",
    "bull_steepening",
    "bear_flattening",
    "bull_flattening",
    "parallel_up",
    "parallel_down",
    "twist_steepening",
    "twist_flattening",
    "little_changed",
}
MIRROR = {
    "bear_steepening": "bull_flattening",
    "bull_steepening": "bear_flattening",
    "parallel_up": "parallel_down",
    "twist_steepening": "twist_flattening",
    "little_changed": "little_changed",
}
MIRROR |= {b: a for a, b in MIRROR.items()}


@pytest.mark.parametrize(
    ("two", "ten", "word"),
    [
        (16, 39, "bear_steepening"),
        (-25, -5, "bull_steepening"),
        (20, 8, "bear_flattening"),
        (-4, -20, "bull_flattening"),
        (10, 11, "parallel_up"),
        (-10, -11, "parallel_down"),
        (-8, 6, "twist_steepening"),
        (8, -6, "twist_flattening"),
        (2, -2, "little_changed"),
        (0, 0, "little_changed"),
        # boundaries: exactly 3 bp counts
        (3, 0, "bear_flattening"),
        (0, 3, "bear_steepening"),
        (2, 3, "parallel_up"),
        (-3, 3, "twist_steepening"),
        (3, -3, "twist_flattening"),
        (10, 13, "bear_steepening"),
        (10, 12, "parallel_up"),
        (-2, 4, "bear_steepening"),
        (2, -4, "bull_flattening"),
        (-3, 2, "bull_steepening"),
        (2.999, 2.999, "little_changed"),
    ],
)
def test_examples(two, ten, word):
    assert curve_regime(two, ten) == word


@given(CHANGES, CHANGES)
def test_one_word_of_the_list_and_mirrored_by_a_change_of_sign(two, ten):
    word = curve_regime(two, ten)
    assert word in WORDS
    assert curve_regime(-two, -ten) == MIRROR[word]


@given(st.integers(-60, 60), st.integers(-60, 60))
def test_the_rule_of_the_design_word_by_word(two, ten):
    slope = ten - two
    if abs(two) < 3 and abs(ten) < 3:
        expected = "little_changed"
    elif two * ten < 0 and min(abs(two), abs(ten)) >= 3:
        expected = "twist_steepening" if slope > 0 else "twist_flattening"
    elif abs(slope) < 3:
        expected = "parallel_up" if (two + ten) / 2 > 0 else "parallel_down"
    else:
        expected = ("bear" if (two + ten) / 2 > 0 else "bull") + (
            "_steepening" if slope > 0 else "_flattening"
        )
    assert curve_regime(two, ten) == expected


@given(
    st.integers(0, 600),
    st.integers(0, 600),
    st.integers(0, 600),
    st.integers(0, 600),
)
def test_float_noise_does_not_move_a_boundary(two_old, two_new, ten_old, ten_new):
    """Yields of two decimals differ by whole basis points, whatever their binary form."""
    noisy_two = (two_new / 100 - two_old / 100) * 100
    noisy_ten = (ten_new / 100 - ten_old / 100) * 100
    assert curve_regime(noisy_two, noisy_ten) == curve_regime(two_new - two_old, ten_new - ten_old)


def test_the_week_of_april_2025_is_a_bear_steepening(facts_at):
    facts = facts_at("2025-04-10")
    fact = facts.facts["curve.regime"]
    assert (fact.value, fact.unit, fact.text) == ("bear_steepening", "text", "bear steepening")
    assert {i.series.id for i in fact.inputs} == {"ust_2y", "ust_10y"}
