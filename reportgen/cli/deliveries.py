"""reportgen deliveries."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli import office
from reportgen.cli.options import desk_options
from reportgen.errors import DeliveryError, UsageError
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.archive import Archive
    from reportgen.delivery.record import Delivery

COLUMNS = (
    *("note", "recipient", "state", "at", "kind", "audience", "jurisdiction", "attempts", "reply"),
    *("message_id", "sha256", "address", "accepted_at", "corrects"),
)
_COMPUTED = ("=", "+", "-", "@", "\t", "\r")
_SHOWN = ("recipient", "state", "at", "reply")


@click.command("deliveries")
@click.argument("note_id", metavar="[NOTE_ID]", required=False)
@click.option("--recipient", metavar="ID", help="Only what went to this recipient, of every note.")
@click.option(
    "--bounces",
    type=click.Path(path_type=Path),
    help="First read delivery reports: a Maildir, an mbox file, or a folder of .eml files.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a row for each recipient.")
@office.json_option
@office.archive_option
@desk_options
def command(
    desk: Desk,
    note_id: str | None,
    recipient: str | None,
    bounces: Path | None,
    as_csv: bool,
    as_json: bool,
    root: Path | None,
) -> None:
    """Say who received which note, when, and what the server answered.

    Without NOTE_ID, one line a note. Times are UTC. Addresses stand in the ledger as SHA-256 alone.
    """
    if as_csv and as_json:
        raise UsageError("--csv and --json exclude each other")
    archive = office.archive_of(desk, root)
    unread = 0 if bounces is None else _read_bounces(archive, bounces)
    if note_id is not None:
        archive.note(note_id)
    if note_id is None and recipient is None and not (as_csv or as_json):
        _summaries(archive)
    else:
        rows = [_row(d) for d in _chosen(archive, note_id, recipient)]
        if as_json:
            click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        elif as_csv:
            click.echo(_csv(rows), nl=False)
        else:
            _table(rows, ("note", *_SHOWN) if note_id is None else _SHOWN)
    if unread:
        raise DeliveryError(
            f"{bounces}: {unread} of its messages cannot be read (named above); the others are on record"
        )


def _read_bounces(archive: Archive, path: Path) -> int:
    """Put delivery reports on record, and return how many messages could not be read."""
    from reportgen.archive import PROGRAM
    from reportgen.delivery.bounces import match

    found = match(archive, path, PROGRAM)
    click.echo(
        f"{len(found.bounced)} bounced, {found.known} on record before, {found.delayed} delayed, "
        f"{len(found.unmatched)} no delivery report on a message of this archive",
        err=True,
    )
    for note, recipient, words in found.bounced:
        click.echo(f"  {note} {recipient}: {words}", err=True)
    for name, why in found.unreadable:
        click.echo(f"  {name}: cannot be read: {why}", err=True)
    return len(found.unreadable)


def _chosen(archive: Archive, note_id: str | None, recipient: str | None) -> list[Delivery]:
    from reportgen.delivery.record import PREFIX, fold

    found = fold(archive.entries(PREFIX, note=note_id, key=recipient))
    if recipient is not None and not found:  # lists of recipients take an id in any case, too
        found = fold(
            entry
            for entry in archive.entries(PREFIX, note=note_id)
            if (entry.key or "").casefold() == recipient.casefold()
        )
    return [delivery for held in found.values() for delivery in held.values()]


def _row(delivery: Delivery) -> dict[str, str | int]:
    return {name: _cell(getattr(delivery, name)) for name in COLUMNS}


def _cell(found: object) -> str | int:
    if found is None:
        return ""
    if isinstance(found, (int, str)):
        return found
    return f"{found:%Y-%m-%dT%H:%M:%SZ}"


def _csv(rows: Iterable[Mapping[str, str | int]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(found) for name, found in row.items()} for row in rows)
    return out.getvalue()


def _inert(found: str | int) -> str | int:
    """Keep a spreadsheet from computing what may be a server's words."""
    return f"'{found}" if isinstance(found, str) and found.startswith(_COMPUTED) else found


def _table(rows: list[dict[str, str | int]], columns: tuple[str, ...]) -> None:
    if not rows:
        click.echo("nothing was sent")
        return
    cells = [
        columns,
        *(
            [str(row[name]).replace("_", " ") if name == "state" else str(row[name]) for name in columns]
            for row in rows
        ),
    ]
    widths = [max(len(row[k]) for row in cells) for k in range(len(columns) - 1)]
    for row in cells:
        click.echo("  ".join([*(f"{c:<{w}}" for c, w in zip(row, widths, strict=False)), row[-1]]).rstrip())


def _summaries(archive: Archive) -> None:
    from reportgen.delivery.record import STATES, deliveries

    shown = False
    for record in archive.notes():
        found = [d for d in deliveries(archive, record.id).values() if not d.is_journal]
        if found:
            states = Counter(d.state for d in found)
            said = ", ".join(f"{states[s]} {s.replace('_', ' ')}" for s in STATES if states[s])
            click.echo(f"{record.id}  {record.state}  {said}")
            shown = True
    if not shown:
        click.echo("nothing was sent")
