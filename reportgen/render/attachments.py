"""What lies in the PDF besides its pages: the facts, the data of the figures, the digest of the data pack."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Literal

from reportgen.render.context import DataTable, NoteContext
from reportgen.render.press import NO_VALUE, format_cell
from reportgen.text import MINUS

FACTS = "facts.json"
DIGEST = "inputs.sha256.txt"  # readers of PDF files open a name that ends so
_NUMBER = re.compile(rf"[+{MINUS}]?\d{{1,3}}(,\d{{3}})*(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Attached:
    """One file in the PDF and what it is to the note: the data behind it, or something besides them."""

    name: str
    content: bytes
    description: str
    relationship: Literal["Data", "Supplement"] = "Data"


def attached(context: NoteContext, facts: bytes, pack: str, sha256: str) -> tuple[Attached, ...]:
    """Return the facts, the data of each figure that may be handed on, and the digest of the data pack."""
    figures = (
        Attached(f"{e.id}.csv", as_csv(e.table), f"{e.subtitle}. {e.source_line}")
        for e in context.exhibits
        if e.table is not None and not e.restricted
    )
    digest = Attached(DIGEST, digest_line(pack, sha256), f"sha256 of {pack}", "Supplement")
    return (Attached(FACTS, facts, "facts of the note with their pedigree"), *figures, digest)


def read(pdf: bytes) -> dict[str, bytes] | None:
    """Return the files in a PDF; None if it cannot be read."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(pdf)) as opened:
            return {name: file.get_file().read_bytes() for name, file in opened.attachments.items()}
    except pikepdf.PdfError:
        return None


def digest_line(pack: str, sha256: str) -> bytes:
    """Write the digest of the data pack as `sha256sum --check` reads it."""
    return f"{sha256}  {pack}\n".encode()


def as_csv(table: DataTable) -> bytes:
    """Write the data of a figure for machines: plain minus signs, no grouped thousands, gaps empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.header)
    writer.writerows([plain_cell(format_cell(cell)) for cell in row] for row in table.rows)
    return out.getvalue().encode()


def rows_of(content: bytes) -> list[list[str]]:
    """Read the data of a figure as they were written."""
    return list(csv.reader(io.StringIO(content.decode(errors="replace"))))


def plain_cell(cell: str) -> str:
    """Return a printed number as machines read it, a gap as nothing, and anything else as it is."""
    if cell == NO_VALUE:
        return ""
    return cell.replace(",", "").replace(MINUS, "-") if _NUMBER.fullmatch(cell) else cell
