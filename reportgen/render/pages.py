"""Where two PDF files part: at which page, or in what lies around the pages."""

from __future__ import annotations

import io

import pikepdf


def parting(one: bytes, other: bytes) -> str:
    """Say at which page two PDF files begin to differ, or that only the parts around the pages do."""
    try:
        with pikepdf.open(io.BytesIO(one)) as first, pikepdf.open(io.BytesIO(other)) as second:
            drawn = [_drawn(page) for page in first.pages], [_drawn(page) for page in second.pages]
    except pikepdf.PdfError as error:
        return f"no readable PDF ({error})"
    for number, (before, after) in enumerate(zip(*drawn, strict=False), 1):
        if before != after:
            return f"page {number} is drawn otherwise"
    if len(drawn[0]) != len(drawn[1]):
        return f"{len(drawn[0])} pages, and now {len(drawn[1])}"
    return "the pages are drawn alike, what lies around them (fonts, structure, attachments) differs"


def _drawn(page: pikepdf.Page) -> bytes:
    contents = page.obj.get("/Contents")
    if contents is None:
        return b""
    parts = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    return b"\n".join(part.read_bytes() for part in parts)
