"""The plan of the embedded data: which column of which file is which series (inputs.toml, files.toml)."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reportgen import catalog
from reportgen.catalog.families import fill
from reportgen.errors import CatalogueError
from reportgen.model import Series
from reportgen.store import RESTRICTED

INPUTS, FILES = "inputs.toml", "files.toml"
_GROUP_KEYS = {"store", "file", "column", "key", "series", "from", "until"}


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of the folder: its columns of day and key, and its origin."""

    name: str
    origin: tuple[str, ...]
    checked: str
    date: str = "date"
    key: str | None = None
    transcribed: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One column of one file, and the days taken from it."""

    file: InputFile
    column: str
    key: str | None
    since: dt.date
    until: dt.date


@dataclass(frozen=True, slots=True)
class Correction:
    """One value that the source has wrong: what it says and what is right."""

    day: dt.date
    found: float
    value: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one series is put together, and the store file it goes to."""

    series: Series
    store: str
    parts: list[Part] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """All recipes by series, and the moment at which the files were gathered."""

    retrieved: dt.datetime
    recipes: Mapping[str, Recipe]


def read_plan(folder: Path) -> Plan:
    """Return the plan kept in a folder.

    Raises: CatalogueError for a group that does not fit the catalogue, the described files or another group.
    """
    content = tomllib.loads((folder / INPUTS).read_text(encoding="utf-8"))
    described = tomllib.loads((folder / FILES).read_text(encoding="utf-8"))
    files = {name: _input_file(name, row) for name, row in described.items()}
    recipes: dict[str, Recipe] = {}
    for group in content["group"]:
        unknown = group.keys() - _GROUP_KEYS
        if unknown:
            raise CatalogueError(
                f"{INPUTS}: group of {group['file']}: unknown keys {', '.join(sorted(unknown))}"
            )
        for series in _matching(group["series"]):
            recipe = recipes.setdefault(series.id, Recipe(series, group["store"]))
            _check_store(recipe, group["store"])
            recipe.parts.append(_part(group, series, files, content["first"]))
    for row in content.get("correction", []):
        recipes[row["series"]].corrections.append(Correction(row["date"], row["found"], row["value"]))
    return Plan(content["retrieved"], recipes)


def _input_file(name: str, row: Mapping[str, Any]) -> InputFile:
    return InputFile(**{"name": name, **row, "origin": tuple(row["origin"])})


def _matching(patterns: list[str]) -> Iterator[Series]:
    known = catalog.all_series()
    for pattern in patterns:
        found = [series for series_id, series in known.items() if fnmatchcase(series_id, pattern)]
        if not found:
            raise CatalogueError(f"{INPUTS}: {pattern!r} matches no series of the catalogue")
        yield from found


def _check_store(recipe: Recipe, store: str) -> None:
    if recipe.store != store:
        raise CatalogueError(
            f"{INPUTS}: series {recipe.series.id} is in {recipe.store} and in {store}, expected one"
        )
    if recipe.series.restricted != (Path(store).parent.name == RESTRICTED):
        where = f"{RESTRICTED}/" if recipe.series.restricted else f"a store file outside {RESTRICTED}/"
        raise CatalogueError(f"{INPUTS}: series {recipe.series.id} is in {store}, its licence wants {where}")


def _part(group: Mapping[str, Any], series: Series, files: Mapping[str, InputFile], first: dt.date) -> Part:
    code = series.source.partition(":")[2]
    words = {"{code}": code, "{part}": code.partition("/")[2]}
    name = fill(group["file"], words)
    if name not in files:
        raise CatalogueError(f"{INPUTS}: series {series.id}: {name} is not described in {FILES}")
    return Part(
        file=files[name],
        column=fill(group.get("column", "value"), words),
        key=fill(group.get("key"), words),
        since=max(first, group.get("from", first)),
        until=group.get("until", dt.date.max),
    )
