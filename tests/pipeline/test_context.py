"""The context of a note: all that shapes it, nothing that is secret, the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

import reportgen
from reportgen import config
from reportgen.assets import asset_dir
from reportgen.errors import ArchiveError, ConfigError
from reportgen.findings.events import PACKAGED as EVENTS
from reportgen.indicators.thresholds import PACKAGED as THRESHOLDS
from reportgen.pipeline import context
from reportgen.pipeline.analysis import Desk
from reportgen.text import parse_as_of

AS_OF = parse_as_of("2025-04-10")
NOTE = "treasury-weekly"
SECRET = "what no zip may hold"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a desk with everything that a desk may hold, secrets too."""
    folder = tmp_path / "desk"
    config.init_desk(folder, {})
    for name in ("2025-04-10", "2025-04-11T1800"):
        (folder / "commentary" / name).mkdir()
        (folder / "commentary" / name / "week.md").write_text(f"Words of {name}.")
    (folder / "commentary" / "2025-04-10" / ".week.md.swp").write_text("an editor's")
    (folder / "commentary" / "2025-04-10" / "week.md~").write_text("an editor's")
    for name in ("recipients.csv", "desk.p12", "passphrase.txt", "authority.pem"):
        (folder / name).write_text(SECRET)
    (folder / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
    settings = (folder / "desk.toml").read_text()
    (folder / "desk.toml").write_text(settings.replace('logo = ""', 'logo = "logo.svg"'))
    return Desk(folder=folder)


def test_it_holds_what_shapes_the_note(desk: Desk) -> None:
    held = context.members(context.sealed(desk, NOTE, AS_OF))
    templates, charts = asset_dir("templates"), asset_dir("charts")
    assert desk.folder is not None
    for name in ("desk.toml", "logo.svg", "commentary/2025-04-10/week.md"):
        assert held[f"desk/{name}"] == (desk.folder / name).read_bytes()
    assert held["desk/thresholds.toml"] == THRESHOLDS.read_bytes()
    assert held["desk/events.toml"] == EVENTS.read_bytes()
    for path in charts.iterdir():
        assert held[f"charts/{path.name}"] == path.read_bytes()
    for part in (NOTE, "brand", "disclosures"):
        for path in (p for p in (templates / part).rglob("*") if p.is_file()):
            assert held[f"templates/{path.relative_to(templates).as_posix()}"] == path.read_bytes()


def test_it_holds_nothing_else_of_the_desk(desk: Desk) -> None:
    content = context.sealed(desk, NOTE, AS_OF)
    own = {name for name in context.members(content) if name.startswith("desk/")}
    assert own == {
        *("desk/desk.toml", "desk/logo.svg", "desk/events.toml", "desk/thresholds.toml"),
        "desk/commentary/2025-04-10/week.md",
    }
    assert SECRET.encode() not in content
    assert str(desk.folder).encode() not in content


def test_own_settings_take_the_place_of_the_packaged_ones(desk: Desk) -> None:
    assert desk.folder is not None
    (desk.folder / "thresholds.toml").write_bytes(THRESHOLDS.read_bytes() + b"# mine\n")
    held = context.members(context.sealed(desk, NOTE, AS_OF))
    assert held["desk/thresholds.toml"].endswith(b"# mine\n")


def test_other_notes_and_the_reading_room_are_left_out(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(asset_dir("templates"), templates)
    shutil.copytree(templates / NOTE, templates / "another-note")
    held = context.members(context.sealed(Desk(templates=templates), NOTE, AS_OF))
    assert not [n for n in held if n.startswith(("templates/another-note", "templates/archive"))]


def test_the_same_files_give_the_same_bytes(desk: Desk, tmp_path: Path) -> None:
    assert desk.folder is not None
    first = context.sealed(desk, NOTE, AS_OF)
    copy = tmp_path / "elsewhere"
    shutil.copytree(desk.folder, copy, copy_function=shutil.copyfile)  # other times, other modes
    assert context.sealed(Desk(folder=copy), NOTE, AS_OF) == first


def test_what_is_unpacked_is_sealed_to_the_same_bytes(desk: Desk, tmp_path: Path) -> None:
    first = context.sealed(desk, NOTE, AS_OF)
    folder = tmp_path / "again"
    context.unpack(first, folder)
    again = Desk(folder=folder / "desk", templates=folder / "templates", charts=folder / "charts")
    assert context.sealed(again, NOTE, AS_OF) == first


def test_it_names_every_version_and_every_file_of_code() -> None:
    said = json.loads(context.members(context.sealed(Desk(), NOTE, AS_OF))["software.json"])
    assert said["reportgen"] == reportgen.__version__
    assert {"python", "system", "pango", "zlib"} <= said.keys()
    assert all(said["libraries"].values()), said["libraries"]
    assert {"weasyprint", "fontpkg-ibm-plex-sans", "fontpkg-ibm-plex-serif"} <= said["libraries"].keys()
    file = Path(reportgen.__file__).with_name("text.py")
    assert said["code"]["text.py"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert not [name for name in said["code"] if name.startswith(("cli/", "archive/", "delivery/"))]


def test_a_file_that_changes_during_the_build_is_named(desk: Desk) -> None:
    before = context.sealed(desk, NOTE, AS_OF)
    assert context.unchanged(before, desk, NOTE, AS_OF) == before
    assert desk.folder is not None
    (desk.folder / "commentary" / "2025-04-10" / "week.md").write_text("Other words.")
    with pytest.raises(ConfigError, match=r"desk/commentary/2025-04-10/week\.md: changed while"):
        context.unchanged(before, desk, NOTE, AS_OF)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "C:\\x", "folder/"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(ArchiveError, match="expected the path of a file inside it"):
        context.unpack(target.getvalue(), tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_zip_is_refused() -> None:
    with pytest.raises(ArchiveError, match="not a readable zip"):
        context.members(b"PK, but no more")
    whole = bytearray(context.packed({"a": b"content of a file"}))
    whole[40] ^= 1
    with pytest.raises(ArchiveError, match="not a readable zip"):
        context.members(bytes(whole))
