"""The gauge's record: the aims, with the thresholds as they are and scaled, and what the report claims."""

from __future__ import annotations

import datetime as dt
import re
from itertools import groupby

import numpy as np
import pytest

from reportgen.embedded import FOLDER
from reportgen.indicators.gauge import COMPONENTS, FIRST_DAY, STATES, GaugeHistory, gauge_days, gauge_history
from reportgen.indicators.gauge_report import (
    EPISODES,
    INDICES,
    SEEN_BEFORE,
    STRAINED,
    aims,
    gauge_report,
    scaled_thresholds,
)
from reportgen.indicators.measures import Measures
from reportgen.indicators.thresholds import PACKAGED, Thresholds
from reportgen.store import RESTRICTED
from reportgen.text import parse_as_of

needs_restricted = pytest.mark.skipif(
    not (FOLDER / RESTRICTED).is_dir(), reason="the restricted series are not in this copy"
)
LAST = dt.date(2026, 8, 20)
AIMS = ["2019-09", "2020-03", "2023-03", "2025-04", "2025-10", "2021-06", "false-alarms"]


@pytest.fixture(scope="module")
def measures(embedded):
    return Measures(embedded.snapshot(parse_as_of("2026-08-20")))


@pytest.fixture(scope="module")
def report(measures, thresholds):
    return gauge_report(measures, thresholds, FIRST_DAY, LAST)


@needs_restricted
@pytest.mark.parametrize("aim", AIMS)
def test_every_aim_is_met(report, aim):
    (found,) = (a for a in report.aims if a.id == aim)
    assert found.met, found.found


@needs_restricted
@pytest.mark.parametrize("factor", [0.9, 1.1])
@pytest.mark.parametrize("aim", AIMS)
def test_every_aim_is_met_with_all_thresholds_scaled(report, factor, aim):
    (found,) = (a for a in report.scaled[factor] if a.id == aim)
    assert found.met, found.found


def test_scaling_touches_every_level_of_the_gauge_and_nothing_else(thresholds):
    scaled = scaled_thresholds(thresholds, 1.1)
    assert scaled.ids == thresholds.ids
    for threshold_id in thresholds.ids:
        for old, new in zip(thresholds.dated(threshold_id), scaled.dated(threshold_id), strict=True):
            level = threshold_id.startswith("gauge.") and threshold_id != "gauge.window"
            assert new.value == (old.value * 1.1 if level else old.value)
            assert (new.valid_from, new.source) == (old.valid_from, old.source)


@needs_restricted
def test_the_days_of_the_episodes_follow_from_the_history(report, measures, thresholds):
    history = gauge_history(measures, thresholds, gauge_days(FIRST_DAY, LAST))
    states = {str(day): int(state) for day, state in zip(history.days, history.states, strict=True)}
    for account in report.accounts:
        first, last = account.episode.start.isoformat(), account.episode.end.isoformat()
        inside = [day for day in states if first <= day <= last]
        for level, name in enumerate(STATES[1:], 1):
            day = next((d for d in inside if states[d] >= level), None)
            found = account.states[name]
            if found.ongoing:
                assert states[inside[0]] >= level
                assert found.day.isoformat() < first
                assert all(s >= level for d, s in states.items() if found.day.isoformat() <= d <= first)
            else:
                assert day == (found.day and found.day.isoformat())


@needs_restricted
def test_the_record_of_the_episodes(report):
    found = {
        a.episode.id: {n: c.day and c.day.isoformat() for n, c in a.states.items()} for a in report.accounts
    }
    assert found["2019-09"]["strained"] == "2019-09-17"
    assert found["2019-09"]["crisis"] is None
    assert found["2020-03"]["crisis"] == "2020-03-09"
    assert found["2023-03"] == {"weakening": "2023-03-13", "strained": "2023-03-16", "crisis": None}
    assert found["2025-04"] == {"weakening": "2025-04-04", "strained": None, "crisis": None}
    assert found["2025-10"]["strained"] == "2025-10-30"


@needs_restricted
def test_false_alarms_counted_again(report, measures, thresholds):
    history = gauge_history(measures, thresholds, gauge_days(FIRST_DAY, LAST))
    spells = []
    for alarmed, group in groupby(range(len(history.days)), key=lambda at: history.states[at] >= STRAINED):
        at = next(group)
        day = history.days[at].astype(object)
        if alarmed and not any(e.start <= day <= e.end for e in EPISODES):
            spells.append(day)
    assert [s.start for s in report.false_alarms] == spells
    assert report.false_a_year < 2


def test_an_index_counts_from_its_publication(report, raw):
    """OFR's index of 8 April 2025 was above zero, and public two business days later at 09:00."""
    account = next(a for a in report.accounts if a.episode.id == "2025-04")
    (ofr,) = (a for a in account.against if a.index == "OFR FSI")
    values = raw("ofr_fsi")["2025-04-01":]
    crossed = values[values > 0].index[0].date()
    assert ofr.crossing.day == np.busday_offset(crossed, 2).astype(object)


@needs_restricted
def test_leads_are_calendar_days_and_only_where_both_began_in_the_episode(report):
    leads = {
        (a.episode.id, x.index): (x.lead_weakening, x.lead_strained)
        for a in report.accounts
        for x in a.against
    }
    assert leads["2025-04", "OFR FSI"] == (4, None)  # never strained
    assert leads["2025-04", "NFCI"] == (None, None)  # never above its level
    assert leads["2020-03", "OFR FSI"][0] is None  # the gauge was weakening before the episode began
    assert leads["2023-03", "OFR FSI"][1] < 0  # the index was earlier
    for account in report.accounts:
        for against in account.against:
            if against.lead_strained is not None:
                days = against.crossing.day - account.states["strained"].day
                assert days.days == against.lead_strained


@needs_restricted
def test_neither_nfci_nor_ofr_fsi_flagged_the_repo_episodes(report):
    for episode in ("2019-09", "2025-10"):
        account = next(a for a in report.accounts if a.episode.id == episode)
        assert {a.index: a.crossing.day for a in account.against if a.index in ("NFCI", "OFR FSI")} == {
            "NFCI": None,
            "OFR FSI": None,
        }


def history_of(states: dict[str, int]) -> GaugeHistory:
    days = gauge_days(FIRST_DAY, LAST)
    found = np.zeros(len(days), np.int8)
    for day, state in states.items():
        found[days == np.datetime64(day)] = state
    shape = (len(COMPONENTS), len(days))
    return GaugeHistory(days, found.astype(np.float64) * 25, found, np.zeros(shape, np.int8), np.zeros(shape))


@pytest.mark.parametrize(
    ("states", "missed"),
    [
        ({}, {"2019-09", "2020-03", "2023-03", "2025-04", "2025-10"}),
        ({"2019-09-19": 2}, {"2019-09"}),
        ({"2019-09-18": 2}, set()),
        ({"2020-03-16": 2, "2020-03-17": 3}, {"2020-03"}),
        ({"2025-04-09": 3}, {"2025-04"}),
        ({"2025-11-10": 2}, {"2025-10"}),
        ({"2022-03-01": 2, "2022-06-01": 2}, {"false-alarms"}),
        ({"2022-12-30": 2, "2023-01-05": 2}, set()),
    ],
)
def test_a_miss_is_reported_as_a_miss(states, missed):
    good = {"2019-09-17": 2, "2020-03-12": 3, "2023-03-16": 2, "2025-04-08": 1, "2025-10-30": 2}
    if states:
        episode = {day[:7] for day in states}
        good = {day: state for day, state in good.items() if day[:7] not in episode or state == 1}
        good |= states if "2025-11-10" not in states else {"2025-10-30": 0, **states}
    else:
        good = {}
    history = history_of(good)
    found = aims(history.days, history)
    assert {a.id for a in found if not a.met} == missed, found


def test_a_range_that_lacks_an_episode_does_not_judge_it(measures, thresholds):
    found = gauge_report(measures, thresholds, dt.date(2021, 1, 4), dt.date(2021, 12, 31))
    met = {a.id: a.met for a in found.aims}
    assert met == dict.fromkeys(AIMS, None) | {"2021-06": True, "false-alarms": True}
    assert not any(a.covered for a in found.accounts)


def test_what_was_seen_before_is_said(thresholds):
    head = " ".join(re.findall(r"^# (.*)$", PACKAGED.read_text("utf-8"), re.MULTILINE))
    for words in ("September 2019", "March 2020", "March 2023", "April 2025", "October-November 2025"):
        assert words in head
    assert "(was 80)" in head
    assert "(was 250)" in head
    said = " ".join(SEEN_BEFORE)
    assert "80 to 90 bp" in said
    assert "250 to 200 bp" in said
    assert thresholds.value("gauge.sofr_iorb.extreme", LAST) == 90
    assert thresholds.value("gauge.ig_oas.stress", LAST) == 200


@needs_restricted
def test_what_the_two_changed_thresholds_did(measures, thresholds):
    old = {"gauge.sofr_iorb.extreme": 80.0, "gauge.ig_oas.stress": 250.0}
    before = Thresholds([
        t.model_copy(update={"value": old.get(t.id, t.value)})
        for i in thresholds.ids for t in thresholds.dated(i)
    ])  # fmt: skip
    days = gauge_days(FIRST_DAY, LAST)
    then, now = (gauge_history(measures, t, days).states for t in (before, thresholds))
    changed = days[then != now].astype("datetime64[M]").astype(str)
    assert len(changed) == 14  # "fourteen days of April and May 2020 from strained to crisis"
    assert set(changed) == {"2020-04", "2020-05"}
    assert set(then[then != now].tolist()) == {2}
    assert set(now[then != now].tolist()) == {3}


def test_no_input_of_the_gauge_is_ever_re_estimated(measures):
    for component in COMPONENTS:
        for series in measures.history(component.measure).series:
            assert not series.revised, series.id


def test_every_level_has_a_source(thresholds):
    for threshold_id in thresholds.ids:
        for version in thresholds.dated(threshold_id):
            assert len(version.source) > 20, threshold_id
    assert {f"report.{name}" for name, _ in INDICES} <= set(thresholds.ids)
