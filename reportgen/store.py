"""The store: Parquet files in long form, one per source, and what was public at a moment.

Columns: series (string), date (day), value (float, null = published as missing), published_at and
retrieved_at (UTC). A revision is a further row of the same series and date. A null published_at is
filled from the series' publication rule.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reportgen import calendars, catalog
from reportgen.calendars import publication
from reportgen.errors import CatalogueError, StoreError
from reportgen.model import Days, Floats, History, Series, to_date, to_moment64

SCHEMA = pa.schema(
    [
        pa.field("series", pa.string(), nullable=False),
        pa.field("date", pa.date32(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("published_at", pa.timestamp("us", tz="UTC")),
        pa.field("retrieved_at", pa.timestamp("us", tz="UTC")),
    ]
)
_MOMENT = pa.timestamp("us", tz="UTC")
_NO_MOMENT = np.iinfo(np.int64).min
RESTRICTED = "restricted"  # folder of the files that may be quoted but not handed on


@dataclass(frozen=True, slots=True)
class _Rows:
    """All rows of one series, ordered by day, then by publication, then by retrieval."""

    days: Days
    values: Floats
    published: NDArray[np.datetime64]
    retrieved: NDArray[np.datetime64]
    has_revisions: bool


class Store:
    """Read-only view of a folder of store files.

    Raises: StoreError naming the file and what is wrong with it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows = _read_folder(folder)

    @property
    def held(self) -> frozenset[str]:
        """Return the ids of the series with at least one row."""
        return frozenset(self._rows)

    def rows(self, series_id: str) -> _Rows | None:
        """Return the rows of a series, None if it is not held."""
        return self._rows.get(series_id)

    def newest(self, series_id: str) -> dt.date | None:
        """Return the newest day held of a series, whenever it was published."""
        rows = self._rows.get(series_id)
        return None if rows is None else to_date(rows.days[-1])

    def oldest(self, series_id: str) -> dt.date | None:
        """Return the first day held of a series."""
        rows = self._rows.get(series_id)
        return None if rows is None else to_date(rows.days[0])

    def snapshot(self, as_of: dt.datetime) -> Snapshot:
        """Return what was public at a moment."""
        return Snapshot(self, as_of)


@dataclass(eq=False)
class Snapshot:
    """The histories that a note of one moment may use; nothing published later can be read from it."""

    store: Store
    as_of: dt.datetime
    _histories: dict[str, History] = field(default_factory=dict, repr=False)

    @cached_property
    def market_date(self) -> dt.date:
        """Return the last bond-market day whose close is public."""
        return calendars.market_date(self.as_of)

    @cached_property
    def week_start(self) -> dt.date:
        """Return the bond-market day from which the week's changes are measured."""
        return calendars.week_start(self.market_date)

    @property
    def used(self) -> tuple[str, ...]:
        """Return the ids of the series that were read so far, in order of id."""
        return tuple(sorted(s for s, h in self._histories.items() if len(h)))

    def history(self, series_id: str) -> History:
        """Return a series as known at the as-of; empty if nothing of it was public or it is not held.

        Raises: CatalogueError for an id that the catalogue does not have.
        """
        found = self._histories.get(series_id)
        if found is None:
            found = self._histories[series_id] = self._public(series_id)
        return found

    def _public(self, series_id: str) -> History:
        series = catalog.series(series_id)
        rows = self.store.rows(series_id)
        if rows is None:
            return _empty(series)
        keep = rows.published <= to_moment64(self.as_of)
        days, values, published = rows.days[keep], rows.values[keep], rows.published[keep]
        if rows.has_revisions and len(days):
            last = np.append(days[1:] != days[:-1], True)  # the newest public vintage of each day
            days, values, published = days[last], values[last], published[last]
        known = ~np.isnan(values)
        if series.open_days is not None:
            known &= np.isin(days, calendars.open_days(series.open_days))
        if not known.all():
            days, values, published = days[known], values[known], published[known]
        return History(series, days, values, published)

    def replaced(self, series_id: str) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
        """Return from when and until when each value that was replaced since was the public one."""
        rows = self.store.rows(series_id)
        if rows is None or not rows.has_revisions:
            nothing = np.array([], "datetime64[us]")
            return nothing, nothing
        keep = rows.published <= to_moment64(self.as_of)
        days, published = rows.days[keep], rows.published[keep]
        again = days[1:] == days[:-1]
        return published[:-1][again], published[1:][again]

    def pack(self) -> pa.Table:
        """Return every public row of the series that were read, in the form of a store file."""
        parts = []
        for series_id in self.used:
            rows = self.store.rows(series_id)
            assert rows is not None
            keep = rows.published <= to_moment64(self.as_of)
            parts.append(
                table(
                    series_id, rows.days[keep], rows.values[keep], rows.published[keep], rows.retrieved[keep]
                )
            )
        return pa.concat_tables(parts) if parts else SCHEMA.empty_table()


def table(
    series_id: str,
    days: Days,
    values: Floats,
    published: NDArray[np.datetime64],
    retrieved: NDArray[np.datetime64],
) -> pa.Table:
    """Return rows of one series in the form of a store file (moments are naive UTC; NaT, NaN: null)."""
    columns = [
        _strings(series_id, len(days)),
        _column(days.astype("datetime64[D]").astype(np.int32), pa.date32(), np.isnat(days)),
        _column(values, pa.float64(), np.isnan(values)),
        *(
            _column(m.astype("datetime64[us]").view(np.int64), _MOMENT, np.isnat(m))
            for m in (published, retrieved)
        ),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _column(values: NDArray[Any], kind: pa.DataType, missing: NDArray[np.bool_]) -> pa.Array:
    """Return numpy values as an Arrow column without pa.array, which would import pandas."""
    valid = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(np.ascontiguousarray(values))])


def _strings(word: str, count: int) -> pa.Array:
    encoded = word.encode()
    offsets = np.arange(count + 1, dtype=np.int32) * len(encoded)
    return pa.Array.from_buffers(
        pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(encoded * count)]
    )


def encode(rows: pa.Table, sink: Path | BinaryIO) -> None:
    """Write rows as Parquet, in order of series, date, publication and retrieval."""
    pq.write_table(
        rows.sort_by([(name, "ascending") for name in ("series", "date", "published_at", "retrieved_at")]),
        sink,
        compression="zstd",
        use_dictionary=["series", "value", "published_at", "retrieved_at"],
        column_encoding={"date": "DELTA_BINARY_PACKED"},
    )


def write(rows: pa.Table, path: Path) -> None:
    """Write a store file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        encode(rows, temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _empty(series: Series) -> History:
    moments = np.array([], "datetime64[us]")
    return History(series, np.array([], "datetime64[D]"), np.array([], np.float64), moments)


def _read_folder(folder: Path) -> Mapping[str, _Rows]:
    paths = sorted(folder.glob("*.parquet")) + sorted((folder / RESTRICTED).glob("*.parquet"))
    if not paths:
        raise StoreError(f"{folder}: no store file found, expected at least one *.parquet")
    found: dict[str, _Rows] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        for series_id, rows in _read_file(path).items():
            if series_id in found:
                other = origin[series_id].relative_to(folder)
                raise StoreError(f"{path}: series {series_id} is also in {other}, expected it in one file")
            found[series_id], origin[series_id] = rows, path
    return found


def _read_file(path: Path) -> dict[str, _Rows]:
    try:
        # Not pq.read_table, which would import pandas.
        data = pq.ParquetFile(path, read_dictionary=["series"]).read()
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"{path}: not a readable Parquet file ({str(error).splitlines()[0]})") from error
    for name in SCHEMA.names:
        if name not in data.column_names:
            raise StoreError(f"{path}: no column {name!r}, found {', '.join(data.column_names)}")
    if data["series"].null_count or data["date"].null_count:
        raise StoreError(f"{path}: a row has no series or no date")
    try:
        codes = data["series"].unify_dictionaries().combine_chunks()
        names = codes.dictionary.to_pylist()
        index = _plain(pa.chunked_array([codes.indices]), pa.int32(), np.dtype(np.int32), -1)
        days = _plain(data["date"], pa.date32(), np.dtype(np.int32), 0).astype("datetime64[D]")
        values = _plain(data["value"], pa.float64(), np.dtype(np.float64), np.nan)
        published, retrieved = (
            _plain(data[name], _MOMENT, np.dtype(np.int64), _NO_MOMENT).view("datetime64[us]")
            for name in ("published_at", "retrieved_at")
        )
    except (pa.ArrowException, AttributeError) as error:
        raise StoreError(f"{path}: a column has the wrong type ({str(error).splitlines()[0]})") from error
    if not len(index):
        return {}
    order = np.lexsort((retrieved, published, days, index))
    starts = np.flatnonzero(np.diff(index[order])) + 1
    found = {}
    for at in np.split(order, starts):
        name = names[index[at[0]]]
        found[name] = _rows(path, name, days[at], values[at], published[at], retrieved[at])
    return found


def _plain(column: pa.ChunkedArray, kind: pa.DataType, dtype: np.dtype[Any], missing: float) -> NDArray[Any]:
    """Return a column as numpy without pyarrow's own conversion, which would import pandas."""
    array = (column if column.type == kind else column.cast(kind)).combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if not len(array):
        return np.array([], dtype)
    values = np.frombuffer(array.buffers()[1], dtype)[array.offset : array.offset + len(array)]
    if array.null_count:
        bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
        values = np.where(bits[array.offset : array.offset + len(array)] == 1, values, missing)
    return values


def _rows(
    path: Path,
    name: str,
    days: Days,
    values: Floats,
    published: NDArray[np.datetime64],
    retrieved: NDArray[np.datetime64],
) -> _Rows:
    if np.isinf(values).any():
        raise StoreError(f"{path}: series {name} has an infinite value on {days[np.isinf(values)][0]}")
    unknown = np.isnat(published)
    if unknown.any():
        try:
            rule = catalog.series(name).publication
        except CatalogueError as error:
            raise StoreError(f"{path}: {error.message}") from error
        published = published.copy()
        published[unknown] = publication.first_public_array(rule, days[unknown])
        order = np.lexsort((retrieved, published, days))
        days, values, published, retrieved = days[order], values[order], published[order], retrieved[order]
    return _Rows(days, values, published, retrieved, bool((days[1:] == days[:-1]).any()))
