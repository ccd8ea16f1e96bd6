"""Drivers that rest on news besides market symptoms: selling for liquidity, threats to foreign holders."""

from __future__ import annotations

from reportgen.findings.case import Case, headed, no_move
from reportgen.findings.events import Event
from reportgen.model import Finding

SYMPTOMS = {
    "ust.10y.change_week_size": "an unusual rise of yields",
    "vol.move.change_week": "a jump of volatility",
    "liquidity.state": "a strain on funding",
    "ust.30y.change_week": "a rise led by the long end",
    "dollar.dxy.change_week": "a weaker dollar",
}


def liquidity_selling(case: Case) -> Finding:
    """Ask whether institutions short of liquidity sold, by reported sales and the marks that they leave."""
    question = "Did institutions short of liquidity sell Treasuries?"
    symptoms = {
        "ust.10y.change_week_size": case.unusual_rise("ust.10y.change_week"),
        "vol.move.change_week": case.unusual_rise("vol.move.change_week"),
        "liquidity.state": _state(case) in ("strained", "crisis"),
    }
    return _decide(case, "driver.liquidity_selling", question, symptoms, "a forced sale")


def policy_threat(case: Case) -> Finding:
    """Ask whether a threat to foreign holders drove yields, by news and the flight it would cause."""
    question = "Did a policy threat to foreign holders drive yields?"
    symptoms = {
        "ust.30y.change_week": case.long_end_led,
        "dollar.dxy.change_week": case.at_most("dollar.dxy.change_week", "dollar.move", -1.0),
    }
    return _decide(case, "driver.policy_threat", question, symptoms, "a threat to foreign holders")


def _state(case: Case) -> str:
    fact = case.fact("liquidity.state")
    return "" if fact is None else str(fact.value)


def _decide(case: Case, finding_id: str, question: str, symptoms: dict[str, bool], what: str) -> Finding:
    if case.sell_off is None:
        return no_move(case, finding_id, question)
    held = {k: v for k, v in symptoms.items() if case.fact(k) is not None}
    supports = tuple(k for k, v in held.items() if v)
    contradicts = tuple(k for k, v in held.items() if not v)
    news = [e for e in case.events if finding_id in e.supports]
    against = [e for e in case.events if finding_id in e.contradicts]
    fits = _fitting(supports, contradicts)
    if not news and not against:
        reason = f"No event on the desk's file reports {what}; {fits}."
        return Finding(
            finding_id, question, "needs_news", "low", supports, contradicts, reason, evidence=held
        )
    weight = sum(e.weight for e in news) - sum(e.weight for e in against)
    verdict = (
        "supported"
        if weight >= 1 and len(supports) >= 2
        else "partly_supported"
        if weight > 0 and supports
        else "not_supported"
    )
    return Finding(
        finding_id,
        question,
        verdict,
        "medium" if weight >= 1 else "low",
        supports,
        contradicts,
        _reason(news + against, fits),
        evidence=held,
    )


def _reason(events: list[Event], fits: str) -> str:
    return f"{'; '.join(headed(e) for e in events)}; {fits}."


def _fitting(supports: tuple[str, ...], contradicts: tuple[str, ...]) -> str:
    """Say which of the market symptoms fit."""
    fit, misfit = [SYMPTOMS[i] for i in supports], [SYMPTOMS[i] for i in contradicts]
    if not fit and not misfit:
        return "no market symptom can be tested"
    if not misfit:
        return f"{_listed(fit)} fits" if len(fit) == 1 else f"the market symptoms fit: {_listed(fit)}"
    if not fit:
        return "the market symptom does not fit" if len(misfit) == 1 else "none of the market symptoms fits"
    return (
        f"of the market symptoms, {_listed(fit)} {'shows' if len(fit) == 1 else 'show'}, "
        f"{_listed(misfit)} {'does' if len(misfit) == 1 else 'do'} not"
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
