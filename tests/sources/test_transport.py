"""The transport against a real server: patience, limits, conditions, and nothing said that is secret."""

from __future__ import annotations

import datetime as dt
import gzip
import logging
import socket
import traceback
from dataclasses import replace
from email.utils import format_datetime

import pytest

from reportgen.errors import ConfigError, FetchError, MalformedError, RefusedError, UnreachableError
from reportgen.sources.pacing import Pace
from reportgen.sources.redaction import Redactor
from reportgen.sources.transport import ClientSettings, Transport
from tests import tls
from tests.sources.conftest import KEY, NOW, Memory
from tests.sources.replay import Answered, replaying, usual

URL = "https://api.stlouisfed.org/fred/series"


def test_an_answer_comes_whole_with_its_address_digest_and_time(replay, transport):
    replay.route("/fred/series", b"hello")
    reply = transport.get(URL, {"series_id": "GDP", "api_key": KEY}, source="fred")
    assert reply.body == b"hello"
    assert reply.url == f"{URL}?series_id=GDP&api_key=REDACTED"
    assert reply.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert (reply.retrieved, reply.requests, reply.bytes) == (NOW, 1, 5)
    assert replay.asked[0].query == {"series_id": "GDP", "api_key": KEY}
    assert replay.asked[0].headers["user-agent"].startswith("reportgen/")


def test_a_base_may_have_a_path_of_its_own(replay, making):
    replay.route("/mirror/fred/series", b"hello")
    transport = making(bases={"fred": f"{replay.base}/mirror/"})
    assert transport.get(URL, source="fred").body == b"hello"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_publisher_is_asked_again_after_growing_pauses(replay, transport, status):
    replay.route("/fred/series", b"at last")
    replay.fault("/fred/series", *[Answered(b"busy", status)] * 3)
    reply = transport.get(URL, source="fred")
    assert (reply.body, reply.requests) == (b"at last", 4)
    for pause, regular in zip(transport.slept, (1, 2, 4), strict=True):
        assert 0.75 * regular <= pause <= 1.25 * regular


def test_patience_asked_for_is_given(replay, transport):
    replay.route("/fred/series", b"at last")
    later = format_datetime(NOW + dt.timedelta(seconds=40), usegmt=True)
    replay.fault(
        "/fred/series",
        Answered(status=429, headers={"Retry-After": "17"}),
        Answered(status=503, headers={"Retry-After": later}),
    )
    transport.get(URL, source="fred")
    assert transport.slept == [17.0, 40.0]


@pytest.mark.parametrize("words", ["soon", "-5", "Fri, 20 Nov 2026 23:00:00 +99999999999999"])
def test_patience_asked_for_in_words_that_nobody_reads_is_the_usual(replay, transport, words):
    replay.route("/fred/series", b"at last")
    replay.fault("/fred/series", Answered(status=429, headers={"Retry-After": words}))
    assert transport.get(URL, source="fred").requests == 2
    assert 0.75 <= transport.slept[0] <= 1.25


def test_more_patience_than_the_limit_ends_at_once_and_says_so(replay, transport):
    replay.fault("/fred/series", Answered(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(UnreachableError, match=r"answers 429 Too Many Requests(\n|.)*3600 s of patience"):
        transport.get(URL, source="fred")
    assert transport.slept == []


def test_a_publisher_that_stays_busy_is_given_up(replay, transport):
    replay.route("/fred/series", Answered(b"<html>Bad gateway</html>", 502))
    with pytest.raises(UnreachableError, match=r"answers 502 Bad Gateway: .* \(after 5 attempts\)"):
        transport.get(URL, source="fred")
    assert len(replay.asked) == 5


def test_a_refusal_is_final_and_quotes_the_publisher(replay, transport):
    replay.route("/fred/series", Answered(f"no key {KEY} here".encode(), 403))
    with pytest.raises(RefusedError, match="answers 403 Forbidden: no key REDACTED here"):
        transport.get(URL, source="fred")
    assert len(replay.asked) == 1


def test_a_refusal_may_be_an_answer(replay, transport):
    replay.route("/fred/series", Answered(b"why", 400))
    assert transport.get(URL, source="fred", accept=frozenset({400})).body == b"why"


def test_a_body_cut_off_is_asked_for_again_and_then_an_error(replay, transport):
    replay.route("/fred/series", Answered(b"x" * 100, promised=200))
    with pytest.raises(MalformedError, match=r"the body ends early .*received 100 bytes, expected 200"):
        transport.get(URL, source="fred")
    assert len(replay.asked) == 5
    replay.route("/fred/series", b"whole")
    assert transport.get(URL, source="fred").body == b"whole"


def test_a_compressed_body_is_counted_as_sent_and_read_unpacked(replay, transport):
    replay.route("/fred/series", Answered(b"x" * 10_000, compressed=True))
    reply = transport.get(URL, source="fred")
    assert len(reply.body) == 10_000
    assert 0 < reply.bytes < 200


def test_a_body_that_cannot_be_unpacked_is_an_error(replay, transport):
    replay.route("/fred/series", Answered(b"not gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(MalformedError, match="cannot be unpacked"):
        transport.get(URL, source="fred")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_packed_body_that_ends_early_is_no_whole_one(replay, transport, share):
    packed = gzip.compress(bytes(range(256)) * 40)
    cut = packed[: max(1, int(len(packed) * share))]
    replay.route("/fred/series", Answered(cut, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(
        MalformedError, match=r"the body ends early \(within its packing\) \(after 5 attempts"
    ):
        transport.get(URL, source="fred")


def test_packed_bodies_may_follow_one_another_and_other_ways_of_packing_are_refused(replay, transport):
    two = gzip.compress(b"one, ") + gzip.compress(b"two")
    replay.route("/fred/series", Answered(two, headers={"Content-Encoding": "gzip"}))
    assert transport.get(URL, source="fred").body == b"one, two"
    assert replay.asked[0].headers["accept-encoding"] == "gzip"
    replay.route("/fred/series", Answered(b"x", headers={"Content-Encoding": "br"}))
    with pytest.raises(MalformedError, match=r"packed as 'br', expected gzip"):
        transport.get(URL, source="fred")


def test_a_small_packing_of_a_huge_body_stops_at_the_limit(replay, making):
    bomb = gzip.compress(bytes(10_000_000))
    replay.route("/fred/series", Answered(bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(MalformedError, match=r"more than 20,000 bytes"):
        making(max_bytes=20_000).get(URL, source="fred")


def test_a_body_may_not_be_endless(replay, making):
    replay.route("/fred/series", Answered(b"x" * 100_000, compressed=True))
    with pytest.raises(MalformedError, match="more than 50,000 bytes"):
        making(max_bytes=50_000).get(URL, source="fred")


def test_silence_has_a_limit(replay, making):
    replay.route("/fred/series", Answered(b"late", delay=1.0))
    with pytest.raises(UnreachableError, match=r"no answer in time \(ReadTimeout\) \(after 2 attempts\)"):
        making(read_seconds=0.1, attempts=2).get(URL, source="fred")


def test_a_trickle_has_a_limit_too(replay, making):
    replay.route("/fred/series", Answered(b"x" * 1000, drip=0.1))
    with pytest.raises(UnreachableError, match=r"not all there after 0\.3 s"):
        making(read_seconds=0.5, total_seconds=0.3).get(URL, source="fred")


def test_all_attempts_together_have_a_limit(replay, making):
    replay.route("/fred/series", Answered(status=500))
    with pytest.raises(UnreachableError, match=r"no answer within 4 s \(3 attempts\)"):
        making(attempts=50, total_seconds=4.0).get(URL, source="fred")


def test_a_hang_up_and_a_closed_port_are_told_apart_from_answers(replay, making):
    replay.route("/fred/series", Answered(hang_up=True))
    with pytest.raises(UnreachableError, match=r"disconnected .*\(after 5 attempts\)"):
        making().get(URL, source="fred")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UnreachableError, match=r"\(after 5 attempts\)"):
        making(bases={"fred": base}).get(URL, source="fred")


def test_what_is_remembered_is_asked_for_conditionally(replay, making):
    replay.route("/fred/series", b"x" * 1000)
    memory: Memory = {}
    first = making(memory)
    reply = first.get(URL, {"api_key": KEY}, source="fred", slot="gdp")
    assert memory == {}  # not before it is stored
    first.remember(reply)
    second = making(memory).get(URL, {"api_key": KEY}, source="fred", slot="gdp")
    assert (second.not_modified, second.body, second.bytes) == (True, b"", 0)
    assert KEY not in repr(memory)
    assert not making(memory).get(URL, {"api_key": KEY}, source="fred").not_modified
    other = making(memory).get(URL, {"api_key": KEY, "offset": "2"}, source="fred", slot="gdp")
    assert not other.not_modified  # another address, which the slot does not know
    replay.route("/fred/series", b"changed")
    assert making(memory).get(URL, {"api_key": KEY}, source="fred", slot="gdp").body == b"changed"


def test_a_last_modified_date_serves_as_well(replay, making):
    when = "Wed, 30 Oct 2024 12:54:01 GMT"
    replay.route("/fred/series", Answered(b"x", headers={"Last-Modified": when}, validators=False))
    memory: Memory = {}
    transport = making(memory)
    transport.remember(transport.get(URL, source="fred", slot="gdp"))
    transport.get(URL, source="fred", slot="gdp")
    assert replay.asked[1].headers["if-modified-since"] == when


def test_a_304_that_nobody_asked_for_is_no_answer(replay, transport):
    replay.route("/fred/series", Answered(status=304))
    with pytest.raises(RefusedError, match="answers 304"):
        transport.get(URL, source="fred")


def test_a_redirect_is_followed_but_never_takes_the_key_elsewhere(replay, transport):
    replay.route("/fred/series", Answered(status=302, headers={"Location": "/fred/moved"}))
    replay.route("/fred/moved", b"here")
    assert transport.get(URL, source="fred").body == b"here"
    away = replay.base.replace("127.0.0.1", "localhost") + "/fred/moved"
    replay.route("/fred/series", Answered(status=302, headers={"Location": away}))
    with pytest.raises(MalformedError, match="localhost, which must not see the key"):
        transport.get(URL, source="fred")
    assert transport.get("https://www.cftc.gov/fred/series", source="cftc").body == b"here"
    replay.route("/fred/series", Answered(status=302, headers={"Location": "/fred/series"}))
    with pytest.raises(MalformedError, match="more than 5 times"):
        transport.get(URL, source="fred")


def test_a_minute_holds_no_more_requests_than_allowed():
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(3, lambda: now[0], sleep)
    starts = []
    for _ in range(7):
        pace.wait()
        starts.append(now[0])
        now[0] += 1.0
    assert starts == [100, 101, 102, 160, 161, 162, 220]
    for k in range(len(starts) - 3):
        assert starts[k + 3] - starts[k] >= 60


@pytest.mark.parametrize(
    "answer",
    [
        Answered(status=500),
        Answered(status=403),
        Answered(b"x", promised=10),
        Answered(hang_up=True),
        Answered(b"late", delay=0.4),
        Answered(b"bad", headers={"Content-Encoding": "gzip"}),
        Answered(status=302, headers={"Location": f"http://localhost/{KEY}"}),
        Answered(status=302, headers={"Location": f"ftp://127.0.0.1/?api_key={KEY}"}),
    ],
    ids=["500", "403", "cut", "hang-up", "slow", "gzip", "redirect", "protocol"],
)
def test_no_error_and_no_log_line_holds_the_key(replay, making, caplog, answer):
    caplog.set_level(logging.DEBUG)
    replay.route("/fred/series", answer)
    with pytest.raises(FetchError) as raised:
        making(read_seconds=0.1, attempts=2).get(URL, {"api_key": KEY}, source="fred")
    error: BaseException | None = raised.value
    assert KEY not in "".join(traceback.format_exception(raised.value))
    while error is not None:
        assert KEY not in repr(error) + str(error) + repr(vars(error))
        request = getattr(error, "_request", None)
        assert request is None or KEY not in str(request.url)
        error = error.__cause__ or error.__context__
    assert KEY not in caplog.text
    assert "REDACTED" in caplog.text or answer.hang_up or answer.delay or answer.promised


def test_secrets_are_found_in_every_form_and_place():
    redact = Redactor(["a/b c+d"])
    assert redact("x a/b c+d y a%2Fb%20c%2Bd z a%2Fb+c%2Bd") == "x REDACTED y REDACTED z REDACTED"
    assert redact("http://user:pass@proxy:8080/?api_key=other&x=1") == (
        "http://REDACTED@proxy:8080/?api_key=REDACTED&x=1"
    )
    assert redact("from http://user:p@ss:w@proxy:8080, a@b") == "from http://REDACTED@proxy:8080, a@b"
    assert KEY not in repr(ClientSettings(keys={"fred": KEY}))


def test_the_loggers_are_left_as_they_were():
    before = list(logging.getLogger("httpx").filters)
    with Transport(ClientSettings(), {}, clock=lambda: NOW):
        assert len(logging.getLogger("httpx").filters) == len(before) + 1
    assert logging.getLogger("httpx").filters == before


def test_proxy_and_bundle_are_checked_when_the_transport_is_made(tmp_path, monkeypatch):
    missing = tmp_path / "ca.pem"
    with pytest.raises(ConfigError, match=r"ca\.pem: no usable CA bundle"):
        Transport(ClientSettings(ca_bundle=missing), {}, clock=lambda: NOW)
    missing.write_text("no certificate")
    with pytest.raises(ConfigError, match=r"ca\.pem: no usable CA bundle"):
        Transport(ClientSettings(ca_bundle=missing), {}, clock=lambda: NOW)
    for scheme in ("gopher", "socks5"):
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:pass@proxy")
        with pytest.raises(ConfigError, match="proxy: not an address") as raised:
            Transport(ClientSettings(), {}, clock=lambda: NOW)
        assert "pass" not in f"{raised.value} {raised.value.__cause__}"
    monkeypatch.delenv("ALL_PROXY")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(ConfigError, match="SSL_CERT_FILE: no usable CA bundle"):
        Transport(ClientSettings(), {}, clock=lambda: NOW)


def test_the_firms_bundle_is_trusted_and_nobody_is_followed_out_of_tls(tmp_path):
    certificate = tls.localhost(tmp_path / "ca.pem")
    with replaying(certificate) as secret, replaying() as plain:
        secret.route("/fred/series", b"kept to ourselves")
        plain.route("/fred/series", b"heard by everybody")
        settings = ClientSettings(bases=secret.bases("fred"), attempts=1)
        with Transport(settings, {}, clock=lambda: NOW, trust=usual()) as transport:
            with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED") as raised:
                transport.get(URL, source="fred")
            assert "name the firm's CA bundle" in str(raised.value.hint)
        with Transport(replace(settings, ca_bundle=certificate), {}, clock=lambda: NOW) as transport:
            assert transport.get(URL, source="fred").body == b"kept to ourselves"
            away = plain.base.replace("127.0.0.1", "localhost") + "/fred/series"
            secret.route("/fred/series", Answered(status=302, headers={"Location": away}))
            with pytest.raises(MalformedError, match="sends us on to http, expected https"):
                transport.get(URL, source="fred")
        assert not plain.asked


def test_a_proxy_of_the_environment_is_used(replay, making, monkeypatch):
    replay.route("*", b"through the proxy")
    url = "http://publisher.example/data"
    monkeypatch.setenv("HTTP_PROXY", replay.base)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert making(bases={}).get(url, source="fred").body == b"through the proxy"
    assert replay.asked[0].headers["host"] == "publisher.example"
