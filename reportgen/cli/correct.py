"""reportgen correct."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.pipeline.desk import Desk


@click.command("correct")
@click.argument("note_id", metavar="NOTE_ID")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("output"),
    show_default=True,
    help="Folder below which the revision is built, where no DIR is given.",
)
@office.person_option
@office.because_option
@office.json_option
@office.archive_option
@desk_options
def command(
    desk: Desk,
    note_id: str,
    folder: Path | None,
    out: Path,
    root: Path | None,
    person: str,
    why: str,
    as_json: bool,
) -> None:
    """Submit a new revision of a published note, linked to the one that it corrects.

    DIR holds the revision, built with --revision; without DIR it is built now, of the same as-of, from the
    desk and the data as they are. The old note stays as it is until the new one is published; then it is
    superseded. Every byte of both stays in the archive.
    """
    from reportgen.pipeline import life

    output = out if folder is None else office.output_of(folder)
    desk_office = office.office_of(desk, root, person, output)
    if folder is None:
        from reportgen.cli.build import build_into

        life.ready(desk_office, "correct", note_id, why)
        record = desk_office.archive.note(note_id)
        revision = life.next_revision(desk_office.archive, note_id)
        as_of = dt.datetime.fromisoformat(record.as_of)
        folder = build_into(
            out, desk, as_of, record.name, record.language, allow_stale=True, revision=revision
        )
    office.tell(life.correct(desk_office, note_id, folder, why), as_json)
