"""For other people's documents: facts as CSV and as a workbook, the data of figures as CSV.

A restricted series is quoted through the facts, but no history of it is handed on.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence

from reportgen.model import NEW_YORK, Fact, Series
from reportgen.render.attachments import as_csv
from reportgen.render.context import NoteContext
from reportgen.text import NBSP

_FACTS = (
    *("id", "label", "value", "unit", "text", "observed", "start", "published", "series", "method"),
    *("revised", "stale", "restricted"),
)
_SERIES = ("series", "title", "unit", "source", "citation", "licence", "url", "restricted")
_DAYS = ("observed", "start")
_WIDTHS = {
    "id": 34,
    "label": 44,
    "text": 18,
    "title": 60,
    "citation": 60,
    "method": 60,
    "series": 26,
    "url": 50,
}

Row = tuple[float | str, ...]


def files(context: NoteContext) -> dict[str, bytes]:
    """Return the exports of a note by their names in its folder."""
    facts, series = fact_rows(context.facts), series_rows(context.facts)
    return {
        "facts.csv": _csv(_FACTS, facts),
        "facts.xlsx": _workbook(context, {"Facts": (_FACTS, facts), "Series": (_SERIES, series)}),
        **exhibit_files(context),
    }


def exhibit_files(context: NoteContext) -> dict[str, bytes]:
    """Return the data behind each exhibit as CSV, by file name; an exhibit of restricted series has none."""
    return {
        f"data/{exhibit.id}.csv": as_csv(exhibit.table)
        for exhibit in context.exhibits
        if exhibit.table is not None and not exhibit.restricted
    }


def fact_rows(facts: Mapping[str, Fact]) -> list[Row]:
    """Return one row a fact; its inputs are named, their values are not repeated."""
    return [
        (
            fact.id,
            fact.label,
            fact.value,
            fact.unit,
            fact.text.replace(NBSP, " "),
            fact.observed.isoformat(),
            "" if fact.start is None else fact.start.isoformat(),
            fact.published.astimezone(NEW_YORK).isoformat(),
            " ".join(s.id for s in _parents([fact])),
            fact.method,
            _yes(fact.revised),
            fact.stale or "",
            _yes(fact.restricted),
        )
        for fact in facts.values()
    ]


def series_rows(facts: Mapping[str, Fact]) -> list[Row]:
    """Return one row for each series behind the facts, with the terms under which it may be used."""
    return [
        (s.id, s.title, s.unit, s.source, s.citation, s.licence, s.url, _yes(s.restricted))
        for s in sorted(_parents(facts.values()), key=lambda s: s.id)
    ]


def _parents(facts: Iterable[Fact]) -> tuple[Series, ...]:
    return tuple({i.series.id: i.series for fact in facts for i in fact.inputs}.values())


def _yes(found: bool) -> str:
    return "yes" if found else "no"


def _csv(header: Sequence[str], rows: Iterable[Sequence[float | str]]) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue().encode()


def _workbook(context: NoteContext, sheets: Mapping[str, tuple[Sequence[str], Sequence[Row]]]) -> bytes:
    """Return a workbook with one sheet a table: heads stay and filter, days are dates, words no formulas."""
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.set_properties(
            {
                "title": f"Facts of {context.note_id}",
                "author": ", ".join(a.name for a in context.desk.analysts),
                "company": context.desk.brand.name,
                "comments": f"As of {context.as_of.isoformat()}. Restricted: may be quoted, not handed on.",
                "created": context.as_of.astimezone(dt.UTC).replace(tzinfo=None),
            }
        )
        head = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        for name, (header, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            for column, title in enumerate(header):
                sheet.set_column(column, column, _WIDTHS.get(title, 14))
                sheet.write_string(0, column, title, head)
            for line, row in enumerate(rows, 1):
                for column, (title, cell) in enumerate(zip(header, row, strict=True)):
                    if title in _DAYS and isinstance(cell, str) and cell:
                        sheet.write_datetime(line, column, dt.date.fromisoformat(cell), day)
                    elif isinstance(cell, str):
                        sheet.write_string(line, column, cell)
                    else:
                        sheet.write_number(line, column, cell)
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, max(len(rows), 1), len(header) - 1)
    return target.getvalue()
