"""Other programs: they open each note without a warning, and read its words in order."""

from __future__ import annotations

import ctypes
import html
import io
import re
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pikepdf
import pypdfium2
from pypdfium2 import raw

LETTERS = re.compile(r"[A-Za-z]{2,}")
# Elements that end a word; cells stand beside each other without a space between their tags.
BLOCKS = {
    *("address", "article", "aside", "caption", "div", "dd", "dl", "dt", "figcaption", "figure", "footer"),
    *("h1", "h2", "h3", "header", "li", "main", "nav", "ol", "p", "section", "table", "tbody", "td", "th"),
    *("thead", "tr", "ul"),
}


class Words(HTMLParser):
    """Collect the words of the page by section, in the order of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.sections: list[tuple[str, list[str]]] = [("head", [])]
        self._hidden = 0

    def handle_starttag(self, tag, attrs):
        self._end_word(tag)
        if tag in ("head", "style"):
            self._hidden += 1
        elif tag == "section" and (name := dict(attrs).get("id")):
            self.sections.append((name, []))

    def handle_endtag(self, tag):
        self._end_word(tag)
        if tag in ("head", "style"):
            self._hidden -= 1

    def handle_data(self, data):
        if not self._hidden:
            self.sections[-1][1].append(data)

    def _end_word(self, tag):
        if tag in BLOCKS:
            self.sections[-1][1].append(" ")


def ran(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_poppler_opens_it(note, pdf_file):
    said = ran("pdfinfo", pdf_file)
    assert re.search(rf"^Pages: +{len(note.sheets)}$", said, re.MULTILINE)
    assert re.search(r"^Tagged: +yes$", said, re.MULTILINE)
    assert ran("pdftotext", "-layout", pdf_file, "-").count("\f") == len(note.sheets)


def test_pdfium_opens_it(note):
    with pypdfium2.PdfDocument(note.content) as opened:
        assert opened.get_formtype() == 1  # a form of one field, for the signature
        assert len(opened) == len(note.sheets)
        assert opened.count_attachments() > 8


def test_qpdf_finds_no_fault(pdf_file):
    assert "No syntax or stream encoding errors found" in ran("qpdf", "--check", pdf_file)


def test_the_words_come_in_the_order_of_the_page(note):
    """Compare the words, section by section; those in figures are the figures' own."""
    heads = [
        " ".join(spaced(re.sub(r"<[^>]*>", " ", h))) for h in re.findall(r"<thead.*?</thead>", note.html)
    ]
    read = spaced("\n".join(body(sheet, before, heads) for before, sheet in pairwise((None, *note.sheets))))
    at = 0
    for name, pieces in sections(note.html):
        wanted = spaced("".join(pieces))
        found = read[at : at + len(wanted)]
        for place, (is_so, should) in enumerate(zip(found, wanted, strict=False)):
            assert is_so == should, (
                f"{name}: {found[place - 8 : place + 8]}, not {wanted[place - 8 : place + 8]}"
            )
        at += len(wanted)
    assert at == len(read)


def test_the_tree_of_structure_holds_the_words_in_order(note):
    """Compare what a screen reader is told, whatever the spaces between elements."""
    read = squeezed("".join(told(note.content)))
    at = 0
    for name, pieces in sections(note.html):
        for paragraph in re.split(r"\s{2,}", "".join(pieces).strip()):
            wanted = squeezed(paragraph)
            place = read.find(wanted, at)
            assert place >= 0, f"{name}: {paragraph!r} does not follow {read[at - 40 : at]!r}"
            at = place + len(wanted)


def told(content):
    """Return the words of each piece of marked content in the order of the structure tree."""
    words: dict[tuple[Any, int], str] = {}
    with pikepdf.open(io.BytesIO(content)) as opened, pypdfium2.PdfDocument(content) as read:
        for page, sheet in zip(opened.pages, read, strict=True):
            textpage = sheet.get_textpage()
            for drawn in sheet.get_objects([raw.FPDF_PAGEOBJ_TEXT], max_depth=1):
                key = (page.obj.objgen, raw.FPDFPageObj_GetMarkedContentID(drawn))
                words[key] = words.get(key, "") + text_of(drawn, textpage)
        waiting: list[tuple[Any, Any]] = [(opened.Root.StructTreeRoot.K, None)]
        while waiting:
            kid, where = waiting.pop()
            if isinstance(kid, pikepdf.Array):
                waiting += [(one, where) for one in reversed(list(kid))]
            elif isinstance(kid, pikepdf.Dictionary):
                if "/K" in kid:
                    waiting.append((kid.K, kid.get("/Pg", where)))
            elif where is not None:
                yield words.get((where.objgen, int(kid)), "")


def text_of(drawn, textpage):
    """Return the words of a text object."""
    size = raw.FPDFTextObj_GetText(drawn, textpage, None, 0)
    buffer = ctypes.create_string_buffer(size)
    raw.FPDFTextObj_GetText(drawn, textpage, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    words = buffer.raw[:size].decode("utf-16-le").rstrip("\0")
    return words.replace("\ufffe", "-").replace("\x02", "-")  # how PDFium gives a hyphen at the end of a line


def sections(html):
    """Return the words of each section; the opening's heading is shown on the screen only."""
    parser = Words()
    parser.feed(re.sub(r"(<section [^>]*place-opening[^>]*>)\s*<h2>.*?</h2>", r"\1", html))
    return parser.sections


def test_poppler_finds_no_word_that_the_page_lacks(note, pdf_file):
    """Letters set too far apart come out as words of their own, to a screen reader, too."""
    page = re.sub(r"<(style|script).*?</\1>", "", note.files["note.html"].decode(), count=0, flags=re.DOTALL)
    shown = html.unescape(re.sub(r"<[^>]+>", " ", page)).casefold()
    words = set(LETTERS.findall(shown))
    for parts in (word.split("-") for word in re.findall(r"\w+(?:-\w+)+", shown)):
        words |= {a + b for a, b in pairwise(parts)}  # poppler takes a hyphen at the end of a line away
    read = LETTERS.findall(ran("pdftotext", pdf_file, "-").casefold())
    assert len(read) > 2000
    assert [word for word in read if word not in words] == []


def body(sheet, before, heads):
    """Return a page's text without running head and foot, figures, and the head of a table that runs on."""
    lines = without_running(sheet)
    head = " ".join(spaced(lines[0]))
    runs_on = head in heads and before is not None and head in {
        " ".join(spaced(line)) for line in without_running(before)
    }  # fmt: skip
    return "\n".join(lines[1:] if runs_on else lines)


def without_running(sheet):
    running = {line.words for line in sheet.running}
    return [line for line in sheet.text.splitlines() if line.strip() and line.strip() not in running]


def spaced(text):
    """Return the words; a line may break behind a hyphen or within a code, and some are set in capitals."""
    text = re.sub(r"(?:(?<=\w[-/])|(?<=[A-Z]{2}:))\s*\n\s*", "", text.replace("\u00a0", " "))
    return [word for word in text.casefold().split() if word != "•"]


def squeezed(text):
    return re.sub(r"\s", "", text.casefold())
