"""Driver: were leveraged basis trades (long cash, short futures) unwound?

Source: reading of leveraged funds' shorts as an upper bound of the trade after Barth, Kahn and Mann,
FEDS Notes, 30 August 2023, and Glicoes, Iorio, Monin and Petrasek, FEDS Notes, 8 March 2024.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from reportgen.calendars import publication
from reportgen.findings.case import Case, no_move
from reportgen.model import Finding, to_date
from reportgen.text import format_date, format_moment

ID = "driver.basis_trade"
PRINTS_AS_ZERO = 0.05  # of percents and standard deviations, which have one decimal
QUESTION = "Were leveraged basis trades unwound?"
SHORTS = "cot.total.lev_short_10y_eq"
PAIRS = "cot.pairs.total_10y_eq"
PENDING_WITHIN = dt.timedelta(days=7)


def decide(case: Case) -> Finding:
    """Test the leveraged funds' gross shorts, in 10-year equivalents, of the report dated within the week."""
    if case.sell_off is None:
        return no_move(case, ID, QUESTION)
    stock = case.fact(SHORTS)
    tested = stock is not None and stock.observed > case.facts.week_start
    found = _tested(case) if tested else _untested(case)
    return dataclasses.replace(found, reason=found.reason + case.on_file(ID))  # told; positions decide


def _tested(case: Case) -> Finding:
    change, score = case.number(f"{SHORTS}.change_week_pct"), case.number(f"{SHORTS}.change_week_z")
    if change is None or score is None:
        why = case.facts.missing[
            f"{SHORTS}.change_week_pct" if change is None else f"{SHORTS}.change_week_z"
        ].why
        reason = f"The report of {{{{ {SHORTS}|observed }}}} cannot be compared: {why}."
        return Finding(ID, QUESTION, "not_supported", "low", (), (), reason)
    fell, unusual = (
        case.at_most(f"{SHORTS}.change_week_pct", "basis.fall"),
        case.at_most(f"{SHORTS}.change_week_z", "basis.z"),
    )
    verdict = "supported" if fell and unusual else "partly_supported" if fell or unusual else "not_supported"
    size = f"{{{{ {SHORTS}.change_week_pct|magnitude }}}}"
    did = f"cut their gross shorts by {size}" if change < 0 else f"added {size} to their gross shorts"
    if abs(change) < PRINTS_AS_ZERO:
        did = "left their gross shorts little changed"
    side = "below" if score < 0 else "above"
    usual = f"{{{{ {SHORTS}.change_week_z|magnitude }}}} {side} the usual change"
    if abs(score) < PRINTS_AS_ZERO:
        usual = "as in a usual week"
    reason = (
        f"In 10-year equivalents leveraged funds {did} in the week to {{{{ {SHORTS}|observed }}}}, {usual}; "
        "the report sees nothing after that day."
    )
    held = {f"{SHORTS}.change_week_pct": fell, f"{SHORTS}.change_week_z": unusual}
    confidence = "medium" if _whatever_the_dv01(case, fell=fell) else "low"
    held |= _pairs(case) | _symptoms(case)
    return Finding(ID, QUESTION, verdict, confidence, *_sides(held), reason, _next(case), held)


def _whatever_the_dv01(case: Case, *, fell: bool) -> bool:
    """Say whether the fall passes or fails its threshold at both ends of the DV01 table's range."""
    ends = (f"{SHORTS}.{end}.change_week_pct" for end in ("low", "high"))
    return all(case.at_most(end, "basis.fall") == fell for end in ends)


def _pairs(case: Case) -> dict[str, bool]:
    """Say whether the matched pairs of the same report fell as unusually as shorts must."""
    stock, score = case.fact(SHORTS), case.fact(f"{PAIRS}.change_week_z")
    if stock is None or score is None or score.observed != stock.observed:
        return {}
    return {score.id: case.at_most(score.id, "basis.z")}


def _symptoms(case: Case) -> dict[str, bool]:
    """Say whether volatility and repo stand where a forced unwinding would put them."""
    marks = {"vol.move.level": "gauge.move.watch", "funding.sofr_iorb.level": "gauge.sofr_iorb.watch"}
    return {i: case.at_least(i, limit) for i, limit in marks.items() if case.fact(i) is not None}


def _sides(held: dict[str, bool]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the facts that speak for the trade's unwinding and those that speak against it."""
    return tuple(i for i, fits in held.items() if fits), tuple(i for i, fits in held.items() if not fits)


def _untested(case: Case) -> Finding:
    day = _report_day(case)
    due = publication.expected("cftc_tff", day, case.as_of)
    shown = format_date(day)
    if due is not None and case.as_of < due <= case.as_of + PENDING_WITHIN:
        reason = (
            f"Whether basis trades were unwound cannot be told yet: the CFTC's report of {shown} is due "
            f"{format_moment(due, case.facts.market_date)}."
        )
        held = _symptoms(case)
        return Finding(ID, QUESTION, "pending", "low", *_sides(held), reason, due, held)
    cause = publication.delay_reason("cftc_tff", day, case.as_of)
    newest = case.fact(SHORTS)
    known = (
        f"the newest positions are of {{{{ {SHORTS}|observed }}}}"
        if newest
        else "no recent positions are held"
    )
    if due is not None and due <= case.as_of:
        due = None  # it came out, and is not held
    if due is not None:
        state = f"the CFTC's report of {shown} is due only {format_moment(due, case.facts.market_date)}"
    elif publication.first_public("cftc_tff", day).at <= case.as_of:
        state = f"the CFTC's report of {shown} is not in this data set"
    else:
        state = f"the CFTC's report of {shown} has no date of publication yet"
    because = f" ({cause})" if cause else ""
    return Finding(
        ID, QUESTION, "not_supported", "low", (), (), f"Not testable: {state}{because}, and {known}.", due
    )


def _report_day(case: Case) -> dt.date:
    """Return the day of the report that falls into the note's week."""
    start = case.facts.week_start + dt.timedelta(1)
    days = publication.periods("cftc_tff", start, start + dt.timedelta(10))
    return to_date(days[0])


def _next(case: Case) -> dt.datetime | None:
    release = publication.next_release("cftc_tff", case.as_of)
    return None if release is None else release.at
