"""Building the embedded data: files into series, series into store files and data sheets."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from reportgen import store
from reportgen.calendars import publication
from reportgen.embedded import FOLDER, SHEETS
from reportgen.embedded.plan import InputFile, Plan, Recipe, read_plan
from reportgen.embedded.reading import Content, Values, read
from reportgen.errors import StoreError
from reportgen.model import Days, Floats, to_moment64

# Calendar days between two rows above which a sheet calls it a gap.
_GAP_DAYS = {"daily": 7, "weekly": 10, "monthly": 45, "quarterly": 120}


def build(folder: Path, out: Path, plan_folder: Path = FOLDER) -> Mapping[str, Values]:
    """Build the embedded data from a folder of CSV files; write all of it or nothing.

    Raises: StoreError naming the file and row that is malformed.
    """
    plan = read_plan(plan_folder)
    contents: dict[str, Content] = {}
    gathered = plan.retrieved.date()
    series = {
        series_id: _joined(folder, recipe, contents, gathered)
        for series_id, recipe in sorted(plan.recipes.items())
    }
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".building.") as temporary:
        _write(plan, series, Path(temporary))
        _replace(Path(temporary), out)
    return series


def checksum(days: Days, values: Floats) -> str:
    """Return the sha256 of a series' rows, as lines of date and shortest exact value."""
    rows = zip(days.astype("datetime64[D]").astype(str), values.tolist(), strict=True)
    return hashlib.sha256("".join(f"{day},{value!r}\n" for day, value in rows).encode()).hexdigest()


def _joined(folder: Path, recipe: Recipe, contents: dict[str, Content], gathered: dt.date) -> Values:
    found: Values = {}
    origin: dict[dt.date, str] = {}
    for part in recipe.parts:
        name = part.file.name
        if name not in contents:
            contents[name] = read(folder, part.file, gathered)
        for day, value in contents[name].values(part).items():
            if found.setdefault(day, value) != value:
                raise StoreError(
                    f"{name}: {recipe.series.id} of {day} is {value!r}, but {found[day]!r} in {origin[day]}; "
                    "expected the same value in both"
                )
            origin.setdefault(day, name)
    _correct(recipe, found)
    if not found:
        names = ", ".join(part.file.name for part in recipe.parts)
        raise StoreError(f"{names}: no value of {recipe.series.id} from {recipe.parts[0].since} on")
    return dict(sorted(found.items()))


def _correct(recipe: Recipe, values: Values) -> None:
    for correction in recipe.corrections:
        if values.get(correction.day) != correction.found:
            raise StoreError(
                f"{recipe.parts[0].file.name}: {recipe.series.id} of {correction.day} is "
                f"{values.get(correction.day)}, expected {correction.found}, which the plan corrects"
            )
        values[correction.day] = correction.value


def _write(plan: Plan, series: Mapping[str, Values], folder: Path) -> None:
    tables: dict[str, list[pa.Table]] = defaultdict(list)
    sheets = {}
    retrieved = to_moment64(plan.retrieved)
    for series_id, found in series.items():
        recipe = plan.recipes[series_id]
        days = np.array(list(found), "datetime64[D]")
        values = np.array(list(found.values()), np.float64)
        published = publication.first_public_array(recipe.series.publication, days)
        tables[recipe.store].append(
            store.table(series_id, days, values, published, np.full(len(days), retrieved))
        )
        sheets[series_id] = _sheet(recipe, days, values)
    for name, parts in tables.items():
        store.write(pa.concat_tables(parts), folder / f"{name}.parquet")
    used = {part.file.name: part.file for recipe in plan.recipes.values() for part in recipe.parts}
    files = {
        name: {"origin": list(file.origin), "checked": file.checked} for name, file in sorted(used.items())
    }
    content = {"schema": 1, "retrieved": plan.retrieved.isoformat(), "files": files, "series": sheets}
    (folder / SHEETS).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _sheet(recipe: Recipe, days: Days, values: Floats) -> dict[str, Any]:
    series = dataclasses.asdict(recipe.series)
    described = ("title", "unit", "frequency", "source", "licence", "restricted", "note")
    files = list({part.file.name: part.file for part in recipe.parts}.values())
    return {
        **{key: series[key] for key in described},
        "file": f"{recipe.store}.parquet",
        "first": str(days[0]),
        "last": str(days[-1]),
        "rows": len(days),
        "checksum": checksum(days, values),
        "inputs": [file.name for file in files],
        "flags": _flags(recipe, files),
        "corrections": [f"{c.day}: {c.found} in the source, {c.value} here" for c in recipe.corrections],
        "gaps": _gaps(series["frequency"], days),
    }


def _flags(recipe: Recipe, files: list[InputFile]) -> list[str]:
    flags = {
        "transcribed": any(file.transcribed for file in files),
        "splice": len(files) > 1,
        "corrected": bool(recipe.corrections),
    }
    return [flag for flag, holds in flags.items() if holds]


def _gaps(frequency: str, days: Days) -> list[tuple[str, str]]:
    longest = np.timedelta64(_GAP_DAYS[frequency], "D")
    return [
        (str(before), str(after)) for before, after in itertools.pairwise(days) if after - before > longest
    ]


def _replace(new: Path, out: Path) -> None:
    made = {path.relative_to(new) for path in (*new.rglob("*.parquet"), new / SHEETS)}
    for name in sorted(made):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).replace(out / name)
    for stale in (*out.glob("*.parquet"), *(out / store.RESTRICTED).glob("*.parquet")):
        if stale.relative_to(out) not in made:
            stale.unlink()
