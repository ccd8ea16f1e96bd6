"""What a store remembers of its fetches: whom it asked when, what failed, and what servers said of changes.

It lies in STORE/state and can be lost, or damaged: then everything is asked for again. What comes after that
counts as public by its rule, even if it was asked for in vain before.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from reportgen import catalog
from reportgen.config.tables import Table, faults
from reportgen.errors import HostError
from reportgen.model import to_moment64, to_utc
from reportgen.sources import homes
from reportgen.store.files import clear, write_text
from reportgen.store.merging import Watched, asked_again
from reportgen.store.writing import STATE

_FILE = "fetch.json"
# Business days by which a service may trail the publication that a rule means. FRED hands on what others have
# published; a folder that people fill proves nothing by what it lacks.
_GRACE: Mapping[str, int | None] = {"fred": 2, "files": None}


class _Turn(Table):
    state: Literal["complete", "incomplete", "failed"]
    why: str | None
    at: AwareDatetime
    since: AwareDatetime
    complete: AwareDatetime | None


class _Asked(Table):
    asked: AwareDatetime
    since: dt.date


class _Failed(Table):
    why: str
    since: AwareDatetime


class _Form(Table):
    """What the file holds, to tell a damaged one."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    sources: dict[str, _Turn]
    asked: dict[str, dict[str, _Asked]]
    failed: dict[str, dict[str, _Failed]]
    gaps: dict[str, dict[str, dt.date]] = Field(default_factory=dict)


def is_prompt(series_id: str) -> bool:
    """Say whether a source gives a series on time by its rule, and does not trail the publication."""
    return any(source not in _GRACE for source in homes().get(series_id, ()))


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a series could not be had, and since when."""

    source: str
    why: str
    since: dt.datetime


@dataclass(slots=True)
class State:
    """The memory of one store, read and written whole.

    gaps: the first day wanted of the series whose past a source failed to give when it was asked for it.
    damage: what is wrong with the file; is_new: nothing was remembered, or it could not be read.
    """

    folder: Path
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)  # series, source
    failed: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)  # series, source
    gaps: dict[str, dict[str, str]] = field(default_factory=dict)  # series, source
    damage: str | None = None
    is_new: bool = False

    @classmethod
    def read(cls, store: Path) -> State:
        """Return what is remembered; nothing, where it is damaged."""
        path = store / STATE / _FILE
        try:
            text = path.read_text(encoding="utf-8")
            json.loads(text)
            content = _Form.model_validate_json(text, strict=True).model_dump(mode="json")
        except FileNotFoundError:
            return cls(store, is_new=True)
        except ValidationError as error:
            return cls(store, damage=f"{path}: {faults(error)}", is_new=True)
        except (OSError, ValueError, RecursionError) as error:
            return cls(store, damage=f"{path}: not readable as JSON ({error})", is_new=True)
        return cls(store, **{part: content[part] for part in ("sources", "asked", "failed", "gaps")})

    def put_in_order(self) -> str | None:
        """Set a damaged file aside and clear what a killed fetch left; say what was set aside.

        Only for who holds the lock of the store. Raises: HostError.
        """
        path = self.folder / STATE / _FILE
        aside = path.with_name(f"{_FILE}.damaged")
        try:
            for name in (_FILE, "http-*.json"):
                clear(path.parent, name)
            if self.damage is None:
                return None
            path.replace(aside)
        except OSError as error:
            raise HostError(f"{path.parent}: cannot be written: {error.strerror or error}") from error
        return f"{self.damage}; set aside as {aside.name}, and everything is asked for again"

    def write(self) -> None:
        """Keep what is remembered."""
        parts = {"sources": self.sources, "asked": self.asked, "failed": self.failed, "gaps": self.gaps}
        text = json.dumps({"schema": 1, **parts}, ensure_ascii=False, indent=1, sort_keys=True)
        write_text(text + "\n", self.folder / STATE / _FILE)

    def watched(self, source: str) -> dict[str, Watched]:
        """Return since when and until when each series of a source was asked for."""
        grace = _GRACE.get(source, 0)
        found = {}
        for series_id, by_source in self.asked.items():
            entry = by_source.get(source)
            if entry is not None:
                at = dt.datetime.fromisoformat(entry["asked"])
                since = dt.date.fromisoformat(entry["since"])
                found[series_id] = Watched(since, to_moment64(at), grace)
        return found

    def answered(self, source: str, at: dt.datetime, told: Mapping[str, dt.date]) -> None:
        """Note that a source said all that it had of some series, each from a day on."""
        before, grace = self.watched(source), _GRACE.get(source, 0)
        for series_id, first in told.items():
            now = Watched(first, to_moment64(at), grace)
            known = asked_again(before.get(series_id), now, catalog.series(series_id))
            self.asked.setdefault(series_id, {})[source] = {
                "asked": to_utc(known.asked).isoformat(),
                "since": known.since.isoformat(),
            }

    def lacks(self, source: str, series: Iterable[str], first: dt.date) -> None:
        """Note of which series a source failed to give the past, from the first day wanted on."""
        for series_id in series:
            by_source = self.gaps.setdefault(series_id, {})
            by_source[source] = min(first.isoformat(), by_source.get(source, first.isoformat()))

    def lacking(self, source: str) -> frozenset[str]:
        """Return the series that a source has to be asked for in full again."""
        return frozenset(s for s, by_source in self.gaps.items() if source in by_source)

    def filled(self, source: str, series: Iterable[str], first: dt.date) -> None:
        """Note that a source gave all that it has of some series from a day on."""
        for series_id in series:
            by_source = self.gaps.get(series_id, {})
            if by_source.get(source, "") >= first.isoformat():
                del by_source[source]
            if not by_source:
                self.gaps.pop(series_id, None)

    def refused(self, source: str, at: dt.datetime, reasons: Mapping[str, str]) -> None:
        """Note which series a source did not give, and why; the first failure of a row of them counts."""
        for series_id, why in reasons.items():
            entry = self.failed.setdefault(series_id, {}).setdefault(source, {"since": at.isoformat()})
            entry["why"] = why

    def recovered(self, source: str, series: Iterable[str]) -> None:
        """Forget the failures of series that came."""
        for series_id in series:
            by_source = self.failed.get(series_id, {})
            by_source.pop(source, None)
            if not by_source:
                self.failed.pop(series_id, None)

    def ended(self, source: str, at: dt.datetime, outcome: str, why: str | None) -> None:
        """Note how a source's turn ended."""
        before = self.sources.get(source, {})
        since = before.get("since") if before.get("state") == outcome else at.isoformat()
        good = at.isoformat() if outcome == "complete" else before.get("complete")
        self.sources[source] = {
            "state": outcome,
            "why": why,
            "at": at.isoformat(),
            "since": since or at.isoformat(),
            "complete": good,
        }

    def failures(self) -> dict[str, Failure]:
        """Return by series why its source failed when it was last asked."""
        return {
            series_id: Failure(source, entry["why"], dt.datetime.fromisoformat(entry["since"]))
            for series_id, by_source in self.failed.items()
            for source, entry in by_source.items()
        }

    def memory(self, source: str, held: frozenset[str]) -> dict[str, dict[str, Any]]:
        """Return the validators of a source's answers; none if something that they stand for is gone."""
        content = _json(self._memory_file(source))
        series, validators = content.get("held"), content.get("validators")
        if not isinstance(series, list) or not isinstance(validators, dict) or not held.issuperset(series):
            return {}
        return validators if all(isinstance(entry, dict) for entry in validators.values()) else {}

    def remember(self, source: str, held: Iterable[str], validators: Mapping[str, dict[str, Any]]) -> None:
        """Keep the validators of a source's answers, and the series that hold what these brought."""
        content = {"held": sorted(held), "validators": dict(validators)}
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
        write_text(text + "\n", self._memory_file(source))

    def _memory_file(self, source: str) -> Path:
        return self.folder / STATE / f"http-{source}.json"


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
