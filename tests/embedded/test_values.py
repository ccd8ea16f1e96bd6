"""Embedded values against figures published elsewhere."""

import numpy as np
import pytest

H15 = "Federal Reserve Board, H.15"
NYFED = "Federal Reserve Bank of New York, reference rates"
H41 = "Federal Reserve Board, H.4.1, release of the week"


@pytest.mark.parametrize(
    ("series_id", "day", "expected", "publication"),
    [
        ("ust_10y", "2025-04-11", 4.48, H15),
        ("ust_30y", "2025-04-11", 4.85, H15),
        ("ust_2y", "2025-04-11", 3.96, H15),
        ("ust_10y", "2020-08-04", 0.52, H15 + ", record low"),
        ("ust_10y", "2023-10-19", 4.98, H15 + ", high of 2023"),
        ("ust_2y", "2023-03-08", 5.05, H15),
        ("sofr", "2019-09-17", 5.25, NYFED),
        ("sofr_p99", "2019-09-17", 9.00, NYFED),
        ("effr", "2019-09-17", 2.30, NYFED),
        ("iorb", "2019-09-17", 2.10, "FOMC implementation note, 31 July 2019"),
        ("on_rrp", "2022-12-30", 2553.716, "New York Fed, reverse repo operations, record"),
        ("desk_repo", "2019-09-17", 40.85, "New York Fed, repo operations: Treasuries' part of 53.15bn"),
        ("desk_repo", "2025-10-31", 50.35, "New York Fed, standing repo operations of the day"),
        (
            "target_upper",
            "2015-12-16",
            0.25,
            "FOMC implementation note, 16 December 2015: effective 17 December",
        ),
        ("target_upper", "2015-12-17", 0.50, "FOMC implementation note, 16 December 2015"),
        (
            "target_lower",
            "2016-12-14",
            0.25,
            "FOMC implementation note, 14 December 2016: effective 15 December",
        ),
        ("target_lower", "2016-12-15", 0.50, "FOMC implementation note, 14 December 2016"),
        ("h41_discount_window", "2023-03-15", 152_853, H41),
        ("h41_btfp", "2023-03-15", 11_943, H41),
        ("h41_assets", "2022-04-13", 8_965_487, H41 + ", peak"),
        ("unemployment", "2020-04-01", 14.8, "Bureau of Labor Statistics, revised from 14.7"),
        ("vix", "2020-03-16", 82.69, "Cboe, record close"),
        ("vix", "2024-08-05", 38.57, "Cboe"),
        ("spx", "2020-02-19", 3386.15, "S&P Dow Jones Indices, close"),
        ("spx", "2020-03-23", 2237.40, "S&P Dow Jones Indices, close"),
        ("spx", "2025-04-08", 4982.77, "S&P Dow Jones Indices, close"),
        ("move", "2023-03-15", 198.71, "ICE BofA MOVE Index, close"),
        ("hy_oas", "2020-03-23", 10.87, "ICE BofA US High Yield Index, 1,087 basis points"),
    ],
)
def test_published_value(value, series_id, day, expected, publication):
    assert value(series_id, day) == pytest.approx(expected, rel=1e-12), publication


@pytest.mark.parametrize(
    ("series_id", "day", "why"),
    [
        ("cpi", "2025-10-01", "not published: the shutdown of 2025"),
        ("unemployment", "2025-10-01", "not published: the shutdown of 2025"),
        ("desk_repo", "2019-09-13", "no operation on the day"),
        ("cp_fin_3m", "2020-04-01", "too few trades"),
    ],
)
def test_a_day_without_a_value_has_no_row(value, series_id, day, why):
    assert value(series_id, day) is None, why


def test_zero_is_a_value(value, rows):
    assert value("desk_repo", "2025-11-21") == 0.0
    assert value("h41_btfp", "2019-09-18") == 0.0
    assert (rows("on_rrp").values == 0).any()


def test_iorb_continues_ioer_day_by_day(value, rows):
    assert (np.diff(rows("iorb").days) == np.timedelta64(1, "D")).all()
    assert value("iorb", "2021-07-28") == value("iorb", "2021-07-29") == 0.15


def test_iorb_and_effr_change_with_the_target_range(rows):
    """Source: FOMC implementation notes; IOER stood inside the range on every day."""
    upper, lower, iorb = (rows(series_id) for series_id in ("target_upper", "target_lower", "iorb"))
    common = np.intersect1d(iorb.days, upper.days)
    inside = [s.values[np.isin(s.days, common)] for s in (lower, iorb, upper)]
    assert (inside[0] <= inside[1]).all()
    assert (inside[1] <= inside[2]).all()
    assert np.allclose(upper.values - lower.values, 0.25)


def test_sofr_percentiles_are_in_order(rows):
    p1, p25, sofr, p75, p99 = (rows(f"sofr{p}") for p in ("_p1", "_p25", "", "_p75", "_p99"))
    common = p1.days
    values = np.array([s.values[np.isin(s.days, common)] for s in (p1, p25, sofr, p75, p99)])
    assert (np.diff(values, axis=0) >= 0).all()


def test_ofr_index_is_the_sum_of_its_categories(rows):
    """Source: Office of Financial Research, the index is the sum of its five categories' contributions."""
    parts = ("credit", "equity", "safe_assets", "funding", "volatility")
    total = sum(rows(f"ofr_fsi_{part}").values for part in parts)
    difference = np.abs(total - rows("ofr_fsi").values)
    known_error = rows("ofr_fsi").days == np.datetime64("2018-11-01")  # in every copy of the index
    assert difference[~known_error].max() < 0.0025


def test_tic_countries_add_up_to_the_total(held):
    """Source: the table's own total; its parts are rounded to 0.1bn."""
    total = held.rows("tic_total")
    sums = np.zeros(len(total.days))
    for series_id in held.held:
        if series_id.startswith("tic_") and series_id[4:] not in {
            "total",
            "official",
            "official_bills",
            "official_bonds",
        }:
            part = held.rows(series_id)
            sums[np.isin(total.days, part.days)] += part.values
    assert np.abs(sums - total.values).max() < 0.6


def test_move_is_bloomberg_to_21_july_2025_and_yahoo_after(value):
    assert value("move", "2023-06-20") == pytest.approx(114.19, abs=0.005)  # Yahoo has 104.43
    assert value("move", "2025-07-21") is not None
    assert value("move", "2025-07-22") is not None
