"""Exports: one row a fact, terms beside them, nothing of a restricted series but what is quoted."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from reportgen.model import Fact, Observation
from reportgen.render import exports
from reportgen.render.context import DataTable, Exhibit, NoteContext

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HISTORY = [(dt.date(2025, 4, 10), 437.0), (dt.date(2025, 4, 4), 445.0)]


@pytest.fixture
def quoted(make_context: Callable[..., NoteContext]) -> NoteContext:
    """Return a note in which one fact and one exhibit rest on a restricted series."""
    base = make_context()
    fact = base.facts["credit.hy_oas.change_week"]
    series = replace(fact.inputs[0].series, id="hy_oas", restricted=True, licence="may be quoted")
    seen = tuple(Observation(series, day, value, fact.published) for day, value in HISTORY)
    facts = {**base.facts, fact.id: replace(fact, inputs=seen)}
    first, *rest = base.exhibits
    return replace(base, facts=facts, exhibits=(replace(first, restricted=True), *rest))


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def sheet(content: bytes, number: int) -> list[list[str | float]]:
    """Read a sheet of a workbook: words as they are, numbers as numbers."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        strings = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        words = ["".join(t.text or "" for t in s.iter(f"{SHEET}t")) for s in strings.iter(f"{SHEET}si")]
        cells = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    read: list[list[str | float]] = []
    for row in cells.iter(f"{SHEET}row"):
        read.append([])
        for cell in row.iter(f"{SHEET}c"):
            assert cell.find(f"{SHEET}f") is None  # no formula
            value = cell.findtext(f"{SHEET}v") or ""
            read[-1] += [""] * (
                ord(cell.attrib["r"][0]) - ord("A") - len(read[-1])
            )  # empty cells are left out
            read[-1].append(words[int(value)] if cell.get("t") == "s" else float(value))
    return read


def test_each_fact_has_a_row_with_its_pedigree(context: NoteContext) -> None:
    found = {row["id"]: row for row in rows(exports.files(context)["facts.csv"])}
    assert list(found) == list(context.facts)
    assert found["ust.10y.change_week"] == {
        "id": "ust.10y.change_week",
        "label": "ust 10y change_week",
        "value": "39.0",
        "unit": "bp",
        "text": "+39 bp",
        "observed": "2025-04-10",
        "start": "2025-04-04",
        "published": "2025-04-10T18:00:00-04:00",
        "series": "ust_10y",
        "method": "difference of closes, ×100",
        "revised": "no",
        "stale": "",
        "restricted": "no",
    }
    assert found["liquidity.state"]["value"] == "weakening"
    assert found["ust.10y.level"]["start"] == ""


def test_the_workbook_says_the_same_as_the_csv(context: NoteContext) -> None:
    found = exports.files(context)
    head, *body = sheet(found["facts.xlsx"], 1)
    plain = rows(found["facts.csv"])
    assert head == list(plain[0])
    for line, row in zip(body, plain, strict=True):
        said = {**row, "value": context.facts[row["id"]].value}
        for key in ("observed", "start"):  # dates that sort and filter: days since the end of 1899
            if row[key]:
                said[key] = float((dt.date.fromisoformat(row[key]) - dt.date(1899, 12, 30)).days)
        assert line == list(said.values())
    with zipfile.ZipFile(io.BytesIO(found["facts.xlsx"])) as book:
        assert b'formatCode="yyyy-mm-dd"' in book.read("xl/styles.xml")


def test_the_workbook_lists_each_series_with_its_terms(quoted: NoteContext) -> None:
    head, *body = sheet(exports.files(quoted)["facts.xlsx"], 2)
    found = {str(line[0]): dict(zip(map(str, head), line, strict=True)) for line in body}
    assert list(found) == ["hy_oas", "ust_10y"]
    assert (found["hy_oas"]["licence"], found["hy_oas"]["restricted"]) == ("may be quoted", "yes")
    assert found["ust_10y"]["url"] == "https://fred.stlouisfed.org/series/DGS10"


def test_a_restricted_series_is_quoted_but_its_history_is_not_handed_on(quoted: NoteContext) -> None:
    found = exports.files(quoted)
    row = next(r for r in rows(found["facts.csv"]) if r["id"] == "credit.hy_oas.change_week")
    assert (row["value"], row["series"], row["restricted"]) == ("-8.0", "hy_oas", "yes")
    for content in (found["facts.csv"].decode(), str(sheet(found["facts.xlsx"], 1))):
        assert "445" not in content  # the other observation behind the change
    kept = {f"data/{e.id}.csv" for e in quoted.exhibits[1:]}
    assert {name for name in found if name.startswith("data/")} == kept


def test_an_exhibit_without_a_table_has_no_file(
    context: NoteContext, make_exhibit: Callable[..., Exhibit]
) -> None:
    table = DataTable(("Tenor", "10 April (%)"), (("2", "3.84"), ("10", "−1,234.50"), ("30", "")))
    exhibits = (make_exhibit("curve", table=table), make_exhibit("risk", table=None))
    found = exports.exhibit_files(replace(context, exhibits=exhibits))
    assert found == {"data/curve.csv": b"Tenor,10 April (%)\n2,3.84\n10,-1234.50\n30,\n"}


def test_the_same_note_gives_the_same_bytes_whenever_it_is_written(
    context: NoteContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = exports.files(context)
    with zipfile.ZipFile(io.BytesIO(first["facts.xlsx"])) as book:
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2025-04-11T03:59:00Z" in book.read("docProps/core.xml")  # the as-of, in UTC
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert exports.files(context) == first


def test_words_that_look_like_formulas_stay_words(
    make_context: Callable[..., NoteContext], make_fact: Callable[..., Fact]
) -> None:
    odd = replace(make_fact("x.level", 1.0, "index"), label="=1+1", method="https://example.com")
    found = exports.files(make_context(facts={"x.level": odd}))
    line = sheet(found["facts.xlsx"], 1)[1]
    assert "=1+1" in line
    assert "https://example.com" in line
