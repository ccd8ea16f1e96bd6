"""Pictures: each has a sentence for those who cannot see it, or there is no note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen.errors import PdfError, TemplateError
from reportgen.render import html, pdf
from reportgen.render.context import Exhibit, NoteContext


@pytest.mark.parametrize("setting", [html.page, html.print_page])
def test_an_alternative_text_that_says_nothing_is_refused(
    setting: Callable[[NoteContext, Path], str],
    context: NoteContext,
    make_exhibit: Callable[..., Exhibit],
    templates: Path,
) -> None:
    silent = make_exhibit("curve", alt="{% if has('no.such.fact') %}A curve.{% endif %} ")
    exhibits = tuple(silent if e.id == "curve" else e for e in context.exhibits)
    with pytest.raises(TemplateError, match=r"charts/curve\.toml: alt says nothing"):
        setting(replace(context, exhibits=exhibits), templates)


def test_a_picture_of_a_section_without_alternative_text_stops_the_build(
    context: NoteContext, own_templates: Path
) -> None:
    section = own_templates / "treasury-weekly" / "en" / "sections" / "risks.html.j2"
    picture = "data_uri(exhibit_of('curve').svg.encode(), 'image/svg+xml')"
    section.write_text(f'{section.read_text()}<p><img width="40" src="{{{{ {picture} }}}}"></p>')
    with pytest.raises(PdfError) as caught:
        pdf.document(context, own_templates, ())
    assert "alt" in str(caught.value).lower()
