"""facts.json: the facts, findings and gaps of a note, by contract."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from reportgen.indicators.facts import FactSet
from reportgen.model import NEW_YORK, Fact, Finding, Missing, Observation
from reportgen.text import resolve, show

SCHEMA = 1


def document(
    note: str,
    facts: FactSet,
    findings: Mapping[str, Finding],
    pack: tuple[str, str] | None = None,
    quoted: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the content of facts.json.

    Shape: pack names the data pack and its sha256; quoted holds what the note may quote besides its facts.
    """
    name, digest = pack if pack is not None else (None, None)
    return {
        "schema": SCHEMA,
        "note": note,
        "as_of": _moment(facts.as_of),
        "market_date": facts.market_date.isoformat(),
        "week_start": facts.week_start.isoformat(),
        "facts": [_fact(f) for f in facts.facts.values()],
        "findings": [_finding(f, facts) for f in findings.values()],
        "missing": [_missing(m) for m in facts.missing.values()],
        **(quoted or {}),
        "data": {"pack": name, "sha256": digest},
    }


def dumps(content: dict[str, Any]) -> str:
    """Write the document as JSON: stable order, one key a line."""
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def reason(finding: Finding, facts: FactSet) -> str:
    """Return a finding's reason with its facts filled in."""
    return resolve(finding.reason, lambda fact_id, form: show(facts.facts[fact_id], form))


def _moment(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(NEW_YORK).isoformat()


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "id": fact.id,
        "label": fact.label,
        "value": fact.value,
        "unit": fact.unit,
        "text": fact.text,
        "observed": fact.observed.isoformat(),
        "start": None if fact.start is None else fact.start.isoformat(),
        "published": _moment(fact.published),
        "revised": fact.revised,
        "stale": fact.stale,
        "inputs": [_observation(i) for i in fact.inputs],
        "method": fact.method,
    }


def _observation(seen: Observation) -> dict[str, Any]:
    return {
        "series": seen.series.id,
        "source": seen.source,
        "date": seen.day.isoformat(),
        "value": seen.value,
        "published": _moment(seen.published),
    }


def _finding(finding: Finding, facts: FactSet) -> dict[str, Any]:
    return {
        "id": finding.id,
        "question": finding.question,
        "verdict": finding.verdict,
        "confidence": finding.confidence,
        "supports": list(finding.supports),
        "contradicts": list(finding.contradicts),
        "reason": reason(finding, facts),
        "due": _moment(finding.due),
    }


def _missing(gap: Missing) -> dict[str, Any]:
    return {"id": gap.id, "input": gap.input, "why": gap.why, "due": _moment(gap.due)}
