"""What a note is made with besides its data: definition, charts, settings of the desk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reportgen import config
from reportgen.checks import words
from reportgen.errors import TemplateError
from reportgen.figures import house, specification
from reportgen.figures.specification import Charts, Specification
from reportgen.indicators.gauge import COMPONENTS
from reportgen.indicators.measures import registry
from reportgen.pipeline.desk import Desk
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
    folder: Path | None = None  # the desk's, which holds commentary

    @property
    def exhibits(self) -> tuple[Specification, ...]:
        """Return the charts that the note may show."""
        wanted = self.definition.exhibits
        return tuple(s for s in self.charts.specifications.values() if not wanted or s.id in wanted)


def load_design(desk: Desk, note: str, lang: str) -> Design:
    """Read the files that make up a note's design.

    Raises: AssetError, TemplateError, ConfigError or ChartError for what is missing or faulty; TemplateError
        for a number or direction that a desk's own template or chart says by itself.
    """
    templates = desk.assets("templates")
    definition = load_note(templates, note)
    settings = config.load_desk(desk.folder if desk.folder is not None else templates / "brand")
    if desk.templates is not None or desk.charts is not None:  # those that came with reportgen are tested
        _refuse_own_words(templates, desk.assets("charts"))
    charts = specification.load(desk.assets("charts"), _units())
    look = house.look_of(settings.brand)
    return Design(note, lang, templates, definition, settings, charts, look, desk.folder)


def _refuse_own_words(templates: Path, charts: Path) -> None:
    """Refuse templates that say what no fact has said."""
    faults = words.folder_faults(templates, charts)
    if faults:
        raise TemplateError(
            "\n".join(map(str, faults)),
            hint="Print numbers with fact(…) or ref(…), and let dir(…) or a condition choose the verb.",
        )


def _units() -> dict[str, str]:
    units: dict[str, str] = {m.id: m.unit for m in registry().values()}
    return units | {"liquidity.score": "index"} | {f"liquidity.{c.id}.state": "text" for c in COMPONENTS}
