"""Words of direction: those without a number are borne out by facts, those beside one by its sign."""

import datetime as dt

import pytest

from reportgen.checks import claims, direction
from reportgen.checks.numerals import audit
from reportgen.indicators.measures import registry
from reportgen.model import Fact

MOMENT = dt.datetime(2025, 4, 10, 22, tzinfo=dt.UTC)
DAY = dt.date(2025, 4, 10)


def fact(fact_id, value, unit="bp"):
    return Fact(fact_id, fact_id, value, unit, f"{value:+g}", DAY, MOMENT, (), "as published")


FACTS = {
    f.id: f
    for f in (
        fact("ust.2y.change_week", 16.0),
        fact("ust.10y.change_week", 39.0),
        fact("ust.30y.change_week", 45.0),
        fact("curve.2s10s.change_week", 23.0),
        fact("dollar.dxy.change_week", -2.1, "percent"),
        fact("equity.spx.change_week", 3.8, "percent"),
        fact("fx.jpy.change_week", -1.6, "percent"),
        fact("policy.cuts_12m.level", -1.5, "cuts"),
        fact("cot.2y.lev_short.change_week", 5000.0, "contracts"),
        fact("cot.5y.lev_short.change_week", -34000.0, "contracts"),
        fact("cot.10y.lev_short.change_week", -81000.0, "contracts"),
    )
}


def found(body):
    return [str(f) for f in audit(f"<html><body><main>{body}</main></body></html>", FACTS, {})]


def n(words, fact_id):
    return f'<button data-fact="{fact_id}">{words}</button>'


TRUE = [
    '<p>Unemployment in <time datetime="2025-03-01">March</time>.</p>',
    "<h1>Long end breaks, dollar drops; funding holds</h1>",
    "<p>Bear steepening: long yields rose most</p>",
    "<p>Yields rose while the dollar fell.</p>",
    "<p>The long end led the sell-off.</p>",
    "<p>The whole curve moved up.</p>",
    "<p>Funds cut five- and ten-year shorts and added two-year ones</p>",
    "<p>A rise of yields would change the verdict, and so might a fall.</p>",
    f"<p>The 2-year yield rose {n('16 bp', 'ust.2y.change_week')}, "
    f"the 10-year {n('39 bp', 'ust.10y.change_week')} "
    f"and the 30-year {n('45 bp', 'ust.30y.change_week')}.</p>",
    f"<p>They added {n('5,000', 'cot.2y.lev_short.change_week')} contracts in 2-year, cut "
    f"{n('34,000', 'cot.5y.lev_short.change_week')} in 5-year and "
    f"{n('81,000', 'cot.10y.lev_short.change_week')} in 10-year futures.</p>",
    f"<p>Stocks, up {n('3.8%', 'equity.spx.change_week')}, do not fit.</p>",
    f"<p>Stocks stand {n('3.8%', 'equity.spx.change_week')} higher.</p>",
    f"<p>It prices no cuts but {n('1.5', 'policy.cuts_12m.level')} rises.</p>",
    f"<p>The yen gained {n('1.6%', 'fx.jpy.change_week')}, {n('1.6%', 'fx.jpy.change_week')} stronger.</p>",
    '<div class="commentary" data-comment="week"><p>We think copper fell.</p></div>',
    "<p>In such a week copper may have fallen.</p>",
    f"<p>The dollar index ended {n('2.1%', 'dollar.dxy.change_week')} weaker.</p>",
    '<p class="byline">Desk since 1999</p><details class="data"><p>Copper fell 7 bp.</p></details>',
]


@pytest.mark.parametrize("body", TRUE)
def test_true_directions_pass(body):
    assert found(body) == []


FALSE = {
    "a heading": ("<h1>Long end rallies, dollar drops</h1>", "'Long end rallies' goes against ust."),
    "its second half": ("<h1>Long end breaks, dollar jumps</h1>", "'dollar jumps' goes against dollar.dxy"),
    "a shape": ("<p>Bull steepening: short yields fell most</p>", "'Bull steepening' goes against"),
    "its slope": ("<p>Bear flattening: short yields rose most</p>", "goes against curve.2s10s.change_week"),
    "a pair": ("<p>Yields and the dollar rose together</p>", "goes against dollar.dxy.change_week"),
    "one of three": (
        "<p>Funds cut two-, five- and ten-year shorts</p>",
        "'cut two-' goes against cot.2y.lev_short.change_week",
    ),
    "what comes last": (
        "<p>Funds cut five-year shorts and added two- and ten-year ones</p>",
        "'added two- and ten-' goes against cot.10y.lev_short.change_week",
    ),
    "a lead": ("<p>The long end led the rally.</p>", "'led the rally' goes against"),
    "a month that is no doubt": ("<p>In May copper fell.</p>", "'fell' speaks of no fact that is known"),
    "an index that is stronger": (
        f"<p>The dollar index ended {n('2.1%', 'dollar.dxy.change_week')} stronger.</p>",
        "'2.1% stronger' goes against dollar.dxy.change_week",
    ),
    "a class that hides nothing": ('<p class="data">Up 7 bp.</p>', "'7' has no fact behind it"),
    "a byline that is none": (
        '<section id="week"><p class="byline">Up 7 bp.</p></section>',
        "'7' has no fact behind it",
    ),
    "a day that is a rate": ('<p>Up <time datetime="2025-04-07">7</time>%.</p>', "'7' is not 2025-04-07"),
    "no subject that is known": ("<p>Copper fell on the week.</p>", "'fell' speaks of no fact that is known"),
    "the first of a list": (
        f"<p>The 2-year yield fell {n('16 bp', 'ust.2y.change_week')}.</p>",
        "'fell 16 bp' goes against ust.2y.change_week, which is 16",
    ),
    "one in a list": (
        f"<p>They added {n('5,000', 'cot.2y.lev_short.change_week')} contracts in 2-year and "
        f"{n('34,000', 'cot.5y.lev_short.change_week')} in 5-year futures.</p>",
        "'added 34,000' goes against cot.5y.lev_short.change_week",
    ),
    "behind the number": (
        f"<p>It stood {n('39 bp', 'ust.10y.change_week')} lower.</p>",
        "'39 bp lower' goes",
    ),
    "a hidden sign": (f"<td>{n('2.1%', 'dollar.dxy.change_week')}</td>", "'2.1%' hides the sign of dollar"),
    "a currency": (
        f"<p>The yen lost {n('1.6%', 'fx.jpy.change_week')}.</p>",
        "'lost 1.6%' goes against fx.jpy",
    ),
    "cuts for rises": (f"<p>It prices {n('1.5', 'policy.cuts_12m.level')} cuts.</p>", "hides the sign"),
    "another unit": (
        f"<p>It rose {n('39%', 'ust.10y.change_week')}.</p>",
        "'39%' is not ust.10y.change_week",
    ),
    "two numbers in one": (f"<p>{n('+39 bp 7 bp', 'ust.10y.change_week')}</p>", "is not ust.10y.change_week"),
    "a tenor that is a rate": ("<p>The yield stands at 7%.</p>", "'7' has no fact behind it"),
    "an ordinal": ("<p>In the 97th percentile.</p>", "'97' has no fact behind it"),
    "a month": ('<p>In <time datetime="2025-03-01">April</time>.</p>', "'April' is not 2025-03-01"),
    "a month for a day": ('<p>In <time datetime="2025-04-10">April</time>.</p>', "'April' is not 2025-04-10"),
    "a moment": ('<p>By <time datetime="2025-04-10">11 April</time>.</p>', "'11 April' is not 2025-04-10"),
    "a time": (
        '<p>At <time datetime="2025-04-11T15:30:00-04:00">16:30</time>.</p>',
        "'16:30' is not 2025-04-11",
    ),
    "a weekday": (
        '<p>By <time datetime="2025-04-10">Friday 10 April</time>.</p>',
        "'Friday 10 April' is not",
    ),
    "an older date of a fact": (
        '<p>On <time datetime="2025-04-03" data-of="ust.2y.change_week">3 April</time>.</p>',
        "'3 April' is no date of ust.2y.change_week, observed on 2025-04-10",
    ),
}


@pytest.mark.parametrize(("body", "why"), FALSE.values(), ids=FALSE.keys())
def test_false_ones_are_found(body, why):
    assert any(why in said for said in found(body)), found(body)


def test_words_of_others_are_no_claims_of_ours():
    page = "<main><p>Stocks plunge after a speech (4 April 2025); the market symptoms fit.</p></main>"
    assert [f.found for f in audit(page, FACTS, {})] == ["Stocks plunge"]
    assert not audit(page, FACTS, {}, ["Stocks plunge after a speech"])


def test_when_evidence_is_due_is_compared():
    moment = 'datetime="2025-04-11T15:30:00-04:00" data-of="driver.x"'
    page = f"<main><p>Due <time {moment}>Friday 11 April at 15:30</time>"
    due = dt.datetime.fromisoformat("2025-04-11T15:30:00-04:00")
    assert not audit(page, {}, {}, (), {"driver.x": due})
    (fault,) = audit(page, {}, {}, (), {"driver.x": due + dt.timedelta(days=7)})
    assert "is not when driver.x is due" in str(fault)


def test_the_facts_that_claims_rest_on_exist():
    known = {f"{measure.id}.{facet}" for measure in registry().values() for facet in measure.facts}
    named = {id for _, _, ids, _ in claims._patterns() for id in ids}
    assert named <= known, named - known


def test_every_verb_of_direction_has_one_sign():
    assert not set(direction.UP) & set(direction.DOWN)
    assert not set(direction.UP_AFTER) & set(direction.DOWN_AFTER)
