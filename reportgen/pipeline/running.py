"""The desk's evening: fetch, wait for what is due, build, check, submit, and tell the desk how it went."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from reportgen import calendars, catalog
from reportgen.calendars import publication
from reportgen.calendars.rules import rule as rule_of
from reportgen.config.live import Run
from reportgen.errors import (
    AuditError,
    FetchError,
    HostError,
    PdfError,
    ReportgenError,
    StoreBusyError,
    StoreError,
)
from reportgen.model import NEW_YORK
from reportgen.pipeline.desk import Desk
from reportgen.pipeline.fetch_state import is_prompt
from reportgen.pipeline.fetching import Report
from reportgen.store import Store
from reportgen.store.files import clear, paths, write_text
from reportgen.store.writing import STATE
from reportgen.text import NBSP

LOCK, MEMORY = "run.lock", "run.json"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A publication that should be here, or comes before the wait ends, and the series that lack it."""

    rule: str
    period: dt.date
    due: dt.datetime
    series: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the evening and how it went."""

    name: str
    state: Literal["done", "failed", "skipped"]
    said: str
    exit_code: int = 0


@dataclass(slots=True)
class Evening:
    """What an evening came to."""

    began: dt.datetime
    as_of: dt.datetime | None = None
    folder: Path | None = None
    note_id: str | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """Return the status of what stood in the way of the note; else of the first step that failed."""
        failed = [step.exit_code for step in self.steps if step.state == "failed"]
        grave = [code for code in failed if code != FetchError.exit_code]
        return next(iter(grave or failed), 0)

    @property
    def subject(self) -> str:
        """Say in a line how it went."""
        failed = [step.name for step in self.steps if step.state == "failed"]
        what = self.note_id or "no note"
        if not failed:
            return f"{what}: {', '.join(s.name for s in self.steps if s.state == 'done')}"
        return f"{what}: {' and '.join(failed)} failed"


@dataclass(frozen=True, slots=True)
class Means:
    """How the evening does what it does; the command line brings clock, keys and settings.

    fetch: asks the sources of the publication rules given, of all if none are.
    submit: None where no archive is configured, with the reason in unsubmitted.
    tell: sends a subject and a text to the desk, and says to whom; None where nobody is named.
    """

    clock: Callable[[], dt.datetime]
    sleep: Callable[[float], None]
    fetch: Callable[[Sequence[str]], Report]
    build: Callable[[dt.datetime], Path]
    check: Callable[[Path], str]
    submit: Callable[[Path], str] | None
    tell: Callable[[str, str], str] | None
    unsubmitted: str = ""


def run(
    desk: Desk, settings: Run, means: Means, say: Callable[[str], None], *, again: bool = False
) -> Evening:
    """Do the evening's work; what fails is a step of its result, and the desk is told of it.

    Shape: again builds although nothing has come since the last note of the same market date.

    Raises: StoreBusyError if another run is at work.
    """
    assert desk.data is not None, "a run fills a store"
    with _alone(desk.data):
        evening = Evening(means.clock())
        try:
            _work(desk, desk.data, settings, means, say, evening, again)
        except BaseException as error:
            name = "interrupted" if isinstance(error, KeyboardInterrupt) else "reportgen"
            evening.steps.append(Step(name, "failed", f"{type(error).__name__}", 1))
            _tell(settings, means, evening)
            raise
        _tell(settings, means, evening)
        return evening


def pending(store: Store, rules: Sequence[str], now: dt.datetime, until: dt.datetime) -> list[Waiting]:
    """Return what of some publication rules is out, or comes before a moment, and is not held in full.

    A rule of which nothing is held is not waited for, nor is a publication without a date. Of the series of a
    rule those count that a source gives on time, where there are any, and that had not ended long before.
    """
    found = []
    last = until.astimezone(NEW_YORK).date()
    for rule in rules:
        by_newest = _by_newest(store, rule)
        firsts = [_first_awaited(rule, day + dt.timedelta(1), last, now, until) for day in by_newest]
        awaited = [first for first in firsts if first is not None]
        if awaited:
            period, due = min(awaited)
            lacking = [s for day, series in by_newest.items() if day < period for s in series]
            found.append(Waiting(rule, period, due, tuple(sorted(lacking))))
    return found


def _by_newest(store: Store, rule: str) -> dict[dt.date, list[str]]:
    """Return the series of a rule that are waited for by the newest day held."""
    held = [s for s in catalog.all_series().values() if s.publication == rule and s.id in store.held]
    newest = {s: day for s in held if (day := store.newest(s.id)) is not None}
    prompt = {s: day for s, day in newest.items() if is_prompt(s.id)} or newest
    found: dict[dt.date, list[str]] = defaultdict(list)
    for series, day in prompt.items():
        age = calendars.count(day, max(prompt.values()), rule_of(rule).calendar)
        if age <= max(series.expires, series.max_age):
            found[day].append(series.id)
    return found


def _first_awaited(
    rule: str, start: dt.date, last: dt.date, now: dt.datetime, until: dt.datetime
) -> tuple[dt.date, dt.datetime] | None:
    """Return the first period from a day on that is out or due by a moment, and when it is."""
    for period in publication.periods(rule, start, last).tolist():
        due = publication.expected(rule, period, now)
        if due is not None and due <= until:
            return period, due
    return None


def checked(folder: Path) -> str:
    """Check the note as `reportgen check` does.

    Raises: AuditError or PdfError with every fault.
    """
    from reportgen.pipeline import checking

    note = checking.BuiltNote(folder)
    faults = checking.check(note)
    if faults:
        kind = PdfError if any(f.exit_code == PdfError.exit_code for f in faults) else AuditError
        raise kind("\n".join(f"{fault.file}: {fault.message}" for fault in faults))
    return f"{len(note.files)} files as sealed"


@contextmanager
def _alone(store: Path) -> Iterator[None]:
    """Hold the lock of runs.

    Raises: StoreBusyError if another run holds it.
    """
    (store / STATE).mkdir(parents=True, exist_ok=True)
    lock = FileLock(store / STATE / LOCK)
    try:
        lock.acquire(timeout=0)
        clear(store / STATE, MEMORY)
    except Timeout as error:
        raise StoreBusyError(
            f"{store}: another run is at work", hint="It builds the same note; look again when it has ended."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _work(
    desk: Desk,
    data: Path,
    settings: Run,
    means: Means,
    say: Callable[[str], None],
    evening: Evening,
    again: bool,
) -> None:
    reports, waiting, refused = _gather(desk, settings, means, say, evening)
    evening.steps.append(_fetched(reports, waiting, refused))
    as_of = evening.as_of = _full_minute(means.clock())
    before = _remembered(data)
    note = {"market_date": _market_date(as_of), "note": settings.note, "lang": settings.lang}
    key = note | {"store": _fingerprint(data)}
    if before.get("done") == key and not again:
        evening.note_id = before.get("note_id")
        evening.steps.append(Step("build", "skipped", f"nothing new since {evening.note_id}"))
        return
    _remember(data, {})  # until the note stands: one that fails is tried again
    while (left := (as_of - means.clock()).total_seconds()) > 0:
        means.sleep(left)
    if not _step(evening, "build", lambda: _built(evening, means, as_of), say):
        return
    assert evening.folder is not None
    folder = evening.folder
    if not _step(evening, "check", lambda: means.check(folder), say):
        return
    if means.submit is None:
        evening.steps.append(Step("submit", "skipped", means.unsubmitted))
    else:
        submit = means.submit
        if not _step(evening, "submit", lambda: submit(folder), say):
            return
    _remember(data, {"done": key, "note_id": evening.note_id, "folder": str(folder)})


def _full_minute(now: dt.datetime) -> dt.datetime:
    """Return the first full minute not before now: what has been fetched was seen by then."""
    minute = now.replace(second=0, microsecond=0)
    return minute if minute == now else minute + dt.timedelta(minutes=1)


def _gather(
    desk: Desk, settings: Run, means: Means, say: Callable[[str], None], evening: Evening
) -> tuple[list[Report], list[Waiting], ReportgenError | None]:
    """Fetch, and again while something is due, until it is here or the wait is over.

    A fetch that is refused, because another is at work or the store is damaged, stops nothing: the note is
    built from what is held, if it can be.
    """
    until = evening.began + dt.timedelta(minutes=settings.wait_minutes)
    reports: list[Report] = []
    rules: list[str] = []
    say("fetch")
    while True:
        refused = None
        try:
            reports.append(means.fetch(rules))
        except ReportgenError as error:
            refused = error
        now = means.clock()
        waiting = _pending(desk, settings, now, until)
        again = isinstance(refused, StoreBusyError)
        if not (waiting or again) or now >= until:
            return reports, waiting, refused
        # Nothing is asked for before it can be there, and nothing after the wait.
        soon = now if again else min(w.due for w in waiting)
        wake = min(until, max(now + dt.timedelta(minutes=settings.poll_minutes), soon))
        rules = [] if again else [w.rule for w in waiting]
        say(f"waiting for {'another fetch' if again else ', '.join(rules)}")
        means.sleep((wake - now).total_seconds())


def _pending(desk: Desk, settings: Run, now: dt.datetime, until: dt.datetime) -> list[Waiting]:
    try:
        return pending(desk.store(), settings.wait_for, now, until)
    except StoreError:  # nothing could be fetched into an empty store; the build says so
        return []


def _fetched(reports: Sequence[Report], waiting: Sequence[Waiting], refused: ReportgenError | None) -> Step:
    """Say what came; a source counts by its last turn."""
    last = {source.id: source for report in reports for source in report.sources}
    new = sum(s.new + s.revised for report in reports for s in report.sources)
    said = [f"{new:,} new values from {len(last)} sources", *(n for report in reports for n in report.notes)]
    said += [
        f"{s.id} {s.state}" + (f": {s.why}" if s.why else "") for s in last.values() if s.state != "complete"
    ]
    said += [f"{id} not had: {why}" for s in last.values() for id, why in s.failed.items()]
    said += [f"{s.quarantined} values of {s.id} not believed" for s in last.values() if s.quarantined]
    said += [f"not here in time: {w.rule} of {w.period} ({_some(w.series)})" for w in waiting]
    if refused is not None:
        return Step("fetch", "failed", "\n".join([str(refused), *said]), refused.exit_code)
    failed = bool(waiting) or any(s.state != "complete" for s in last.values())
    return Step(
        "fetch", "failed" if failed else "done", "\n".join(said), FetchError.exit_code if failed else 0
    )


def _some(ids: Sequence[str]) -> str:
    return ids[0] + (f" and {len(ids) - 1} more series" if len(ids) > 1 else "")


def _step(evening: Evening, name: str, work: Callable[[], str], say: Callable[[str], None]) -> bool:
    """Do a step and note how it went; say whether the next one makes sense."""
    say(name)
    try:
        evening.steps.append(Step(name, "done", work()))
    except ReportgenError as error:
        evening.steps.append(Step(name, "failed", str(error), error.exit_code))
        return False
    return True


def _built(evening: Evening, means: Means, as_of: dt.datetime) -> str:
    evening.folder = means.build(as_of)
    manifest = json.loads((evening.folder / "manifest.json").read_text(encoding="utf-8"))
    evening.note_id = manifest["id"]
    return str(evening.folder)


def _tell(settings: Run, means: Means, evening: Evening) -> None:
    """Mail the desk; that it cannot be mailed is a step that failed."""
    wanted = settings.mail_on == "always" or (settings.mail_on == "failure" and evening.exit_code)
    silent = any(step.name == "build" and step.state == "skipped" for step in evening.steps)
    if means.tell is None or not wanted or (silent and not evening.exit_code):
        return
    try:
        evening.steps.append(Step("mail", "done", means.tell(evening.subject, text(evening))))
    except ReportgenError as error:
        evening.steps.append(Step("mail", "failed", str(error), error.exit_code))


def text(evening: Evening) -> str:
    """Write how an evening went, for a person."""
    lines = [f"began {evening.began.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M} New York time"]
    if evening.as_of is not None:
        lines.append(f"as of {evening.as_of.astimezone(NEW_YORK):%Y-%m-%d %H:%M}")
    for step in evening.steps:
        first, *rest = step.said.replace(NBSP, " ").splitlines() or [""]
        lines.append(f"{step.name:<8}{step.state:<9}{first}".rstrip())
        lines += [f"{'':<17}{line}" for line in rest]
    return "\n".join(lines) + "\n"


def _market_date(as_of: dt.datetime) -> str:
    from reportgen.calendars import market_date

    return market_date(as_of).isoformat()


def _remembered(store: Path) -> dict[str, Any]:
    try:
        content = json.loads((store / STATE / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _remember(store: Path, content: dict[str, Any]) -> None:
    path = store / STATE / MEMORY
    try:
        write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", path)
    except OSError as error:
        raise HostError(f"{path}: cannot be written: {error.strerror or error}") from error


def _fingerprint(store: Path) -> str:
    """Return a digest of the names, sizes and times of a store's files, written only where they change."""
    stamps = [(str(path.relative_to(store)), path.stat()) for path in paths(store)]
    told = "\n".join(f"{name} {found.st_size} {found.st_mtime_ns}" for name, found in stamps)
    return hashlib.sha256(told.encode()).hexdigest()
