"""reportgen archive create."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options, now
from reportgen.pipeline.desk import Desk


@click.command("create")
@office.person_option
@office.archive_option
@desk_options
def command(desk: Desk, root: Path | None, person: str) -> None:
    """Make a new archive in a new or empty folder, apart from the output folder and the store."""
    from reportgen import config
    from reportgen.archive import Archive
    from reportgen.pipeline import life

    place = office.root_of(desk, root)
    actor = life.founder(config.load_desk(desk.folder), person)
    archive = Archive.create(place, now, actor)
    click.echo(f"{place}: archive {archive.id}")
