"""What every source keeps to, whichever it is: new ones are tested by being there."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import subprocess
import sys
from urllib.parse import quote

import pytest

from reportgen import catalog
from reportgen.errors import FetchError
from reportgen.sources import Answer, Want, homes, sources
from tests.sources.conftest import EVERY, KEY, Memory
from tests.sources.replay import RECORDED, Answered, Replay
from tests.sources.test_tic import table

# Series that no source of the network gives: the desk exports them, or they stay what the embedded data hold.
OWN = ("YAHOO:", "DESK:", "NYFED:ACMTP10")
SOME = 5  # series of FRED that are asked for: each is a request or two, and all are alike
every_source = pytest.mark.parametrize("source", sources().values(), ids=list(sources()))


def serve(replay: Replay) -> None:
    """Serve every recording at the address that its source asks."""
    documents = "/resource-center/data-chart-center"
    info = b'<seriess><series id="%s" title="x" units="Percent" last_updated="x"/></seriess>'
    rows = b'<observations count="1"><observation date="2026-11-13" value="4.14"/></observations>'
    replay.route("/fred/series", lambda q: info % q["series_id"].encode())
    replay.route("/fred/series/observations", rows)
    replay.route(
        "/fred/series/vintagedates",
        Answered(
            b'<error code="400" message="Bad Request.  The series does not exist in ALFRED but may" />', 400
        ),
    )
    replay.recorded("/resource/gpe5-46if.json", "cftc/tff_gpe5-46if_ES_3rows.json")
    replay.recorded("/api/rates/secured/sofr/*", "nyfed/rates_secured_sofr_search.json")
    replay.recorded("/api/rates/unsecured/effr/search.json", "nyfed/rates_unsecured_effr_search.json")
    replay.recorded("/api/fxs/usdollar/search.json", "nyfed/fxs_usdollar_last5_excerpt.json")
    par = "treasury/daily_par_yield_curve_2026-08_excerpt.xml"
    replay.recorded(f"{documents}/interest-rates/pages/xml", par, data="daily_treasury_yield_curve")
    replay.recorded("/services/*", "fiscaldata/dts_operating_cash_balance.json")
    replay.recorded("/financial-stress-index/data/fsi.csv", "ofr/fsi_from_2015.csv")
    replay.recorded("/-/media/*", "chicagofed/nfci-data-series-csv.csv")
    replay.recorded(f"{documents}/tic/Documents/mfhhis01.txt", "tic/mfhhis01.txt")
    replay.route(f"{documents}/tic/Documents/slt_table5.txt", table().encode())  # fmt: skip


def some(source) -> tuple[str, ...]:
    """Name enough series of a source to see all that it does."""
    named: tuple[str, ...] = source.series
    return tuple(s for s in named if s.startswith("ust_"))[:SOME] if source.id == "fred" else named


def wanted(source, newest: dict[str, dt.date] | None = None) -> Want:
    """Want these series, from a day that the recordings have."""
    return Want(some(source), newest or {}, dt.date(2023, 1, 1))


def answers(source, transport, want: Want) -> tuple[list[Answer], FetchError | None]:
    """Collect what a source yields, and the error that ends it if one does."""
    found: list[Answer] = []
    try:
        for answer in source.fetch(want, transport):
            found.append(answer)
    except FetchError as error:
        return found, error
    return found, None


def test_every_series_of_the_catalogue_has_a_source_or_is_the_desks_own():
    for series in catalog.all_series().values():
        assert (series.id in homes()) != series.source.startswith(OWN), series.id


def test_the_publisher_that_the_catalogue_names_comes_first():
    assert homes()["ust_10y"] == ("fred", "treasury")
    assert homes()["sofr"] == ("fred", "nyfed")
    assert homes()["nfci"] == ("fred", "chicagofed")
    assert homes()["tgcr"] == ("nyfed",)
    assert set().union(*homes().values()) == set(sources()) == set(EVERY)


@every_source
def test_a_source_knows_its_series(source):
    assert sources()[source.id] is source
    assert source.series
    assert len(set(source.series)) == len(source.series)
    for series in source.series:
        assert catalog.series(series).id == series


@every_source
def test_who_wants_nothing_of_a_source_costs_nothing(source, replay, transport):
    others = tuple(s for s in catalog.all_series() if s not in source.series)
    assert list(source.fetch(Want(others), transport)) == []
    assert replay.asked == []


@every_source
def test_what_is_recorded_comes_through(source, replay, transport):
    serve(replay)
    found, error = answers(source, transport, wanted(source))
    assert error is None
    assert any(answer.rows for answer in found)
    for answer in found:
        assert answer.requests >= 1 or answer.failed
        for rows in answer.rows:
            assert rows.series in source.series
            assert len(rows.days) == len(rows.values) == len(rows.published) > 0
            assert (rows.days[1:] >= rows.days[:-1]).all()
            assert [a.dtype.str for a in (rows.days, rows.values, rows.published)] == [
                "<M8[D]",
                "<f8",
                "<M8[us]",
            ]
            assert rows.url.startswith("https://")
            assert len(rows.payload_sha256) == 64
    failed = {s for answer in found for s in answer.failed}
    told = {s: first for answer in found for s, first in answer.told.items()}
    came = {rows.series for answer in found for rows in answer.rows}
    assert came - failed <= told.keys() <= set(some(source))
    assert min(told.values()) == dt.date(2023, 1, 1)
    probe = source.probe(transport)
    assert (probe.source, probe.reachable) == (source.id, True)
    assert all(probe.needs)


@every_source
@pytest.mark.parametrize(
    "fault",
    [
        Answered(b"<html><title>Access denied</title></html>"),
        Answered(b"<html></html>", 403),
        Answered(b"gone", 404),
        Answered(b"busy", 503),
        Answered(b"slow down", 429, {"Retry-After": "86400"}),
        Answered(b"", 200),
        Answered(b'{"a": [1, 2', promised=400),
        Answered(b"\x89PNG\r\n\x1a\n\x00\xff"),
        Answered(hang_up=True),
    ],
    ids=["html", "403", "404", "503", "429", "empty", "cut", "binary", "hang-up"],
)
def test_what_is_no_answer_is_an_error_and_no_number(source, replay, making, fault):
    replay.route("*", fault)
    found, error = answers(source, making(attempts=2), wanted(source))
    assert error is not None or {s for a in found for s in a.failed} == set(some(source))
    assert not any(answer.rows for answer in found)
    said = [str(error)] if error else [str(e) for a in found for e in a.failed.values()]
    assert all("https://" in words and KEY not in words for words in said)
    probe = source.probe(making(attempts=1))
    assert not probe.reachable
    assert probe.detail


@every_source
def test_the_key_is_nowhere_to_be_found(source, replay, making, caplog):
    caplog.set_level(logging.DEBUG)
    key = f"{KEY}+/&"  # one that is written otherwise in an address
    memory: Memory = {}
    serve(replay)
    address = f"?api_key={quote(key, safe='')}"
    faults = [
        Answered(f"no {key}".encode(), 403),
        Answered(status=500),
        Answered(f"<html><title>Refused by the proxy: {address}</title></html>".encode()),
        Answered(f'[{{"{key}": 1}}, Date,{key}\n{address},1'.encode()),
        Answered(f'<error message="bad {key}"/>'.encode(), 400),
    ]
    for fault in (None, *faults):
        if fault:
            replay.route("*", fault)
        transport = making(memory, keys={source.id: key}, attempts=2)
        found, error = answers(source, transport, wanted(source))
        written = repr(found) + repr(error) + str(error) + json.dumps(memory) + caplog.text
        written += repr(source.probe(transport)) + repr(transport) + repr(transport.settings)
        written += "".join(str(e) + repr(e.__cause__) for a in found for e in a.failed.values())
        assert KEY not in written
    assert source.id != "fred" or any(a.query.get("api_key") == key for a in replay.asked)


def test_a_second_run_transfers_almost_nothing(replay, making):
    serve(replay)
    memory: Memory = {}
    newest: dict[str, dt.date] = {}
    for source in sources().values():
        found, _ = answers(source, making(memory), wanted(source))
        for answer in found:
            newest |= {rows.series: rows.days[-1].item() for rows in answer.rows}
    first = replay.bytes
    for _ in range(2):
        replay.asked.clear()
        for source in sources().values():
            answers(source, making(memory), Want(tuple(s for s in some(source) if s in newest), newest))
    # The last run is asked as the one before it: what is served here at all has not changed.
    assert replay.bytes < first / 100
    assert {a.status for a in replay.asked} <= {304, 404}


@pytest.mark.parametrize("meta", sorted(RECORDED.rglob("*.meta.json")), ids=lambda p: p.name)
def test_a_recording_is_what_its_provenance_says(meta):
    said = json.loads(meta.read_text(encoding="utf-8"))
    content = (meta.parent / said["file"]).read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (said["sha256"], said["bytes"])
    assert said["provenance"]
    assert said["status"] in (200, 400, 404, 429)


def test_every_recording_has_its_provenance():
    metas = {p.name.removesuffix(".meta.json") for p in RECORDED.rglob("*.meta.json")}
    bodies = {p.stem for p in RECORDED.rglob("*") if p.is_file() and not p.name.endswith(".meta.json")}
    assert bodies - {"README"} == metas


def test_the_package_alone_loads_none_of_the_libraries():
    heavy = ("httpx", "pandas", "fredapi")
    script = f"import sys, reportgen.sources; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
