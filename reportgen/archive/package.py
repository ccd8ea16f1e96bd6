"""What lies in a package besides the records: the trail in three forms, words that explain it, digests."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reportgen import __version__
from reportgen.archive import verifier
from reportgen.archive.archive import Archive
from reportgen.archive.ledger import Entry
from reportgen.archive.records import NoteRecord

DELIVERY = "delivery."
Sign = Callable[[bytes], bytes]  # returns a detached signature
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute
_COLUMNS = (
    *("seq", "at", "kind", "note", "actor_id", "actor_name", "actor_role"),
    *("why", "key", "body", "prev", "digest"),
)


@dataclass(slots=True)
class PackedNote:
    """A note of the package: its record, entries, and files by the names that they get."""

    record: NoteRecord
    entries: list[Entry]
    files: dict[str, str]
    left: dict[str, str] = field(default_factory=dict)  # files that stay in the archive

    @property
    def folder(self) -> str:
        return f"notes/{self.record.id}"


class Package:
    """The folder of a package while it is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: dict[str, str] = {}
        self.entries: list[Entry] = []  # those not withheld

    def write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._digests[name] = hashlib.sha256(content).hexdigest()

    def trail(self, archive: Archive, first: int, last: int, notes: set[str], *, whole: bool) -> int:
        """Write the lines of the ledger, as they are and as tables, and return how many are withheld."""
        lines: list[bytes] = []
        rows: list[tuple[int, str, Entry | None]] = []
        raw = archive.ledger.lines()
        for entry in archive.entries(after=0):
            line = next(raw).content
            if not first <= entry.seq <= last:
                continue
            if entry.kind.startswith(DELIVERY) and entry.note not in notes and not whole:
                lines.append(_json_line({"seq": entry.seq, "digest": entry.digest, "withheld": True}))
                rows.append((entry.seq, entry.digest, None))
            else:
                lines.append(line)
                rows.append((entry.seq, entry.digest, entry))
                self.entries.append(entry)
        self.write(verifier.LEDGER, b"".join(line + b"\n" for line in lines))
        self.write("trail/trail.csv", _csv(rows))
        self.write("trail/trail.json", as_json([_row(*found) for found in rows]))
        return sum(entry is None for _, _, entry in rows)

    def close(self, sign: Sign | None) -> str:
        """Write the digests of all files, signed where there is a key, and return that of their list."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._digests.items())).encode()
        (self._folder / verifier.SUMS).write_bytes(lines)
        if sign is not None:
            (self._folder / verifier.SIGNED_SUMS).write_bytes(sign(lines))
        return hashlib.sha256(lines).hexdigest()


def contents(
    archive: Archive,
    notes: Sequence[PackedNote],
    begin: dt.date,
    end: dt.date,
    entries: tuple[int, int],
    withheld: int,
    moment: dt.datetime,
) -> dict[str, Any]:
    """Return what package.json says."""
    return {
        "schema": 1,
        "archive": archive.id,
        "from": begin.isoformat(),
        "to": end.isoformat(),
        "made": moment.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "software": f"reportgen {__version__}",
        "entries": list(entries),
        "withheld": withheld,
        "notes": [
            {
                "id": note.record.id,
                "title": note.record.title,
                "state": note.record.state,
                "folder": note.folder,
                "files": note.files,
                "kept_in_the_archive": note.left,
                "entries": [entry.seq for entry in note.entries],
            }
            for note in notes
        ],
    }


def summary(about: Mapping[str, Any]) -> list[str]:
    """Say in sentences what is in a package, and what is not."""
    first, last = about["entries"]
    said = [
        f"Every note to which anything happened from {about['from']} to {about['to']}, New York time, "
        f"{len(about['notes'])} in all; entries {first} to {last} of the ledger of archive "
        f"{about['archive']}.",
        f"Made {about['made']} by {about['software']}.",
    ]
    if about["withheld"]:
        said.append(
            f"{about['withheld']} entries on the delivery of other notes are withheld: they name other "
            "recipients. Their digests stand in their places, but what these lines name as the one before "
            "cannot be seen: for what lies before them speaks an earlier signed head, or the signature of "
            "SHA256SUMS."
        )
    if any(note["kept_in_the_archive"] for note in about["notes"]):
        said.append(
            "The data packs stay in the archive, for they may hold series that must not be handed on; their "
            "digests are listed in package.json and sealed in the ledger."
        )
    return said


def how_to_verify() -> list[str]:
    """Say how to verify a package."""
    return [
        "Run: python3 verify.py --trust FILE.pem. It needs Python 3.10 or newer and nothing besides, and the "
        'command openssl for the signatures. It ends with "all is well" and exit status 0, or names each '
        "fault and ends with status 1.",
        "FILE.pem holds the certificates that you trust, and whom to trust you know from elsewhere: "
        "notes carry in chain.pem those that the desk signed with, but whoever made a false package would "
        "have put their own there. Without --trust it is not proven who made the package.",
        "A signed head (heads/N.json and its .p7s) speaks for entry N and for each before it, as far as the "
        "first line that is withheld. SHA256SUMS.p7s, where it is there, is the desk's signature over the "
        "whole package as it was made. What neither speaks for is told as a fault.",
        "Without Python: sha256sum --check SHA256SUMS; each line of trail/ledger.jsonl names in prev the "
        "SHA-256 of the line before, without its line break; heads/N.json names the digest of entry N; "
        "openssl cms -verify -binary -inform DER -in FILE.p7s -content FILE checks a signature.",
    ]


def readme(about: Mapping[str, Any]) -> str:
    """Return the words of README.txt."""
    parts = [
        "Research notes from an archive, with their trail",
        *summary(about),
        "index.pdf      what is in the package",
        "notes/ID/      the files of each note as they were sealed; note.pdf as approved, note.signed.pdf as "
        "published (it begins with the bytes of note.pdf)",
        "trail/         the ledger's lines (ledger.jsonl), the same as CSV and JSON for reading; in the CSV "
        "a cell that a spreadsheet would compute begins with an apostrophe",
        "heads/         signed heads of the ledger",
        "SHA256SUMS     the digest of every file; SHA256SUMS.p7s, if it is there, the desk's signature of it",
        *how_to_verify(),
    ]
    return "\n\n".join(parts) + "\n"


def _csv(rows: Sequence[tuple[int, str, Entry | None]]) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for found in rows:
        row = _row(*found)
        actor = row.pop("actor", {})
        flat = row | {f"actor_{key}": value for key, value in actor.items()}
        if "body" in flat:
            flat["body"] = json.dumps(flat["body"], ensure_ascii=False, sort_keys=True)
        cells = ("" if flat.get(name) is None else str(flat[name]) for name in _COLUMNS)
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return target.getvalue().encode()


def _row(seq: int, digest: str, entry: Entry | None) -> dict[str, Any]:
    return {"seq": seq, "kind": "(withheld)", "digest": digest} if entry is None else item(entry)


def item(entry: Entry) -> dict[str, Any]:
    """Return an entry for machines."""
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "note": entry.note,
        "actor": {"id": entry.actor.id, "name": entry.actor.name, "role": entry.actor.role},
        "why": entry.why,
        "key": entry.key,
        "body": entry.body,
        "prev": entry.prev,
        "digest": entry.digest,
    }


def as_json(content: Any) -> bytes:
    """Write content as JSON for machines and people."""
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _json_line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
