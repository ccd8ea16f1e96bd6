"""The definition of a note: its sections in order, and the words of its layout in one language."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reportgen.errors import TemplateError

Place = Literal["opening", "body", "end", "appendix"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SectionEntry(_Table):
    """One section: opening stands beside the side column, end holds what compliance asks for."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    place: Place = "body"


class Content(_Table):
    """What a note holds views on, by the tags of templates/disclosures/rules.toml."""

    tags: tuple[str, ...] = ()


class NoteDefinition(_Table):
    """note.toml."""

    title: str
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{2,4}$")]
    required_series: tuple[str, ...] = ()
    exhibits: tuple[str, ...] = ()
    digest: tuple[str, ...] = ()  # charts that the mail shows
    key_table: tuple[tuple[str, str, str], ...] = ()  # label, level fact, change fact
    content: Content = Content()
    gauge_record: bool = False  # a page of the appendix
    section: Annotated[tuple[SectionEntry, ...], Field(min_length=1)]


class Words:
    """The words of the layout, by dotted key, from words.toml of a language."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._words = _flat(_read(file))

    def __call__(self, key: str) -> str:
        """Return the words of a key.

        Raises: TemplateError for a key that the language does not have.
        """
        try:
            return self._words[key]
        except KeyError:
            raise TemplateError(f"no words for {key!r} in {self._file.name}") from None

    def get(self, key: str, otherwise: str) -> str:
        """Return the words of a key, or others where the language has none."""
        return self._words.get(key, otherwise)


def load_note(templates: Path, note: str) -> NoteDefinition:
    """Read templates/<note>/note.toml.

    Raises: TemplateError that lists every fault.
    """
    file = templates / note / "note.toml"
    try:
        return NoteDefinition.model_validate(_read(file))
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)
        )
        raise TemplateError(f"{file}: {said}") from error


def load_words(templates: Path, note: str, lang: str) -> Words:
    """Read templates/<note>/<lang>/words.toml."""
    return Words(templates / note / lang / "words.toml")


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TemplateError(f"{file}: no such file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TemplateError(f"{file}: not valid TOML: {error}") from error


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Join nested keys by dots."""
    flat: dict[str, str] = {}
    for key, entry in table.items():
        if isinstance(entry, dict):
            flat |= _flat(entry, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = str(entry)
    return flat
