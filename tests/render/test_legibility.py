"""What the law wants read is set as large as the rest, measured on the finished PDF."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest

from reportgen.errors import PdfError
from reportgen.render import legibility, pdf
from reportgen.render.context import NoteContext
from reportgen.render.html import page

HEADINGS = ("Risk warning", "Certification and disclosures")


@pytest.fixture(scope="module")
def document(context: NoteContext, templates: Path) -> bytes:
    return pdf.document(context, templates, ())


def test_the_page_says_which_headings_matter(context: NoteContext, templates: Path) -> None:
    assert legibility.headings(page(context, templates)) == HEADINGS
    assert legibility.headings("<p>Nothing</p>") == ()


def test_risks_and_disclosures_are_as_large_as_the_rest(document: bytes) -> None:
    assert legibility.faults(document, HEADINGS) == []


def test_small_type_is_found_where_it_is(document: bytes) -> None:
    (fault,) = legibility.faults(document, ("Appendix Sources and licences",))
    assert fault == (
        "type of 6.9 pt under 'Appendix Sources and licences', expected 9.3 pt or more "
        "as in most of the running text"
    )
    assert legibility.faults(document, ("No such",)) == ["nothing stands under the heading 'No such'"]


@pytest.mark.parametrize(
    ("rule", "heading"),
    [
        ("#risks p, #risks li { font-size: 7pt }", "Risk warning"),
        pytest.param(
            *("#disclosures li { font-size: 9pt }", "Certification and disclosures"), marks=pytest.mark.slow
        ),
    ],
)
def test_small_print_stops_the_build(
    context: NoteContext, own_templates: Path, rule: str, heading: str
) -> None:
    style = own_templates / "brand" / "print.css.j2"
    style.write_text(style.read_text(encoding="utf-8") + rule + "\n", encoding="utf-8")
    with pytest.raises(PdfError, match=f"pt under '{heading}', expected 9.3 pt or more") as caught:
        pdf.document(context, own_templates, ())
    assert "print.css.j2" in str(caught.value)


def test_a_file_that_cannot_be_measured() -> None:
    plain = pikepdf.new()
    plain.add_blank_page()
    out = io.BytesIO()
    plain.save(out)
    for content in (b"junk", out.getvalue()):
        (fault,) = legibility.faults(content, HEADINGS)
        assert fault.startswith("the sizes of its type cannot be read: ")
