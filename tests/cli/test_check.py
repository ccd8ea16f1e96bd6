"""`check`: a note as built passes; each kind of damage is named, with the status that belongs to it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import stat
from pathlib import Path

import pikepdf
import pytest
import time_machine
from click.testing import CliRunner

from reportgen.checks.copies import differences
from reportgen.checks.page import read
from reportgen.cli import cli
from reportgen.errors import AuditError
from reportgen.pipeline import auditing
from reportgen.pipeline.analysis import Desk, analyse
from reportgen.pipeline.comparison import argued
from reportgen.pipeline.composing import compose
from reportgen.pipeline.design import load_design
from reportgen.render import html, pdf, pdf_words
from reportgen.text import parse_as_of


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build one note for all tests to copy."""
    out = tmp_path_factory.mktemp("out")
    with time_machine.travel("2026-11-23T12:00:00-05:00", tick=False):
        result = CliRunner().invoke(cli, ["build", "--as-of", "2025-04-10", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out / "2025-04-10" / "treasury-weekly"


@pytest.fixture
def note(built, tmp_path):
    return Path(shutil.copytree(built, tmp_path / "note"))


@pytest.fixture
def verapdf(tmp_path, monkeypatch):
    """Put a program of that name on PATH that answers as told."""

    def put(answer, status):
        program = tmp_path / "bin" / "verapdf"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nshift 5\nprintf "{answer}\\n" "$1"\nexit {status}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    return put


def seal(note):
    """Write the digests anew, as one would who hides a change."""
    manifest = json.loads((note / "manifest.json").read_text())
    manifest["sha256"] = {
        name: hashlib.sha256((note / name).read_bytes()).hexdigest() for name in manifest["sha256"]
    }
    (note / "manifest.json").write_text(json.dumps(manifest))


def test_a_note_as_built(run, note):
    result = run("check", note)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("TW-2025-04-10-r1: ")
    assert "PDF/A-3a and PDF/UA-1 by page" in result.stdout
    told = json.loads(run("check", note, "--json").stdout)
    assert told["exit"] == 0
    assert told["note"] == "TW-2025-04-10-r1"
    assert told["faults"] == []


def test_a_flipped_byte_in_the_pdf(refused, note):
    content = bytearray((note / "note.pdf").read_bytes())
    content[len(content) // 2] ^= 1
    (note / "note.pdf").write_bytes(content)
    said = refused(7, "check", note)
    assert "note.pdf: sha256 is " in said
    assert ", the manifest says " in said


def test_half_a_pdf(refused, note):
    content = (note / "note.pdf").read_bytes()
    (note / "note.pdf").write_bytes(content[: len(content) // 2])
    seal(note)
    assert "note.pdf: cannot be read as PDF/A-3a" in refused(7, "check", note)


def test_edited_facts(refused, note):
    facts = (note / "facts.json").read_text()
    (note / "facts.json").write_text(facts.replace('"value": 39.0', '"value": 38.0'))
    said = refused(6, "check", note)
    assert "facts.json: sha256 is " in said
    seal(note)
    said = refused(6, "check", note)
    assert "\n  facts.json: differs from the copy in note.pdf" in said
    assert "is not ust.10y.change_week, which is +39" in said


@pytest.mark.parametrize(("name", "status"), [("figures/curve.svg", 6), ("note.html", 6), ("note.pdf", 7)])
def test_a_missing_file(refused, note, name, status):
    (note / name).unlink()
    assert f"{name}: missing, the manifest names it" in refused(status, "check", note)


def test_an_unknown_file(refused, note):
    (note / "figures" / "mine.svg").write_text("<svg/>")
    assert "figures/mine.svg: not in the manifest" in refused(6, "check", note)


def test_a_replaced_data_pack(refused, note):
    (note / "inputs.parquet").write_bytes(b"other data")
    seal(note)
    said = refused(6, "check", note)
    assert "inputs.parquet: sha256 is " in said
    assert ", facts.json says " in said
    assert "inputs.sha256.txt: differs from the copy in note.pdf" in said


@pytest.mark.parametrize("content", [None, "{", "[]", '{"id": "TW"}'])
def test_a_manifest_that_cannot_be_read(refused, note, content):
    (note / "manifest.json").unlink()
    if content is not None:
        (note / "manifest.json").write_text(content)
    said = refused(6, "check", note)
    assert (
        "manifest.json: " + ("missing" if content is None else "cannot be read, expected JSON with") in said
    )


@pytest.mark.parametrize("content", ["{", '{"facts": [1], "data": {}}', '{"facts": []}'])
def test_facts_that_cannot_be_read(refused, note, content):
    (note / "facts.json").write_text(content)
    assert "facts.json: cannot be read, expected JSON with facts" in refused(6, "check", note)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda told: told["facts"][0].update(value=None), "the page cannot be audited against it"),
        (lambda told: told["references"][0].update(text=[]), "the page cannot be audited against it"),
        (lambda told: told.update(quotes=[1]), "the page cannot be audited against it"),
        (lambda told: told["data"].update(pack=[]), "cannot be read, expected JSON with facts"),
    ],
)
def test_facts_that_are_not_as_a_build_writes_them(refused, note, change, why):
    told = json.loads((note / "facts.json").read_text())
    change(told)
    (note / "facts.json").write_text(json.dumps(told))
    assert f"facts.json: {why}" in refused(6, "check", note)


def test_an_id_that_only_begins_as_the_note_s(refused, note):
    manifest = json.loads((note / "manifest.json").read_text())
    (note / "manifest.json").write_text(json.dumps(manifest | {"id": "TW-2025-04-10-r"}))
    assert "note.html: does not name TW-2025-04-10-r, which" in refused(6, "check", note)


def test_a_number_without_a_fact(refused, note):
    page = (note / "note.html").read_text()
    (note / "note.html").write_text(page.replace('data-fact="ust.10y.level"', 'data-fact="ust.11y.level"', 1))
    seal(note)
    said = refused(6, "check", note)
    assert "1 fault\n  note.html: '4.40%' names the unknown fact ust.11y.level, in “" in said


def week_before(fact_id):
    """Return what a fact said a week earlier."""
    analysis = analyse(Desk(), parse_as_of("2025-04-04"), dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    return analysis.facts.facts[fact_id]


# What is put in the place of what, where it stands once more, and what is said of it.
PLANTED = {
    "a wrong number": ('"ust.10y.level">4.40%', '"ust.10y.level">4.41%', "'4.41%' is not ust.10y.level"),
    "a wrong sign": ('"ust.10y.change_week">+39<', '"ust.10y.change_week">−39<', "'−39' is not ust.10y"),
    "an unsigned fall": ('cuts_12m.change_week">−0.4<', 'cuts_12m.change_week">0.4<', "'0.4' hides the sign"),
    "a fall for a rise": ("yield rose <", "yield fell <", "goes against ust.2y.change_week, which is 16"),
    "a heading": ("<h1>Long end breaks", "<h1>Long end rallies", "'Long end rallies' goes against ust."),
    "a title": ("Weekly: Long end breaks", "Weekly: Long end rallies", "is not the title of the page"),
    "a typed number": ("led the sell-off.", "led the sell-off by 7 bp.", "'7' has no fact behind it"),
    "a word of direction": (
        "Yields rose while",
        "Copper fell. Yields rose while",
        "'fell' speaks of no fact that is known",
    ),
    "a date of another day": (
        ">10\N{NO-BREAK SPACE}April<",
        ">9\N{NO-BREAK SPACE}April<",
        "is not 2025-04-10",
    ),
    "a description": (
        ", last 128.",
        ", last 129.",
        "a picture's description says '129', which no fact prints",
    ),
    "a changed cell of a figure's data": (
        "<td>4.4</td>",
        "<td>4.9</td>",
        "the data shown with facilities are not those of facilities.csv in note.pdf",
    ),
    "a changed pedigree": ('"ped-value">4.40%', '"ped-value">4.50%', "the pedigree of ust.10y.level says"),
}


@pytest.mark.parametrize(("old", "new", "why"), PLANTED.values(), ids=PLANTED.keys())
def test_what_is_planted_on_the_page(refused, note, old, new, why):
    page = (note / "note.html").read_text()
    assert old in page
    (note / "note.html").write_text(page.replace(old, new, 1))
    seal(note)
    on_paper = not any(words in old for words in ("ped-value", "Weekly: ", ", last", "<td>"))
    assert why in refused(7 if on_paper else 6, "check", note)


def test_a_stale_number_on_the_page(refused, note):
    stale = week_before("ust.2y.level").text
    page = (note / "note.html").read_text()
    now = 'data-fact="ust.2y.level">3.84%'
    assert stale != "3.84%"
    assert now in page
    (note / "note.html").write_text(page.replace(now, f'data-fact="ust.2y.level">{stale}', 1))
    seal(note)
    assert f"'{stale}' is not ust.2y.level, which is 3.84%" in refused(7, "check", note)


IN_THE_PDF = {
    "a wrong number": ("10-year 39 bp and", "10-year 41 bp and", "10-year 41 bp"),
    "a wrong direction": ("2-year yield rose 16 bp", "2-year yield fell 16 bp", "2-year yield fell 16 bp"),
    "a stale number": ("2-year 3.84 +16", "2-year STALE +16", "2-year STALE +16"),
    "a wrong sign": ("Dollar index 100.87 −2.1%", "Dollar index 100.87 +2.1%", "100.87 +2.1%"),
    "a sentence more": ("PENDING", "PENDING. Yields may reach 7%.", "Yields may reach 7%."),
    "the page of another note": ("-r1 · Risk", "-r2 · Risk", "TW-2025-04-10-r2"),
}


@pytest.fixture(scope="module")
def sheets(built):
    return pdf_words.pages((built / "note.pdf").read_bytes())


@pytest.mark.parametrize(("old", "new", "shown"), IN_THE_PDF.values(), ids=IN_THE_PDF.keys())
def test_what_is_planted_in_the_words_of_the_pdf(built, sheets, old, new, shown):
    stale = week_before("ust.2y.level").text.removesuffix("%")
    new, shown = new.replace("STALE", stale), shown.replace("STALE", stale)
    page = read((built / "note.html").read_text())
    assert differences(page, sheets) == []
    place = next((n, m) for n, sheet in enumerate(sheets) for m, line in enumerate(sheet) if old in line)
    false = [list(sheet) for sheet in sheets]
    false[place[0]][place[1]] = false[place[0]][place[1]].replace(old, new)
    (said,) = differences(page, false)
    assert f"page {place[0] + 1} says" in said
    assert shown in said


def test_a_line_that_the_pdf_lacks(built, sheets):
    page = read((built / "note.html").read_text())
    assert differences(page, [sheets[0][:12] + sheets[0][13:], *sheets[1:]])[0].startswith("page 1 says")
    assert differences(page, sheets[:-1])[0].startswith(
        "page 1 says “Example Securities"
    )  # page 1 of too many
    other = [[line.replace("4.50", "4.75") if line == "4.50" else line for line in sheet] for sheet in sheets]
    assert any("its pictures show '4.75'" in said for said in differences(page, other))


def test_what_is_planted_in_the_pdf(note, analysis):
    """Set the PDF from other words than the page's, as if digests and attachments had been made to fit."""
    design = load_design(Desk(), "treasury-weekly", "en")
    context = compose(analysis, design, [])
    words = html.print_page(context, design.templates)
    old = "the 10-year 39\N{NO-BREAK SPACE}bp"
    assert old in words
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "print_page", lambda *_: words.replace(old, old.replace("39", "41"), 1))
        false = pdf.document(context, design.templates, [])
    with pytest.raises(AuditError, match=r"note\.pdf: page 1 says “.*10-year 41 bp"):
        auditing.refuse_differing(read(html.page(context, design.templates)), false)


@pytest.fixture(scope="module")
def analysis():
    found = analyse(Desk(), parse_as_of("2025-04-10"), dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    return argued(found)


def test_removed_tags(refused, note):
    with pikepdf.open(note / "note.pdf", allow_overwriting_input=True) as pdf:
        del pdf.Root.StructTreeRoot
        pdf.save(note / "note.pdf", fix_metadata_version=False)
    seal(note)
    said = refused(7, "check", note)
    assert "does not conform to PDF/A-3a: " in said
    assert "does not conform to PDF/UA-1: " in said


def test_a_removed_attachment(run, note):
    with pikepdf.open(note / "note.pdf", allow_overwriting_input=True) as pdf:
        del pdf.attachments["facts.json"]
        pdf.save(note / "note.pdf", fix_metadata_version=False)
    result = run("check", note, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == told["exit"] == 7
    assert {"check": "attachments", "file": "note.pdf", "message": "facts.json is not attached"} in told[
        "faults"
    ]


def test_no_folder(refused, tmp_path):
    assert "absent: no such folder, expected a built note" in refused(2, "check", tmp_path / "absent")


def test_an_empty_folder(refused, tmp_path):
    assert "manifest.json: missing" in refused(6, "check", tmp_path)


def test_verapdf_agrees(run, note, verapdf):
    verapdf("PASS %s 3a", 0)
    result = run("check", note)
    assert result.exit_code == 0, result.output
    assert "by page and verapdf" in result.stdout


def test_verapdf_disagrees(refused, note, verapdf):
    verapdf("FAIL %s 3a\\n  FAIL 6.2.11.4.1-1", 1)
    said = refused(7, "check", note)
    assert "note.pdf: does not conform to PDF/A-3a by veraPDF: FAIL 3a; FAIL 6.2.11.4.1-1" in said


def test_verapdf_does_not_run(refused, note, verapdf):
    verapdf("no java for %s", 127)
    said = refused(12, "check", note)
    assert "verapdf: exit status 127: no java" in said
