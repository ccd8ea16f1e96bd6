"""The five perspectives: a short stance each, from a closed list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reportgen.findings.case import Case
from reportgen.indicators.gauge import COMPONENTS
from reportgen.model import Finding
from reportgen.text import in_sentence

# The closed lists of stances, in rising order where they have one.
STANCES: dict[str, tuple[str, ...]] = {
    "which_factor": (
        "no_move",
        "unknown",
        "unproven",
        "basis_trade",
        "liquidity_selling",
        "policy_threat",
        "foreign_official_selling",
        "several_drivers",
    ),
    "crisis_risk": ("remote", "low", "elevated", "acute", "unknown"),
    "crisis_indicators": ("none", "some", "several", "unknown"),
    "policy_response": ("none_needed", "watchful", "liquidity_operations", "asset_purchases", "unknown"),
    "long_term_value": ("neutral", "favour_gradually", "small_positions_only", "wait", "unknown"),
}
_RISK = {"robust": "remote", "weakening": "low", "strained": "elevated", "crisis": "acute"}
_RESPONSE = {
    "robust": "none_needed",
    "weakening": "watchful",
    "strained": "liquidity_operations",
    "crisis": "asset_purchases",
}
DRIVER_NAMES = {
    "basis_trade": "basis-trade liquidation",
    "liquidity_selling": "institutions selling for liquidity",
    "policy_threat": "a threat to foreign holders",
    "foreign_official_selling": "sales by foreign central banks",
}
FUNDING_SIGNS = ("sofr_iorb", "sofr_tail", "effr_iorb", "desk_repo", "discount_window", "swap_lines")


def which_factor(case: Case, drivers: Mapping[str, Finding]) -> Finding:
    """Name the best-supported driver, if any."""
    question = "Which factor was it?"
    if case.is_blind:
        reason = "Without the week's closes of the 10-year yield a sell-off could not be seen."
        return Finding("perspective.which_factor", question, "unknown", "low", (), (), reason)
    if case.sell_off is None:
        return Finding(
            "perspective.which_factor",
            question,
            "no_move",
            "high",
            (),
            (),
            "There was no sell-off to explain.",
        )
    for verdict in ("supported", "partly_supported"):
        found = [d.id.removeprefix("driver.") for d in drivers.values() if d.verdict == verdict]
        if found:
            supports = tuple(i for d in drivers.values() if d.verdict == verdict for i in d.supports)
            stance = found[0] if len(found) == 1 else "several_drivers"
            verb = "supports" if verdict == "supported" else "points in part to"
            reason = f"The evidence {verb} {' and '.join(DRIVER_NAMES[f] for f in found)}."
            return Finding(
                "perspective.which_factor",
                question,
                stance,
                "medium" if verdict == "supported" else "low",
                supports,
                (),
                reason,
            )
    waiting = [d for d in drivers.values() if d.verdict == "pending" and d.due is not None]
    due = min((d.due for d in waiting if d.due is not None), default=None)
    reason = "No driver is supported by what is public; " + (
        "evidence is still due." if waiting else "the move may be ordinary repricing."
    )
    return Finding("perspective.which_factor", question, "unproven", "low", (), (), reason, due)


def crisis_risk(case: Case) -> Finding:
    """Read the risk of a dollar-liquidity crisis off the gauge."""
    question = "Will it become a dollar-liquidity crisis?"
    state = case.fact("liquidity.state")
    if state is None:
        return _unknown(case, "perspective.crisis_risk", question)
    lacking = [c for c in COMPONENTS if case.fact(f"liquidity.{c.id}.state") is None]
    blind = any(all(c in lacking for c in COMPONENTS if c.group == group) for group in ("funding", "market"))
    without = f" (not held: {_listed(c.label for c in lacking)})" if lacking else ""
    now = "The liquidity gauge reads {{ liquidity.score }}, {{ liquidity.state }}"
    reason = f"{now}{without}; {_next_step(case, str(state.value))}"
    return Finding(
        "perspective.crisis_risk",
        question,
        _RISK[str(state.value)],
        "low" if blind else "medium",
        ("liquidity.state", "liquidity.score"),
        (),
        reason,
    )


def _next_step(case: Case, state: str) -> str:
    """Say what would move the gauge to its next state, by its rule."""
    seen = {c: case.fact(f"liquidity.{c.id}.state") for c in COMPONENTS}
    stressed = [c.group for c, f in seen.items() if f is not None and f.value == "stress"]
    watched = sum(f is not None and f.value == "watch" for f in seen.values())
    if state == "robust":
        return "one component at stress, or another on watch, would turn it weakening." if watched else (
            "one component at stress, or two on watch, would turn it weakening."
        )  # fmt: skip
    if state == "weakening":
        if "market" in stressed:
            return "a funding component at stress would turn it strained."
        if "funding" in stressed:
            return "a second component at stress would turn it strained."
        return "two components at stress, one of them of funding, would turn it strained."
    if state == "strained":
        if "market" in stressed:
            return "one more component at stress would make it a crisis."
        return "a market component at stress would make it a crisis."
    return "it stays one as long as funding and market components are at stress together, three in all."


def crisis_indicators(case: Case) -> Finding:
    """Count the funding indicators that stand at watch or stress."""
    question = "Which indicators would tell?"
    states = {c: case.fact(f"liquidity.{c}.state") for c in FUNDING_SIGNS}
    held = {c: f for c, f in states.items() if f is not None}
    if not held:
        return _unknown(case, "perspective.crisis_indicators", question)
    on = [c for c, f in held.items() if f.value != "calm"]
    labels = {c.id: c.label for c in COMPONENTS}
    stance = "none" if not on else "some" if len(on) < 3 else "several"
    reason = (
        f"Past the watch threshold within the week: {_listed(labels[c] for c in on)}."
        if on
        else "No funding indicator stands past its watch threshold."
    )
    if not on and (passing := [labels[c] for c in held if _is_past(case, c)]):
        reason = (
            "No funding indicator counts as past its watch threshold; beyond it on the day, but not for long "
            f"enough or at a month's turn: {_listed(passing)}."
        )
    return Finding("perspective.crisis_indicators", question, stance, "medium" if len(held) > 3 else "low",
                   tuple(f"liquidity.{c}.state" for c in on),
                   tuple(f"liquidity.{c}.state" for c in held if c not in on), reason)  # fmt: skip


def _is_past(case: Case, component: str) -> bool:
    """Say whether a component that counts as calm reads past its watch threshold all the same."""
    measure = next(c.measure for c in COMPONENTS if c.id == component)
    return case.at_least(f"{measure}.level", f"gauge.{component}.watch")


def _listed(labels: Iterable[str]) -> str:
    return "; ".join(in_sentence(label) for label in labels)


def policy_response(case: Case) -> Finding:
    """Expect a response by the state of dollar liquidity."""
    question = "What response is to be expected?"
    state = case.fact("liquidity.state")
    if state is None:
        return _unknown(case, "perspective.policy_response", question)
    words = {
        "robust": "With dollar liquidity robust no response is needed.",
        "weakening": "With dollar liquidity weakening the Fed is likely to watch; it is strain that "
        "brings operations.",
        "strained": "With dollar liquidity strained, operations that add reserves come first"
        + (", and the Desk lends already." if _lends(case) else "."),
        "crisis": "A crisis of dollar liquidity is met with purchases of Treasuries and with swap lines"
        + (", and the purchases have begun." if _buys(case) else "."),
    }
    return Finding(
        "perspective.policy_response",
        question,
        _RESPONSE[str(state.value)],
        "medium",
        ("liquidity.state", *(i for i in ("fed.treasuries.pace",) if case.fact(i) is not None)),
        (),
        words[str(state.value)],
    )


def _lends(case: Case) -> bool:
    """Say whether the Desk's repo stands past one of its thresholds."""
    fact = case.fact("liquidity.desk_repo.state")
    return fact is not None and fact.value in ("watch", "stress")


def _buys(case: Case) -> bool:
    """Say whether the Fed's Treasuries grew in the latest week as fast as purchases make them."""
    return case.at_least("fed.treasuries.change_week", "pace.purchases")


def long_term_value(case: Case) -> Finding:
    """Judge value by the rank of the real yield, and size by the state of liquidity."""
    question = "What is the long-term value of Treasuries?"
    state = case.fact("liquidity.state")
    rank = case.fact("real.10y.level_rank")
    if rank is None or rank.start is None or state is None:
        return _unknown(case, "perspective.long_term_value", question)
    stressed = state.value in ("strained", "crisis")
    cheap = case.at_least("real.10y.level_rank", "value.rank")
    stance = (
        ("small_positions_only" if stressed else "favour_gradually")
        if cheap
        else ("wait" if stressed else "neutral")
    )
    above = "{{ real.10y.level_rank }} of its values" if rank.number < 100 else "on any earlier day"
    since = rank.start.year  # with which the store begins
    reason = f"The 10-year real yield of {{{{ real.10y.level }}}} is higher than {above} since {since}."
    weighed = {"real.10y.level_rank": cheap}
    if case.fact("carry.10y.level") is not None:
        weighed["carry.10y.level"] = case.at_least("carry.10y.level", "carry.none")
    supports = tuple(i for i, good in weighed.items() if good)
    against = tuple(i for i, good in weighed.items() if not good)
    return Finding("perspective.long_term_value", question, stance, "medium", supports, against, reason)


def _unknown(case: Case, finding_id: str, question: str) -> Finding:
    return Finding(
        finding_id, question, "unknown", "low", (), (), "The facts that this rests on are missing."
    )
