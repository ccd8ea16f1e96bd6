"""reportgen archive show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.archive import Entry, NoteRecord


@click.command("show")
@click.argument("note_id", metavar="NOTE_ID")
@office.json_option
@office.archive_option
@desk_options
def command(desk: Desk, note_id: str, root: Path | None, as_json: bool) -> None:
    """Show where a note stands, its sealed files, approvals and trail."""
    from reportgen.archive.life import revision_of

    revision_of(note_id)
    archive = office.archive_of(desk, root)
    record = archive.note(note_id)
    trail = list(archive.entries(note=note_id))
    if as_json:
        content = {
            **office.summary(record),
            "files": dict(record.files),
            "approvals": [
                {"at": a.at.isoformat(), "by": a.actor.id, "role": a.actor.role, "void": a.void}
                for a in record.approvals
            ],
            "disclosures": list(record.disclosures),
            "jurisdictions": list(record.jurisdictions),
            "audiences": list(record.audiences),
            "trail": [_entry(entry) for entry in trail],
        }
        click.echo(json.dumps(content, ensure_ascii=False, indent=1))
        return
    for name, found in _lines(record):
        if found:
            click.echo(f"{name:<14}{found}")
    click.echo("\nfiles")
    for name, digest in record.files.items():
        click.echo(f"  {digest}  {name}")
    if record.signed_pdf is not None:
        click.echo(f"  {record.signed_pdf}  note.pdf, signed")
    click.echo("\ntrail (UTC)")
    for entry in trail:
        reason = entry.body.get("reason", "") if entry.kind == "note.refused" else entry.why
        by = f"{entry.actor.name or entry.actor.id}, {entry.actor.role}"
        said = f"  {entry.at:%Y-%m-%d %H:%M:%S}  {entry.kind:<16}  {by}"
        click.echo(f"{said}: {' '.join(reason.split())}" if reason else said)


def _lines(record: NoteRecord) -> Iterator[tuple[str, str]]:
    yield "note", record.id
    yield "title", record.title
    yield "as of", record.as_of
    yield "analysts", ", ".join(analyst["name"] for analyst in record.analysts)
    yield "state", f"{record.state}, by {record.state_by.name} at {record.state_at:%Y-%m-%d %H:%M:%S} UTC"
    yield "needs", " and ".join(record.lacking) if record.state == "submitted" else ""
    yield "manifest", record.manifest
    yield "published", "" if record.published_at is None else f"{record.published_at:%Y-%m-%d %H:%M:%S} UTC"
    yield "signature", "TEST, not for publication" if record.is_test else ""
    yield "corrects", f"{record.supersedes}: {record.correction_why}" if record.supersedes else ""
    yield "superseded by", record.superseded_by or ""
    yield "kept until", "" if record.retention_until is None else record.retention_until.isoformat()
    yield "held for", "; ".join(f"{h.matter} (since {h.at:%Y-%m-%d})" for h in record.holds)


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "by": entry.actor.id,
        "role": entry.actor.role,
        "why": entry.why,
        "body": entry.body,
        "digest": entry.digest,
    }
