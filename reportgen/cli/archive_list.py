"""reportgen archive list."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reportgen.archive.records import STATES
from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.pipeline.desk import Desk


@click.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only notes in this state.")
@click.option("--held", is_flag=True, help="Only notes under a legal hold.")
@office.json_option
@office.archive_option
@desk_options
def command(desk: Desk, state: str | None, held: bool, root: Path | None, as_json: bool) -> None:
    """List the notes of the archive, where each stands, until when it is kept."""
    archive = office.archive_of(desk, root)
    records = [r for r in archive.notes() if state in (None, r.state) and (r.holds or not held)]
    records.sort(key=lambda r: (r.as_of, r.name, r.revision))
    if as_json:
        click.echo(json.dumps([office.summary(r) for r in records], ensure_ascii=False, indent=1))
        return
    rows = [("note", "state", "since (UTC)", "kept until", "held for", "title")]
    for r in records:
        until = "" if r.retention_until is None else r.retention_until.isoformat()
        matters = ", ".join(h.matter for h in r.holds)
        rows.append((r.id, r.state, f"{r.state_at:%Y-%m-%d %H:%M}", until, matters, r.title))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]) - 1)]
    for row in rows:
        click.echo("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=False)) + f"  {row[-1]}")
    for said in archive.unfinished():
        click.echo(f"unfinished: {said}", err=True)
