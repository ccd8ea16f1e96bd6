"""What would change our mind: readings against the thresholds that would turn a verdict or a component."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from reportgen.calendars import publication
from reportgen.calendars.publication import Release
from reportgen.indicators.facts import FactSet
from reportgen.indicators.gauge import COMPONENTS, Component
from reportgen.indicators.thresholds import Thresholds, decimals_of
from reportgen.model import Fact, Ref
from reportgen.text import NBSP, format_number, format_value


@dataclass(frozen=True, slots=True)
class Rule:
    """One trigger: a reading that turns something when it rises to, or falls to, a threshold.

    sign: of the move that counts; a threshold that states a fall without its sign is negated.
    """

    id: str
    group: str  # "drivers", "policy"
    reading: str
    threshold: str
    sign: int
    negated: bool = False


RULES = (
    Rule("sell_off", "drivers", "ust.10y.change_week", "move.small", 1),
    Rule("shorts", "drivers", "cot.total.lev_short_10y_eq.change_week_pct", "basis.fall", -1),
    Rule("shorts_z", "drivers", "cot.total.lev_short_10y_eq.change_week_z", "basis.z", -1),
    Rule("dollar", "drivers", "dollar.dxy.change_week", "dollar.move", -1, negated=True),
    Rule("stocks", "drivers", "equity.spx.change_week", "equity.move", -1, negated=True),
    Rule("asia", "drivers", "fx.asia.pressure", "fx.asia", 1),
    Rule("custody", "drivers", "foreign.custody.change_week", "custody.fall", -1),
    Rule("custody_z", "drivers", "foreign.custody.change_week_z", "custody.z", -1),
    Rule("ample", "policy", "fed.cushion_to_assets.level", "reserves.ample", -1),
    Rule("scarce", "policy", "fed.cushion_to_assets.level", "reserves.scarce", -1),
    Rule("purchases", "policy", "fed.treasuries.change_13w", "pace.purchases", 1),
    Rule("real_yield", "policy", "real.10y.level_rank", "value.rank", 1),
    Rule("carry", "policy", "carry.10y.level", "carry.none", 1),
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger at a moment.

    label: of a component of the gauge; other triggers are named by their id. reading: None where it is not
    held. distance: what the reading would have to move, None also where a component stands where it does
    for days that have passed.
    """

    id: str
    group: str
    label: str
    reading: Fact | None
    threshold: Ref
    distance: Fact | None
    state: str  # "calm", "watch", "stress" of a component; else "reached", "open", "missing"
    next: Release | None


def triggers(facts: FactSet, thresholds: Thresholds) -> tuple[Trigger, ...]:
    """Return every trigger, components of the gauge first; a component that is not held can turn nothing."""
    return (*_components(facts, thresholds), *_rules(facts, thresholds))


def references(found: tuple[Trigger, ...]) -> dict[str, Ref]:
    """Return the thresholds that triggers quote, by id."""
    return {t.threshold.id: t.threshold for t in found}


def distances(found: tuple[Trigger, ...]) -> tuple[Fact, ...]:
    """Return the distances of triggers as facts."""
    return tuple(t.distance for t in found if t.distance is not None)


def _components(facts: FactSet, thresholds: Thresholds) -> Iterator[Trigger]:
    """Set each component against the threshold that would turn it next, or let it go if it is at stress."""
    for component in COMPONENTS:
        state = facts.get(f"liquidity.{component.id}.state")
        reading = facts.get(f"{component.measure}.{'change_4w' if component.change else 'level'}")
        if state is None or reading is None:
            continue
        level = "watch" if state.value == "calm" else "stress"
        threshold = thresholds.ref(f"gauge.{component.id}.{level}", facts.market_date)
        held_over = state.value == "stress" and reading.number < _number(threshold)
        distance = None if held_over else _distance(f"gauge.{component.id}", reading, threshold)
        yield Trigger(
            component.id, _group(component), component.label, reading, threshold, distance, str(state.value),
            _next(facts, reading),
        )  # fmt: skip


def _group(component: Component) -> str:
    return f"liquidity_{component.group}"


def _rules(facts: FactSet, thresholds: Thresholds) -> Iterator[Trigger]:
    for rule in RULES:
        reading = facts.get(rule.reading)
        found = thresholds.get(rule.threshold, facts.market_date)
        value = -found.value if rule.negated else found.value
        threshold = Ref(
            f"trigger.{rule.id}",
            _written(value, found.unit, decimals_of(value), signed=reading is None or reading.signed),
            value,
            found.unit,
            thresholds.ref(rule.threshold, facts.market_date).source,
        )
        if reading is None:
            yield Trigger(rule.id, rule.group, "", None, threshold, None, "missing", None)
            continue
        reached = round(rule.sign * (reading.number - value), 9) >= 0
        yield Trigger(
            rule.id, rule.group, "", reading, threshold, _distance(rule.id, reading, threshold),
            "reached" if reached else "open", _next(facts, reading),
        )  # fmt: skip


def _distance(name: str, reading: Fact, threshold: Ref) -> Fact:
    """Return what a reading would have to move to stand at its threshold, in its own unit."""
    value = round(_number(threshold) - reading.number, 9)
    decimals = reading.decimals
    return Fact(
        id=f"trigger.{name}.distance",
        label=f"{reading.label}: what is left to the threshold {threshold.text}",
        value=value, unit=reading.unit, text=_apart(value, reading.unit, decimals),
        observed=reading.observed, published=reading.published, inputs=reading.inputs,
        method=f"threshold less reading; {reading.method}", revised=reading.revised, stale=reading.stale,
        start=reading.start, decimals=decimals, signed=True,
    )  # fmt: skip


def _written(value: float, unit: str, decimals: int, *, signed: bool) -> str:
    """Write a number of the table; standard deviations go without their long name."""
    if unit == "z":
        return format_number(value, max(decimals, 1), signed=signed)
    return format_value(value, unit, decimals, signed=signed)


def _apart(value: float, unit: str, decimals: int) -> str:
    """Write a distance: two shares or rates in percent lie percentage points apart."""
    if unit == "percent":
        return f"{format_number(value, decimals, signed=True)}{NBSP}pp"
    return _written(value, unit, decimals, signed=True)


def _number(threshold: Ref) -> float:
    assert not isinstance(threshold.value, str)
    return threshold.value


def _next(facts: FactSet, reading: Fact) -> Release | None:
    """Return when the reading comes anew: at the latest of its inputs' next publications."""
    rules = {i.series.publication for i in reading.inputs} - {"administered"}
    found = [_release(rule, facts.as_of) for rule in rules]
    if not found or any(r is None for r in found):
        return None
    return max((r for r in found if r is not None), key=lambda r: r.at)


@lru_cache(maxsize=64)
def _release(rule: str, as_of: dt.datetime) -> Release | None:
    return publication.next_release(rule, as_of)
