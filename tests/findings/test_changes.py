"""What changed between two moments: verdicts, components, and the largest moves by their own history."""

import pytest

from reportgen.findings import decide
from reportgen.findings.changes import BEFORE, SHOWN_MOVES, compare
from reportgen.findings.events import load_events

WEEK, BEFORE_IT = "2025-04-10", "2025-04-04"


@pytest.fixture
def compared(facts_at, thresholds):
    def look(now, then, *, unusual=80.0):
        after, before = facts_at(now), facts_at(then)
        answers = [decide(f, thresholds, load_events()) for f in (after, before)]
        return compare(after, before, answers[0], answers[1], unusual)

    return look


def test_verdicts_of_the_week_to_10_april_2025(compared):
    turns = {t.id: (t.before, t.now) for t in compared(WEEK, BEFORE_IT).verdicts}
    assert turns["driver.basis_trade"] == ("not_supported", "pending")
    assert turns["perspective.which_factor"] == ("no_move", "policy_threat")
    assert "perspective.crisis_risk" not in turns  # low in both weeks


def test_components_of_the_gauge_that_turned(compared):
    turns = {t.id: (t.before, t.now) for t in compared("2023-03-17", "2023-03-10").components}
    assert turns == {"discount_window": ("calm", "stress"), "move": ("watch", "stress")}


def test_moves_are_ranked_by_their_own_history_one_of_each_family(compared, facts_at):
    facts = facts_at(WEEK).facts
    moves = compared(WEEK, BEFORE_IT).moves
    ranks = [facts[m.rank].number for m in moves]
    assert ranks == sorted(ranks, reverse=True)
    assert len(moves) <= SHOWN_MOVES
    assert min(ranks) >= 80
    families = [m.id.split(".")[0] for m in moves]
    assert len(families) == len(set(families))
    assert moves[0].id == "ust.30y"


def test_the_level_of_last_week_is_that_from_which_the_change_is_measured(compared, facts_at):
    found, facts = compared(WEEK, BEFORE_IT), facts_at(WEEK).facts
    checked = 0
    for move in found.moves:
        if not move.before:
            continue
        before, change = found.facts[move.before], facts[move.change]
        assert before.observed == change.start
        if change.unit == "bp" and facts[move.level].unit == "percent":
            assert (facts[move.level].number - before.number) * 100 == pytest.approx(change.number)
            checked += 1
    assert checked


def test_a_level_that_came_out_since_is_shown_as_it_came_out(compared, facts_at):
    """The spread of Friday 13 March 2020 was published on the Monday: nobody knew it that evening."""
    found = compared("2020-03-20", "2020-03-13")
    move = next(m for m in found.moves if m.id == "credit.hy_oas")
    before = found.facts[move.before]
    assert (before.text, str(before.observed)) == ("731\N{NO-BREAK SPACE}bp", "2020-03-13")
    assert before.published > found.as_of
    now = facts_at("2020-03-20").facts
    assert now[move.level].number - before.number == pytest.approx(now[move.change].number)


def test_facts_of_last_week_keep_their_pedigree_under_ids_of_their_own(compared, facts_at):
    found, then = compared(WEEK, BEFORE_IT).facts, facts_at(BEFORE_IT).facts
    assert found
    for fact_id, fact in found.items():
        assert fact_id.startswith(BEFORE)
        own = then[fact_id.removeprefix(BEFORE)]
        assert (fact.value, fact.inputs, fact.published) == (own.value, own.inputs, own.published)


def test_nothing_is_said_where_nothing_changed(compared):
    assert compared(WEEK, WEEK, unusual=100.1).empty
    assert not compared(WEEK, BEFORE_IT).empty


def test_a_change_known_before_is_no_change_since(compared):
    """The same moment on both sides: every move had come out by then."""
    assert compared(WEEK, WEEK).moves == ()
