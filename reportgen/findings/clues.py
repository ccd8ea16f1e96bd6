"""Cross-asset clues: flight from dollar assets, currency intervention, forced selling."""

from __future__ import annotations

from reportgen.findings.case import Case, no_move
from reportgen.model import Finding


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
        why = case.facts.missing[lacking[0]]
        return Finding(
            "clue.dollar_flight",
            question,
            "not_testable",
            "low",
            (),
            (),
            f"Not testable: {why.input}: {why.why}.",
            why.due,
        )
    supports = tuple(k for k, v in signs.items() if v)
    contradicts = tuple(k for k, v in signs.items() if not v and k not in lacking)
    yields_up, dollar_down = signs["ust.10y.change_week"], signs["dollar.dxy.change_week"]
    verdict = (
        "present" if all(signs.values()) else "partly_present" if yields_up and dollar_down else "absent"
    )
    reason = (
        f"{_sign('10-year yield', 'ust.10y.change_week')}, {_sign('dollar index', 'dollar.dxy.change_week')}"
    )
    reason += (
        f" and {_sign('S&P 500', 'equity.spx.change_week')} on the week."
        if not lacking
        else " on the week; stocks are not held."
    )
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


def _sign(name: str, fact_id: str) -> str:
    return f"{name} {{{{ {fact_id}|signed }}}}"


def fx_intervention(case: Case) -> Finding:
    """Look for Asian currencies under pressure together with falling official dollar holdings."""
    question = "Do central banks defend their currencies?"
    anchor = case.fact("fx.krw.change_week")
    if anchor is None:
        why = case.facts.missing["fx.krw.change_week"]
        return Finding(
            "clue.fx_intervention",
            question,
            "not_testable",
            "low",
            (),
            (),
            f"Not testable: {why.input}: {why.why}.",
            why.due,
        )
    pressed = case.pressed()
    supports = [f"fx.{c}.change_week" for c in pressed]
    drawn = [
        i
        for i in ("foreign.custody.change_week", "facility.foreign_rrp.change_week")
        if (case.number(i) or 0) <= case.limit("custody.fall")
    ]
    week = "{{ fx.krw.change_week|observed }}"
    if not pressed:
        reason = f"No Asian currency lost as much as the pressure threshold in the week to {week}."
        calm = tuple(f"fx.{c}.change_week" for c in ("krw", "twd", "cny") if case.fact(f"fx.{c}.change_week"))
        return Finding("clue.fx_intervention", question, "absent", "low", (), calm, reason)
    names = ", ".join(f"{c.upper()} {{{{ fx.{c}.change_week }}}}" for c in pressed)
    full = len(pressed) >= 2 and bool(drawn) and case.of_this_week("fx.krw.change_week")
    reason = f"Under pressure in the week to {week}: {names} (positive: weaker)."
    return Finding(
        "clue.fx_intervention",
        question,
        "present" if full else "partly_present",
        "low",
        tuple(supports + drawn),
        (),
        reason,
    )


def forced_selling(case: Case) -> Finding:
    """Look for speed, weight at the long end and a jump of volatility together."""
    question = "Does the sale look forced?"
    if case.sell_off is None:
        reason = no_move(case, "clue.forced_selling", question).reason.replace(
            "No move to explain", "No sell-off to look at"
        )
        return Finding("clue.forced_selling", question, "absent", "high", (), (), reason)
    fast = (
        case.at_least("ust.10y.change_week_size", "size.unusual")
        and (case.number("ust.10y.change_week") or 0) > 0
    )
    jumped = (
        case.at_least("vol.move.change_week_size", "size.unusual")
        and (case.number("vol.move.change_week") or 0) > 0
    )
    signs = {
        "ust.10y.change_week_size": fast or case.at_least("ust.10y.peak_week", "speed.peak"),
        "ust.30y.change_week": case.long_end_led,
        "vol.move.change_week_size": jumped or case.at_least("vol.move.level", "gauge.move.watch"),
    }
    held = {k: v for k, v in signs.items() if case.fact(k) is not None}
    if "ust.10y.change_week_size" not in held:
        why = case.facts.missing["ust.10y.change_week_size"]
        return Finding(
            "clue.forced_selling",
            question,
            "not_testable",
            "low",
            (),
            (),
            f"Not testable: {why.input}: {why.why}.",
            why.due,
        )
    supports = tuple(k for k, v in held.items() if v)
    contradicts = tuple(k for k, v in held.items() if not v)
    verdict = "present" if len(supports) == 3 else "partly_present" if len(supports) == 2 else "absent"
    marks = ("speed", "weight at the long end", "high volatility")
    shown = [m for m, v in zip(marks, signs.values(), strict=True) if v]
    absent = [m for m in marks if m not in shown]
    reason = f"Marks of a forced sale: {', '.join(shown) or 'none'}"
    reason += f"; absent or not held: {', '.join(absent)}." if absent else "."
    return Finding(
        "clue.forced_selling",
        question,
        verdict,
        "medium" if len(held) == 3 else "low",
        supports,
        contradicts,
        reason,
        evidence=held,
    )
