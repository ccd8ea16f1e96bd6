"""reportgen init."""

from __future__ import annotations

from pathlib import Path

import click

from reportgen.config import init_desk
from reportgen.findings.events import PACKAGED as EVENTS
from reportgen.indicators.thresholds import PACKAGED as THRESHOLDS


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Make a new desk folder: brand, analysts and legal lines, thresholds and events to edit, commentary.

    Every file works as it stands. Edit it, then name the folder with --desk or REPORTGEN_DESK.
    """
    written = init_desk(folder, {path.name: path.read_bytes() for path in (THRESHOLDS, EVENTS)})
    for path in written:
        click.echo(path)
