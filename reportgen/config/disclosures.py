"""For whom the desk writes: jurisdictions, audiences, and which legal entity stands behind a note."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from reportgen.config.tables import Line, Table

Code = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]


class Entity(Table):
    """Who publishes in a jurisdiction, and under whose supervision."""

    name: Line
    regulator: str = ""
    licence: str = ""  # number or permission, where the rules want it printed


class Distribution(Table):
    """[distribution] of desk.toml; without jurisdictions a note carries the desk's own legal lines alone."""

    jurisdictions: tuple[Code, ...] = ()
    audiences: tuple[Word, ...] = ()
    # Investment research, or a marketing communication in the sense of MiFID II and COBS.
    classification: Literal["research", "marketing"] = "marketing"
    tags: tuple[Word, ...] = ()  # content that the desk adds to the note's own, as in its commentary
    entities: dict[Code, Entity] = Field(default_factory=dict)

    @field_validator("jurisdictions", "audiences", "tags")
    @classmethod
    def _each_once(cls, found: tuple[str, ...]) -> tuple[str, ...]:
        if twice := sorted({one for one in found if found.count(one) > 1}):
            raise ValueError(f"{', '.join(twice)} named twice")
        return found
