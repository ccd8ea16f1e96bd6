"""Thresholds: dated, owned, sourced; malformed files are refused with file and entry."""

import datetime as dt

import pytest

from reportgen.errors import ConfigError
from reportgen.indicators.gauge import COMPONENTS
from reportgen.indicators.thresholds import load_thresholds

GOOD = """
[[threshold]]
id = "move.small"
value = 10
unit = "bp"
valid_from = 2015-01-01
owner = "Desk"
source = "Choice"

[[threshold]]
id = "move.small"
value = 12
unit = "bp"
valid_from = 2024-01-01
owner = "Desk"
source = "Choice"
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "thresholds.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_version_in_force_on_the_day(written):
    found = load_thresholds(written(GOOD))
    assert found.value("move.small", dt.date(2023, 12, 31)) == 10
    assert found.value("move.small", dt.date(2024, 1, 1)) == 12
    assert found.get("move.small", dt.date(2023, 1, 1)).valid_from == dt.date(2015, 1, 1)


def test_a_threshold_prints_with_its_source_owner_and_date(written):
    ref = load_thresholds(written(GOOD)).ref("move.small", dt.date(2025, 4, 10))
    assert ref.text == "12\xa0bp"
    for part in ("Choice", "move.small", "1\xa0January\xa02024", "Desk"):
        assert part in ref.source


def test_a_threshold_prints_with_the_decimals_it_was_given(written):
    finer = load_thresholds(written(GOOD.replace("value = 12", "value = 0.25")))
    assert finer.ref("move.small", dt.date(2025, 4, 10)).text == "0.25\xa0bp"
    assert finer.ref("move.small", dt.date(2020, 4, 10)).text == "10\xa0bp"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("value = 12", 'value = "high"', "move.small: value"),
        ('unit = "bp"\nvalid_from = 2024', 'unit = "ells"\nvalid_from = 2024', "move.small: unit"),
        ("valid_from = 2024-01-01", 'valid_from = "soon"', "move.small: valid_from"),
        ("value = 12\n", "", "move.small: value"),
        ("value = 12", "value = 12\nvlaue = 12", "move.small: vlaue"),
        ("value = 12", "value = nan", "move.small: value"),
        ("[[threshold]]", "[[treshold]]", "treshold"),
        ("value = 12", "value = ", "not readable as TOML"),
        ("valid_from = 2024-01-01", "valid_from = 2015-01-01", "move.small"),
    ],
)
def test_a_malformed_file_is_refused_with_file_and_entry(written, old, new, fault):
    with pytest.raises(ConfigError) as error:
        load_thresholds(written(GOOD.replace(old, new)))
    assert "thresholds.toml" in error.value.message
    assert fault in error.value.message


@pytest.mark.parametrize("new", ["", 'source = ""\n'])
def test_a_threshold_without_a_source_is_refused_with_its_line(written, new):
    first = next(n for n, line in enumerate(GOOD.splitlines(), 1) if line.startswith("source"))
    lines = GOOD.splitlines(keepends=True)
    text = "".join([*lines[: first - 1], new, *lines[first:]])
    owner = next(n for n, line in enumerate(lines, 1) if line.startswith("[[threshold]]"))
    line = first if new else owner
    with pytest.raises(ConfigError, match=rf"thresholds\.toml: line {line}: move\.small: source: "):
        load_thresholds(written(text))


def test_every_fault_is_named_at_once(written):
    text = GOOD.replace("value = 10", 'value = "low"').replace("value = 12", 'value = "high"')
    with pytest.raises(ConfigError) as error:
        load_thresholds(written(text))
    assert error.value.message.count("move.small: value") == 2


def test_an_unknown_threshold_is_an_error(thresholds):
    with pytest.raises(ConfigError, match=r"no entry 'gauge\.moon'"):
        thresholds.dated("gauge.moon")


def test_every_component_of_the_gauge_has_both_thresholds_in_order(thresholds):
    for component in COMPONENTS:
        for day in (dt.date(2019, 9, 17), dt.date(2025, 4, 10)):
            watch, stress = (thresholds.value(f"gauge.{component.id}.{k}", day) for k in ("watch", "stress"))
            assert watch < stress, component.id


def test_the_standing_repo_facility_has_thresholds_of_its_own(thresholds):
    before, after = dt.date(2021, 7, 28), dt.date(2021, 7, 29)
    assert thresholds.value("gauge.desk_repo.stress", before) == 20
    assert thresholds.value("gauge.desk_repo.stress", after) == 5
