"""Last week beside this one: computed from the same store, blind to what came later, and only for a note."""

from __future__ import annotations

import datetime as dt

import pytest

from reportgen.embedded import FOLDER
from reportgen.findings.changes import BEFORE
from reportgen.findings.events import DECISIONS
from reportgen.model import NEW_YORK
from reportgen.pipeline.analysis import Analysis, Desk, analyse
from reportgen.pipeline.comparison import argued
from reportgen.store import Store, write
from reportgen.text import parse_as_of

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def analysed(as_of: str, desk: Desk = Desk()) -> Analysis:  # noqa: B008
    return analyse(desk, parse_as_of(as_of), NOW, allow_stale=True)


def test_the_comparison_is_the_note_of_the_day_on_which_the_week_starts() -> None:
    found, then = argued(analysed("2025-04-10")), analysed("2025-04-04")
    assert found.comparison is not None
    assert found.comparison.as_of == dt.datetime(2025, 4, 4, 23, 59, tzinfo=NEW_YORK)
    for turn in found.comparison.verdicts:
        assert turn.before == then.findings[turn.id].verdict
        assert turn.now == found.findings[turn.id].verdict
    for fact_id, fact in found.comparison.facts.items():
        assert fact.value == then.facts.facts[fact_id.removeprefix(BEFORE)].value
        assert fact.published <= found.comparison.as_of


def test_facts_alone_go_without() -> None:
    found = analysed("2025-04-10")
    assert found.comparison is None
    assert not any(i.startswith((BEFORE, "trigger.")) for i in found.facts.facts)
    whole = argued(found)
    assert whole.facts.facts.keys() > found.facts.facts.keys()
    assert "trigger.shorts" in whole.references
    assert argued(whole) is whole


@pytest.mark.parametrize("as_of", ["2025-04-07T10:00", "2025-04-09T12:00", "2019-09-17T07:59", "2018-06-01"])
def test_any_moment_of_a_week_is_compared_with_its_start(as_of: str) -> None:
    found = argued(analysed(as_of))
    if found.comparison is not None:
        assert found.comparison.as_of.date() == found.facts.week_start
        assert found.comparison.as_of < found.facts.as_of


def test_the_first_week_of_the_data_has_none_before_it() -> None:
    first = Store(FOLDER).oldest("ust_10y")
    assert first is not None
    found = argued(analysed((first + dt.timedelta(8)).isoformat()))
    assert found.comparison is None
    assert found.triggers


def test_what_was_revised_since_does_not_reach_back(tmp_path: object) -> None:
    """A pack of a later moment gives the same comparison: the earlier moment sees its own vintages only."""
    from pathlib import Path

    folder = Path(str(tmp_path))
    found = argued(analysed("2025-04-10"))
    later = analysed("2025-06-20")
    write(later.snapshot.pack(), folder / "pack.parquet")
    again = argued(analysed("2025-04-10", Desk(data=folder)))
    assert found.comparison is not None
    assert again.comparison is not None
    assert again.comparison.verdicts == found.comparison.verdicts
    assert again.comparison.components == found.comparison.components
    assert {i: f.value for i, f in again.comparison.facts.items()} == {
        i: f.value for i, f in found.comparison.facts.items()
    }


def test_the_decisions_of_the_committee_are_on_every_desks_file() -> None:
    assert DECISIONS.is_file()
    kinds = {e.kind for e in analysed("2019-09-18").events}
    assert kinds == {"news", "background", "decision"}


def test_the_gauges_record_is_told_on_request() -> None:
    plain, told = argued(analysed("2025-11-14")), argued(analysed("2025-11-14"), record=True)
    assert plain.record is None
    assert not any(i.startswith("record.") for i in plain.facts.facts)
    # STLFSI4 of the week to 27 September 2019 was above zero, and published on 3 October (St. Louis Fed); the
    # gauge read strained from 17 September.
    assert told.facts.facts["record.2019_09.stlfsi4.strained"].value == 16
    assert told.facts.facts["record.2023_03.ofr_fsi.strained"].value == -3  # a miss is told as one
    assert told.facts.facts["record.false_a_year"].number < 2


def test_a_record_ends_with_what_its_note_knows() -> None:
    told = argued(analysed("2020-03-20"), record=True)
    assert told.record is not None
    assert told.record.end == dt.date(2020, 3, 20)
    assert not any(i.startswith(("record.2023", "record.2025")) for i in told.facts.facts)
