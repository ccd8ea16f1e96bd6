"""Adding rows to a store: one writer at a time, each file replaced whole, only where something changed."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Container, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType

import numpy as np
import pyarrow as pa
from filelock import FileLock, Timeout

from reportgen import catalog
from reportgen.errors import HostError, StoreBusyError, StoreError
from reportgen.model import Series, to_date
from reportgen.store import files
from reportgen.store.files import RESTRICTED, Columns
from reportgen.store.merging import Merged, Watched, empty, merge
from reportgen.store.reading import filled

STATE = "state"  # folder below the store for what is remembered and can be lost
LOCK = "store.lock"
_DAMAGED = (
    "Put a copy of it back; or move it away and fetch again, which brings what the publishers still give, "
    "but not when a revision was first seen."
)
NOTHING: Mapping[str, Watched] = MappingProxyType({})


class Writer:
    """The one writer of a store, for as long as its block lasts.

    Shape: the folder is made if it does not exist; wait is in seconds.
    Raises: StoreBusyError if another writer holds the store for longer; StoreError for a file that cannot
        be read, before anything is changed; HostError if the folder cannot be written.
    """

    def __init__(self, folder: Path, wait: float = 0.0) -> None:
        self.folder = folder
        self._wait = wait
        self._lock = FileLock(folder / STATE / LOCK, timeout=wait)
        self._held: dict[Path, dict[str, Columns]] = {}
        self._tables: dict[str, pa.Table] = {}
        self._home: dict[str, Path] = {}

    def __enter__(self) -> Writer:
        try:
            (self.folder / STATE).mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout as error:
            raise StoreBusyError(
                f"{self.folder}: another fetch is at work, waited {self._wait:.0f} s",
                hint="It fills the same store; look again when it has ended.",
            ) from error
        except OSError as error:
            raise HostError(f"{self.folder}: cannot be written: {error.strerror or error}") from error
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def held(self) -> frozenset[str]:
        """Return the ids of the series with at least one row."""
        return frozenset(self._home)

    def rows(self, series_id: str) -> Columns:
        """Return the rows of a series, none if it is not held."""
        home = self._home.get(series_id)
        return empty() if home is None else self._held[home][series_id]

    def newest(self) -> Mapping[str, dt.date]:
        """Return the newest day held of every series."""
        return {series_id: to_date(self.rows(series_id).days[-1]) for series_id in self._home}

    def levels(self) -> Mapping[str, tuple[dt.date, float]]:
        """Return the newest day of which a value is held, and what was last said of it, for every series."""
        found = {}
        for series_id in self._home:
            rows = filled(self.rows(series_id), catalog.series(series_id).publication)
            known = np.flatnonzero(~np.isnan(rows.values))
            if len(known):
                found[series_id] = to_date(rows.days[known[-1]]), float(rows.values[known[-1]])
        return found

    def append(
        self,
        arrived: Mapping[str, Columns],
        watched: Mapping[str, Watched] = NOTHING,
        *,
        only_days: Container[str] = (),
    ) -> dict[str, Merged]:
        """Add rows, and have them on the disk before returning.

        Shape: a series that is held stays in its file, another goes to that of the publisher in its catalogue
        entry; of the series in only_days nothing is revised, only days that are not held are added.

        Raises: StoreError if the rows contradict each other; then nothing is added. CatalogueError for an
            unknown series. HostError if a file cannot be written.
        """
        merged = {
            series_id: merge(
                self.rows(series_id),
                columns,
                catalog.series(series_id),
                watched.get(series_id),
                revises=series_id not in only_days,
            )
            for series_id, columns in arrived.items()
        }
        touched: set[Path] = set()
        for series_id, outcome in merged.items():
            if not outcome.changed:
                continue
            path = self._home.setdefault(series_id, self._path(catalog.series(series_id)))
            self._held.setdefault(path, {})[series_id] = outcome.rows
            self._tables.pop(series_id, None)
            touched.add(path)
        for path in sorted(touched):
            self._write(path)
        return merged

    def _open(self) -> None:
        for place in (self.folder, self.folder / RESTRICTED):
            files.clear(place, "*.parquet")
        for path in files.paths(self.folder):
            try:
                self._held[path] = files.read(path)
            except StoreError as error:
                raise StoreError(error.message, hint=_DAMAGED) from error
            self._home |= dict.fromkeys(self._held[path], path)

    def _path(self, series: Series) -> Path:
        folder = self.folder / RESTRICTED if series.restricted else self.folder
        return folder / f"{series.source.partition(':')[0].lower()}.parquet"

    def _write(self, path: Path) -> None:
        rows = self._held[path]
        for series_id in rows:
            if series_id not in self._tables:
                self._tables[series_id] = rows[series_id].table(series_id)
        try:
            whole = files.joined([self._tables[series_id] for series_id in sorted(rows)])
            files.write(whole, path, ordered=True)
        except OSError as error:
            raise HostError(
                f"{path}: cannot be written: {error.strerror or os.strerror(error.errno or 0)}",
                hint="Check its permissions and the space on its disk; the file is as it was.",
            ) from error


__all__ = ["STATE", "Merged", "Watched", "Writer"]
