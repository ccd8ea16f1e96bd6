"""The report of what was not believed: one line of JSON each, in a file a day and source."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path

from reportgen.errors import HostError
from reportgen.model import NEW_YORK
from reportgen.sources import Quarantined

FOLDER = "quarantine"


def report(store: Path, at: dt.datetime, source: str, entries: Iterable[Quarantined]) -> Path:
    """Add entries to the day's report of a source and return its path.

    What a fetch every ten minutes finds again is in the day's report once.

    Raises: HostError if it cannot be written.
    """
    local = at.astimezone(NEW_YORK)
    path = store / FOLDER / f"{local:%Y-%m-%d}-{source}.jsonl"
    try:
        _add(path, local, entries)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise HostError(
            f"{path}: cannot be written: {why}",
            hint="What was believed is stored; what was not is asked for again.",
        ) from error
    return path


def _add(path: Path, local: dt.datetime, entries: Iterable[Quarantined]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    known = (
        {_told(line) for line in path.read_text(encoding="utf-8").splitlines()} if path.exists() else set()
    )
    lines = []
    for entry in entries:
        content = dataclasses.asdict(entry)
        line = json.dumps({"at": local.isoformat(timespec="seconds"), **content}, ensure_ascii=False)
        if _told(line) not in known:
            known.add(_told(line))
            lines.append(line + "\n")
    with path.open("a", encoding="utf-8") as sink:
        sink.writelines(lines)


def _told(line: str) -> str:
    """Return an entry without the time at which it was found."""
    try:
        content = json.loads(line)
        content.pop("at", None)
    except (ValueError, AttributeError):
        return line
    return json.dumps(content, sort_keys=True)
