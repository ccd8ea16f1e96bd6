"""What a note is made with besides its data: definition, charts, settings of the desk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reportgen import config
from reportgen.figures import house, specification
from reportgen.figures.specification import Charts, Specification
from reportgen.indicators.gauge import COMPONENTS
from reportgen.indicators.measures import registry
from reportgen.pipeline.analysis import Desk
from reportgen.render.note import NoteDefinition, load_note


@dataclass(frozen=True, slots=True)
class Design:
    """A note's design in one language, read and checked."""

    note: str
    lang: str
    templates: Path
    definition: NoteDefinition
    settings: config.Desk
    charts: Charts
    look: house.Look

    @property
    def exhibits(self) -> tuple[Specification, ...]:
        """Return the charts that the note may show."""
        wanted = self.definition.exhibits
        return tuple(s for s in self.charts.specifications.values() if not wanted or s.id in wanted)


def load_design(desk: Desk, note: str, lang: str) -> Design:
    """Read the files that make up a note's design.

    Raises: AssetError, TemplateError, ConfigError or ChartError for what is missing or faulty.
    """
    templates = desk.assets("templates")
    definition = load_note(templates, note)
    settings = config.load_desk(desk.folder if desk.folder is not None else templates / "brand")
    charts = specification.load(desk.assets("charts"), _units())
    return Design(note, lang, templates, definition, settings, charts, house.look_of(settings.brand))


def _units() -> dict[str, str]:
    units: dict[str, str] = {m.id: m.unit for m in registry().values()}
    return units | {"liquidity.score": "index"} | {f"liquidity.{c.id}.state": "text" for c in COMPONENTS}
