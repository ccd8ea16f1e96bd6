"""What a Treasury bought at par earns, and how far its yield may rise before a year's income is lost.

A par yield is that of a bond with semi-annual coupons at a price of 100, whose modified duration is
D(y, n) = (1 - (1 + y/2)^(-2n)) / y. After a year the bond has n - 1 years left; a rise of its yield by
income / D(y, n - 1) costs as much as the year has earned. The curve is taken as flat between n and n - 1
years (no roll-down) and the price as linear in the yield, which makes the cushion a little too small.
Financing is the median of SOFR's last five observations, so that a day's spike is not taken for a year's.
Source: modified duration of a bond at par in closed form, F. J. Fabozzi, Bond Markets, Analysis and
Strategies, chapter on price volatility.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import median

from reportgen.indicators.facets import missing as lacking
from reportgen.indicators.measures import Measures
from reportgen.model import Fact, Missing, Observation
from reportgen.text import format_value

TENORS = {"2y": 2, "5y": 5, "10y": 10, "30y": 30}
FACE = 1_000_000.0  # dollars
FINANCED_OVER = 5  # observations of SOFR
_BP = 1e-4
_NOTHING = 1e-12  # a rate below which the formula has no digits left


def modified_duration(yield_pct: float, years: float) -> float:
    """Return the modified duration of a bond at par with semi-annual coupons.

    Units: yield in percent; years. A yield of zero pays nothing before the end: the term itself.
    """
    rate = yield_pct / 100
    if abs(rate) < _NOTHING:
        return years
    return -math.expm1(-2 * years * math.log1p(rate / 2)) / rate  # 1 − (1 + rate/2)^(−2·years), near zero too


def par_bond_facts(
    measures: Measures, facts: Mapping[str, Fact], missing: Mapping[str, Missing]
) -> Iterator[Fact | Missing]:
    """Return carry over SOFR, DV01 and break-even cushions of par bonds.

    Units: carry and cushions in basis points over a year; DV01 in dollars a basis point for $1 million.
    """
    financing = _financing(measures)
    for tenor, years in TENORS.items():
        level = facts.get(f"ust.{tenor}.level")
        ids = (
            f"carry.{tenor}.level",
            *(f"value.{tenor}.{n}" for n in ("dv01", "cushion", "cushion_financed")),
        )
        if level is None:
            gap = missing[f"ust.{tenor}.level"]
            yield from (Missing(i, gap.input, gap.why, gap.due) for i in ids)
            continue
        duration = modified_duration(level.number, years - 1)
        closed = f"modified duration a year on, (1 - (1 + y/2)^-{2 * years - 2}) / y"
        bond = f"{years}-year par bond"
        dv01 = modified_duration(level.number, years) * FACE * _BP
        method = f"(1 - (1 + y/2)^-{2 * years}) / y, times face, times one basis point"
        yield _fact(
            ids[1], f"{bond}, value of a basis point for $1 million of face", dv01, "usd", level, method
        )
        income = level.number * 100
        label = f"{bond}, rise of the yield within a year that its income pays for"
        yield _fact(ids[2], label, income / duration, "bp", level, f"yield / {closed}")
        if isinstance(financing, Missing):
            yield from (Missing(i, financing.input, financing.why, financing.due) for i in (ids[0], ids[3]))
            continue
        rate = median(o.value for o in financing)
        carry = round(income - rate * 100, 9)
        cost = f"median of the last {len(financing)} observations of SOFR"
        label = f"{years}-year yield less SOFR of the last five days (carry of a financed holding)"
        yield _fact(ids[0], label, carry, "bp", level, f"ust_{tenor} - {cost}", financing, signed=True)
        label = f"{bond}, rise of the yield within a year that its carry over SOFR pays for"
        method = f"(yield - {cost}) / {closed}"
        yield _fact(ids[3], label, carry / duration, "bp", level, method, financing)


def _financing(measures: Measures) -> tuple[Observation, ...] | Missing:
    """Return SOFR's last observations, newest first."""
    fresh, history = measures.freshness("sofr"), measures.snapshot.history("sofr")
    if not fresh.usable:
        return lacking("carry", fresh.series, fresh.why or "too old", fresh.due)
    if len(history) < FINANCED_OVER:
        return lacking("carry", history.series, f"fewer than {FINANCED_OVER} observations are held")
    return tuple(history.at(len(history) - 1 - back) for back in range(FINANCED_OVER))


def _fact(
    fact_id: str,
    label: str,
    value: float,
    unit: str,
    level: Fact,
    method: str,
    financing: tuple[Observation, ...] = (),
    *,
    signed: bool = False,
) -> Fact:
    return Fact(
        id=fact_id, label=label, value=value, unit=unit, text=format_value(value, unit, 0, signed=signed),
        observed=level.observed, published=max([level.published, *(o.published for o in financing)]),
        inputs=level.inputs + financing, method=method, stale=level.stale, signed=signed,
    )  # fmt: skip
