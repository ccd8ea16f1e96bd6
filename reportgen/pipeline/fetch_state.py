"""What a store remembers of its fetches: whom it asked when, what failed, and what servers said of changes.

It lies in STORE/state and can be lost: then everything is asked for again. What comes after that counts as
public by its rule, even if it was asked for in vain before.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reportgen.model import to_moment64
from reportgen.store.files import write_text
from reportgen.store.merging import Watched
from reportgen.store.writing import STATE

_FILE = "fetch.json"
# Business days by which a service may trail the publication that a rule means. FRED hands on what others have
# published; a folder that people fill proves nothing by what it lacks.
_GRACE: Mapping[str, int | None] = {"fred": 2, "files": None}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a series could not be had, and since when."""

    source: str
    why: str
    since: dt.datetime


@dataclass(slots=True)
class State:
    """The memory of one store, read and written whole."""

    folder: Path
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)  # series, source
    failed: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)  # series, source

    @classmethod
    def read(cls, store: Path) -> State:
        """Return what is remembered; what cannot be read is forgotten."""
        content = _json(store / STATE / _FILE)
        parts = {k: content.get(k) for k in ("sources", "asked", "failed")}
        return cls(store, **{k: v for k, v in parts.items() if isinstance(v, dict)})

    def write(self) -> None:
        """Keep what is remembered."""
        content = {"schema": 1, "sources": self.sources, "asked": self.asked, "failed": self.failed}
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
        write_text(text + "\n", self.folder / STATE / _FILE)

    def watched(self, source: str) -> dict[str, Watched]:
        """Return since when and until when each series of a source was asked for in full."""
        grace = _GRACE.get(source, 0)
        found = {}
        for series_id, by_source in self.asked.items():
            entry = by_source.get(source)
            if entry is not None:
                at = dt.datetime.fromisoformat(entry["asked"])
                since = dt.date.fromisoformat(entry["since"])
                found[series_id] = Watched(since, to_moment64(at), grace)
        return found

    def answered(self, source: str, at: dt.datetime, oldest: Mapping[str, dt.date]) -> None:
        """Note that a source said all that it had of some series, from their oldest day held on."""
        for series_id, since in oldest.items():
            self.asked.setdefault(series_id, {})[source] = {
                "asked": at.isoformat(),
                "since": since.isoformat(),
            }
            self.recovered(source, (series_id,))

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
        return validators

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
