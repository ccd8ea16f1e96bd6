"""A note of invented facts, for tests of the page alone."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reportgen import text
from reportgen.assets import asset_dir
from reportgen.config import load_desk
from reportgen.model import NEW_YORK, Fact, Finding, Missing, Observation, Ref, Series
from reportgen.render.context import ComponentRow, DataTable, Exhibit, NoteContext, ReleaseRow, SeriesRow
from reportgen.render.note import load_note

AS_OF = dt.datetime(2025, 4, 10, 23, 59, tzinfo=NEW_YORK)
MARKET_DATE = dt.date(2025, 4, 10)
WEEK_START = dt.date(2025, 4, 4)

# id, value, unit, decimals, signed
NUMBERS: tuple[tuple[str, float | str, str, int, bool], ...] = (
    ("ust.2y.level", 3.84, "percent", 2, False),
    ("ust.2y.change_week", 16.0, "bp", 0, True),
    ("ust.2y.change_month", -5.0, "bp", 0, True),
    ("ust.10y.level", 4.40, "percent", 2, False),
    ("ust.10y.change_week", 39.0, "bp", 0, True),
    ("ust.10y.change_month", 18.0, "bp", 0, True),
    ("ust.30y.level", 4.86, "percent", 2, False),
    ("ust.30y.change_week", 45.0, "bp", 0, True),
    ("curve.2s10s.level", 56.0, "bp", 0, False),
    ("curve.2s10s.change_week", 23.0, "bp", 0, True),
    ("curve.regime", "bear_steepening", "text", 0, False),
    ("real.10y.level", 2.2, "percent", 2, False),
    ("real.10y.change_week", 37.0, "bp", 0, True),
    ("breakeven.10y.level", 2.2, "percent", 2, False),
    ("dollar.dxy.level", 100.87, "index", 2, False),
    ("dollar.dxy.change_week", -2.1, "percent", 1, True),
    ("equity.spx.level", 5268.05, "index", 0, False),
    ("equity.spx.change_week", 3.8, "percent", 1, True),
    ("vol.vix.level", 40.72, "index", 1, False),
    ("vol.vix.change_week", -4.6, "points", 1, True),
    ("vol.move.level", 128.0, "index", 0, False),
    ("vol.move.change_week", 2.7, "points", 1, True),
    ("gold.level", 3176.0, "usd", 0, False),
    ("credit.hy_oas.level", 437.0, "bp", 0, False),
    ("credit.hy_oas.change_week", -8.0, "bp", 0, True),
    ("fx.jpy.change_week", -1.6, "percent", 1, True),
    ("funding.sofr.level", 4.37, "percent", 2, False),
    ("funding.sofr.change_week", 2.0, "bp", 0, True),
    ("funding.sofr_iorb.level", 2.0, "bp", 0, False),
    ("facility.discount_window.level", 152.853, "usd_bn", 1, False),
    ("cot.total.lev_short_10y_eq", 6123456.0, "contracts", 0, False),
    ("cot.10y.lev_short", 2233498.0, "contracts", 0, False),
    ("cot.10y.lev_net.change_week", -1873687.0, "contracts", 0, True),
    ("liquidity.score", 31.0, "index", 0, False),
    ("liquidity.state", "weakening", "text", 0, False),
)

VERDICTS = (
    ("driver.basis_trade", "pending", "low"),
    ("driver.liquidity_selling", "needs_news", "low"),
    ("driver.policy_threat", "partly_supported", "medium"),
    ("driver.foreign_official_selling", "not_supported", "low"),
    ("clue.dollar_flight", "present", "medium"),
    ("clue.fx_intervention", "absent", "medium"),
    ("clue.forced_selling", "not_testable", "low"),
    ("perspective.which_factor", "supply_and_term_premium", "medium"),
    ("perspective.crisis_risk", "low", "high"),
    ("perspective.crisis_indicators", "funding_calm", "high"),
    ("perspective.policy_response", "wait", "medium"),
    ("perspective.long_term_value", "neutral", "low"),
)

CHARTS = (
    *("curve", "change_by_tenor", "cot_shorts", "cot_10y_eq", "yields", "slopes", "dollar_yield", "risk"),
    *("asia_fx", "credit", "repo_rates", "funding_spreads", "fed_liabilities", "facilities"),
    *("episodes_spx", "episodes_10y", "tic", "decomposition"),
)


def series(id: str = "ust_10y", **changes: object) -> Series:
    made = Series(
        id=id,
        title="Market yield on US Treasury securities at 10-year constant maturity",
        unit="percent",
        frequency="daily",
        source="FRED:DGS10",
        publication="treasury_close",
        max_age=3,
        expires=10,
        licence="public domain",
        citation="Board of Governors of the Federal Reserve System",
        url="https://fred.stlouisfed.org/series/DGS10",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def fact(id: str, value: float | str, unit: str, decimals: int = 0, signed: bool = False) -> Fact:
    published = dt.datetime(2025, 4, 10, 18, 0, tzinfo=NEW_YORK)
    inputs = tuple(
        Observation(series(), day, number, published)
        for day, number in ((MARKET_DATE, 4.4), (WEEK_START, 4.01))
    )
    return Fact(
        id=id,
        label=id.replace(".", " "),
        value=value,
        unit=unit,
        text=text.format_value(value, unit, decimals, signed=signed),
        observed=MARKET_DATE,
        published=published,
        inputs=inputs,
        method="difference of closes, ×100",
        start=WEEK_START if signed else None,
        decimals=decimals,
        signed=signed,
    )


def svg(id: str, *, width: float = 84, height: float = 56, label: str = "10-year") -> str:
    """Draw a figure as the charts do: text as text, ids prefixed."""
    w, h = width * 72 / 25.4, height * 72 / 25.4
    points = " ".join(
        f"L {20 + i * (w - 60) / 80:.1f} {h / 2 + (i * 37 % 23) - i * 0.4:.1f}" for i in range(80)
    )
    rule = f'H {w - 40:.0f}" stroke="#d5dae0" stroke-width=".5"/>'
    grid = "".join(f'<path d="M 20 {y} {rule}' for y in (30, 70, 110))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.1f} {h:.1f}" width="{w:.1f}pt">'
        f'<g id="{id}_plot">{grid}'
        f'<path d="M 20 {h / 2:.1f} {points}" fill="none" stroke="#14365d" stroke-width="1.2"/>'
        f'<text x="{w - 36:.1f}" y="{h / 2 - 20:.1f}" font-family="IBM Plex Sans">{label}</text>'
        "</g></svg>"
    )


def exhibit(id: str, **changes: object) -> Exhibit:
    rows = tuple((dt.date(2025, 4, 10) - dt.timedelta(weeks=i), 4.4 - i / 100, None) for i in range(60))
    full = id == "gauge"
    made = Exhibit(
        id=id,
        size="full" if full else "half",
        svg=svg(id, width=178 if full else 84),
        title="It {{ dir('ust.10y.change_week', 'rose', 'fell', 'held') }} {{ fact('ust.10y.change_week') }}",
        subtitle="Treasury par yields, percent",
        alt="The 10-year yield stands at {{ fact('ust.10y.level') }}.",
        source_line="Source: US Treasury, FRED. As of 10 April 2025.",
        table=DataTable(("Date", "10-year", "2-year"), rows),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def note_context(**changes: object) -> NoteContext:
    """Make a whole note: every fact, finding and exhibit that the sections ask for."""
    facts = {row[0]: fact(*row) for row in NUMBERS}
    due = dt.datetime(2025, 4, 11, 15, 30, tzinfo=NEW_YORK)
    findings = {
        id: Finding(id, "Is it so?", verdict, confidence, (), (), "The evidence points one way.", None)
        for id, verdict, confidence in VERDICTS
    }
    findings["driver.basis_trade"] = replace(findings["driver.basis_trade"], due=due)
    watch = Ref(
        "gauge.sofr_iorb.watch", f"5{text.NBSP}bp", 5.0, "bp", "thresholds.toml, desk, valid from 2018"
    )
    stress = Ref(
        "gauge.sofr_iorb.stress", f"10{text.NBSP}bp", 10.0, "bp", "thresholds.toml, desk, valid from 2018"
    )
    z = Ref("basis.z", f"{text.MINUS}1.5 standard deviations", -1.5, "z", "thresholds.toml, desk")
    made = NoteContext(
        note="treasury-weekly",
        lang="en",
        note_id="TW-2025-04-10-r1",
        as_of=AS_OF,
        market_date=MARKET_DATE,
        week_start=WEEK_START,
        facts=facts,
        missing={
            "foreign.custody.level": Missing(
                "foreign.custody.level", "h41_custody (FRED:WMTSECL1)", "not in the embedded data"
            ),
            "foreign.custody.change_week": Missing(
                "foreign.custody.change_week", "h41_custody (FRED:WMTSECL1)", "not in the embedded data"
            ),
        },
        findings=findings,
        thresholds={ref.id: ref for ref in (watch, stress, z)},
        exhibits=tuple(exhibit(id) for id in (*CHARTS, "gauge")),
        releases=(
            ReleaseRow(due, "CFTC positions"),
            ReleaseRow(dt.datetime(2025, 4, 14, 16, 15, tzinfo=NEW_YORK), "H.10 exchange rates"),
            ReleaseRow(dt.datetime(2025, 4, 17, 16, 30, tzinfo=NEW_YORK), "H.4.1"),
        ),
        series=tuple(
            SeriesRow(series(f"s{i}"), MARKET_DATE, facts["ust.10y.level"].published, "fresh")
            for i in range(40)
        ),
        gauge=tuple(
            ComponentRow(
                f"c{i}", name, facts["funding.sofr_iorb.level"], watch, stress, "watch" if i == 1 else "calm"
            )
            for i, name in enumerate(
                ("SOFR over IORB", "SOFR tail", "Desk repo", "Discount window", "Swap lines", "MOVE")
            )
        ),
        desk=load_desk(),
        versions={"reportgen": "0.1.0"},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def make_context() -> Callable[..., NoteContext]:
    return note_context


@pytest.fixture(scope="session")
def make_fact() -> Callable[..., Fact]:
    return fact


@pytest.fixture(scope="session")
def make_exhibit() -> Callable[..., Exhibit]:
    return exhibit


@pytest.fixture(scope="session")
def context() -> NoteContext:
    return note_context()


def place_templates(folder: Path) -> Path:
    """Copy the house's templates, with sections of the tests' own."""
    templates = folder / "templates"
    shutil.copytree(asset_dir("templates"), templates)
    sections = templates / "treasury-weekly" / "en" / "sections"
    shutil.rmtree(sections)
    shutil.copytree(Path(__file__).parent / "sections", sections)
    for entry in load_note(templates, "treasury-weekly").section:  # the others say nothing here
        (sections / f"{entry.id}.html.j2").touch()
    return templates


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Templates that tests may read but not change."""
    return place_templates(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def own_templates(tmp_path: Path) -> Path:
    """Templates that one test may change."""
    return place_templates(tmp_path)
