"""The file: one PDF that is PDF/A-3a and PDF/UA-1 at once, its facts attached, the same bytes each time."""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import weasyprint
from markupsafe import Markup
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reportgen.errors import PdfError
from reportgen.render import conformance, fonts, legibility
from reportgen.render.attachments import Attached
from reportgen.render.context import NoteContext
from reportgen.render.html import print_page
from reportgen.render.note import load_words

VARIANT = "pdf/a-3a"
_TAG = re.compile(r"<style>.*?</style>|<[^>]*>", re.DOTALL)
_LINK = re.compile(r'<a\b[^>]*href="#([^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
_SVG_TEXT = re.compile(r"<text\b[^>]*>(.*?)</text>", re.DOTALL)
# Says which slower way it takes where the system's library is missing; the file is the same.
_HARMLESS = re.compile(r"Using fontTools instead of HarfBuzz-Subset")


def document(context: NoteContext, templates: Path, attachments: Sequence[Attached]) -> bytes:
    """Set the note as a PDF with the attachments, and prove that it conforms.

    Raises: TemplateError; PdfError for a missing glyph, a warning of the renderer or a failed rule.
    """
    page_html = print_page(context, templates)
    _refuse_missing_glyphs(page_html, context)
    with epoch(context.as_of), no_warnings():
        raw = _set(page_html, context, templates, attachments)
    words = load_words(templates, context.note, context.lang)
    finished = conformance.finish(raw, _links(page_html), words("label.signature"))
    with ThreadPoolExecutor(1) as pool:  # while the validator computes outside the interpreter's lock
        legible = pool.submit(_refuse_small_print, finished, page_html)
        conformance.prove(finished)
        legible.result()
    return finished


def _set(page_html: str, context: NoteContext, templates: Path, attachments: Sequence[Attached]) -> bytes:
    """Lay out and write the pages, claiming both standards."""
    moment = context.as_of.astimezone(dt.UTC)  # without fixed dates the files would carry today's
    files = [
        weasyprint.Attachment(
            string=one.content,
            name=one.name,
            description=one.description,
            created=moment,
            modified=moment,
            relationship=one.relationship,
        )
        for one in attachments
    ]
    fetcher = BundledFiles(frozenset(face.path for face in fonts.faces(context.desk.brand.fonts)), templates)
    source = weasyprint.HTML(string=page_html, base_url=templates.as_uri() + "/", url_fetcher=fetcher)
    laid_out = source.render(pdf_variant=VARIANT)
    conformance.complete(laid_out.metadata, context.note_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its colour profile open
        written: bytes = laid_out.write_pdf(
            pdf_variant=VARIANT,
            pdf_identifier=context.note_id.encode(),
            attachments=files,
            hinting=False,
        )
    return written


def _refuse_small_print(finished: bytes, page_html: str) -> None:
    """Check that risks and disclosures are set no smaller than the rest.

    Raises: PdfError.
    """
    if found := legibility.faults(finished, legibility.headings(page_html)):
        raise PdfError(
            "the PDF: " + "; ".join(found),
            hint="Set the sections risks and disclosures larger in brand/print.css.j2.",
        )


class BundledFiles(URLFetcher):  # type: ignore[misc]
    """Fetch the fonts, files of the templates and data URLs; refuse everything else."""

    def __init__(self, files: frozenset[Path], folder: Path) -> None:
        super().__init__(allowed_protocols=("file", "data"), allow_redirects=False)
        self._files = {file.resolve() for file in files}
        self._folder = folder.resolve()

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if url.startswith("file:"):
            path = Path(URLFetcherResponse(url).path).resolve()
            if path not in self._files and not path.is_relative_to(self._folder):
                raise ValueError(f"not a bundled file: {url}")
        return super().fetch(url, headers)


def _links(page_html: str) -> dict[str, str]:
    """Return the words that lead to each place of the page."""
    return {place: Markup(words).striptags() for place, words in _LINK.findall(page_html)}


def _refuse_missing_glyphs(page_html: str, context: NoteContext) -> None:
    """Check the words of page and pictures against the fonts, before a renderer falls back on others.

    Raises: PdfError that names the characters.
    """
    pictures = " ".join(words for exhibit in context.exhibits for words in _SVG_TEXT.findall(exhibit.svg))
    words = Markup(_TAG.sub(" ", f"{page_html} {pictures}")).unescape()
    absent = fonts.absent(words, context.desk.brand.fonts)
    if absent:
        named = ", ".join(f"{c!r} (U+{ord(c):04X})" for c in dict.fromkeys(absent))
        brand = context.desk.brand.fonts
        raise PdfError(
            f"{context.note_id}: no glyph for {named} in {brand.sans} and {brand.serif}",
            hint="Replace the character, or name fonts that hold it in desk.toml.",
        )


@contextmanager
def epoch(moment: dt.datetime) -> Iterator[None]:
    """Give the font library a fixed clock."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(int(moment.timestamp()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not _HARMLESS.search(message):
            self.said.append(message)


@contextmanager
def no_warnings() -> Iterator[None]:
    """Collect what the renderer complains about.

    Raises: PdfError with all of it.
    """
    logger, collector = logging.getLogger("weasyprint"), _Collector()
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(collector)
    try:
        yield
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagated
    if collector.said:
        raise PdfError("the PDF renderer complained: " + "; ".join(dict.fromkeys(collector.said)))
