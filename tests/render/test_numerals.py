"""Filters change the wording of a fact and insist on a fact of the right unit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reportgen.errors import TemplateError
from reportgen.render.context import NoteContext
from reportgen.render.press import Press


@pytest.fixture(scope="module")
def press(context: NoteContext, templates: Path) -> Press:
    return Press(context, templates, "print")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ fact('ust.10y.change_week') }}", "+39\u00a0bp"),
        ("{{ fact('ust.10y.change_week')|magnitude }}", "39\u00a0bp"),
        ("{{ fact('dollar.dxy.change_week') }}", "−2.1%"),
        ("{{ fact('dollar.dxy.change_week')|magnitude }}", "2.1%"),
        ("{{ fact('curve.2s10s.level')|signed }}", "+56\u00a0bp"),
        ("{{ fact('ust.10y.change_week')|bare }}", "+39"),
        ("{{ fact('ust.10y.change_week')|magnitude|bare }}", "39"),
        ("{{ fact('dollar.dxy.change_week')|bare|unsigned }}", "2.1"),
        ("{{ ref('basis.z')|unsigned }}", "1.5 standard deviations"),
        ("{{ fact('cot.10y.lev_short')|thousands }}", "2,233,000"),
        ("{{ fact('cot.10y.lev_short')|exact }}", "2,233,498"),
        ("{{ fact('cot.10y.lev_net.change_week')|millions }}", "−1.87\u00a0million"),
        ("{{ fact('cot.10y.lev_net.change_week')|magnitude|millions }}", "1.87\u00a0million"),
        ("{{ fact('facility.discount_window.level')|bn }}", "$152.9bn"),
        ("{{ fact('facility.discount_window.level')|whole }}", "$153bn"),
        ("{{ fact('curve.regime')|word }}", "bear steepening"),
        ("{{ 'nought' if fact('ust.10y.level')|zero else 'some' }}", "some"),
        ("{{ ref('gauge.sofr_iorb.stress') }}", "10\u00a0bp"),
        ("{{ fact('ust.10y.change_week') ~ ' up' }}", "+39\u00a0bp up"),
        ("{{ dir('ust.10y.change_week', 'rose', 'fell', 'held') }}", "rose"),
        ("{{ dir('dollar.dxy.change_week', 'rose', 'fell', 'held') }}", "fell"),
        ("{{ dir('dollar.dxy.change_week', 'rose', 'fell', 'held', 2.5) }}", "held"),
        ("{{ observed('ust.10y.level') }}", "10\u00a0April"),
        ("{{ started('ust.10y.change_week') }}", "4\u00a0April"),
        ("{{ published('ust.10y.level') }}", "Thursday 10\u00a0April at 18:00"),
        ("{{ due('driver.basis_trade') }}", "Friday 11\u00a0April at 15:30"),
        ("{{ release('H.4.1') }}", "Thursday 17\u00a0April at 16:30"),
        ("{{ date(week_start, year=true) }}", "4\u00a0April\u00a02025"),
        ("{{ why('foreign.custody.level') }}", "not in the embedded data"),
        ("{{ 'yes' if has('ust.10y.level', 'ust.2y.level') else 'no' }}", "yes"),
        ("{{ 'yes' if has('ust.10y.level', 'foreign.custody.level') else 'no' }}", "no"),
        ("{{ 'high' if v('ust.10y.level') > 4 else 'low' }}", "high"),
        ("{{ 'missing' if v('foreign.custody.level') is none else 'held' }}", "missing"),
    ],
)
def test_wording(press: Press, template: str, expected: str) -> None:
    assert press.plain(template, "a test") == expected


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ 39|magnitude }}", r"\|magnitude was given int 39, expected fact"),
        ("{{ v('ust.10y.level')|bare }}", r"\|bare was given float 4.4"),
        ("{{ ref('basis.z')|magnitude }}", r"the reference basis.z, expected fact"),
        ("{{ fact('ust.10y.level')|thousands }}", r"ust.10y.level is in percent, expected contracts"),
        ("{{ fact('ust.10y.level')|bn }}", r"is in percent, expected usd_bn"),
        ("{{ fact('ust.10y.level')|word }}", r"is in percent, expected text"),
        ("{{ fact('curve.regime')|magnitude }}", r"curve.regime is a word, expected a number"),
        ("{{ dir('curve.regime', 'a', 'b', 'c') }}", r"curve.regime is a word"),
        ("{{ fact('foreign.custody.level') }}", r"no fact .* \(missing: not in the embedded data\)"),
        ("{{ started('ust.10y.level') }}", "not a change"),
        ("{{ due('clue.dollar_flight') }}", "nothing is due"),
        ("{{ release('nothing') }}", "not among the releases"),
        ("{{ finding('driver.unknown').verdict }}", "no finding 'driver.unknown'"),
        ("{{ why('ust.10y.level') }}", "not among the missing facts"),
        ("{{ w('no.such.words') }}", "no words for 'no.such.words'"),
    ],
)
def test_what_is_refused(press: Press, template: str, fault: str) -> None:
    with pytest.raises(TemplateError, match=fault):
        press.string(template, "a test")


def test_on_the_screen_a_number_opens_its_pedigree(context: NoteContext, templates: Path) -> None:
    press = Press(context, templates, "screen")
    html = press.string("{{ fact('ust.10y.change_week')|magnitude }}", "a test")
    assert html == (
        '<button type="button" class="fact" popovertarget="fact-ust-10y-change_week" '
        'data-fact="ust.10y.change_week">39\u00a0bp</button>'
    )
    assert list(press.printed) == ["ust.10y.change_week"]


def test_a_reason_prints_its_facts(make_context: Callable[..., NoteContext], templates: Path) -> None:
    from dataclasses import replace

    base = make_context()
    told = replace(
        base.findings["clue.dollar_flight"],
        reason="Yields moved {{ ust.10y.change_week|magnitude }}, R&D did not.",
    )
    press = Press(replace(base, findings={**base.findings, told.id: told}), templates, "print")
    assert (
        press.string("{{ reason('clue.dollar_flight') }}", "a test")
        == "Yields moved 39\u00a0bp, R&amp;D did not."
    )
