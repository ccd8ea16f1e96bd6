from textwrap import dedent

import pytest

from reportgen import catalog
from reportgen.catalog.families import expand
from reportgen.errors import CatalogueError

ENTRY = dedent("""
    [defaults]
    unit = "percent"
    frequency = "daily"
    publication = "treasury_close"
    max_age = 2
    expires = 15
    licence = "public domain"
    citation = "H.15, {code}"
    url = "https://example.org/{code}"

    [series.ten]
    title = "Ten"
    source = "FRED:DGS10"
    """)


def test_a_series_takes_defaults_and_fills_its_code(tmp_path):
    (tmp_path / "a.toml").write_text(ENTRY)
    (found,) = catalog.load(tmp_path).values()
    assert (found.id, found.unit, found.max_age, found.restricted) == ("ten", "percent", 2, False)
    assert (found.url, found.citation) == ("https://example.org/DGS10", "H.15, DGS10")


def test_a_family_stands_for_every_pair_of_its_rows():
    family = {
        "id": "cot_{contract}_{field}",
        "source": "CFTC:{contract.code}",
        "max_age": 9,
        "over": {
            "contract": {"2y": {"code": "042601"}, "5y": {"code": "044601"}},
            "field": {"oi": {}, "net": {}},
        },
    }
    assert [(e["id"], e["source"], e["max_age"]) for e in expand(family)] == [
        ("cot_2y_oi", "CFTC:042601", 9),
        ("cot_2y_net", "CFTC:042601", 9),
        ("cot_5y_oi", "CFTC:044601", 9),
        ("cot_5y_net", "CFTC:044601", 9),
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('unit = "percent"', 'unit = "furlongs"'), "a.toml: ten: unknown unit 'furlongs'"),
        (('frequency = "daily"', 'frequency = "hourly"'), "a.toml: ten: unknown frequency 'hourly'"),
        (("max_age = 2", ""), "a.toml: ten: max_age is missing"),
        (("max_age = 2", 'max_age = "2"'), "a.toml: ten: max_age is '2', expected a whole number"),
        (("max_age = 2", "max_age = true"), "a.toml: ten: max_age is True, expected a whole number"),
        (("max_age = 2", "max_age = 20"), "max_age 20 and expires 15 are not in order"),
        (("treasury_close", "at_noon"), "a.toml: ten: publication: publication rule 'at_noon': unknown"),
        (("FRED:DGS10", "DGS10"), "a.toml: ten: source is 'DGS10', expected PUBLISHER:CODE"),
        (('title = "Ten"', 'titel = "Ten"'), "a.toml: ten: unknown key 'titel'"),
        (('title = "Ten"', 'title = "Ten {x}"'), "title has a placeholder that nothing fills"),
        (('title = "Ten"', 'title = "Ten"\nopen_days = "mars"'), "a.toml: ten: unknown open_days 'mars'"),
        (("[series.ten]", "[serie.ten]"), "a.toml: unknown table 'serie'"),
        (("[series.ten]", "[series.ten"), "a.toml: not valid TOML"),
    ],
)
def test_a_fault_is_named_with_its_file_and_key(tmp_path, change, fault):
    (tmp_path / "a.toml").write_text(ENTRY.replace(*change))
    with pytest.raises(CatalogueError) as raised:
        catalog.load(tmp_path)
    assert fault in str(raised.value)


def test_every_fault_of_every_file_is_reported(tmp_path):
    (tmp_path / "a.toml").write_text(ENTRY.replace("percent", "furlongs").replace('"daily"', '"hourly"'))
    (tmp_path / "b.toml").write_text(ENTRY + '[series.twenty]\nsource = "FRED:DGS20"\n')
    (tmp_path / "c.toml").write_text(ENTRY)
    with pytest.raises(CatalogueError) as raised:
        catalog.load(tmp_path)
    for fault in (
        "a.toml: ten: unknown unit",
        "a.toml: ten: unknown frequency",
        "b.toml: twenty: title is missing",
        "c.toml: ten: id is used twice",
    ):
        assert fault in str(raised.value)


def test_an_unknown_series_is_named_with_its_nearest():
    with pytest.raises(CatalogueError, match=r"ust10y: no such series in the catalogue\n.*\bust_10y\b"):
        catalog.series("ust10y")


@pytest.mark.parametrize("series", catalog.all_series().values(), ids=lambda series: series.id)
def test_entry(series):
    assert catalog.series(series.id) is series
    assert series.restricted == series.licence.startswith("Restricted")
    assert series.url.startswith("https://")
    assert all((series.title, series.licence, series.citation))


# Printed sources and first public moments that the design of the product fixes.
@pytest.mark.parametrize(
    ("series_id", "source", "publication", "unit"),
    [
        ("ust_10y", "FRED:DGS10", "treasury_close", "percent"),
        ("breakeven_10y", "FRED:T10YIE", "treasury_close", "percent"),
        ("termpremium_kw_10y", "FRED:THREEFYTP10", "term_premium", "percent"),
        ("sofr_p99", "FRED:SOFR99", "sofr", "percent"),
        ("effr", "FRED:EFFR", "fed_funds", "percent"),
        ("iorb", "FRED:IORB", "administered", "percent"),
        ("on_rrp", "FRED:RRPONTSYD", "on_rrp", "usd_bn"),
        ("desk_repo", "NYFED:REPO", "repo_ops", "usd_bn"),
        ("h41_custody", "FRED:WMTSECL1", "h41", "usd_mn"),
        ("h41_foreign_rrp", "FRED:WLRRAFOIAL", "h41", "usd_mn"),
        ("fx_krw", "FRED:DEXKOUS", "h10", "quote"),
        ("dollar_broad", "FRED:DTWEXBGS", "h10", "index"),
        ("move", "YAHOO:^MOVE", "market_close", "index"),
        ("hy_oas", "FRED:BAMLH0A0HYM2", "next_day_0900", "percent"),
        ("nfci", "FRED:NFCI", "nfci", "index"),
        ("stlfsi", "FRED:STLFSI4", "stlfsi", "index"),
        ("ofr_fsi", "OFR:FSI", "ofr_fsi", "index"),
        ("tic_china", "TREASURY:TIC/China, Mainland", "tic", "usd_bn"),
        ("cot_u10y_lev_short", "CFTC:043607", "cftc_tff", "contracts"),
        ("tips_fails_deliver", "NYFED:PDFTD-UST", "tips_fails", "usd_bn"),
    ],
)
def test_source_and_rule(series_id, source, publication, unit):
    series = catalog.series(series_id)
    assert (series.source, series.publication, series.unit) == (source, publication, unit)


def test_what_is_revised_without_vintages_says_so():
    for series in catalog.all_series().values():
        if series.publication in {"nfci", "stlfsi", "term_premium", "tic"} or "_lag:" in series.publication:
            assert series.revised or series.id == "wti", series.id
    assert all(catalog.series(f"dollar_{index}").revised for index in ("broad", "afe", "eme"))
    assert not catalog.series("ust_10y").revised
