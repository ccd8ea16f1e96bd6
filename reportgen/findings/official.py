"""Driver: did foreign central banks sell Treasuries?"""

from __future__ import annotations

import datetime as dt

from reportgen.calendars import publication
from reportgen.findings.case import Case, no_move
from reportgen.model import Finding
from reportgen.text import format_moment

ID = "driver.foreign_official_selling"
QUESTION = "Did foreign central banks sell?"
CUSTODY = "foreign.custody.change_week"


def decide(case: Case) -> Finding:
    """Test custody holdings at the New York Fed where held, else Asian currencies under pressure."""
    if case.sell_off is None:
        return no_move(case, ID, QUESTION)
    if case.of_this_week(CUSTODY):
        return _by_custody(case)
    if not case.of_this_week("fx.krw.change_week"):
        release = publication.next_release("h10", case.as_of)
        if release is not None and release.at <= case.as_of + dt.timedelta(days=7):
            due = format_moment(release.at, case.facts.market_date)
            reason = f"The week's exchange rates are published on {due}{_without_custody(case)}."
            return Finding(ID, QUESTION, "pending", "low", (), (), reason, release.at)
    pressed = case.pressed()
    supports = tuple(f"fx.{c}.change_week" for c in pressed)
    names = ", ".join(f"{c.upper()} {{{{ fx.{c}.change_week }}}}" for c in pressed)
    if len(pressed) >= 2:
        reason = (
            f"Currencies that central banks defend were under pressure ({names}, positive: weaker)"
            f"{_without_custody(case)}."
        )
        return Finding(ID, QUESTION, "partly_supported", "low", supports, (), reason)
    reason = (
        f"Asian currencies were not under the pressure that calls for intervention{_without_custody(case)}."
    )
    calm = tuple(
        f"fx.{c}.change_week"
        for c in ("krw", "twd", "cny")
        if case.fact(f"fx.{c}.change_week") and c not in pressed
    )
    return Finding(ID, QUESTION, "not_supported", "low", supports, calm, reason)


def _by_custody(case: Case) -> Finding:
    pressed = case.pressed()
    fell = case.at_most(CUSTODY, "custody.fall")
    change = case.number(CUSTODY)
    verb = "fell" if change is not None and change < 0 else "rose"
    reason = (
        f"Custody holdings at the New York Fed {verb} by {{{{ {CUSTODY}|magnitude }}}} "
        f"in the week to {{{{ {CUSTODY}|observed }}}}."
    )
    verdict = "supported" if fell and len(pressed) >= 2 else "partly_supported" if fell else "not_supported"
    supports, contradicts = ((CUSTODY,), ()) if fell else ((), (CUSTODY,))
    return Finding(ID, QUESTION, verdict, "medium", supports, contradicts, reason)


def _without_custody(case: Case) -> str:
    return "" if case.fact(CUSTODY) else "; custody holdings at the New York Fed are not in this data set"
