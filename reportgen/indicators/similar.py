"""The past weeks most like the present one, and what followed them.

A week is eight changes: 10-year yield, slope, dollar, stocks, VIX, MOVE, high-yield spread and SOFR over
the rate on reserves, each from the last close before the week's Monday to what was public on the
weekday of the market date. Each change is set against the weeks before it (mean and standard
deviation of an expanding window, so that no week is measured with what came later). The distance of
two weeks is the root mean square of the differences over the measures that both hold. Past weeks are
ranked only when the four weeks after them have passed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen import calendars
from reportgen.calendars.clock import utc
from reportgen.indicators.facets import missing
from reportgen.indicators.measures import Measures, Track
from reportgen.indicators.thresholds import Thresholds
from reportgen.model import Days, Fact, Floats, Missing, Observation, to_date, to_day64, to_moment64
from reportgen.text import format_date, format_value

SHOWN = 3  # nearest weeks that are told
MINIMUM_MEASURES = 6
MINIMUM_WEEKS = 52  # of history before a change is standardised
AFTER = np.timedelta64(28, "D")
MAX_GAP = np.timedelta64(5, "D")  # between the last close before a week and the observation taken for it

# Measure, how its change is taken, and how it is called where it does not match.
MEASURES = (
    ("ust.10y", "difference", "the 10-year yield"),
    ("curve.2s10s", "difference", "the slope"),
    ("dollar.dxy", "ratio", "the dollar"),
    ("equity.spx", "ratio", "stocks"),
    ("vol.vix", "difference", "the VIX"),
    ("vol.move", "difference", "MOVE"),
    ("credit.hy_oas", "difference", "credit spreads"),
    ("funding.sofr_iorb", "difference", "SOFR over the rate on reserves"),
)
OUTCOMES = (
    ("ust10y", "ust.10y", "10-year yield", "bp", 0),
    ("spx", "equity.spx", "S&P 500", "percent", 1),
)


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """The weeks up to the present one, which is the last.

    Shape: ends has one entry a week; begun, ended (positions in a measure's track, -1 if not held) and
    z (NaN if not held) have one row a measure.
    """

    ends: Days
    begun: NDArray[np.intp]
    ended: NDArray[np.intp]
    z: Floats


def similar_facts(measures: Measures, thresholds: Thresholds) -> Iterator[Fact | Missing]:
    """Return the nearest past weeks, their distance, what followed them, and the base rates.

    Units: distance in standard deviations (root mean square over the shared measures).
    """
    tracks = tuple(measures.history(m) for m, _, _ in MEASURES)
    weeks = _weeks(measures, tracks)
    distance, shared = _distances(weeks.z)
    passed = weeks.ends[:-1] + AFTER <= to_day64(measures.snapshot.market_date)
    # A week is compared in all that is known of this one: leaving out what is extreme now would flatter it.
    known = max(MINIMUM_MEASURES, int((~np.isnan(weeks.z[:, -1])).sum()))
    ranked = np.flatnonzero(passed & (shared >= known))
    if len(ranked) < MINIMUM_WEEKS:
        yield from _none(measures, tracks, weeks)
        return
    order = ranked[np.argsort(distance[ranked], kind="stable")][:SHOWN]
    present = _seen(tracks, weeks, len(weeks.ends) - 1)
    day = max(o.day for o in present)
    yield _fact(
        "similar.sample", "Past weeks ranked by likeness to this one", float(len(ranked)), "index", 0,
        present, f"weeks whose next four weeks have passed and of which the {known} of {len(MEASURES)} "
        "measures known of this week are held",
    )  # fmt: skip
    near = distance[order[0]] <= thresholds.value("similar.near", day)
    yield _fact(
        "similar.likeness", "Whether the nearest past week is near", "near" if near else "far", "text", 0,
        present, "distance of the nearest past week against the threshold similar.near",
    )  # fmt: skip
    for rank, at in enumerate(order, 1):
        yield from _one(f"similar.{rank}", tracks, weeks, int(at), float(distance[at]), int(shared[at]))
        yield from _followed(f"similar.{rank}", measures, to_date(weeks.ends[at]))
    yield from _base(measures, weeks.ends[ranked])


def _weeks(measures: Measures, tracks: tuple[Track, ...]) -> Weeks:
    """Take every measure's change of every week, to the weekday of the market date, as public then."""
    snapshot = measures.snapshot
    opens = calendars.open_days("sifma")
    first = min((t.days[0] for t in tracks if len(t)), default=to_day64(snapshot.week_start))
    today = to_day64(snapshot.market_date)
    monday = today - np.timedelta64(snapshot.market_date.weekday(), "D")
    first = min(first, monday)  # data that begin within the week leave it the only one
    mondays = monday - np.arange((monday - first).astype(int) // 7, -1, -1) * np.timedelta64(7, "D")
    ends = opens[np.searchsorted(opens, mondays + (today - monday), side="right") - 1]
    held = ends >= mondays  # a week may have no session up to that weekday
    ends, starts = ends[held], opens[np.searchsorted(opens, mondays[held]) - 1]
    moments = utc(ends, dt.time(23, 59))
    moments[-1] = to_moment64(snapshot.as_of)
    begun, ended, z = (np.empty((len(tracks), len(ends)), kind) for kind in (np.intp, np.intp, float))
    for row, (track, (_, change, _)) in enumerate(zip(tracks, MEASURES, strict=True)):
        begun[row], ended[row] = _positions(track, starts, ends, moments)
        z[row] = _standardised(_changes(track, change, begun[row], ended[row]))
    return Weeks(ends, begun, ended, z)


def _positions(
    track: Track, starts: Days, ends: Days, moments: NDArray[np.datetime64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each week's change begins and ends in a track, -1 where it has none."""
    if not len(track):
        none = np.full(len(ends), -1)
        return none, none
    known = np.searchsorted(np.maximum.accumulate(track.published), moments, side="right")
    ended = np.minimum(known, np.searchsorted(track.days, ends, side="right")) - 1
    begun = np.searchsorted(track.days, starts, side="right") - 1
    held = (begun >= 0) & (ended > begun)
    held &= starts - track.days[np.maximum(begun, 0)] <= MAX_GAP
    return np.where(held, begun, -1), np.where(held, ended, -1)


def _changes(track: Track, change: str, begun: NDArray[np.intp], ended: NDArray[np.intp]) -> Floats:
    found = np.full(len(begun), np.nan)
    held = begun >= 0
    old, new = track.values[begun[held]], track.values[ended[held]]
    found[held] = new / old - 1 if change == "ratio" else new - old
    return found


def _standardised(changes: Floats) -> Floats:
    """Set each change against those before it: (change - mean) / standard deviation."""
    held = ~np.isnan(changes)
    filled = np.where(held, changes, 0.0)
    count, total, squares = (
        np.append(0.0, np.cumsum(part)[:-1]) for part in (held.astype(float), filled, filled**2)
    )
    enough = held & (count >= MINIMUM_WEEKS)
    n = np.where(enough, count, np.nan)
    mean = total / n
    deviation = np.sqrt((squares - n * mean**2) / (n - 1))
    return np.where(
        enough & (deviation > 0), (changes - mean) / np.where(deviation > 0, deviation, 1), np.nan
    )


def _distances(z: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return each past week's distance from the last one, and how many measures both hold."""
    apart = (z[:, :-1] - z[:, -1:]) ** 2
    shared = (~np.isnan(apart)).sum(axis=0)
    return np.sqrt(np.nansum(apart, axis=0) / np.maximum(shared, 1)), shared


def _seen(tracks: tuple[Track, ...], weeks: Weeks, at: int) -> tuple[Observation, ...]:
    """Return the observations behind a week's changes, each once."""
    rows = [row for row in range(len(tracks)) if not np.isnan(weeks.z[row, at])]
    found = (
        seen
        for row in rows
        for position in (weeks.ended[row, at], weeks.begun[row, at])
        for seen in tracks[row].observations(int(position))
    )
    return tuple({(o.series.id, o.day): o for o in found}.values())


def _one(
    stem: str, tracks: tuple[Track, ...], weeks: Weeks, at: int, distance: float, shared: int
) -> Iterator[Fact]:
    """Tell one past week: its date, its distance, and the measure that matches least."""
    then, now = _seen(tracks, weeks, at), _seen(tracks, weeks, len(weeks.ends) - 1)
    end = to_date(weeks.ends[at])
    yield _fact(
        f"{stem}.week", f"Past week most like this one, number {stem[-1]}, to", end.isoformat(), "text", 0,
        now + then, "rank by distance",
    )  # fmt: skip
    yield _fact(
        f"{stem}.distance", f"Distance of the week to {format_date(end)} from this one", distance, "z", 1,
        now + then, f"root mean square difference of {shared} standardised changes",
    )  # fmt: skip
    row = int(np.nanargmax(np.abs(weeks.z[:, at] - weeks.z[:, -1])))
    measure, _, name = MEASURES[row]
    yield _fact(
        f"{stem}.mismatch", f"What matches least in the week to {format_date(end)}", name, "text", 0,
        now + then, f"largest difference of standardised changes: {measure}",
    )  # fmt: skip


def _followed(stem: str, measures: Measures, end: dt.date) -> Iterator[Fact | Missing]:
    """Measure what a past week's next four weeks brought."""
    for name, measure, label, unit, decimals in OUTCOMES:
        fact_id, track = f"{stem}.{name}.change_4w", measures.history(measure)
        values = _after(track, unit, np.array([to_day64(end)]))
        if not len(values):
            yield _lacking(fact_id, measures, track)
            continue
        start, stop = track.position(end), track.position(to_day64(end) + AFTER)
        yield _fact(
            fact_id, f"{label}, change in the four weeks after {format_date(end)}", float(values[0]), unit,
            decimals, track.observations(stop) + track.observations(start),
            "last close within 28 days against the week's last", start=to_date(track.days[start]),
        )  # fmt: skip


def _base(measures: Measures, ends: Days) -> Iterator[Fact | Missing]:
    """Measure what followed all ranked weeks: the median change, and how often it was a rise."""
    for name, measure, label, unit, decimals in OUTCOMES:
        track = measures.history(measure)
        ids = tuple(f"similar.base.{name}.{what}" for what in ("change_4w", "rise_4w"))
        values = _after(track, unit, ends)
        if not len(values):
            yield from (_lacking(fact_id, measures, track) for fact_id in ids)
            continue
        start, stop = track.position(ends[0]), track.position(ends[-1] + AFTER)
        inputs = track.observations(stop) + track.observations(start)
        first, method = (
            to_date(track.days[start]),
            f"over the four weeks after each of {len(values)} past weeks",
        )
        yield _fact(
            ids[0], f"{label}, median change over the four weeks after a past week",
            float(np.median(values)), unit, decimals, inputs, f"median {method}", start=first,
        )  # fmt: skip
        yield _fact(
            ids[1], f"{label}, share of past weeks after which it rose within four weeks",
            float((values > 0).mean() * 100), "percent", 0, inputs, f"share of rises {method}",
            start=first, signed=False,
        )  # fmt: skip


def _after(track: Track, unit: str, ends: Days) -> Floats:
    """Return a measure's change over the 28 days after each week's end, where it is held."""
    start = np.searchsorted(track.days, ends, side="right") - 1
    stop = np.searchsorted(track.days, ends + AFTER, side="right") - 1
    held = (start >= 0) & (stop > start)
    old, new = track.values[start[held]], track.values[stop[held]]
    return np.round((new / old - 1) * 100 if unit == "percent" else (new - old) * 100, 12)


def _none(measures: Measures, tracks: tuple[Track, ...], weeks: Weeks) -> Iterator[Missing]:
    """Say why no past week can be ranked."""
    held = ~np.isnan(weeks.z[:, -1])
    unheld = [track for track, known in zip(tracks, held, strict=True) if not known]
    lacking = min(unheld, key=len, default=tracks[0])
    state = measures.freshness(lacking.series[0].id)
    if held.sum() >= MINIMUM_MEASURES:
        why = f"fewer than {MINIMUM_WEEKS} past weeks hold all measures that are known of this one"
    elif not len(lacking) and state.why:
        why = state.why
    else:
        why = "too few measures are known for this week"
    followed = tuple(f"{name}.change_4w" for name, *_ in OUTCOMES)
    ids = ["similar.sample", "similar.likeness"]
    ids += [
        f"similar.{k}.{w}" for k in range(1, SHOWN + 1) for w in ("week", "distance", "mismatch", *followed)
    ]
    ids += [f"similar.base.{name}.{what}" for name, *_ in OUTCOMES for what in ("change_4w", "rise_4w")]
    for fact_id in ids:
        yield missing(fact_id, lacking.series[0], why)


def _lacking(fact_id: str, measures: Measures, track: Track) -> Missing:
    state = measures.freshness(track.series[0].id)
    return missing(fact_id, state.series, state.why or "no close of the following weeks is held")


def _fact(
    fact_id: str,
    label: str,
    value: float | str,
    unit: str,
    decimals: int,
    inputs: tuple[Observation, ...],
    method: str,
    *,
    start: dt.date | None = None,
    signed: bool | None = None,
) -> Fact:
    signed = start is not None if signed is None else signed
    text = format_value(value, unit, decimals, signed=signed)
    if fact_id.endswith(".week"):
        text = format_date(dt.date.fromisoformat(str(value)))
    return Fact(
        id=fact_id, label=label, value=value, unit=unit, text=text, observed=max(i.day for i in inputs),
        published=max(i.published for i in inputs), inputs=inputs, method=method, start=start,
        decimals=decimals, signed=signed,
    )  # fmt: skip
