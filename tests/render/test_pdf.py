"""The file: both standards, reading order, attachments, the same bytes, and what it refuses."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import page as validator
import pikepdf
import pypdfium2
import pytest

from reportgen.errors import PdfError
from reportgen.render import conformance, fonts, pdf
from reportgen.render.attachments import as_csv, attached
from reportgen.render.context import DataTable, Exhibit, NoteContext

FACTS = b'{"schema": 1}\n'
DIGEST = "0" * 64
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def document(context: NoteContext, templates: Path) -> bytes:
    return pdf.document(context, templates, attached(context, FACTS, "inputs.parquet", DIGEST))


@pytest.fixture(scope="module")
def words(document: bytes) -> str:
    with pypdfium2.PdfDocument(document) as opened:
        pages = [sheet.get_textpage().get_text_range() for sheet in opened]
    return " ".join(" ".join(pages).replace("\u00a0", " ").split())


@pytest.mark.parametrize("profile", list(conformance.PROFILES))
def test_it_conforms(document: bytes, profile: str) -> None:
    assert validator.validate_pdf_bytes(document, profile=profile).is_compliant


def test_it_is_small(document: bytes) -> None:
    assert len(document) < 900_000


def test_words_come_in_reading_order(words: str) -> None:
    order = [
        "Example Securities",
        "Long end breaks, dollar follows; funding holds",
        "A bear steepening of 23 bp",
        "The long end led the sell-off.",
        "What is driving yields",
        "Basis-trade liquidation",
        "What other markets say",
        "Risk warning",
        "Analyst certification",
        "Sources and licences",
        "What was missing or late",
    ]
    places: list[int] = []
    for phrase in order:
        places.append(words.index(phrase, places[-1] if places else 0))
    assert places == sorted(places)
    assert "−2.1%" in words


def test_only_the_bundled_fonts_are_used(document: bytes) -> None:
    with pikepdf.open(io.BytesIO(document)) as opened:
        names = {
            str(o.FontName) for o in opened.objects if isinstance(o, pikepdf.Dictionary) and "/FontName" in o
        }
    assert names
    assert all("IBM-Plex" in name for name in names)


def test_it_says_what_it_is(document: bytes, context: NoteContext) -> None:
    with pikepdf.open(io.BytesIO(document)) as opened:
        assert str(opened.Root.Lang) == "en"
        assert bool(opened.Root.ViewerPreferences.DisplayDocTitle)
        info = opened.docinfo
        assert str(info.Title) == "Treasury Weekly: Long end breaks, dollar follows; funding holds"
        assert str(info.Author) == "A. Analyst, B. Analyst"
        assert str(info.Subject).startswith("A bear steepening")
        assert context.note_id in str(info.Keywords)
        assert opened.open_metadata()["dc:identifier"] == context.note_id
        with opened.open_outline() as outline:
            assert "What is driving yields" in [item.title for item in outline.root[0].children]


def test_facts_data_and_digest_are_attached(document: bytes, context: NoteContext) -> None:
    with pikepdf.open(io.BytesIO(document)) as opened:
        files = {str(name): file.get_file() for name, file in opened.attachments.items()}
        related = {str(spec.UF): str(spec.AFRelationship) for spec in opened.Root.AF}
        described = {str(spec.UF): str(spec.Desc) for spec in opened.Root.AF}
        kinds = {name: file.mime_type for name, file in files.items()}
        dates = {moment for file in files.values() for moment in (file.creation_date, file.mod_date)}
        content = {name: file.read_bytes() for name, file in files.items()}
    data = {f"{e.id}.csv" for e in context.exhibits}
    assert files.keys() == related.keys() == {"facts.json", "inputs.sha256.txt", *data}
    assert content["facts.json"] == FACTS
    assert content["inputs.sha256.txt"] == f"{DIGEST}  inputs.parquet\n".encode()
    assert {name for name, relation in related.items() if relation != "/Data"} == {"inputs.sha256.txt"}
    assert related["inputs.sha256.txt"] == "/Supplement"
    assert kinds["curve.csv"] == "text/csv"
    assert described["curve.csv"].startswith("Treasury par yields, percent. Source: US Treasury, FRED.")
    assert dates == {context.as_of}


def test_restricted_data_are_not_handed_on(make_context: Callable[..., NoteContext]) -> None:
    base = make_context()
    first, second, *rest = base.exhibits
    guarded = replace(base, exhibits=(replace(first, restricted=True), replace(second, table=None), *rest))
    names = {one.name for one in attached(guarded, FACTS, "inputs.parquet", DIGEST)}
    assert not {f"{first.id}.csv", f"{second.id}.csv"} & names
    assert {f"{e.id}.csv" for e in rest} <= names


def test_data_are_written_for_machines() -> None:
    rows = (("2025-04-10", "−1,234.5", None), ("Bond, ultra", "+6 bp", dt.date(2025, 4, 10)))
    written = as_csv(DataTable(("Date", "Net", "Due"), rows)).decode()
    assert written == 'Date,Net,Due\n2025-04-10,-1234.5,\n"Bond, ultra",+6 bp,2025-04-10\n'


def test_links_and_bookmarks_lead_to_places_in_it(document: bytes) -> None:
    with pikepdf.open(io.BytesIO(document)) as opened:
        places = dict(pikepdf.NameTree(opened.Root.Names.Dests).items())
        links = [a for page in opened.pages for a in page.obj.get("/Annots", ()) if "/Dest" in a]
        assert links
        for link in links:
            assert str(link.Dest) in places
            assert str(link.Contents)
            assert "exhibit-" not in str(link.Contents)


def test_header_cells_have_a_scope_and_pictures_a_sentence(document: bytes) -> None:
    with pikepdf.open(io.BytesIO(document)) as opened:
        elements = [
            o for o in opened.objects if isinstance(o, pikepdf.Dictionary) and "/S" in o and "/P" in o
        ]
        scopes = [str(e.A.Scope) for e in elements if str(e.S) == "/TH"]
        alternatives = {str(e.Alt) for e in elements if str(e.S) == "/Figure"}
    assert set(scopes) == {"/Column", "/Row"}
    assert alternatives == {"The 10-year yield stands at 4.40%."}


def test_two_processes_write_the_same_bytes(document: bytes) -> None:
    script = (
        "import hashlib, runpy, sys, tempfile, pathlib\n"
        f"made = runpy.run_path({str(HERE / 'conftest.py')!r})\n"
        "from reportgen.render import html, pdf\n"
        "from reportgen.render.attachments import attached\n"
        "templates = made['place_templates'](pathlib.Path(tempfile.mkdtemp()))\n"
        "context = made['note_context']()\n"
        f"files = attached(context, {FACTS!r}, 'inputs.parquet', {DIGEST!r})\n"
        "print(hashlib.sha256(pdf.document(context, templates, files)).hexdigest())\n"
        "print(hashlib.sha256(html.page(context, templates).encode()).hexdigest())\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert runs[0][0] == hashlib.sha256(document).hexdigest()


def test_the_clock_of_the_process_is_left_alone(document: bytes) -> None:
    assert document
    assert "SOURCE_DATE_EPOCH" not in os.environ


@pytest.mark.parametrize("where", ["words", "picture"])
def test_a_character_without_a_glyph_is_named(
    make_context: Callable[..., NoteContext],
    make_exhibit: Callable[..., Exhibit],
    templates: Path,
    where: str,
) -> None:
    base = make_context()
    if where == "words":
        analyst = base.desk.analysts[0].model_copy(update={"name": "王 Analyst"})
        wrong = replace(base, desk=base.desk.model_copy(update={"analysts": (analyst,)}))
    else:
        drawn = base.exhibits[0]
        wrong = replace(
            base, exhibits=(replace(drawn, svg=drawn.svg.replace("10-year", "王")), *base.exhibits[1:])
        )
    with pytest.raises(PdfError, match=r"no glyph for '王' \(U\+738B\) in IBM Plex Sans"):
        pdf.document(wrong, templates, ())


@pytest.mark.parametrize(
    "url", ["http://example.com/x.css", "https://example.com/x.png", "ftp://example.com/x"]
)
def test_nothing_is_fetched_from_the_network(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="disallowed protocol"):
        pdf.BundledFiles(frozenset(), tmp_path).fetch(url)


def test_only_bundled_files_are_read(tmp_path: Path, context: NoteContext) -> None:
    bundled = frozenset(face.path for face in fonts.faces(context.desk.brand.fonts))
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "inside.txt").write_text("in", encoding="utf-8")
    outside = tmp_path / "outside.txt"
    outside.write_text("out", encoding="utf-8")
    (folder / "link.txt").symlink_to(outside)
    fetcher = pdf.BundledFiles(bundled, folder)
    assert fetcher.fetch((folder / "inside.txt").as_uri()).read() == b"in"
    assert fetcher.fetch(next(iter(bundled)).as_uri()).read(4)
    for refused in (outside, folder / "link.txt", folder / ".." / "outside.txt"):
        with pytest.raises(ValueError, match="not a bundled file"):
            fetcher.fetch(f"file://{refused}")


def test_a_complaint_of_the_renderer_stops_the_build(context: NoteContext, own_templates: Path) -> None:
    section = own_templates / "treasury-weekly" / "en" / "sections" / "risks.html.j2"
    section.write_text('<p><img alt="A mark." src="https://example.com/mark.png"></p>', encoding="utf-8")
    with pytest.raises(
        PdfError, match=r"complained: Failed to load image at 'https://example\.com/mark\.png'"
    ):
        pdf.document(context, own_templates, ())


def test_a_file_that_does_not_conform_names_the_rules() -> None:
    plain = pikepdf.new()
    plain.add_blank_page()
    with pytest.raises(PdfError, match=r"does not conform to PDF/A-3a: \w+-"):
        conformance.prove(conformance.save(plain))


def test_a_stream_that_ends_in_a_carriage_return_keeps_its_length() -> None:
    made = pikepdf.new()
    made.add_blank_page()
    packed = zlib.compress(b"\x0c")  # its checksum ends so
    assert packed.endswith(b"\r")
    made.Root.Mark = made.make_stream(b"")
    made.Root.Mark.write(packed, filter=pikepdf.Name.FlateDecode)
    saved = conformance.save(made)
    assert packed + b"\rendstream" in saved
    with pikepdf.open(io.BytesIO(saved)) as opened:
        assert opened.Root.Mark.read_raw_bytes() == packed
