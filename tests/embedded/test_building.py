import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from reportgen.embedded import SHEETS, read_sheets
from reportgen.embedded.__main__ import main
from reportgen.embedded.building import build
from reportgen.embedded.plan import FILES, INPUTS
from reportgen.errors import CatalogueError, StoreError
from reportgen.store import Store

PLAN = """
retrieved = 2026-11-22T00:00:00Z
first = 2015-01-01

[[group]]
store = "fred"
file = "fred/{code}.csv"
series = ["ust_2y", "target_upper"]

[[group]]
store = "policy"
file = "ioer.csv"
series = ["iorb"]

[[group]]
store = "policy"
file = "iorb.csv"
series = ["iorb"]
from = 2021-07-28

[[group]]
store = "cftc"
file = "tff.csv"
column = "Short"
key = "{code}"
series = ["cot_2y_lev_short", "cot_5y_lev_short"]

[[group]]
store = "restricted/market"
file = "vix.csv"
series = ["vix"]

[[correction]]
series = "target_upper"
date = 2015-12-16
found = 0.5
value = 0.25
"""
DESCRIBED = """
["fred/DGS2.csv"]
origin = ["a : b @ c"]
checked = "none found"
["fred/DFEDTARU.csv"]
origin = ["a : b @ c"]
checked = "none found"
["ioer.csv"]
origin = ["notes"]
checked = "none found"
transcribed = true
["iorb.csv"]
origin = ["a : b @ c"]
checked = "none found"
["tff.csv"]
date = "Day"
key = "Code"
origin = ["a : b @ c"]
checked = "none found"
["vix.csv"]
origin = ["a : b @ c"]
checked = "none found"
"""
CSV = {
    "fred/DGS2.csv": "date,value\n2014-12-31,0.67\n2015-01-02,0.66\n2015-01-05,\n2015-01-06,0\n",
    "fred/DFEDTARU.csv": "date,value\n2015-12-15,0.25\n2015-12-16,0.5\n2015-12-17,0.5\n",
    "ioer.csv": "date,value\n2021-07-27,0.15\n2021-07-28,0.15\n",
    "iorb.csv": "date,value\n2021-07-27,9\n2021-07-28,0.15\n2021-07-29,0.15\n",
    "tff.csv": "Day,Code,Short\n2025-04-01,042601,10\n2025-04-01,044601,20\n2025-04-08,042601,11\n",
    "vix.csv": "date,value\n2020-03-16,82.69\n",
}


@pytest.fixture
def folder(tmp_path):
    """Write a small folder of input files; the plan for them lies beside it."""
    for name, text in CSV.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / INPUTS).write_text(PLAN)
    (tmp_path / FILES).write_text(DESCRIBED)
    return tmp_path / "in"


def run(folder, out):
    return build(folder, out, plan_folder=folder.parent)


def test_rows_are_joined_corrected_and_cut(folder, tmp_path):
    run(folder, tmp_path / "out")
    store = Store(tmp_path / "out")
    dated = {}
    for series_id in store.held:
        rows = store.rows(series_id)
        assert rows is not None
        dated[series_id] = dict(zip(rows.days.astype(str), rows.values.tolist(), strict=True))
    assert dated == {
        "ust_2y": {"2015-01-02": 0.66, "2015-01-06": 0.0},
        "target_upper": {"2015-12-15": 0.25, "2015-12-16": 0.25, "2015-12-17": 0.5},
        "iorb": {"2021-07-27": 0.15, "2021-07-28": 0.15, "2021-07-29": 0.15},
        "cot_2y_lev_short": {"2025-04-01": 10.0, "2025-04-08": 11.0},
        "cot_5y_lev_short": {"2025-04-01": 20.0},
        "vix": {"2020-03-16": 82.69},
    }


def test_moments_and_sheets_are_written(folder, tmp_path):
    run(folder, tmp_path / "out")
    row = pq.ParquetFile(tmp_path / "out/cftc.parquet").read().to_pylist()[1]
    assert row["published_at"] == datetime(2025, 4, 11, 19, 30, tzinfo=UTC)
    assert row["retrieved_at"] == datetime(2026, 11, 22, tzinfo=UTC)
    sheets = read_sheets(tmp_path / "out")
    assert sheets["iorb"].flags == ("transcribed", "splice")
    assert sheets["iorb"].origin == ("notes", "a : b @ c")
    assert sheets["target_upper"].flags == ("corrected",)
    assert sheets["vix"].file == "restricted/market.parquet"


def test_building_twice_gives_the_same_bytes(folder, tmp_path):
    run(folder, tmp_path / "one")
    run(folder, tmp_path / "two")
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert [str(name) for name in files] == [
        "cftc.parquet",
        "fred.parquet",
        "policy.parquet",
        "restricted/market.parquet",
        SHEETS,
    ]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_is_no_longer_made_is_removed(folder, tmp_path):
    run(folder, tmp_path / "out")
    (tmp_path / "out/old.parquet").write_bytes(b"")
    (tmp_path / "out/keep.py").write_bytes(b"")
    run(folder, tmp_path / "out")
    assert not (tmp_path / "out/old.parquet").exists()
    assert (tmp_path / "out/keep.py").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("fred/DGS2.csv", None, r"fred/DGS2.csv: not in .*, expected a CSV file"),
        ("fred/DGS2.csv", "", r"fred/DGS2.csv: row 1: header is '', expected date and values"),
        ("fred/DGS2.csv", "day,value\n2015-01-02,1\n", r"row 1: header is 'day,value', expected date"),
        ("fred/DGS2.csv", "date,value,value\n", r"row 1: header is 'date,value,value'.* each once"),
        ("fred/DGS2.csv", "date,yield\n2015-01-02,1\n", r"row 1: no column 'value', found date, yield"),
        ("fred/DGS2.csv", "date,value\n", r"row 2: nothing below the header, expected at least one row"),
        ("fred/DGS2.csv", "date,value\n2014-12-31,1\n", r"no value of ust_2y from 2015-01-01 on"),
        ("fred/DGS2.csv", "date,value\n2015-01-02,1,2\n", r"row 2: 3 cells, expected 2"),
        ("fred/DGS2.csv", "date,value\n2015-01-02,1\n\n2015-01-05,1\n", r"row 3: 0 cells, expected 2"),
        (
            "fred/DGS2.csv",
            "date,value\n01/02/2015,1\n",
            r"row 2: date is '01/02/2015', expected a date such as",
        ),
        ("fred/DGS2.csv", "date,value\n20150102,1\n", r"row 2: date is '20150102', expected a date"),
        ("fred/DGS2.csv", "date,value\n2015-02-30,1\n", r"row 2: date is '2015-02-30', expected a date"),
        ("fred/DGS2.csv", "date,value\n2015-01-02,1\n2015-01-02,1\n", r"row 3: 2015-01-02 is there twice"),
        (
            "fred/DGS2.csv",
            "date,value\n2015-01-05,1\n2015-01-02,1\n",
            r"row 3: 2015-01-02 comes after 2015-01-05",
        ),
        (
            "fred/DGS2.csv",
            "date,value\n2099-01-02,1\n",
            r"row 2: 2099-01-02 is after the gathering, 2026-11-22",
        ),
        ("fred/DGS2.csv", "date,value\n2015-01-02,.\n", r"row 2: value is '\.', expected a finite number"),
        ("fred/DGS2.csv", "date,value\n2015-01-02,nan\n", r"row 2: value is 'nan', expected a finite number"),
        ("fred/DGS2.csv", "date,value\n2015-01-02,inf\n", r"row 2: value is 'inf', expected a finite number"),
        ("fred/DGS2.csv", "date,value\n2015-01-02,1e999\n", r"row 2: value is '1e999', expected a finite"),
        ("fred/DGS2.csv", "date,value\n2015-01-02, 1\n", r"row 2: value is ' 1', expected a finite number"),
        ("fred/DGS2.csv", b"date,value\n2015-01-02,\xff\n", r"fred/DGS2.csv: not readable as UTF-8 text"),
        (
            "tff.csv",
            "Day,Short\n2025-04-01,1\n",
            r"tff.csv: row 1: header is 'Day,Short', expected Day, Code",
        ),
        (
            "tff.csv",
            "Day,Code,Short\n2025-04-01,042601,1\n2025-04-01,042601,1\n",
            r"row 3: 2025-04-01 of '042601' is there twice",
        ),
        ("tff.csv", "Day,Code,Short\n2025-04-01,042601,1\n", r"tff.csv: no value of cot_5y_lev_short"),
        (
            "iorb.csv",
            "date,value\n2021-07-28,0.2\n",
            r"iorb.csv: iorb of 2021-07-28 is 0.2, but 0.15 in ioer.csv; expected the same",
        ),
        (
            "fred/DFEDTARU.csv",
            "date,value\n2015-12-16,0.25\n",
            r"fred/DFEDTARU.csv: target_upper of 2015-12-16 is 0.25, expected 0.5, which the plan corrects",
        ),
    ],
)
def test_malformed_input_is_refused_and_nothing_is_written(folder, tmp_path, name, text, message):
    run(folder, tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")}
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StoreError, match=message):
        run(folder, tmp_path / "out")
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")} == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"ust_2y", ', '"ust_9y", '), r"'ust_9y' matches no series of the catalogue"),
        (('file = "vix.csv"', 'file = "vax.csv"'), r"series vix: vax.csv is not described in files.toml"),
        (
            ('store = "restricted/market"', 'store = "market"'),
            r"vix is in market, its licence wants restricted/",
        ),
        (
            ('store = "fred"', 'store = "restricted/fred"'),
            r"ust_2y is in restricted/fred, its licence wants a store",
        ),
        (("from = 2021", "form = 2021"), r"group of iorb.csv: unknown keys form"),
        (
            ('store = "policy"\nfile = "iorb.csv"', 'store = "x"\nfile = "iorb.csv"'),
            r"iorb is in policy and in x",
        ),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(folder, tmp_path, change, message):
    (tmp_path / INPUTS).write_text(PLAN.replace(*change))
    with pytest.raises(CatalogueError, match=message):
        run(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == StoreError.exit_code
    said = capsys.readouterr()
    assert said.out == ""
    assert "expected a CSV file" in said.err
    assert not (tmp_path / "out").exists()


def test_sheets_are_plain_json(folder, tmp_path):
    run(folder, tmp_path / "out")
    content = json.loads((tmp_path / "out" / SHEETS).read_text())
    assert content["schema"] == 1
    assert content["series"]["ust_2y"]["rows"] == 2
