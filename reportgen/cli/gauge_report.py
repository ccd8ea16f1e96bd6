"""How `gauge --report` is laid out: text, rows for CSV, and a document for JSON."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterable
from typing import Any

from reportgen.indicators.gauge_report import (
    CAVEAT,
    INDICES,
    SEEN_BEFORE,
    Account,
    Against,
    Aim,
    Crossing,
    Report,
    Spell,
)

_STATES = ("weakening", "strained", "crisis")
_WIDTH = 100
_ROW = ("episode", "subject", "event", "day", "ongoing", "lead_weakening_days", "lead_strained_days")


def report_document(report: Report) -> dict[str, Any]:
    """Return the report as plain values, dates in ISO form."""
    return {
        "from": report.start.isoformat(),
        "to": report.end.isoformat(),
        "seen_before": list(SEEN_BEFORE),
        "caveats": list(CAVEAT),
        "lacking": list(report.lacking),
        "index_levels": report.levels,
        "episodes": [_episode(a) for a in report.accounts],
        "false_alarms": {"a_year": report.false_a_year, "spells": _spells(report.false_alarms)},
        "index_spells_outside_episodes": {n: _spells(s) for n, s in report.index_alarms.items()},
        "aims": _aims(report.aims),
        "aims_with_thresholds_scaled": {f"{f:g}": _aims(found) for f, found in report.scaled.items()},
    }


def _episode(account: Account) -> dict[str, Any]:
    return {
        "id": account.episode.id,
        "label": account.episode.label,
        "from": account.episode.start.isoformat(),
        "to": account.episode.end.isoformat(),
        "covered": account.covered,
        "gauge": {state: _plain(account.states[state]) for state in _STATES},
        "indices": [
            {
                "index": a.index,
                **_plain(a.crossing),
                "lead_weakening_days": a.lead_weakening,
                "lead_strained_days": a.lead_strained,
            }
            for a in account.against
        ],
    }


def _plain(crossing: Crossing) -> dict[str, Any]:
    return {
        "day": None if crossing.day is None else crossing.day.isoformat(),
        "ongoing": crossing.ongoing,
    }


def _spells(spells: Iterable[Spell]) -> list[dict[str, Any]]:
    return [{"from": s.start.isoformat(), "to": s.end.isoformat(), "days": s.days} for s in spells]


def _aims(aims: Iterable[Aim]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(aim) for aim in aims]


def report_rows(report: Report) -> list[list[Any]]:
    """Return one row for each state of the gauge and each index in each episode."""
    rows: list[list[Any]] = [list(_ROW)]
    for account in report.accounts:
        for state in _STATES:
            found = account.states[state]
            rows.append([account.episode.id, "gauge", state, found.day, found.ongoing, None, None])
        for a in account.against:
            crossing = a.crossing
            rows.append(
                [account.episode.id, a.index, "above its level", crossing.day, crossing.ongoing,
                 a.lead_weakening, a.lead_strained]
            )  # fmt: skip
    return rows


def report_lines(report: Report) -> list[str]:
    """Return the report as a text for a terminal."""
    lines = [f"The liquidity gauge from {report.start} to {report.end}, at 23:59 of each bond-market day", ""]
    for words in (*SEEN_BEFORE, *CAVEAT):
        lines += textwrap.wrap(words, _WIDTH)
    if report.lacking:
        lines.append(f"Nothing is held of: {', '.join(report.lacking)}.")
    lines += ["", f"{'episode':<24}" + "".join(f"{s:<18}" for s in _STATES).rstrip()]
    for account in report.accounts:
        name = f"{account.episode.id} {account.episode.label}"
        shown = [_shown(account, account.states[s]) for s in _STATES]
        lines.append(f"{name:<24}" + "".join(f"{s:<18}" for s in shown).rstrip())
    levels = ", ".join(f"{label} {report.levels[name]:g}" for name, label in INDICES)
    lines += [
        "",
        f"Indices above their stress levels ({levels}) by publication;",
        "lead of the gauge's first weakening / strained day in calendar days (negative: it lagged)",
        f"{'episode':<24}" + "".join(f"{label:<30}" for _, label in INDICES).rstrip(),
    ]
    for account in report.accounts:
        name = f"{account.episode.id} {account.episode.label}"
        shown = [f"{_shown(account, a.crossing)}  {_leads(a)}" for a in account.against]
        lines.append(f"{name:<24}" + "".join(f"{s:<30}" for s in shown).rstrip())
    lines += [
        "",
        f"False alarms: spells of strained or worse outside episodes, {report.false_a_year:.1f} a year",
    ]
    lines += [f"  {_spell(s)}" for s in report.false_alarms] or ["  none"]
    for name, label in INDICES:
        spells = report.index_alarms[name]
        days = sum(s.days for s in spells)
        lines.append(f"  {label} for comparison: {len(spells)} spells above its level, {days} days")
    lines += ["", "Aims"]
    lines += [f"  {_verdict(a):<9} {a.words}: {a.found}" for a in report.aims]
    for factor, found in report.scaled.items():
        lines += ["", f"Aims with every threshold of the gauge times {factor:g}"]
        lines += [f"  {_verdict(a):<9} {a.words}: {a.found}" for a in found]
    return lines


def _shown(account: Account, crossing: Crossing) -> str:
    if crossing.day is None:
        return "never" if account.covered else "not covered"
    return f"since {crossing.day}" if crossing.ongoing else crossing.day.isoformat()


def _leads(against: Against) -> str:
    if against.lead_weakening is None and against.lead_strained is None:
        return "–"
    return " / ".join(
        "–" if lead is None else f"{lead:+d}" for lead in (against.lead_weakening, against.lead_strained)
    )


def _spell(spell: Spell) -> str:
    return f"{spell.start} to {spell.end}, {spell.days} day{'s' if spell.days > 1 else ''}"


def _verdict(aim: Aim) -> str:
    return {True: "met", False: "MISSED", None: "unknown"}[aim.met]
