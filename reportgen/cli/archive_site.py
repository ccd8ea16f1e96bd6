"""reportgen archive site."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.assets import asset_dir
from reportgen.cli import office, progress
from reportgen.cli.options import desk_options
from reportgen.errors import HostError
from reportgen.pipeline.desk import Desk


@click.command("site")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the pages: a new one, or that of an older reading room, which is replaced.",
)
@click.option("--all", "all_states", is_flag=True, help="Show also what was never published.")
@office.archive_option
@desk_options
def command(desk: Desk, root: Path | None, out: Path, all_states: bool) -> None:
    """Write a reading room: static pages of the archive with HTML, PDF, facts and trail of each note.

    The pages work from the folder (open index.html) or from any web server, and ask the network for nothing.
    Recipients of notes are not in them. They show copies: the archive is the record.
    """
    from reportgen import config
    from reportgen.archive.site import write_site

    archive = office.archive_of(desk, root)
    brand = config.load_desk(desk.folder).brand
    try:
        with progress.shown() as say:
            write_site(archive, out, asset_dir("templates"), brand, say, all_states=all_states)
    except OSError as error:
        raise HostError(
            f"{out}: the reading room cannot be written: {error.strerror or error}",
            hint="Name a folder that can be written with --out, and check the space on its disk.",
        ) from error
    click.echo(out / "index.html")
