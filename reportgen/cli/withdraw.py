"""reportgen withdraw."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.pipeline.desk import Desk


@click.command("withdraw")
@click.argument("note_id", metavar="NOTE_ID")
@office.person_option
@office.because_option
@office.json_option
@office.archive_option
@desk_options
def command(desk: Desk, note_id: str, root: Path | None, person: str, why: str, as_json: bool) -> None:
    """Mark a note as withdrawn; every byte of it stays in the archive."""
    from reportgen.pipeline import life

    office.tell(life.withdraw(office.office_of(desk, root, person), note_id, why), as_json)
