"""reportgen submit."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.pipeline.desk import Desk


@click.command("submit")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@office.person_option
@office.why_option
@office.json_option
@office.archive_option
@desk_options
def command(desk: Desk, folder: Path, root: Path | None, person: str, why: str, as_json: bool) -> None:
    """Seal a built note in the archive and put it before the approvers.

    DIR is the note's own folder; it must pass `reportgen check`. Submitting other bytes of a note that is not
    published yet voids the approvals that it had.
    """
    from reportgen.pipeline import life

    desk_office = office.office_of(desk, root, person, office.output_of(folder))
    office.tell(life.submit(desk_office, folder, why), as_json)
