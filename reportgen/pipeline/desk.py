"""Where a note's data and settings come from. Light: a command that only asks for a folder loads no numpy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reportgen.assets import asset_dir
from reportgen.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from reportgen.findings.events import Event
    from reportgen.indicators.thresholds import Thresholds
    from reportgen.store import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a note's data and settings come from: a store, a desk's folder, other templates and charts.

    Shape: None is the embedded data, the example desk, the templates and charts that came with reportgen.
    """

    data: Path | None = None
    folder: Path | None = None
    templates: Path | None = None
    charts: Path | None = None

    def store(self) -> Store:
        """Open the store, the embedded data unless another is named.

        Raises: StoreError if the folder is missing or a file in it cannot be read; ConfigError for exceptions
            to the publication rules that are malformed.
        """
        from reportgen import embedded
        from reportgen.store import Store

        self.put_rules_in_force()
        if self.data is not None and not self.data.is_dir():
            raise StoreError(f"{self.data}: no such folder, expected a store")
        return Store(self.data if self.data is not None else embedded.FOLDER)

    def put_rules_in_force(self) -> None:
        """Have the publication rules honour the desk's own exceptions, and those of no other desk.

        Raises: ConfigError for a file of exceptions that is malformed.
        """
        from reportgen.calendars import publication
        from reportgen.calendars.exceptions import EXCEPTIONS_FILE

        own = None if self.folder is None else self.folder / EXCEPTIONS_FILE
        publication.use_exceptions(own if own is not None and own.is_file() else None)

    def file(self, packaged: Path) -> Path:
        """Return the desk's own copy of a settings file, else the packaged one."""
        if self.folder is None:
            return packaged
        if not self.folder.is_dir():
            raise ConfigError(
                f"{self.folder}: no such folder, expected a desk", hint="`reportgen init` makes one."
            )
        own = self.folder / packaged.name
        return own if own.is_file() else packaged

    def assets(self, name: Literal["templates", "charts"]) -> Path:
        """Return the folder of templates or charts."""
        return asset_dir(name, self.templates if name == "templates" else self.charts)

    def thresholds(self) -> Thresholds:
        """Read the thresholds in force for this desk."""
        from reportgen.indicators.thresholds import PACKAGED, load_thresholds

        return load_thresholds(self.file(PACKAGED))

    def events(self, now: dt.datetime | None = None) -> tuple[Event, ...]:
        """Read the desk's event file; given the present moment, refuse what is dated after it."""
        from reportgen.findings.events import PACKAGED, load_events

        file = self.file(PACKAGED)
        return load_events(file, None if file == PACKAGED else now)
