"""FRED and ALFRED, on recorded replies."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest
from fredapi import Fred

from reportgen import catalog
from reportgen.errors import MalformedError, MissingKeyError, RefusedError, UnreachableError
from reportgen.model import NEW_YORK, to_moment64
from reportgen.sources import Level, Want
from reportgen.sources.fred import SOURCE, Client, _pieces, shift_of
from tests.sources import alfred
from tests.sources.asking import held
from tests.sources.conftest import KEY, Memory
from tests.sources.replay import RECORDED, Answered

OBSERVATIONS, VINTAGES, SERIES = "/fred/series/observations", "/fred/series/vintagedates", "/fred/series"


def body(name: str) -> bytes:
    return (RECORDED / name).read_bytes()


def info(code: str, units: str) -> bytes:
    series = f'id="{code}" title="{code}" units="{units}" last_updated="2026-11-20"'
    return f"<seriess><series {series}/></seriess>".encode()


def observations(*rows: tuple[str, str], **life: str) -> bytes:
    text = "".join(
        f'<observation realtime_start="{life.get("start", "2026-11-20")}" realtime_end="9999-12-31" '
        f'date="{day}" value="{value}"/>'
        for day, value in rows
    )
    return (
        f'<observations count="{len(rows)}" offset="0" limit="100000">{text}</observations>\n\n\n\n'.encode()
    )


def fetched(transport, *series: str, **want):
    return list(SOURCE.fetch(Want(series, **want), transport))


def values(answer) -> dict[str, float]:
    (rows,) = answer.rows
    return dict(zip(rows.days.astype(str).tolist(), rows.values.tolist(), strict=True))


@pytest.fixture
def ten(replay):
    """Serve ten-year yields with a holiday among them."""
    replay.route(SERIES, info("DGS10", "Percent"), series_id="DGS10")
    rows = [("2026-11-10", "4.10"), ("2026-11-11", "."), ("2026-11-12", "4.08"), ("2026-11-13", "4.14")]
    replay.route(OBSERVATIONS, observations(*rows), series_id="DGS10")
    return replay


def test_every_series_of_fred_in_the_catalogue_is_offered():
    assert set(SOURCE.series) == {s.id for s in catalog.all_series().values() if s.source.startswith("FRED:")}


def test_values_come_as_published_and_a_missing_one_as_missing(ten, transport):
    (answer,) = fetched(transport, "ust_10y")
    (rows,) = answer.rows
    assert rows.days.astype(str).tolist() == ["2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13"]
    np.testing.assert_array_equal(rows.values, [4.10, np.nan, 4.08, 4.14])
    assert np.isnat(rows.published).all()
    assert rows.url == "https://api.stlouisfed.org/fred/series/observations?series_id=DGS10&api_key=REDACTED"
    assert (answer.complete, answer.requests) == (True, 2)
    assert KEY not in repr(answer) + repr(transport.memory)


def test_the_unit_is_asked_for_once_a_week_and_rows_from_behind_the_newest(ten, making):
    memory: Memory = {}
    (first,) = fetched(making(memory), "ust_10y", since=dt.date(2015, 1, 1))
    assert ten.asked[-1].query["observation_start"] == "2015-01-01"
    newest = {"ust_10y": dt.date(2026, 11, 13)}
    (second,) = fetched(making(memory), "ust_10y", newest=newest)
    assert ten.asked[-1].query["observation_start"] == "2026-10-23"
    (third,) = fetched(making(memory), "ust_10y", newest=newest)
    assert [a.path for a in ten.asked] == [SERIES, *[OBSERVATIONS] * 3]
    assert (third.not_modified, third.rows, third.bytes, third.complete) == (1, (), 0, True)
    assert list(values(first)) == list(values(second))


def test_an_answer_that_was_not_stored_is_asked_for_again(ten, making):
    memory: Memory = {}
    newest = {"ust_10y": dt.date(2026, 11, 13)}
    next(SOURCE.fetch(Want(("ust_10y",), newest), making(memory)))  # the engine dies before it stores
    (again,) = fetched(making(memory), "ust_10y", newest=newest)
    assert again.rows


def test_recorded_replies_are_read_as_fredapi_reads_them(replay, transport):
    replay.route(SERIES, body("fred_xml_derived/series_CPILFESL.xml"))
    replay.route(OBSERVATIONS, body("fred_xml_derived/observations_CPILFESL.xml"))
    replay.route(VINTAGES, Answered(ERROR_NOT_IN_ALFRED, 400))
    (answer,) = fetched(transport, "core_cpi")
    theirs: pd.Series = Client(transport, KEY).get_series("CPILFESL")
    (rows,) = answer.rows
    assert rows.days.astype(str).tolist() == [f"{day:%Y-%m-%d}" for day in theirs.index]
    np.testing.assert_array_equal(rows.values, theirs.to_numpy())
    assert (len(rows), rows.values[0], rows.values[-1]) == (813, 28.5, 320.767)


ERROR_NOT_IN_ALFRED = (
    b'<error code="400" message="Bad Request.  The series does not exist in ALFRED but may exist in FRED." />'
)


def test_fredapi_asks_by_our_transport_and_leaves_the_process_alone(ten, transport, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    client = Client(transport, KEY)
    assert isinstance(client, Fred)
    assert client.get_series_info("DGS10")["units"] == "Percent"
    assert client.get_series("DGS10")[pd.Timestamp("2026-11-13")] == 4.14
    ten.route(SERIES, Answered(body("fred_errors_xml/error_400_series_does_not_exist.xml"), 404))
    with pytest.raises(RefusedError, match="FRED answers 404"):
        client.get_series_info("NOPE")


@pytest.fixture
def gdp(replay):
    """Serve the recorded vintages of GDP under GDPC1, which is in the catalogue."""
    alfred.Archive().serve(replay, "GDPC1")


@pytest.mark.parametrize("piece", [2000, 100, 20])
@pytest.mark.usefixtures("gdp")
def test_vintages_come_whole_however_they_are_cut(transport, monkeypatch, piece):
    monkeypatch.setattr("reportgen.sources.fred.VINTAGES_A_CALL", piece)
    found = {}
    for answer in fetched(transport, "gdp"):
        assert answer.complete
        for rows in answer.rows:
            for day, value, moment in zip(rows.days, rows.values, rows.published, strict=True):
                key = (str(day), str(moment)[:10])
                assert key not in found
                found[key] = value
    assert len(found) == len(alfred.lives())
    for life in alfred.lives():
        value = found[life.day, shown(life.day, life.start, alfred.days()[0])]
        assert (np.isnan(value) and life.value == ".") or value == float(life.value)


def shown(day, vintage, first):
    """Return the UTC day of the moment at which a vintage counts as public."""
    if vintage == first:
        return "NaT"
    from reportgen.calendars import publication

    at = dt.date.fromisoformat(vintage)
    regular = publication.first_public(catalog.series("gdp").publication, dt.date.fromisoformat(day)).at
    moment = regular if regular.date() == at else dt.datetime.combine(at, dt.time(23, 59), NEW_YORK)
    return str(to_moment64(moment))[:10]


@pytest.mark.usefixtures("gdp")
def test_a_later_run_takes_only_vintages_since(making):
    memory: Memory = {}
    first = fetched(making(memory), "gdp", since=dt.date(2015, 1, 1))
    assert memory["alfred:gdp"] == {"until": alfred.days()[-1], "since": "2015-01-01"}
    assert all(a.rows[0].days.min() >= np.datetime64("2015-01-01") for a in first)
    want = {"newest": {"gdp": dt.date(2024, 7, 1)}, "since": dt.date(2015, 1, 1)}
    (again,) = fetched(making(memory), "gdp", **want)
    assert (again.rows, again.requests) == ((), 1)
    memory["alfred:gdp"]["until"] = "2024-08-29"
    (later,) = fetched(making(memory), "gdp", **want)
    expected = {
        (life.day, float(life.value))
        for life in alfred.lives()
        if life.start > "2024-08-29" and life.day >= "2015-01-01"
    }
    (rows,) = later.rows
    assert set(zip(rows.days.astype(str).tolist(), rows.values.tolist(), strict=True)) == expected
    # A store that is empty again is filled from the beginning, whatever is remembered.
    assert len(fetched(making(memory), "gdp", since=dt.date(2015, 1, 1))[0].rows[0]) > len(rows)


@pytest.mark.usefixtures("gdp")
def test_a_vintage_is_public_at_the_rules_hour_or_at_the_end_of_its_day(transport):
    published: dict[str, list[np.datetime64]] = {}
    for answer in fetched(transport, "gdp"):
        for rows in answer.rows:
            for day, moment in zip(rows.days, rows.published, strict=True):
                published.setdefault(str(day), []).append(moment)
    # The rule's own day: 30 October is 30 days after the quarter, at 8:30.
    assert published["2024-07-01"] == [to_moment64(dt.datetime(2024, 10, 30, 8, 30, tzinfo=NEW_YORK))]
    assert published["2024-04-01"][1:] == [
        to_moment64(dt.datetime(2024, m, d, 23, 59, tzinfo=NEW_YORK)) for m, d in ((8, 29), (9, 26))
    ]


@pytest.mark.usefixtures("gdp")
@pytest.mark.parametrize("start", ["1995-01-05", "2031-01-05", ""])
def test_a_vintage_from_before_its_period_or_after_today_is_not_believed(replay, transport, start):
    archive = alfred.Archive()

    def answer(query):
        text = archive.observations(query)
        assert isinstance(text, bytes)
        return text.decode().replace('realtime_start="2024-08-29"', f'realtime_start="{start}"').encode()

    replay.route("/fred/series/observations", answer, series_id="GDPC1")
    answers = fetched(transport, "gdp")
    assert {q.found for a in answers for q in a.quarantined} == {f"realtime_start={start!r}"}
    for rows in (rows for a in answers for rows in a.rows):
        known = ~np.isnat(rows.published)
        assert (rows.published[known] > rows.days[known]).all()


def test_pieces_overlap_by_one_and_cover_all():
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=k) for k in range(10)]
    assert list(_pieces(days, 4)) == [(days[0], days[3]), (days[3], days[6]), (days[6], days[9])]
    assert list(_pieces(days[:1], 4)) == [(days[0], days[0])]
    assert list(_pieces([], 4)) == []


def test_a_reply_shorter_than_it_says_is_no_reply(replay, transport):
    """The recording was shortened to 6 rows of 495 by those who made it."""
    replay.route(SERIES, info("DEXJPUS", "Japanese Yen to One U.S. Dollar"))
    replay.route(OBSERVATIONS, lambda q: body("fred_xml/observations_EXJPUS.xml") if "offset" not in q
                 else observations())  # fmt: skip
    (answer,) = fetched(transport, "fx_jpy")
    assert isinstance(answer.failed["fx_jpy"], MalformedError)
    assert "6 rows of 495" in str(answer.failed["fx_jpy"])


def test_fractions_keep_every_digit(replay, transport):
    """Recorded in 2025: fifteen digits, and four newlines at the end; shortened to 7 rows of 210."""
    text = body("fred_xml/observations_2025_fractional.xml")
    replay.route(SERIES, info("KCFSI", "Index"))
    replay.route(VINTAGES, Answered(ERROR_NOT_IN_ALFRED, 400))
    replay.route(OBSERVATIONS, text.replace(b'count="210"', b'count="7"'))
    (answer,) = fetched(transport, "kcfsi")
    pairs = re.findall(rb'date="([^"]+)" value="([^"]+)"', text)
    assert len(pairs) == 7
    found = values(answer)
    said = " ".join(q.found for q in answer.quarantined)
    for day, value in ((d.decode(), v.decode()) for d, v in pairs):
        assert found.get(day) == float(value) or f"{float(value):g}" in said or value in said
    assert found or said


def test_vintage_dates_that_are_not_all_there_are_no_answer(replay, transport):
    """Recorded, but shortened to 7 of 178 by those who made it."""
    replay.route(SERIES, info("UNRATE", "Percent"))
    replay.route(VINTAGES, lambda q: body("fred_xml/vintagedates_EXJPUS.xml") if "offset" not in q
                 else b'<vintage_dates count="178"/>')  # fmt: skip
    (answer,) = fetched(transport, "unemployment")
    assert "7 rows of 178" in str(answer.failed["unemployment"])


def test_pages_are_followed(replay, transport):
    replay.route(SERIES, info("DGS10", "Percent"))
    days = [f"2026-10-{d:02}" for d in (5, 6, 7, 8, 9)]

    def page(query):
        offset = int(query.get("offset", 0))
        rows = observations(*[(d, f"4.{k}") for k, d in enumerate(days)][offset : offset + 2])
        return rows.replace(rows.split(b'"')[1].join([b'"', b'"']), b'"5"', 1)

    replay.route(OBSERVATIONS, page)
    (answer,) = fetched(transport, "ust_10y")
    assert values(answer) == dict(zip(days, [4.0, 4.1, 4.2, 4.3, 4.4], strict=True))


@pytest.mark.parametrize(
    ("series", "units", "shift"),
    [
        ("h41_reserves", "Millions of U.S. Dollars", 0),
        ("h41_reserves", "Billions of U.S. Dollars", 3),
        ("on_rrp", "Billions of US Dollars", 0),
        ("on_rrp", "Millions of US Dollars", -3),
        ("payrolls", "Thousands of Persons", 0),
        ("claims", "Number", 0),
        ("gdp", "Billions of Chained 2017 Dollars", 0),
        ("gdpnow", "Percent Change at Annual Rate", 0),
        ("cpi", "Index 1982-1984=100", 0),
        ("fx_jpy", "Japanese Yen to One U.S. Dollar", 0),
        ("recession", "+1 or 0", 0),
        ("ust_10y", "Basis Points", None),
        ("h41_assets", "Percent of GDP", None),
        ("h41_assets", "Index", None),
        ("nfci", "Percent", None),
        ("claims", "Thousands", None),
    ],
)
def test_a_unit_that_changed_is_converted_or_refused(series, units, shift):
    if shift is None:
        with pytest.raises(MalformedError, match="FRED's unit is"):
            shift_of(units, catalog.series(series))
    else:
        assert shift_of(units, catalog.series(series)) == shift


def test_billions_become_the_catalogues_millions(replay, transport):
    replay.route(SERIES, info("WRESBAL", "Billions of U.S. Dollars"))
    replay.route(OBSERVATIONS, observations(("2026-11-11", "2839.417"), ("2026-11-18", "2851.3")))
    (answer,) = fetched(transport, "h41_reserves")
    assert values(answer) == {"2026-11-11": 2839417.0, "2026-11-18": 2851300.0}


def test_interest_on_reserves_goes_on_from_that_on_excess_reserves(replay, transport):
    replay.route(SERIES, info("IORB", "Percent"))
    replay.route(OBSERVATIONS, observations(("2021-07-29", "0.15"), ("2021-07-30", "0.15")), series_id="IORB")
    old = observations(("2015-12-16", "0.25"), ("2015-12-17", "0.5"), ("2021-07-28", "0.15"))
    replay.route(OBSERVATIONS, old, series_id="IOER", observation_end="2021-07-28")
    (answer,) = fetched(transport, "iorb", since=dt.date(2015, 1, 1))
    assert answer.complete
    days = ["2015-12-16", "2015-12-17", "2021-07-28", "2021-07-29", "2021-07-30"]
    assert values(answer) == {day: held("iorb")[day] for day in days}
    fetched(transport, "iorb", newest={"iorb": dt.date(2026, 11, 19)})
    assert replay.asked[-1].query["series_id"] == "IORB"
    assert sum(a.query["series_id"] == "IOER" for a in replay.asked) == 1


def test_a_range_that_fred_dates_a_day_early_is_left_out_of_that_day(replay, transport):
    replay.route(SERIES, info("DFEDTARU", "Percent"))
    rows = [("2015-12-15", "0.25"), ("2015-12-16", "0.5"), ("2015-12-17", "0.5")]
    replay.route(OBSERVATIONS, observations(*rows))
    (answer,) = fetched(transport, "target_upper")
    assert values(answer) == {day: held("target_upper")[day] for day in ("2015-12-15", "2015-12-17")}
    assert answer.complete


def test_one_series_that_fails_does_not_spoil_the_others(ten, transport):
    ten.route(
        SERIES, Answered(body("fred_errors_xml/error_400_series_does_not_exist.xml"), 400), series_id="DGS2"
    )
    answers = fetched(transport, "ust_2y", "ust_10y")
    assert isinstance(answers[0].failed["ust_2y"], RefusedError)
    assert "The series does not exist" in str(answers[0].failed["ust_2y"])
    assert values(answers[1])["2026-11-13"] == 4.14


def test_a_publisher_that_is_away_is_left_after_two_series(replay, making):
    replay.route("/fred/*", Answered(status=503))
    answers = SOURCE.fetch(Want(("ust_2y", "ust_5y", "ust_10y")), making(attempts=2))
    assert list(next(answers).failed) == ["ust_2y"]
    with pytest.raises(UnreachableError):
        next(answers)
    assert len(replay.asked) == 4


def test_without_a_key_nothing_is_asked(replay, making):
    with pytest.raises(MissingKeyError, match=r"no key, expected FRED_API_KEY\n.*free"):
        fetched(making(keys={}), "ust_10y")
    assert replay.asked == []
    probe = SOURCE.probe(making(keys={}))
    assert (probe.reachable, probe.needs[0][:12]) == (False, "FRED_API_KEY")


def test_a_key_that_fred_does_not_know_ends_the_source(replay, transport):
    replay.route("/fred/*", Answered(body("fred_errors_xml/error_400_api_key_not_set.xml"), 400))
    with pytest.raises(RefusedError, match=r"api_key has not been set\.\n  Set FRED_API_KEY"):
        fetched(transport, "ust_2y", "ust_10y")
    assert len(replay.asked) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            b"<html><head><title>Scheduled  maintenance</title></head></html>",
            "a web page (Scheduled maintenance)",
        ),
        (b"", "an empty body"),
        (b"{}", "no XML"),
        (b'<observations count="1"><observation', "no XML"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><observations count="0"/>', "a document type"),
        (b"<categories/>", "the element 'categories'"),
        (b"<observations/>", "count=None"),
        (b'<observations count="0"><observation date="2026-11-10" value="4"/></observations>', "1 rows"),
    ],
)
def test_what_is_no_reply_of_fred_is_an_error(ten, transport, reply, said):
    ten.route(OBSERVATIONS, reply)
    (answer,) = fetched(transport, "ust_10y")
    assert isinstance(answer.failed["ust_10y"], MalformedError)
    assert said in str(answer.failed["ust_10y"])
    assert not answer.rows


@pytest.mark.parametrize(
    ("rows", "found", "kept"),
    [
        ([("2026-11-10", "4.10"), ("2026-11-12", "x")], "the value 'x'", ["2026-11-10"]),
        ([("2026-11-10", "4.10"), ("2026-11-12", "1_0")], "the value '1_0'", ["2026-11-10"]),
        ([("2026-11-10", "4.10"), ("2026-11-12", "null")], "the value 'null'", ["2026-11-10"]),
        ([("2026-11-10", "4.10"), ("2026-11-12", "nan")], "the value 'nan'", ["2026-11-10"]),
        ([("2026-11-10", "4.10"), ("2026-13-12", "4.1")], "the date '2026-13-12'", ["2026-11-10"]),
        ([("2026-11-10", "4.10"), ("2027-11-12", "4.1")], "4.1 on 2027-11-12", ["2026-11-10"]),
        ([("2026-11-10", "4.10"), ("2026-11-14", "4.1")], "4.1 on 2026-11-14", ["2026-11-10"]),  # a Saturday
        ([("2026-11-10", "4.10"), ("2026-11-12", "412")], "412 on 2026-11-12", ["2026-11-10"]),
        ([("2026-11-09", "4.1"), ("2026-11-10", "0.041"), ("2026-11-12", "4.2")], "0.041 on 2026-11-10",
         ["2026-11-09", "2026-11-12"]),
        ([("2026-11-10", "4.10"), ("2026-11-10", "4.20")], "4.1, 4.2 on 2026-11-10", []),
        ([("2026-11-10", "4.10"), ("2026-11-10", "4.10")], None, ["2026-11-10"]),
        ([("2026-11-09", "4.1"), ("2026-11-19", "4.1"), ("2026-11-10", "4.2"), ("2026-11-12", "4.2")],
         "2026-11-19 out of order", ["2026-11-09", "2026-11-10", "2026-11-12"]),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_quarantined_and_the_rest_is_kept(ten, transport, rows, found, kept):
    ten.route(OBSERVATIONS, observations(*rows))
    (answer,) = fetched(transport, "ust_10y")
    assert [r.days.astype(str).tolist() for r in answer.rows] == ([kept] if kept else [])
    assert [found in q.found for q in answer.quarantined] == ([True] if found else [])
    for q in answer.quarantined:
        assert (q.source, q.series) == ("fred", "ust_10y")
        assert KEY not in repr(q)


def test_a_whole_reply_in_another_unit_shows_against_what_is_held(ten, transport):
    """Every row a hundredth: within the limits, and without a jump among themselves."""
    ten.route(OBSERVATIONS, observations(("2026-11-12", "0.0408"), ("2026-11-13", "0.0414")))
    day = dt.date(2026, 11, 12)
    levels = {"ust_10y": Level(day, 4.08)}
    for newest in ({"ust_10y": day}, {}):  # also where all is asked for again
        (answer,) = fetched(transport, "ust_10y", newest=newest, levels=levels)
        assert not answer.rows
        assert "held as 4.08" in answer.quarantined[0].found


def test_the_probe_says_what_it_reached(ten, transport):
    probe = SOURCE.probe(transport)
    assert (probe.reachable, probe.detail) == (True, "DGS10, updated 2026-11-20")
    ten.route("/fred/*", Answered(body("fred_errors_xml/error_429.xml"), 429))
    probe = SOURCE.probe(transport)
    assert not probe.reachable
    assert "429" in probe.detail
    assert KEY not in probe.detail
