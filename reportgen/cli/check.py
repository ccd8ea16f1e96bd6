"""reportgen check."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import click

from reportgen.errors import AuditError, PdfError


@click.command("check")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(folder: Path, as_json: bool) -> None:
    """Check a built note: its files against the manifest and each other, its PDF against both standards.

    DIR is the note's own folder. veraPDF is asked besides the built-in validator where it is on PATH.
    The exit status is 7 if the PDF is at fault, 6 if something else is.
    """
    from reportgen.pipeline import checking
    from reportgen.render import conformance

    note = checking.BuiltNote(folder)
    faults = checking.check(note)
    codes = {fault.exit_code for fault in faults}
    status = PdfError.exit_code if PdfError.exit_code in codes else max(codes, default=0)
    name = "" if note.manifest is None else note.manifest["id"]
    validators = ["page", *([conformance.VERAPDF] if shutil.which(conformance.VERAPDF) else [])]
    if as_json:
        told = [{key: v for key, v in dataclasses.asdict(f).items() if key != "exit_code"} for f in faults]
        content = {"exit": status, "note": name, "files": len(note.files), "validators": validators}
        click.echo(json.dumps({**content, "faults": told}, ensure_ascii=False, indent=1))
        click.get_current_context().exit(status)
    if faults:
        kind = PdfError if status == PdfError.exit_code else AuditError
        lines = "".join(f"\n  {fault.file}: {fault.message}" for fault in faults)
        raise kind(f"{folder}: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}{lines}")
    standards = " and ".join(conformance.PROFILES.values())
    click.echo(f"{name}: {len(note.files)} files as sealed; {standards} by {' and '.join(validators)}")
