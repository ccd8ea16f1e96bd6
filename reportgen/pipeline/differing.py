"""The first place at which two versions of a note's file differ, in the terms of that file."""

from __future__ import annotations

import io
import json
from itertools import zip_longest
from typing import Any

from reportgen.errors import ArchiveError
from reportgen.pipeline.context import members

_EXCERPT = 60  # characters around a difference


def where(name: str, before: bytes, after: bytes) -> str:
    """Say where a file begins to differ: member, fact, row, page, line or byte."""
    kind = name.rpartition(".")[2]
    found = ""
    if kind == "zip":
        found = _in_zip(before, after)
    elif kind == "json":
        found = _in_json(before, after)
    elif kind == "parquet":
        found = _in_rows(before, after)
    elif kind == "pdf":
        from reportgen.render.pages import parting

        found = parting(before, after)
    else:
        found = _in_text(before, after)
    at = _first_byte(before, after)
    return f"{found} (byte {at})" if found else f"byte {at} of {len(before)} differs"


def _first_byte(before: bytes, after: bytes) -> int:
    length = min(len(before), len(after))
    low, high = 0, length  # the longest common beginning, by halves: slices compare fast
    while low < high:
        middle = (low + high + 1) // 2
        if before[low:middle] == after[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _in_zip(before: bytes, after: bytes) -> str:
    try:
        was, now = members(before), members(after)
    except ArchiveError as error:
        return error.message
    for name in sorted(was.keys() | now.keys()):
        if name not in now:
            return f"{name} is absent now"
        if name not in was:
            return f"{name} is new"
        if was[name] != now[name]:
            return f"{name}: {where(name, was[name], now[name])}"
    return "the same files, packed differently"


def _in_json(before: bytes, after: bytes) -> str:
    try:
        return _path(json.loads(before), json.loads(after), "") or "the same content, written differently"
    except ValueError as error:
        return f"not readable as JSON ({error})"


def _path(was: Any, now: Any, at: str) -> str:
    """Return the first path at which two values differ; things in a list go by their id."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*was, *now]):
            if key not in was or key not in now:
                return f"{at}{key} is {'new' if key not in was else 'absent now'}"
            if found := _path(was[key], now[key], f"{at}{key}."):
                return found
        return ""
    if isinstance(was, list) and isinstance(now, list):
        ids = [[_id(item, k) for k, item in enumerate(items)] for items in (was, now)]
        if ids[0] != ids[1]:
            first, second = next((a, b) for a, b in zip_longest(*ids) if a != b)
            return f"{at.rstrip('.')}: {first or 'nothing'}, now {second or 'nothing'}"
        pairs = zip(ids[0], was, now, strict=True)
        return next((f for i, a, b in pairs if (f := _path(a, b, f"{at}{i}."))), "")
    return "" if was == now else f"{at.rstrip('.')}: {_short(was)}, now {_short(now)}"


def _id(item: Any, position: int) -> str:
    return str(item.get("id", position)) if isinstance(item, dict) else str(position)


def _in_rows(before: bytes, after: bytes) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        was, now = (pq.ParquetFile(io.BytesIO(content)).read() for content in (before, after))
    except (pa.ArrowException, OSError) as error:
        return f"not readable as Parquet ({str(error).splitlines()[0]})"
    if was.equals(now):
        return "the same rows, written differently"
    if was.num_rows != now.num_rows:
        return f"{was.num_rows} rows, now {now.num_rows}"
    for name in was.column_names:
        if name in now.column_names and not was[name].equals(now[name]):
            columns = was[name].to_pylist(), now[name].to_pylist()
            row = next((k for k, (a, b) in enumerate(zip(*columns, strict=True)) if a != b), 0)
            key = f"{was['series'][row]} of {was['date'][row]}" if "series" in was.column_names else str(row)
            return f"{name} of {key}: {columns[0][row]}, now {columns[1][row]}"
    return "other columns"


def _in_text(before: bytes, after: bytes) -> str:
    try:
        lines = before.decode().splitlines(), after.decode().splitlines()
    except UnicodeDecodeError:
        return ""
    for number, (was, now) in enumerate(zip_longest(*lines), 1):
        if was != now:
            if was is None or now is None:
                return f"line {number} is {'new' if was is None else 'absent now'}"
            column = next((k for k, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), 0)
            begin = max(0, column - _EXCERPT // 3)
            said = (repr(line[begin : begin + _EXCERPT]) for line in (was, now))
            return f"line {number}, column {column + 1}: {', now '.join(said)}"
    return "line ends alone"


def _short(value: Any) -> str:
    said = json.dumps(value, ensure_ascii=False)
    return said if len(said) <= _EXCERPT else f"{said[:_EXCERPT]}…"
