"""Bodies read strictly: what is not the format that was asked for is an error, never half a table.

Numbers stay text until `sieve` reads them, so that no parser changes a digit on the way.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from reportgen.errors import MalformedError
from reportgen.sources.transport import Reply

_PAGE = re.compile(rb"^\s*(?:<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)
_PROLOGUE = re.compile(rb"^\s*(?:<\?xml[^>]*\?>)?\s*(?:<!--.*?-->\s*)*<!doctype", re.IGNORECASE | re.DOTALL)


class Numeral(str):
    """A number of a JSON body, as it was written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table, with its number in the file."""

    number: int
    cells: tuple[str, ...]

    def __str__(self) -> str:
        return ",".join(self.cells)


def fault(reply: Reply, found: str, expected: str) -> MalformedError:
    """Return the error for a body that is not what was asked for."""
    return MalformedError(
        f"{reply.url}: {found}, expected {expected}",
        hint="Nothing of this answer is stored. Fetch again later.",
    )


def as_text(reply: Reply, expected: str, *, latin: bool = False) -> str:
    """Return the body as text; with `latin`, bytes that are no UTF-8 are read as Windows text."""
    if not reply.body.strip():
        raise fault(reply, "an empty body", expected)
    if _PAGE.match(reply.body):
        raise fault(reply, f"a web page ({_title(reply.body)})", expected)
    try:
        return reply.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if latin:
            return reply.body.decode("cp1252", errors="replace")
        raise fault(reply, f"no UTF-8 at byte {error.start}", expected) from error


def as_json(reply: Reply) -> Any:
    """Return a JSON body with its numbers as text.

    Raises: MalformedError for HTML, a cut body, a key given twice, NaN.
    """
    text = as_text(reply, "JSON")
    try:
        return json.loads(
            text,
            parse_int=Numeral,
            parse_float=Numeral,
            parse_constant=_refuse,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError) as error:
        raise fault(reply, f"no JSON ({error}), {text[:60]!r}", "JSON") from error


def as_xml(reply: Reply) -> ElementTree.Element:
    """Return the root of an XML body.

    Raises: MalformedError for HTML, a cut body, a document type (which could swell).
    """
    as_text(reply, "XML")
    if _PROLOGUE.match(reply.body) or b"<!ENTITY" in reply.body:
        raise fault(reply, "a document type declaration", "plain XML")
    try:
        return ElementTree.fromstring(reply.body.strip())
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise fault(reply, f"no XML ({error})", "XML") from error


def as_lines(reply: Reply, *, delimiter: str = ",", latin: bool = False, name: str = "CSV") -> list[Line]:
    """Return the lines of a table of text, blank ones left out.

    Raises: MalformedError for HTML or a quotation that is never closed.
    """
    text = as_text(reply, name, latin=latin)
    return text_lines(text, reply, delimiter=delimiter, name=name)


def text_lines(text: str, reply: Reply, *, delimiter: str = ",", name: str = "CSV") -> list[Line]:
    """Return the lines of a table of text that came with a reply."""
    found = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(Line(reader.line_num, tuple(cell.strip() for cell in cells)))
    except csv.Error as error:
        raise fault(reply, f"no {name} ({error})", name) from error
    return found


def columns(reply: Reply, header: Line, names: Sequence[str]) -> dict[str, int]:
    """Return the place of each named column.

    Raises: MalformedError where a name is missing or stands twice.
    """
    found = {}
    for name in names:
        count = header.cells.count(name)
        if count != 1:
            said = "no column" if count == 0 else f"{count} columns"
            raise fault(reply, f"{said} {name!r} in the header {str(header)[:160]!r}", f"one column {name!r}")
        found[name] = header.cells.index(name)
    return found


def field(row: Any, name: str) -> str | None:
    """Return a field of a JSON object as text; None where it is absent, null or no plain value."""
    value = row.get(name) if isinstance(row, dict) else None
    return value if isinstance(value, str) else None


def listed(reply: Reply, content: Any, *path: str) -> list[Any]:
    """Return the list at a path of a JSON body.

    Raises: MalformedError where there is none.
    """
    found = content
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise fault(
            reply, f"no list at {'.'.join(path) or 'the top'}, {str(content)[:80]!r}", "a list of rows"
        )
    return found


def _title(body: bytes) -> str:
    found = re.search(rb"<title[^>]*>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
    return " ".join(found[1].decode("utf-8", "replace").split())[:80] if found else "no title"


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)!r} stands twice")
    return found
