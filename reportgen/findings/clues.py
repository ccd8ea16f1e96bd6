"""Cross-asset clues: flight from dollar assets, currency intervention, forced selling."""

from __future__ import annotations

from reportgen.findings.case import CURRENCIES, TEN, Case, lost, no_move
from reportgen.model import Finding

MARKS = ("speed", "weight at the long end", "high volatility")
FAILS = ("fails.tips.level_rank", "fails.ust_10y.level_rank")


def dollar_flight(case: Case) -> Finding:
    """Look for yields up while the dollar and stocks fall, each by a move that counts."""
    question = "Is money leaving dollar assets?"
    signs = {
        "ust.10y.change_week": case.at_least("ust.10y.change_week", "move.small"),
        "dollar.dxy.change_week": case.at_most("dollar.dxy.change_week", "dollar.move", -1.0),
        "equity.spx.change_week": case.at_most("equity.spx.change_week", "equity.move", -1.0),
    }
    lacking = [k for k in signs if case.fact(k) is None]
    if "ust.10y.change_week" in lacking or "dollar.dxy.change_week" in lacking:
        return case.untestable("clue.dollar_flight", question, lacking[0])
    supports = tuple(k for k, v in signs.items() if v)
    contradicts = tuple(k for k, v in signs.items() if not v and k not in lacking)
    yields_up, dollar_down = signs["ust.10y.change_week"], signs["dollar.dxy.change_week"]
    verdict = (
        "present" if all(signs.values()) else "partly_present" if yields_up and dollar_down else "absent"
    )
    reason = _flight(verdict, stocks=not lacking)
    return Finding(
        "clue.dollar_flight",
        question,
        verdict,
        "medium" if not lacking else "low",
        supports,
        contradicts,
        reason,
        evidence=signs,
    )


def _flight(verdict: str, *, stocks: bool) -> str:
    """Say what the three markets did together."""
    ten, dollar, equity = (f"{i}.change_week" for i in ("ust.10y", "dollar.dxy", "equity.spx"))
    if verdict != "absent":
        moved = f"The 10-year yield ({{{{ {ten}|signed }}}}) and the dollar index ({{{{ {dollar}|signed }}}})"
        if verdict == "present":
            return f"{moved} moved as in a flight, and so did stocks ({{{{ {equity}|signed }}}})."
        misfit = f"stocks ({{{{ {equity}|signed }}}}) did not" if stocks else "stocks are not held"
        return f"{moved} moved as in a flight; {misfit}."
    ten, dollar, equity = (f"{{{{ {i}|signed }}}}" for i in (ten, dollar, equity))
    also = f", S&P 500 {equity}" if stocks else ""
    return f"No flight shows on the week: 10-year yield {ten}, dollar index {dollar}{also}."


def fx_intervention(case: Case) -> Finding:
    """Look for Asian currencies under pressure together with falling official dollar holdings."""
    question = "Do central banks defend their currencies?"
    anchor = case.fact("fx.krw.change_week")
    if anchor is None:
        return case.untestable("clue.fx_intervention", question, "fx.krw.change_week")
    pressed = case.pressed()
    supports = [f"fx.{c}.change_week" for c in pressed]
    week = "{{ fx.krw.change_week|observed }}"
    if not pressed and not case.leaned_on:
        calm = tuple(f"fx.{c}.change_week" for c in ("krw", "twd", "cny") if case.fact(f"fx.{c}.change_week"))
        return Finding("clue.fx_intervention", question, "absent", "low", (), calm, _calm(case, week))
    if not pressed:
        reason = (
            f"No Asian currency alone is under pressure in the week to {week}, but together they are "
            "{{ fx.asia.pressure|magnitude }} weaker than usual."
        )
        supports.append("fx.asia.pressure")
        return Finding(
            "clue.fx_intervention", question, "partly_present", "low", (*supports, *case.drawn), (), reason
        )
    full = len(pressed) >= 2 and bool(case.drawn) and case.of_this_week("fx.krw.change_week")
    beyond = len(pressed) - 3
    also = f", and {('one', 'two', 'three')[beyond - 1]} more passed the threshold" if beyond > 0 else ""
    reason = f"Against the dollar {lost(pressed)} in the week to {week}{also}."
    return Finding(
        "clue.fx_intervention",
        question,
        "present" if full else "partly_present",
        "low",
        (*supports, *case.drawn),
        (),
        reason,
    )


def _calm(case: Case, week: str) -> str:
    """Name the weakest currency of a week in which none was under pressure."""
    weakest = case.weakest()
    if weakest is None or (case.number(f"fx.{weakest}.change_week") or 0) < 0.05:
        return f"No Asian currency weakened in the week to {week}."
    name, move = CURRENCIES[weakest], f"{{{{ fx.{weakest}.change_week|magnitude }}}}"
    return f"The weakest Asian currency in the week to {week}, the {name}, lost only {move}."


def forced_selling(case: Case) -> Finding:
    """Look for speed, weight at the long end and a jump of volatility together."""
    question = "Does the sale look forced?"
    if case.is_blind:
        return case.untestable("clue.forced_selling", question, TEN)
    if case.sell_off is None:
        reason = no_move(case, "clue.forced_selling", question).reason.replace(
            "No move to explain", "No sell-off to look at"
        )
        return Finding("clue.forced_selling", question, "absent", "high", (), (), reason)
    fast = case.unusual_rise("ust.10y.change_week")
    jumped = case.unusual_rise("vol.move.change_week")
    high = case.at_least("vol.move.level", "gauge.move.watch")
    signs = {
        "ust.10y.change_week_size": fast or case.at_least("ust.10y.peak_week", "speed.peak"),
        "ust.30y.change_week": case.long_end_led,
        "vol.move.change_week_size": jumped or high,
    }
    held = {k: v for k, v in signs.items() if case.fact(k) is not None}
    if "ust.10y.change_week_size" not in held:
        return case.untestable("clue.forced_selling", question, "ust.10y.change_week_size")
    marks = (
        MARKS[0] if fast else "speed until {{ ust.10y.peak_week|observed }}",
        MARKS[1],
        MARKS[2] if high else "a jump of volatility",
    )
    shown = [name for name, mark in zip(marks, signs, strict=True) if held.get(mark)]
    verdict = "present" if len(shown) == 3 else "partly_present" if len(shown) == 2 else "absent"
    fails = _fails(case)
    return Finding(
        "clue.forced_selling",
        question,
        verdict,
        "medium" if len(held) == 3 else "low",
        tuple(k for k, v in (held | fails).items() if v),
        tuple(k for k, v in held.items() if not v),
        _forced(shown, [name for name, mark in zip(MARKS, signs, strict=True) if mark not in held]),
        evidence=held | fails,
    )


def _fails(case: Case) -> dict[str, bool]:
    """Say which dealers' fails, where fresh, are unusually many; few are no mark against a forced sale.

    They are published eight days after their week: they tell of its eve and do not count in the verdict.
    """
    fresh = (f for f in map(case.fact, FAILS) if f is not None and f.stale is None)
    return {f.id: case.at_least(f.id, "size.unusual") for f in fresh}


def _forced(shown: list[str], unheld: list[str]) -> str:
    without = f"; {' and '.join(unheld)} cannot be seen" if unheld else ""
    if len(shown) == 3:
        return f"The sale has the three marks of a forced one: {shown[0]}, {shown[1]} and {shown[2]}."
    if not shown:
        return f"No mark of a forced sale shows{without}."
    if len(shown) == 1:
        return f"One of the three marks of a forced sale shows, {shown[0]}{without}."
    lacking = next((m for m in MARKS if m not in unheld and not any(s.startswith(m) for s in shown)), None)
    but = f"; {lacking} is missing" if lacking else without
    return f"Two of the three marks of a forced sale show, {' and '.join(shown)}{but}."
