"""What changed since last week: facts and findings of two moments, set side by side."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from reportgen.indicators.facts import FactSet
from reportgen.indicators.gauge import COMPONENTS
from reportgen.indicators.measures import registry
from reportgen.model import Fact, Finding
from reportgen.text import format_value

BEFORE = "before."  # the ids of the earlier moment's facts begin with it
SHOWN_MOVES = 6
ALWAYS = ("liquidity.state", "liquidity.score")
TENORS = ("ust.2y", "ust.5y", "ust.10y", "ust.30y")  # of the yields, those that the note speaks of


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that reads otherwise than before; label is empty for a finding."""

    id: str
    before: str
    now: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One of the week's largest moves: its measure, and the ids of its level, change and rank.

    rank: share of earlier changes that were smaller. before: the id of the level from which the change is
    measured: as that moment knew it, or as it came out since; empty where neither is one observation.
    """

    id: str
    level: str
    change: str
    rank: str
    before: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A moment against an earlier one, as the note of that time would have told it."""

    as_of: dt.datetime
    facts: dict[str, Fact]
    verdicts: tuple[Turn, ...]
    components: tuple[Turn, ...]
    moves: tuple[Move, ...]

    @property
    def empty(self) -> bool:
        """Say whether nothing changed that is worth a line."""
        return not (self.verdicts or self.components or self.moves)


def compare(
    now: FactSet,
    then: FactSet,
    findings: Mapping[str, Finding],
    earlier: Mapping[str, Finding],
    unusual_pct: float,
) -> Comparison:
    """Compare two moments; a move is told when more than a share of earlier ones were smaller."""
    found = _moves(now, then, unusual_pct)
    moves = tuple(move for move, _ in found)
    kept = (*(start for _, start in found), *(then.get(i) for i in ALWAYS))
    return Comparison(
        as_of=then.as_of,
        facts={BEFORE + f.id: _renamed(f) for f in kept if f is not None},
        verdicts=tuple(
            Turn(i, earlier[i].verdict, f.verdict)
            for i, f in findings.items()
            if earlier[i].verdict != f.verdict
        ),
        components=_components(now, then),
        moves=moves,
    )


def _renamed(fact: Fact) -> Fact:
    return dataclasses.replace(fact, id=BEFORE + fact.id, label=f"{fact.label}, a week before")


def _components(now: FactSet, then: FactSet) -> tuple[Turn, ...]:
    turns = []
    for component in COMPONENTS:
        states = [known.get(f"liquidity.{component.id}.state") for known in (then, now)]
        before, after = ("missing" if s is None else str(s.value) for s in states)
        if before != after and {before, after} & {"watch", "stress"}:
            turns.append(Turn(component.id, before, after, component.label))
    return tuple(turns)


def _start(then: FactSet, level: Fact, change: Fact) -> Fact | None:
    """Return the level from which a change is measured, None where it is not one observation."""
    known = then.get(level.id)
    if known is not None and known.observed == change.start:
        return known
    starts = [i for i in change.inputs if i.day == change.start]
    if len(starts) != 1 or len(level.inputs) != 1 or not level.inputs[0].value:
        return None
    value = starts[0].value * (level.number / level.inputs[0].value)
    return dataclasses.replace(
        level, value=value, text=format_value(value, level.unit, level.decimals, signed=level.signed),
        observed=starts[0].day, published=starts[0].published, inputs=(starts[0],),
    )  # fmt: skip


def _moves(now: FactSet, then: FactSet, unusual_pct: float) -> list[tuple[Move, Fact | None]]:
    """Rank the changes that came out since the earlier moment by their own history, one of each family."""
    best: dict[str, tuple[float, Move, Fact | None]] = {}
    for measure in registry().values():
        if measure.id.startswith("ust.") and measure.id not in TENORS:
            continue
        rank = now.get(f"{measure.id}.change_week_size")
        level, change = now.get(f"{measure.id}.level"), now.get(f"{measure.id}.change_week")
        if rank is None or level is None or change is None or change.published <= then.as_of:
            continue
        if rank.number < unusual_pct or change.observed <= now.week_start:
            continue
        start = _start(then, level, change)
        move = Move(measure.id, level.id, change.id, rank.id, BEFORE + level.id if start else "")
        family = measure.id.split(".")[0]
        if family not in best or best[family][0] < rank.number:
            best[family] = (rank.number, move, start)
    ranked = sorted(best.values(), key=lambda found: -found[0])
    return [(move, start) for _, move, start in ranked[:SHOWN_MOVES]]
