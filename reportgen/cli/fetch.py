"""reportgen fetch."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen import config, embedded
from reportgen.cli.options import desk_options, now, plain, shown
from reportgen.config.live import Fetch
from reportgen.errors import FetchError, UsageError
from reportgen.model import NEW_YORK
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.pipeline.fetching import Connect, Report, SourceReport
    from reportgen.sources import Source
    from reportgen.sources.transport import ClientSettings

# environment variable -> the source whose key it holds
KEYS = {"FRED_API_KEY": "fred", "CFTC_APP_TOKEN": "cftc"}
_NAMED = 6  # series that a line of text names before it counts


@click.command("fetch")
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Ask for everything from this day on again, also for what is held.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@desk_options
def command(desk: Desk, names: tuple[str, ...], since: dt.datetime | None, as_json: bool) -> None:
    """Fill the store from the publishers, or from the SOURCEs named.

    What is held already is not asked for again; each answer is stored as it comes, so that an interrupted
    fetch goes on where it ended. The folder of --data is made if it does not exist.

    Exit status: 0 when every source gave all that it was asked for, 11 when one did not; the others are
    stored all the same.
    """
    from reportgen.pipeline.fetching import fetch

    folder = store_folder(desk)
    if since is not None and since.date() > now().astimezone(NEW_YORK).date():
        raise UsageError(f"--since {since:%Y-%m-%d}: a day to come, expected one until today")
    live = config.load_desk(desk.folder).fetch
    chosen = chosen_sources(desk, live, names)
    desk.put_rules_in_force()
    with progress() as say:
        report = fetch(
            folder,
            chosen,
            connect(desk, live),
            now,
            first=live.since,
            since=None if since is None else since.date(),
            wait=live.lock_seconds,
            progress=say,
        )
    click.echo(
        json.dumps(content(report), ensure_ascii=False, indent=1) if as_json else "\n".join(lines(report))
    )
    if not report.complete:
        click.get_current_context().exit(FetchError.exit_code)


def store_folder(desk: Desk) -> Path:
    """Return the folder to fill.

    Raises: UsageError if none is named, or the embedded data are.
    """
    if desk.data is None:
        raise UsageError(
            "no store named, and the embedded data are never changed",
            hint="Name a folder with --data DIR or REPORTGEN_DATA; it is made if it does not exist.",
        )
    if desk.data.resolve() == embedded.FOLDER.resolve():
        raise UsageError(f"{desk.data}: the embedded data are never changed, expected a folder of your own")
    if desk.data.exists() and not desk.data.is_dir():
        raise UsageError(f"{desk.data}: not a folder, expected the folder of a store")
    return desk.data


def chosen_sources(desk: Desk, live: Fetch, names: tuple[str, ...]) -> list[Source]:
    """Return the sources named, else those of the settings, else all.

    Raises: UsageError for an unknown one.
    """
    known = known_sources(desk, live)
    wanted = names or live.sources or tuple(known)
    for name in wanted:
        if name not in known:
            hint = None
            if name == "files":
                hint = "Name the folder of the desk's own CSV files as fetch.files in desk.toml."
            raise UsageError(f"{name}: no such source, expected of {', '.join(known)}", hint=hint)
    return [known[name] for name in dict.fromkeys(wanted)]


def known_sources(desk: Desk, live: Fetch) -> dict[str, Source]:
    """Return every source by id, the desk's own folder of files too where it has one."""
    from reportgen.sources import sources
    from reportgen.sources.files import Folder

    found = dict(sources())
    if live.files:
        folder = Folder((desk.folder or Path()) / live.files)
        found[folder.id] = folder
    return found


def connect(desk: Desk, live: Fetch) -> Connect:
    """Return what opens a way to the publishers.

    Raises: ConfigError for certificates that cannot be read.
    """
    from reportgen.sources.transport import Transport, trusted

    settings = client_settings(desk, live)
    trust = trusted(settings.ca_bundle)
    return lambda memory: Transport(settings, memory, clock=now, trust=trust)


def client_settings(desk: Desk, live: Fetch) -> ClientSettings:
    """Return how publishers are reached; keys come from the environment, which belongs to cli."""
    from reportgen.sources.pacing import PER_MINUTE
    from reportgen.sources.transport import ClientSettings

    keys = {source: os.environ.get(name, "").strip() for name, source in KEYS.items()}
    return ClientSettings(
        bases=dict(live.urls),
        keys={source: key for source, key in keys.items() if key},
        ca_bundle=(desk.folder or Path()) / live.ca_bundle if live.ca_bundle else None,
        connect_seconds=live.connect_seconds,
        read_seconds=live.read_seconds,
        total_seconds=live.total_seconds,
        attempts=live.attempts,
        per_minute={**PER_MINUTE, **live.per_minute},
    )


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Hand over what shows a line of progress on a terminal, and wipe it at the end."""
    terminal = sys.stderr.isatty()

    def say(words: str) -> None:
        if terminal:
            click.echo(f"\r\x1b[K{words} …", err=True, nl=False)

    try:
        yield say
    finally:
        if terminal:
            click.echo("\r\x1b[K", err=True, nl=False)


def content(report: Report) -> dict[str, Any]:
    """Write a report for scripts."""
    return {
        "store": str(report.folder),
        "at": shown(report.at),
        "complete": report.complete,
        "changed": report.changed,
        "sources": [dataclasses.asdict(source) for source in report.sources],
        "late": [
            {
                "id": late.freshness.series.id,
                "state": late.freshness.state,
                "newest": None if late.freshness.newest is None else late.freshness.newest.isoformat(),
                "source": late.source,
                "why": late.why,
                "since": shown(late.since),
            }
            for late in report.late
        ],
        "overlap": [dataclasses.asdict(overlap) for overlap in report.overlap],
        "quarantine": [str(path) for path in report.quarantine],
        "notes": list(report.notes),
    }


def lines(report: Report) -> list[str]:
    """Write a report as text."""
    width = max((len(source.id) for source in report.sources), default=0)
    said = [*report.notes]
    said += [line for source in report.sources for line in _source_lines(source, width)]
    if report.late:
        said += ["", "late"]
    asked = {source.id for source in report.sources}
    grouped: dict[tuple[str, str], list[str]] = {}
    for late in report.late:
        newest = late.freshness.newest
        words = late.freshness.series.id + (f" ({newest})" if newest else "")
        why = "as said above" if late.source in asked else str(plain(late.why))
        grouped.setdefault((late.source, why), []).append(words)
    said += [f"  {source}, {why}: {_few(ids)}" for (source, why), ids in grouped.items()]
    if report.quarantine:
        said += ["", "not believed and not stored", *(f"  {path}" for path in report.quarantine)]
    return said + _overlap_lines(report)


def _source_lines(source: SourceReport, width: int) -> Iterator[str]:
    counts = [f"{source.new:,} new"]
    if source.revised:
        counts.append(f"{source.revised:,} revised")
    if source.disagreed:
        counts.append(f"{source.disagreed:,} unlike the publisher's own, which stand")
    if source.quarantined:
        counts.append(f"{source.quarantined:,} not believed")
    asked = f"{source.requests} requests, {source.bytes / 1e3:,.0f} kB"
    if source.not_modified:
        asked += f", {source.not_modified} unchanged"
    yield f"{source.id:<{width}}  {source.state:<10}  {', '.join(counts)} ({asked})"
    if source.why:
        yield f"{'':<{width}}  {plain(source.why)}"
    if source.hint:
        yield f"{'':<{width}}  {source.hint}"
    yield from (f"{'':<{width}}  {plain(note)}" for note in source.notes)
    reasons: dict[str, list[str]] = {}
    for series_id, why in source.failed.items():
        reasons.setdefault(why, []).append(series_id)
    for why, ids in reasons.items():
        yield f"{'':<{width}}  {_few(ids)}: {plain(why)}"


def _overlap_lines(report: Report) -> list[str]:
    if not report.overlap:
        return []
    same = sum(overlap.same for overlap in report.overlap)
    differing = [overlap for overlap in report.overlap if overlap.differs]
    said = ["", f"against the embedded data: {same:,} values the same, {len(differing)} series differ"]
    for overlap in differing:
        day, ours, theirs = overlap.examples[-1]
        kind = "re-estimated history" if overlap.revised else "not expected"
        said.append(
            f"  {overlap.series}: {overlap.differs:,} of {overlap.same + overlap.differs:,} ({kind}), "
            f"the last on {day}: {theirs:g} here, {ours:g} embedded"
        )
    return said


def _few(ids: list[str]) -> str:
    rest = len(ids) - _NAMED
    return ", ".join(ids[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
