"""The number audit: planted numbers, signs and stale figures are found, true ones pass."""

import datetime as dt

import pytest

from reportgen.checks.numerals import audit, same_number
from reportgen.model import Fact, Ref
from reportgen.text import NBSP


def fact(fact_id, value, unit, text):
    moment = dt.datetime(2025, 4, 10, 22, tzinfo=dt.UTC)
    return Fact(fact_id, fact_id, value, unit, text, dt.date(2025, 4, 10), moment, (), "as published")


FACTS = {
    f.id: f
    for f in (
        fact("ust.10y.change_week", 39.0, "bp", "+39 bp"),
        fact("dollar.dxy.change_week", -2.1046, "percent", "−2.1%"),
        fact("cot.10y.lev_net", -1873687.0, "contracts", "−1,873,687 contracts"),
        fact("ust.10y.change_week_size", 99.64, "percent", "99.6%"),
        fact("ust.10y.last_higher", "2025-02-24", "text", "24 February 2025"),
        fact("curve.regime", "bear_steepening", "text", "bear steepening"),
    )
}
REFS = {"unit.cut": Ref("unit.cut", "25 bp", 25.0, "bp", "FOMC")}


def found(body):
    return [str(f) for f in audit(f"<html><body><main>{body}</main></body></html>", FACTS, REFS)]


def number(words, fact_id="ust.10y.change_week", kind="fact"):
    return f'<button data-{kind}="{fact_id}">{words.replace(" ", NBSP)}</button>'


TRUE = [
    f"<p>The 10-year yield rose {number('39 bp')} in April 2025.</p>",
    f"<p>It moved {number('+39 bp')}, the dollar fell {number('2.1%', 'dollar.dxy.change_week')}.</p>",
    f"<p>Funds were short {number('1.87 million', 'cot.10y.lev_net')} contracts.</p>",
    f"<p>They are net short {number('1,874,000', 'cot.10y.lev_net')} contracts.</p>",
    f"<p>Rarer than {number('99.6%', 'ust.10y.change_week_size')} of all.</p>",
    '<p>A <button data-fact="curve.regime">bear steepening</button>.</p>',
    f"<p>Last seen on {number('24 February 2025', 'ust.10y.last_higher')}.</p>",
    f"<p>A step of {number('25 bp', 'unit.cut', 'ref')}, published at 15:30 on 11 April.</p>",
    '<p>See <a class="xref" href="#exhibit-curve">Exhibit <span>2</span></a>, 2s10s and the S&amp;P 500.</p>',
    "<svg><text>4.5</text></svg><style>p{margin:3px}</style><div popover>39 of 40</div>",
]


@pytest.mark.parametrize("body", TRUE)
def test_true_numbers_pass(body):
    assert found(body) == []


PLANTED = {
    "a number that nothing marks": "<p>The 10-year yield rose 39 bp.</p>",
    "another number under a fact": f"<p>It rose {number('41 bp')}.</p>",
    "a stale number": f"<p>The dollar fell {number('2.4%', 'dollar.dxy.change_week')}.</p>",
    "the wrong sign": f"<p>The dollar: {number('+2.1%', 'dollar.dxy.change_week')}.</p>",
    "a verb against the sign": f"<p>The dollar index rose {number('2.1%', 'dollar.dxy.change_week')}.</p>",
    "another verb against the sign": f"<p>The yield plunged {number('39 bp')}.</p>",
    "rounded the wrong way": f"<p>The dollar fell {number('2.2%', 'dollar.dxy.change_week')}.</p>",
    "claimed to be all": f"<p>More than {number('100%', 'ust.10y.change_week_size')}.</p>",
    "an unknown fact": f"<p>It rose {number('39 bp', 'ust.11y.change_week')}.</p>",
    "another threshold": f"<p>A step of {number('50 bp', 'unit.cut', 'ref')}.</p>",
    "another date": f"<p>On {number('25 February 2025', 'ust.10y.last_higher')}.</p>",
    "another word": f"<p>A {number('bull steepening', 'curve.regime')}.</p>",
    "a number in a heading": "<h2>Yields at 4.40%</h2>",
    "a number split by markup": "<p>It rose <b>3</b>9 bp.</p>",
    "an amount": "<p>Banks owed $152.9bn.</p>",
}


@pytest.mark.parametrize("body", PLANTED.values(), ids=PLANTED.keys())
def test_planted_faults_are_found(body):
    assert found(body)


def test_the_description_is_in_the_page_s_own_words():
    head = '<head><meta name="description" content="{}"></head>'
    page = f"<html>{head}<main><h1>Calm</h1><p>All is calm.</p></main></html>"
    assert audit(page.format("All is calm."), FACTS, REFS) == []
    (fault,) = audit(page.format("All is lost."), FACTS, REFS)
    assert "describes the page in words that are not on it" in str(fault)


def test_a_fault_names_the_place():
    (said,) = found("<p>Quite another matter: the yield stands at a full 7 percent today.</p>")
    assert "'7'" in said
    assert "the yield stands" in said


def test_quoted_events_count():
    page = "<main><p>Norinchukin Bank to sell $63bn of foreign bonds.</p></main>"
    assert audit(page, FACTS, REFS)
    assert not audit(page, FACTS, REFS, ["Norinchukin Bank to sell $63bn of foreign bonds"])


@pytest.mark.parametrize(
    ("words", "value", "unit", "same"),
    [
        ("4.40%", 4.4, "percent", True),
        ("4.40%", 4.406, "percent", False),
        ("−164 contracts", -164.0, "contracts", True),
        ("0", -164.0, "contracts", True),
        ("0", -1640.0, "contracts", False),
        ("$1,143bn", 1143.4, "usd_bn", True),
        ("0 bp", -0.3, "bp", True),
        ("99.6%", 99.69, "percent", True),
    ],
)
def test_same_number(words, value, unit, same):
    assert same_number(words, value, unit) is same
