"""Families: one entry that stands for many, by filling placeholders from tables.

Example: ``id = "cot_{contract}_{field}"`` with the tables ``over.contract`` and ``over.field`` gives one
entry for each pair; ``{contract}`` is the key of a row, ``{contract.code}`` a cell of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

Entry = dict[str, Any]


def expand(family: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the entries of a family, in the order of its tables."""
    tables: Mapping[str, Mapping[str, Mapping[str, str]]] = family["over"]
    template = {key: value for key, value in family.items() if key != "over"}
    for rows in itertools.product(*(table.items() for table in tables.values())):
        words: dict[str, str] = {}
        for axis, (key, cells) in zip(tables, rows, strict=True):
            words[f"{{{axis}}}"] = key
            words.update({f"{{{axis}.{cell}}}": text for cell, text in cells.items()})
        yield {key: fill(value, words) for key, value in template.items()}


def fill(value: Any, words: Mapping[str, str]) -> Any:
    """Return a text with its placeholders filled; any other value as it is."""
    if isinstance(value, str) and "{" in value:
        for placeholder, text in words.items():
            value = value.replace(placeholder, text)
    return value
