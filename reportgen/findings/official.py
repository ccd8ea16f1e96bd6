"""Driver: did foreign central banks sell Treasuries?"""

from __future__ import annotations

import datetime as dt

from reportgen.calendars import publication
from reportgen.findings.case import Case, lost, no_move
from reportgen.model import Finding
from reportgen.text import format_moment

ID = "driver.foreign_official_selling"
QUESTION = "Did foreign central banks sell?"
CUSTODY = "foreign.custody.change_week"
CUSTODY_Z = "foreign.custody.change_week_z"
PRESSURE = "fx.asia.pressure"


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
            reason = (
                "Whether foreign central banks sold cannot be told yet: the week's exchange rates are due "
                f"{due}{_without_custody(case)}."
            )
            return Finding(ID, QUESTION, "pending", "low", (), (), reason + case.on_file(ID), release.at)
    return _by_currencies(case)


def _by_currencies(case: Case) -> Finding:
    """Judge by the pressure on Asian currencies alone, and by sales that officials themselves reported."""
    pressed, without = case.pressed(), _without_custody(case)
    told = any(ID in e.supports and e.weight >= 1 for e in case.events)
    if len(pressed) >= 2:
        reason = f"Currencies that central banks defend were under pressure, as {lost(pressed)}{without}."
    elif case.leaned_on:
        reason = (
            f"Asian currencies together were {{{{ {PRESSURE}|magnitude }}}} weaker than in a usual week, "
            f"which may call for sales of dollars{without}."
        )
    else:
        reason = f"Asian currencies were not under the pressure that calls for intervention{without}."
    supports = (*(f"fx.{c}.change_week" for c in pressed), *case.drawn, *_leaned(case))
    calm = () if case.leaned_on else tuple(
        f"fx.{c}.change_week"
        for c in ("krw", "twd", "cny")
        if case.fact(f"fx.{c}.change_week") and c not in pressed
    )  # fmt: skip
    return Finding(
        ID,
        QUESTION,
        "partly_supported" if case.leaned_on or told else "not_supported",
        "low",
        supports,
        calm + _eased(case),
        reason + case.on_file(ID),
        _next(case),
    )


def _by_custody(case: Case) -> Finding:
    """Judge by the fall of custody holdings, in dollars and against their usual changes."""
    change, score = case.number(CUSTODY), case.number(CUSTODY_Z)
    marks = {CUSTODY: case.at_most(CUSTODY, "custody.fall")}
    usual = ""
    if score is not None:
        marks[CUSTODY_Z] = case.at_most(CUSTODY_Z, "custody.z")
        usual = f", {{{{ {CUSTODY_Z}|magnitude }}}} {'below' if score < 0 else 'above'} the usual change"
    verb = "fell" if change is not None and change < 0 else "rose"
    reason = (
        f"Custody holdings at the New York Fed {verb} by {{{{ {CUSTODY}|magnitude }}}} "
        f"in the week to {{{{ {CUSTODY}|observed }}}}{usual}."
    )
    fell = any(marks.values())
    whole = all(marks.values()) and case.leaned_on
    verdict = "supported" if whole else "partly_supported" if fell else "not_supported"
    supports = (
        *(i for i, reached in marks.items() if reached),
        *(f"fx.{c}.change_week" for c in case.pressed()),
        *(i for i in case.drawn if i != CUSTODY),
        *_leaned(case),
    )
    contradicts = (*(i for i, reached in marks.items() if not reached), *_eased(case))
    return Finding(
        ID, QUESTION, verdict, "medium", supports, contradicts, reason + case.on_file(ID), _next(case)
    )


def _next(case: Case) -> dt.datetime | None:
    """Return when the next custody figures come, or without them the holdings at the month's end."""
    if case.fact(CUSTODY) is not None:
        release = publication.next_release("h41", case.as_of)
        return None if release is None else release.at
    first = case.facts.market_date.replace(day=1)
    month_end = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return publication.first_public("tic", month_end).at


def _leaned(case: Case) -> tuple[str, ...]:
    """Return the pressure on Asian currencies where it passes its threshold."""
    return (PRESSURE,) if case.at_least(PRESSURE, "fx.asia") else ()


def _eased(case: Case) -> tuple[str, ...]:
    """Return the pressure on Asian currencies where there was none."""
    pressure = case.number(PRESSURE)
    return (PRESSURE,) if pressure is not None and pressure <= 0 else ()


def _without_custody(case: Case) -> str:
    return "" if case.fact(CUSTODY) else "; custody holdings at the New York Fed are not in this data set"
