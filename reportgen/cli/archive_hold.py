"""reportgen archive hold."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.pipeline.desk import Desk


@click.command("hold")
@click.argument("note_id", metavar="NOTE_ID")
@office.matter_option
@click.option("--lift", is_flag=True, help="Lift the hold instead.")
@office.person_option
@office.because_option
@office.json_option
@office.archive_option
@desk_options
def command(
    desk: Desk,
    note_id: str,
    matter: str,
    lift: bool,
    root: Path | None,
    person: str,
    why: str,
    as_json: bool,
) -> None:
    """Place or lift a legal hold on a note.

    The program deletes nothing, held or not; holds and retention dates tell those who manage the disk.
    """
    from reportgen.pipeline import life

    step = life.lift if lift else life.hold
    record = step(office.office_of(desk, root, person), note_id, matter, why)
    if as_json:
        office.tell(record, as_json)
        return
    held = ", ".join(h.matter for h in record.holds)
    click.echo(f"{record.id}: held for {held}" if held else f"{record.id}: no hold")
