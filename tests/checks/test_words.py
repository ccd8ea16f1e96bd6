"""The lint of templates: no typed number, no direction that no fact has chosen, each with file and line."""

from pathlib import Path

import pytest

from reportgen.assets import asset_dir
from reportgen.checks.words import chart_faults, folder_faults, template_faults
from reportgen.errors import TemplateError
from reportgen.pipeline.analysis import Desk
from reportgen.pipeline.design import load_design


def said(source):
    return [str(fault) for fault in template_faults(source, "x.html.j2")]


def test_the_packaged_templates_and_charts_say_nothing_by_themselves():
    assert [str(f) for f in folder_faults(asset_dir("templates"), asset_dir("charts"))] == []


CLEAN = [
    "<p>The 10-year yield {{ dir('ust.10y.x', 'rose', 'fell', '') }} {{ fact('x')|magnitude }}.</p>",
    "{% if v('x') > 3 %}Yields rose.{% else %}Yields fell.{% endif %}",
    "{{ 'Yields rose' if v('x') > 3 else 'Yields fell' }}",
    "<td style=\"width: 30px\" colspan='5'>{# 12 bp #}{{ w('column.week') }}</td>",
    "<p>The S&amp;P 500, the 2s10s slope and the H.4.1 since 2015.</p>",
    "<p>A fall of shorts by {{ ref('basis.fall') }} or more would support it.</p>",
    '{% macro cell(x) %} tabindex="0"{% endmacro %}',
]


@pytest.mark.parametrize("source", CLEAN)
def test_what_facts_choose_passes(source):
    assert said(source) == []


FAULTY = {
    "a number": ("<p>\nUp to 39 bp.</p>", 2, "'39' is a typed number"),
    "a number that is chosen": (
        "\n\n{{ 'rose 5 bp' if v('a') > 3 else 'was flat' }}",
        3,
        "'5' is a typed number",
    ),
    "an amount": ("<p>About $152.9bn.</p>", 1, "'$152.9' is a typed number"),
    "an entity": ("<p>&#55;&nbsp;bp</p>", 1, "'7' is a typed number"),
    "a verb": (
        "<p>Well.</p>\n<p>Stocks fell on the week.</p>",
        2,
        "'fell' is a direction that no fact has chosen",
    ),
    "a verb before its number": ("<p>It rose {{ fact('x')|magnitude }}.</p>", 1, "'rose' is a direction"),
    "the second of two": (
        "{% if a %}Yields rose{% endif %}\nand then yields rose on the week.",
        2,
        "'rose' is a direction",
    ),
    "an expression without a choice": (
        "<p>\n{{ 'Yields rose on the week' }}</p>",
        2,
        "'rose' is a direction",
    ),
    "behind a condition": ("{% if a %}b{% endif %}\nGold gained.", 2, "'gained' is a direction"),
}


@pytest.mark.parametrize(("source", "line", "why"), FAULTY.values(), ids=FAULTY.keys())
def test_what_a_template_says_by_itself_is_found(source, line, why):
    (found,) = said(source)
    assert found.startswith(f"x.html.j2 line {line}: {why}")


def test_a_chart_is_read_too():
    chart = (
        'kind = "line"\nsubtitle = "Percent"\ntitle = """\\\n{% if a %}b{% endif %}\\\nYields rose 7 bp"""\n'
    )
    assert [str(f) for f in chart_faults(chart, "my.toml")] == [
        "my.toml line 3: '7' is a typed number: print a fact",
        "my.toml line 3: 'rose' is a direction that no fact has chosen",
    ]


def test_a_desk_s_own_templates_are_refused(tmp_path: Path):
    import shutil

    shutil.copytree(asset_dir("templates"), tmp_path / "templates")
    desk = Desk(templates=tmp_path / "templates")
    load_design(desk, "treasury-weekly", "en")
    deck = tmp_path / "templates" / "treasury-weekly" / "en" / "sections" / "deck.html.j2"
    deck.write_text("The dollar fell.\n")
    with pytest.raises(TemplateError, match=r"en/sections/deck\.html\.j2 line 1: 'fell' is a direction"):
        load_design(desk, "treasury-weekly", "en")
