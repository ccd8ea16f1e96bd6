"""Findings of a moment, with the desk's own thresholds and events where a test gives them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache

import pytest

from reportgen.embedded import FOLDER
from reportgen.findings import decide
from reportgen.findings.events import Event, load_events
from reportgen.indicators.facts import FactSet, compute_facts
from reportgen.indicators.measures import Measures
from reportgen.indicators.thresholds import Thresholds, load_thresholds
from reportgen.model import Finding
from reportgen.store import Store
from reportgen.text import parse_as_of


@pytest.fixture(scope="session")
def thresholds() -> Thresholds:
    return load_thresholds()


@pytest.fixture(scope="session")
def facts_at(thresholds: Thresholds) -> Callable[[str], FactSet]:
    store = Store(FOLDER)

    @cache
    def compute(as_of: str) -> FactSet:
        return compute_facts(Measures(store.snapshot(parse_as_of(as_of))), thresholds)

    return compute


@pytest.fixture
def found(facts_at: Callable[[str], FactSet], thresholds: Thresholds) -> Callable[..., dict[str, Finding]]:
    """Give the findings of an as-of; values replaces facts' values, without removes facts."""

    def answer(
        as_of: str,
        *,
        values: dict[str, float | str] | None = None,
        without: tuple[str, ...] = (),
        events: tuple[Event, ...] | None = None,
        limits: Thresholds | None = None,
    ) -> dict[str, Finding]:
        facts = facts_at(as_of)
        changed = {
            i: dataclasses.replace(f, value=(values or {}).get(i, f.value))
            for i, f in facts.facts.items()
            if i not in without
        }
        lacking = dict.fromkeys(without, facts.missing["foreign.custody.level"]) | facts.missing
        case = dataclasses.replace(facts, facts=changed, missing=lacking)
        return decide(case, limits or thresholds, load_events() if events is None else events)

    return answer
