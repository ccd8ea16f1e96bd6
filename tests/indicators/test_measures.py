"""The registry of measures, and how a measure is made of series."""

import numpy as np
import pytest

from reportgen import catalog, units
from reportgen.errors import CatalogueError
from reportgen.indicators import measures
from reportgen.indicators.measures import Measures, registry
from reportgen.text import parse_as_of


def test_every_measure_is_made_of_catalogued_series_and_convertible_units():
    for measure in registry().values():
        for series_id, _ in (*measure.terms, *measure.otherwise, *measure.published_change):
            unit = catalog.series(series_id).unit
            known = units.factor(unit, measure.unit) is not None
            assert known or (unit, measure.unit) == ("contracts", "usd_bn"), (measure.id, series_id)


def test_unknown_measure_names_the_known_ones():
    with pytest.raises(CatalogueError, match=r"unknown measure 'ust\.9y'") as error:
        measures.registry_entry("ust.9y")
    assert "ust.10y" in str(error.value.hint)


@pytest.mark.parametrize(
    ("change", "entry"),
    [("halves", {}), ("bp", {"unit": "furlongs"}), ("bp", {"colour": "red"})],
)
def test_a_malformed_entry_is_refused(monkeypatch, change, entry):
    row = {"id": "x.y", "label": "X", "unit": "bp", "change": change, "facts": [], "terms": [["sofr", 1]]}
    document = {"measure": [row | entry], "contracts": {"table": {}}}
    monkeypatch.setattr(measures, "_document", lambda: document)
    registry.cache_clear()
    try:
        with pytest.raises(CatalogueError, match=r"measures\.toml: x\.y"):
            registry()
    finally:
        registry.cache_clear()


def test_a_sum_takes_the_days_that_all_share(store_of):
    store = store_of(
        {
            "sofr": {"2025-04-07": 4.33, "2025-04-08": 4.40, "2025-04-09": 4.42},
            "effr": {"2025-04-07": 4.33, "2025-04-09": 4.33},
        }
    )
    spread = Measures(store.snapshot(parse_as_of("2025-04-10"))).history("funding.sofr_effr")
    assert spread.days.tolist() == np.array(["2025-04-07", "2025-04-09"], "datetime64[D]").tolist()
    assert spread.values.tolist() == [0.0, 9.0]  # not 8.999999999999986
    assert [str(o.day) for o in spread.observations(1)] == ["2025-04-09", "2025-04-09"]


def test_a_sum_lacking_one_series_is_empty(store_of):
    store = store_of({"sofr": {"2025-04-07": 4.33}})
    found = Measures(store.snapshot(parse_as_of("2025-04-10")))
    assert len(found.history("funding.sofr_effr")) == 0
    assert len(found.history("policy.cuts_12m")) == 0


def test_nothing_after_the_market_date_is_seen_but_administered_rates(store_of):
    days = {"2025-04-09": 4.40, "2025-04-10": 4.41}
    store = store_of({"iorb": days, "on_rrp": days, "target_upper": days})
    found = Measures(store.snapshot(parse_as_of("2025-04-10T14:00")))  # the market date is the 9th
    assert len(found.history("facility.on_rrp")) == 1
    assert len(found.history("policy.iorb")) == 2


def test_the_foreign_pool_s_own_series_goes_before_the_derived_one(store_of):
    wednesdays = {"2025-04-02": 500_000.0, "2025-04-09": 510_000.0}
    content = {"h41_reverse_repo": wednesdays, "on_rrp": {"2025-04-02": 200.0, "2025-04-09": 180.0}}
    as_of = parse_as_of("2025-04-10")
    derived = Measures(store_of(content).snapshot(as_of)).history("facility.foreign_rrp")
    assert derived.values.tolist() == [300.0, 330.0]
    own = store_of(content | {"h41_foreign_rrp": {"2025-04-02": 301_000.0, "2025-04-09": 331_000.0}})
    assert Measures(own.snapshot(as_of)).history("facility.foreign_rrp").values.tolist() == [301.0, 331.0]


def test_the_table_of_contracts_names_its_source_and_date():
    table = measures.contract_reference()
    assert table.text == "a rough table of contracts by frine.co.uk as of 1 January 2024"
    assert "CME" in table.source
