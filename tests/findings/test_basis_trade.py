"""The basis trade: pending until the report is out, then decided by it."""

import datetime as dt

import pytest

from reportgen.indicators.thresholds import Threshold, Thresholds
from reportgen.model import NEW_YORK

ID = "driver.basis_trade"
SHORTS = "cot.total.lev_short_10y_eq"
TESTS = (f"{SHORTS}.change_week_pct", f"{SHORTS}.change_week_z")
PAIRS = "cot.pairs.total_10y_eq.change_week_z"
SYMPTOMS = {"vol.move.level", "funding.sofr_iorb.level"}


def test_pending_until_friday_s_report(found):
    finding = found("2025-04-10")[ID]
    assert (finding.verdict, finding.confidence) == ("pending", "low")
    assert finding.due == dt.datetime(2025, 4, 11, 15, 30, tzinfo=NEW_YORK)
    assert "8\xa0April\xa02025" in finding.reason
    assert "Friday 11\xa0April at 15:30" in finding.reason


@pytest.mark.parametrize(
    ("as_of", "verdict"), [("2025-04-11T15:29", "pending"), ("2025-04-11T15:30", "not_supported")]
)
def test_the_minute_of_publication_decides(found, as_of, verdict):
    assert found(as_of)[ID].verdict == verdict


def test_resolved_by_the_report_of_the_week(found, facts_at):
    finding = found("2025-04-11T18:00")[ID]
    stock = facts_at("2025-04-11T18:00").facts[SHORTS]
    assert str(stock.observed) == "2025-04-08"
    # Gross shorts rose by half a percent: nothing was unwound up to that Tuesday.
    assert finding.verdict == "not_supported"
    assert {i: finding.evidence[i] for i in (*TESTS, PAIRS)} == dict.fromkeys((*TESTS, PAIRS), False)
    assert finding.due == dt.datetime(2025, 4, 18, 15, 30, tzinfo=NEW_YORK)
    assert f"{SHORTS}|observed" in finding.reason


def test_march_2020_was_an_unwinding(found):
    finding = found("2020-03-20")[ID]
    assert finding.verdict == "supported"
    assert finding.supports[:2] == TESTS
    assert PAIRS in finding.contradicts  # asset managers' longs held: the pairs shrank by less


@pytest.mark.parametrize(
    ("pct", "z", "verdict"),
    [
        (-3.0, -1.5, "supported"),
        (-3.0, -1.49, "partly_supported"),
        (-2.99, -1.5, "partly_supported"),
        (-2.99, -1.49, "not_supported"),
        (4.0, 2.5, "not_supported"),
    ],
)
def test_both_conditions_one_or_none(found, pct, z, verdict):
    values = dict(zip(TESTS, (pct, z), strict=True))
    finding = found("2025-04-11T18:00", values=values)[ID]
    assert finding.verdict == verdict
    assert {*TESTS, PAIRS} == (set(finding.supports) | set(finding.contradicts)) - SYMPTOMS
    assert ("added" in finding.reason) == (pct > 0)


def test_symptoms_stand_beside_the_test_and_do_not_decide(found):
    calm = {"vol.move.level": 80.0, "funding.sofr_iorb.level": -8.0}
    wild = {"vol.move.level": 150.0, "funding.sofr_iorb.level": 12.0}
    for as_of in ("2025-04-10", "2025-04-11T18:00"):
        quiet, loud = found(as_of, values=calm)[ID], found(as_of, values=wild)[ID]
        assert quiet.verdict == loud.verdict
        assert set(calm) <= set(quiet.contradicts)
        assert set(wild) <= set(loud.supports)


def test_a_fall_that_hangs_on_the_dv01_table_is_held_with_less_confidence(found):
    values = dict(zip(TESTS, (-3.2, -2.0), strict=True))
    ends = {f"{SHORTS}.low.change_week_pct": -3.4, f"{SHORTS}.high.change_week_pct": -3.1}
    assert found("2025-04-11T18:00", values=values | ends)[ID].confidence == "medium"
    ends[f"{SHORTS}.high.change_week_pct"] = -2.9
    finding = found("2025-04-11T18:00", values=values | ends)[ID]
    assert (finding.verdict, finding.confidence) == ("supported", "low")


def test_pairs_of_an_older_report_are_no_evidence(found, facts_at):
    # From May to December 2025 asset managers' positions are held in the 10-year contract alone.
    facts = facts_at("2025-05-16")
    assert facts.facts["cot.pairs.total_10y_eq"].observed < facts.facts[SHORTS].observed
    assert PAIRS not in found("2025-05-16")[ID].evidence


def test_not_pending_without_a_move_to_explain(found):
    finding = found("2024-05-16")[ID]
    assert finding.verdict == "not_supported"
    assert finding.due is None
    assert finding.reason.startswith("No move to explain")


@pytest.mark.parametrize(
    ("as_of", "moves", "words"),
    [
        # The report of the week is months away, or has no date at all.
        (
            "2025-10-31",
            {"ust.10y.change_week": 25.0},
            ("28\xa0October\xa02025", "no date of publication yet", "shutdown"),
        ),
        ("2025-11-18T18:00", {"ust.10y.change_week": 25.0}, ("due only", "18\xa0November\xa02025")),
    ],
)
def test_what_is_not_due_within_a_week_is_not_pending(found, as_of, moves, words):
    finding = found(as_of, values=moves)[ID]
    assert finding.verdict == "not_supported"
    assert finding.reason.startswith("Not testable")
    for word in words:
        assert word in finding.reason


def test_a_report_that_came_out_and_is_not_held_is_not_due(found):
    """Of the reports of 2016 after January the data hold the ten-year contract alone."""
    finding = found("2016-12-19T14:30")[ID]
    assert "13\xa0December\xa02016 is not in this data set" in finding.reason
    assert finding.due is None


def test_a_report_that_cannot_be_compared_says_why(found):
    finding = found("2025-04-11T18:00", without=(f"{SHORTS}.change_week_z",))[ID]
    assert finding.verdict == "not_supported"
    assert "cannot be compared" in finding.reason


def test_thresholds_are_those_in_force_on_the_day(found, thresholds):
    """A desk that asks for a smaller fall from 2025 on changes notes from then on alone."""

    def with_fall(valid_from):
        own = Threshold(
            id="basis.fall", value=-1, unit="percent", valid_from=valid_from, owner="Desk", source="Choice"
        )
        every = [t for i in thresholds.ids for t in thresholds.dated(i)]
        return Thresholds([*every, own])

    values = {f"{SHORTS}.change_week_pct": -2.0, f"{SHORTS}.change_week_z": -2.0}
    for valid_from, verdict in (
        (dt.date(2025, 4, 1), "supported"),
        (dt.date(2025, 5, 1), "partly_supported"),
    ):
        finding = found("2025-04-11T18:00", values=values, limits=with_fall(valid_from))[ID]
        assert finding.verdict == verdict
