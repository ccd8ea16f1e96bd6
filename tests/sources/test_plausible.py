"""The limits of values: all that was published since 2015 is within them, and what cannot be is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import catalog
from reportgen.embedded import FOLDER
from reportgen.errors import CatalogueError
from reportgen.model import to_date
from reportgen.sources import plausible
from reportgen.sources.plausible import Limits, limits, longest_chain
from reportgen.sources.sieve import _longest_ascending, parse_day, parse_number
from reportgen.store import Store


@pytest.fixture(scope="module")
def store():
    return Store(FOLDER)


@pytest.mark.parametrize("series", catalog.all_series().values(), ids=lambda series: series.id)
def test_all_that_is_embedded_is_within_the_limits(store, series):
    rows = store.rows(series.id)
    if rows is None:
        return
    allowed = limits(series.id)
    days = [to_date(d) for d in rows.days]
    for day, value in zip(days, rows.values, strict=True):
        if not math.isnan(value):
            assert allowed.value_fault(float(value)) is None, (day, value)
            assert allowed.day_fault(day, series.frequency) is None, day
    faults = longest_chain(rows.values.tolist(), [d.toordinal() for d in days], allowed, series.frequency)
    wrong = [(d, v, f) for d, v, f in zip(days, rows.values, faults, strict=True) if f]
    assert wrong == []


@pytest.mark.parametrize(
    "series",
    [
        s.id
        for s in catalog.all_series().values()
        if s.unit in ("quote", "percent", "index", "usd_bn", "usd_mn")
    ],
)
def test_a_year_in_another_unit_is_not_believed(store, series):
    """Hundreds or thousands of the newest observation, where it is not close to zero: it falls out."""
    rows = store.rows(series)
    if rows is None or series.startswith(("tic_", "ust_fails", "desk_repo", "soma_", "swap_", "cot_")):
        return
    values = rows.values[~np.isnan(rows.values)][-40:].tolist()
    days = list(range(len(values)))
    allowed, frequency = limits(series), catalog.series(series).frequency
    if min(map(abs, values[-2:])) < 1.6:  # a tenth of a percent looks like a rate
        return
    for factor in (0.001, 100.0, 1000.0):
        wrong = [*values[:-1], values[-1] * factor]
        caught = allowed.value_fault(wrong[-1]) or longest_chain(wrong, days, allowed, frequency)[-1]
        assert caught or series in NOT_TOLD, (series, factor, wrong[-1])


# Amounts that leap from near nothing: a hundred times as much is what a crisis looks like.
NOT_TOLD = {
    "h41_discount_window", "h41_swap_lines", "h41_btfp", "h41_reverse_repo", "h41_foreign_rrp", "on_rrp",
    "tips_fails_deliver", "tips_fails_receive",
    # These cross zero.
    "budget_balance", "gdpnow", "ofr_fsi",
}  # fmt: skip


@pytest.mark.parametrize(
    ("series", "held", "now"),
    [
        ("ofr_fsi", -1.888, -0.001888), ("ofr_fsi", 0.087, 8.7), ("ofr_fsi", -1.888, 1.888),
        ("nfci", -0.563, -0.000563), ("nfci", -0.563, 0.563), ("nfci", -0.0563, -5.63),
        ("ust_10y", 0.69, 0.00069), ("ust_10y", 0.69, -0.69), ("effr", 5.33, 0.533),
    ],
)  # fmt: skip
def test_a_whole_reply_in_another_unit_or_sign_shows(series, held, now):
    assert limits(series).revision_fault(held, now)


@pytest.mark.parametrize(
    ("series", "held", "now"),
    [
        ("nfci", -0.28, 0.05), ("nfci_risk", 0.001, 0.06), ("ofr_fsi", 0.004, -0.2), ("ust_3m", 0.05, 0.0),
        ("ust_1m", -0.04, 0.02), ("effr", 4.33, 4.31),
    ],
)  # fmt: skip
def test_a_correction_is_no_other_unit(series, held, now):
    assert limits(series).revision_fault(held, now) is None


@pytest.mark.parametrize("series", [s for s in catalog.all_series() if s == "on_rrp" or s.endswith("_oi")])
def test_what_is_held_of_a_day_shows_another_unit(store, series):
    """Overnight reverse repos leap from a thousandth to billions within a day, but a day's value stands."""
    rows = store.rows(series)
    allowed = limits(series)
    for value in rows.values[(~np.isnan(rows.values)) & (rows.values > 0)][-250:]:
        for factor in (1e-9, 1e-6, 0.001, 1000.0, 1e6, 1e9):
            assert "held" in str(allowed.revision_fault(float(value), float(value) * factor))
        assert allowed.revision_fault(float(value), float(value) * 1.01) is None
    assert allowed.revision_fault(0.0, 5.0) is None


def test_the_narrower_of_two_ratios_holds_for_a_day_that_is_held():
    assert Limits(factor=1.5, revision=20.0).revision_fault(1.0, 2.0) == "within 1.5 times the held 1"
    assert Limits(revision=20.0).revision_fault(1.0, 30.0) == "within 20 times the held 1"
    assert Limits(revision=20.0).jump_fault(1.0, 30.0) is None
    assert limits("desk_repo").revision_fault(0.001, 26.0) is None  # a second operation of the day


def test_open_interest_does_not_leap():
    assert limits("cot_10y_oi").jump_fault(5_000_000, 5_000) == "within 5 times the neighbouring 5e+06"


def test_a_spike_falls_out_and_what_follows_it_stays():
    allowed = Limits(step=1.0)
    words = longest_chain([4.0, 4.1, 41.0, 4.2, math.nan, 4.3], list(range(6)), allowed, "daily")
    assert [bool(w) for w in words] == [False, False, True, False, False, False]
    words = longest_chain([40.0, 4.1, 4.2, 4.3], list(range(4)), allowed, "daily")
    assert [bool(w) for w in words] == [True, False, False, False]
    words = longest_chain([4.0, 4.1, 4.2, 41.0, 42.0], list(range(5)), allowed, "daily")
    assert [bool(w) for w in words] == [False, False, False, True, True]
    assert longest_chain([4.0, 9.0], [0, 100], allowed, "daily") == [None, None]  # not neighbours
    assert longest_chain([], [], allowed, "daily") == []


@given(st.lists(st.integers(0, 30), max_size=40))
def test_the_most_rows_in_order_are_kept(numbers):
    kept = [numbers[k] for k in sorted(_longest_ascending(numbers))]
    assert kept == sorted(kept)
    best = [1] * len(numbers)
    for k, number in enumerate(numbers):
        best[k] = 1 + max((best[j] for j in range(k) if numbers[j] <= number), default=0)
    assert len(kept) == max(best, default=0)


@pytest.mark.parametrize(
    ("text", "value"),
    [("4.40", 4.40), ("-0.5", -0.5), (".5", 0.5), ("5.", 5.0), ("1e-05", 1e-05), ("0", 0.0), ("007", 7.0)],
)
def test_numbers_are_read(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text",
    ["", " 4", "4 ", "4,4", "1_000", "1,000", "inf", "nan", "NaN", "null", "+4", "4.4.4", "--4", "0x1", "٤",
     "４", "4%", "1e999", "1e", "e5", ".", "-", "9" * 40, None],
)  # fmt: skip
def test_what_is_no_number_is_none(text):
    assert parse_number(text) is None


@pytest.mark.parametrize(
    "text", ["2026-2-1", "2026-02-30", "26-02-01", "2026-02-01 ", "٢٠٢٦-02-01", "", None]
)
def test_what_is_no_day_is_none(text):
    assert parse_day(text, "YYYY-MM-DD") is None


def test_the_decimal_point_moves_exactly():
    assert parse_number("545000000", -9) == 0.545
    assert parse_number("2839.417", 3) == 2839417.0
    assert parse_number("0.1", 3) == 100.0


def test_faults_of_the_limits_file_are_said_at_once(tmp_path, monkeypatch):
    file = tmp_path / "limits.toml"
    file.write_text(
        '[unit.furlongs]\nleast = 0.0\n[[series]]\nids = ["x"]\nweekday = "caturday"\nmost = 1\nmoost = 2\n'
    )
    monkeypatch.setattr(plausible, "FILE", file)
    plausible._content.cache_clear()
    with pytest.raises(CatalogueError) as raised:
        plausible._content()
    monkeypatch.undo()
    plausible._content.cache_clear()
    for fault in ("unit.furlongs: unknown unit", "unknown weekday 'caturday'", "unknown key 'moost'"):
        assert fault in str(raised.value)
