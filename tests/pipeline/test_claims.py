"""The ten claims of the first note, of 10 April 2025: each reached from data, or answered with why not.

The table names for each claim the facts that answer it, with the publisher's own figures where they can be
typed, and the words in which the note of that as-of says so.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

import pytest

from reportgen.embedded import FOLDER
from reportgen.figures.figure import Figure
from reportgen.pipeline.analysis import Analysis, add_gauge_history
from reportgen.pipeline.exhibits import draw_all
from reportgen.render import fonts
from reportgen.store import RESTRICTED
from tests.pipeline.test_notes import DESIGN, analysed, page, prose, words

pytestmark = pytest.mark.skipif(
    not (FOLDER / RESTRICTED).is_dir(), reason="the restricted series are not in this copy"
)


@dataclass(frozen=True)
class Claim:
    """A claim, how it fares, the facts and verdicts that answer it, and what the note says.

    answer: reached, corrected (the data say otherwise), partly (only a part can be said), waits (its evidence
    is due later).
    """

    number: str
    says: str
    answer: str
    facts: dict[str, float | str]
    said: tuple[str, ...]
    verdicts: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


# Figures: H.15 (yields), New York Fed (SOFR 4.42% and EFFR 4.33% of 9 April), Board (rate on reserves 4.40%),
# H.4.1 of 10 April 2025, CFTC report of 1 April, closes of S&P 500 (5,268.05; 5,074.08), VIX (40.72; 45.31)
# and MOVE (128.35); BLS (unemployment 4.2% in March).
CLAIMS = (
    Claim(
        "1a",
        "10- and 30-year yields up sharply, 2-year less than 20 bp: a marked bear steepening",
        "reached",
        {
            "ust.2y.change_week": 384 - 368,
            "ust.10y.change_week": 440 - 401,
            "ust.30y.change_week": 486 - 441,
            "curve.2s10s.change_week": 56 - 33,
            "curve.regime": "bear_steepening",
        },
        (
            r"the 2-year yield rose 16 bp, the 10-year 39 bp and the 30-year 45 bp",
            r"A bear steepening of 23 bp",
        ),
    ),
    Claim(
        "1b",
        "10- and 30-year yields near 4.5% and 5.0% at their highs within the week, up about 50 bp",
        "partly",
        {"ust.10y.level": 4.40, "ust.30y.level": 4.86, "ust.10y.peak_week": 39},
        (r"Yields, prices and volatilities are closes; highs and lows within a day are not held",),
    ),
    Claim(
        "2",
        "Priced rate cuts changed little",
        "reached",
        {
            "policy.cuts_12m.level": (4.33 - 3.97) * 4,
            "policy.cuts_12m.change_week": (4.33 - 3.97 - 4.33 + 3.86) * 4,
        },
        (
            r"prices 1\.4 cuts of 25 bp over twelve months, 0\.4 fewer than a week ago: "
            r"the expected path changed little",
        ),
    ),
    Claim(
        "3",
        "Macro data did not change dramatically; other assets did not move in step",
        "reached",
        {
            "macro.unemployment.level": 4.2,
            "macro.unemployment.change_month": 0,
            "equity.spx.change_week": (5268.05 / 5074.08 - 1) * 100,
            "vol.vix.change_week": 40.72 - 45.31,
        },
        (
            r"Unemployment was unchanged at 4\.2% in March, "
            r"and core consumer prices rose 2\.8% in the year to March, with later revisions included: "
            r"little in these data explains the move",
            r"stocks, up 3\.8% on the week, do not fit the picture of a flight",
        ),
    ),
    Claim(
        "4a",
        "Liquidation of basis positions, to be tested by the CFTC's shorts, not yet out",
        "waits",
        {"cot.total.lev_short_notional": 1143.3104},
        (
            r"cannot be told yet: the CFTC's report of 8 April 2025 is due Friday 11 April at 15:30",
            r"Gross shorts overstate the basis trade",
        ),
        {"driver.basis_trade": "pending"},
    ),
    Claim(
        "4b",
        "Institutions under liquidity pressure selling (Norinchukin)",
        "partly",
        {"liquidity.state": "weakening"},
        (r"No event on the desk's file reports a forced sale",),
        {"driver.liquidity_selling": "needs_news"},  # its loss of February 2025 is older than 28 days
    ),
    Claim(
        "4c",
        "A hint on 7 April that foreign holders might pay for public goods",
        "reached",
        {"ust.30y.change_week": 45},
        (
            r"hints that foreign holders might pay for US public goods” \(7 April 2025\); "
            r"the market symptoms fit",
        ),
        {"driver.policy_threat": "partly_supported", "perspective.which_factor": "policy_threat"},
    ),
    Claim(
        "4d",
        "Foreign central banks selling",
        "waits",
        {"foreign.tic.total.level": 8617.6},
        (
            r"Whether foreign central banks sold cannot be told yet: the week's exchange rates are due "
            r"Monday 14 April at 16:15; custody holdings at the New York Fed are not in this data set",
        ),
        {"driver.foreign_official_selling": "pending"},
        ("foreign.custody.level", "foreign.custody.change_week"),
    ),
    Claim(
        "5a",
        "Yields up with the dollar and stocks down suggests flight from dollar assets",
        "corrected",
        {"dollar.dxy.change_week": (100.87 / 103.02 - 1) * 100, "rarity.yields_up_dollar_down": 0},
        (
            r"moved as in a flight; stocks \(\+3\.8%\) did not",
            r"No earlier span of as many sessions since 2015",
        ),
        {"clue.dollar_flight": "partly_present"},
    ),
    Claim(
        "5b",
        "Central-bank selling serves intervention, and some Asian currencies were under pressure",
        "reached",
        {"fx.thb.change_week": 1.7},
        (r"the baht lost 1\.7% in the week to 4 April", r"Asian currencies moved as in a usual week"),
        {"clue.fx_intervention": "partly_present"},
    ),
    Claim(
        "5c",
        "The size of the sale points to forced selling",
        "reached",
        {"vol.move.level": 128.35},
        (r"The sale has the three marks of a forced one",),
        {"clue.forced_selling": "present"},
    ),
    Claim(
        "6",
        "Dollar liquidity weakened a little, still barely robust, far from crisis",
        "reached",
        {"liquidity.state": "weakening", "fed.reserves.level": 3474.682},
        (
            r"Dollar liquidity is weakening, but no funding indicator confirms it",
            r"The liquidity gauge reads 34, weakening; a funding component at stress would turn it strained",
        ),
        {"perspective.crisis_risk": "low"},
    ),
    Claim(
        "7",
        "SOFR, SOFR less federal funds, reverse repo and the discount window would show the brink",
        "reached",
        {
            "funding.sofr.level": 4.42,
            "funding.sofr_effr.level": 9,
            "funding.sofr_iorb.level": 2,
            "facility.discount_window.level": 2.713,
        },
        (
            r"SOFR was 4\.42% on 9 April, 2 bp above the rate on reserves and 9 bp above federal funds",
            r"Banks owed the discount window \$2\.7bn on 9 April",
        ),
        {"perspective.crisis_indicators": "none"},
    ),
    Claim(
        "8a",
        "The Fed stops QT and may restart QE",
        "corrected",
        {"fed.treasuries.pace": "runoff", "fed.treasuries.change_4w": -22.706},
        (
            r"it is strain that brings operations",
            r"The Fed lets up to \$5bn of Treasuries run off a month",
        ),
        {"perspective.policy_response": "watchful"},
    ),
    Claim(
        "8b",
        "2019: back in one to two months; March 2020: stocks longer, yields in about a month",
        "corrected",
        {
            "analogue.2019_09.spx.days_to_recover": 29,
            "analogue.2020_03.spx.days_to_recover": 126,
            "analogue.2020_03.ust10y.days_to_recover": 6,
        },
        (
            r"stocks were back where they began after 29 trading days; "
            r"in the crisis of March 2020 stocks took 126 and the 10-year yield 6, though on 18 March 2020 "
            r"it stood 44 bp above its start again",
        ),
    ),
    Claim(
        "9",
        "Fundamentals favour Treasuries somewhat, inflation limits the fall of yields, foreign demand may "
        "decline; small positions while liquidity holds",
        "reached",
        {
            "real.10y.level": 2.21,
            "breakeven.10y.level": 2.19,
            "carry.10y.level": 1,
            "foreign.tic.total.change_12m": 664,
        },
        (
            r"That favours adding duration in steps",
            r"2\.19%, above the Fed's goal of 2%, limits how far",
            r"Treasuries held abroad rose \$664bn, those of officials \$20bn: the demand is private",
        ),
        {"perspective.long_term_value": "favour_gradually"},
    ),
    Claim(
        "10",
        "Risks: tariff policy, inflation above expectations, Fed tightening",
        "reached",
        {"policy.cuts_12m.level": (4.33 - 3.97) * 4},
        (
            r"Tariffs or fiscal policy change what foreign holders are paid",
            r"Inflation comes in above expectations",
            r"The Federal Reserve tightens, or eases less than priced",
        ),
    ),
)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    found = analysed("2025-04-10")
    add_gauge_history(found)
    return found


@pytest.fixture(scope="module")
def said(analysis: Analysis) -> str:
    figures: list[Figure] = draw_all(analysis, DESIGN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fonts, "embedded_rules", lambda *_, **__: "")
        return words(prose(page(analysis, figures)))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.number)
def test_each_claim_is_reached_or_answered(claim: Claim, analysis: Analysis, said: str) -> None:
    assert claim.answer in ("reached", "corrected", "partly", "waits")
    for fact_id, value in claim.facts.items():
        found = analysis.facts.facts[fact_id].value
        if isinstance(value, str):
            assert found == value, fact_id
        else:
            assert found == pytest.approx(value, rel=5e-3, abs=0.06), fact_id
    for finding_id, verdict in claim.verdicts.items():
        assert analysis.findings[finding_id].verdict == verdict, finding_id
    for fact_id in claim.missing:
        assert fact_id in analysis.facts.missing
    for pattern in claim.said:
        assert re.search(pattern, said), f"{claim.says}: {pattern!r} is not said"


def test_what_waits_says_when(analysis: Analysis) -> None:
    waiting = [v for c in CLAIMS if c.answer == "waits" for v in c.verdicts]
    assert waiting
    for finding_id in waiting:
        due = analysis.findings[finding_id].due
        assert due is not None
        assert analysis.facts.as_of < due <= analysis.facts.as_of + dt.timedelta(days=7)


def test_no_claim_is_left_out() -> None:
    assert {re.sub(r"\D", "", c.number) for c in CLAIMS} == {str(n) for n in range(1, 11)}
