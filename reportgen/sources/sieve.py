"""From cells to rows: a value is believed, or it is quarantined with the reason; it is never guessed.

A source hands over cells as the publisher wrote them. `answer` gives the observations that stand, one series
after the other, ascending; and all that did not.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TypedDict

import numpy as np

from reportgen import catalog
from reportgen.model import NEW_YORK
from reportgen.sources.contract import EXCERPT, Answer, Level, Quarantined, Rows
from reportgen.sources.plausible import limits, longest_chain
from reportgen.sources.transport import Reply

ISO, ISO_MIDNIGHT, US = "YYYY-MM-DD", "YYYY-MM-DDT00:00:00", "MM/DD/YYYY"
_DAYS = {
    ISO: re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)", re.ASCII),
    ISO_MIDNIGHT: re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)T00:00:00(?:\.0+)?", re.ASCII),
    US: re.compile(r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d{4})", re.ASCII),
}
_NUMBER = re.compile(r"-?(?:\d{1,15}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_FIRST = date(1900, 1, 1)
_AHEAD = {"administered": timedelta(days=7)}  # by rule: these are dated on the day they take effect


@lru_cache(maxsize=50_000)
def parse_day(text: str | None, form: str) -> date | None:
    """Return the day that a text gives in a form, None if it gives none."""
    pattern = _DAYS.get(form)
    found = pattern.fullmatch(text or "") if pattern else None
    if found is None:
        return None
    try:
        return date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        return None


def parse_number(text: str | None, shift: int = 0) -> float | None:
    """Return the number that a text gives, its decimal point moved by `shift`; None if it gives none.

    Only ASCII digits, one point, one sign and a short exponent: no "1_000", "inf" or "1,000".
    """
    if text is None or _NUMBER.fullmatch(text) is None:
        return None
    return float(Decimal(text).scaleb(shift)) if shift else float(text)


class Counts(TypedDict):
    """What replies cost, as the fields of an Answer."""

    requests: int
    bytes: int
    not_modified: int


@dataclass(slots=True)
class _Cell:
    day: date
    value: float
    published: np.datetime64
    where: str
    shown: object
    moment: int  # of publication, to sort by; the rule's own goes before all


NEVER = np.datetime64("NaT", "us")
NOTHING: Mapping[str, date] = MappingProxyType({})


@dataclass
class Sieve:
    """Collects the cells of one reply, or of the pages of one."""

    source: str
    replies: Sequence[Reply]
    levels: Mapping[str, Level] = field(default_factory=dict)  # the last value held
    others: Sequence[Reply] = ()  # asked for besides: counted, but without rows
    quarantined: list[Quarantined] = field(default_factory=list)
    _cells: dict[str, list[_Cell]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self,
        series: str,
        where: str,
        day: date | str | None,
        value: str | None,
        *,
        form: str = ISO,
        missing: Iterable[str] = (),
        shift: int = 0,
        published: np.datetime64 = NEVER,
        context: object = "",
    ) -> None:
        """Take one cell: a day and a value as text.

        Texts in `missing` mean that the publisher gives no value. `shift` moves the decimal point from the
        publisher's unit to the catalogue's. `context` is what the report shows around the cell.
        """
        found = day if isinstance(day, date) else parse_day(day, form)
        if found is None:
            self.reject(series, where, f"the date {day!r}", form, context)
            return
        number = float("nan") if value in tuple(missing) else parse_number(value, shift)
        if number is None:
            self.reject(series, where, f"the value {value!r} of {found}", "a number", context)
            return
        fault = self._day_fault(series, found) or (
            None if number != number else limits(series).value_fault(number)
        )
        if fault:
            self.reject(series, where, f"{value} on {found}", fault, context)
            return
        self._cells[series].append(_Cell(found, number, published, where, context, _order(published)))

    def reject(self, series: str | None, where: str, found: str, expected: str, context: object = "") -> None:
        """Quarantine a part of the reply."""
        self.quarantined.append(
            Quarantined(
                self.source,
                series,
                self.replies[0].url,
                where,
                found[:EXCERPT],
                expected[:EXCERPT],
                " ".join(str(context).split())[:EXCERPT],
            )
        )

    def answer(
        self, *, ordered: str = "", since: date | None = None, told: Mapping[str, date] = NOTHING
    ) -> Answer:
        """Return what stands and what does not.

        `ordered` is the order in which the publisher always gives the rows, "ascending" or "descending"; a
        row out of it is not believed. Rows before `since` are left out, after they served the checks.
        """
        rows = []
        for series in sorted(self._cells):
            cells = self._in_order(series, self._cells[series], ordered) if ordered else self._cells[series]
            cells = self._without_jumps(series, self._without_conflicts(series, cells))
            cells = [c for c in cells if since is None or c.day >= since]
            if cells:
                rows.append(self._rows(series, cells))
        return Answer(
            tuple(rows),
            tuple(self.quarantined),
            told=told,
            **counts([*self.replies, *self.others]),
        )

    @cached_property
    def _today(self) -> date:
        return self.replies[0].retrieved.astimezone(NEW_YORK).date()

    def _day_fault(self, series: str, day: date) -> str | None:
        known = catalog.series(series)
        last = self._today + _AHEAD.get(known.publication, timedelta(0))
        if not _FIRST <= day <= last:
            return f"a day from {_FIRST} to {last}"
        return limits(series).day_fault(day, known.frequency)

    def _in_order(self, series: str, cells: list[_Cell], ordered: str) -> list[_Cell]:
        """Keep the most rows that are in order; days may repeat, which vintages do."""
        numbers = [c.day.toordinal() if ordered == "ascending" else -c.day.toordinal() for c in cells]
        keep = _longest_ascending(numbers)
        for at, cell in enumerate(cells):
            if at not in keep:
                self.reject(series, cell.where, f"{cell.day} out of order", f"days {ordered}", cell.shown)
        return [c for at, c in enumerate(cells) if at in keep]

    def _without_conflicts(self, series: str, cells: list[_Cell]) -> list[_Cell]:
        """Keep one of identical rows, none of rows that contradict each other."""
        found: dict[tuple[date, int], list[_Cell]] = defaultdict(list)
        for cell in cells:
            found[cell.day, cell.moment].append(cell)
        kept = []
        for (day, _), alike in found.items():
            values = {repr(c.value) for c in alike}
            if len(values) == 1:
                kept.append(alike[0])
            else:
                said = ", ".join(sorted(values))
                self.reject(series, alike[-1].where, f"{said} on {day}", "one value a day", alike[-1].shown)
        return sorted(kept, key=lambda c: (c.day, c.moment))

    def _without_jumps(self, series: str, cells: list[_Cell]) -> list[_Cell]:
        allowed = limits(series)
        if self._in_another_unit(series, cells):
            return []
        kept = []
        days = [c.day.toordinal() for c in cells]
        frequency = catalog.series(series).frequency
        faults = longest_chain([c.value for c in cells], days, allowed, frequency)
        for cell, fault in zip(cells, faults, strict=True):
            if fault is None:
                kept.append(cell)
            else:
                self.reject(series, cell.where, f"{cell.value:g} on {cell.day}", fault, cell.shown)
        return kept

    def _in_another_unit(self, series: str, cells: list[_Cell]) -> bool:
        """Compare the last value held with what the reply now says of its day."""
        held = self.levels.get(series)
        now = [c for c in cells if held is not None and c.day == held.day and c.value == c.value]
        if held is None or not now:
            return False
        fault = limits(series).revision_fault(held.value, now[-1].value)
        if fault is None:
            return False
        self.reject(
            series,
            now[-1].where,
            f"{now[-1].value:g} on {held.day}, held as {held.value:g} (nothing of the series is taken)",
            fault,
            now[-1].shown,
        )
        return True

    def _rows(self, series: str, cells: list[_Cell]) -> Rows:
        first = self.replies[0]
        digest = first.sha256
        if len(self.replies) > 1:
            digest = hashlib.sha256(b"".join(r.body for r in self.replies)).hexdigest()
        return Rows(
            series,
            np.array([c.day for c in cells], "datetime64[D]"),
            np.array([c.value for c in cells], np.float64),
            np.array([c.published for c in cells], "datetime64[us]"),
            self.replies[-1].retrieved,
            first.url,
            digest,
        )


def _order(published: np.datetime64) -> int:
    return -(2**63) if published is NEVER else int(published.astype("datetime64[us]").astype(np.int64))


def counts(replies: Iterable[Reply]) -> Counts:
    """Return what replies cost, as the fields of an Answer."""
    found = list(replies)
    return {
        "requests": sum(r.requests for r in found),
        "bytes": sum(r.bytes for r in found),
        "not_modified": sum(r.not_modified for r in found),
    }


def _longest_ascending(numbers: Sequence[int]) -> set[int]:
    """Return the places of a longest sequence that never falls."""
    tails: list[tuple[int, int]] = []  # last number of the best sequence of each length, and its place
    before: list[int] = []
    for at, number in enumerate(numbers):
        length = bisect_left(tails, (number + 1, -1))
        before.append(tails[length - 1][1] if length else -1)
        tails[length : length + 1] = [(number, at)]
    keep: set[int] = set()
    at = tails[-1][1] if tails else -1
    while at >= 0:
        keep.add(at)
        at = before[at]
    return keep
