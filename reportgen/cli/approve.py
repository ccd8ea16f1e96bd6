"""reportgen approve."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.pipeline.desk import Desk


@click.command("approve")
@click.argument("note_id", metavar="NOTE_ID")
@click.option("--digest", default="", help="SHA-256 of the manifest.json that you read, or its beginning.")
@office.person_option
@office.why_option
@office.json_option
@office.archive_option
@desk_options
def command(
    desk: Desk, note_id: str, digest: str, root: Path | None, person: str, why: str, as_json: bool
) -> None:
    """Approve a submitted note: these bytes and no others.

    Nobody approves a note that they submitted or that names them as its analyst. `reportgen archive diff`
    shows what is new in it against last week's.
    """
    from reportgen.pipeline import life

    office.tell(life.approve(office.office_of(desk, root, person), note_id, digest, why), as_json)
