"""The desk's own files: what a header says, and what a file may hold."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from reportgen import catalog
from reportgen.errors import FetchError
from reportgen.model import NEW_YORK, to_moment64
from reportgen.sources import Level, Want
from reportgen.sources.files import Folder
from tests.sources.asking import fetched, values
from tests.sources.conftest import NOW, Memory

HEADER = """
file = "move.csv"
series = "move"
unit = "index"
date_column = "Date"
value_column = "PX_LAST"
publication = "rule"
licence = "Restricted: ICE"
"""
FILE = "Date,PX_LAST\n2026-11-18,72.31\n2026-11-19,73.9\n2026-11-20,71.05\n"


def folder(path: Path, header: str = HEADER, text: str | bytes = FILE, name: str = "move") -> Folder:
    (path / f"{name}.toml").write_text(header, encoding="utf-8")
    (path / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Folder(path)


def test_a_file_gives_its_series(tmp_path, transport):
    source = folder(tmp_path)
    assert source.series == ("move",)
    (answer,) = fetched(source, transport)
    assert values(answer) == {"move": {"2026-11-18": 72.31, "2026-11-19": 73.9, "2026-11-20": 71.05}}
    (rows,) = answer.rows
    assert (rows.url, answer.requests) == ("move.csv", 0)
    assert np.isnat(rows.published).all()


def test_a_file_is_read_again_only_when_it_changed(tmp_path, making):
    memory: Memory = {}
    source = folder(tmp_path)
    fetched(source, making(memory))
    newest = {"move": dt.date(2026, 11, 20)}
    (again,) = fetched(source, making(memory), newest=newest)
    assert (again.not_modified, again.rows) == (1, ())
    assert fetched(source, making(memory))[0].rows  # an empty store gets it again
    (tmp_path / "move.csv").write_text(FILE + "2026-11-23,70\n")
    monday = making(memory, now=NOW + dt.timedelta(days=3))
    assert len(fetched(source, monday, newest=newest)[0].rows[0]) == 4


def test_a_header_that_is_corrected_is_heard(tmp_path, making):
    """The numbers of a spread were basis points and the header said percent; the file was right."""
    memory: Memory = {}
    header = HEADER.replace('"move"', '"swap_spread_10y"')
    text = "Date,PX_LAST\n2026-11-19,-4.875\n2026-11-20,-4.9\n"
    wrong = folder(tmp_path, header.replace('"index"', '"percent"'), text)
    assert values(*fetched(wrong, making(memory)))["swap_spread_10y"]["2026-11-20"] == -490
    day = dt.date(2026, 11, 20)
    held = {"newest": {"swap_spread_10y": day}, "levels": {"swap_spread_10y": Level(day, -490.0)}}
    (same,) = fetched(wrong, making(memory), **held)
    assert same.not_modified
    right = folder(tmp_path, header.replace('"index"', '"bp"'), text)
    (answer,) = fetched(right, making(memory), **held)
    assert answer.complete
    assert values(answer)["swap_spread_10y"]["2026-11-20"] == -4.9
    # Without a corrected header the same leap is a change of unit.
    folder(tmp_path, header.replace('"index"', '"bp"'), text.replace("-4.", "-490."))
    held["levels"] = {"swap_spread_10y": Level(day, -4.9)}
    (leap,) = fetched(right, making(memory), **held)
    assert "held as -4.9" in leap.quarantined[0].found


@pytest.mark.parametrize(
    ("changes", "text", "expected"),
    [
        ('date_format = "DD.MM.YYYY"\ndelimiter = ";"\ndecimal = ","',
         "Date;PX_LAST\r\n18.11.2026;72,31\r\n", {"2026-11-18": 72.31}),
        ('date_format = "DD/MM/YYYY"', "Date,PX_LAST\n03/11/2026,72.31\n", {"2026-11-03": 72.31}),
        ('date_format = "MM/DD/YYYY"', "Date,PX_LAST\n11/03/2026,72.31\n", {"2026-11-03": 72.31}),
        ('date_format = "YYYYMMDD"\ndelimiter = "\\t"', "x\tDate\tPX_LAST\na\t20261103\t72.31\n",
         {"2026-11-03": 72.31}),
        ('encoding = "cp1252"', "Date,PX_LAST,Währung\n2026-11-18,72.31,€\n".encode("cp1252"),
         {"2026-11-18": 72.31}),
        ("", "\ufeffDate,PX_LAST\n2026-11-18,72.31\n", {"2026-11-18": 72.31}),
    ],
)  # fmt: skip
def test_exports_of_many_kinds_are_read(tmp_path, transport, changes, text, expected):
    (answer,) = fetched(folder(tmp_path, HEADER + changes, text), transport)
    assert answer.complete
    assert values(answer) == {"move": expected}


def test_what_the_vendor_marks_as_missing_is_missing(tmp_path, transport):
    text = "Date,PX_LAST\n2026-11-18,#N/A N/A\n2026-11-19,72\n"
    (answer,) = fetched(folder(tmp_path, HEADER + 'missing = ["#N/A N/A"]', text), transport)
    assert np.isnan(values(answer)["move"]["2026-11-18"])
    (answer,) = fetched(folder(tmp_path, HEADER, text), transport)
    assert "'#N/A N/A'" in answer.quarantined[0].found


@pytest.mark.parametrize(
    ("series", "unit", "text", "value"),
    [("swap_spread_10y", "percent", "-0.4875", -48.75), ("ff_implied_12m", "bp", "312.5", 3.125)],
)
def test_units_that_differ_in_size_are_converted(tmp_path, transport, series, unit, text, value):
    header = HEADER.replace('"move"', f'"{series}"').replace('"index"', f'"{unit}"')
    (answer,) = fetched(folder(tmp_path, header, f"Date,PX_LAST\n2026-11-18,{text}\n"), transport)
    assert values(answer) == {series: {"2026-11-18": value}}


def test_a_column_of_moments_says_when_a_value_was_public(tmp_path, transport):
    header = HEADER.replace('"rule"', '"Seen"')
    text = (
        "Date,PX_LAST,Seen\n2026-11-18,72.31,2026-11-18T18:30\n2026-11-18,72.4,2026-11-19T09:00-05:00\n"
        "2026-11-19,73,2026-12-19T09:00\n2026-11-20,73,later\n"
    )
    (answer,) = fetched(folder(tmp_path, header, text), transport)
    (rows,) = answer.rows
    assert rows.values.tolist() == [72.31, 72.4]
    assert rows.published.tolist() == [
        to_moment64(dt.datetime(2026, 11, 18, 18, 30, tzinfo=NEW_YORK)).item(),
        to_moment64(dt.datetime(2026, 11, 19, 9, 0, tzinfo=NEW_YORK)).item(),
    ]
    assert ["Seen" in q.found for q in answer.quarantined] == [True, True]


@pytest.mark.parametrize("seen", ["2016-11-19T18:00", "2026-11-18T09:59Z", "0001-01-01T00:00+23:59"])
def test_nobody_saw_a_value_before_its_day(tmp_path, transport, seen):
    header = HEADER.replace('"rule"', '"Seen"')
    text = f"Date,PX_LAST,Seen\n2026-11-18,72.31,2026-11-18T18:30\n2026-11-19,73.9,{seen}\n"
    (answer,) = fetched(folder(tmp_path, header, text), transport)
    assert values(answer) == {"move": {"2026-11-18": 72.31}}
    assert [q.found for q in answer.quarantined] == [f"Seen {seen!r}"]


def test_a_header_may_begin_with_the_mark_of_windows(tmp_path, transport):
    (answer,) = fetched(folder(tmp_path, "\ufeff" + HEADER.lstrip()), transport)
    assert len(values(answer)["move"]) == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Date,PX_LAST\n2026-11-18,72.31\n2026-11-19,7231\n", "7231 on 2026-11-19"),
        ('Date,PX_LAST\n2026-11-18,72.31\n2026-11-19,"7,231"\n', "the value '7,231'"),
        ("Date,PX_LAST\n2026-11-18,72.31\n2026-11-19\n", "1 cells"),
        ("Date,PX_LAST\n2026-11-18,72.31\n19-Nov-26,73\n", "the date '19-Nov-26'"),
        ("Date,PX_LAST\n2026-11-18,72.31\n2026-11-21,73\n", "73 on 2026-11-21"),
        ("Date,PX_LAST\n2026-11-18,72.31\n2026-11-23,73\n", "73 on 2026-11-23"),  # a close yet to come
    ],
)
def test_a_line_that_cannot_be_is_quarantined(tmp_path, transport, text, found):
    (answer,) = fetched(folder(tmp_path, HEADER, text), transport)
    assert values(answer) == {"move": {"2026-11-18": 72.31}}
    assert [found in q.found for q in answer.quarantined] == [True]
    assert answer.quarantined[0].url == "move.csv"


@pytest.mark.parametrize(
    ("text", "said"),
    [("Datum,PX_LAST\n1,2\n", "no column 'Date'"), ("Date,PX_LAST\n", "1 lines"), (b"\xff\xfe", "no utf-8"),
     ('Date,PX_LAST\n"2026', "no CSV")],
)  # fmt: skip
def test_a_file_that_does_not_fit_its_header_is_an_error(tmp_path, transport, text, said):
    (answer,) = fetched(folder(tmp_path, HEADER, text), transport)
    assert said in str(answer.failed["move"])


def test_a_file_that_is_not_there_is_late_and_spoils_nothing(tmp_path, transport):
    folder(tmp_path, HEADER.replace("move", "gone").replace('series = "gone"', 'series = "dxy"'), name="a")
    (tmp_path / "a.csv").unlink()
    missing, move = fetched(folder(tmp_path), transport)
    assert "gone.csv: No such file" in str(missing.failed["dxy"])
    assert values(move)["move"]
    probe = Folder(tmp_path).probe(transport)
    assert (probe.reachable, probe.detail) == (False, "2 files; not there: gone.csv")


def test_every_fault_of_every_header_is_said_at_once(tmp_path, transport):
    folder(tmp_path, HEADER.replace('unit = "index"\n', "") + 'colour = "red"', name="a")
    folder(tmp_path, HEADER.replace('"index"', '"usd_bn"').replace("Restricted: ICE", "free"), name="b")
    folder(tmp_path, HEADER.replace('"move"', '"moove"'), name="c")
    folder(tmp_path, HEADER.replace("move.csv", "../move.csv") + 'delimiter = ","\ndecimal = ","', name="d")
    folder(tmp_path, "file = [", name="e")
    source = Folder(tmp_path)
    assert source.series == ()
    with pytest.raises(FetchError) as raised:
        fetched(source, transport)
    said = str(raised.value)
    assert source.probe(transport).detail == raised.value.message
    for fault in (
        "a.toml: unit: missing; colour: unknown key",
        "b.toml: unit: expected one that becomes index, found 'usd_bn'",
        "b.toml: licence: expected 'Restricted: …' as in the catalogue, found 'free'",
        "c.toml: series: moove: no such series in the catalogue (Nearest known: move",
        "d.toml: file: expected the name of a .csv beside the header, found '../move.csv'",
        "d.toml: delimiter: the same as decimal",
        "e.toml: not readable as TOML",
    ):
        assert fault in said


def test_a_faulty_header_a_second_one_or_none_spoil_no_other_file(tmp_path, transport):
    folder(tmp_path)
    (tmp_path / "basis.csv").write_text("Date,x\n")
    move, stray = fetched(Folder(tmp_path), transport)
    assert values(move)["move"]
    assert (stray.notes, stray.complete) == (("no header names basis.csv: not read",), True)
    assert Folder(tmp_path).probe(transport).detail == "1 files; without a header: basis.csv"
    folder(tmp_path, name="second")
    answers = Folder(tmp_path).fetch(Want(("move",)), transport)
    assert values(next(answers))["move"]
    with pytest.raises(FetchError, match=r"second\.toml: series: move has another header already"):
        next(answers)
    with pytest.raises(FetchError, match="no such folder"):
        fetched(Folder(tmp_path / "none"), transport)


def test_the_catalogue_knows_what_desks_export():
    for series in ("move", "xccy_eur_3m", "xccy_jpy_3m", "swap_spread_10y", "ff_implied_12m"):
        assert catalog.series(series).restricted
