"""The OFR's and the Chicago Fed's sheets, on recorded files."""

from __future__ import annotations

import csv
import datetime as dt

import numpy as np
import pytest

from reportgen.errors import MalformedError
from reportgen.sources import chicagofed, ofr
from tests.sources.asking import body, fetched, held, values
from tests.sources.conftest import Memory

FSI, NFCI = "/financial-stress-index/data/fsi.csv", "/-/media/publications/nfci/nfci-data-series-csv.csv"
FSI_NAME, NFCI_NAME = "ofr/fsi_from_2015.csv", "chicagofed/nfci-data-series-csv.csv"
FSI_HEAD, NFCI_HEAD = (body(n).splitlines()[0] for n in (FSI_NAME, NFCI_NAME))


def test_the_whole_index_is_the_embedded_one(replay, transport):
    replay.recorded(FSI, FSI_NAME)
    (answer,) = fetched(ofr.SOURCE, transport)
    assert answer.complete
    found = values(answer)
    assert set(found) == set(ofr.SOURCE.series)
    lines = list(csv.DictReader(body(FSI_NAME).decode().splitlines()))
    assert len(found["ofr_fsi"]) == len(lines)
    assert found["ofr_fsi_emerging"][lines[0]["Date"]] == float(lines[0]["Emerging markets"])
    compared = 0
    for series, days in found.items():
        for day, value in held(series).items():
            if day in days:
                assert abs(days[day] - value) < 0.0005, (series, day)
                compared += 1
    assert compared > 20_000


def test_the_whole_conditions_index_is_read(replay, transport):
    replay.recorded(NFCI, NFCI_NAME)
    (answer,) = fetched(chicagofed.SOURCE, transport)
    assert answer.complete
    found = values(answer)
    lines = list(csv.DictReader(body(NFCI_NAME).decode().splitlines()))
    assert {len(days) for days in found.values()} == {len(lines)}
    assert found["nfci"]["1971-01-08"] == 0.589720421016114
    assert found["nfci_leverage"]["1971-01-15"] == -1.0488293765264


def test_only_what_is_wanted_from_the_day_on(replay, transport):
    replay.recorded(NFCI, NFCI_NAME)
    (answer,) = fetched(chicagofed.SOURCE, transport, "anfci", since=dt.date(2026, 2, 1))
    assert list(values(answer)) == ["anfci"]
    assert min(values(answer)["anfci"]) == "2026-02-06"


@pytest.mark.parametrize(
    ("source", "path", "name"), [(ofr.SOURCE, FSI, FSI_NAME), (chicagofed.SOURCE, NFCI, NFCI_NAME)]
)
def test_an_unchanged_file_is_not_sent_again(replay, making, source, path, name):
    replay.recorded(path, name)
    memory: Memory = {}
    newest = dict.fromkeys(source.series, dt.date(2026, 3, 6))
    fetched(source, making(memory), newest=newest)
    (again,) = fetched(source, making(memory), newest=newest)
    assert (again.not_modified, again.bytes, again.rows, again.complete) == (1, 0, (), True)
    (empty,) = fetched(source, making(memory))  # the store is empty again
    assert empty.rows
    assert source.probe(making()).reachable


def line(day: str, value: str = "-1") -> bytes:
    return f"{day},{value},{value}{',0' * 7}".encode()


SECOND, THIRD, SIXTH, SEVENTH = (f"2025-01-0{d}" for d in (2, 3, 6, 7))


@pytest.mark.parametrize(
    ("lines", "found", "kept"),
    [
        ([line(SECOND), b"2025-01-03,-1,0"], "3 cells", [SECOND]),
        ([line(SECOND), line(THIRD, "")], None, [SECOND, THIRD]),
        ([line(SECOND), line(THIRD, "#REF!")], "'#REF!'", [SECOND]),
        ([line(SECOND), line(THIRD, "99")], "99 on", [SECOND]),
        ([line(SECOND), line(SECOND, "-2")], "-1.0, -2.0", []),
        (
            [line(SECOND), line("2025-01-09"), line(SIXTH), line(SEVENTH)],
            "2025-01-09 out of order",
            [SECOND, SIXTH, SEVENTH],
        ),
    ],
)
def test_a_line_that_cannot_be_is_quarantined(replay, transport, lines, found, kept):
    replay.route(FSI, b"\r\n".join([FSI_HEAD, *lines]))
    (answer,) = fetched(ofr.SOURCE, transport, "ofr_fsi")
    assert list(values(answer).get("ofr_fsi", {})) == kept
    assert [found in q.found for q in answer.quarantined] == ([True] if found else [])
    assert all(not np.isinf(v) for v in values(answer).get("ofr_fsi", {}).values())


def test_a_day_whose_categories_miss_the_index_is_not_believed(replay, transport):
    recorded = body(FSI_NAME)
    assert recorded.count(b"-1.845,-0.904,") == 1
    replay.route(FSI, recorded.replace(b"-1.845,-0.904,", b"-1.845,-0.940,"))
    (answer,) = fetched(ofr.SOURCE, transport)
    assert [q.found for q in answer.quarantined] == ["0.037 away from the total of -1.845"]
    assert all("2024-11-29" not in days for days in values(answer).values())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (body("ofr/hf_invalid_mnemonic.txt"), "1 lines"),
        (FSI_HEAD.replace(b"Credit", b"Loans") + b"\n" + line(SECOND), "no column 'Credit'"),
        (FSI_HEAD.replace(b"Funding", b"Credit") + b"\n" + line(SECOND), "2 columns 'Credit'"),
        (b"<!DOCTYPE html><html><title>502</title>", "a web page (502)"),
        (b'"Date,OFR FSI\n2025-01-02', "no CSV"),
        (b"", "an empty body"),
        (b"\xff\xfe\x00", "no UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_sheet_is_an_error(replay, transport, wrong, said):
    replay.route(FSI, wrong)
    (answer,) = fetched(ofr.SOURCE, transport)
    assert all(isinstance(e, MalformedError) for e in answer.failed.values())
    assert said in str(answer.failed["ofr_fsi"])
    assert set(answer.failed) == set(ofr.SOURCE.series)
