"""Which inputs that a finding needs are older than permitted: what the banner of a note says."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from reportgen.findings import decide
from reportgen.model import Fact
from reportgen.pipeline.analysis import Analysis
from reportgen.render.context import SeriesRow

# What a question rests on even in a week in which there is nothing for it to explain.
_ALWAYS = ("cot.total.lev_short_10y_eq", "liquidity.score")


class _Asked(dict[str, Fact]):
    """Facts that note which of them, held or missing, a question looks at."""

    def __init__(self, facts: dict[str, Fact]) -> None:
        super().__init__(facts)
        self.ids: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.ids.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Fact:
        self.ids.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.ids.add(str(key))
        return super().__contains__(key)


def outdated(analysis: Analysis, rows: Sequence[SeriesRow]) -> tuple[SeriesRow, ...]:
    """Return the series that the findings look at and that are late, stale, or too old to be used.

    What was never held is no matter of age, nor is a series that speaks only of its own day.
    """
    needed = _needed(analysis)
    return tuple(
        row
        for row in rows
        if row.series.id in needed
        and row.state != "fresh"
        and row.newest is not None
        and row.series.expires > 0
    )


def _needed(analysis: Analysis) -> set[str]:
    """Return the series behind every fact that a question looked at."""
    facts = analysis.facts
    asked = _Asked(facts.facts)
    decide(dataclasses.replace(facts, facts=asked), analysis.thresholds, analysis.events)
    asked.ids.update(_ALWAYS)
    held = {i.series.id for id in asked.ids if id in facts.facts for i in facts.facts[id].inputs}
    lacking = {facts.missing[id].input.partition(" (")[0] for id in asked.ids if id in facts.missing}
    return held | lacking
