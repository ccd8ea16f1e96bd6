"""reportgen publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.cli.passphrase import passphrase_of, passphrase_option
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.archive import Objects


@click.command("publish")
@click.argument("note_id", metavar="NOTE_ID")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the signed PDF to this file, which must not exist.",
)
@office.person_option
@passphrase_option
@office.why_option
@office.json_option
@office.archive_option
@desk_options
def command(
    desk: Desk,
    note_id: str,
    out: Path | None,
    root: Path | None,
    person: str,
    passphrase_file: Path | None,
    why: str,
    as_json: bool,
) -> None:
    """Sign an approved note and publish it.

    The signed PDF begins with exactly the bytes that were approved. The time of publication is that of its
    entry in the ledger. A publication that was interrupted is ended by running the command again.
    """
    from reportgen.config.archive import refuse_inside
    from reportgen.errors import UsageError
    from reportgen.pipeline import life, publishing

    if out is not None:
        refuse_inside(out)
    if out is not None and out.exists():
        raise UsageError(f"{out}: exists, expected the name of a new file")
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder, expected one for the signed PDF")
    desk_office = office.office_of(desk, root, person)
    life.ready(desk_office, "publish", note_id, why)
    key = publishing.key_for(desk_office, note_id, why)
    passphrase = passphrase_of(key, passphrase_file, keyring=desk_office.settings.signing.keyring)
    done = publishing.publish(desk_office, note_id, passphrase, why)
    more = {"head": None if done.head is None else str(done.head), "warnings": list(done.warnings)}
    office.tell(done.record, as_json, more)
    for warning in done.warnings:
        click.echo(f"reportgen: {warning}", err=True)
    if done.record.is_test and not as_json:
        click.echo("signed by a TEST identity, not for publication", err=True)
    if out is not None and done.record.signed_pdf is not None:
        _copy(desk_office.archive.objects, done.record.signed_pdf, out, note_id)


def _copy(objects: Objects, signed: str, out: Path, note_id: str) -> None:
    """Copy a signed PDF to a file that is not there yet, or holds the same already.

    Raises: HostError, which says that the note is published all the same.
    """
    from reportgen.errors import HostError

    content = objects.get(signed)
    hint = f"The signed PDF is {objects.path(signed)}."
    try:
        with out.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        if not out.is_file() or out.read_bytes() != content:
            raise HostError(
                f"{out}: another file was put there meanwhile, and is left as it is; {note_id} is published",
                hint=hint,
            ) from error
    except OSError as error:
        raise HostError(
            f"{out}: cannot be written: {error.strerror or error}; {note_id} is published", hint=hint
        ) from error
