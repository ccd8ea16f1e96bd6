"""Every week's note, read as words: nothing unfilled, nothing empty, no verb against its figure."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from markupsafe import Markup

from reportgen.checks.numerals import audit
from reportgen.figures.figure import Figure
from reportgen.model import NEW_YORK
from reportgen.pipeline import auditing
from reportgen.pipeline.analysis import Analysis, Desk, add_gauge_history, analyse
from reportgen.pipeline.comparison import argued
from reportgen.pipeline.composing import compose
from reportgen.pipeline.design import load_design
from reportgen.pipeline.exhibits import draw_all
from reportgen.render import fonts, html
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
NOTE = "treasury-weekly"
DESIGN = load_design(Desk(), NOTE, "en")
FRIDAYS = [dt.date(2018, 6, 1) + dt.timedelta(weeks=w) for w in range(429)]
UP = "edged up|rose|jumped|surged|edged wider by|widened by|widened sharply, by|blew out by|steepened"
DOWN = (
    "edged down|fell|dropped|plunged|eased|edged tighter by|narrowed by|narrowed sharply, by|"
    "collapsed by|flattened"
)
MOVED = re.compile(rf'\b({UP}|{DOWN})\s+<button[^>]*data-fact="([^"]+)"[^>]*>([^<]*)<')
UNFILLED = re.compile(
    r"\bnan\b|\bNone\b|\binf\b|\{\{|\}\}|Undefined|Traceback|\(\s*\)|\.\.|,\.|;\.|\s[.,;:]\s|:\s*[.;]|\bby <|"
    r"[+−]0 bp|[+−]0\.0%|\ue000|\ue001|\ue002"
)


@pytest.fixture(scope="session")
def drawn() -> list[Figure]:
    """Exhibits drawn once: the walk reads words, titles and alternative texts, not pictures."""
    analysis = analysed("2025-04-10")
    add_gauge_history(analysis)
    return draw_all(analysis, DESIGN)


def analysed(as_of: str) -> Analysis:
    return argued(analyse(Desk(), parse_as_of(as_of), NOW, allow_stale=True))


def page(analysis: Analysis, figures: list[Figure]) -> str:
    return html.page(compose(analysis, DESIGN, figures), DESIGN.templates)


def prose(page_html: str) -> str:
    """Return the page without pictures, tables of data, style and pedigrees."""
    main = page_html[page_html.index("<main") : page_html.index("</main>")]
    return re.sub(r"<svg.*?</svg>|<details.*?</details>", "", main, flags=re.DOTALL)


def words(fragment: str) -> str:
    return " ".join(
        Markup(re.sub(r"<[^>]+>", "", fragment)).unescape().replace("\N{NO-BREAK SPACE}", " ").split()
    )


def check(analysis: Analysis, figures: list[Figure]) -> None:
    context = compose(analysis, DESIGN, figures)
    whole = html.page(context, DESIGN.templates)
    known = auditing.origins(analysis, context)
    faults = [str(f) for f in audit(whole, known.facts, known.refs, known.quotes, known.dues)]
    assert faults == []
    body = prose(whole)
    day = analysis.snapshot.market_date
    for paragraph in re.findall(
        r"<(?:p|li|h1|h2|h3|td|th)\b[^>]*>(.*?)</(?:p|li|h1|h2|h3|td|th)>", body, re.DOTALL
    ):
        said = words(paragraph)
        assert not (found := UNFILLED.search(said)), f"{day}: {found[0]!r} in {said!r}"
    for paragraph in re.findall(r"<p>(.*?)</p>", body, re.DOTALL):
        said = words(paragraph)
        assert said, f"{day}: an empty paragraph"
    for verb, fact_id, shown in MOVED.findall(body):
        number = analysis.facts.facts[fact_id].number
        assert (number > 0) == (verb in UP.split("|")), f"{day}: {verb} {shown}, but {fact_id} is {number}"
        assert not shown.startswith(("+", "−")), f"{day}: {verb} {shown}: a sign beside a verb"
    said = words(body)
    if analysis.findings["perspective.which_factor"].verdict == "no_move":
        assert "sell-off." not in said.replace("There was no sell-off", ""), f"{day}: a sell-off that is none"
    if analysis.facts.facts["liquidity.state"].value == "robust":
        assert "liquidity is robust" in said
        assert "strained" not in said[: said.index("Risk warning")].replace("strained two funding", "")


@pytest.mark.parametrize("year", range(2018, 2027))
def test_every_fourth_week_reads_clean(
    year: int, drawn: list[Figure], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read a fourth of the weeks, other ones in each year; the slow walk below reads all."""
    # Subsetting fonts says nothing about words.
    monkeypatch.setattr(fonts, "embedded_rules", lambda *_, **__: "")
    for friday in [f for f in FRIDAYS if f.year == year][year % 4 :: 4]:
        check(analysed(friday.isoformat()), drawn)


@pytest.mark.slow
@pytest.mark.parametrize("year", range(2018, 2027))
def test_every_week_is_drawn_and_reads_clean(year: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw each week's own exhibits, too."""
    monkeypatch.setattr(fonts, "embedded_rules", lambda *_, **__: "")
    for friday in (f for f in FRIDAYS if f.year == year):
        analysis = analysed(friday.isoformat())
        add_gauge_history(analysis)
        figures = draw_all(analysis, DESIGN)
        assert sum(not f.empty for f in figures) >= 12
        check(analysis, figures)


@pytest.mark.parametrize(
    "as_of", ["2025-04-09T10:00", "2020-03-16T08:30", "2019-09-17T07:59", "2024-12-31", "2025-10-13"]
)
def test_odd_moments_read_clean(as_of: str, drawn: list[Figure]) -> None:
    check(analysed(as_of), drawn)


def test_seeds_week() -> None:
    """The note of 10 April 2025 says what the seed's analysts saw that day."""
    found = analysed("2025-04-10")
    assert found.facts.facts["curve.regime"].value == "bear_steepening"
    assert found.facts.facts["ust.2y.change_week"].number < 20
    basis = found.findings["driver.basis_trade"]
    assert basis.verdict == "pending"
    assert basis.due == dt.datetime(2025, 4, 11, 15, 30, tzinfo=NEW_YORK)
    later = analysed("2025-04-11T18:00").findings["driver.basis_trade"]
    assert later.verdict != "pending"


def test_shutdown_is_named(drawn: list[Figure]) -> None:
    said = words(prose(page(analysed("2025-11-14"), drawn)))
    assert "the newest observation is of 23 September 2025" in said
    assert "federal shutdown" in said


@pytest.mark.parametrize(
    ("as_of", "unsaid", "said"),
    [
        # A high-yield spread of 538 bp is past its watch threshold.
        ("2018-12-28", "tell of no stress", "The VIX stands at 28.3, the high-yield spread at 538 bp."),
        # The MOVE index at 135 is past its watch threshold, and a mark of forced selling in the same note.
        ("2023-10-20", "tell of no stress", "in rates volatility is high, with the MOVE index at 135."),
        # The 5-year yield rose 16 bp, the 30-year as little as the 2-year.
        ("2021-02-26", "long ones most", "Yields rose, those of the belly most."),
        # The 30-year yield rose.
        ("2023-12-22", "Yields fell, short ones most", "Short yields fell. Over 5 sessions"),
        # The largest rise of the target range since 1994; the 10-year stood 34 bp higher on the Tuesday.
        ("2022-06-17", "edge up", "Yields rise across the curve, stocks drop"),
        # SOFR stood 8 bp above the rate on reserves, and the threshold is 5.
        ("2019-08-16", "stands past its watch", "No funding indicator counts as past its watch threshold"),
        # The run-off had ended on 1 August.
        ("2019-08-16", "the run-off goes on", "to $2,081bn: the span reaches back before these terms."),
        # The Desk lent $75bn that day, of which the data hold the part against Treasuries.
        ("2019-09-18", "in overnight repo", "lent $51.5bn overnight against Treasuries on 18 September"),
        # What is owed is a stock, not a week's drawing.
        ("2020-06-12", "drew", "Foreign central banks owed $444.5bn on the swap lines on 10 June."),
        # The 30-year yield stood where it was.
        ("2022-07-29", "The whole curve moved down", "Yields fell, but for the longest."),
        # One verb, said once.
        ("2023-07-14", "dollar drops", "Yields drop, the belly most, as does the dollar; funding holds"),
        # Stocks were held, and had risen.
        (
            "2026-07-31",
            "The dollar index or stocks",
            "the S&P 500 rose 1.0% on the week. Volatility and credit",
        ),
        # From 0.3 cuts to 0.1 rises is not a change by 0.4 rises.
        ("2026-03-13", "rises of 25 bp over twelve months, 0.4", "where a week ago it priced some easing."),
        # The jobs report of July 2024 came out on 2 August.
        ("2024-08-09", "in June, and", "in July, and core consumer prices"),
        # Swap lines still drawn since 2020 are no friction of the week.
        ("2021-02-26", "funding shows friction", "robust, though a funding indicator stands past its watch"),
        # Stocks rose 6% while the dollar fell less than in a third of all weeks.
        (
            "2022-03-18",
            "flight from dollar assets.",
            "A bear flattening of 8 bp left the 10-year yield 14 bp higher",
        ),
        # As partly as the verdict of the clue.
        ("2025-04-10", "points to flight", "with a falling dollar fits flight from dollar assets in part"),
        # Dates of reasons as those of all else: without the year that the note is of.
        ("2021-02-26", "25 February 2021", "speed until 25 February and a jump of volatility"),
    ],
)
def test_the_first_lines_say_no_more_than_the_verdicts(
    as_of: str, unsaid: str, said: str, drawn: list[Figure]
) -> None:
    analysis = analysed(as_of)
    check(analysis, drawn)
    shown = words(prose(page(analysis, drawn)))
    assert said in shown
    assert unsaid not in shown


def test_before_the_gauge_begins_the_side_column_says_so(drawn: list[Figure]) -> None:
    shown = words(prose(page(analysed("2016-11-11"), drawn)))
    assert "Dollar liquidity Not known: the gauge begins on 1 June 2018 with SOFR's history." in shown


@pytest.mark.parametrize(
    ("as_of", "exhibit", "week"),
    [
        ("2025-04-10", "asia_fx", "in the week to 4 April"),
        ("2025-04-10", "cot_shorts", "in the week to 1 April"),
        ("2025-04-10", "cot_10y_eq", "in the week to 1 April"),
        ("2025-11-14", "cot_shorts", "in the week to 23 September"),
        ("2020-03-20", "asia_fx", "in the week to 13 March"),
        ("2020-03-20", "cot_10y_eq", ""),  # the report of 17 March is of the week itself
    ],
)
def test_a_title_names_the_week_of_data_that_do_not_reach_into_the_note_s(
    drawn: list[Figure], as_of: str, exhibit: str, week: str
) -> None:
    whole = page(analysed(as_of), drawn)
    title = re.search(rf'id="exhibit-{exhibit}".*?<p class="xtitle">(.*?)</p>', whole, re.DOTALL)
    assert title is not None
    assert week in words(title[1])
    assert "on the week" not in words(title[1])
    assert bool(week) == ("in the week to" in words(title[1]))


def test_a_code_that_series_share_says_which_of_them_are_late(drawn: list[Figure]) -> None:
    whole = page(analysed("2025-11-14"), drawn)
    rows = re.findall(r"<tr>(.*?)</tr>", whole[whole.index('id="gaps"') :], re.DOTALL)
    cftc = [words(row) for row in rows if "Commodity Futures" in row]
    assert len(cftc) == 2
    late, missing = sorted(cftc, key=lambda row: "not in this data set" in row)
    assert "CFTC:020604 (leveraged funds long, leveraged funds short)" in late
    assert "CFTC:020604 (asset managers long, asset managers short)" in missing
    assert "CFTC:043607; CFTC:042601, " in missing  # of the Ultra 10-year nothing is held
