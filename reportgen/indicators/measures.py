"""Measures: weighted sums of series, as known at a moment, from which facts are taken."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen import units
from reportgen.errors import CatalogueError
from reportgen.indicators.freshness import Freshness, freshness
from reportgen.model import Days, Floats, History, Observation, Ref, Series, to_day64
from reportgen.store import Snapshot
from reportgen.text import NBSP, format_date

CHANGES = ("bp", "difference", "points", "percent", "inverse_percent")
_KEYS = {
    "id", "over", "label", "change_label", "terms", "sum", "otherwise", "otherwise_label", "published_change",
    "unit", "change", "decimals", "facts", "as_of_days",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """How a measure is made and which facts are taken from it; no numbers."""

    id: str
    label: str
    unit: str
    change: str
    decimals: int
    facts: tuple[str, ...]
    terms: tuple[tuple[str, float], ...]
    otherwise: tuple[tuple[str, float], ...] = ()
    otherwise_label: str = ""
    published_change: tuple[tuple[str, float], ...] = ()
    change_label: str = ""
    as_of_days: bool = False  # on the last series' days, the others take their last observation


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A measure's history as known at a moment.

    Shape: days, values and published have one length; positions[k] index the k-th parent's history.
    """

    id: str
    label: str
    unit: str
    days: Days
    values: Floats
    published: NDArray[np.datetime64]
    parents: tuple[History, ...]
    positions: tuple[NDArray[np.intp], ...]
    weights: tuple[float, ...]
    formula: str = ""  # how it is made, where it is no weighted sum
    seen: dict[int, tuple[Observation, ...]] = field(default_factory=dict)  # made once, many facts share them

    def __len__(self) -> int:
        return len(self.days)

    @property
    def series(self) -> tuple[Series, ...]:
        """Return the parents' series."""
        return tuple(p.series for p in self.parents)

    def observations(self, position: int) -> tuple[Observation, ...]:
        """Return the observations behind the value at a position."""
        found = self.seen.get(position)
        if found is None:
            pairs = zip(self.parents, self.positions, strict=True)
            found = self.seen[position] = tuple(p.at(int(at[position])) for p, at in pairs)
        return found

    def position(self, day: Any) -> int:
        """Return the position of the last value on or before a day, -1 if there is none."""
        return int(np.searchsorted(self.days, to_day64(day), side="right")) - 1


class Measures:
    """The measures of one snapshot, computed when first asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._tracks: dict[str, Track] = {}
        self._freshness: dict[str, Freshness] = {}

    def history(self, measure_id: str) -> Track:
        """Return a measure's history; empty if one of its series is not held.

        Raises: CatalogueError for an unknown measure.
        """
        found = self._tracks.get(measure_id)
        if found is None:
            found = self._tracks[measure_id] = self._track(registry_entry(measure_id))
        return found

    def freshness(self, series_id: str) -> Freshness:
        """Return how fresh one of the snapshot's series is."""
        found = self._freshness.get(series_id)
        if found is None:
            found = self._freshness[series_id] = freshness(self.snapshot, series_id)
        return found

    def add(self, track: Track) -> None:
        """Keep a track that another indicator computed, such as the liquidity gauge's."""
        self._tracks[track.id] = track

    def _track(self, measure: Measure) -> Track:
        terms, label = measure.terms, measure.label
        if measure.otherwise and not all(len(self.snapshot.history(s)) for s, _ in terms):
            terms, label = measure.otherwise, measure.otherwise_label
        track = self.weighted_sum(measure.id, label, measure.unit, terms, as_of_days=measure.as_of_days)
        if all(s.publication == "administered" for s in track.series):
            return track  # an administered rate is in force from its day on, also between market dates
        end = track.position(self.snapshot.market_date) + 1
        return Track(
            track.id, label, track.unit, track.days[:end], track.values[:end], track.published[:end],
            track.parents, tuple(p[:end] for p in track.positions), track.weights,
        )  # fmt: skip

    def weighted_sum(
        self,
        track_id: str,
        label: str,
        unit: str,
        terms: tuple[tuple[str, float], ...],
        *,
        as_of_days: bool = False,
    ) -> Track:
        """Return the weighted sum of series on the days that they share, or on the last one's days."""
        parents = tuple(self.snapshot.history(series_id) for series_id, _ in terms)
        if as_of_days:
            days = parents[-1].days
            held = all(len(p) for p in parents)
            days = days[days >= max(p.days[0] for p in parents)] if held else days[:0]
        else:
            days = shared_days([p.days for p in parents])
        positions = tuple(np.searchsorted(p.days, days, side="right") - 1 for p in parents)
        weights = tuple(
            _weight(track_id, p.series, unit, w) for p, (_, w) in zip(parents, terms, strict=True)
        )
        values = np.zeros(len(days))
        published = np.full(len(days), np.datetime64(0, "us"))
        for parent, at, weight in zip(parents, positions, weights, strict=True):
            values += weight * parent.values[at]
            published = np.maximum(published, parent.published[at])
        values = np.round(values, 12)  # a difference of decimals is a decimal again, not 9.000000000000007
        return Track(track_id, label, unit, days, values, published, parents, positions, weights)


def shared_days(parts: Sequence[Days]) -> Days:
    """Return the days that all have; most series of a measure have the same."""
    days = parts[0]
    for part in parts[1:]:
        if not np.array_equal(days, part):
            days = np.intersect1d(days, part, assume_unique=True)
    return days


def _weight(track_id: str, series: Series, unit: str, weight: float) -> float:
    factor = units.factor(series.unit, unit)
    if factor is None and not (series.unit == "contracts" and unit == "usd_bn"):
        raise CatalogueError(
            f"measures.toml: {track_id} in {unit} cannot be made of {series.id} in {series.unit}"
        )
    return weight * (1.0 if factor is None else factor)


def known() -> frozenset[str]:
    """Return the ids of all measures."""
    return frozenset(registry())


def registry_entry(measure_id: str) -> Measure:
    """Return how a measure is made.

    Raises: CatalogueError for an unknown id.
    """
    try:
        return registry()[measure_id]
    except KeyError:
        raise CatalogueError(
            f"unknown measure {measure_id!r}", hint=f"Known: {', '.join(sorted(registry()))}."
        ) from None


@cache
def registry() -> Mapping[str, Measure]:
    """Return every measure of the registry, in its order.

    Raises: CatalogueError naming the entry and what is wrong with it.
    """
    found: dict[str, Measure] = {}
    for entry in _document()["measure"]:
        for measure in _expanded(entry):
            if measure.id in found:
                raise CatalogueError(f"measures.toml: {measure.id} stands twice")
            found[measure.id] = measure
    return found


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("measures.toml").read_text("utf-8"))


def contract_reference() -> Ref:
    """Return the table of contracts' dollar values of a basis point, with its date, to be quoted."""
    contracts = _document()["contracts"]
    text = f"{contracts['dv01_source']} as of {format_date(contracts['dv01_date'])}".replace(NBSP, " ")
    return Ref("contracts.dv01", text, text, "text", f"DV01: {text}; face: {contracts['face_source']}")


def contract_weight(contract: str, kind: str) -> float:
    """Return the face value of one contract in $bn ("face_bn"), or its 10-year equivalents ("ten_year")."""
    table = _document()["contracts"]["table"]
    size = table[contract]
    return float(size["face"] * 1e-9 if kind == "face_bn" else size["dv01"] / table["10y"]["dv01"])


def _expanded(entry: dict[str, Any]) -> Iterator[Measure]:
    unknown = set(entry) - _KEYS
    if unknown or entry.get("change") not in CHANGES or entry.get("unit") not in units.FACT_UNITS:
        raise CatalogueError(
            f"measures.toml: {entry.get('id')}: unknown key {sorted(unknown)}, "
            f"change {entry.get('change')!r} or unit {entry.get('unit')!r}; changes are {', '.join(CHANGES)}"
        )
    over = entry.get("over", {})
    for keys in itertools.product(*(o.items() for o in over.values())):
        ids = dict(zip(over, (k for k, _ in keys), strict=True))
        names = dict(zip(over, (n for _, n in keys), strict=True))

        def terms(key: str, ids: dict[str, str] = ids) -> tuple[tuple[str, float], ...]:
            return tuple((s.format(**ids), float(w)) for s, w in entry.get(key, ()))

        yield Measure(
            id=entry["id"].format(**ids),
            label=entry["label"].format(**names),
            change_label=entry.get("change_label", "").format(**names),
            unit=entry["unit"],
            change=entry["change"],
            decimals=entry.get("decimals", 0),
            facts=tuple(entry["facts"]),
            terms=_summands(entry["sum"]) if "sum" in entry else terms("terms"),
            otherwise=terms("otherwise"),
            otherwise_label=entry.get("otherwise_label", ""),
            published_change=terms("published_change"),
            as_of_days=entry.get("as_of_days", False),
        )


def _summands(rule: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    terms = []
    for contract in rule["over"]:
        weight = contract_weight(contract, rule["weight"])
        if contract != "10y":
            weight *= rule.get("others", 1)
        terms.append((rule["series"].format(contract=contract), weight))
        if "minus" in rule:
            terms.append((rule["minus"].format(contract=contract), -weight))
    return tuple(terms)
