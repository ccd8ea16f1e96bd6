"""The argument around an analysis: last week, from the same store, and what would change our mind."""

from __future__ import annotations

import dataclasses
import datetime as dt

from reportgen.findings import decide
from reportgen.findings.changes import Comparison, compare
from reportgen.findings.triggers import distances, triggers
from reportgen.indicators.facts import compute_facts
from reportgen.indicators.gauge import FIRST_DAY
from reportgen.indicators.gauge_record import record_facts
from reportgen.indicators.gauge_report import gauge_report
from reportgen.indicators.measures import Measures
from reportgen.model import NEW_YORK
from reportgen.pipeline.analysis import Analysis


def argued(analysis: Analysis, *, record: bool = False) -> Analysis:
    """Return the analysis with last week's facts, what changed since, and the distances to its triggers.

    Only a note needs them: what is computed alone goes without. record adds the gauge's own record.
    """
    if analysis.triggers:
        return analysis
    comparison = compared(analysis)
    found = triggers(analysis.facts, analysis.thresholds)
    facts = dict(analysis.facts.facts)
    facts |= {} if comparison is None else comparison.facts
    facts |= {f.id: f for f in distances(found)}
    state, told = facts.get("liquidity.state"), None
    if record and state is not None:
        told = gauge_report(analysis.measures, analysis.thresholds, FIRST_DAY, analysis.facts.market_date)
        facts |= {f.id: f for f in record_facts(told, state)}
    return dataclasses.replace(
        analysis,
        facts=dataclasses.replace(analysis.facts, facts=facts),
        comparison=comparison,
        triggers=found,
        record=told,
    )


def compared(analysis: Analysis) -> Comparison | None:
    """Compare with the analysis as of the end of the day on which the week starts; None before the data.

    That moment's snapshot is taken from the same store and sees nothing published later.
    """
    now = analysis.facts
    moment = dt.datetime.combine(now.week_start, dt.time(23, 59), NEW_YORK)
    if moment >= now.as_of:
        return None
    then = compute_facts(Measures(analysis.snapshot.store.snapshot(moment)), analysis.thresholds)
    if then.get("week.sessions") is None:
        return None
    earlier = decide(then, analysis.thresholds, analysis.events)
    unusual = analysis.thresholds.value("size.unusual", now.market_date)
    return compare(now, then, analysis.findings, earlier, unusual)
