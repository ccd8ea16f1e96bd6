"""A note when a series is gone or late: it builds, its words stay true, and it says what is not held."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from reportgen import catalog
from reportgen.embedded import FOLDER
from reportgen.figures.figure import Figure
from reportgen.model import NEW_YORK
from reportgen.pipeline.analysis import Analysis, Desk, add_gauge_history, analyse
from reportgen.pipeline.comparison import argued
from reportgen.pipeline.composing import compose
from reportgen.pipeline.exhibits import draw_all
from reportgen.render import fonts
from reportgen.text import parse_as_of
from tests.pipeline.test_notes import DESIGN, NOW, check, page, prose, words

WEEKS = ("2019-09-18", "2020-03-20", "2025-04-10")
YIELDS = tuple(s.id for s in catalog.all_series().values() if s.id.startswith("ust_"))


def without(folder: Path, series: Collection[str], after: dt.date | None = None) -> Desk:
    """Return a desk whose store lacks some series, or what they held after a day."""
    for source in FOLDER.rglob("*.parquet"):
        target = folder / source.relative_to(FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        table = pq.read_table(source)
        lost = pc.is_in(table["series"], value_set=pa.array(sorted(series), pa.string()))
        if not pc.any(lost).as_py():
            target.symlink_to(source)
            continue
        if after is not None:
            lost = pc.and_(lost, pc.greater(table["date"], pa.scalar(after)))
        pq.write_table(table.filter(pc.invert(lost)), target)
    return Desk(data=folder)


def begun(folder: Path, first: dt.date) -> Desk:
    """Return a desk whose store begins on a day."""
    for source in FOLDER.rglob("*.parquet"):
        target = folder / source.relative_to(FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        table = pq.read_table(source)
        pq.write_table(table.filter(pc.greater_equal(table["date"], pa.scalar(first))), target)
    return Desk(data=folder)


def analysed(desk: Desk, as_of: str) -> Analysis:
    return argued(analyse(desk, parse_as_of(as_of), NOW, allow_stale=True))


def days_before(as_of: str, days: int) -> dt.date:
    return dt.date.fromisoformat(as_of) - dt.timedelta(days=days)


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    """Exhibits drawn once, with everything there."""
    analysis = analysed(Desk(), "2025-04-10")
    add_gauge_history(analysis)
    return draw_all(analysis, DESIGN)


@pytest.fixture(autouse=True)
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Subsetting fonts says nothing about words."""
    monkeypatch.setattr(fonts, "embedded_rules", lambda *_, **__: "")


def test_no_rank_goes_back_before_the_data(tmp_path, figures):
    """A store that was filled from 2019 knows nothing of 2015: it must not say that it does."""
    analysis = analysed(begun(tmp_path, dt.date(2019, 1, 1)), "2025-04-10")
    check(analysis, figures)
    said = words(prose(page(analysis, figures)))
    assert "of earlier spans of as many sessions since 2019" in said
    assert "of its values since 2019" in said
    assert "since 2015" not in said
    assert "begin in 2015" not in said


def test_yields_that_ended_before_the_week_are_no_yields_of_the_week(tmp_path, figures):
    """Last week's fall of yields must not be told as this week's, in which they rose 39 bp."""
    analysis = analysed(without(tmp_path, YIELDS, dt.date(2025, 4, 4)), "2025-04-10")
    check(analysis, figures)
    facts, gaps, findings = analysis.facts.facts, analysis.facts.missing, analysis.findings
    assert facts["ust.10y.level"].observed == dt.date(2025, 4, 4)
    assert (
        facts["ust.10y.level"].stale
        == "not in this data set after 4\N{NO-BREAK SPACE}April\N{NO-BREAK SPACE}2025"
    )
    for gone in ("ust.10y.change_week", "ust.10y.change_week_size", "ust.10y.peak_week", "curve.regime"):
        assert gone not in facts
        assert gone in gaps
    assert findings["perspective.which_factor"].verdict == "unknown"
    assert findings["clue.forced_selling"].verdict == findings["clue.dollar_flight"].verdict == "not_testable"
    drivers = [found for found in findings.values() if found.id.startswith("driver.")]
    assert {(one.verdict, one.confidence) for one in drivers} == {("pending", "low")}
    assert {one.due for one in drivers} == {dt.datetime(2025, 4, 11, 18, tzinfo=NEW_YORK)}  # the next closes
    add_gauge_history(analysis)
    drawn = draw_all(analysis, DESIGN)  # some have nothing to show
    check(analysis, drawn)
    said = words(prose(page(analysis, drawn)))
    assert "Treasury closes missing, dollar drops" in said
    assert "The week's closes of the 2-year, 10-year and 30-year yield are not held" in said
    assert "0 sessions" not in said
    assert "no sell-off" not in said


def test_one_yield_that_is_late_leaves_the_others_their_week(tmp_path, figures):
    analysis = analysed(without(tmp_path, ["ust_2y"], dt.date(2025, 4, 4)), "2025-04-10")
    check(analysis, figures)
    said = words(prose(page(analysis, figures)))
    assert "Over 4 sessions the 10-year yield surged 39 bp and the 30-year yield surged 45 bp" in said
    assert (
        "The week's closes of the 2-year yield are not held: not in this data set after 4 April 2025." in said
    )
    assert "curve.regime" in analysis.facts.missing  # its 2-year leg is of another week


def test_a_yield_that_is_late_within_the_week_is_not_set_beside_the_others(tmp_path, figures):
    analysis = analysed(without(tmp_path, ["ust_2y"], dt.date(2025, 4, 8)), "2025-04-10")
    check(analysis, figures)
    said = words(prose(page(analysis, figures)))
    assert "Over 4 sessions the 10-year yield surged 39 bp and the 30-year yield surged 45 bp" in said
    assert "Of the 2-year yield the newest close is that of 8 April." in said
    assert analysis.facts.missing["curve.regime"].why.startswith("the newest close is of 8")


def test_reasons_for_gaps_hold_no_number_of_their_own(tmp_path, figures):
    """Counts of what is held are no facts: a page that prints them fails the audit."""
    few = ("fx_krw", "fx_twd", "fx_cny")
    analysis = analysed(without(tmp_path, few, dt.date(2025, 3, 20)), "2025-04-10")
    assert analysis.facts.missing["fx.asia.pressure"].why == "too few currencies can be scored"
    check(analysis, figures)


def test_gauges_of_the_market_that_are_old_say_nothing_of_the_week(tmp_path, figures):
    """With the MOVE index of 31 March, at 101, the week would read robust; it closed at 128."""
    old = ("move", "vix", "hy_oas", "ig_oas")
    analysis = analysed(without(tmp_path, old, dt.date(2025, 3, 31)), "2025-04-10")
    check(analysis, figures)
    missing = analysis.facts.missing
    assert {f"liquidity.{one}.state" for one in old} <= set(missing)
    risk = analysis.findings["perspective.crisis_risk"]
    assert risk.confidence == "low"
    assert "not held: MOVE; VIX; high-yield spread; investment-grade spread" in risk.reason.replace(
        ", ", "; "
    )


def test_a_gauge_that_is_partly_blind_says_so(tmp_path, figures):
    analysis = analysed(without(tmp_path, ["move", "vix"], dt.date(2025, 3, 31)), "2025-04-10")
    check(analysis, figures)
    said = words(prose(page(analysis, figures)))
    assert "Dollar liquidity is robust as far as it is seen; MOVE and VIX are missing." in said


def test_a_gauge_without_the_rate_of_the_week_says_so(tmp_path, figures):
    """The Desk's repo of 31 October 2025 alone says weakening; SOFR, which said strained, is not held."""
    rates = ("sofr", "sofr_p99", "sofr_p1")
    analysis = analysed(without(tmp_path, rates, dt.date(2025, 10, 20)), "2025-10-31")
    check(analysis, figures)
    said = words(prose(page(analysis, figures)))
    assert "Dollar liquidity is weakening as far as it is seen; SOFR is missing." in said


def test_what_lags_by_its_publisher_s_habit_keeps_its_own_week():
    facts = analysed(Desk(), "2025-04-10").facts.facts
    won = facts["fx.krw.change_week"]  # H.10 comes on Mondays
    assert (won.start, won.observed) == (dt.date(2025, 3, 28), dt.date(2025, 4, 4))
    assert won.stale is None


SOME = [
    ("ust_2y",),
    ("ust_30y",),
    ("dxy",),
    ("spx",),
    ("sofr",),
    ("vix",),
    ("h41_discount_window",),
    YIELDS[:1],
]


@pytest.mark.parametrize("series", SOME, ids="+".join)
@pytest.mark.parametrize("as_of", WEEKS)
def test_a_note_without_a_series(tmp_path, figures, series, as_of):
    check(analysed(without(tmp_path, series), as_of), figures)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
@pytest.mark.parametrize("as_of", WEEKS)
def test_a_note_without_any_one_series(tmp_path, figures, part, as_of):
    """Take away each series that the note reads, or its last days; without the 10-year there is no note."""
    whole = analysed(Desk(), as_of)
    read = [row.series.id for row in compose(whole, DESIGN, figures).series]
    for series in [one for one in read if one != "ust_10y"][part::8]:
        for days in (None, 14, 6, 3):
            after = None if days is None else days_before(as_of, days)
            check(analysed(without(tmp_path / f"{series}-{days}", [series], after), as_of), figures)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_a_note_without_some_series_at_some_moment(tmp_path, figures, seed):
    """Draw a moment, series, and from when on they are lost; of every fourth the exhibits are drawn, too."""
    chance = random.Random(seed)
    day = dt.date(2018, 6, 4) + dt.timedelta(days=chance.randrange(2930))
    as_of = day.isoformat() + chance.choice(["", "T07:00", "T12:00", "T17:00", "T18:30"])
    read = [row.series.id for row in compose(analysed(Desk(), as_of), DESIGN, figures).series]
    lost = chance.sample([one for one in read if one != "ust_10y"], chance.choice([1, 3, 8, 20]))
    days = chance.choice([None, 1, 2, 5, 9, 20])
    after = None if days is None else day - dt.timedelta(days=days)
    analysis = analysed(without(tmp_path, lost, after), as_of)
    if seed % 4 == 0:
        add_gauge_history(analysis)
    check(analysis, draw_all(analysis, DESIGN) if seed % 4 == 0 else figures)
