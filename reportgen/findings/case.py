"""What every question looks at, and the sell-off that the drivers are to explain."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from reportgen import catalog
from reportgen.calendars import publication
from reportgen.findings.events import Event
from reportgen.indicators.facts import FactSet
from reportgen.indicators.pressure import ASIA
from reportgen.indicators.thresholds import Thresholds
from reportgen.model import Fact, Finding

TEN = "ust.10y.change_week"
CURRENCIES = {
    "krw": "won",
    "twd": "Taiwan dollar",
    "cny": "yuan",
    "inr": "rupee",
    "thb": "baht",
    "sgd": "Singapore dollar",
}


@dataclass(frozen=True, slots=True)
class Case:
    """The facts, thresholds and events of one moment."""

    facts: FactSet
    thresholds: Thresholds
    events: tuple[Event, ...]

    @property
    def as_of(self) -> dt.datetime:
        """Return the moment."""
        return self.facts.as_of

    def number(self, fact_id: str) -> float | None:
        """Return a fact's number, None where it is missing."""
        return self.facts.number(fact_id)

    def fact(self, fact_id: str) -> Fact | None:
        """Return a fact, None where it is missing."""
        return self.facts.get(fact_id)

    def limit(self, threshold_id: str) -> float:
        """Return a threshold in force on the market date."""
        return self.thresholds.value(threshold_id, self.facts.market_date)

    def at_least(self, fact_id: str, threshold_id: str) -> bool:
        """Say whether a fact is held and reaches a threshold."""
        value = self.number(fact_id)
        return value is not None and round(value, 9) >= self.limit(threshold_id)

    def at_most(self, fact_id: str, threshold_id: str, sign: float = 1.0) -> bool:
        """Say whether a fact is held and does not exceed a threshold (times sign)."""
        value = self.number(fact_id)
        return value is not None and round(value, 9) <= sign * self.limit(threshold_id)

    def unusual_rise(self, fact_id: str) -> bool:
        """Say whether a change is a rise, and larger than almost all changes before."""
        return (self.number(fact_id) or 0) > 0 and self.at_least(f"{fact_id}_size", "size.unusual")

    @property
    def drawn(self) -> tuple[str, ...]:
        """Return the dollars that foreign officials keep at the Fed on which they drew within the week."""
        held = ("foreign.custody.change_week", "facility.foreign_rrp.change_week")
        return tuple(i for i in held if self.of_this_week(i) and self.at_most(i, "custody.fall"))

    def of_this_week(self, fact_id: str) -> bool:
        """Say whether a fact's newest observation lies in the note's week."""
        fact = self.fact(fact_id)
        return fact is not None and fact.observed > self.facts.week_start

    @property
    def sell_off(self) -> str | None:
        """Return the tenor ("10y" or "30y") whose yield rose or peaked enough to need explaining, if any."""
        for tenor in ("10y", "30y"):
            if any(
                self.at_least(f"ust.{tenor}.{facet}", "move.small") for facet in ("change_week", "peak_week")
            ):
                return tenor
        return None

    @property
    def is_blind(self) -> bool:
        """Say whether it cannot be seen if there was a sell-off."""
        return self.sell_off is None and self.fact(TEN) is None

    @property
    def long_end_led(self) -> bool:
        """Say whether the 30-year yield rose more than the 2-year by a move that counts."""
        thirty, two = self.number("ust.30y.change_week"), self.number("ust.2y.change_week")
        led = thirty is not None and two is not None and round(thirty - two, 9) >= self.limit("move.small")
        return led and self.at_least("ust.30y.change_week", "move.small")

    def pressed(self) -> tuple[str, ...]:
        """Return the Asian currencies that lost at least the pressure threshold, hardest hit first."""
        found = (c for c in ASIA if self.at_least(f"fx.{c}.change_week", "fx.pressure"))
        return tuple(sorted(found, key=lambda c: -(self.number(f"fx.{c}.change_week") or 0)))

    @property
    def leaned_on(self) -> bool:
        """Say whether the market leans on Asian currencies: two past the threshold, or all together."""
        return len(self.pressed()) >= 2 or self.at_least("fx.asia.pressure", "fx.asia")

    def weakest(self) -> str | None:
        """Return the Asian currency that lost most, or gained least."""
        moves = {c: self.number(f"fx.{c}.change_week") for c in ASIA}
        held = {c: move for c, move in moves.items() if move is not None}
        return max(held, key=lambda c: held[c]) if held else None

    def lacking(self, fact_id: str) -> str:
        """Name the input for want of which a fact is missing, and why."""
        gap = self.facts.missing[fact_id]
        return f"{catalog.series(gap.input.partition(' ')[0]).title}: {gap.why}"

    def untestable(self, finding_id: str, question: str, fact_id: str) -> Finding:
        """Return the finding of a clue that cannot be tested for want of a fact."""
        reason, due = f"Not testable: {self.lacking(fact_id)}.", self.facts.missing[fact_id].due
        return Finding(finding_id, question, "not_testable", "low", (), (), reason, due)

    def on_file(self, finding_id: str) -> str:
        """Say, as a sentence of its own, what the desk's event file holds for or against a finding."""
        told = [e for e in self.events if finding_id in (*e.supports, *e.contradicts)]
        if not told:
            return ""
        return f" On the desk's file: {'; '.join(headed(e) for e in told)}."


def headed(event: Event) -> str:
    """Return an event's headline, in quotation marks, and its date."""
    return f"“{event.headline}” ({event.date.day} {event.date:%B %Y})"


def lost(currencies: tuple[str, ...]) -> str:
    """Say what currencies lost, the first three by name."""
    named = [f"the {CURRENCIES[c]} {{{{ fx.{c}.change_week|magnitude }}}}" for c in currencies[:3]]
    named[0] = named[0].replace(" {{", " lost {{", 1)
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def no_move(case: Case, finding_id: str, question: str) -> Finding:
    """Return the finding of a week without a sell-off to explain, pending the closes that would show one."""
    ten = case.number(TEN)
    if ten is None:
        reason = f"Whether there was a move to explain cannot be seen. {case.lacking(TEN)}."
        release = publication.next_release(catalog.series("ust_10y").publication, case.as_of)
        due = None if release is None else release.at
        return Finding(finding_id, question, "pending", "low", (), (), reason, due)
    if abs(ten) < 0.5:
        reason = "No move to explain: the 10-year yield ended the week where it began."
    else:
        verb = "fell" if ten < 0 else "rose only"
        size = "{{ ust.10y.change_week|magnitude }}"
        reason = f"No move to explain: the 10-year yield {verb} {size} on the week."
    return Finding(finding_id, question, "not_supported", "high", (), (), reason)
