"""Small archives that lived whole lives: submitted, approved, published, signed, corrected, withdrawn."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from cryptography.x509 import Certificate
from pikepdf import Array, Dictionary, Name

from reportgen import config
from reportgen.archive import Actor, Archive
from reportgen.archive.keys import load_certificates
from reportgen.pipeline import checking, life, publishing
from reportgen.pipeline.context import packed
from reportgen.pipeline.life import Office
from reportgen.render import conformance, signature_field
from tests.archive.identities import YEAR, small_identity

PASSPHRASE = b"a passphrase of the tests"
BEGIN = dt.datetime(2026, 1, 9, 22, 0, tzinfo=dt.UTC)
PEOPLE = """
[[people]]
id = "ann"
name = "Ann Alyst"
roles = ["analyst"]
[[people.qualifications]]
name = "Series 16"
number = "1"
jurisdiction = "US"
valid_from = 2020-01-01
valid_until = 2035-12-31
[[people]]
id = "pia"
name = "Pia Principal"
roles = ["approver", "compliance", "sender"]
[[people.qualifications]]
name = "Series 16"
number = "1"
jurisdiction = "US"
valid_from = 2020-01-01
valid_until = 2035-12-31
[signing]
key = "desk.p12"
trust = ["authority.pem"]
"""


class Clock:
    """A clock that is a minute further whenever somebody looks."""

    def __init__(self, at: dt.datetime = BEGIN) -> None:
        self.at = at

    def __call__(self) -> dt.datetime:
        self.at += dt.timedelta(minutes=1)
        return self.at


@dataclass(frozen=True, slots=True)
class Kept:
    """An archive on the disk with the desk that keeps it."""

    root: Path
    desk: Path
    clock: Clock

    @property
    def trust(self) -> tuple[Certificate, ...]:
        return load_certificates([self.desk / "authority.pem"])

    def office(self, person: str) -> Office:
        archive = Archive.open(self.root, self.clock)
        return Office(archive, config.load_desk(self.desk), person, self.desk)

    def taken_as_they_are(self) -> AbstractContextManager[None]:
        """Let notes be submitted and published that do not conform."""
        return taken_as_they_are()

    def copy(self, folder: Path) -> Kept:
        """Return a copy that may be damaged."""
        shutil.copytree(self.root, folder)
        return Kept(folder, self.desk, Clock(self.clock.at))


def blank_pdf(words: str) -> bytes:
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


def page_of(week: int, words: str = "") -> str:
    """Return a page in the form of a note's."""
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>Weekly: week {week}</title></head>
<body><main id="note"><h1>Yields rose in week {week}</h1><p class="deck">A calm week.</p>
<section id="week"><h2>The week</h2>
<p>The 10-year yield rose {week} bp. {words}Nothing else moved.</p></section>
<figure class="exhibit" id="exhibit-curve"><figcaption><p class="xtitle">The curve in week {week}</p>
</figcaption></figure></main></body></html>"""


def note_files(week: int, revision: int = 1, **changes: Any) -> dict[str, bytes]:
    """Return the files of a small note by name."""
    friday = dt.date(2026, 1, 9) + dt.timedelta(weeks=week)
    note_id = f"TW-{friday}-r{revision}"
    as_of = f"{friday}T23:59:00-05:00"
    facts = {
        "schema": 1,
        "note": "treasury-weekly",
        "as_of": as_of,
        "facts": [
            {
                "id": "ust.10y.level",
                "label": "10-year yield",
                "value": 4.0 + week / 100,
                "text": f"4.{week:02}%",
            },
            {"id": "curve.regime", "label": "Regime", "value": "little_changed", "text": "little changed"},
        ],
        "findings": [
            {
                "id": "driver.basis_trade",
                "question": "Were basis trades unwound?",
                "verdict": "pending" if week % 2 else "not_supported",
                "confidence": "low",
            }
        ],
    }
    files = {
        "note.pdf": blank_pdf(f"Signature of {note_id}"),
        "note.html": page_of(week, changes.get("words", "")).encode(),
        "facts.json": json.dumps(facts).encode(),
        "inputs.parquet": f"data of week {week}".encode() * 20,
        "context.zip": packed({"desk/desk.toml": b"", "software.json": b"{}"}),
        "figures/curve.svg": f"<svg xmlns='http://www.w3.org/2000/svg'><text>{week}</text></svg>".encode(),
    }
    manifest = {
        "schema": 1,
        "id": note_id,
        "note": "treasury-weekly",
        "lang": "en",
        "as_of": as_of,
        "analysts": [{"name": "Ann Alyst", "email": "ann@example.com"}],
        "disclosures": [{"id": "us.general", "version": str(1 + week // 3)}],
        "covers": {"jurisdictions": ["US"], "audiences": ["institutional"]},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    return files | {"manifest.json": json.dumps(manifest, indent=1).encode()}


def write_note(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@contextmanager
def taken_as_they_are() -> Iterator[None]:
    """Take small notes as they are: whether they conform is checked elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking, "check", lambda note: [])
        patch.setattr(conformance, "failed", lambda content: [])
        yield


Keep = Callable[..., Kept]


@pytest.fixture(scope="session")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Keep:
    """Make an archive of some weeks: the last but one was corrected, the one before withdrawn."""

    @taken_as_they_are()
    def made(name: str, weeks: int, life_of_key: dt.timedelta = YEAR) -> Kept:
        folder = tmp_path_factory.mktemp(name)
        desk = folder / "desk"
        config.init_desk(desk, {})
        settings = (desk / "desk.toml").read_text()
        (desk / "desk.toml").write_text(settings + PEOPLE)
        identity = small_identity(PASSPHRASE, BEGIN, life_of_key)
        (desk / "desk.p12").write_bytes(identity.p12)
        (desk / "authority.pem").write_bytes(identity.authority)
        kept = Kept(folder / "archive", desk, Clock())
        Archive.create(kept.root, kept.clock, Actor("pia", "Pia Principal", "compliance")).close()
        for week in range(weeks):
            kept.clock.at = max(kept.clock.at, BEGIN + dt.timedelta(weeks=week))
            note_id = f"TW-{dt.date(2026, 1, 9) + dt.timedelta(weeks=week)}-r1"
            life.submit(kept.office("ann"), write_note(folder / note_id, note_files(week)))
            release(kept, note_id)
            if week == weeks - 3:
                life.withdraw(kept.office("pia"), note_id, "a wrong chart")
            if week == weeks - 2:
                second = write_note(folder / f"{note_id[:-1]}2", note_files(week, 2, words="Corrected. "))
                life.correct(kept.office("ann"), note_id, second, "a wrong number")
                release(kept, f"{note_id[:-1]}2")
        return kept

    return made


def release(kept: Kept, note_id: str) -> None:
    """Approve and publish a note."""
    life.approve(kept.office("pia"), note_id)
    done = publishing.publish(kept.office("pia"), note_id, PASSPHRASE)
    assert done.warnings == ()


@pytest.fixture(scope="session")
def kept(keep: Keep) -> Kept:
    """Make an archive of five weeks, to be read and never changed."""
    return keep("five", 5)
