"""A note built again from what it sealed: the same bytes, or the first cause by name."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pyarrow.parquet as pq
import pytest

from reportgen import config
from reportgen.errors import ArchiveError, StoreError
from reportgen.indicators.thresholds import PACKAGED as THRESHOLDS
from reportgen.pipeline import building, context, reproducing
from reportgen.pipeline.analysis import Desk, analyse
from reportgen.pipeline.differing import where
from reportgen.pipeline.reproducing import Reproduction, reproduce
from reportgen.store import encode, table
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
Files = dict[str, bytes]


def quiet(stage: str) -> None:
    """Say nothing."""


def real_note(folder: Path) -> Files:
    """Build a note at a desk of its own, and take the desk away."""
    config.init_desk(folder, {})
    settings = (folder / "desk.toml").read_text()
    (folder / "desk.toml").write_text(
        settings.replace("#14365d", "#5d1436").replace("Example Sec", "Own Sec")
    )
    (folder / "thresholds.toml").write_bytes(THRESHOLDS.read_bytes() + b"# of the desk\n")
    desk = Desk(folder=folder)
    analysis = analyse(desk, parse_as_of("2025-04-10"), NOW)
    built = building.build(analysis, desk, "treasury-weekly", "en", quiet, revision=2)
    shutil.rmtree(folder)
    return dict(built.files)


@pytest.mark.slow
def test_a_note_is_reproduced_without_its_desk(tmp_path: Path) -> None:
    files = real_note(tmp_path / "desk")
    found = reproduce(files, NOW, quiet, tmp_path / "kept")
    assert found == Reproduction("TW-2025-04-10-r2", tuple(sorted(files)), (), ())
    assert found.same
    assert found.first_cause == ""
    kept = {
        p.relative_to(tmp_path / "kept").as_posix(): p.read_bytes()
        for p in (tmp_path / "kept").rglob("*")
        if p.is_file()
    }
    assert kept == files
    assert b"Own Securities" in files["note.html"]


@pytest.mark.slow
def test_another_desk_another_note(tmp_path: Path) -> None:
    """A context that was exchanged is found by what it leads to."""
    files = real_note(tmp_path / "desk")
    held = context.members(files["context.zip"])
    held["desk/desk.toml"] = held["desk/desk.toml"].replace(b"#5d1436", b"#14365d")
    found = reproduce(files | {"context.zip": context.packed(held)}, NOW, quiet)
    assert {"note.html", "note.pdf"} < {line.partition(":")[0] for line in found.differing}
    assert found.first_cause.startswith("figures/")


@pytest.fixture(scope="module")
def sealed() -> Files:
    """Return the files of a note that nobody builds again."""
    manifest = {
        "id": "TW-2025-04-10-r2",
        "note": "treasury-weekly",
        "lang": "en",
        "as_of": "2025-04-10T23:59:00-04:00",
    }
    return {
        "manifest.json": json.dumps(manifest).encode(),
        "inputs.parquet": b"data",
        "context.zip": context.sealed(Desk(), "treasury-weekly", parse_as_of("2025-04-10")),
        "facts.json": b'{"facts": [{"id": "curve.2s10s.level", "unit": "bp"}]}',
        "note.html": b"<p>a basis trade</p>",
        "note.pdf": b"%PDF-1.7",
        "digest.html": b"<p>a basis trade</p>",
    }


def again(monkeypatch: pytest.MonkeyPatch, result: Files | Exception) -> None:
    """Let the next build come out as given."""

    def built(*_: Any) -> Mapping[str, bytes]:
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(reproducing, "_build", built)


def with_software(sealed: Files, change: Callable[[dict[str, Any]], None]) -> Files:
    """Return files as other software would have sealed them."""
    held = context.members(sealed["context.zip"])
    software = json.loads(held["software.json"])
    change(software)
    held["software.json"] = json.dumps(software).encode()
    return sealed | {"context.zip": context.packed(held)}


def test_the_first_file_that_differs_is_the_cause(sealed: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {
        "note.html": sealed["note.html"].replace(b"basis", b"bases", 1),
        "facts.json": sealed["facts.json"].replace(b'"unit": "bp"', b'"unit": "pp"', 1),
    }
    again(monkeypatch, sealed | changed)
    found = reproduce(sealed, NOW, quiet)
    assert not found.same
    assert [line.partition(":")[0] for line in found.differing] == ["facts.json", "note.html"]
    assert found.first_cause.startswith("facts.json: facts.")
    assert '.unit: "bp", now "pp"' in found.first_cause


def test_a_version_comes_before_the_files(sealed: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def older(software: dict[str, Any]) -> None:
        software["libraries"]["weasyprint"] = "69.0"
        software["code"]["text.py"] = "0" * 64

    then = with_software(sealed, older)
    again(monkeypatch, sealed | {"note.pdf": sealed["note.pdf"] + b"\n"})
    found = reproduce(then, NOW, quiet)
    assert found.first_cause.startswith("weasyprint: 69.0 made the note, ")
    assert "text.py differ from what made the note" in found.software[1]
    assert [line.partition(":")[0] for line in found.differing] == ["note.pdf"]


def test_other_software_with_the_same_bytes_is_no_difference(
    sealed: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = with_software(sealed, lambda software: software.update(python="3.99.0"))
    again(monkeypatch, sealed)
    found = reproduce(then, NOW, quiet)
    assert found.same
    assert found.software[0].startswith("python: 3.99.0 made the note, ")


def with_manifest(files: Files, change: Callable[[dict[str, Any]], object]) -> Files:
    """Return files with another manifest, whose digests are theirs."""
    manifest = json.loads(files["manifest.json"])
    manifest["sha256"] = {n: hashlib.sha256(c).hexdigest() for n, c in files.items() if n != "manifest.json"}
    change(manifest)
    return files | {"manifest.json": json.dumps(manifest).encode()}


MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "analysts": (lambda m: m.update(analysts=[{"name": "Somebody Else"}]), "analysts is absent now"),
    "disclosures": (lambda m: m.update(disclosures=[]), "disclosures is absent now"),
    "another digest": (lambda m: m["sha256"].update({"facts.json": "0" * 64}), "sha256.facts.json: "),
    "a file that is not there": (lambda m: m["sha256"].update({"x.csv": "0" * 64}), "sha256.x.csv is absent"),
}


@pytest.mark.parametrize("case", MANIFESTS)
@pytest.mark.parametrize("others", ["the same", "another page", "other software"])
def test_the_manifest_is_compared_with_the_rest(
    sealed: Files, monkeypatch: pytest.MonkeyPatch, case: str, others: str
) -> None:
    change, words = MANIFESTS[case]
    page = {"note.html": b"<p>another</p>"} if others == "another page" else {}
    then = sealed
    if others == "other software":
        then = with_software(sealed, lambda software: software.update(python="3.99.0"))
    again(monkeypatch, with_manifest(sealed | page, lambda m: m.update(versions={"python": "3.11"})))
    honest = with_manifest(then, lambda m: m.update(versions={"python": "3.11"}))
    assert [line.partition(":")[0] for line in reproduce(honest, NOW, quiet).differing] == list(page)
    forged = with_manifest(then, lambda m: (m.update(versions={"python": "3.11"}), change(m)))
    differing = reproduce(forged, NOW, quiet).differing
    (said,) = [line for line in differing if line.startswith("manifest.json: ")]
    assert words in said


def test_versions_in_the_manifest_are_those_of_the_software(
    sealed: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    again(monkeypatch, with_manifest(sealed, lambda m: m.update(versions={"python": "3.11"})))
    forged = with_manifest(sealed, lambda m: m.update(versions={"python": "3.12"}))
    (said,) = reproduce(forged, NOW, quiet).differing
    assert 'versions.python: "3.12", now "3.11"' in said


def test_a_build_that_stops_is_told(sealed: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    again(monkeypatch, StoreError("inputs.parquet: no column 'value'"))
    found = reproduce(sealed, NOW, quiet)
    assert not found.same
    assert found.first_cause == "the build stopped: inputs.parquet: no column 'value'"


def test_files_that_come_or_go_are_named(sealed: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    again(monkeypatch, {n: c for n, c in sealed.items() if n != "digest.html"} | {"more.csv": b""})
    assert set(reproduce(sealed, NOW, quiet).differing) == {
        "digest.html: sealed with the note, but not built again",
        "more.csv: built again, but not sealed with the note",
    }


@pytest.mark.parametrize("name", ["context.zip", "inputs.parquet", "manifest.json"])
def test_what_cannot_be_done_without_is_named(sealed: Files, name: str) -> None:
    with pytest.raises(ArchiveError, match=rf"{name}"):
        reproduce({n: c for n, c in sealed.items() if n != name}, NOW, quiet)


def rows(value: float) -> bytes:
    day = np.array(["2025-04-09", "2025-04-10"], "datetime64[D]")
    moment = day.astype("datetime64[us]")
    out = io.BytesIO()
    encode(table("ust_10y", day, np.array([4.3, value]), moment, moment), out)
    assert pq.read_table(io.BytesIO(out.getvalue())).num_rows == 2
    return out.getvalue()


def pdf(words: bytes, pages: int = 2) -> bytes:
    with pikepdf.new() as made:
        for number in range(pages):
            made.add_blank_page()
            content = words if number == 1 else b"q Q"
            made.pages[number].obj.Contents = made.make_stream(content)
        out = io.BytesIO()
        made.save(out, deterministic_id=True)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "before", "after", "words"),
    [
        ("note.html", b"<p>one\n<p>two</p>", b"<p>one\n<p>tow</p>", "line 2, column 5: '<p>two</p>', now"),
        ("note.html", b"one\ntwo", b"one", "line 2 is absent now"),
        ("a.svg", b"\xff\xfe1", b"\xff\xfe2", "byte 2 of 3 differs"),
        ("facts.json", b'{"facts": [{"id": "a", "value": 1}]}', b'{"facts": [{"id": "a", "value": 2}]}',
         "facts.a.value: 1, now 2"),
        ("facts.json", b'{"facts": [{"id": "a"}]}', b'{"facts": []}', "facts: a, now nothing"),
        ("facts.json", b'{"a": 1}', b'{"a":1}', "the same content, written differently"),
        ("inputs.parquet", rows(4.4), rows(4.5), "value of ust_10y of 2025-04-10: 4.4, now 4.5"),
        ("note.pdf", pdf(b"q Q"), pdf(b"q q Q Q"), "page 2 is drawn otherwise"),
        ("note.pdf", pdf(b"q Q"), pdf(b"q Q", 3), "2 pages, and now 3"),
        ("context.zip", context.packed({"a.toml": b"x = 1"}), context.packed({"a.toml": b"x = 2"}),
         "a.toml: line 1, column 5"),
        ("context.zip", context.packed({"a": b"1"}), context.packed({"b": b"1"}), "a is absent now"),
    ],
)  # fmt: skip
def test_the_place_is_told_in_the_terms_of_the_file(
    name: str, before: bytes, after: bytes, words: str
) -> None:
    assert words in where(name, before, after)
