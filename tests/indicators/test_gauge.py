"""The liquidity gauge: its rule on made-up markets, its record on the real ones, and no look-ahead."""

from __future__ import annotations

import datetime as dt
from itertools import groupby

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen import calendars
from reportgen.embedded import FOLDER
from reportgen.indicators.facts import gauge_now
from reportgen.indicators.gauge import COMPONENTS, FIRST_DAY, STATES, gauge_days, gauge_history
from reportgen.indicators.measures import Measures
from reportgen.model import to_moment64
from reportgen.store import RESTRICTED, Store, table, write
from reportgen.text import parse_as_of

needs_restricted = pytest.mark.skipif(
    not (FOLDER / RESTRICTED).is_dir(), reason="the restricted series are not in this copy"
)
ORDER = [c.id for c in COMPONENTS]
CALM = {
    "sofr": 4.30, "effr": 4.33, "iorb": 4.40, "sofr_p99": 4.38, "desk_repo": 0.0, "on_rrp": 100.0,
    "h41_discount_window": 3_000.0, "h41_swap_lines": 100.0, "h41_reverse_repo": 450_000.0,
    "move": 90.0, "vix": 18.0, "hy_oas": 3.0, "ig_oas": 0.9,
}  # fmt: skip
# What puts a component at watch and at stress, by series.
WATCH = {
    "effr_iorb": {"effr": 4.45}, "discount_window": {"h41_discount_window": 15_000.0},
    "swap_lines": {"h41_swap_lines": 5_000.0}, "move": {"move": 125.0}, "vix": {"vix": 30.0},
    "hy_oas": {"hy_oas": 5.0}, "ig_oas": {"ig_oas": 1.8},
}  # fmt: skip
STRESS = {
    "effr_iorb": {"effr": 4.50}, "discount_window": {"h41_discount_window": 40_000.0},
    "swap_lines": {"h41_swap_lines": 50_000.0}, "move": {"move": 150.0}, "vix": {"vix": 40.0},
    "hy_oas": {"hy_oas": 7.0}, "ig_oas": {"ig_oas": 2.0},
}  # fmt: skip
MARKET = {"move", "vix", "hy_oas", "ig_oas"}


def week_days(end: str, days: int, weekday: int | None = None) -> list[str]:
    last = dt.date.fromisoformat(end)
    first = last - dt.timedelta(days=days)
    opens = calendars.between(first, last, "fed").tolist()
    return [d.isoformat() for d in opens if weekday is None or d.weekday() == weekday]


@pytest.fixture
def made_up(store_of, thresholds):
    """Give the gauge at 23:59 of a day from calm markets, save for the series and days named."""

    def gauge(day, changes=None, without=()):
        content = {}
        for series, calm in CALM.items():
            if series in without:
                continue
            days = week_days(day, 60, 2 if series.startswith("h41") else None)
            changed = (changes or {}).get(series, {})
            changed = dict.fromkeys(days, changed) if isinstance(changed, float) else changed
            content[series] = {d: changed.get(d, calm) for d in days}
        return gauge_now(Measures(store_of(content).snapshot(parse_as_of(day))), thresholds)

    return gauge


def points(history):
    return dict(zip(ORDER, history.points[:, -1].tolist(), strict=True))


def test_calm_markets_are_robust(made_up):
    calm = made_up("2025-03-14")
    assert calm.state(0) == "robust"
    assert set(points(calm).values()) == {0}
    assert 0 < calm.scores[0] < 25


@pytest.mark.parametrize(
    ("watching", "stressed", "state"),
    [
        (("vix",), (), "robust"),
        (("vix", "move"), (), "weakening"),
        (("vix", "swap_lines"), (), "weakening"),
        ((), ("vix",), "weakening"),
        ((), ("effr_iorb",), "weakening"),
        ((), ("vix", "move", "hy_oas", "ig_oas"), "weakening"),
        ((), ("effr_iorb", "swap_lines"), "strained"),
        ((), ("effr_iorb", "swap_lines", "discount_window"), "strained"),
        ((), ("effr_iorb", "vix"), "strained"),
        ((), ("effr_iorb", "vix", "move"), "crisis"),
        ((), ("effr_iorb", "swap_lines", "vix"), "crisis"),
    ],
)
def test_states_by_rule(made_up, watching, stressed, state):
    changes = {s: v for c in watching for s, v in WATCH[c].items()}
    changes |= {s: v for c in stressed for s, v in STRESS[c].items()}
    found = made_up("2025-03-14", changes)
    assert found.state(0) == state
    at = STATES.index(state)
    assert 25 * at <= found.scores[0] <= 25 * (at + 1)
    assert {c for c, p in points(found).items() if p == 2} == set(stressed)
    assert {c for c, p in points(found).items() if p == 1} == set(watching)


@pytest.mark.parametrize("component", sorted(STRESS))
def test_a_threshold_counts_when_it_is_reached_and_not_before(made_up, component):
    for levels, expected in ((WATCH, 1), (STRESS, 2)):
        (series, level), *_ = levels[component].items()
        assert points(made_up("2025-03-14", {series: level}))[component] == expected
        below = made_up("2025-03-14", {series: level * (1 - 1e-4)})
        assert points(below)[component] == expected - 1


def test_secured_rates_must_persist(made_up):
    # 12 bp over the rate on reserves: two days of the window do not count, three do.
    days = ["2025-03-10", "2025-03-11", "2025-03-12"]
    two = made_up("2025-03-13", {"sofr": dict.fromkeys(days[1:], 4.52)})
    three = made_up("2025-03-13", {"sofr": dict.fromkeys(days, 4.52)})
    assert points(two)["sofr_iorb"] == 0
    assert points(three)["sofr_iorb"] == 2
    # The first of the three counts for six business days; then the window has moved on.
    assert points(made_up("2025-03-18", {"sofr": dict.fromkeys(days, 4.52)}))["sofr_iorb"] == 2
    assert points(made_up("2025-03-19", {"sofr": dict.fromkeys(days, 4.52)}))["sofr_iorb"] == 0


def test_an_old_reading_counts_for_five_days(made_up):
    # Nothing after Friday 14 March.
    lost = {d: float("nan") for d in ("2025-03-17", "2025-03-18", "2025-03-19", "2025-03-20")}
    assert points(made_up("2025-03-19", {"vix": lost}))["vix"] == 0
    assert points(made_up("2025-03-20", {"vix": lost}))["vix"] == -1


def test_the_turn_of_a_month_does_not_count_below_the_extreme(made_up):
    # 28 February and 3 March 2025 are the last and the first business day of their months.
    turn = {"2025-02-27": 4.52, "2025-02-28": 4.52, "2025-03-03": 4.52}
    assert points(made_up("2025-03-04", {"sofr": turn}))["sofr_iorb"] == 0
    inside = {"2025-03-04": 4.52, "2025-03-05": 4.52, "2025-03-06": 4.52}
    assert points(made_up("2025-03-07", {"sofr": inside}))["sofr_iorb"] == 2
    extreme = {"2025-03-03": 5.30}
    assert points(made_up("2025-03-04", {"sofr": extreme}))["sofr_iorb"] == 2


def test_the_desk_s_repo_has_other_thresholds_since_the_standing_facility(made_up):
    six_bn = {"2021-07-26": 6.0, "2021-07-27": 6.0, "2021-07-28": 6.0}
    assert points(made_up("2021-07-28", {"desk_repo": six_bn}))["desk_repo"] == 1
    assert points(made_up("2021-07-29", {"desk_repo": six_bn}))["desk_repo"] == 2
    later = {"2021-08-10": 6.0, "2021-08-11": 6.0, "2021-08-12": 6.0}
    assert points(made_up("2021-08-12", {"desk_repo": later}))["desk_repo"] == 2


def test_what_is_not_held_neither_calms_nor_alarms(made_up):
    lacking = made_up("2025-03-14", {"effr": 4.50, "h41_swap_lines": 50_000.0}, without=("vix", "hy_oas"))
    assert points(lacking)["vix"] == -1
    assert np.isnan(lacking.readings[ORDER.index("vix"), 0])
    assert lacking.state(0) == "strained"
    assert np.isfinite(lacking.scores[0])


@given(st.sets(st.sampled_from(sorted(STRESS))), st.sampled_from(sorted(STRESS)))
def test_more_stress_never_calms(stressed, one_more):
    def state(which):
        funding, market = len(which - MARKET), len(which & MARKET)
        if funding and market and funding + market >= 3:
            return 3
        if funding >= 2 or (funding and market):
            return 2
        return 1 if which else 0

    # The design's rule, written out: the made-up markets above tie the code to it.
    assert state(stressed | {one_more}) >= state(stressed)


@pytest.fixture(scope="module")
def record(embedded, thresholds):
    """Give the whole history of the gauge."""
    snapshot = embedded.snapshot(parse_as_of("2026-06-18"))
    return gauge_history(Measures(snapshot), thresholds, gauge_days(FIRST_DAY, dt.date(2026, 6, 18)))


@pytest.fixture(scope="module")
def states(record):
    return {str(day): record.state(at) for at, day in enumerate(record.days)}


def between(states, first, last):
    return [s for day, s in states.items() if first <= day <= last]


@needs_restricted
def test_the_record_of_the_episodes(states):
    assert states["2019-09-18"] in ("strained", "crisis")
    assert states["2020-03-16"] == "crisis"
    assert states["2023-03-17"] in ("strained", "crisis")
    april = between(states, "2025-04-07", "2025-04-30")
    assert set(april) <= {"robust", "weakening"}
    assert set(between(states, "2025-04-07", "2025-04-11")) == {"weakening"}
    assert "strained" in between(states, "2025-10-15", "2025-11-07")
    june = between(states, "2021-06-01", "2021-06-30")
    assert june.count("robust") > 0.8 * len(june)


@needs_restricted
def test_few_false_alarms(states):
    """Spells at strained or worse outside the known episodes: fewer than two a year."""
    known = (
        ("2019-09-16", "2019-12-31"),
        ("2020-02-24", "2020-07-31"),
        ("2023-03-09", "2023-05-31"),
        ("2025-10-15", "2026-01-31"),
    )
    spells = []
    for alarmed, group in groupby(states.items(), key=lambda item: item[1] in ("strained", "crisis")):
        days = [day for day, _ in group]
        if alarmed and not any(first <= days[0] <= last for first, last in known):
            spells.append(days[0])
    by_year = {year: sum(day.startswith(str(year)) for day in spells) for year in range(2018, 2027)}
    assert max(by_year.values()) < 2, spells


def test_gauge_days_begin_with_sofr_s_history():
    days = gauge_days(dt.date(2018, 5, 1), dt.date(2018, 6, 5))
    assert [str(d) for d in days] == ["2018-06-01", "2018-06-04", "2018-06-05"]
    assert len(gauge_days(dt.date(2025, 4, 18), dt.date(2025, 4, 18))) == 0  # Good Friday


@pytest.mark.parametrize(
    "day",
    ["2018-06-01", "2018-12-31", "2019-09-16", "2019-09-18", "2020-03-16", "2020-12-24", "2021-07-29",
     "2022-01-03", "2023-03-16", "2024-12-31", "2025-04-09", "2025-11-03", "2026-06-18"],
)  # fmt: skip
def test_a_row_of_the_history_is_what_the_day_itself_would_show(embedded, thresholds, record, day):
    own = gauge_now(Measures(embedded.snapshot(parse_as_of(day))), thresholds)
    at = int(np.flatnonzero(record.days == np.datetime64(day))[0])
    assert own.scores[0] == record.scores[at]
    assert own.state(0) == record.state(at)
    assert own.points[:, 0].tolist() == record.points[:, at].tolist()
    np.testing.assert_array_equal(own.readings[:, 0], record.readings[:, at])


def test_facts_tell_the_gauge(facts_at, record):
    facts = facts_at("2025-04-10")
    at = int(np.flatnonzero(record.days == np.datetime64("2025-04-10"))[0])
    assert facts.number("liquidity.score") == pytest.approx(record.scores[at])
    assert facts.facts["liquidity.state"].value == record.state(at)
    assert not any(f.revised for i, f in facts.facts.items() if i.startswith("liquidity"))


def test_a_later_correction_does_not_rewrite_the_record(tmp_path, thresholds):
    """A value that is replaced later counts, in the history, as long as it was the public one."""
    store = _store_with_correction(tmp_path)
    days = gauge_days(dt.date(2025, 3, 3), dt.date(2025, 3, 14))
    history = gauge_history(Measures(store.snapshot(parse_as_of("2025-03-14"))), thresholds, days)
    for at, day in enumerate(days):
        own = gauge_now(Measures(store.snapshot(parse_as_of(str(day)))), thresholds)
        assert own.points[:, 0].tolist() == history.points[:, at].tolist(), day
        assert own.scores[0] == history.scores[at], day
    effr = ORDER.index("effr_iorb")
    seen = dict(zip(days.astype(str), history.points[effr].tolist(), strict=True))
    # Published on 6 March at 10 bp over the rate on reserves, corrected in the evening of the 11th.
    assert (seen["2025-03-05"], seen["2025-03-06"], seen["2025-03-12"]) == (0, 2, 0)


def _store_with_correction(folder):
    parts = []
    for series, calm in CALM.items():
        days = np.array(week_days("2025-03-14", 60, 2 if series.startswith("h41") else None), "datetime64[D]")
        values = np.full(len(days), calm)
        published = np.full(len(days), np.datetime64("NaT"), "datetime64[us]")
        if series == "effr":
            wrong = days >= np.datetime64("2025-03-05")
            values[wrong & (days <= np.datetime64("2025-03-10"))] = 4.50
            again = wrong & (days <= np.datetime64("2025-03-10"))
            moment = to_moment64(parse_as_of("2025-03-11T18:00"))
            days, values = np.append(days, days[again]), np.append(values, np.full(again.sum(), calm))
            published = np.append(published, np.full(again.sum(), moment))
        never = np.full(len(days), np.datetime64("NaT"), "datetime64[us]")
        parts.append(table(series, days, values, published, never))
    write(pa.concat_tables(parts), folder / "a.parquet")
    return Store(folder)
