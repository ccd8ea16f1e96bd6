"""Daily par and real yields of the US Treasury, as XML: the same numbers as H.15, a day before it.

The address `pages/xml` gives an Atom feed; at times what comes is the entries without their root. A tenor
that was not issued is absent or null, and one day of 2017 was published as zeros: such a day is not believed.
Inflation compensation of FRED (T5YIE, T10YIE, T5YIFR) is a difference of these yields; it is derived here in
the St. Louis Fed's own way for the days that FRED does not have yet.

Source: https://home.treasury.gov/resource-center/data-chart-center/interest-rates (XML)
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from types import MappingProxyType
from xml.etree.ElementTree import Element

from reportgen.errors import FetchError, MalformedError, RefusedError
from reportgen.model import NEW_YORK
from reportgen.sources.bodies import as_text, as_xml, fault
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sieve import ISO_MIDNIGHT, Sieve, counts, parse_day, parse_number
from reportgen.sources.transport import Reply, Transport

ID = "treasury"
NEEDS = "nothing"
FEED = "https://home.treasury.gov/resource-center/data-chart-center/interest-rates/pages/xml"
_NOMINAL, _REAL = "daily_treasury_yield_curve", "daily_treasury_real_yield_curve"
_FIRST_YEAR = {_NOMINAL: 1990, _REAL: 2003}
_TENORS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        _NOMINAL: {
            "ust_1m": "BC_1MONTH",
            "ust_3m": "BC_3MONTH",
            "ust_6m": "BC_6MONTH",
            **{f"ust_{n}y": f"BC_{n}YEAR" for n in (1, 2, 3, 5, 7, 10, 20, 30)},
        },
        _REAL: {f"tips_{n}y": f"TC_{n}YEAR" for n in (5, 10, 30)},
    }
)
# Tenors that were not always issued, and since when they are given without a break.
_INTERRUPTED: Mapping[str, date] = MappingProxyType(
    {
        "ust_1m": date(2001, 7, 31),
        "ust_20y": date(1993, 10, 1),
        "ust_30y": date(2006, 2, 9),
        "tips_30y": date(2010, 2, 22),
    }
)
_PARTS = MappingProxyType(
    {
        "breakeven_5y": ("BC_5YEAR", "TC_5YEAR"),
        "breakeven_10y": ("BC_10YEAR", "TC_10YEAR"),
        "forward_5y5y": ("BC_5YEAR", "TC_5YEAR", "BC_10YEAR", "TC_10YEAR"),
    }
)
_WINDOW = timedelta(days=10)
_SPACE = re.compile(r"\s+xmlns(?::\w+)?\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_PREFIX = re.compile(r"(</?)\w+:|(\s)\w+:(?=\w+\s*=)")

Day = dict[str, str]  # name of an element to its text
Curve = dict[date, tuple[str, Day]]  # with the place in the feed


class TreasurySource:
    """Par yields, real yields, and the inflation compensation between them."""

    id = ID

    @cached_property
    def series(self) -> tuple[str, ...]:
        """Return the ids of the series."""
        return (*_TENORS[_NOMINAL], *_TENORS[_REAL], *_PARTS)

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield an answer a year, or one for the months since the newest day held."""
        wanted = tuple(s for s in self.series if s in want.series)
        if not wanted:
            return
        start = self._start(wanted, want)
        periods = _periods(start, transport.clock().astimezone(NEW_YORK).date())
        for period in periods:
            replies: dict[str, Reply] = {}
            answer = self._period(wanted, period, want, transport, replies)
            if period == periods[-1]:
                answer = dataclasses.replace(answer, told=dict.fromkeys(wanted, start))
            yield answer
            if answer.complete:
                for reply in replies.values():
                    transport.remember(reply)

    def probe(self, transport: Transport) -> Probe:
        """Ask for the yields of this month."""
        today = transport.clock().astimezone(NEW_YORK).date()
        try:
            reply = transport.get(FEED, _params(_NOMINAL, _month(today)), source=ID)
            days = list(read(Sieve(ID, [reply]), reply, _NOMINAL))
        except FetchError as error:
            return Probe(ID, False, (NEEDS,), error.message)
        return Probe(ID, True, (NEEDS,), f"newest day: {max(days) if days else 'none of this month yet'}")

    def _start(self, wanted: tuple[str, ...], want: Want) -> date:
        """Return the first day to ask for: some days behind what is held, or the first day wanted."""
        if all(s in want.newest for s in wanted):
            return min(want.newest[s] for s in wanted) - _WINDOW
        return max(want.first, date(_FIRST_YEAR[_NOMINAL], 1, 1))

    def _period(
        self,
        wanted: tuple[str, ...],
        period: dict[str, str],
        want: Want,
        transport: Transport,
        replies: dict[str, Reply],
    ) -> Answer:
        """Return the yields of a period; a curve that fails does not spoil the other."""
        parts = tuple(s for s in wanted if s in _PARTS)
        (value,) = period.values()
        today = transport.clock().astimezone(NEW_YORK).date()
        kinds = [k for k in (_NOMINAL, _REAL) if int(value[:4]) >= _FIRST_YEAR[k]]
        kinds = [k for k in kinds if parts or any(s in _TENORS[k] for s in wanted)]
        held = all(s in want.newest for s in wanted)
        failed: dict[str, FetchError] = {}
        curves: dict[str, Curve] = {}
        answers: list[Answer] = []

        def ask(kind: str, slot: str) -> None:
            try:
                replies[kind] = transport.get(FEED, _params(kind, period), source=ID, slot=slot)
            except (RefusedError, MalformedError) as error:
                failed.update(dict.fromkeys([s for s in (*_TENORS[kind], *parts) if s in wanted], error))

        for kind in kinds:
            ask(kind, f"{ID}/{kind}/{value[4:] or value}" if held else "")
        if parts and len(replies) == 2 and sum(r.not_modified for r in replies.values()) == 1:
            # Inflation compensation needs both curves: the one that is unchanged is asked for all the same.
            ask(next(k for k, r in replies.items() if r.not_modified), "")
        for kind, reply in replies.items():
            sieve = Sieve(ID, [reply], want.levels)
            try:
                curves[kind] = {} if reply.not_modified else read(sieve, reply, kind)
                is_over = value < f"{today:%Y%m}"[: len(value)]
                if is_over and not (curves[kind] or reply.not_modified or sieve.quarantined):
                    raise fault(reply, f"no entries in {value}", "those of a month or year that is over")
            except MalformedError as error:
                failed |= dict.fromkeys([s for s in (*_TENORS[kind], *parts) if s in wanted], error)
                answers.append(Answer(**counts([reply])))
                continue
            for series_id, name in _TENORS[kind].items():
                if series_id in wanted:
                    _take(sieve, curves[kind], series_id, name)
            answers.append(sieve.answer(since=want.since))
        if len(curves) == 2 and parts:
            answers.append(_derived(wanted, curves, replies[_NOMINAL], want))
        return dataclasses.replace(_joined(answers), failed=failed)


def read(sieve: Sieve, reply: Reply, kind: str) -> Curve:
    """Return the days of a feed: the texts of each entry's elements, by name.

    Raises: MalformedError where there is no entry of this kind, or an entry without its date.
    """
    entries = [e for e in _root(reply).iter() if _name(e) == "properties"]
    if not entries:
        if _root(reply).tag.rpartition("}")[2] == "feed":
            return {}  # the first days of a month
        raise fault(reply, "no entries", f"entries of {kind}")
    mark = "BC_" if kind == _NOMINAL else "TC_"
    found: Curve = {}
    spoilt: set[date] = set()
    seen: set[str] = set()
    for at, entry in enumerate(entries, 1):
        names = [_name(child) for child in entry]
        seen.update(names)
        texts = {_name(child): (child.text or "").strip() for child in entry if not _null(child)}
        day, where = parse_day(texts.get("NEW_DATE"), ISO_MIDNIGHT), f"entry {at}"
        if not any(name.startswith(mark) for name in names) or "NEW_DATE" not in names:
            raise fault(reply, f"{where} with {', '.join(names)[:120]}", f"NEW_DATE and {mark}…")
        if day is None or len(names) != len(set(names)):
            sieve.reject(
                None, where, f"the date {texts.get('NEW_DATE')!r}", "one date and each tenor once", texts
            )
            continue
        values = {n: t for n, t in texts.items() if n.startswith(mark) and n != "BC_30YEARDISPLAY"}
        if values and all(parse_number(t) == 0 for t in values.values()):
            sieve.reject(None, where, f"zero at every tenor on {day}", "yields", texts)
            spoilt.add(day)
            continue
        if day in found and found[day][1] != values:
            sieve.reject(None, where, f"{day} twice with different yields", "one entry a day", texts)
            spoilt.add(day)
        found.setdefault(day, (where, values))
    for kind_series, name in _TENORS[kind].items():
        absent = all(name not in day for _, day in found.values())
        if kind_series in _INTERRUPTED:
            if found and name not in seen and max(found) >= _INTERRUPTED[kind_series]:
                words = f"no element {name} in {len(found)} entries"
                sieve.reject(kind_series, "entries", words, f"{name}, as since {_INTERRUPTED[kind_series]}")
        elif found and absent:
            raise fault(reply, f"no element {name} in {len(found)} entries", f"{name}, as always")
    return {day: entry for day, entry in found.items() if day not in spoilt}


def _take(sieve: Sieve, curve: Curve, series_id: str, name: str) -> None:
    for day, (where, values) in curve.items():
        if name in values:
            missing = ("", "N/A") if series_id in _INTERRUPTED else ("",)
            sieve.add(series_id, where, day, values[name], missing=missing, context=values)


def _derived(wanted: tuple[str, ...], curves: Mapping[str, Curve], nominal: Reply, want: Want) -> Answer:
    """Return the inflation compensation of the days on which both curves are there."""
    sieve = Sieve(ID, [nominal], want.levels)
    for day, (where, par) in curves[_NOMINAL].items():
        _, real = curves[_REAL].get(day, ("", {}))
        for series_id, names in _PARTS.items():
            texts = [(par | real).get(name) for name in names]
            numbers = [Decimal(t) for t in texts if t is not None and parse_number(t) is not None]
            if series_id in wanted and len(numbers) == len(names):
                value = compensation(series_id, numbers)
                sieve.add(series_id, where, day, str(value), context=dict(zip(names, texts, strict=True)))
    return dataclasses.replace(sieve.answer(since=want.since), requests=0, bytes=0, not_modified=0)


def compensation(series_id: str, yields: list[Decimal]) -> Decimal:
    """Return the inflation compensation in percent, rounded to two places as FRED does.

    Units: percent; yields are nominal and real of 5 years, of 10 years, or of both in this order.
    Source: notes of T5YIE, T10YIE and T5YIFR on FRED. The forward rate is
    ((1 + b10/100)^10 / (1 + b5/100)^5)^(1/5) − 1 of the two differences b5 and b10.
    """
    if series_id != "forward_5y5y":
        found = yields[0] - yields[1]
    else:
        five, ten = (1 + (yields[k] - yields[k + 1]) / 100 for k in (0, 2))
        found = ((ten**10 / five**5) ** (Decimal(1) / 5) - 1) * 100
    return found.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _root(reply: Reply) -> Element:
    """Return the feed; entries that come without a root get one."""
    try:
        return as_xml(reply)
    except MalformedError:
        text = as_text(reply, "XML")
        start, end = text.find("<entry"), text.rfind("</entry>")
        after = text[end + len("</entry>") :].strip()
        if start < 0 or end < start or "<feed" in text or after not in ("", "</pre>"):
            raise
    # Declared prefixes or not: without them the names alone are left, which are unambiguous.
    bare = _PREFIX.sub(r"\1\2", _SPACE.sub("", text[start : end + len("</entry>")]))
    return as_xml(dataclasses.replace(reply, body=f"<entries>{bare}</entries>".encode()))


def _joined(answers: list[Answer]) -> Answer:
    return Answer(
        tuple(r for a in answers for r in a.rows),
        tuple(q for a in answers for q in a.quarantined),
        requests=sum(a.requests for a in answers),
        bytes=sum(a.bytes for a in answers),
        not_modified=sum(a.not_modified for a in answers),
    )


def _null(element: Element) -> bool:
    return any(name.rpartition("}")[2] == "null" and value == "true" for name, value in element.items())


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _periods(start: date, today: date) -> list[dict[str, str]]:
    """Return the months from a day on, where these are two at the most, else the years."""
    if start.year == today.year and today.month - start.month <= 1:
        return [_month(day) for day in sorted({start.replace(day=1), today.replace(day=1)})]
    return [{"field_tdr_date_value": str(year)} for year in range(start.year, today.year + 1)]


def _month(day: date) -> dict[str, str]:
    return {"field_tdr_date_value_month": f"{day:%Y%m}"}


def _params(kind: str, period: dict[str, str]) -> dict[str, str]:
    return {"data": kind, **period}


SOURCE = TreasurySource()
