"""What a store holds, and what of it was public at a moment."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reportgen import calendars, catalog
from reportgen.calendars import publication
from reportgen.calendars.rules import UNKNOWN
from reportgen.errors import CatalogueError, StoreError
from reportgen.model import Days, Floats, History, Series, to_date, to_moment64
from reportgen.store import files

_UNKNOWN = to_moment64(UNKNOWN)
_Known = dict[tuple[str, bytes], files.Moments]


@dataclass(frozen=True, slots=True)
class _Rows:
    """All rows of one series, ordered by day, then by publication, then by retrieval."""

    columns: files.Columns
    has_revisions: bool

    @property
    def days(self) -> Days:
        return self.columns.days

    @property
    def values(self) -> Floats:
        return self.columns.values

    @property
    def published(self) -> files.Moments:
        return self.columns.published

    @property
    def retrieved(self) -> files.Moments:
        return self.columns.retrieved


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
        public = rows.columns.take(keep)
        days = public.days
        if rows.has_revisions and len(days):
            last = np.append(days[1:] != days[:-1], True)  # the newest public vintage of each day
            if series.revised and _has_vintages(days, last):
                series = dataclasses.replace(series, revised=False)
            public = public.take(last)
        known = ~np.isnan(public.values)
        if series.open_days is not None:
            known &= np.isin(public.days, calendars.open_days(series.open_days))
        if not known.all():
            public = public.take(known)
        return History(series, public.days, public.values, public.published, public.origins)

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
            parts.append(rows.columns.take(keep).table(series_id))
        return files.joined(parts)


def _has_vintages(days: Days, last: NDArray[np.bool_]) -> bool:
    """Say whether a re-estimated series is held as it was told at the time: most days with revisions."""
    first = np.append(True, last[:-1])
    return 2 * int((first & ~last).sum()) >= int(last.sum())


def _empty(series: Series) -> History:
    moments = np.array([], "datetime64[us]")
    return History(series, np.array([], "datetime64[D]"), np.array([], np.float64), moments)


def _read_folder(folder: Path) -> Mapping[str, _Rows]:
    paths = files.paths(folder)
    if not paths:
        raise StoreError(
            f"{folder}: no store file found, expected at least one *.parquet",
            hint="`reportgen fetch` fills a store.",
        )
    found: dict[str, _Rows] = {}
    origin: dict[str, Path] = {}
    moments: _Known = {}
    for path in paths:
        for series_id, columns in files.read(path).items():
            if series_id in found:
                other = origin[series_id].relative_to(folder)
                raise StoreError(f"{path}: series {series_id} is also in {other}, expected it in one file")
            found[series_id], origin[series_id] = _rows(path, series_id, columns, moments), path
    return found


def _rows(path: Path, name: str, columns: files.Columns, moments: _Known) -> _Rows:
    unknown = np.isnat(columns.published)
    if unknown.any():
        try:
            rule = catalog.series(name).publication
        except CatalogueError as error:
            raise StoreError(f"{path}: {error.message}") from error
        columns = filled(columns, rule, known=moments)
    return _Rows(columns, bool((columns.days[1:] == columns.days[:-1]).any()))


def filled(
    columns: files.Columns, rule: str, *, ordered: bool = True, known: _Known | None = None
) -> files.Columns:
    """Give the rows without a time of publication that of their rule, and put them in order.

    Shape: known keeps the moments of rule and days for series that share both.
    """
    unknown = np.isnat(columns.published)
    published = columns.published.copy()
    days = columns.days[unknown]
    key = (rule, days.tobytes())
    moments = None if known is None else known.get(key)
    if moments is None:
        moments = publication.first_public_array(rule, days)
        if known is not None:
            known[key] = moments
    published[unknown] = moments
    withheld = published >= _UNKNOWN  # and yet it came: public at the latest when it was seen
    if withheld.any():
        published[withheld] = columns.retrieved[withheld]
    found = dataclasses.replace(columns, published=published)
    if ordered and (found.days[1:] == found.days[:-1]).any():  # else the order of days settles it
        found = found.take(np.lexsort((found.retrieved, found.published, found.days)))
    return found
