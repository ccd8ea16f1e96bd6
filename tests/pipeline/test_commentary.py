"""Commentary: signed words of analysts; what no fact bears out is refused with its file and line."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from pathlib import Path

import pytest
from markupsafe import Markup

from reportgen.checks.copies import differences
from reportgen.checks.numerals import audit
from reportgen.checks.page import read
from reportgen.config import init_desk
from reportgen.errors import AuditError, CommentaryError
from reportgen.pipeline import auditing
from reportgen.pipeline.analysis import Analysis, Desk, add_gauge_history, analyse
from reportgen.pipeline.comparison import argued
from reportgen.pipeline.composing import compose
from reportgen.pipeline.design import Design, load_design
from reportgen.pipeline.exhibits import draw_all
from reportgen.pipeline.previewing import Preview
from reportgen.render import commentary, fonts, html, pdf, pdf_words
from reportgen.render.attachments import attached
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
AS_OF = "2025-04-10"
HEAD = '+++\nauthor = "A. Analyst"\n+++\n'


def moded(mode: str) -> str:
    """Return the head of a file that says how its words meet the section."""
    return f'+++\nauthor = "A. Analyst"\nmode = "{mode}"\n+++\n'


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return argued(analyse(Desk(), parse_as_of(AS_OF), NOW))


@pytest.fixture(scope="module")
def exhibits(analysis):
    add_gauge_history(analysis)
    return draw_all(analysis, load_design(Desk(), "treasury-weekly", "en"))


@pytest.fixture
def desk(tmp_path) -> Desk:
    init_desk(tmp_path / "desk", {})
    return Desk(folder=tmp_path / "desk")


@pytest.fixture
def written(desk, analysis, exhibits, monkeypatch):
    """Write commentary and return the page, audited as a build audits it."""
    monkeypatch.setattr(fonts, "embedded_rules", lambda *_, **__: "")

    def write(content: str, name: str = "week", as_of: str = AS_OF) -> str:
        put(desk, content, name, as_of)
        design = load_design(desk, "treasury-weekly", "en")
        context = compose(analysis, design, exhibits)
        page = html.page(context, design.templates)
        auditing.refuse_untraced(page, auditing.origins(analysis, context))
        return page

    return write


def put(desk: Desk, content: str, name: str, as_of: str = AS_OF) -> Path:
    assert desk.folder is not None
    path = desk.folder / "commentary" / as_of / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def section(page: str, id: str) -> str:
    """Return the words of a section, white space as single blanks."""
    found = re.search(rf'<section id="{id}"[^>]*>(.*?)</section>', page, re.DOTALL)
    assert found is not None
    words = re.sub(r"<svg.*?</svg>|<[^>]*>", "", found[1], flags=re.DOTALL)
    return " ".join(Markup(words).unescape().replace("\N{NO-BREAK SPACE}", " ").split())


def test_facts_print_and_open_their_pedigree(written):
    page = written(
        HEAD + "The 10-year yield rose {{ ust.10y.change_week | magnitude }} to {{ust.10y.level}},\n"
        "*not* **{{ dollar.dxy.change_week }}**, by {{ ust.10y.level | observed }} "
        "({{ exhibit.dollar_yield }}).\n"
    )
    said = section(page, "week")
    assert "The 10-year yield rose 39 bp to 4.40%, not −2.1%, by 10 April 2025 (Exhibit 7)." in said
    assert "A. Analyst, US rates strategy" in said
    comment = page[page.index('data-comment="week"') :]
    assert 'data-fact="ust.10y.change_week">39' in comment
    assert '<time datetime="2025-04-10" data-of="ust.10y.level">' in comment
    assert "<em>not</em> <strong><button" in comment
    assert 'id="fact-dollar-dxy-change_week"' in page


def test_the_three_modes(written):
    plain = written(HEAD + "Words of ours.\n", "week", "2025-04-09")  # of another as-of, not of this one
    assert "Words of ours" not in plain
    rules = section(plain, "week")
    before = section(written(moded("before") + "Words of ours.\n"), "week")
    after = section(written(moded("after") + "Words of ours.\n"), "week")
    assert before.index("Words of ours.") < before.index("The long end led the sell-off.")
    assert after.index("Words of ours.") > after.index("The long end led the sell-off.")
    assert section(written(HEAD + "Words of ours.\n"), "week") == after  # unless it says otherwise
    page = written(moded("replace") + "Words of ours.\n")
    replaced = section(page, "week")
    assert "The long end led" not in replaced
    assert "Words of ours." in replaced
    assert "Basis-trade liquidation" in replaced  # verdicts stay
    assert "Basis-trade liquidation" in rules


def test_exhibits_and_places_stay_where_words_are_replaced(written):
    page = written(
        '+++\nauthor = ["A. Analyst", "B. Analyst"]\nmode = "replace"\n+++\nNo driver of the four.\n',
        "drivers",
    )
    said = section(page, "drivers")
    assert "The CFTC" not in said
    assert "A. Analyst, US rates strategy; B. Analyst, Money markets" in said
    drivers = page[page.index('<section id="drivers"') : page.index('<section id="clues"')]
    assert [f'id="exhibit-{id}"' in drivers for id in ("cot_shorts", "cot_10y_eq", "yields", "slopes")] == [
        True
    ] * 4
    for link in re.findall(r'href="#([^"]+)"', page):
        assert page.count(f'id="{link}"') == 1, link


def test_a_section_of_ones_own(written):
    heading = '+++\nauthor = "B. Analyst"\ntitle = "The tariff pause"\nfollows = "clues"\n+++\n'
    page = written(
        heading + "Stocks rose {{ equity.spx.change_week | magnitude }}.\n\n- on 9 April 2025\n", "tariffs"
    )
    assert (
        page.index('<section id="clues"')
        < page.index('<section id="tariffs"')
        < page.index('<section id="perspectives"')
    )
    assert section(page, "tariffs").startswith(
        "The tariff pause # Stocks rose 3.8%. on 9 April 2025 B. Analyst"
    )
    assert '<li><a href="#tariffs">The tariff pause</a></li>' in page


def test_a_typed_number_that_one_fact_prints_as_opens_its_pedigree(written, analysis):
    printed = [f.text for f in analysis.facts.facts.values()]
    assert printed.count("100.87") == 1
    page = written(HEAD + "The dollar index stands at 100.87, the policy rate {{ policy.effr.level }}.\n")
    assert 'data-fact="dollar.dxy.level">100.87<' in page[page.index("data-comment") :]


FAULTY = {
    "a number of nothing": ("Yields\nmay reach 7.77%.", 5, "the number '7.77%' matches no fact"),
    "a whole number": ("Yields may go to 7%.", 4, "the number '7%' matches no fact"),
    "a bare number": ("We count 17 reasons.", 4, "the number '17' matches no fact"),
    "a spelled number": ("It rose forty basis points.", 4, "the number 'forty basis points' matches no fact"),
    "a number of several": ("Yields rose 39 bp.", 4, "the number '39 bp' matches "),
    "a split number": ("Yields rose **3**9 bp.", 4, "the number '39 bp' is split by markup"),
    "a number in a link": ("[at 7.77%](https://example.com)", 4, "the number '7.77%' matches no fact"),
    "an escaped number": ("at &#55;.77%", 4, "the number '7.77%' matches no fact"),
    "a numeral of another script": ("at ７.77%", 4, "matches no fact"),
    "an ordinal": ("In the 97th percentile.", 4, "the number '97' matches no fact"),
    "an unknown fact": ("\nIt is {{ ust.11y.level }}.", 5, "no fact 'ust.11y.level', did you mean ust.1"),
    "a missing fact": ("It is {{ foreign.custody.level }}.", 4, "foreign.custody.level is missing: not in"),
    "an unknown form": (
        "It is {{ ust.10y.level | wordy }}.",
        4,
        "no form 'wordy', expected one of magnitude",
    ),
    "a form that does not fit": (
        "It is {{ ust.10y.level | millions }}.",
        4,
        "|millions: ust.10y.level is in percent",
    ),
    "no reference": ("It is {{ 4 + 4 }}.", 4, "{{ 4 + 4 }} is no reference, expected {{ fact.id }}"),
    "an open reference": ("It is {{ ust.10y.level\n}}.", 4, "{{ stands alone"),
    "a statement": ("{% include 'x' %}", 4, "{% stands alone"),
    "an unknown exhibit": (
        "See {{ exhibit.curves }}.",
        4,
        "no exhibit 'curves' in this note, did you mean curve",
    ),
    "a fall for a rise": (
        "A word.\n\nThe 10-year fell {{ ust.10y.change_week | magnitude }}.",
        6,
        "'fell 39 bp' goes against ust.10y.change_week, which is +39",
    ),
    "a rise for a fall": (
        "The dollar rose by {{ dollar.dxy.change_week | magnitude }}.",
        4,
        "goes against dollar.dxy",
    ),
    "lower for higher": (
        "It stands\n{{ ust.10y.change_week | magnitude }} lower.",
        5,
        "bp lower' goes against",
    ),
    "a verb and a sign": (
        "It rose {{ ust.10y.change_week }}.",
        4,
        "write {{ ust.10y.change_week | magnitude }}",
    ),
    "a script": (
        "Well.\n\n<script>alert(1)</script>",
        6,
        "HTML (<script>alert(1)</script>) is not permitted",
    ),
    "a tag": ("Well,\nthis is <b onclick='x'>it</b>.", 5, "HTML (<b onclick='x'>) is not permitted"),
    "a comment": ("<!-- hidden -->", 4, "HTML (<!-- hidden -->) is not permitted"),
    "a picture": ("![x](https://example.com/x.png)", 4, "a picture (x) is not permitted"),
    "code": ("Use `it`.", 4, "code (it) is not permitted"),
    "a block of code": ("Well.\n\n    indented", 6, "code (four blanks before a paragraph make it code)"),
    "a numbered list": ("1. one\n2. two", 4, "a numbered list (its numbers are no facts)"),
    "a rule": ("Well.\n\n---\n", 6, "a rule is not permitted"),
    "a great heading": ("Well.\n\n# We say", 6, "a heading, which"),
    "a heading beside the side column": ("### We say\n\nWell.", 4, "a heading, which the opening section"),
    "a dangerous link": ("[here](javascript:alert)", 4, "a link to 'javascript:alert'"),
    "a link elsewhere": ("[there](file:///etc/passwd)", 4, "a link to 'file:///etc/passwd'"),
    "a relative link": ("[there](../secret.md)", 4, "a link to '../secret.md', expected one to https://"),
    "a fact in an address": (
        "[x](https://e.com/{{ust.10y.level}})",
        4,
        "a reference in the address of a link",
    ),
    "a private character": ("Well,\n\ue0100\ue011 bp", 5, "the private character U+E010"),
    "a private character by its number": ("Well,\n&#xE010;0 bp", 5, "the private character U+E010"),
}


@pytest.mark.parametrize(("body", "line", "why"), FAULTY.values(), ids=FAULTY.keys())
def test_what_no_fact_bears_out_is_refused_with_its_line(written, body, line, why):
    with pytest.raises(CommentaryError) as refused:
        written(HEAD + body + "\n")
    assert f"commentary/2025-04-10/week.md line {line}: " in refused.value.message
    assert why in refused.value.message
    assert refused.value.exit_code == AuditError.exit_code == 6


HEADS = {
    "no head": ("Well.\n", "line 1: expected +++, lines of TOML"),
    "an open head": ("+++\nauthor = 'A. Analyst'\nWell.\n", "line 1: expected +++"),
    "no TOML": ("+++\nauthor = 'A. Analyst'\nmode after\n+++\nWell.\n", "line 3: not valid TOML"),
    "no author": ("+++\nmode = 'after'\n+++\nWell.\n", "line 1: author: missing"),
    "an unknown author": (
        "+++\n\nauthor = 'N. Obody'\n+++\nWell.\n",
        "line 3: author 'N. Obody' is not an analyst of desk.toml, expected A. Analyst, B. Analyst",
    ),
    "an unknown mode": ("+++\nauthor = 'A. Analyst'\nmode = 'over'\n+++\nWell.\n", "line 3: mode: "),
    "an unknown key": (
        "+++\nauthor = 'A. Analyst'\nauthors = 'x'\n+++\nWell.\n",
        "line 3: authors: unknown key",
    ),
    "nothing": ("+++\nauthor = 'A. Analyst'\n+++\n\n", "line 4: no words follow"),
    "a title too many": (
        "+++\nauthor = 'A. Analyst'\ntitle = 'x'\nfollows = 'clues'\n+++\nWell.\n",
        "line 3: 'week' is a section of the note and keeps its title",
    ),
}


@pytest.mark.parametrize(("content", "why"), HEADS.values(), ids=HEADS.keys())
def test_a_faulty_head_is_refused_with_its_line(written, content, why):
    with pytest.raises(CommentaryError) as refused:
        written(content)
    assert f"commentary/2025-04-10/week.md {why}" in refused.value.message


OWN = "+++\nauthor = 'A. Analyst'\ntitle = '{}'\nfollows = '{}'\n+++\nWell.\n"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("weeks", HEAD + "Well.\n", "line 1: no section 'weeks', expected one of week, "),
        ("disclosures", HEAD + "Well.\n", "line 1: section 'disclosures' takes no commentary"),
        (
            "risks",
            moded("replace") + "Well.\n",
            "line 3: section 'risks' cannot be replaced",
        ),
        (
            "gaps",
            moded("replace") + "Well.\n",
            "line 3: section 'gaps' cannot be replaced",
        ),
        ("tariffs", OWN.format("Tariffs", "clue"), "line 4: follows 'clue', expected one of week"),
        ("tariffs", OWN.format("Up 7%", "clues"), "line 3: the number '7%' in a title"),
        ("Tariff-s", OWN.format("Tariffs", "clues"), "line 1: 'Tariff-s' cannot name a section"),
        ("note", OWN.format("Tariffs", "clues"), "line 1: 'note' cannot name a section"),
    ],
)
def test_a_place_that_does_not_exist_is_refused(written, name, content, why):
    with pytest.raises(CommentaryError) as refused:
        written(content, name)
    assert f"commentary/2025-04-10/{name}.md {why}" in refused.value.message


def test_a_heading_is_of_the_third_level(written):
    with pytest.raises(CommentaryError, match=r"clues\.md line 4: a heading of the first two levels, expect"):
        written(HEAD + "## We say\n\nWell.\n", "clues")


def test_all_faults_of_all_files_are_told_at_once(written, desk):
    put(desk, HEAD + "At 7.77%.\n\nAt 8.88%.\n", "clues")
    with pytest.raises(CommentaryError) as refused:
        written("+++\nauthor = 'N. Obody'\n+++\n<b>x</b>\n")
    assert [said.partition(": ")[0] for said in refused.value.message.splitlines()] == [
        "commentary/2025-04-10/clues.md line 4",
        "commentary/2025-04-10/clues.md line 6",
        "commentary/2025-04-10/week.md line 2",
        "commentary/2025-04-10/week.md line 4",
        "commentary/2025-04-10/week.md line 4",
    ]


def test_files_that_no_note_would_read_are_refused(desk, written):
    assert desk.folder is not None
    root = desk.folder / "commentary"
    (root / "2025-4-10").mkdir()
    with pytest.raises(CommentaryError, match="2025-4-10: no note reads it, expected a folder for an as-of"):
        written(HEAD + "Well.\n")
    (root / "2025-4-10").rmdir()
    (root / "README.md").write_text("How we write.")
    (root / "week.md").write_text(HEAD + "Well.\n")
    with pytest.raises(CommentaryError, match=r"commentary/week\.md: no note reads it, expected a folder"):
        written(HEAD + "Well.\n")
    (root / "week.md").unlink()
    (root / AS_OF / "week.txt").write_text("x")
    with pytest.raises(CommentaryError, match=r"week\.txt: expected a file of Markdown"):
        written(HEAD + "Well.\n")
    (root / AS_OF / "week.txt").unlink()
    (root / AS_OF / ".week.md.swp").write_text("x")
    (root / AS_OF / "week.md~").write_text("x")
    path = put(desk, HEAD + "Well.\n", "week")
    assert commentary.files(desk.folder, parse_as_of(AS_OF)) == (path,)
    path.write_bytes(b"+++\nauthor = 'A. Analyst'\n+++\nWell,\n\xff\n")
    with pytest.raises(CommentaryError, match=r"week\.md line 5: byte 0xff is not UTF-8"):
        load_note(desk)


def load_note(desk: Desk) -> Design:
    design = load_design(desk, "treasury-weekly", "en")
    compose(analyse(Desk(), parse_as_of(AS_OF), NOW), design, [])
    return design


def test_an_example_desk_has_none(desk):
    assert commentary.files(desk.folder, parse_as_of(AS_OF)) == ()
    assert commentary.files(None, parse_as_of(AS_OF)) == ()


def test_paper_says_the_same(desk, analysis, exhibits):
    """Build both media: a quotation, a list, a table and a link, in a PDF that conforms to both standards."""
    put(
        desk,
        moded("before")
        + "The yield rose {{ ust.10y.change_week | magnitude }}, *as the\nauction* showed.\n\n"
        "> A quotation, [with a link](https://example.com/).\n\n- one thing\n- another\n\n"
        "| Tenor | Week |\n|---|---|\n| 2-year | {{ ust.2y.change_week }} |\n",
        "week",
    )
    put(desk, moded("replace") + "### Of four\n\nNone.\n", "drivers")
    put(desk, OWN.format("The pause", "week"), "pause")
    design = load_design(desk, "treasury-weekly", "en")
    context = compose(analysis, design, exhibits)
    page = html.page(context, design.templates)
    known = auditing.origins(analysis, context)
    assert audit(page, known.facts, known.refs, known.quotes, known.dues) == []
    document = pdf.document(context, design.templates, attached(context, b"{}", "inputs.parquet", "0" * 64))
    sheets = pdf_words.pages(document)
    assert differences(read(page), sheets) == []
    said = " ".join(line for sheet in sheets for line in sheet)
    assert "The yield rose 39 bp, as the auction showed. A quotation, with a link." in said
    assert "What is driving yields Of four None. A. Analyst" in said
    assert said.index("Exhibit 1.") < said.index("The pause Well. A. Analyst") < said.index("Of four")
    assert "Tenor Week 2-year +16 bp A. Analyst, US rates strategy" in said


def test_the_preview_follows_what_is_written(desk):
    preview = Preview(desk, parse_as_of(AS_OF), NOW, "treasury-weekly", "en")
    before = preview.stamps()
    assert "Words of ours" not in preview.page()
    path = put(desk, HEAD + "Words of ours.\n", "week")
    assert set(preview.stamps()) - set(before) >= {path}
    assert "Words of ours" in preview.page()
    path.write_text(HEAD + "At 7.77%.\n")
    with pytest.raises(CommentaryError, match=r"week\.md line 4"):
        preview.page()
    shutil.rmtree(path.parent)
    assert "Words of ours" not in preview.page()
