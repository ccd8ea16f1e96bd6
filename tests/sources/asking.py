"""Short ways of asking a source in tests."""

from __future__ import annotations

from functools import cache

from reportgen.embedded import FOLDER
from reportgen.sources import Answer, Source, Want
from reportgen.sources.transport import Transport
from reportgen.store import Store
from tests.sources.replay import RECORDED


def body(name: str) -> bytes:
    """Read a recorded body."""
    return (RECORDED / name).read_bytes()


@cache
def embedded() -> Store:
    """Open the embedded data."""
    return Store(FOLDER)


def held(series: str) -> dict[str, float]:
    """Give the embedded values of a series by day, missing ones left out."""
    rows = embedded().rows(series)
    assert rows is not None
    pairs = zip(rows.days.astype(str).tolist(), rows.values.tolist(), strict=True)
    return {day: value for day, value in pairs if value == value}


def fetched(source: Source, transport: Transport, *series: str, **want) -> list[Answer]:
    """Ask a source for series, for all of its own if none is named."""
    return list(source.fetch(Want(series or source.series, **want), transport))


def values(*answers: Answer) -> dict[str, dict[str, float]]:
    """Give what answers brought: series to day to value."""
    found: dict[str, dict[str, float]] = {}
    for answer in answers:
        for rows in answer.rows:
            pairs = zip(rows.days.astype(str).tolist(), rows.values.tolist(), strict=True)
            found.setdefault(rows.series, {}).update(pairs)
    return found
