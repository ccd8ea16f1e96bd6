"""reportgen build."""

from __future__ import annotations

import datetime as dt
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from reportgen.cli import host
from reportgen.cli.options import allow_stale_option, as_of_option, desk_options, now, refuse_unknown
from reportgen.config.archive import refuse_inside
from reportgen.errors import HostError
from reportgen.pipeline.analysis import Desk, analyse
from reportgen.pipeline.pressing import press


@click.command("build")
@as_of_option
@allow_stale_option
@click.option("--note", default="treasury-weekly", show_default=True, help="Which note.")
@click.option("--lang", default="en", show_default=True, help="Language of the note.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("output"),
    show_default=True,
    help="Folder below which the note's own folder is made.",
)
@click.option(
    "--extras", is_flag=True, help="Add figures as PNG, facts as CSV and XLSX, and the figures' data as CSV."
)
@click.option(
    "--revision",
    type=click.IntRange(1, 99),
    default=1,
    show_default=True,
    help="Number of the revision: 2 for the first correction of a published note.",
)
@desk_options
def command(
    desk: Desk,
    as_of: dt.datetime | None,
    allow_stale: bool,
    note: str,
    lang: str,
    out: Path,
    extras: bool,
    revision: int,
) -> None:
    """Build a note into OUT/<as-of>/<note>.

    The folder holds note.pdf, note.html, facts.json, inputs.parquet, figures and manifest.json.
    An interrupted or failed build leaves the previous note as it was.
    """
    refuse_unknown(note, lang)
    folder = build_into(
        out, desk, as_of, note, lang, allow_stale=allow_stale, extras=extras, revision=revision
    )
    click.echo(folder / "note.pdf")
    click.echo(folder / "note.html")


def build_into(
    out: Path,
    desk: Desk,
    as_of: dt.datetime | None,
    note: str,
    lang: str,
    *,
    allow_stale: bool = False,
    extras: bool = False,
    revision: int = 1,
) -> Path:
    """Build a note and return its folder, with the stages shown on a terminal."""
    refuse_inside(out)
    templates = desk.assets("templates")
    with (
        _progress(),
        _without_collector(),
        press(templates, note, lang, check=host.require_renderer) as setter,
    ):
        from reportgen.pipeline import building

        _say("data")
        analysis = analyse(desk, as_of, now(), allow_stale=allow_stale)
        built = building.build(
            analysis, desk, note, lang, _say, extras=extras, revision=revision, setter=setter
        )
        folder = building.folder_of(out, analysis.snapshot.as_of, note, lang)
        try:
            building.write(built, folder)
        except OSError as error:
            raise HostError(
                f"{folder}: the note cannot be written: {error.strerror or error}",
                hint="Name a folder that can be written with --out, and check the space on its disk.",
            ) from error
    return folder


@contextmanager
def _without_collector() -> Iterator[None]:
    """Look for no cycles: a build makes millions of objects, drops few, and ends."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _say(stage: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{stage} …", err=True, nl=False)


@contextmanager
def _progress() -> Iterator[None]:
    """Wipe the last stage from the terminal, whatever happens."""
    try:
        yield
    finally:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)
