"""The facts that are taken from a measure: its level, its changes, and how unusual they are.

Every function returns a Fact, or a Missing that names the input and the reason; nothing is filled.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reportgen import calendars
from reportgen.indicators.freshness import Freshness, due_this_week
from reportgen.indicators.measures import Measure, Measures, Track
from reportgen.model import Fact, Floats, Missing, Observation, Series, to_date, to_utc
from reportgen.text import format_date, format_value

# Longest spacing of consecutive observations of a weekly or monthly series; more is a gap.
MAX_SPACING_DAYS = {"weekly": 9, "monthly": 35, "quarterly": 100}
Z_REPORTS, Z_MINIMUM = 156, 52  # three years of weekly reports, at least one (design, facts contract)
RANKED = {
    "daily": 250,
    "weekly": 104,
    "monthly": 36,
    "quarterly": 12,
}  # observations before a level is ranked
MONTH_BD = 20
_COUNTS = {4: "four weeks", 12: "twelve months", 13: "thirteen weeks"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a facet looks at: a measure, its track, and the freshness of its inputs."""

    measure: Measure
    track: Track
    measures: Measures
    worst: Freshness

    @property
    def weekly(self) -> bool:
        """Say whether the measure moves release on release."""
        return self.frequency != "daily"

    @property
    def frequency(self) -> str:
        """Return the frequency of the measure's slowest series."""
        return max(
            (s.frequency for s in self.track.series), key=("daily", "weekly", "monthly", "quarterly").index
        )


@dataclass(frozen=True, slots=True)
class Span:
    """Two positions of a track between which a change is measured."""

    start: int
    end: int
    latest: bool  # the window is not the note's week but the series' latest one


def subject(measure: Measure, measures: Measures) -> Subject:
    """Gather what the facets of one measure need."""
    track = measures.history(measure.id)
    states = [measures.freshness(s.id) for s in track.series]
    worst = max(states, key=lambda f: ("fresh", "late", "stale", "missing").index(f.state))
    return Subject(measure, track, measures, worst)


def taken(about: Subject, facet: str) -> Fact | Missing:
    """Return one fact of a measure, or why it is missing."""
    measure = about.measure
    fact_id = measure.id if facet == "value" else f"{measure.id}.{facet}"
    if not about.worst.usable:
        return missing(fact_id, about.worst.series, about.worst.why or "too old", about.worst.due)
    if not len(about.track):
        return missing(fact_id, about.track.series[0], "its inputs share no day")
    return _FACETS[facet](about, fact_id)


def missing(fact_id: str, series: Series, why: str, due: dt.datetime | None = None) -> Missing:
    """Name a missing fact with the input that it lacks."""
    return Missing(fact_id, f"{series.id} ({series.source})", why, due)


def change_span(track: Track, weekly: bool, market_date: dt.date, week_start: dt.date) -> Span | None:
    """Return the span of the week's change, None where the history does not reach back.

    Daily series: from week_start to the market date. Where the newest observation is not after
    week_start: its own week, from the last observation before that week's Monday. Weekly series:
    release on release.
    """
    end = len(track) - 1
    if weekly:
        return Span(end - 1, end, True) if end >= 1 else None
    newest = to_date(track.days[end])
    latest = newest <= week_start
    start = track.position(_sunday_before(newest) if latest else week_start)
    return Span(start, end, latest) if start >= 0 else None


def _sunday_before(day: dt.date) -> dt.date:
    """Return the Sunday before a day's week, so that the last observation before its Monday is found."""
    return day - dt.timedelta(days=day.weekday() + 1)


def _level(about: Subject, fact_id: str) -> Fact:
    measure, end = about.measure, len(about.track) - 1
    value = float(about.track.values[end])
    signed = measure.unit == "bp" and measure.id.startswith("funding")
    return _fact(
        about, fact_id, about.track.label, value, measure.unit, end, None, measure.decimals, signed=signed
    )


def _change_week(about: Subject, fact_id: str) -> Fact | Missing:
    snapshot = about.measures.snapshot
    span = change_span(about.track, about.weekly, snapshot.market_date, snapshot.week_start)
    if span is None:
        return missing(fact_id, about.track.series[0], "no earlier observation is held")
    if about.weekly and _gap(about, span):
        return _published_change(about, fact_id, span)
    if not about.weekly:
        if span.latest and (lacking := _behind(about)) is not None:
            return missing(fact_id, lacking.series, lacking.why or "", lacking.due)
        begin = _sunday_before(to_date(about.track.days[span.end])) if span.latest else snapshot.week_start
        before = to_date(about.track.days[span.start])
        if calendars.count(before, begin, "sifma") > min(s.expires for s in about.track.series):
            shown = format_date(calendars.on_or_before(begin, "sifma"))
            why = f"no row for {shown}; the one before is of {format_date(before)}"
            return missing(fact_id, about.track.series[0], why)
    words = "change, latest week" if span.latest and not about.weekly else "change on the week"
    if about.weekly:
        words = "change, latest week" if about.frequency == "weekly" else "change on the month"
    return _change(about, fact_id, span, words)


def _behind(about: Subject) -> Freshness | None:
    """Return the input that should have an observation of this week and has none, if there is one."""
    snapshot = about.measures.snapshot
    for series in about.track.series:
        found = about.measures.freshness(series.id)
        newest = found.newest
        if newest is not None and newest <= snapshot.week_start and due_this_week(snapshot, series):
            why = found.why or f"no row after {format_date(newest)}"
            return dataclasses.replace(found, why=why)
    return None


def _change_month(about: Subject, fact_id: str) -> Fact | Missing:
    if about.weekly:
        return _releases_back(about, fact_id, 1, "change on the month")
    snapshot, end = about.measures.snapshot, len(about.track) - 1
    newest = min(to_date(about.track.days[end]), snapshot.market_date)
    start = about.track.position(calendars.shift(newest, -MONTH_BD, "sifma"))
    if start < 0:
        return missing(fact_id, about.track.series[0], "no observation a month earlier is held")
    return _change(about, fact_id, Span(start, end, False), f"change over {MONTH_BD} business days")


def _change_4w(about: Subject, fact_id: str) -> Fact | Missing:
    return _releases_back(about, fact_id, 4, "change over four weeks")


def _change_13w(about: Subject, fact_id: str) -> Fact | Missing:
    return _releases_back(about, fact_id, 13, "change over thirteen weeks")


def _change_12m(about: Subject, fact_id: str) -> Fact | Missing:
    return _releases_back(about, fact_id, 12, "change over twelve months")


def _releases_back(about: Subject, fact_id: str, count: int, words: str) -> Fact | Missing:
    """Measure a change between two reports; a month that is missing in between does not matter."""
    end = len(about.track) - 1
    if about.frequency == "monthly":
        months = about.track.days.astype("datetime64[M]")
        start = int(np.searchsorted(months, months[end] - count))
        if months[start] != months[end] - count:
            before = "before" if count == 1 else f"of {_COUNTS[count]} before"
            return missing(fact_id, about.track.series[0], f"the report {before} is not held")
        return _change(about, fact_id, Span(start, end, False), words)
    start = end - count
    if start < 0 or _gap(about, Span(start, end, False)):
        return missing(fact_id, about.track.series[0], _not_held(count))
    return _change(about, fact_id, Span(start, end, False), words)


def _published_change(about: Subject, fact_id: str, span: Span) -> Fact | Missing:
    """Take the publisher's own change where the report before is not held."""
    measure, measures = about.measure, about.measures
    day = to_date(about.track.days[span.end])
    if measure.published_change:
        track = measures.weighted_sum(measure.id, measure.label, measure.unit, measure.published_change)
        end = track.position(day)
        if end >= 0 and to_date(track.days[end]) == day:
            fresh = Subject(measure, track, measures, about.worst)
            label = f"{about.track.label}, change, latest week, as published (the report before is not held)"
            value, method = float(track.values[end]), "change as the CFTC published it"
            return _fact(
                fresh,
                fact_id,
                label,
                value,
                measure.unit,
                end,
                None,
                measure.decimals,
                signed=True,
                method=method,
            )
    before = format_date(to_date(about.track.days[span.start]))
    return missing(
        fact_id, about.track.series[0], f"the report before is not held (the last one is of {before})"
    )


def _change(about: Subject, fact_id: str, span: Span, words: str) -> Fact:
    measure, track = about.measure, about.track
    value = _differences(measure.change, track.values[span.start], track.values[span.end])
    unit, decimals = change_unit(measure)
    label = f"{measure.change_label or about.track.label}, {words}"
    return _fact(
        about, fact_id, label, float(np.round(value, 12)), unit, span.end, span.start, decimals, signed=True
    )


def _change_week_pct(about: Subject, fact_id: str) -> Fact | Missing:
    return _share_of_stock(about, fact_id, 1, "latest week")


def _change_4w_pct(about: Subject, fact_id: str) -> Fact | Missing:
    return _share_of_stock(about, fact_id, 4, "four weeks")


def _share_of_stock(about: Subject, fact_id: str, count: int, words: str) -> Fact | Missing:
    span = Span(len(about.track) - 1 - count, len(about.track) - 1, True)
    if span.start < 0 or _gap(about, span) or about.track.values[span.start] == 0:
        return missing(fact_id, about.track.series[0], _not_held(count))
    value = float(about.track.values[span.end] / about.track.values[span.start] - 1) * 100
    label = f"{about.track.label}, change, {words}, share of the stock"
    return _fact(about, fact_id, label, value, "percent", span.end, span.start, 1, signed=True,
                 method="new/old - 1, percent")  # fmt: skip


def _change_week_z(about: Subject, fact_id: str) -> Fact | Missing:
    return _z(about, fact_id, 1, "latest week")


def _change_4w_z(about: Subject, fact_id: str) -> Fact | Missing:
    return _z(about, fact_id, 4, "four weeks")


def _z(about: Subject, fact_id: str, count: int, words: str) -> Fact | Missing:
    """Set a change over some reports against those that ended among the 156 reports before it."""
    track = about.track
    end = len(track) - 1
    start = end - count
    if start < 0 or _gap(about, Span(start, end, True)):
        return missing(fact_id, track.series[0], _not_held(count))
    changes = track.values[count:] - track.values[:-count]  # changes[k] ends at k + count
    spacing = np.diff(track.days).astype(int) <= MAX_SPACING_DAYS[about.frequency]
    whole = np.asarray(np.lib.stride_tricks.sliding_window_view(spacing, count).all(axis=1))
    past = slice(max(0, start - count + 1 - Z_REPORTS), max(0, start - count + 1))
    sample = changes[past][whole[past]]
    if len(sample) < Z_MINIMUM:
        return missing(fact_id, track.series[0], "too few earlier changes are held to judge this one by")
    value = float((changes[-1] - sample.mean()) / sample.std(ddof=1))
    label = f"{about.track.label}, change, {words}, standard deviations"
    method = (
        f"(change - mean)/standard deviation of the {len(sample)} computable changes "
        f"among the {Z_REPORTS} reports before"
    )
    return _fact(about, fact_id, label, value, "z", end, start, 1, signed=True, method=method)


def _not_held(count: int) -> str:
    return (
        "the report before is not held"
        if count == 1
        else f"the reports of the {_COUNTS[count]} before are not held without a gap"
    )


def _change_week_size(about: Subject, fact_id: str) -> Fact | Missing:
    """Rank the size of the week's change among all earlier changes over as many observations."""
    snapshot, track = about.measures.snapshot, about.track
    span = change_span(track, about.weekly, snapshot.market_date, snapshot.week_start)
    steps = 0 if span is None else span.end - span.start
    if span is None or steps == 0 or span.start - steps < 100:
        return missing(fact_id, track.series[0], "too little history to rank the change")
    if span.latest and not about.weekly and (lacking := _behind(about)) is not None:
        return missing(fact_id, lacking.series, lacking.why or "", lacking.due)
    now = abs(float(_differences(about.measure.change, track.values[span.start], track.values[span.end])))
    past = np.abs(
        _differences(
            about.measure.change, track.values[: span.start + 1 - steps], track.values[steps : span.start + 1]
        )
    )
    value = float((past < now - 1e-9).mean() * 100)
    label = f"{about.track.label}, share of earlier changes that were smaller"
    method = (
        f"share of the {len(past)} earlier changes over {steps} observations with a smaller absolute value"
    )
    return _ranked(about, fact_id, label, value, span.end, span.start, method)


def _ranked(
    about: Subject, fact_id: str, label: str, value: float, end: int, start: int, method: str
) -> Fact:
    """Make the fact of a rank in percent, never rounded up to a claim that every earlier one was smaller."""
    decimals = 1 if 99 <= value < 100 else 0
    fact = _fact(about, fact_id, label, value, "percent", end, start, decimals, method=method)
    floored = float(np.floor(value * 10) / 10) if decimals else value
    return dataclasses.replace(fact, text=format_value(floored, "percent", decimals))


def _level_rank(about: Subject, fact_id: str) -> Fact | Missing:
    """Rank the level among all earlier ones."""
    track, end = about.track, len(about.track) - 1
    if end < RANKED[about.frequency]:
        return missing(fact_id, track.series[0], "too little history to rank the level")
    value = float((track.values[:end] < track.values[end] - 1e-9).mean() * 100)
    label = f"{about.track.label}, share of earlier levels that were lower"
    method = f"share of the {end} earlier values that are lower"
    return _ranked(about, fact_id, label, value, end, 0, method)


def _peak_week(about: Subject, fact_id: str) -> Fact | Missing:
    """Measure the highest close of the week against the close from which the week starts."""
    return _extreme_week(about, fact_id, "highest", np.argmax)


def _trough_week(about: Subject, fact_id: str) -> Fact | Missing:
    """Measure the lowest close of the week against the close from which the week starts."""
    return _extreme_week(about, fact_id, "lowest", np.argmin)


def _extreme_week(
    about: Subject, fact_id: str, which: str, chosen: Callable[[Floats], np.intp]
) -> Fact | Missing:
    snapshot, track = about.measures.snapshot, about.track
    span = change_span(track, about.weekly, snapshot.market_date, snapshot.week_start)
    if span is None or span.latest or span.end == span.start:
        return missing(fact_id, track.series[0], "no close of this week is held")
    at = span.start + 1 + int(chosen(track.values[span.start + 1 : span.end + 1]))
    words = f"{which} close of the week {'less' if about.measure.change != 'percent' else 'against'}"
    return _change(about, fact_id, Span(span.start, at, False), f"{words} the last one before")


def _last_higher(about: Subject, fact_id: str) -> Fact | Missing:
    """Find the last earlier day, of this week or before, at or above the measure's present level."""
    track, end = about.track, len(about.track) - 1
    higher = np.flatnonzero(track.values[:end] >= track.values[end] - 1e-9)
    if not len(higher):
        first = format_date(to_date(track.days[0]))
        return missing(
            fact_id, track.series[0], f"no earlier value was as high since the data begin on {first}"
        )
    at = int(higher[-1])
    day = to_date(track.days[at])
    label = f"{about.track.label}, last time as high"
    method = "last earlier day at or above the level"
    return _fact(about, fact_id, label, day.isoformat(), "text", end, at, 0, method=method)


def change_unit(measure: Measure) -> tuple[str, int]:
    """Return the unit and the decimals of a measure's change."""
    if measure.change in ("percent", "inverse_percent"):
        return "percent", 1
    if measure.change == "bp":
        return "bp", 0
    if measure.change == "points":
        return "points", 1
    return measure.unit, measure.decimals


def _differences(change: str, old: Floats | float, new: Floats | float) -> Floats:
    if change == "percent":
        return np.asarray((np.asarray(new) / old - 1) * 100)
    if change == "inverse_percent":
        return np.asarray((np.asarray(old) / new - 1) * 100)
    return np.asarray((np.asarray(new) - old) * (100.0 if change == "bp" else 1.0))


_METHODS = {
    "bp": "difference of closes, ×100",
    "difference": "difference",
    "points": "difference",
    "percent": "new/old - 1, percent",
    "inverse_percent": "old/new - 1, percent (positive: the currency weakened)",
}


def _gap(about: Subject, span: Span) -> bool:
    spacing = np.diff(about.track.days[span.start : span.end + 1]).astype(int)
    return bool((spacing > MAX_SPACING_DAYS[about.frequency]).any())


def _fact(
    about: Subject,
    fact_id: str,
    label: str,
    value: float | str,
    unit: str,
    end: int,
    start: int | None,
    decimals: int,
    *,
    signed: bool = False,
    method: str | None = None,
) -> Fact:
    track = about.track
    inputs: tuple[Observation, ...] = track.observations(end)
    if start is not None:
        inputs += track.observations(start)
    if method is None:
        method = "as published" if start is None else _METHODS[about.measure.change]
        if track.formula:
            method = track.formula if start is None else f"{track.formula}; {method}"
        elif len(track.parents) > 1:
            terms = " ".join(
                f"{'+' if w >= 0 else '-'} {abs(w):g} {p.series.id}"
                for w, p in zip(track.weights, track.parents, strict=True)
            )
            method = (
                f"{terms.removeprefix('+ ')}; {method}" if start is not None else terms.removeprefix("+ ")
            )
    if unit == "usd_bn" and decimals == 1 and abs(float(value)) >= 1000:
        decimals = 0
    text = (
        format_date(dt.date.fromisoformat(value))
        if isinstance(value, str)
        else format_value(value, unit, decimals, signed=signed)
    )
    return Fact(
        id=fact_id, label=label, value=value, unit=unit, text=text, observed=to_date(track.days[end]),
        published=to_utc(max(track.published[end], track.published[end if start is None else start])),
        inputs=inputs, method=method, revised=any(s.revised for s in track.series),
        stale=about.worst.why if about.worst.state != "fresh" else None,
        start=None if start is None else to_date(track.days[start]), decimals=decimals, signed=signed,
    )  # fmt: skip


_FACETS: dict[str, Callable[[Subject, str], Fact | Missing]] = {
    "level": _level,
    "value": _level,
    "change_week": _change_week,
    "change_month": _change_month,
    "change_4w": _change_4w,
    "change_13w": _change_13w,
    "change_12m": _change_12m,
    "change_week_pct": _change_week_pct,
    "change_week_z": _change_week_z,
    "change_4w_pct": _change_4w_pct,
    "change_4w_z": _change_4w_z,
    "change_week_size": _change_week_size,
    "last_higher": _last_higher,
    "level_rank": _level_rank,
    "peak_week": _peak_week,
    "trough_week": _trough_week,
}
