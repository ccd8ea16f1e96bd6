"""Foreign holdings of Treasuries, on the recorded history and a table composed of it."""

from __future__ import annotations

import csv
import datetime as dt

import pytest

from reportgen import catalog
from reportgen.errors import MalformedError
from reportgen.sources.tic import SOURCE
from tests.sources.asking import body, fetched, held, values
from tests.sources.conftest import Memory

FOLDER_PATH = "/resource-center/data-chart-center/tic/Documents/"
NEWEST, HISTORY = f"{FOLDER_PATH}slt_table5.txt", f"{FOLDER_PATH}mfhhis01.txt"
LISTED = {
    line.split("\t")[0].strip('"') for line in body("tic/mfhhis01.txt").decode("cp1252").splitlines()[:53]
}
# Held of a country: to the last month in which it was listed.
HELD = {
    "newest": {
        s: dt.date(2026, 7, 31)
        if catalog.series(s).source.partition("/")[2] in LISTED
        else dt.date(2024, 1, 31)
        for s in SOURCE.series
    }
}
OFFICIAL = {
    "For. Official": "Of Which: Foreign Official",
    "Treasury Bills": "Of Which: Foreign Official Treasury Bills",
    "T-Bonds & Notes": "Of Which: Foreign Official T-Bonds & Notes",
}


def table(*, months: int = 12) -> str:
    """Compose the table of the newest months from the history's 2025, in the form of the excerpt."""
    lines = list(csv.reader(body("tic/mfhhis01.txt").decode("cp1252").splitlines(), delimiter="\t"))
    start = next(at for at, line in enumerate(lines) if line[0] == "Country")
    end = next(at for at, line in enumerate(lines[start + 1 :], start + 1) if line[0] == "T-Bonds & Notes")
    heads = "\t".join(["Country", *(f"2026-{m:02}" for m in range(12, 0, -1))][: months + 1])
    rows = [
        "\t".join([OFFICIAL.get(line[0], line[0]), *line[1 : months + 1]])
        for line in lines[start + 2 : end + 1]
        if any(cell.strip() for cell in line[1:])
    ]
    title = "Table 5: Major Foreign Holders of Treasury Securities\t\t\t\r\nLink: x\t\t\r\n\t\t\t"
    return "\r\n".join([title, heads.replace("2026", "2025"), *rows, ""])


def test_the_recorded_history_is_the_embedded_one(replay, transport):
    replay.recorded(HISTORY, "tic/mfhhis01.txt")
    history, newest = fetched(SOURCE, transport)
    assert newest.failed  # nothing of it is served here
    assert history.complete
    found, compared = values(history), 0
    for series, days in found.items():
        for day, value in held(series).items():
            assert days[day] == value, (series, day)
            compared += 1
    assert compared > 5000
    assert set(found) == set(SOURCE.series)
    assert (min(found["tic_japan"]), found["tic_china"]["2025-12-31"]) == ("2012-01-31", 683.5)


def test_the_newest_months_are_read_in_their_own_form(replay, transport):
    replay.route(NEWEST, table().encode())
    (answer,) = fetched(SOURCE, transport, **HELD)
    found = values(answer)
    assert (found["tic_total"]["2025-12-31"], found["tic_total"]["2025-01-31"]) == (9271.0, 8617.8)
    assert found["tic_official_bills"]["2025-12-31"] == 388.5
    assert found["tic_china"]["2025-11-30"] == 683.9
    assert not answer.quarantined
    assert replay.asked[0].path == NEWEST  # the years before are held
    assert len(replay.asked) == 1


def test_an_excerpt_does_not_add_up_and_is_not_believed(replay, transport):
    """The recorded excerpt has three of some forty countries."""
    replay.recorded(NEWEST, "tic/slt_table5_excerpt.txt")
    (answer,) = fetched(SOURCE, transport, **HELD)
    assert not answer.rows
    assert [q.where for q in answer.quarantined] == ["2026-07", "2026-06", "2026-05"]
    assert "away from the total of 9248.1" in answer.quarantined[0].found
    assert "no row any more for Australia, Belgium" in answer.notes[0]


def test_a_wrong_figure_spoils_its_month_alone(replay, transport):
    text = table()
    assert "Japan\t1185.5\t1202.7" in text
    replay.route(NEWEST, text.replace("Japan\t1185.5\t1202.7", "Japan\t1185.5\t1220.7").encode())
    (answer,) = fetched(SOURCE, transport, **HELD)
    assert [q.where for q in answer.quarantined] == ["2025-11"]
    assert "2025-11-30" not in values(answer)["tic_china"]
    assert values(answer)["tic_japan"]["2025-12-31"] == 1185.5


@pytest.mark.parametrize("mark", ["n.a.x", "1,185.5x", "null"])
def test_a_cell_that_is_no_number_spoils_what_it_should(replay, transport, mark):
    replay.route(NEWEST, table().replace("Japan\t1185.5", f"Japan\t{mark}").encode())
    (answer,) = fetched(SOURCE, transport, **HELD)
    assert "2025-12-31" not in values(answer)["tic_japan"]
    assert answer.quarantined


def test_a_country_that_is_no_longer_listed_is_said(replay, transport):
    lines = table().split("\r\n")
    gone = next(line for line in lines if line.startswith("Chile")).split("\t")
    rest = next(at for at, line in enumerate(lines) if line.startswith("All Other"))
    cells = lines[rest].split("\t")
    lines[rest] = "\t".join(
        [cells[0], *(f"{float(a) + float(b):.1f}" for a, b in zip(cells[1:], gone[1:], strict=True))]
    )
    text = "\r\n".join(line for line in lines if not line.startswith("Chile"))
    replay.route(NEWEST, text.encode())
    (answer,) = fetched(SOURCE, transport, **HELD)
    assert "tic_chile" not in values(answer)
    assert answer.notes[0].endswith("no row any more for Chile; part of All Other, or renamed")
    assert answer.complete


def test_a_month_that_stands_twice_is_not_believed(replay, transport):
    replay.route(NEWEST, table().replace("2025-11", "2025-12").encode())
    (answer,) = fetched(SOURCE, transport, **HELD)
    assert [q.found for q in answer.quarantined] == ["the month twice"] * 2
    assert "2025-12-31" not in values(answer)["tic_japan"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("<html><body>Page moved</body></html>", "a web page"),
        ("Table 5\nNo header\t1\t2", "no line that begins with Country"),
        ("Country\tA\tB\nJapan\t1\t2\nGrand Total\t1\t2", "months"),
        ("Country\t2026-07\t2026-06\nJapan\t1\t2", "no Grand Total"),
        ("", "an empty body"),
    ],
)
def test_what_is_no_table_is_an_error(replay, transport, wrong, said):
    replay.route(NEWEST, wrong.encode())
    (answer,) = fetched(SOURCE, transport, **HELD)
    assert isinstance(answer.failed["tic_japan"], MalformedError)
    assert said in str(answer.failed["tic_japan"])


def test_a_country_that_the_catalogue_has_gained_gets_its_past(replay, making):
    replay.recorded(HISTORY, "tic/mfhhis01.txt")
    replay.route(NEWEST, table().encode())
    memory: Memory = {}
    newest = {s: day for s, day in HELD["newest"].items() if s != "tic_japan"}
    history, recent = fetched(SOURCE, making(memory), newest=newest)
    assert min(values(history)["tic_japan"]) == "2012-01-31"
    assert recent.told.keys() == set(SOURCE.series)
    # One that is in neither table is asked for once.
    replay.asked.clear()
    fetched(SOURCE, making(memory), newest=newest)
    assert [a.path for a in replay.asked] == [NEWEST]


def test_an_unchanged_table_is_not_sent_again(replay, making):
    replay.route(NEWEST, table().encode())
    memory: Memory = {}
    fetched(SOURCE, making(memory), **HELD)
    (again,) = fetched(SOURCE, making(memory), **HELD)
    assert (again.not_modified, again.bytes) == (1, 0)
    assert SOURCE.probe(making()).detail == "newest month: 2025-12"
