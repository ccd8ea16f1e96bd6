"""The rules of the page, on the finished pages of many weeks."""

from __future__ import annotations

import io
import re

import pikepdf
import pypdfium2
from pypdfium2 import raw

EMPTIEST = 2 / 3  # of a page is filled at least
THIN, UNDER = 1.2, 7.0  # points: a rule, and how far below the words of a row it stands


def test_no_heading_stands_last_on_a_page(note):
    headings = note.headings("h1", "h2", "h3")
    for sheet in note.sheets:
        last = sheet.lines[-1]
        lowest = min((box[1] for box in sheet.figures), default=last.box[1])
        if lowest < last.box[1]:
            continue
        assert not any(heading.endswith(last.words) for heading in headings), (
            f"page {sheet.number + 1} ends with the heading {last.words!r}"
        )


def test_no_exhibit_is_split_over_pages(note):
    for sheet in note.sheets:
        captions = [line.words for line in sheet.lines if re.match(r"Exhibit \d+\. ", line.words)]
        sources = [line.words for line in sheet.lines if line.words.startswith("Source: ")]
        assert len(captions) == len(sheet.figures) == len(sources), f"page {sheet.number + 1}: {captions}"
    assert sum(len(sheet.figures) for sheet in note.sheets) >= 12


def test_no_page_is_emptier_than_a_third(note):
    shares = [sheet.inked for sheet in note.sheets]
    assert min(shares[:-1]) >= EMPTIEST, [f"{share:.2f}" for share in shares]


def test_the_foot_of_every_page_names_note_and_page(note):
    for sheet in note.sheets:
        foot = " ".join(line.words for line in sheet.running)
        assert note.note_id in foot
        assert "Risk warning and disclosures at the end" in foot
        assert f"Page {sheet.number + 1} of {len(note.sheets)}" in foot


def test_a_table_that_runs_on_repeats_its_head(note, words_of):
    table = re.search(r"<table[^>]*indicators.*?</table>", note.html, re.DOTALL)
    assert table is not None
    head, *groups = re.findall(r"<tr\b.*?</tr>", table[0], re.DOTALL)
    marks = [words_of(row) for row in groups if 'class="group"' in row]
    pages = [sheet for sheet in note.sheets if any(line.words in marks for line in sheet.lines)]
    assert len(pages) > 1
    for sheet in pages:
        assert words_of(head) in [line.words for line in sheet.lines], f"page {sheet.number + 1}"


def test_no_cell_runs_over_the_end_of_its_table(note):
    with pypdfium2.PdfDocument(note.content) as opened:
        for page, sheet in zip(opened, note.sheets, strict=True):
            rules = [
                path.get_bounds()
                for path in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=1)
                if path.get_bounds()[3] - path.get_bounds()[1] < THIN
            ]
            for line in sheet.lines:
                left, bottom, right, _ = line.box
                below = [r for r in rules if 0 <= bottom - r[3] < UNDER]
                if any(r[0] - 1 <= left <= r[2] for r in below):
                    assert right <= max(r[2] for r in below) + 1, f"page {sheet.number + 1}: {line.words}"


def test_the_disclaimer_does_not_end_alone_on_a_page(note):
    for sheet in note.sheets:
        assert not sheet.lines[0].words.startswith("Data belong to their publishers")


def test_the_first_page_holds_the_opening_and_the_first_pair(note, words_of):
    first = note.sheets[0]
    words = " ".join(line.words for line in first.lines)
    title = re.search(r"<h1>(.*?)</h1>", note.html, re.DOTALL)
    assert title is not None
    assert words_of(title[1]) in words
    for phrase in ("KEY LEVELS", "DOLLAR LIQUIDITY", "Cross-asset clues", "Exhibit 1.", "Exhibit 2."):
        assert phrase in words
    assert len(first.figures) == 2


def test_risk_text_is_not_smaller_than_body_text(note, words_of):
    def opening(section: str) -> str:
        """Return the first words of a section's first paragraph; they stand on one line."""
        found = re.search(rf'<section id="{section}".*?<p>(.*?)</p>', note.html, re.DOTALL)
        assert found is not None
        return " ".join(words_of(found[1]).split()[:4])

    with pypdfium2.PdfDocument(note.content) as opened:
        textpages = [page.get_textpage() for page in opened]
        sizes = {name: _sizes(textpages, opening(name)) for name in ("perspectives", "risks", "disclosures")}
        disclaimer = _sizes(textpages, "advice or an offer")
    body = min(sizes["perspectives"])
    assert body > 8
    assert min(*sizes["risks"], *sizes["disclosures"], *disclaimer) >= body


def test_every_mention_of_an_exhibit_leads_to_it(note, words_of):
    with pikepdf.open(io.BytesIO(note.content)) as opened:
        tree = pikepdf.NameTree(opened.Root.Names.Dests)
        places = {str(name): place for name, place in tree.items()}
        numbers = {page.obj.objgen: at for at, page in enumerate(opened.pages)}
        links = [a for page in opened.pages for a in page.obj.get("/Annots", ()) if "/Dest" in a]
        mentions = [
            (str(a.Dest), words_of(str(a.Contents))) for a in links if str(a.Dest).startswith("exhibit-")
        ]
        targets = {
            name: (numbers[place[0].objgen], float(place[2]), float(place[3]))
            for name, place in places.items()
        }
    assert mentions
    for name, words in mentions:
        at, left, top = targets[name]
        captions = [
            line
            for line in note.sheets[at].lines
            if line.words.startswith(f"{words}. ")
            and 0 <= top - line.box[3] < 15
            and abs(line.box[0] - left) < 15
        ]
        assert len(captions) == 1, f"{name} leads to page {at + 1}, where {words} is not"


def test_figures_have_their_sentence_and_place(note):
    with pikepdf.open(io.BytesIO(note.content)) as opened:
        figures = [
            o for o in opened.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/Figure"
        ]
        for figure in figures:
            assert len(str(figure.Alt)) > 20
            _, _, width, height = (float(edge) for edge in figure.Pg.MediaBox)
            left, bottom, right, top = (float(edge) for edge in figure.A.BBox)
            assert 0 < left < right < width
            assert 0 < bottom < top < height


def _sizes(textpages, phrase):
    """Return the sizes of type, in points, in which a phrase is set, wherever it stands."""
    found = []
    for textpage in textpages:
        searcher = textpage.search(phrase, match_case=True)
        while (place := searcher.get_next()) is not None:
            found.append(raw.FPDFText_GetFontSize(textpage, place[0]))
    return found
