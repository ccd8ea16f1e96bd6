"""New York clock times as UTC, for whole arrays of days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reportgen.calendars.days import LAST_DAY, NEW_YORK, DayArray

MomentArray = NDArray[np.datetime64]

# New York moves its clocks on Sundays at 02:00, so one offset a week is enough; the table begins on a Sunday.
_FIRST_SUNDAY = date(1950, 1, 1)
_CLOCK_CHANGE = time(2)
_DAY = np.timedelta64(1, "D")


@lru_cache
def _offsets() -> NDArray[np.timedelta64]:
    """Tabulate New York's distance from UTC at noon of every Sunday."""
    weeks = (LAST_DAY - _FIRST_SUNDAY).days // 7 + 2
    noons = (
        datetime.combine(_FIRST_SUNDAY + timedelta(weeks=week), time(12), NEW_YORK) for week in range(weeks)
    )
    return np.array([noon.utcoffset() for noon in noons], dtype="timedelta64[us]")


def utc(days: DayArray, at: time) -> MomentArray:
    """Give the UTC moments, without zone, of one New York clock time on each day.

    Shape: as days; datetime64[us]. Days before 1950 take the first offset of the table.
    """
    # Before the change at 02:00 a Sunday still has the offset of the week before.
    lookup = days - _DAY if at < _CLOCK_CHANGE else days
    week = (lookup - np.datetime64(_FIRST_SUNDAY, "D")).astype(np.int64) // 7
    offset = _offsets()[np.clip(week, 0, None)]
    midnight: MomentArray = days.astype("datetime64[us]")
    return midnight + np.timedelta64(at.hour * 60 + at.minute, "m") - offset


def as_datetime(moment: np.datetime64) -> datetime:
    """Give a zoneless UTC moment as an aware datetime."""
    found: datetime = moment.astype("datetime64[us]").item()
    return found.replace(tzinfo=UTC)


def as_moment(when: datetime) -> np.datetime64:
    """Give an aware datetime as a zoneless UTC moment."""
    return np.datetime64(when.astimezone(UTC).replace(tzinfo=None), "us")
