"""Findings: verdicts over facts by rule, one answer for every question of the note."""

from __future__ import annotations

from reportgen.findings import basis_trade, clues, news, official, perspectives
from reportgen.findings.case import Case
from reportgen.findings.events import Event, active
from reportgen.indicators.facts import FactSet
from reportgen.indicators.thresholds import Thresholds
from reportgen.model import Finding


def decide(facts: FactSet, thresholds: Thresholds, events: tuple[Event, ...]) -> dict[str, Finding]:
    """Answer every question of the note, in its order."""
    case = Case(facts, thresholds, active(events, facts.as_of))
    drivers = [
        basis_trade.decide(case),
        news.liquidity_selling(case),
        news.policy_threat(case),
        official.decide(case),
    ]
    found = {f.id: f for f in drivers}
    answers = (
        *drivers,
        clues.dollar_flight(case),
        clues.fx_intervention(case),
        clues.forced_selling(case),
        perspectives.which_factor(case, found),
        perspectives.crisis_risk(case),
        perspectives.crisis_indicators(case),
        perspectives.policy_response(case),
        perspectives.long_term_value(case),
    )
    return {f.id: f for f in answers}
