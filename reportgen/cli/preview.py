"""reportgen preview."""

from __future__ import annotations

import datetime as dt
import time

import click

from reportgen.cli.options import allow_stale_option, as_of_option, desk_options, now, refuse_unknown
from reportgen.model import NEW_YORK
from reportgen.pipeline.desk import Desk

PORT = 8642


@click.command("preview")
@as_of_option
@allow_stale_option
@click.option("--note", default="treasury-weekly", show_default=True, help="Which note.")
@click.option("--lang", default="en", show_default=True, help="Language of the note.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port on this machine; 0 takes any free one.",
)
@desk_options
def command(
    desk: Desk, as_of: dt.datetime | None, allow_stale: bool, note: str, lang: str, port: int
) -> None:
    """Show the note's page in a browser on this machine, and again whenever a file is saved.

    A change of words redraws no figure, a changed chart only its own. Nothing is written; Ctrl-C ends it.
    """
    refuse_unknown(note, lang)
    from reportgen.pipeline import live
    from reportgen.pipeline.previewing import Preview

    screen = live.Screen()
    try:
        preview = Preview(desk, as_of, now(), note, lang, allow_stale=allow_stale)
        stamps = live.refresh(preview, screen)
        with live.serving(screen, port) as address:
            moment = preview.analysis.snapshot.as_of.astimezone(NEW_YORK)
            click.echo(f"The note as of {moment:%Y-%m-%d %H:%M} is at {address}; Ctrl-C ends it.")
            live.follow(preview, screen, stamps, time.sleep)
    except KeyboardInterrupt:
        click.echo()
