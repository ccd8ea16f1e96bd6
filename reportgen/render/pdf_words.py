"""The words of a finished PDF, as a reader of the file finds them."""

from __future__ import annotations

from reportgen.errors import PdfError

# How PDFium gives a hyphen at the end of a line, and blanks that do not break.
_CHARACTERS = str.maketrans({"\ufffe": "-", "\x02": "-", "\u00a0": " ", "\u202f": " "})


def prepare() -> None:
    """Load the reader, so that nobody waits for it once the file is there."""
    import pypdfium2  # noqa: F401


def pages(content: bytes) -> tuple[tuple[str, ...], ...]:
    """Return the lines of each page, in the order in which they are written.

    Raises: PdfError if the file cannot be read.
    """
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(content) as opened:
            found = []
            for page in opened:
                textpage = page.get_textpage()
                lines = textpage.get_text_range().translate(_CHARACTERS).splitlines()
                found.append(tuple(line.strip() for line in lines if line.strip()))
                textpage.close()
                page.close()
    except pypdfium2.PdfiumError as error:
        raise PdfError(f"the PDF's words cannot be read: {error}") from error
    return tuple(found)
