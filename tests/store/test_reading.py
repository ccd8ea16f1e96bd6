"""The store: what is written is read, what is malformed is refused, what is not public is not seen."""

from __future__ import annotations

import datetime as dt
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.calendars import publication
from reportgen.embedded import FOLDER
from reportgen.errors import CatalogueError, StoreError
from reportgen.model import NEW_YORK, to_moment64
from reportgen.store import RESTRICTED, SCHEMA, Store, encode, table, write
from reportgen.text import parse_as_of

NEVER = np.datetime64("NaT", "us")


def rows(series, *entries):
    """Give rows of (day, value, published as an as-of's text or None)."""
    days, values, published = zip(*entries, strict=True)
    moments = [NEVER if p is None else to_moment64(parse_as_of(p)) for p in published]
    return table(
        series,
        np.array(days, "datetime64[D]"),
        np.array([np.nan if v is None else v for v in values]),
        np.array(moments, "datetime64[us]"),
        np.full(len(days), NEVER),
    )


def history(folder, series, as_of):
    found = Store(folder).snapshot(parse_as_of(as_of)).history(series)
    return dict(zip(found.days.astype(str).tolist(), found.values.tolist(), strict=True))


def test_what_is_written_is_read(tmp_path):
    write(
        rows("ust_10y", ("2025-04-11", 4.48, "2025-04-11T18:00"), ("2025-04-10", 4.40, "2025-04-10T18:00")),
        tmp_path / "fred.parquet",
    )
    store = Store(tmp_path)
    assert store.held == {"ust_10y"}
    assert (store.oldest("ust_10y"), store.newest("ust_10y")) == (
        dt.date(2025, 4, 10),
        dt.date(2025, 4, 11),
    )
    assert history(tmp_path, "ust_10y", "2025-04-11") == {"2025-04-10": 4.40, "2025-04-11": 4.48}
    assert store.rows("sofr") is None
    assert store.newest("sofr") is None
    found = store.snapshot(parse_as_of("2025-04-11")).history("ust_10y").at(1)
    assert (found.value, found.day) == (4.48, dt.date(2025, 4, 11))
    assert found.published == dt.datetime(2025, 4, 11, 18, tzinfo=NEW_YORK)


def test_the_file_is_what_the_design_says(tmp_path):
    write(rows("sofr", ("2025-04-10", 4.37, None)), tmp_path / "a.parquet")
    assert pq.read_schema(tmp_path / "a.parquet").names == SCHEMA.names
    assert [str(f.type) for f in pq.read_schema(tmp_path / "a.parquet")] == [
        "string",
        "date32[day]",
        "double",
        "timestamp[us, tz=UTC]",
        "timestamp[us, tz=UTC]",
    ]
    assert (tmp_path / "a.parquet").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("series", "day"),
    [("sofr", "2025-04-17"), ("h41_assets", "2024-12-25"), ("cot_10y_lev_short", "2018-12-24")],
)
def test_a_publication_left_out_is_filled_by_the_rule(tmp_path, series, day):
    write(rows(series, (day, 1.0, None)), tmp_path / "a.parquet")
    found = Store(tmp_path).snapshot(parse_as_of("2026-01-01")).history(series)
    rule = found.series.publication
    assert found.at(0).published == publication.first_public(rule, dt.date.fromisoformat(day)).at


def test_a_filled_publication_takes_its_place_in_order(tmp_path):
    write(
        rows("sofr", ("2025-04-10", 4.37, None), ("2025-04-10", 9.99, "2025-04-12T09:00")),
        tmp_path / "a.parquet",
    )
    assert history(tmp_path, "sofr", "2025-04-11") == {"2025-04-10": 4.37}
    assert history(tmp_path, "sofr", "2025-04-12") == {"2025-04-10": 9.99}


def test_the_newest_public_vintage_of_each_day(tmp_path):
    write(
        rows(
            "nfci",
            ("2025-04-04", -0.40, "2025-04-09T08:30"),
            ("2025-04-04", -0.39, "2025-04-16T08:30"),
            ("2025-04-11", -0.30, "2025-04-16T08:30"),
            ("2025-04-04", -0.38, "2025-04-23T08:30"),
        ),
        tmp_path / "a.parquet",
    )
    assert history(tmp_path, "nfci", "2025-04-09T08:29") == {}
    assert history(tmp_path, "nfci", "2025-04-09T08:30") == {"2025-04-04": -0.40}
    assert history(tmp_path, "nfci", "2025-04-16T08:30") == {"2025-04-04": -0.39, "2025-04-11": -0.30}
    assert history(tmp_path, "nfci", "2025-05-01") == {"2025-04-04": -0.38, "2025-04-11": -0.30}


def test_a_value_withdrawn_is_missing_from_then_on(tmp_path):
    write(
        rows(
            "sofr",
            ("2025-04-10", 4.37, "2025-04-11T08:00"),
            ("2025-04-10", None, "2025-04-11T14:30"),
            ("2025-04-09", 0.0, "2025-04-10T08:00"),
        ),
        tmp_path / "a.parquet",
    )
    assert history(tmp_path, "sofr", "2025-04-11T08:00") == {"2025-04-09": 0.0, "2025-04-10": 4.37}
    assert history(tmp_path, "sofr", "2025-04-11T14:30") == {"2025-04-09": 0.0}  # zero is a value


def test_of_two_copies_published_together_the_later_retrieved_counts(tmp_path):
    day = np.array(["2025-04-10"] * 2, "datetime64[D]")
    moment = np.full(2, to_moment64(parse_as_of("2025-04-11T08:00")))
    retrieved = np.array(["2025-04-12T10", "2025-04-11T10"], "datetime64[us]")
    write(table("sofr", day, np.array([4.38, 4.37]), moment, retrieved), tmp_path / "a.parquet")
    assert history(tmp_path, "sofr", "2025-04-13") == {"2025-04-10": 4.38}


def test_observations_on_closed_days_are_dropped_where_the_catalogue_says_so(tmp_path):
    # ICE publishes on Veterans Day; the bond market is closed.
    write(rows("hy_oas", ("2024-11-08", 2.6, None), ("2024-11-11", 2.7, None)), tmp_path / "a.parquet")
    assert history(tmp_path, "hy_oas", "2024-11-13") == {"2024-11-08": 2.6}


@pytest.mark.parametrize("present", [True, False])
def test_the_restricted_folder_is_optional(tmp_path, present):
    write(rows("sofr", ("2025-04-10", 4.37, None)), tmp_path / "fred.parquet")
    if present:
        write(rows("spx", ("2025-04-10", 5268.05, None)), tmp_path / RESTRICTED / "fred.parquet")
    assert Store(tmp_path).held == ({"sofr", "spx"} if present else {"sofr"})


def test_a_series_not_held_is_empty_and_an_unknown_one_is_an_error(tmp_path):
    write(rows("sofr", ("2025-04-10", 4.37, None)), tmp_path / "a.parquet")
    snapshot = Store(tmp_path).snapshot(parse_as_of("2025-04-11"))
    assert len(snapshot.history("effr")) == 0
    with pytest.raises(CatalogueError, match="sofrr: no such series"):
        snapshot.history("sofrr")


def test_the_pack_is_a_store_of_what_was_read_and_public(tmp_path):
    write(
        pa.concat_tables(
            [
                rows("sofr", ("2025-04-09", 4.42, None), ("2025-04-10", 4.37, None)),
                rows("effr", ("2025-04-09", 4.33, None)),
                rows(
                    "nfci", ("2025-04-04", -0.4, "2025-04-09T08:30"), ("2025-04-04", -0.3, "2025-04-16T08:30")
                ),
            ]
        ),
        tmp_path / "a.parquet",
    )
    as_of = parse_as_of("2025-04-10")
    snapshot = Store(tmp_path).snapshot(as_of)
    before = {s: snapshot.history(s).values.tolist() for s in ("sofr", "nfci")}
    assert snapshot.used == ("nfci", "sofr")
    (tmp_path / "pack").mkdir()
    encode(snapshot.pack(), tmp_path / "pack" / "inputs.parquet")
    again = Store(tmp_path / "pack")
    assert again.held == {"sofr", "nfci"}
    assert {s: again.snapshot(as_of).history(s).values.tolist() for s in before} == before
    later = again.snapshot(parse_as_of("2026-01-01"))
    assert later.history("sofr").values.tolist() == [4.42]


def test_nothing_read_packs_to_an_empty_table(tmp_path):
    write(rows("sofr", ("2025-04-10", 4.37, None)), tmp_path / "a.parquet")
    assert Store(tmp_path).snapshot(parse_as_of("2025-04-10")).pack().num_rows == 0


def test_a_pack_is_the_same_bytes_every_time(tmp_path):
    found = []
    for _ in range(2):
        snapshot = Store(FOLDER).snapshot(parse_as_of("2025-04-10"))
        for series in ("ust_10y", "sofr", "desk_repo"):
            snapshot.history(series)
        path = tmp_path / "pack.parquet"
        encode(snapshot.pack(), path)
        found.append(path.read_bytes())
    assert found[0] == found[1]


def broken(folder, table_or_bytes):
    path = folder / "broken.parquet"
    if isinstance(table_or_bytes, bytes):
        path.write_bytes(table_or_bytes)
    else:
        pq.write_table(table_or_bytes, path)
    return path


GOOD = rows("sofr", ("2025-04-10", 4.37, "2025-04-11T08:00"))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "not a readable Parquet file"),
        (b"date,value\n2025-04-10,4.37\n", "not a readable Parquet file"),
        (GOOD.drop_columns(["value"]), "no column 'value'"),
        (GOOD.drop_columns(["published_at"]), "no column 'published_at'"),
        (GOOD.set_column(2, "value", pa.array(["high"])), "wrong type"),
        (GOOD.set_column(1, "date", pa.array(["10.4.2025"])), "wrong type"),
        (GOOD.set_column(0, "series", pa.array([7])), "wrong type"),
        (GOOD.set_column(1, "date", pa.array([None], pa.date32())), "no series or no date"),
        (GOOD.set_column(0, "series", pa.array([None], pa.string())), "no series or no date"),
        (GOOD.set_column(2, "value", pa.array([float("inf")])), "infinite value on 2025-04-10"),
        (rows("ust_9y", ("2025-04-10", 4.3, None)), "ust_9y"),
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path, content, fault):
    path = broken(tmp_path, content)
    with pytest.raises(StoreError) as error:
        Store(tmp_path)
    assert path.name in error.value.message
    assert fault in error.value.message


def test_a_cut_off_file_is_refused_by_name(tmp_path):
    write(rows("sofr", ("2025-04-10", 4.37, None)), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    for length in (4, len(whole) // 2, len(whole) - 1):
        (tmp_path / "a.parquet").write_bytes(whole[:length])
        with pytest.raises(StoreError, match=r"a\.parquet"):
            Store(tmp_path)


def test_damaged_pages_are_refused_by_name(tmp_path):
    shutil.copy(FOLDER / "policy.parquet", tmp_path / "policy.parquet")
    whole = bytearray((tmp_path / "policy.parquet").read_bytes())
    whole[200:600] = bytes(400)
    (tmp_path / "policy.parquet").write_bytes(whole)
    with pytest.raises(StoreError, match=r"policy\.parquet"):
        Store(tmp_path)


def test_a_series_in_two_files_is_refused_naming_both(tmp_path):
    write(rows("spx", ("2025-04-10", 1.0, None)), tmp_path / "fred.parquet")
    write(rows("spx", ("2025-04-10", 1.0, None)), tmp_path / RESTRICTED / "fred.parquet")
    with pytest.raises(StoreError) as error:
        Store(tmp_path)
    assert "spx" in error.value.message
    assert "restricted/fred.parquet" in error.value.message.replace("\\", "/")
    assert "also in fred.parquet" in error.value.message


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(StoreError, match="no store file found"):
        Store(tmp_path)


def test_an_empty_file_holds_nothing(tmp_path):
    pq.write_table(SCHEMA.empty_table(), tmp_path / "a.parquet")
    assert Store(tmp_path).held == frozenset()


def test_other_tools_files_are_read(tmp_path):
    """Row groups, dates as timestamps and moments in another precision are all the same store."""
    content = GOOD.set_column(1, "date", pa.array([dt.datetime(2025, 4, 10)], pa.timestamp("ms")))
    moment = pa.array([dt.datetime(2025, 4, 11, 12, tzinfo=dt.UTC)], pa.timestamp("ns", "America/New_York"))
    content = pa.concat_tables([content.set_column(3, "published_at", moment)] * 2)
    second = pa.array([dt.datetime(2025, 4, 10), dt.datetime(2025, 4, 9)], pa.timestamp("ms"))
    content = content.set_column(1, "date", second)
    pq.write_table(content, tmp_path / "a.parquet", row_group_size=1, use_dictionary=False)
    assert history(tmp_path, "sofr", "2025-04-11T08:00") == {"2025-04-09": 4.37, "2025-04-10": 4.37}
    assert history(tmp_path, "sofr", "2025-04-11T07:59") == {}


def test_a_failed_write_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    write(rows("sofr", ("2025-04-10", 4.37, None)), path)
    before = path.read_bytes()

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(pq, "write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        write(rows("sofr", ("2025-04-10", 9.99, None)), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


MOMENTS = st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2025, 2, 1)).map(
    lambda m: m.replace(microsecond=0)
)
ENTRY = st.tuples(st.dates(dt.date(2025, 1, 2), dt.date(2025, 1, 8)), st.floats(-10, 10), MOMENTS)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ENTRY, min_size=1, max_size=25), MOMENTS)
def test_a_snapshot_gives_what_was_public_and_the_newest_of_it(tmp_path, entries, as_of):
    entries = list({(day, moment): (day, value, moment) for day, value, moment in entries}.values())
    days, values, moments = zip(*entries, strict=True)
    content = table(
        "effr",
        np.array(days, "datetime64[D]"),
        np.array(values),
        np.array(moments, "datetime64[us]"),
        np.full(len(days), NEVER),
    )
    write(content, tmp_path / "a.parquet")
    found = Store(tmp_path).snapshot(as_of.replace(tzinfo=dt.UTC)).history("effr")
    assert (found.published <= np.datetime64(as_of, "us")).all()
    expected = {
        day: value for day, value, moment in sorted(entries, key=lambda entry: entry[2]) if moment <= as_of
    }
    assert dict(zip(found.days.tolist(), found.values.tolist(), strict=True)) == expected
    assert found.days.tolist() == sorted(expected)


def test_a_series_held_with_its_vintages_is_not_marked_as_revised(tmp_path):
    days = [f"2025-0{month}-01" for month in range(1, 7)]
    alone = [(day, 300.0, None) for day in days]
    later = [(day, 301.0, "2025-08-12T08:30") for day in days[:3]]
    write(rows("cpi", *alone, *later), tmp_path / "a.parquet")
    store = Store(tmp_path)
    assert store.snapshot(parse_as_of("2025-08-01")).history("cpi").series.revised
    assert not store.snapshot(parse_as_of("2025-09-01")).history("cpi").series.revised
    write(rows("cpi", *alone, *later[:2]), tmp_path / "a.parquet")
    assert Store(tmp_path).snapshot(parse_as_of("2025-09-01")).history("cpi").series.revised
