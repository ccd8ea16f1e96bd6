"""The gauge's record as facts, for the page of a note that tells it."""

from __future__ import annotations

from collections.abc import Iterator

from reportgen.indicators.gauge_report import Report
from reportgen.model import Fact
from reportgen.text import format_number, format_value

LEADS = ("weakening", "strained")


def record_id(episode: str, index: str, state: str) -> str:
    """Return the id of a lead: "record.2019_09.ofr_fsi.strained"."""
    return f"record.{episode.replace('-', '_')}.{index.lower().replace(' ', '_')}.{state}"


def record_facts(report: Report, state: Fact) -> Iterator[Fact]:
    """Return the leads of the gauge over each index in each episode, and its false alarms a year.

    Units: calendar days, positive where the gauge was earlier; alarms a year as a plain number. Pedigree:
    the newest inputs of the gauge's state; the record rests on all of their history.
    """
    for account in (a for a in report.accounts if a.covered):
        for against in account.against:
            for name, lead in zip(LEADS, (against.lead_weakening, against.lead_strained), strict=True):
                if lead is not None:
                    yield _fact(
                        record_id(account.episode.id, against.index, name),
                        f"{account.episode.label}: days by which the gauge was {name} before {against.index}",
                        float(lead),
                        "days",
                        state,
                        f"calendar days from the first {name} day to the index's crossing, as published",
                    )
    yield _fact(
        "record.false_a_year",
        "False strained spells a year, outside the episodes",
        report.false_a_year,
        "index",
        state,
        f"{len(report.false_alarms)} spells over the years outside the episodes since {report.start}",
    )


def _fact(fact_id: str, label: str, value: float, unit: str, state: Fact, method: str) -> Fact:
    decimals = 0 if unit == "days" else 1
    days = unit == "days"
    text = format_number(value, 0, signed=True) if days else format_value(value, unit, decimals)
    return Fact(
        id=fact_id, label=label, value=value, unit=unit, text=text, observed=state.observed,
        published=state.published, inputs=state.inputs, method=method, decimals=decimals, signed=days,
    )  # fmt: skip
