"""A small desk with an archive: people of every kind, a test key, notes of one empty page."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import io
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name

from reportgen import config
from reportgen.archive import Actor, Archive, NoteRecord
from reportgen.pipeline import life, publishing
from reportgen.pipeline.life import Office
from reportgen.render import signature_field
from tests.archive.identities import small_identity

PASSPHRASE = b"a passphrase of the tests"
NOON = dt.datetime(2026, 1, 9, 17, 0, tzinfo=dt.UTC)
FOUNDER = Actor("dora", "Dora Duty", "compliance")

# id, name, roles, and jurisdiction and last day of each qualification
PEOPLE: tuple[tuple[str, str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    ("ann", "Ann Alyst", ("analyst",), (("US", "2030-12-31"),)),
    ("amy", "Amy Alyst", ("analyst",), (("US", "2030-12-31"),)),
    ("pia", "Pia Principal", ("approver", "sender"), (("US", "2030-12-31"), ("CN", "2030-12-31"))),
    ("dora", "Dora Duty", ("compliance",), (("US", "2030-12-31"), ("CN", "2030-12-31"))),
    ("both", "Bo Both", ("approver", "compliance"), (("US", "2030-12-31"), ("CN", "2030-12-31"))),
    ("selma", "Selma Self", ("analyst", "approver"), (("US", "2030-12-31"),)),
    ("otto", "Otto Old", ("approver",), (("US", "2026-01-08"),)),
    ("nina", "Nina None", ("approver",), ()),
    ("hugo", "Hugo Home", ("approver",), (("US", "2030-12-31"),)),
)


@dataclass(eq=False)
class Clock:
    """A clock that stands where it is set."""

    at: dt.datetime = NOON

    def __call__(self) -> dt.datetime:
        return self.at

    def forward(self, **by: float) -> None:
        """Set the clock forward."""
        self.at += dt.timedelta(**by)


@dataclass(eq=False)
class SmallDesk:
    """A desk's folder, its archive, and where notes are written."""

    place: Path
    clock: Clock = field(default_factory=Clock)

    @property
    def root(self) -> Path:
        return self.place / "archive"

    @property
    def folder(self) -> Path:
        return self.place / "desk"

    def copy(self, place: Path) -> SmallDesk:
        """Return a desk of the same state elsewhere."""
        shutil.copytree(self.place, place, dirs_exist_ok=True)
        return SmallDesk(place, Clock(self.clock.at))

    @property
    def archive(self) -> Archive:
        return Archive.open(self.root, self.clock)

    def office(self, person: str) -> Office:
        return Office(self.archive, config.load_desk(self.folder), person, self.folder)

    def note(self, note_id: str = "TW-2026-01-09-r1", words: str = "", **said: Any) -> Path:
        """Write the folder of a note."""
        folder = self.place / "output" / note_id
        for name, content in note_files(note_id, words, **said).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    def submitted(self, note_id: str = "TW-2026-01-09-r1", words: str = "", **said: Any) -> NoteRecord:
        return life.submit(self.office("ann"), self.note(note_id, words, **said))

    def approved(self, note_id: str = "TW-2026-01-09-r1", words: str = "", **said: Any) -> NoteRecord:
        self.submitted(note_id, words, **said)
        return life.approve(self.office("pia"), note_id)

    def published(self, note_id: str = "TW-2026-01-09-r1", words: str = "", **said: Any) -> NoteRecord:
        self.approved(note_id, words, **said)
        return self.publish(note_id).record

    def publish(self, note_id: str = "TW-2026-01-09-r1") -> publishing.Published:
        return publishing.publish(self.office("pia"), note_id, PASSPHRASE)

    def kinds(self, note: str | None = None) -> list[str]:
        """Return the kinds of the ledger's entries in order."""
        return [entry.kind for entry in self.archive.entries(note=note)]


def make_desk(place: Path, more: str = "") -> SmallDesk:
    """Make a desk with people and a key, and its archive; `more` goes into [archive]."""
    desk = SmallDesk(place)
    config.init_desk(desk.folder, {})
    settings = (desk.folder / "desk.toml").read_text()
    rest = settings[: settings.index("[[people]]")]
    (desk.folder / "desk.toml").write_text(f"{rest}\n{people_toml()}\n{SIGNING}\n[archive]\n{more}\n")
    p12, authority = _key()
    (desk.folder / "desk.p12").write_bytes(p12)
    (desk.folder / "authority.pem").write_bytes(authority)
    Archive.create(desk.root, desk.clock, FOUNDER).close()
    return desk


SIGNING = '[signing]\nkey = "desk.p12"\ntrust = ["authority.pem"]\n'


def people_toml() -> str:
    """Write the people as desk.toml has them."""
    parts = []
    for id, name, roles, qualifications in PEOPLE:
        parts.append(f'[[people]]\nid = "{id}"\nname = "{name}"\nroles = {json.dumps(roles)}')
        parts += [
            f'[[people.qualifications]]\nname = "Series 16"\nnumber = "7"\njurisdiction = "{place}"\n'
            f"valid_from = 2020-01-01\nvalid_until = {until}"
            for place, until in qualifications
        ]
    return "\n".join(parts)


@functools.cache
def _key() -> tuple[bytes, bytes]:
    identity = small_identity(PASSPHRASE, NOON - dt.timedelta(days=30))
    return identity.p12, identity.authority


@functools.cache
def _page(words: str) -> bytes:
    """Return a PDF of one empty page with the field for a signature."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        document = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, K=Array([])))
        tree = Dictionary(Type=Name.StructTreeRoot, K=document, ParentTree=Dictionary(Nums=Array([])))
        pdf.Root.StructTreeRoot = pdf.make_indirect(tree)
        document.P = pdf.Root.StructTreeRoot
        signature_field.add(pdf, words)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def note_files(
    note_id: str,
    words: str = "",
    analysts: Iterable[str] = ("Ann Alyst",),
    jurisdictions: Iterable[str] = ("US",),
    counsel: str = "",
) -> dict[str, bytes]:
    """Return the files of a small note by name; other words make other bytes of the same note."""
    as_of = f"{note_id[3:13]}T23:59:00-05:00"
    files = {
        "note.pdf": _page(f"{note_id} {words}"),
        "note.html": f"<title>Weekly of\n {note_id[3:13]} &amp; {words}</title> {note_id}".encode(),
        "facts.json": json.dumps({"as_of": as_of, "words": words}).encode(),
        "inputs.parquet": f"data {words}".encode(),
        "context.zip": b"context",
        "figures/curve.svg": b"<svg/>",
    }
    manifest = {
        "schema": 1,
        "id": note_id,
        "note": "treasury-weekly",
        "lang": "en",
        "as_of": as_of,
        "analysts": [{"name": name, "email": ""} for name in analysts],
        "disclosures": [
            {"id": "us.reg_ac", "version": 1, "approved": "Counsel, 5 January 2026"},
            {"id": "us.general", "version": 2, "approved": counsel},
        ],
        "covers": {"jurisdictions": list(jurisdictions), "audiences": ["institutional"]},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return files | {"manifest.json": json.dumps(manifest, indent=1).encode()}
