"""Whatever goes wrong in a template names the template and the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen.errors import TemplateError
from reportgen.render import html
from reportgen.render.context import NoteContext


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{{ 4.4 }}", r"a bare number 4\.4 in sections/week\.html\.j2 line 3"),
        ("{{ v('ust.10y.level') }}", r"a bare number 4\.4 in sections/week\.html\.j2 line 3"),
        ("{{ 2 + 2 }}", r"a bare number 4 in sections/week\.html\.j2 line 3"),
        ("{{ none }}", r"a bare NoneType cannot be printed.* line 3"),
        ("{{ true }}", r"a bare bool True cannot be printed.* line 3"),
        ("{{ market_date }}", r"a bare date cannot be printed.* line 3"),
        ("{{ [1, 2] }}", r"a bare list cannot be printed.* line 3"),
        ("{{ facts }}", r"a bare dict cannot be printed.* line 3"),
        (
            "{{ nothing_of_the_kind }}",
            r"'nothing_of_the_kind' is undefined in sections/week\.html\.j2 line 3",
        ),
        (
            "{{ finding('driver.basis_trade').colour }}",
            r"no attribute 'colour' in sections/week\.html\.j2 line 3",
        ),
        ("{{ fact('no.such') }}", r"no fact 'no\.such' in sections/week\.html\.j2 line 3"),
        (
            "{{ fact('curve.regime')|bare }}",
            r"curve\.regime is a word, expected a number in .*week\.html\.j2 line 3",
        ),
        ("{{ v('curve.regime') - 1 }}", r"TypeError: .* in sections/week\.html\.j2 line 3"),
        ("{% if %}", r"Expected an expression.* in sections/week\.html\.j2 line 3"),
        ("{{ ust }", r"in sections/week\.html\.j2 line 3"),
        (
            "{% include 'nowhere.html.j2' %}",
            r"no template 'nowhere\.html\.j2' in sections/week\.html\.j2 line 3",
        ),
    ],
)
def test_a_fault_is_placed(context: NoteContext, own_templates: Path, line: str, fault: str) -> None:
    section = own_templates / "treasury-weekly" / "en" / "sections" / "week.html.j2"
    section.write_text(f"<p>\nsafe\n{line}\n</p>", encoding="utf-8")
    with pytest.raises(TemplateError, match=fault):
        html.page(context, own_templates)


def test_a_fault_in_a_macro_names_its_caller(context: NoteContext, own_templates: Path) -> None:
    section = own_templates / "treasury-weekly" / "en" / "sections" / "week.html.j2"
    section.write_text("\n{{ key_table([['a', 'ust.10y.level', 'curve.regime']]) }}", encoding="utf-8")
    with pytest.raises(
        TemplateError, match=r"in brand/macros\.html\.j2 line \d+ \(from brand/macros"
    ) as caught:
        html.page(context, own_templates)
    assert "curve.regime is a word" in str(caught.value)


def test_a_missing_section_is_named(context: NoteContext, own_templates: Path) -> None:
    (own_templates / "treasury-weekly" / "en" / "sections" / "risks.html.j2").unlink()
    with pytest.raises(TemplateError, match=r"no template 'sections/risks\.html\.j2'"):
        html.page(context, own_templates)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('prefix = "TW"', 'prefix = "tw"', "prefix"),
        ('id = "week"', 'id = "The Week"', r"section\.0\.id"),
        ('place = "opening"', 'place = "nowhere"', r"section\.0\.place"),
        ("[[section]]", "colour = 1\n\n[[section]]", "colour"),
        ("[[section]]", "[[section", "not valid TOML"),
    ],
)
def test_a_faulty_definition_is_refused(
    context: NoteContext, own_templates: Path, old: str, new: str, fault: str
) -> None:
    file = own_templates / "treasury-weekly" / "note.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TemplateError, match=rf"note\.toml: .*{fault}"):
        html.page(context, own_templates)
