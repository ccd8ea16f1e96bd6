"""Rows for tests of the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np

from reportgen.store import Columns


def columns(days: Iterable[dt.date], values: Iterable[float | None], retrieved: np.datetime64) -> Columns:
    """Return rows that one reply brought, without times of publication."""
    at = np.array(list(days), "datetime64[D]")
    numbers = np.array([np.nan if v is None else v for v in values], np.float64)
    return Columns(at, numbers, np.full(len(at), np.datetime64("NaT", "us")), np.full(len(at), retrieved))
