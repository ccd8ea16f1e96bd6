"""The nouns: series, observation, history, fact, reference, finding."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reportgen.units import NEW_YORK as NEW_YORK

Days = NDArray[np.datetime64]
Floats = NDArray[np.float64]


def to_day64(day: dt.date) -> np.datetime64:
    """Return a date as numpy's day."""
    return np.datetime64(day, "D")


def to_date(day: np.datetime64) -> dt.date:
    """Return numpy's day as a date."""
    found: dt.date = day.astype("datetime64[D]").item()
    return found


def to_utc(moment: np.datetime64) -> dt.datetime:
    """Return numpy's naive UTC moment as an aware datetime."""
    found: dt.datetime = moment.astype("datetime64[us]").item()
    return found.replace(tzinfo=dt.UTC)


def to_moment64(moment: dt.datetime) -> np.datetime64:
    """Return an aware datetime as numpy's naive UTC moment."""
    return np.datetime64(moment.astimezone(dt.UTC).replace(tzinfo=None), "us")


@dataclass(frozen=True, slots=True)
class Series:
    """What is measured: identity, source and rules, never the numbers."""

    id: str
    title: str
    unit: str
    frequency: str
    source: str  # publisher and its code, as printed: "FRED:DGS10"
    publication: str  # name of the publication rule
    max_age: int  # business days of the rule's calendar after which the newest observation is stale
    expires: int  # business days after which it is no longer used as a level
    licence: str
    citation: str
    url: str
    restricted: bool = False
    revised: bool = False  # history is re-estimated and no vintages are held
    vintages: bool = True  # of a re-estimated series: ask ALFRED for what it said before
    open_days: str | None = None  # calendar; observations on its closed days are dropped
    note: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of one series, and when it became public.

    origin: the id of the publisher that brought it first, empty for the series' own.
    """

    series: Series
    day: dt.date
    value: float
    published: dt.datetime
    origin: str = ""

    @property
    def source(self) -> str:
        """Name where the value came from: FRED:DGS10, or TREASURY (as FRED:DGS10) where that was first."""
        own = self.series.source
        return f"{self.origin.upper()} (as {own})" if self.origin else own


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One series as known at a moment: one value a day, ascending.

    Shape: days, values, published and origins have one length; published is naive UTC; origins is None
        where the series' own publisher brought every value.
    """

    series: Series
    days: Days
    values: Floats
    published: NDArray[np.datetime64]
    origins: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.days)

    def at(self, position: int) -> Observation:
        """Return the observation at a position."""
        return Observation(
            self.series,
            to_date(self.days[position]),
            float(self.values[position]),
            to_utc(self.published[position]),
            "" if self.origins is None else str(self.origins[position]),
        )

    def position(self, day: dt.date) -> int:
        """Return the position of the last observation on or before a day, -1 if there is none."""
        return int(np.searchsorted(self.days, to_day64(day), side="right")) - 1

    def exact(self, day: dt.date) -> int | None:
        """Return the position of a day's own observation, None if there is none."""
        found = self.position(day)
        return found if found >= 0 and self.days[found] == to_day64(day) else None


@dataclass(frozen=True, slots=True)
class Fact:
    """One computed number (or word) that may be printed, with its pedigree."""

    id: str
    label: str
    value: float | str
    unit: str
    text: str
    observed: dt.date
    published: dt.datetime
    inputs: tuple[Observation, ...]
    method: str
    revised: bool = False
    stale: str | None = None  # why the newest input is older than permitted
    start: dt.date | None = None  # of a change: the day it is measured from
    decimals: int = 0
    signed: bool = False

    @property
    def number(self) -> float:
        """Return the value of a numeric fact.

        Raises: TypeError for a fact of unit text.
        """
        if isinstance(self.value, str):
            raise TypeError(f"{self.id} is a word, not a number")
        return self.value

    @property
    def restricted(self) -> bool:
        """Say whether any input may be quoted but not handed on."""
        return any(i.series.restricted for i in self.inputs)


@dataclass(frozen=True, slots=True)
class Ref:
    """One quoted number with its source: a threshold, an event's amount, a date."""

    id: str
    text: str
    value: float | str
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that cannot be computed, and why."""

    id: str
    input: str
    why: str
    due: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim decided by rule over facts."""

    id: str
    question: str
    verdict: str
    confidence: str
    supports: tuple[str, ...]
    contradicts: tuple[str, ...]
    reason: str
    due: dt.datetime | None = None
    evidence: dict[str, bool] = field(default_factory=dict)  # named conditions and whether they held
