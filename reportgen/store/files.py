"""The form of a store file: its columns, how rows are read and written."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reportgen.errors import StoreError
from reportgen.model import Days, Floats

SCHEMA = pa.schema(
    [
        pa.field("series", pa.string(), nullable=False),
        pa.field("date", pa.date32(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("published_at", pa.timestamp("us", tz="UTC")),
        pa.field("retrieved_at", pa.timestamp("us", tz="UTC")),
    ]
)
# Written where another publisher than the series' own brought a row: that one's id; null or absent: its own.
ORIGIN = pa.field("origin", pa.string())
RESTRICTED = "restricted"  # folder of the files that may be quoted but not handed on
Moments = NDArray[np.datetime64]
Origins = NDArray[np.str_] | None
_MOMENT = pa.timestamp("us", tz="UTC")
_NO_MOMENT = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The rows of one series as they stand in a file; moments are naive UTC, NaT where null.

    origins: the id of the publisher that brought a row first, empty for the series' own; None if all are.
    """

    days: Days
    values: Floats
    published: Moments
    retrieved: Moments
    origins: Origins = None

    def __len__(self) -> int:
        return len(self.days)

    def take(self, which: NDArray[Any] | slice) -> Columns:
        """Return the rows of a mask, of positions or of a slice."""
        origins = None if self.origins is None else self.origins[which]
        return Columns(
            self.days[which], self.values[which], self.published[which], self.retrieved[which], origins
        )

    def and_then(self, other: Columns) -> Columns:
        """Return the rows of both, one after the other."""
        origins = None
        if self.origins is not None or other.origins is not None:
            origins = np.concatenate(
                [np.full(len(c), "") if c.origins is None else c.origins for c in (self, other)]
            )
        return Columns(
            np.concatenate([self.days, other.days]),
            np.concatenate([self.values, other.values]),
            np.concatenate([self.published, other.published]).astype("datetime64[us]"),
            np.concatenate([self.retrieved, other.retrieved]).astype("datetime64[us]"),
            origins,
        )

    def table(self, series_id: str) -> pa.Table:
        """Return the rows in the form of a store file."""
        rows = table(series_id, self.days, self.values, self.published, self.retrieved)
        if self.origins is None or not self.origins.any():
            return rows
        return rows.append_column(ORIGIN, _words(self.origins))


def paths(folder: Path) -> list[Path]:
    """List the store files of a folder."""
    return sorted(folder.glob("*.parquet")) + sorted((folder / RESTRICTED).glob("*.parquet"))


def table(series_id: str, days: Days, values: Floats, published: Moments, retrieved: Moments) -> pa.Table:
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


def _words(words: NDArray[np.str_]) -> pa.Array:
    """Return words as an Arrow column, null where empty."""
    encoded = [word.encode() for word in words.tolist()]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    valid = pa.py_buffer(np.packbits(words != "", bitorder="little"))
    return pa.Array.from_buffers(
        pa.string(), len(words), [valid, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    )


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rows of tables of series, of which some may have a column of origins."""
    return pa.concat_tables(tables, promote_options="default") if tables else SCHEMA.empty_table()


def _strings(word: str, count: int) -> pa.Array:
    encoded = word.encode()
    offsets = np.arange(count + 1, dtype=np.int32) * len(encoded)
    return pa.Array.from_buffers(
        pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(encoded * count)]
    )


def encode(rows: pa.Table, sink: Path | BinaryIO, *, ordered: bool = False) -> None:
    """Write rows as Parquet, in order of series, date, publication and retrieval."""
    if not ordered:
        keys = ("series", "date", "published_at", "retrieved_at")
        rows = rows.sort_by([(name, "ascending") for name in keys])
    pq.write_table(
        rows,
        sink,
        compression="zstd",
        use_dictionary=[name for name in rows.column_names if name != "date"],
        column_encoding={"date": "DELTA_BINARY_PACKED"},
    )


def write(rows: pa.Table, path: Path, *, ordered: bool = False) -> None:
    """Write a store file, whole or not at all, and onto the disk before its name points to it."""
    with _whole(path) as temporary:
        encode(rows, temporary, ordered=ordered)


def write_text(content: str, path: Path) -> None:
    """Write a small file with the same care."""
    with _whole(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def clear(folder: Path, name: str) -> None:
    """Remove the temporary files that the one writer of a file, or of files of a kind, left when killed."""
    for leftover in folder.glob(f".{name}.*"):
        leftover.unlink(missing_ok=True)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Hand over a temporary file that takes a name when it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Have the disk hold what was written; a folder, too, where the system can do that."""
    with suppress(PermissionError, IsADirectoryError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(path: Path) -> dict[str, Columns]:
    """Return the rows of a store file by series, each ordered by day, publication and retrieval.

    Raises: StoreError naming the file and what is wrong with it.
    """
    pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own keeps what it has read, threads keep more
    try:
        # Not pq.read_table, which would import pandas.
        data = pq.ParquetFile(path, read_dictionary=["series"]).read(use_threads=False)
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
        origins = _origins(data)
    except (pa.ArrowException, AttributeError) as error:
        raise StoreError(f"{path}: a column has the wrong type ({str(error).splitlines()[0]})") from error
    if not len(index):
        return {}
    everything = Columns(days, values, published, retrieved, origins)
    if not _in_order(index, everything):
        order = np.lexsort((retrieved, published, days, index))
        index, everything = index[order], everything.take(order)
    edges = [0, *(np.flatnonzero(np.diff(index)) + 1).tolist(), len(index)]
    found = {}
    for start, end in itertools.pairwise(edges):
        name = names[index[start]]
        found[name] = everything.take(slice(start, end))
        infinite = np.isinf(found[name].values)
        if infinite.any():
            day = found[name].days[infinite][0]
            raise StoreError(f"{path}: series {name} has an infinite value on {day}")
    return found


def _origins(data: pa.Table) -> Origins:
    if ORIGIN.name not in data.column_names or data[ORIGIN.name].null_count == len(data):
        return None
    return np.array([word or "" for word in data[ORIGIN.name].cast(pa.string()).to_pylist()])


def _in_order(index: NDArray[np.int32], rows: Columns) -> bool:
    """Say whether rows are in the order that `encode` gives them, as those of our own files are.

    Nulls come last there, and NaT sorts last here.
    """
    if (np.diff(index) < 0).any():
        return False
    tied = index[1:] == index[:-1]
    for key in (rows.days, rows.published, rows.retrieved):
        after, before = key[1:], key[:-1]
        blank = np.isnat(before)
        if (tied & ((after < before) | (blank & ~np.isnat(after)))).any():
            return False
        tied &= (after == before) | (blank & np.isnat(after))
        if not tied.any():
            break
    return True


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
