"""A revised series held with every vintage recorded of it: each past day sees what it could see."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from reportgen import catalog
from reportgen.model import NEW_YORK
from reportgen.sources.fred import FredSource
from reportgen.store import Store
from tests.pipeline.desks import Desk, Few
from tests.pipeline.publishers import Publishers
from tests.sources import alfred
from tests.sources.replay import replaying

GDP = "gdp_nominal"
SINCE = dt.date(2018, 1, 1)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Make a desk whose catalogue has the series of which vintages are recorded."""
    entry = dataclasses.replace(
        catalog.series("gdp"), id=GDP, source="FRED:GDP", title="GDP, current dollars"
    )
    every = {**catalog.all_series(), GDP: entry}
    monkeypatch.setattr(catalog, "all_series", lambda: every)
    with replaying() as replay:
        yield Desk(tmp_path / "store", replay, Publishers(replay))


def fetch(desk, archive, until):
    archive.until = until
    desk.now = dt.datetime.combine(until, dt.time(23, 0), NEW_YORK).astimezone(dt.UTC)
    return desk.fetch(Few(FredSource(), (GDP,)), first=SINCE)


def known(day: dt.date) -> dict[dt.date, float]:
    """Return what ALFRED says was known at the end of a day."""
    at = day.isoformat()
    return {
        dt.date.fromisoformat(life.day): float(life.value)
        for life in alfred.lives()
        if life.start <= at <= life.end and life.day >= SINCE.isoformat() and life.value != "."
    }


def seen(desk, moment: dt.datetime) -> dict[dt.date, float]:
    history = Store(desk.folder).snapshot(moment.astimezone(dt.UTC)).history(GDP)
    return dict(zip(history.days.tolist(), history.values.tolist(), strict=True))


def evening(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(23, 59), NEW_YORK)


def vintages() -> list[dt.date]:
    return [dt.date.fromisoformat(day) for day in alfred.days() if day >= "2018-05-01"]


def test_a_store_filled_at_once_shows_of_every_past_day_what_was_known_then(desk):
    archive = alfred.Archive()
    archive.serve(desk.replay)
    report = fetch(desk, archive, dt.date(2024, 11, 3))
    assert report.complete
    assert report.sources[0].revised > 50
    assert not report.overlap
    for vintage in vintages():
        assert seen(desk, evening(vintage)) == known(vintage), vintage
        before = vintage - dt.timedelta(days=1)
        assert seen(desk, evening(before)) == known(before), before
    assert not Store(desk.folder).snapshot(desk.now).history(GDP).series.revised


def test_a_store_filled_vintage_by_vintage_holds_the_same(desk, tmp_path):
    archive = alfred.Archive()
    archive.serve(desk.replay)
    turns = [
        dt.date(2023, 6, 1),
        *(day for day in vintages() if day > dt.date(2023, 6, 1)),
        dt.date(2024, 11, 3),
    ]
    for day in turns:
        assert fetch(desk, archive, day).complete
    grown = Store(desk.folder).rows(GDP)
    desk.folder = tmp_path / "other"
    fetch(desk, archive, turns[-1])
    whole = Store(desk.folder).rows(GDP)
    assert grown is not None
    assert whole is not None
    for name in ("days", "values", "published"):
        assert getattr(grown, name).tolist() == getattr(whole, name).tolist(), name
