"""reportgen facts."""

from __future__ import annotations

import datetime as dt

import click

from reportgen.cli.options import allow_stale_option, as_of_option, desk_options, now
from reportgen.indicators.facts import FactSet
from reportgen.model import Finding
from reportgen.pipeline.analysis import Desk, analyse
from reportgen.render import facts_json


@click.command("facts")
@as_of_option
@allow_stale_option
@click.option("--json", "as_json", is_flag=True, help="Print facts.json instead of a table.")
@desk_options
def command(desk: Desk, as_of: dt.datetime | None, allow_stale: bool, as_json: bool) -> None:
    """Compute the facts and findings of a moment; nothing is rendered."""
    found = analyse(desk, as_of, now(), allow_stale=allow_stale)
    if as_json:
        content = facts_json.document("treasury-weekly", found.facts, found.findings)
        click.echo(facts_json.dumps(content), nl=False)
        return
    click.echo("\n".join(_lines(found.facts, found.findings)))


def _lines(facts: FactSet, findings: dict[str, Finding]) -> list[str]:
    width = max(len(i) for i in (*facts.facts, *facts.missing))
    lines = [
        f"as of {facts.as_of:%Y-%m-%d %H:%M}, market date {facts.market_date}, week from {facts.week_start}",
        "",
    ]
    for fact in facts.facts.values():
        stale = f"  (stale: {fact.stale})" if fact.stale else ""
        lines.append(f"{fact.id:<{width}}  {fact.text:>22}  {fact.observed}{stale}")
    lines += ["", "findings"]
    for finding in findings.values():
        reason = facts_json.reason(finding, facts)
        lines.append(f"{finding.id:<{width}}  {finding.verdict} ({finding.confidence}): {reason}")
    if facts.missing:
        lines += ["", "missing"]
        lines += [f"{m.id:<{width}}  {m.input}: {m.why}" for m in facts.missing.values()]
    return lines
