"""FRED and ALFRED of the Federal Reserve Bank of St. Louis, through fredapi over our transport.

fredapi asks by urllib without a time limit, reads XML, and keeps of a reply only what it can turn into
floats. `Client` leaves it the addresses and the names, fetches by our transport, follows pages, and hands the
observations on as FRED wrote them.

Source: https://fred.stlouisfed.org/docs/api/fred/ (no endorsement by the Federal Reserve Bank of St. Louis).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from fredapi import Fred

from reportgen import catalog
from reportgen.calendars import publication
from reportgen.calendars.clock import MomentArray
from reportgen.errors import FetchError, MalformedError, MissingKeyError, RefusedError, UnreachableError
from reportgen.model import NEW_YORK, Series, to_day64, to_moment64, to_utc
from reportgen.sources.bodies import as_xml, fault
from reportgen.sources.contract import Answer, Probe, Want
from reportgen.sources.sieve import ISO, NEVER, Sieve, counts, parse_day
from reportgen.sources.transport import Reply, Transport

ID = "fred"
NEEDS = "FRED_API_KEY (free, from https://fred.stlouisfed.org/docs/api/api_key.html)"
VINTAGES_A_CALL = 1000  # FRED refuses more than 2,000
_ENDPOINT = "https://api.stlouisfed.org/fred"
_REFUSALS = frozenset({400, 404, 423})
_PATIENCE = 2  # series in a row that FRED leaves unanswered before we leave FRED
# How far behind the newest day held a request begins, so that late and corrected values are seen.
_WINDOW = {"daily": 21, "weekly": 70, "monthly": 400, "quarterly": 800}
_UNITS_HOLD = timedelta(days=7)  # how long FRED's statement of a unit is believed
_SCALE = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_OURS = {"thousands": 3, "usd_mn": 6, "usd_bn": 9}
# A series that goes on from another: the interest on excess reserves became that on reserve balances.
_BEFORE = {"iorb": ("IOER", date(2021, 7, 28))}
# Days on which FRED gives the range that took effect on the next: left out, the range before still held.
_EARLY = dict.fromkeys(("target_upper", "target_lower"), ("2015-12-16", "2016-12-14"))
_CHILDREN = {"observations": "observation", "vintage_dates": "vintage_date", "seriess": "series"}
_NO_VINTAGES = "does not exist in ALFRED"


class Client(Fred):  # type: ignore[misc]
    """fredapi's client with its requests made by our transport."""

    def __init__(self, transport: Transport, key: str) -> None:
        # Not Fred's own: it reads the environment and installs an opener for the whole process.
        self.api_key, self.proxies, self.root_url = key, None, _ENDPOINT
        self.transport, self.replies = transport, list[Reply]()
        self.slot = ""

    def _Fred__fetch_data(self, url: str) -> Element:
        """Return the root of an answer with the children of all its pages.

        Raises: RefusedError with FRED's own words; MalformedError where pages do not add up.
        """
        root = self._page(url, 0)
        count, given = root.get("count"), len(root)
        if root.tag not in ("observations", "vintage_dates") or self.replies[-1].not_modified:
            return root
        if count is None or not count.isdecimal():
            raise fault(self.replies[-1], f"count={count!r}", "the number of rows")
        while given < int(count):
            page = self._page(url, given)
            if page.tag != root.tag or not len(page):
                raise fault(self.replies[-1], f"{given} rows of {count}", "all of them")
            root.extend(page)
            given += len(page)
        if given != int(count):
            raise fault(self.replies[-1], f"{given} rows", f"the {count} that it says")
        return root

    def observations(self, code: str, **params: str) -> Element:
        """Return the observations of a series as FRED gives them; empty if they have not changed."""
        asked = "".join(f"&{name}={value}" for name, value in params.items())
        root: Element = self._Fred__fetch_data(f"{self.root_url}/series/observations?series_id={code}{asked}")
        return root

    def vintages(self, code: str, since: str | None) -> list[date]:
        """Return the days on which values of a series were published or revised, from a day on."""
        asked = "" if since is None else f"&realtime_start={since}&realtime_end={self.latest_realtime_end}"
        root = self._Fred__fetch_data(f"{self.root_url}/series/vintagedates?series_id={code}{asked}")
        found = [parse_day((child.text or "").strip(), ISO) for child in root]
        days = [day for day in found if day is not None]
        if len(days) != len(found) or days != sorted(set(days)):
            raise fault(self.replies[-1], "vintage dates out of order or no dates", "ascending dates")
        return days

    def _page(self, url: str, offset: int) -> Element:
        address, _, query = url.partition("?")
        params = dict(pair.split("=", 1) for pair in query.split("&") if pair)
        if offset:
            params["offset"] = str(offset)
        reply = self.transport.get(
            address,
            params | {"api_key": self.api_key},
            source=ID,
            slot=self.slot,
            accept=_REFUSALS,
        )
        self.replies.append(reply)
        if reply.not_modified:
            return Element("observations", count="0")
        root = as_xml(reply)
        if reply.status != 200 or root.tag == "error":
            words = root.get("message") or root.findtext("message") or "no reason given"
            raise RefusedError(f"{reply.url}: FRED answers {reply.status}: {self.transport.redact(words)}")
        expected = {"observations": "observations", "vintagedates": "vintage_dates", "series": "seriess"}
        name = expected[address.rpartition("/")[2]]
        if root.tag != name:
            raise fault(reply, f"the element {root.tag!r}", name)
        strange = {child.tag for child in root} - {_CHILDREN[name]}
        if strange:
            raise fault(reply, f"the elements {', '.join(sorted(strange))}", _CHILDREN[name])
        return root


class FredSource:
    """The series whose catalogue entry says FRED."""

    id = ID

    @cached_property
    def series(self) -> tuple[str, ...]:
        """Return the ids of the series that FRED is the home of."""
        return tuple(s.id for s in catalog.all_series().values() if s.source.startswith("FRED:"))

    def fetch(self, want: Want, transport: Transport) -> Iterator[Answer]:
        """Yield an answer a series; for a revised one, an answer for each piece of its vintages."""
        client = Client(transport, _key(transport))
        unanswered = 0
        for series_id in want.series:
            if series_id not in self.series:
                continue
            try:
                yield from self._series(catalog.series(series_id), want, client)
                unanswered = 0
            except UnreachableError as error:
                unanswered += 1
                if unanswered == _PATIENCE:
                    raise
                yield _failed(series_id, error, client)
            except (RefusedError, MalformedError) as error:
                if "api_key" in error.message.partition("FRED answers")[2]:
                    raise RefusedError(error.message, hint=f"Set {NEEDS}.") from error
                yield _failed(series_id, error, client)

    def probe(self, transport: Transport) -> Probe:
        """Ask what FRED says of one series."""
        try:
            info = Client(transport, _key(transport)).get_series_info("DGS10")
        except FetchError as error:
            return Probe(ID, False, (NEEDS,), error.message)
        return Probe(ID, True, (NEEDS,), f"{info.get('title')}, updated {info.get('last_updated')}")

    def _series(self, series: Series, want: Want, client: Client) -> Iterator[Answer]:
        client.replies.clear()
        shift = _shift(series, client)
        if series.revised and series.vintages:
            try:
                yield from self._vintages(series, want, client, shift)
                return
            except RefusedError as error:
                if _NO_VINTAGES not in error.message:
                    raise
        yield from self._latest(series, want, client, shift)

    def _latest(self, series: Series, want: Want, client: Client, shift: int) -> Iterator[Answer]:
        held = want.newest.get(series.id)
        start = want.since if held is None else held - timedelta(days=_WINDOW[series.frequency])
        params = {} if start is None else {"observation_start": start.isoformat()}
        rows: list[Element] = []
        code, last = _BEFORE.get(series.id, ("", date.min))
        if code and (start is None or start <= last):
            rows += client.observations(code, **params, observation_end=last.isoformat())
        client.slot = "" if held is None else f"{ID}/{series.id}"
        try:
            rows += client.observations(_code(series), **params)
        finally:
            client.slot = ""
        sieve = _sieve(client, want)
        early = _EARLY.get(series.id, ())
        for at, row in enumerate(rows, 1):
            if row.get("date") in early:
                continue
            sieve.add(series.id, f"observation {at}", row.get("date"), row.get("value"),
                      missing=(".",), shift=shift, context=row.attrib)  # fmt: skip
        answer = sieve.answer(ordered="ascending", told={series.id: start or want.first})
        yield answer
        if answer.complete:
            client.transport.remember(client.replies[-1])

    def _vintages(self, series: Series, want: Want, client: Client, shift: int) -> Iterator[Answer]:
        """Yield the vintages not held yet, in pieces that FRED permits.

        A piece begins with the last vintage of the piece before: FRED cuts the beginning of each value's
        life to the beginning of the piece, so what seems to begin there began there or earlier, and is held.
        In the first vintage of all it is the publication rule that says when the values were public.
        """
        memory, name = client.transport.memory, f"alfred:{series.id}"
        seen = memory.get(name, {}) if series.id in want.newest else {}
        since = None if want.since is None else want.since.isoformat()
        until = seen.get("until") if seen.get("since") == since else None
        found = client.vintages(_code(series), until)
        if until is not None:
            known = date.fromisoformat(until)
            found = [known, *(day for day in found if day > known)]
        pieces = list(_pieces(found, VINTAGES_A_CALL))
        if not pieces or (until is not None and len(found) == 1):
            yield _sieve(client, want).answer(told={series.id: want.first})
            return
        sure = True
        for first, last in pieces:
            params = {"realtime_start": first.isoformat(), "realtime_end": last.isoformat()}
            if since is not None:
                params["observation_start"] = since
            root = client.observations(_code(series), **params)
            sieve = _sieve(client, want)
            for at, row in enumerate(root, 1):
                self._vintage(sieve, series, at, row, first, until is None and first == found[0], shift)
            told = {series.id: want.first} if last == pieces[-1][1] else {}
            yield sieve.answer(ordered="ascending", told=told)
            sure = sure and not sieve.quarantined  # what follows a doubtful piece is asked for with it again
            if sure:
                memory[name] = {"until": last.isoformat(), "since": since}
            client.replies.clear()

    def _vintage(
        self, sieve: Sieve, series: Series, at: int, row: Element, first: date, oldest: bool, shift: int
    ) -> None:
        began, where = parse_day(row.get("realtime_start"), ISO), f"observation {at}"
        day = parse_day(row.get("date"), ISO)
        start, today = max(first, day or first), sieve.replies[0].retrieved.astimezone(NEW_YORK).date()
        if began is None or not start <= began <= today:  # nobody knew a value before its period, or tomorrow
            found = f"realtime_start={row.get('realtime_start')!r}"
            sieve.reject(series.id, where, found, f"a day from {start} to {today}", row.attrib)
            return
        if began == first and not oldest:
            return
        moment = NEVER if began == first or day is None else to_moment64(_public(series, day, began))
        sieve.add(series.id, where, row.get("date"), row.get("value"), missing=(".",), shift=shift,
                  published=moment, context=row.attrib)  # fmt: skip


def _public(series: Series, day: date, vintage: date) -> datetime:
    """Return when a vintage was public: at the rule's hour on the rule's day, else at the end of its day."""
    regular = _regular(series.publication, day)
    return regular if regular.date() == vintage else datetime.combine(vintage, time(23, 59), NEW_YORK)


@lru_cache(maxsize=20_000)
def _regular(rule: str, day: date) -> datetime:
    found: MomentArray = publication.first_public_array(rule, np.array([to_day64(day)]))
    return to_utc(found[0]).astimezone(NEW_YORK)


def _shift(series: Series, client: Client) -> int:
    """Return by how many places FRED's numbers are moved to be in the catalogue's unit.

    Raises: MalformedError where FRED's unit is another one.
    """
    name, now = f"fred:{series.id}", client.transport.clock()
    known = client.transport.memory.get(name, {})
    if known.keys() != {"units", "checked"} or datetime.fromisoformat(known["checked"]) + _UNITS_HOLD < now:
        info: Mapping[str, Any] = client.get_series_info(_code(series)).to_dict()
        if info.get("id") != _code(series) or not info.get("units"):
            raise fault(client.replies[-1], f"series {info.get('id')!r}", f"{_code(series)} with its units")
        known = {"units": str(info["units"]), "checked": now.isoformat()}
        client.transport.memory[name] = known
    return shift_of(str(known["units"]), series)


def shift_of(units: str, series: Series) -> int:
    """Return the power of ten between FRED's unit and the catalogue's.

    Raises: MalformedError where no power of ten leads from one to the other.
    """
    words = units.lower()
    theirs = next((power for word, power in _SCALE.items() if re.search(rf"\b{word}s?\b", words)), 0)
    ours = _OURS.get(series.unit, 0)
    percent = words.startswith("percent")
    if percent != (series.unit == "percent") or bool(theirs) != bool(ours):
        raise MalformedError(
            f"{series.source}: FRED's unit is {units!r}, expected one that becomes {series.unit}",
            hint="Nothing of the series is stored. Compare its page on FRED with the catalogue.",
        )
    return theirs - ours


def _pieces(days: list[date], most: int) -> Iterator[tuple[date, date]]:
    for start in range(0, max(1, len(days) - 1), most - 1):
        piece = days[start : start + most]
        if piece:
            yield piece[0], piece[-1]


def _sieve(client: Client, want: Want) -> Sieve:
    rows = [r for r in client.replies if "/series/observations" in r.url] or client.replies
    others = [r for r in client.replies if r not in rows]
    return Sieve(ID, rows, want.levels, others)


def _failed(series_id: str, error: FetchError, client: Client) -> Answer:
    return Answer(failed={series_id: error}, **counts(client.replies))


def _key(transport: Transport) -> str:
    key = transport.key(ID)
    if key is None:
        raise MissingKeyError("fred: no key, expected FRED_API_KEY", hint=f"Set {NEEDS}.")
    return key


def _code(series: Series) -> str:
    return series.source.partition(":")[2]


SOURCE = FredSource()
