"""Bad input: one clear message that says what, where and what was expected, and nothing written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

# as-of -> what the message must name: what was asked, and what was expected or is held
BAD_MOMENTS = {
    "10/04/2025": ("'10/04/2025' is not a date", "expected YYYY-MM-DD"),
    "2025-13-40": ("'2025-13-40'", "month must be in 1..12", "expected YYYY-MM-DD"),
    "yesterday": ("'yesterday' is not a date", "expected YYYY-MM-DD"),
    "2025-04-10T25:00": ("'2025-04-10T25:00'", "hour must be in 0..23"),
    "": ("'' is not a date", "expected YYYY-MM-DD"),
    "2014-01-01": ("2014-01-01 lies before the data", "2015-01-02"),
    "2031-01-01": ("2031-01-01 23:59 lies in the future", "now: 2026-11-23 12:00"),
    "2026-09-30": ("2026-09-30", "2026-08-20", "28 business days old", "permitted are 5", "--allow-stale"),
}


@pytest.mark.parametrize("command", ["facts", "build"])
@pytest.mark.parametrize("moment", BAD_MOMENTS)
def test_as_of(refused, tmp_path, moment, command):
    out = tmp_path / "out"
    said = refused(4, command, "--as-of", moment, *(["--out", out] if command == "build" else []))
    for words in BAD_MOMENTS[moment]:
        assert words in said
    assert not out.exists()


def test_stale_data_can_be_permitted(run):
    result = run("facts", "--as-of", "2026-09-30", "--allow-stale")
    assert result.exit_code == 0
    assert "market date 2026-09-30" in result.stdout


def truncate(store: Path) -> None:
    file = store / "fred.parquet"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(store: Path) -> None:
    (store / "fred.parquet").write_bytes(b"")


def drop_column(store: Path) -> None:
    file = store / "fred.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["value"]), file)


def mistype(store: Path) -> None:
    file = store / "fred.parquet"
    rows = pq.read_table(file)
    words = pa.array(["n/a"] * len(rows))
    pq.write_table(rows.set_column(rows.column_names.index("value"), "value", words), file)


def repeat(store: Path) -> None:
    shutil.copy(store / "fred.parquet", store / "fred-again.parquet")


def remove_files(store: Path) -> None:
    for file in store.glob("*.parquet"):
        file.unlink()


BAD_STORES = {
    truncate: ("fred.parquet: not a readable Parquet file",),
    empty: ("fred.parquet: not a readable Parquet file",),
    drop_column: ("fred.parquet: no column 'value', found series, date, published_at, retrieved_at",),
    mistype: ("fred.parquet: a column has the wrong type", "n/a"),
    repeat: ("fred", "is also in"),
    remove_files: ("no store file found, expected at least one *.parquet",),
}


@pytest.mark.parametrize("damage", BAD_STORES, ids=lambda damage: damage.__name__)
def test_store(refused, store, tmp_path, digests, damage):
    damage(store)
    before = digests(store)
    for command in (["facts"], ["build", "--out", tmp_path / "out"], ["series"]):
        said = refused(4, *command, "--as-of", "2025-04-10", "--data", store)
        for words in BAD_STORES[damage]:
            assert words in said
    assert digests(store) == before
    assert not (tmp_path / "out").exists()


def test_store_without_the_yields(refused, store):
    for file in store.glob("*.parquet"):
        if file.name != "cftc.parquet":
            file.unlink()
    for command in (
        ["facts", "--as-of", "2025-04-10"],
        ["gauge", "--from", "2025-04-01", "--to", "2025-04-02"],
    ):
        assert f"{store}: holds no ust_10y (FRED:DGS10)" in refused(4, *command, "--data", store)


# file of the desk -> text to replace, by what, and what the message must name
BAD_DESKS = [
    ("desk.toml", "[brand]", "[brand", ("not valid TOML", "line ")),
    ("desk.toml", "[brand]\n", '[brand]\nslogan = "x"\n', ("brand.slogan: unknown key",)),
    ("desk.toml", "[[analysts]]", "[[analyst]]", ("analyst: unknown key",)),
    ("thresholds.toml", "[[threshold]]", "[[threshold", ("not readable as TOML", "line ")),
    (
        "thresholds.toml",
        'id = "gauge.sofr_iorb.watch"\nvalue = 5\n',
        'id = "gauge.sofr_iorb.watch"\nvalue = "five"\n',
        ("gauge.sofr_iorb.watch: value: ", "valid number", "found 'five'"),
    ),
    (
        "thresholds.toml",
        'id = "gauge.sofr_iorb.watch"\n',
        'id = "gauge.sofr_iorb.other"\n',
        ("no entry 'gauge.sofr_iorb.watch'",),
    ),
    ("events.toml", "[[event]]", "[[event", ("not readable as TOML", "line ")),
    ("events.toml", "weight = 1\n", "weight = 7\n", ("event.0.weight: ", "found 7")),
    (
        "events.toml",
        '"driver.liquidity_selling"',
        '"driver.moon"',
        ("events.toml: line ", ".supports.0: ", "found 'driver.moon'"),
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "expected"), BAD_DESKS)
def test_desk(refused, run, desk, tmp_path, name, old, new, expected):
    file = desk / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    said = refused(3, "build", "--as-of", "2025-04-10", "--desk", desk, "--out", tmp_path / "out")
    for words in (name.removesuffix(".toml"), *expected):
        assert words in said
    assert not (tmp_path / "out").exists()
    examined = run("doctor", "--desk", desk)
    assert examined.exit_code == 3
    assert name.removesuffix(".toml") in examined.stdout


def test_every_faulty_entry_is_named_at_once(refused, desk):
    file = desk / "thresholds.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("value = 5\n", "value = 'five'\n", 1).replace('unit = "index"', 'unit = "idx"')
    )
    said = refused(3, "facts", "--as-of", "2025-04-10", "--desk", desk)
    assert "gauge.sofr_iorb.watch: value: " in said
    assert said.count("unit: ") == text.count('unit = "index"') > 1


def test_unknown_note_and_language(refused, tmp_path):
    out = tmp_path / "out"
    for note in ("equity-daily", "brand", "../treasury-weekly", ""):
        said = refused(2, "build", "--note", note, "--out", out)
        assert f"--note {note}: no such note" in said
        assert "expected one of treasury-weekly" in said
    assert "expected one of en" in refused(2, "build", "--lang", "xx", "--out", out)
    assert not out.exists()


def test_out_that_is_a_file(run, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    result = run("build", "--as-of", "2025-04-10", "--out", file)
    assert result.exit_code == 2
    assert f"'{file}' is a file" in result.stderr
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("start", "end", "status", "expected"),
    [
        ("2025-04-11", "2025-04-10", 2, ("--to 2025-04-10 lies before --from 2025-04-11",)),
        ("2018-05-31", "2018-06-10", 4, ("--from 2018-05-31 lies before 2018-06-01",)),
        ("2026-08-01", "2026-09-30", 4, ("--to 2026-09-30 lies after the data", "2026-08-20")),
        ("2025-04-01", "2031-01-01", 4, ("--to 2031-01-01 lies after the data", "2026-08-20")),
        ("1 April", "2025-04-10", 4, ("--from '1 April' is not a date, expected YYYY-MM-DD",)),
        ("2025-04-01", "2025-04-31", 4, ("--to '2025-04-31' is not a date, expected YYYY-MM-DD",)),
    ],
)
def test_gauge_range(refused, start, end, status, expected):
    said = refused(status, "gauge", "--from", start, "--to", end)
    for words in expected:
        assert words in said
