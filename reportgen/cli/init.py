"""reportgen init."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.assets import asset_dir
from reportgen.config import init_desk
from reportgen.findings.events import PACKAGED as EVENTS
from reportgen.indicators.thresholds import PACKAGED as THRESHOLDS


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Make a new desk folder: desk.toml, thresholds, events and disclosures to edit, a place for commentary.

    Every file works as it stands. Edit it, then name the folder with --desk or REPORTGEN_DESK.
    """
    templates = asset_dir("templates")
    disclosures = sorted((templates / "disclosures").rglob("*.toml"))
    files = {
        **{path.name: path.read_bytes() for path in (THRESHOLDS, EVENTS)},
        **{path.relative_to(templates).as_posix(): path.read_bytes() for path in disclosures},
    }
    written = init_desk(folder, files)
    for path in written:
        click.echo(path)
