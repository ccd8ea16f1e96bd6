"""Fill a store from the publishers: each answer is stored as it comes, and no source spoils another."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from reportgen import catalog, embedded
from reportgen.errors import FetchError, HostError, ReportgenError, StoreError
from reportgen.indicators.freshness import Freshness, freshness
from reportgen.model import to_moment64
from reportgen.pipeline.fetch_state import State
from reportgen.pipeline.quarantine import report as report_quarantine
from reportgen.sources import Answer, Level, Quarantined, Rows, Source, Want, homes
from reportgen.sources.transport import Transport
from reportgen.store import Store, files
from reportgen.store.files import Columns
from reportgen.store.merging import Merged
from reportgen.store.writing import STATE, Writer

Memory = MutableMapping[str, dict[str, Any]]
Connect = Callable[[Memory], Transport]
Progress = Callable[[str], None]
_LOOK = 0.2  # seconds between two looks at the keyboard
_EXAMPLES = 5  # days on which a series differs, or series that did not come, that a report names


@dataclass(slots=True)
class SourceReport:
    """What one source brought."""

    id: str
    asked: int
    state: Literal["complete", "incomplete", "failed"] = "complete"
    why: str | None = None
    hint: str | None = None
    done: int = 0
    new: int = 0
    revised: int = 0
    same: int = 0
    disagreed: int = 0  # with the series' own publisher, whose value stands
    quarantined: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    requests: int = 0
    bytes: int = 0
    not_modified: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Overlap:
    """How what came agrees with the embedded data, for one series."""

    series: str
    revised: bool  # history is re-estimated, so differences are no surprise
    same: int = 0
    differs: int = 0
    examples: list[tuple[str, float, float]] = field(default_factory=list)  # day, embedded, fetched


@dataclass(frozen=True, slots=True)
class Late:
    """A series that a failure keeps old: how old, and why."""

    freshness: Freshness
    source: str
    why: str
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What a fetch did."""

    folder: Path
    at: dt.datetime
    sources: tuple[SourceReport, ...]
    late: tuple[Late, ...]
    overlap: tuple[Overlap, ...]
    quarantine: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Say whether every source gave everything that it was asked for."""
        return all(s.state == "complete" for s in self.sources)

    @property
    def changed(self) -> bool:
        """Say whether the store holds anything that it did not hold before."""
        return any(s.new or s.revised for s in self.sources)


def fetch(
    folder: Path,
    sources: Sequence[Source],
    connect: Connect,
    clock: Callable[[], dt.datetime],
    *,
    first: dt.date,
    since: dt.date | None = None,
    wait: float = 0.0,
    progress: Progress = lambda _: None,
) -> Report:
    """Ask every source for what the store lacks, and store it.

    Shape: first is the first day wanted of a series that is not held; since asks for all from a day again.
    wait: seconds to wait for another fetch to end.

    Raises: StoreBusyError, StoreError, HostError for the store. What a source fails in is in the report.
    """
    at = clock()
    with Writer(folder, wait) as writer:
        state = State.read(folder)
        damage = state.put_in_order()
        if state.is_new:  # what of the past a source failed to give is forgotten too
            for series_id in writer.held:
                for source_id in homes().get(series_id, ()):
                    state.lacks(source_id, (series_id,), first)
        engine = _Engine(writer, state, connect, clock, first, since, progress)
        engine.keep()
        engine.work(sources)
        overlap = tuple(sorted(engine.overlap.values(), key=lambda o: o.series))
        reports = tuple(engine.reports[source.id] for source in sources)
        quarantine = tuple(sorted(engine.quarantine))
    late, notes = _late(folder, state, clock()), () if damage is None else (damage,)
    return Report(folder, at, reports, late, overlap, quarantine, notes)


def _late(folder: Path, state: State, now: dt.datetime) -> tuple[Late, ...]:
    """Say how old the series are whose sources failed; those that are fresh all the same are not late."""
    failures = state.failures()
    if not failures or not files.paths(folder):
        return ()
    snapshot = Store(folder).snapshot(now)
    found = []
    for series_id, failure in sorted(failures.items()):
        fresh = freshness(snapshot, series_id)
        if fresh.state != "fresh":
            found.append(Late(fresh, failure.source, failure.why, failure.since))
    return tuple(found)


class _Engine:
    """The turns of the sources, side by side; whatever touches the store or the state holds the lock."""

    def __init__(
        self,
        writer: Writer,
        state: State,
        connect: Connect,
        clock: Callable[[], dt.datetime],
        first: dt.date,
        since: dt.date | None,
        progress: Progress,
    ) -> None:
        self.writer, self.state, self.connect, self.clock = writer, state, connect, clock
        self.first, self.since, self.progress = first, since, progress
        self.stop = threading.Event()
        self.reports: dict[str, SourceReport] = {}
        self.overlap: dict[str, Overlap] = {}
        self.quarantine: set[Path] = set()
        self._lock = threading.Lock()
        self._faults: list[BaseException] = []
        self._told: dict[str, dict[str, dt.date]] = {}  # by source: series of which all was said, since when
        self._ended: dict[str, threading.Event] = {}
        self._ahead: dict[str, set[str]] = {}
        self._refused: set[str] = set()  # sources of which we did not store what they believed
        self._embedded: Store | None = None

    def work(self, sources: Sequence[Source]) -> None:
        """Have all sources answer, and return when the last one has; an interrupt waits for no answer."""
        self._ended = {source.id: threading.Event() for source in sources}
        self._ahead = _ahead(sources)
        threads = [threading.Thread(target=self._guarded, args=(s,), daemon=True) for s in sources]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(_LOOK)
        finally:
            with self._lock:  # no thread is writing, and none will
                self.stop.set()
        if self._faults:
            raise self._faults[0]

    def _guarded(self, source: Source) -> None:
        try:
            for other in self._ahead[source.id]:
                while not (self._ended[other].wait(_LOOK) or self.stop.is_set()):
                    pass
            if not self.stop.is_set():
                self._turn(source)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            self.stop.set()
            self._faults.append(error)
        finally:
            self._ended[source.id].set()

    def _turn(self, source: Source) -> None:
        """Have one source answer; only what concerns the store itself escapes."""
        begun, ticks = self.clock(), time.monotonic()
        report = self.reports[source.id] = SourceReport(source.id, len(source.series))
        with self._lock:
            held = self.writer.held
            memory = {} if self.since else self.state.memory(source.id, held)
            lacking = self.state.lacking(source.id)
            whole = {s: day for s, day in self.writer.newest().items() if s not in lacking}
            levels = {s: Level(day, value) for s, (day, value) in self.writer.levels().items()}
        newest = {} if self.since else whole
        want = Want(tuple(source.series), newest, self.since or self.first, levels)
        doubtful: set[str] = set()
        self._told[source.id] = {}
        heard = False
        try:
            with self.connect(memory) as transport:
                try:
                    for answer in source.fetch(want, transport):
                        with self._lock:
                            if self.stop.is_set():
                                return
                            self._take(source, answer, report, doubtful)
                            self._note_gaps(source, want, answer.failed.keys() - whole.keys())
                except FetchError as error:
                    report.state, report.why, report.hint = "failed", error.message, error.hint
                except ReportgenError:
                    raise  # the store or the settings: of this turn nothing is known
                except Exception as error:  # noqa: BLE001 - a fault of ours in one source must not spoil the others
                    words = transport.redact(f"{type(error).__name__}: {error}")
                    report.state, report.why = "failed", f"a fault of reportgen itself ({words})"
            heard = True
        finally:
            report.seconds = time.monotonic() - ticks
            with self._lock:
                if heard and not self.stop.is_set():
                    self._end(source, report, begun, memory, want, doubtful)

    def _take(self, source: Source, answer: Answer, report: SourceReport, doubtful: set[str]) -> None:
        """Store an answer and count it."""
        arrived: dict[str, Columns] = {}
        for rows in answer.rows:
            columns, before = _columns(rows, source.id), arrived.get(rows.series)
            arrived[rows.series] = columns if before is None else before.and_then(columns)
        quarantined = list(answer.quarantined)
        merged = self._append(source, arrived, answer, quarantined)
        for outcome in merged.values():
            report.new += outcome.new
            report.revised += outcome.revised
            report.same += outcome.same
            report.disagreed += outcome.refused
        report.done += len(arrived)
        self._told[source.id] |= answer.told
        report.requests += answer.requests
        report.bytes += answer.bytes
        report.not_modified += answer.not_modified
        report.notes += [note for note in answer.notes if note not in report.notes]
        report.failed |= {series_id: error.message for series_id, error in answer.failed.items()}
        if quarantined:
            report.quarantined += len(quarantined)
            doubtful |= {q.series or "" for q in quarantined}
            self.quarantine.add(report_quarantine(self.writer.folder, self.clock(), source.id, quarantined))
        for series_id in merged:
            self._compare(series_id, arrived[series_id])
        self.progress(f"{source.id}: {report.done} of {report.asked} series")

    def _note_gaps(self, source: Source, want: Want, failed: Set[str]) -> None:
        """Remember at once what has no past yet: a fetch that is killed would take what came for all."""
        if failed:
            self.state.lacks(source.id, failed, want.first)
            self.keep()

    def _append(
        self, source: Source, arrived: dict[str, Columns], answer: Answer, quarantined: list[Quarantined]
    ) -> dict[str, Merged]:
        """Add rows; a series whose rows contradict each other is quarantined, the others are stored."""
        # What is not held was lost since it was asked for: that it comes now says nothing about then.
        watched = {s: w for s, w in self.state.watched(source.id).items() if s in self.writer.held}
        ranks = homes()
        others = {s for s in arrived if (ranks.get(s) or (source.id,))[0] != source.id}
        try:
            return self.writer.append(arrived, watched, only_days=others)
        except StoreError:
            pass
        merged: dict[str, Merged] = {}
        for series_id, columns in arrived.items():
            try:
                merged |= self.writer.append({series_id: columns}, watched, only_days=others)
            except StoreError as error:
                url = next(rows.url for rows in answer.rows if rows.series == series_id)
                expected = "one value a day, or the time of each vintage"
                quarantined.append(Quarantined(source.id, series_id, url, "rows", error.message, expected))
                self._refused.add(source.id)
        return merged

    def _end(
        self,
        source: Source,
        report: SourceReport,
        begun: dt.datetime,
        memory: Memory,
        want: Want,
        doubtful: set[str],
    ) -> None:
        """Say how the turn ended, and remember it."""
        if report.state != "failed" and (report.failed or report.quarantined):
            report.state = "incomplete"
        wanted, held = set(source.series), self.writer.held
        told = {s: first for s, first in self._told[source.id].items() if s not in report.failed}
        if "" not in doubtful:
            sure = {s: first for s, first in told.items() if s in held and s not in doubtful}
            self.state.answered(source.id, begun, sure)
        self.state.filled(source.id, told.keys() - want.newest.keys(), want.first)
        if report.state == "failed":
            self.state.recovered(source.id, told)
            late = dict.fromkeys(wanted - told.keys(), report.why or "")
            self.state.refused(source.id, begun, late | report.failed)
        else:
            self.state.recovered(source.id, wanted - report.failed.keys())
            self.state.refused(source.id, begun, report.failed)
            unheard = sorted(wanted - held - report.failed.keys() - doubtful)
            if unheard:
                report.notes.append(f"nothing came of {_some(unheard)}, and nothing is held")
        self.state.ended(source.id, begun, report.state, report.why or _first(report.failed))
        if source.id in self._refused:
            memory.clear()  # or "not changed" would be all that is ever heard of it again
        with suppress(OSError):  # validators save requests, and nothing rests on them
            self.state.remember(source.id, wanted & held, memory)
        self.keep()

    def keep(self) -> None:
        """Write what is remembered.

        Raises: HostError.
        """
        try:
            self.state.write()
        except OSError as error:
            raise HostError(
                f"{self.writer.folder / STATE}: cannot be written: {error.strerror or error}",
                hint="What came is stored, but not what was asked for in vain, which dates what comes late.",
            ) from error

    def _compare(self, series_id: str, arrived: Columns) -> None:
        """Compare what came with the embedded data, day by day."""
        if self._embedded is None:
            self._embedded = Store(embedded.FOLDER)
        rows = self._embedded.rows(series_id)
        if rows is None or not len(arrived):
            return
        last = np.append(arrived.days[1:] != arrived.days[:-1], True)
        days, values = arrived.days[last], arrived.values[last]
        _, ours, theirs = np.intersect1d(days, rows.days, assume_unique=False, return_indices=True)
        one, other = values[ours], rows.values[theirs]
        same = np.isclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)
        found = self.overlap.setdefault(series_id, Overlap(series_id, catalog.series(series_id).revised))
        found.same += int(same.sum())
        found.differs += int((~same).sum())
        for at in np.flatnonzero(~same)[-_EXAMPLES:]:
            found.examples.append((str(days[ours][at]), float(other[at]), float(one[at])))
        del found.examples[:-_EXAMPLES]


def _ahead(sources: Sequence[Source]) -> dict[str, set[str]]:
    """Say whom each source waits for: the publisher whose values stand goes before those that add days."""
    chosen, ranks = {source.id for source in sources}, homes()
    behind = {
        source.id: {ranks[s][0] for s in source.series if s in ranks and ranks[s][0] in chosen} - {source.id}
        for source in sources
    }
    return {id: {other for other in others if not behind[other]} for id, others in behind.items()}


def _some(names: Sequence[str]) -> str:
    """Write the first of many names, and how many there are besides."""
    more = len(names) - _EXAMPLES
    return ", ".join(names[:_EXAMPLES]) + (f" and {more} more" if more > 0 else "")


def _first(failed: Mapping[str, str]) -> str | None:
    return next(iter(failed.values()), None)


def _columns(rows: Rows, source: str) -> Columns:
    count = len(rows)
    is_own = homes().get(rows.series, ("",))[0] == source  # a desk's own file is nobody's
    return Columns(
        rows.days.astype("datetime64[D]"),
        rows.values.astype(np.float64),
        rows.published.astype("datetime64[us]"),
        np.full(count, to_moment64(rows.retrieved)),
        None if is_own else np.full(count, source),
    )


__all__ = ["Late", "Overlap", "Report", "SourceReport", "fetch"]
