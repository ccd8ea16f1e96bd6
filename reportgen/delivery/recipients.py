"""Who may be sent a note: the desk's list, read whole or refused with every fault of it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from reportgen.config.tables import shown
from reportgen.delivery.addresses import address_digest, checked_address, digests, without
from reportgen.errors import ConfigError

COLUMNS = (
    *("id", "email", "name", "language", "audience", "jurisdiction"),
    *("consent_date", "consent_source", "status"),
)
STATUSES = ("active", "paused")
_DATABASES = (".sqlite", ".sqlite3", ".db")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]+)*")
_AUDIENCE = re.compile(r"[a-z][a-z_]*")
_JURISDICTION = re.compile(r"[A-Z]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_OWN_COPY = re.compile(r"@(?:test|journal-\d+)")  # the desk's own copies hold a token for these
_SHOWN_FAULTS = 50
_LONGEST_NAME = 200
_LONGEST_CODE = 16


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person on the list; email is never printed outside that person's own message."""

    id: str
    email: str
    name: str
    language: str
    audience: str
    jurisdiction: str
    status: str

    def __repr__(self) -> str:
        return f"Recipient({self.id!r})"


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Who must not be written to, by digest of the address or by id. Shape: names are in small letters."""

    names: frozenset[str]

    def __contains__(self, recipient: Recipient) -> bool:
        return recipient.id.lower() in self.names or not self.names.isdisjoint(digests(recipient.email))


def load_recipients(path: Path, today: dt.date) -> tuple[Recipient, ...]:
    """Read the list from a CSV file with a header, or the table `recipients` of an SQLite database.

    Shape: the columns of COLUMNS; language, consent and status may be empty or absent.

    Raises: ConfigError with every fault and its row; no address is repeated in it.
    """
    held: list[Recipient] = []
    faults: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    for number, row in _rows(path, COLUMNS[:6], COLUMNS, faults):
        recipient, found = _read(row, today)
        email = row["email"] if recipient is None else recipient.email
        for name, mark in (("id", row["id"].lower()), ("email", address_digest(email))):
            if row[name] and seen.setdefault((name, mark), number) != number:
                found.append(f"{name}: the same as in row {seen[name, mark]}")
        faults += [f"row {number}: {fault}" for fault in found]
        if recipient is not None:
            held.append(recipient)
    _refuse(path, faults)
    if not held:
        raise ConfigError(f"{path}: names nobody, expected a recipient in each row")
    return tuple(held)


def load_suppressed(path: Path) -> Suppressed:
    """Read the suppression list: a column of recipient ids, addresses or SHA-256 of addresses.

    Raises: ConfigError with every fault and its row.
    """
    names: set[str] = set()
    faults: list[str] = []
    for number, row in _rows(path, ("who",), ("who", "date", "why"), faults):
        who = row["who"]
        if _OWN_COPY.fullmatch(who):
            continue  # no reader, though someone pressed the link in the desk's own copy
        if "@" in who:
            try:
                names.add(address_digest(checked_address(who)))
            except ValueError as error:
                faults.append(f"row {number}: who: {without(str(error), who)}")
        elif _ID.fullmatch(who):  # a SHA-256 in hexadecimal looks like one
            names.add(who.lower())
        else:
            faults.append(f"row {number}: who: expected an id, an address or its SHA-256")
    _refuse(path, faults)
    return Suppressed(frozenset(names))


def _read(row: Mapping[str, str], today: dt.date) -> tuple[Recipient | None, list[str]]:
    """Return a row's recipient, or what is wrong with the row; addresses and names are not repeated."""
    faults = [f"{name}: holds a control character" for name, value in row.items() if _CONTROL.search(value)]
    if not _ID.fullmatch(row["id"]):
        faults.append(f"id: expected letters, digits, - and _{_found(row['id'])}")
    email = row["email"]
    try:
        email = checked_address(email)
    except ValueError as error:
        faults.append(f"email: {without(str(error), email)}")
    faults += _name(row["name"])
    if row["language"] and not _LANGUAGE.fullmatch(row["language"]):
        faults.append(f"language: expected a code such as en{_found(row['language'])}")
    if not _AUDIENCE.fullmatch(row["audience"]):
        faults.append(f"audience: expected a word such as institutional{_found(row['audience'])}")
    if not _JURISDICTION.fullmatch(row["jurisdiction"]):
        faults.append(f"jurisdiction: expected a code such as US{_found(row['jurisdiction'])}")
    status = row["status"] or "active"
    if status not in STATUSES:
        faults.append(f"status: expected {' or '.join(STATUSES)}{_found(status)}")
    faults += _consent(row, today)
    if faults:
        return None, faults
    language, audience, jurisdiction, status = (
        sys.intern(word) for word in (row["language"], row["audience"], row["jurisdiction"], status)
    )
    return Recipient(row["id"], email, row["name"], language, audience, jurisdiction, status), []


def _name(name: str) -> list[str]:
    if not name:
        return ["name: empty"]
    if len(name) > _LONGEST_NAME:
        return [f"name: longer than {_LONGEST_NAME} letters"]
    return ["name: expected plain letters, found the encoding of a mail header"] if "=?" in name else []


def _consent(row: Mapping[str, str], today: dt.date) -> list[str]:
    given, source = row["consent_date"], row["consent_source"]
    if not given and not source:
        return ["consent_date: empty, expected the day on which the recipient agreed, and consent_source"]
    faults = [] if source else ["consent_source: empty, expected where the consent stands"]
    try:
        if dt.date.fromisoformat(given) > today:
            faults.append(f"consent_date: {given} lies in the future")
    except ValueError:
        faults.append(f"consent_date: expected a date such as 2025-04-10{_found(given)}")
    return faults


def _rows(
    path: Path, needed: tuple[str, ...], known: tuple[str, ...], faults: list[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Return the rows of a list with their numbers, the header being row 1; every known column is there."""
    rows = _from_database(path, known) if path.suffix.lower() in _DATABASES else _from_csv(path, known)
    _, header = next(rows, (1, []))
    if len(header) == 1 and (sign := next((c for c in ";\t|" if c in header[0]), "")):
        raise ConfigError(f"{path}: its columns are separated by {sign!r}, expected commas")
    wrong = [f"column {name!r}: missing" for name in needed if name not in header]
    wrong += [
        f"column {_code(name) or at}: unknown, expected some of {', '.join(known)}"
        for at, name in enumerate(header, 1)
        if name not in known
    ]
    wrong += [f"column {name!r}: twice" for name in known if header.count(name) > 1]
    _refuse(path, wrong)
    for number, cells in rows:
        if not any(map(str.strip, cells)):
            continue
        if len(cells) != len(header):
            faults.append(f"row {number}: {len(cells)} cells, expected {len(header)}")
        else:
            found = dict(zip(header, cells, strict=True))
            yield number, {name: found.get(name, "").strip(" \t") for name in known}


def _from_csv(path: Path, known: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    try:
        words = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", hint=_hint(known)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}") from error
    reader = csv.reader(io.StringIO(words, newline=""), strict=True)
    number = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ConfigError(f"{path}: row {number + 1}: not CSV: {error}") from error
        if cells is None:
            return
        number += 1
        yield number, [c.strip() for c in cells] if number == 1 else cells


def _from_database(path: Path, known: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    if not path.is_file():
        raise ConfigError(f"{path}: no such file", hint=_hint(known))
    table = _kind(known)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute(f"SELECT * FROM {table} ORDER BY rowid")
            yield 1, [column[0] for column in found.description]
            for number, row in enumerate(found, 2):
                yield number, ["" if cell is None else str(cell) for cell in row]
    except sqlite3.Error as error:
        raise ConfigError(f"{path}: table {table}: {error}") from error


def _refuse(path: Path, faults: list[str]) -> None:
    if faults:
        more = len(faults) - _SHOWN_FAULTS
        said = [*faults[:_SHOWN_FAULTS], *([f"and {more} more"] if more > 0 else [])]
        raise ConfigError(f"{path}: " + "\n  ".join(said))


def _found(cell: str) -> str:
    words = _code(cell)
    return f", found {words}" if words else ""


def _code(cell: str) -> str:
    """Return what stands in the place of a code, unless it may be a name or an address."""
    return shown(cell) if len(cell) <= _LONGEST_CODE and "@" not in cell else ""


def _kind(columns: tuple[str, ...]) -> str:
    return "recipients" if "email" in columns else "suppressed"


def _hint(columns: tuple[str, ...]) -> str:
    return f"Name the list in desk.toml as mail.{_kind(columns)}; its columns are {', '.join(columns)}."
