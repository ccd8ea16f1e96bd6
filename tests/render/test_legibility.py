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


def drawn(*lines: str) -> dict[int, dict[float, int]]:
    """Measure a page with a content of its own; its letters are two bytes each."""
    made = pikepdf.new()
    page = made.add_blank_page()
    page.obj.Contents = made.make_stream("\n".join(lines).encode())
    return legibility._sizes(page)


def test_the_size_is_what_is_left_of_it_on_the_page() -> None:
    begin, end = "/P <</MCID 0>> BDC BT /F 10 Tf", "ET EMC"
    assert drawn(begin, "<00010002> Tj", end) == {0: {10.0: 2}}
    assert drawn("0.75 0 0 0.75 0 0 cm", begin, "[<0001> -20 <0002>] TJ", end) == {0: {7.5: 2}}
    # scaled twice; turned upside down; scaled by the text's own matrix
    assert drawn("1 0 0 -1 0 842 cm q .75 0 0 .75 0 0 cm .5 0 0 .5 9 9 cm", begin, "<0001> Tj", end) == {
        0: {3.75: 1}
    }
    assert drawn(begin, "0.5 0 0 -0.5 72 720 Tm <0001> Tj", end) == {0: {5.0: 1}}
    assert drawn(begin, "0 0.5 -0.5 0 72 720 Tm <0001> Tj", end) == {0: {5.0: 1}}  # on its side
    # what was scaled between q and Q, and the font named there, is over after Q
    assert drawn("q .5 0 0 .5 0 0 cm /F 4 Tf Q", begin, "<0001> Tj", end) == {0: {10.0: 1}}
    assert drawn(begin, "ET q /F 4 Tf BT <0001> Tj ET Q BT <0001> Tj", end) == {0: {4.0: 1, 10.0: 1}}
    # a string in which such words stand; a mark within a mark; what is no part of the structure
    assert drawn(begin, "(q .1 0 0 .1 0 0 cm) Tj <0001> Tj", end) == {0: {10.0: 10}}
    assert drawn(begin, "/Span BMC <0001> Tj EMC /Artifact BMC <0001> Tj EMC", end) == {0: {10.0: 1}}


def test_a_file_that_cannot_be_measured() -> None:
    plain = pikepdf.new()
    plain.add_blank_page()
    out = io.BytesIO()
    plain.save(out)
    for content in (b"junk", out.getvalue()):
        (fault,) = legibility.faults(content, HEADINGS)
        assert fault.startswith("the sizes of its type cannot be read: ")
