"""Which archive a command works on, and who acts."""

from __future__ import annotations

import functools
import getpass
import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import reportgen
from reportgen.cli.options import now
from reportgen.errors import ConfigError, UsageError
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.archive import Archive, NoteRecord
    from reportgen.pipeline.life import Office

why_option = click.option("--why", default="", help="Why; it stands in the ledger.")


def _said(ctx: click.Context, option: click.Parameter, words: str) -> str:
    """Check that words say something.

    Raises: UsageError for blanks.
    """
    if not words.strip():
        raise UsageError(f"{option.opts[0]}: empty, expected words that stand in the ledger")
    return words.strip()


because_option = click.option("--why", required=True, callback=_said, help="Why; it stands in the ledger.")
matter_option = click.option(
    "--matter", required=True, callback=_said, help="The matter for which the note is kept."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def archive_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --archive, handed over as `root`."""
    return click.option(
        "--archive",
        "root",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="REPORTGEN_ARCHIVE",
        help="Root folder of the archive; [archive] root of desk.toml until one is named.",
    )(function)


def person_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --as, handed over as `person`.

    Raises: UsageError if nobody is named.
    """

    @click.option(
        "--as",
        "person",
        metavar="PERSON",
        envvar="REPORTGEN_PERSON",
        help="Who acts: an id from [[people]] of desk.toml.",
    )
    @functools.wraps(function)
    def wrapped(*arguments: Any, person: str | None, **rest: Any) -> Any:
        if not person:
            raise UsageError(
                "nobody is named who takes this step, expected a person of the desk",
                hint="Give --as PERSON, or set REPORTGEN_PERSON; people stand in [[people]] of desk.toml.",
            )
        return function(*arguments, person=person, **rest)

    return wrapped


def root_of(desk: Desk, root: Path | None, output: Path | None = None) -> Path:
    """Return the root folder of the archive.

    Shape: output is the folder into which notes are built, where the command knows it.

    Raises: ConfigError if none is named; ArchiveError if it lies in a folder that is written over.
    """
    from reportgen import config
    from reportgen.archive.placing import refuse_overlap

    if root is None:
        root = config.load_desk(desk.folder).archive.root_folder(desk.folder)
    if root is None:
        raise ConfigError(
            "no archive is named", hint="Give --archive DIR, or set [archive] root in desk.toml."
        )
    others = {"output folder": output or Path("output"), "software": Path(reportgen.__file__).parent}
    if desk.data is not None:
        others["store"] = desk.data
    refuse_overlap(root, others)
    return root


def archive_of(desk: Desk, root: Path | None) -> Archive:
    """Open the archive for reading.

    Raises: ConfigError, ArchiveError.
    """
    from reportgen.archive import Archive

    return Archive.open(root_of(desk, root), now)


def office_of(desk: Desk, root: Path | None, person: str, output: Path | None = None) -> Office:
    """Open the archive for a person of the desk.

    Raises: ConfigError, ArchiveError.
    """
    from reportgen import config
    from reportgen.archive import Archive
    from reportgen.pipeline.life import Office

    archive = Archive.open(root_of(desk, root, output), now)
    return Office(archive, config.load_desk(desk.folder), person, desk.folder, _login())


def files_of(desk: Desk, note: str, root: Path | None) -> Mapping[str, bytes]:
    """Return the files of a note in the archive, or of a built folder.

    Raises: UsageError, ConfigError, ArchiveError.
    """
    if Path(note).is_dir():
        from reportgen.pipeline.checking import BuiltNote

        return BuiltNote(Path(note)).files
    from reportgen.archive import diff
    from reportgen.archive.life import revision_of

    revision_of(note)
    return diff.files_of(archive_of(desk, root), note)


def _login() -> str:
    """Return the account that runs the command, as user@machine; nothing where the system names none."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (OSError, KeyError, ImportError):
        return ""


def output_of(folder: Path) -> Path:
    """Return the output folder of a built note: OUT of OUT/<as-of>/<note>."""
    place = folder.resolve()
    return place.parent.parent if len(place.parts) > 3 else place


def tell(record: NoteRecord, as_json: bool, more: Mapping[str, Any] | None = None) -> None:
    """Print in one line, or as JSON, where a note stands."""
    if as_json:
        click.echo(json.dumps({**summary(record), **(more or {})}, ensure_ascii=False, indent=1))
        return
    said = f"{record.id}: {record.state} by {record.state_by.name} at {record.state_at:%Y-%m-%d %H:%M:%S} UTC"
    if record.state == "submitted":
        said += f"; it needs the approval of {' and '.join(record.lacking)}"
    click.echo(said)
    if record.state in ("submitted", "approved"):
        click.echo(f"manifest.json sha256 {record.manifest}")


def summary(record: NoteRecord) -> dict[str, Any]:
    """Return what scripts want to know of a note."""
    until = record.retention_until
    return {
        "id": record.id,
        "note": record.name,
        "title": record.title,
        "as_of": record.as_of,
        "language": record.language,
        "revision": record.revision,
        "state": record.state,
        "state_by": record.state_by.id,
        "state_at": record.state_at.isoformat(),
        "analysts": [analyst["name"] for analyst in record.analysts],
        "manifest": record.manifest,
        "needs": list(record.lacking) if record.state == "submitted" else [],
        "published_at": None if record.published_at is None else record.published_at.isoformat(),
        "unsigned_pdf": record.files.get("note.pdf"),
        "signed_pdf": record.signed_pdf,
        "test_signature": record.is_test,
        "supersedes": record.supersedes,
        "superseded_by": record.superseded_by,
        "retention_until": None if until is None else until.isoformat(),
        "holds": [held.matter for held in record.holds],
    }
