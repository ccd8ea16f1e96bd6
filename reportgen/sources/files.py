"""A folder of CSV files that the desk exports itself, each with a small TOML header beside it.

Example, `move.toml`:

    file = "move.csv"               # beside the header
    series = "move"                 # id in the catalogue
    unit = "index"                  # of the numbers in the file; converted to the catalogue's
    date_column = "Date"
    value_column = "PX_LAST"
    publication = "rule"            # or the name of a column with moments of publication
    licence = "Restricted: ICE"     # what the vendor permits
    # date_format = "YYYY-MM-DD"    # or MM/DD/YYYY, DD/MM/YYYY, DD.MM.YYYY, YYYYMMDD
    # delimiter = ","               # or ";" or a tab
    # decimal = "."                 # or ","
    # missing = ["", "#N/A N/A"]    # texts that stand for no value
    # encoding = "utf-8"            # or cp1252
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from reportgen import catalog
from reportgen.config.tables import Line as Text
from reportgen.config.tables import Table, faults
from reportgen.errors import CatalogueError, FetchError, MalformedError
from reportgen.model import NEW_YORK, to_moment64
from reportgen.sources.bodies import columns, fault, text_lines
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sieve import ISO, NEVER, US, Sieve, parse_day
from reportgen.sources.transport import Reply, Transport
from reportgen.units import SeriesUnit

ID = "files"
RULE = "rule"
_HELP = "The head of reportgen/sources/files.py shows a header."
_MOST = 64 * 2**20
_FARTHEST_EAST = timezone(timedelta(hours=14))
# Powers of ten of units that are the same but for their size.
_SIZES = ({"usd": 0, "usd_mn": 6, "usd_bn": 9}, {"bp": -2, "percent": 0}, {"count": 0, "thousands": 3})
_DAYS = {
    "DD/MM/YYYY": re.compile(r"(?P<d>\d\d?)/(?P<m>\d\d?)/(?P<y>\d{4})", re.ASCII),
    "DD.MM.YYYY": re.compile(r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})", re.ASCII),
    "YYYYMMDD": re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)", re.ASCII),
}


class Header(Table):
    """What a file holds, and under what terms."""

    file: Text
    series: Text
    unit: SeriesUnit
    date_column: Text
    value_column: Text
    publication: Text
    licence: Text
    date_format: Literal["YYYY-MM-DD", "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY", "YYYYMMDD"] = "YYYY-MM-DD"
    delimiter: Literal[",", ";", "\t"] = ","
    decimal: Literal[".", ","] = "."
    missing: tuple[Annotated[str, Field(max_length=40)], ...] = ("",)
    encoding: Literal["utf-8", "cp1252"] = "utf-8"


class Folder:
    """The files of a folder as a source; a faulty header or a file without one spoils no other."""

    id = ID

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def headers(self) -> tuple[tuple[Path, Header], ...]:
        """Return the headers without fault, each with its path."""
        return self._read_headers[0]

    @property
    def faults(self) -> tuple[str, ...]:
        """Return every fault of every header."""
        return self._read_headers[1]

    @property
    def lonely(self) -> tuple[str, ...]:
        """Return the names of the CSV files that no header names; a faulty header may have meant them."""
        named = {header.file for _, header in self.headers}
        return tuple(sorted(p.name for p in self.folder.glob("*.csv") if p.name not in named))

    @cached_property
    def _read_headers(self) -> tuple[tuple[tuple[Path, Header], ...], tuple[str, ...]]:
        if not self.folder.is_dir():
            wanted = "expected one with CSV files and their headers"
            return (), (f"{self.folder}: no such folder, {wanted}",)
        found: list[tuple[Path, Header]] = []
        wrong: list[str] = []
        for path in sorted(self.folder.glob("*.toml")):
            try:
                header = Header.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
                wrong.append(f"{path}: not readable as TOML ({error})")
                continue
            except ValidationError as error:
                wrong.append(f"{path}: {faults(error)}")
                continue
            said = _faults(header)
            if any(header.series == other.series for _, other in found):
                said.append(f"series: {header.series} has another header already")
            wrong += [f"{path}: {fault}" for fault in said]
            if not said:
                found.append((path, header))
        return tuple(found), tuple(wrong)

    @property
    def series(self) -> tuple[str, ...]:
        """Return the ids of the series that headers without fault name."""
        return tuple(header.series for _, header in self.headers)

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield an answer a file; one that has not changed since it was stored, nor its header, is left out.

        Raises: FetchError at the end if a header is faulty.
        """
        for path, header in self.headers:
            if header.series not in want.series:
                continue
            slot, said = f"{ID}/{header.series}", _digest(header)
            known = transport.memory.get(slot, {})
            if known.get("header", said) != said:
                # The desk has told what the numbers are; what is held may be what it corrects.
                levels = {s: level for s, level in want.levels.items() if s != header.series}
                want = dataclasses.replace(want, levels=levels)
            try:
                reply = self._read(path, header, transport)
                now = {"sha256": reply.sha256, "header": said}
                if known == now and header.series in want.newest:
                    yield Answer(not_modified=1, told={header.series: want.first})
                    continue
                answer = _answer(header, reply, want)
            except FetchError as error:
                yield Answer(failed={header.series: error})
                continue
            yield answer
            if answer.complete:
                transport.memory[slot] = now
        if self.lonely and not self.faults:
            yield Answer(notes=(f"no header names {', '.join(self.lonely)}: not read",))
        if self.faults:
            raise FetchError("; ".join(self.faults), hint=_HELP)

    def probe(self, transport: Transport) -> Probe:
        """Say what the folder holds."""
        if self.faults:
            return Probe(ID, False, ("a header for each file",), "; ".join(self.faults))
        missing = [str(h.file) for p, h in self.headers if not (p.parent / h.file).is_file()]
        words = f"{len(self.headers)} files" + (f"; not there: {', '.join(missing)}" if missing else "")
        words += f"; without a header: {', '.join(self.lonely)}" if self.lonely else ""
        return Probe(ID, not missing, ("CSV files that the desk exports",), words)

    def _read(self, path: Path, header: Header, transport: Transport) -> Reply:
        """Return the file as if a publisher had sent it."""
        file = path.parent / header.file
        try:
            if file.stat().st_size > _MOST:
                raise MalformedError(
                    f"{file.name}: {file.stat().st_size:,} bytes, expected at most {_MOST:,}"
                )
            body = file.read_bytes()
        except OSError as error:
            raise FetchError(
                f"{file.name}: {error.strerror or error}, expected the file that {path.name} describes",
                hint="Export it again.",
            ) from error
        return Reply(file.name, 200, body, {}, transport.clock(), requests=0, bytes=0)


def _answer(header: Header, reply: Reply, want: Want) -> Answer:
    try:
        text = reply.body.decode("utf-8-sig" if header.encoding == "utf-8" else header.encoding)
    except UnicodeDecodeError as error:
        raise fault(reply, f"no {header.encoding} at byte {error.start}", header.encoding) from error
    lines = text_lines(text, reply, delimiter=header.delimiter)
    if len(lines) < 2:
        raise fault(reply, f"{len(lines)} lines", "a header and a line a day")
    timed = header.publication != RULE
    names = [header.date_column, header.value_column, *([header.publication] if timed else [])]
    place = columns(reply, lines[0], names)
    sieve = Sieve(ID, [reply], want.levels)
    shift = _shift(header)
    assert shift is not None  # the header was checked
    for line in lines[1:]:
        where = f"line {line.number}"
        if len(line.cells) != len(lines[0].cells):
            sieve.reject(header.series, where, f"{len(line.cells)} cells", f"{len(lines[0].cells)}", line)
            continue
        told, value = line.cells[place[header.date_column]], line.cells[place[header.value_column]]
        moment: np.datetime64 = NEVER
        if timed:
            found, day = _moment(line.cells[place[header.publication]]), _day(told, header.date_format)
            if found is None or found > reply.retrieved or (day is not None and found < _begun(day)):
                expected = "a moment from its day until now, as 2025-04-10T18:00 (New York) or with an offset"
                shown = line.cells[place[header.publication]]
                sieve.reject(header.series, where, f"{header.publication} {shown!r}", expected, line)
                continue
            moment = to_moment64(found)
        sieve.add(
            header.series,
            where,
            _day(told, header.date_format) or told,
            _plain(value, header),
            form=header.date_format,
            missing=header.missing,
            shift=shift,
            published=moment,
            context=line,
        )
    return sieve.answer(since=want.since, told={header.series: want.first})


def _digest(header: Header) -> str:
    return hashlib.sha256(header.model_dump_json().encode()).hexdigest()


def _faults(header: Header) -> list[str]:
    """Say where a header does not fit the catalogue."""
    said = []
    if Path(header.file).name != header.file or not header.file.endswith(".csv"):
        said.append(f"file: expected the name of a .csv beside the header, found {header.file!r}")
    try:
        series = catalog.series(header.series)
    except CatalogueError as error:
        return [*said, f"series: {error.message}" + (f" ({error.hint})" if error.hint else "")]
    if _shift(header) is None:
        said.append(f"unit: expected one that becomes {series.unit}, found {header.unit!r}")
    if series.restricted and not header.licence.startswith("Restricted"):
        said.append(f"licence: expected 'Restricted: …' as in the catalogue, found {header.licence!r}")
    if header.delimiter == header.decimal:
        said.append("delimiter: the same as decimal")
    return said


def _shift(header: Header) -> int | None:
    """Return the power of ten from the file's unit to the catalogue's; None if there is none."""
    unit = catalog.series(header.series).unit
    if unit == header.unit:
        return 0
    for sizes in _SIZES:
        if unit in sizes and header.unit in sizes:
            return sizes[header.unit] - sizes[unit]
    return None


def _plain(value: str, header: Header) -> str:
    """Return a value with a decimal point; what has one where the sign is a comma is no number."""
    if header.decimal == "." or value in header.missing:
        return value
    return f"{value} (decimal sign ,)" if "." in value else value.replace(",", ".")


def _day(text: str, form: str) -> date | None:
    if form in (ISO, US):
        return parse_day(text, form)
    found = _DAYS[form].fullmatch(text)
    try:
        return None if found is None else date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """Return a moment; one without an offset is New York's."""
    if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text, re.ASCII) is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=NEW_YORK)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _begun(day: date) -> datetime:
    """Return when a day began where it begins first."""
    return datetime(day.year, day.month, day.day, tzinfo=_FARTHEST_EAST)
