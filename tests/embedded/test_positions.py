"""The CFTC's Traders in Financial Futures: published figures, identities, gaps."""

from datetime import date, datetime

import numpy as np
import pytest

from reportgen.calendars import NEW_YORK
from reportgen.embedded import sheets
from reportgen.model import to_utc

CONTRACTS = ("2y", "5y", "10y", "u10y", "bond", "ubond", "ff", "sofr3m", "sofr1m", "es", "dxy", "jpy", "eur")
CONTINUOUS = ("2y", "5y", "10y", "bond", "ubond")
FACE_USD = {"2y": 200e3, "5y": 100e3, "10y": 100e3, "u10y": 100e3, "bond": 100e3, "ubond": 100e3}


@pytest.mark.parametrize(
    ("contract", "short", "net"),
    [("10y", 2_087_845, -1_873_687), ("2y", 2_163_365, -1_666_387)],
)
def test_leveraged_funds_of_8_april_2025(value, contract, short, net):
    """Source: CFTC, TFF futures only, report of 8 April 2025."""
    lev = {side: value(f"cot_{contract}_lev_{side}", "2025-04-08") for side in ("long", "short")}
    assert (lev["short"], lev["long"] - lev["short"]) == (short, net)


@pytest.mark.parametrize(
    ("day", "three_usd_bn", "six_usd_bn"),
    [("2019-12-31", 631.17, 745.52), ("2022-10-04", 304.03, 433.77), ("2023-05-09", 714.92, 860.26)],
)
def test_face_of_leveraged_shorts(value, day, three_usd_bn, six_usd_bn):
    """Source: Barth, Kahn and Mann, FEDS Notes, 30 August 2023 (from the CFTC's TFF)."""
    face = {c: value(f"cot_{c}_lev_short", day) * usd / 1e9 for c, usd in FACE_USD.items()}
    assert sum(face[c] for c in ("2y", "5y", "10y")) == pytest.approx(three_usd_bn, abs=0.005)
    assert sum(face.values()) == pytest.approx(six_usd_bn, abs=0.005)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("side", ["long", "short"])
def test_reportable_positions_stay_within_open_interest(rows, contract, side):
    """Open interest is the sum of all sides and spreads; reportables leave the small traders' part."""
    days = rows(f"cot_{contract}_dealer_{side}").days  # full rows only
    held = 0.0
    for holder in ("dealer", "am", "lev", "other"):
        for field in (side, "spread"):
            part = rows(f"cot_{contract}_{holder}_{field}")
            held = held + part.values[np.isin(part.days, days)]
    interest = rows(f"cot_{contract}_oi")
    rest = interest.values[np.isin(interest.days, days)] - held
    assert (rest >= 0).all()


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("field", ["oi", "lev_long", "lev_short", "am_long", "am_short"])
def test_levels_differ_by_the_published_change(rows, contract, field):
    """Also over the seams between full rows and the gap weeks; never over a gap."""
    level, change = rows(f"cot_{contract}_{field}"), rows(f"cot_{contract}_{field}_change")
    next_week = np.flatnonzero(np.diff(level.days) <= np.timedelta64(10, "D")) + 1
    compared = np.intersect1d(level.days[next_week], change.days)
    at = np.searchsorted(level.days, compared)
    published = change.values[np.searchsorted(change.days, compared)]
    assert len(compared) > 250
    assert (level.values[at] - level.values[at - 1] == published).all()


@pytest.mark.parametrize("day", ["2021-01-05", "2025-01-07", "2026-01-06"])
@pytest.mark.parametrize("contract", CONTINUOUS)
@pytest.mark.parametrize("side", ["long", "short"])
def test_gap_weeks_join_the_full_rows(value, day, contract, side):
    """The first full report after gap weeks, less its published change, is the last gap week."""
    level = value(f"cot_{contract}_lev_{side}", day)
    change = value(f"cot_{contract}_lev_{side}_change", day)
    before = {"2021-01-05": "2020-12-29", "2025-01-07": "2024-12-31", "2026-01-06": "2025-12-30"}[day]
    assert level - change == value(f"cot_{contract}_lev_{side}", before)


def test_gaps_stay_gaps():
    year_2016 = (date(2015, 12, 29), date(2017, 1, 3))
    absent = (date(2025, 9, 2), date(2025, 9, 23))
    expected = {"10y": (), "eur": (), "2y": (year_2016,), "5y": (year_2016,), "bond": (year_2016,)}
    for contract, gaps in (expected | {"ubond": (year_2016, absent)}).items():
        assert sheets()[f"cot_{contract}_lev_short"].gaps == gaps
        assert sheets()[f"cot_{contract}_lev_long"].gaps == gaps
    assert sheets()["cot_5y_oi"].gaps == (
        year_2016,
        (date(2020, 11, 24), date(2021, 1, 5)),
        (date(2023, 10, 31), date(2024, 1, 2)),
        (date(2024, 7, 23), date(2025, 1, 7)),
        (date(2025, 4, 29), date(2026, 1, 6)),
    )


@pytest.mark.parametrize("day", ["2025-09-09", "2025-09-16"])
def test_ultra_bond_is_absent_where_the_source_has_no_row(value, day):
    assert value("cot_ubond_lev_short", day) is None
    assert value("cot_bond_lev_short", day) is not None


def test_the_derived_weeks_are_not_published_rows(value):
    """The week before a year's first report could be derived from its changes; it is not held."""
    assert value("cot_u10y_lev_short", "2020-12-29") is None
    assert value("cot_2y_lev_short", "2016-12-27") is None


@pytest.mark.parametrize(
    ("day", "published"),
    [
        ("2025-04-08", datetime(2025, 4, 11, 15, 30, tzinfo=NEW_YORK)),
        ("2018-12-24", datetime(2019, 2, 1, 15, 30, tzinfo=NEW_YORK)),
        ("2025-09-30", datetime(2025, 11, 19, 15, 30, tzinfo=NEW_YORK)),
        ("2025-12-23", datetime(2026, 1, 9, 15, 30, tzinfo=NEW_YORK)),
    ],
)
def test_rows_carry_the_moment_of_their_release(rows, day, published):
    """Source: CFTC release schedules, with the delays of 2019 and of 2025."""
    found = rows("cot_10y_lev_short")
    assert to_utc(found.published[np.flatnonzero(found.days == np.datetime64(day))[0]]) == published
