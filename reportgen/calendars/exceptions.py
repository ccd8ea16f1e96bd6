"""A desk's own exceptions to the publication rules: a shutdown in force, a release that came late.

The file has the form of publication.toml, ``[cause.NAME]`` and ``[[delay]]``, and besides ``[[suspension]]``
for what is withheld with no new date: ``rules``, ``cause``, ``source``, ``first`` (the first observation
withheld) and, once known, ``last``. A delay of the same observation goes before a suspension.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from reportgen.calendars import rules
from reportgen.errors import CalendarError, ConfigError

EXCEPTIONS_FILE = "publication.toml"
_Check = Callable[[Any], bool]


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_pairs(value: Any) -> bool:
    pairs = isinstance(value, list) and bool(value)
    return pairs and all(
        isinstance(p, list) and len(p) == 2 and all(map(_is_day, p)) and p[0] <= p[1] for p in value
    )


_DAY, _TEXT = (_is_day, "a date"), (_is_text, "text")
_FORMS: Mapping[str, Mapping[str, tuple[_Check, str]]] = {
    "cause": {"known": _DAY, "phrase": _TEXT, "ended": _DAY, "meanwhile": _TEXT},
    "suspension": {
        "rules": (lambda v: isinstance(v, list) and bool(v), "a list of rules"),
        "cause": _TEXT,
        "source": _TEXT,
        "first": _DAY,
        "last": _DAY,
    },
    "delay": {
        "rule": _TEXT,
        "cause": _TEXT,
        "source": _TEXT,
        "dates": (_are_pairs, "pairs of days: observation, publication"),
        "announced": _DAY,
        "withdrawn": _DAY,
        "estimated": (lambda v: isinstance(v, bool), "true or false"),
    },
}
_OPTIONAL = {"ended", "meanwhile", "last", "announced", "withdrawn", "estimated"}


def use_exceptions(path: Path | None) -> None:
    """Put a desk's file of exceptions in force, in place of the one before; None has none.

    Raises: ConfigError naming every fault with file and key.
    """
    rules.use({} if path is None else read(path))


def read(path: Path) -> dict[str, Any]:
    """Return the content of a file of exceptions.

    Raises: ConfigError naming every fault with file and key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    found = list(_faults(content))
    if found:
        raise ConfigError(f"{path}: " + "; ".join(found))
    return content


def _faults(content: dict[str, Any]) -> Iterator[str]:
    yield from (f"{key}: unknown table" for key in content.keys() - _FORMS.keys())
    entries = [(f"cause.{name}", "cause", row) for name, row in _rows(content, "cause").items()]
    for kind in ("suspension", "delay"):
        rows = content.get(kind, [])
        if not isinstance(rows, list):
            yield f"{kind}: expected [[{kind}]], found {rows!r}"
            continue
        entries += [(f"{kind}[{at}]", kind, row) for at, row in enumerate(rows, start=1)]
    known = rules.causes() | _rows(content, "cause").keys()
    for where, kind, row in entries:
        if isinstance(row, dict):
            yield from (f"{where}.{fault}" for fault in _wrong(kind, row, known))
        else:
            yield f"{where}: expected a table, found {row!r}"


def _rows(content: dict[str, Any], key: str) -> dict[str, Any]:
    rows: Any = content.get(key, {})
    return rows if isinstance(rows, dict) else {}


def _wrong(kind: str, row: dict[str, Any], causes: set[str]) -> Iterator[str]:
    form = _FORMS[kind]
    yield from (f"{key}: unknown key" for key in row.keys() - form.keys())
    yield from (f"{key}: missing" for key in form.keys() - row.keys() - _OPTIONAL)
    for key in form.keys() & row.keys():
        check, expected = form[key]
        if not check(row[key]):
            yield f"{key}: expected {expected}, found {row[key]!r}"
    if _is_text(row.get("cause")) and row["cause"] not in causes:
        yield f"cause: no [cause.{row['cause']}]"
    if _is_day(row.get("first")) and _is_day(row.get("last")) and row["last"] < row["first"]:
        yield f"last: {row['last']} lies before first, {row['first']}"
    named = row.get("rules") if kind == "suspension" else [row.get("rule")]
    for name in named if isinstance(named, list) else []:
        try:
            if isinstance(name, str):
                rules.rule(name)
        except CalendarError as error:
            yield f"rule{'s' * (kind == 'suspension')}: {error.message}; {error.hint}"
