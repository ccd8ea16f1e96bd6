"""Foreign holdings of Treasuries, from the Treasury International Capital system, by month and country.

The newest thirteen months stand in slt_table5.txt, the years before in mfhhis01.txt; both are tables for
people. A month is believed if its countries add up to its grand total.

Source: https://home.treasury.gov/data/treasury-international-capital-tic-system, Major Foreign Holders
"""

from __future__ import annotations

import calendar
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType

from reportgen import catalog
from reportgen.errors import FetchError, MalformedError, RefusedError
from reportgen.sources.bodies import Line, as_lines, fault
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sieve import Sieve, counts, parse_number
from reportgen.sources.transport import Reply, Transport

ID = "tic"
NEEDS = "nothing"
FOLDER = "https://ticdata.treasury.gov/resource-center/data-chart-center/tic/Documents/"
NEWEST, HISTORY = "slt_table5.txt", "mfhhis01.txt"
_FIRST_YEAR = 2012  # earlier years rest on other surveys, and give some months twice
_RECENT = timedelta(days=365)  # what slt_table5.txt covers
_LATELY = timedelta(days=62)
_ASKED = f"{ID}/asked"
_ROUNDING = Decimal("1.5")  # of some forty numbers of one decimal
_TOTAL = "Grand Total"
_FOOTNOTE = re.compile(r"\s+\d+/$")
_MONTHS = MappingProxyType({name: k for k, name in enumerate(calendar.month_abbr) if name})
# Labels of slt_table5.txt that the catalogue, which follows mfhhis01.txt, writes otherwise.
_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "Of Which: Foreign Official": "For. Official",
        "Of Which: Foreign Official Treasury Bills": "Treasury Bills",
        "Of Which: Foreign Official T-Bonds & Notes": "T-Bonds & Notes",
    }
)


@dataclass(frozen=True, slots=True)
class _Block:
    """A stretch of a table: months across, countries down."""

    months: tuple[date | None, ...]  # of each column after the label; None where there is none
    lines: tuple[Line, ...]


class TicSource:
    """The series whose catalogue entry says TREASURY:TIC."""

    id = ID

    @cached_property
    def _by_label(self) -> dict[str, str]:
        found = {}
        for series in catalog.all_series().values():
            publisher, _, label = series.source.partition("/")
            if publisher == "TREASURY:TIC":
                found[label] = series.id
        return found

    @property
    def series(self) -> tuple[str, ...]:
        """Return the ids of the series."""
        return tuple(self._by_label.values())

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield an answer a file: the years before, where they are not held, then the newest months."""
        wanted = {label: s for label, s in self._by_label.items() if s in want.series}
        if not wanted:
            return
        today = transport.clock().date()
        held = [want.newest[s] for s in wanted.values() if s in want.newest]
        missing = set(wanted.values()) - want.newest.keys()
        asked = frozenset(transport.memory.get(_ASKED, {}).get("series", ()))
        recent = bool(held) and max(held) > today - _RECENT and missing <= asked
        sure = not recent
        for name in (NEWEST,) if recent else (HISTORY, NEWEST):
            replies: list[Reply] = []
            try:
                slot = f"{ID}/{name}" if held else ""
                replies.append(transport.get(FOLDER + name, source=ID, slot=slot))
                answer = self._table(replies[0], wanted, want)
            except (RefusedError, MalformedError) as error:
                yield Answer(failed=dict.fromkeys(wanted.values(), error), **counts(replies))
                sure = False
                continue
            if name == NEWEST:
                start = max(want.first, today - _RECENT) if recent else want.first
                answer = dataclasses.replace(answer, told=dict.fromkeys(wanted.values(), start))
            yield answer
            sure = sure and answer.complete
            if answer.complete:
                transport.remember(replies[0])
        if sure:  # what is not held now is in none of the tables
            transport.memory[_ASKED] = {"series": sorted(wanted.values())}

    def probe(self, transport: Transport) -> Probe:
        """Ask for the newest months."""
        try:
            blocks = read(transport.get(FOLDER + NEWEST, source=ID))
        except FetchError as error:
            return Probe(ID, False, (NEEDS,), error.message)
        months = [m for b in blocks for m in b.months if m is not None]
        return Probe(ID, bool(months), (NEEDS,), f"newest month: {max(months):%Y-%m}" if months else "none")

    def _table(self, reply: Reply, wanted: Mapping[str, str], want: Want) -> Answer:
        sieve = Sieve(ID, [reply], want.levels)
        if reply.not_modified:
            return sieve.answer()
        seen: set[str] = set()
        for block in read(reply):
            wrong = _sums(block)
            for at, month in enumerate(block.months):
                if month is not None and wrong[at]:
                    sieve.reject(None, f"{month:%Y-%m}", wrong[at], f"countries that add up to the {_TOTAL}")
            for line in block.lines:
                label = _label(line)
                if label not in wanted:
                    continue
                seen.add(label)
                for at, month in enumerate(block.months):
                    if month is not None and not wrong[at]:
                        cell = line.cells[at + 1] if at + 1 < len(line.cells) else "no cell"
                        sieve.add(wanted[label], f"line {line.number}", month, cell.replace(",", ""),
                                  missing=("", "n.a.", "*"), context=line)  # fmt: skip
        answer = sieve.answer(since=want.since)
        held = {label: want.newest[s] for label, s in wanted.items() if s in want.newest}
        lost = sorted(n for n, day in held.items() if n not in seen and day > max(held.values()) - _LATELY)
        if lost:
            note = f"{reply.url}: no row any more for {', '.join(lost)}; part of All Other, or renamed"
            return dataclasses.replace(answer, notes=(note,))
        return answer


def read(reply: Reply) -> list[_Block]:
    """Return the blocks of a table.

    Raises: MalformedError where there is no header, or a block without its total.
    """
    lines = as_lines(reply, delimiter="\t", latin=True, name="a table of tabs")
    heads = [at for at, line in enumerate(lines) if line.cells[0] == "Country"]
    if not heads:
        raise fault(reply, f"no line that begins with Country, {str(lines[0])[:80]!r}", "a header of months")
    blocks = []
    for at, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        months = _months(lines[at - 1] if at else lines[at], lines[at])
        if not any(months):
            raise fault(reply, f"months {str(lines[at])[:120]!r}", "YYYY-MM, or names of months above years")
        body = tuple(line for line in lines[at + 1 : end] if any(line.cells[1:]))
        if _TOTAL not in map(_label, body):
            raise fault(reply, f"no {_TOTAL} below line {lines[at].number}", f"a row {_TOTAL}")
        block = _Block(months, body)
        if max(m for m in months if m is not None).year >= _FIRST_YEAR:
            blocks.append(block)
    return blocks


def _months(above: Line, header: Line) -> tuple[date | None, ...]:
    """Return the month of each column, as its last day."""
    found: list[date | None] = []
    for at, cell in enumerate(header.cells[1:], 1):
        written = re.fullmatch(r"(\d{4})-(\d\d)", cell, re.ASCII)
        name = above.cells[at] if at < len(above.cells) else ""
        if written and 1 <= int(written[2]) <= 12:
            found.append(_end(int(written[1]), int(written[2])))
        elif re.fullmatch(r"\d{4}", cell, re.ASCII) and name in _MONTHS:
            found.append(_end(int(cell), _MONTHS[name]))
        else:
            found.append(None)
    return tuple(found)


def _sums(block: _Block) -> Sequence[str]:
    """Say for each month how its countries miss the total; empty where they add up."""
    total = next(at for at, line in enumerate(block.lines) if _label(line) == _TOTAL)
    said = []
    for at, month in enumerate(block.months):
        cells = [
            line.cells[at + 1].replace(",", "") if at + 1 < len(line.cells) else ""
            for line in block.lines[: total + 1]
        ]
        known = [Decimal(c) for c in cells if parse_number(c) is not None]
        there = month is None or parse_number(cells[-1]) is not None
        gap = abs(sum(known[:-1], Decimal(0)) - known[-1]) if known and there else Decimal(0)
        words = "" if there else f"a total of {cells[-1]!r}"
        said.append(f"{gap} away from the total of {known[-1]}" if gap > _ROUNDING else words)
    doubled = {m for m in block.months if m is not None and block.months.count(m) > 1}
    return ["the month twice" if m in doubled else words for m, words in zip(block.months, said, strict=True)]


def _label(line: Line) -> str:
    label = _FOOTNOTE.sub("", line.cells[0])
    return _LABELS.get(label, label)


def _end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


SOURCE = TicSource()
