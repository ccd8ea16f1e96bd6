"""reportgen archive reproduce."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import host, office, progress
from reportgen.cli.options import desk_options, now
from reportgen.errors import ArchiveError
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.pipeline.reproducing import Reproduction


@click.command("reproduce")
@click.argument("note", metavar="NOTE")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder in which to leave the files built again, to be compared by other means.",
)
@office.json_option
@office.archive_option
@desk_options
@click.pass_context
def command(
    ctx: click.Context, desk: Desk, note: str, root: Path | None, keep: Path | None, as_json: bool
) -> None:
    """Build a note again from its data pack and context, and compare every byte.

    NOTE is the id of a note in the archive, or the folder of a built one. The desk of today plays no part.
    Exit status 8 if a byte differs; the first cause is named: a version of the software, else the first file
    that differs, and where.
    """
    files = office.files_of(desk, note, root)
    host.require_renderer()
    from reportgen.pipeline.reproducing import reproduce

    with progress.shown() as say:
        found = reproduce(files, now(), say, keep)
    click.echo(_json(found) if as_json else _text(found))
    if not found.same:
        ctx.exit(ArchiveError.exit_code)


def _text(found: Reproduction) -> str:
    lines = []
    if found.same:
        lines.append(f"{found.note_id}: the same bytes in all {len(found.compared)} files")
        lines += [f"although {cause}" for cause in found.software]
        return "\n".join(lines)
    lines.append(f"{found.note_id}: not reproduced")
    lines.append(f"first cause: {found.first_cause}")
    lines += [f"software: {cause}" for cause in found.software]
    lines += [f"differs: {place}" for place in found.differing]
    if found.stopped:
        lines.append(found.stopped)
    return "\n".join(lines)


def _json(found: Reproduction) -> str:
    content = {
        "note": found.note_id,
        "same": found.same,
        "first_cause": found.first_cause or None,
        "software": list(found.software),
        "differing": list(found.differing),
        "stopped": found.stopped or None,
        "compared": list(found.compared),
    }
    return json.dumps(content, ensure_ascii=False, indent=1)
