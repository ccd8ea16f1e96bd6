"""Units of facts and series, and the only conversions between them; the time zone of a note."""

from __future__ import annotations

from typing import Literal, get_args
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

# Units that a fact may carry (the contract of facts.json).
FactUnit = Literal[
    "percent", "bp", "cuts", "usd_bn", "usd", "contracts", "index", "points", "quote", "z", "days", "text"
]
FACT_UNITS: tuple[str, ...] = get_args(FactUnit)

# Units in which publishers give their series.
SeriesUnit = Literal[
    "percent", "usd_mn", "usd_bn", "usd", "contracts", "index", "quote", "thousands", "count", "bp"
]
SERIES_UNITS: tuple[str, ...] = get_args(SeriesUnit)

BP_PER_PERCENT = 100.0
BN_PER_MN = 1e-3
BP_PER_CUT = 25.0

# Factor that turns a series' value into the fact's unit; None where no such conversion exists.
_FACTORS: dict[tuple[str, str], float] = {
    ("percent", "bp"): BP_PER_PERCENT,
    ("usd_mn", "usd_bn"): BN_PER_MN,
    ("percent", "cuts"): BP_PER_PERCENT / BP_PER_CUT,
}


def factor(series_unit: str, fact_unit: str) -> float | None:
    """Return the factor from a series' unit to a fact's unit, or None if they do not convert."""
    return 1.0 if series_unit == fact_unit else _FACTORS.get((series_unit, fact_unit))
