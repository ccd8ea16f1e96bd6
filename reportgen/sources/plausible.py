"""Values that cannot be: limits by series, from limits.toml."""

from __future__ import annotations

import fnmatch
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from reportgen import catalog, units
from reportgen.errors import CatalogueError

FILE = Path(__file__).with_name("limits.toml")
# Calendar days up to which two observations are neighbours.
_REACH = {"daily": 60, "weekly": 200, "monthly": 400, "quarterly": 1200}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a series' values stay within; see limits.toml."""

    least: float = -math.inf
    most: float = math.inf
    step: float = math.inf
    factor: float = 0.0  # 0: none
    revision: float = 0.0  # 0: none
    revision_step: float = math.inf
    floor: float = 0.0
    whole: bool = False
    weekday: str = ""
    weekends: bool = False

    def value_fault(self, value: float) -> str | None:
        """Say what a value breaks on its own, None if nothing."""
        if not self.least <= value <= self.most:
            return f"a value from {self.least:g} to {self.most:g}"
        if self.whole and value != round(value):
            return "a whole number"
        return None

    def day_fault(self, day: date, frequency: str) -> str | None:
        """Say what a day breaks, None if nothing."""
        if self.weekday and WEEKDAYS[day.weekday()] != self.weekday:
            return f"a {self.weekday.capitalize()}"
        if frequency == "daily" and not self.weekends and day.weekday() >= 5:
            return "a weekday"
        return None

    def jump_fault(self, before: float, after: float) -> str | None:
        """Say what a change from one value to its neighbour breaks, None if nothing."""
        return self._jump_fault(before, after, self.step, self.factor, "neighbouring")

    def revision_fault(self, held: float, now: float) -> str | None:
        """Say what another value of a day that is held breaks, None if nothing: its unit may have changed."""
        factors = [factor for factor in (self.factor, self.revision) if factor]
        step = min(self.step, self.revision_step)
        return self._jump_fault(held, now, step, min(factors, default=0.0), "held")

    def _jump_fault(self, before: float, after: float, step: float, factor: float, which: str) -> str | None:
        if abs(after - before) > step:
            return f"within {step:g} of the {which} {before:g}"
        small, large = sorted((abs(before), abs(after)))
        if factor and before * after > 0 and large >= self.floor and large / small > factor:
            return f"within {factor:g} times the {which} {before:g}"
        return None


@cache
def limits(series_id: str) -> Limits:
    """Return the limits of a series of the catalogue."""
    content = _content()
    unit = catalog.series(series_id).unit
    found: dict[str, Any] = dict(content.get("unit", {}).get(unit, {}))
    for entry in content.get("series", []):
        if any(fnmatch.fnmatchcase(series_id, pattern) for pattern in entry["ids"]):
            found |= {key: value for key, value in entry.items() if key != "ids"}
    return Limits(**found)


def longest_chain(
    values: Sequence[float], days: Sequence[int], allowed: Limits, frequency: str
) -> list[str | None]:
    """Say for each value whether it fits its neighbours: None, or what was expected.

    The longest run without a jump is believed, and from it outwards each value that fits the last one
    believed; a lone spike falls out, and so does a series that goes on in another unit. Days (as ordinals)
    that are far apart are no neighbours.
    Missing: NaN fits everywhere.
    """
    reach = _REACH[frequency]

    def jump(one: int, other: int) -> str | None:
        if abs(days[one] - days[other]) > reach:
            return None
        return allowed.jump_fault(values[one], values[other])

    known = [k for k, value in enumerate(values) if not math.isnan(value)]
    faults: list[str | None] = [None] * len(values)
    if not known:
        return faults
    breaks = [0]
    for at in range(1, len(known)):
        if jump(known[at - 1], known[at]):
            breaks.append(at)
    runs = list(zip(breaks, [*breaks[1:], len(known)], strict=True))
    first, last = max(runs, key=lambda run: (run[1] - run[0], -run[0]))
    for order in (range(last, len(known)), range(first - 1, -1, -1)):
        believed = known[last - 1 if order.step > 0 else first]
        for at in order:
            fault = jump(believed, known[at])
            if fault is None:
                believed = known[at]
            else:
                faults[known[at]] = fault
    return faults


@cache
def _content() -> Mapping[str, Any]:
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    faults = []
    for place, entry in [
        *((f"unit.{name}", entry) for name, entry in content.get("unit", {}).items()),
        *((f"series {entry.get('ids')}", entry) for entry in content.get("series", [])),
    ]:
        known = {f.name for f in fields(Limits)} | ({"ids"} if place.startswith("series") else set())
        faults += [f"{place}: unknown key {key!r}" for key in entry.keys() - known]
        if place.startswith("unit") and place.removeprefix("unit.") not in units.SERIES_UNITS:
            faults.append(f"{place}: unknown unit")
        if entry.get("weekday", WEEKDAYS[0]) not in WEEKDAYS:
            faults.append(f"{place}: unknown weekday {entry['weekday']!r}")
    if faults:
        raise CatalogueError("limits.toml is inconsistent:\n  " + "\n  ".join(faults))
    return content
