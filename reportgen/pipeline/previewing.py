"""A note's page while somebody writes it: made again when a file that it rests on has changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from reportgen.calendars.exceptions import EXCEPTIONS_FILE
from reportgen.errors import ReportgenError
from reportgen.figures.figure import Figure
from reportgen.findings.events import PACKAGED as EVENTS
from reportgen.indicators.thresholds import PACKAGED as THRESHOLDS
from reportgen.pipeline.analysis import Analysis, Desk, add_gauge_history, analyse
from reportgen.pipeline.comparison import argued
from reportgen.pipeline.composing import compose
from reportgen.pipeline.design import Design, load_design
from reportgen.pipeline.exhibits import digest, draw_one
from reportgen.render import html

COMMENTARY = "commentary"
Stamps = dict[Path, tuple[int, int]]


class Preview:
    """Make a note's page; facts and figures stay as long as nothing changes on which they rest.

    Raises: whatever the analysis of the moment lacks.
    """

    def __init__(
        self,
        desk: Desk,
        as_of: dt.datetime | None,
        now: dt.datetime,
        note: str,
        lang: str,
        *,
        allow_stale: bool = False,
    ) -> None:
        self._desk, self._as_of, self._now = desk, as_of, now
        self._note, self._lang, self._allow_stale = note, lang, allow_stale
        self._settings: tuple[object, ...] = ()
        self._figures: dict[str, tuple[str, Figure]] = {}
        self.analysis = self._analysed()

    def page(self) -> str:
        """Return the page as the files now have it.

        Raises: ReportgenError for a fault in a template, chart or settings file.
        """
        design = load_design(self._desk, self._note, self._lang)
        self.analysis = self._analysed(record=design.definition.gauge_record)
        figures = [self._figure(spec.id, design) for spec in design.exhibits]
        return html.page(compose(self.analysis, design, figures), design.templates)

    def stamps(self) -> Stamps:
        """Return time and size of every file that the page rests on; none while a folder is replaced."""
        found: Stamps = {}
        try:
            paths = list(self._files())
        except (ReportgenError, OSError):
            return found
        for path in paths:
            try:
                status = path.stat()
            except FileNotFoundError:  # an editor is replacing it
                continue
            found[path] = (status.st_mtime_ns, status.st_size)
        return found

    def _files(self) -> Iterator[Path]:
        folders = [self._desk.assets("templates"), self._desk.assets("charts")]
        if self._desk.folder is not None:
            folders.append(self._desk.folder / COMMENTARY)
            yield from self._desk.folder.glob("*")  # settings and logo, but not the store below
        for folder in folders:
            yield from folder.rglob("*")
        yield from self._setting_files()

    def _setting_files(self) -> tuple[Path, ...]:
        own = () if self._desk.folder is None else (self._desk.folder / EXCEPTIONS_FILE,)
        return (
            self._desk.file(THRESHOLDS),
            self._desk.file(EVENTS),
            *(path for path in own if path.is_file()),
        )

    def _analysed(self, *, record: bool = False) -> Analysis:
        """Compute facts and findings, again only if what they rest on has changed."""
        settings = (bool(record), *(path.read_bytes() for path in self._setting_files()))
        if settings != self._settings:
            moment = self._as_of if not self._settings else self.analysis.snapshot.as_of
            found = analyse(self._desk, moment, self._now, allow_stale=self._allow_stale)
            found = argued(found, record=record)
            add_gauge_history(found)
            self.analysis, self._settings = found, settings
        return self.analysis

    def _figure(self, id: str, design: Design) -> Figure:
        """Draw an exhibit, unless the last one shows the same."""
        spec = design.charts.specifications[id]
        key = digest(spec, self.analysis, design)
        held = self._figures.get(id)
        if held is None or held[0] != key:
            held = self._figures[id] = (key, draw_one(spec, self.analysis, design))
        return held[1]
