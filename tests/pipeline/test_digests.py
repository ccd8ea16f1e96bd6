"""The digest of many weeks: complete, small, audited, and nothing in it that mail clients drop."""

from __future__ import annotations

import datetime as dt

import pytest

from reportgen.delivery import mailproof
from reportgen.pipeline import auditing, digesting
from reportgen.pipeline.analysis import Desk, add_gauge_history, analyse
from reportgen.pipeline.comparison import argued
from reportgen.pipeline.composing import compose
from reportgen.pipeline.design import load_design
from reportgen.pipeline.exhibits import draw_one
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
WEEKS = (
    *("2018-12-28", "2019-09-18", "2020-03-20", "2020-04-03", "2021-06-11", "2022-06-17", "2023-03-17"),
    *("2024-08-09", "2025-04-10", "2025-04-11T18:00", "2025-10-31", "2025-11-14", "2026-06-18"),
)


@pytest.mark.slow
@pytest.mark.parametrize("as_of", WEEKS)
def test_digest_of_a_week(as_of: str) -> None:
    desk = Desk()
    design = load_design(desk, "treasury-weekly", "en")
    analysis = argued(analyse(desk, parse_as_of(as_of), NOW, allow_stale=True))
    add_gauge_history(analysis)
    shown = [s for s in design.exhibits if s.id in design.definition.digest]
    figures = [draw_one(s, analysis, design) for s in shown]
    context = compose(analysis, design, figures)
    made = digesting.make(context, design, analysis, figures)
    auditing.refuse_untraced(made.marked, auditing.origins(analysis, context), digesting.HTML)
    page, words = made.files[digesting.HTML].decode(), made.files[digesting.TEXT].decode()
    assert len(page.encode()) < 0.75 * mailproof.LIMIT  # room for the desk's disclosures
    assert sum(name.endswith(".png") for name in made.files) >= 2
    for part in ("Key levels", "What the evidence says", "Risk warning", "Certification and disclosures"):
        assert part in words
    assert max(map(len, words.splitlines())) <= 100
    again = digesting.make(context, design, analysis, figures)
    assert again.files == made.files
