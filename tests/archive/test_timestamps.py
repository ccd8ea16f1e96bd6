"""Time stamps from a real authority over HTTP on this machine, good, bad and absent."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.server
import shutil
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import weasyprint
from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from reportgen.archive import keys, signing, timestamps
from reportgen.archive.timestamps import Authority
from reportgen.config import load_desk
from reportgen.errors import TimestampError
from reportgen.render import conformance, fonts
from tests.archive.identities import small_identity

AT = dt.datetime(2026, 11, 22, 18, 30, tzinfo=dt.UTC)
STATED = AT + dt.timedelta(seconds=3)
HEAD = b'{"head":"sha256","seq":7}'
DIGEST = hashlib.sha256(HEAD).digest()
Reply = Callable[[bytes], tuple[int, str, bytes]]


class Tsa:
    """A time-stamping authority: its certificate, and a server that answers as it is told."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test TSA")])
        usage = dict.fromkeys(
            (
                *("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"),
                *("crl_sign", "encipher_only", "decipher_only"),
            ),
            False,
        )
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(4711)
            .not_valid_before(AT - dt.timedelta(days=1))
            .not_valid_after(AT + dt.timedelta(days=365))
            .add_extension(
                x509.KeyUsage(digital_signature=True, content_commitment=False, **usage), critical=True
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .sign(key, hashes.SHA256())
        )
        pkcs8 = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (certificate,) = timestamps.as_asn1((self.certificate,))
        self._stamper = DummyTimeStamper(certificate, asn1_keys.PrivateKeyInfo.load(pkcs8), fixed_dt=STATED)
        self.reply: Reply = self.grant
        self.asked: list[str] = []

    def grant(self, request: bytes) -> tuple[int, str, bytes]:
        response = self._stamper.request_tsa_response(tsp.TimeStampReq.load(request))
        return 200, timestamps.REPLY, response.dump()


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Tsa, str]]:
    tsa = Tsa()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            tsa.asked.append(self.headers["Content-Type"])
            status, kind, content = tsa.reply(request)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:
            return None

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield tsa, f"http://127.0.0.1:{serving.server_address[1]}/tsa"
        serving.shutdown()
        thread.join()


@pytest.fixture
def tsa(server: tuple[Tsa, str]) -> Tsa:
    """The authority, answering as it should."""
    server[0].reply = server[0].grant
    server[0].asked.clear()
    return server[0]


@pytest.fixture
def authority(server: tuple[Tsa, str], tsa: Tsa) -> Authority:
    return Authority(server[1], timeout_s=5.0)


def test_a_token_says_when(authority: Authority, tsa: Tsa) -> None:
    token = authority.token(DIGEST)
    assert timestamps.time_of(token) == STATED
    assert timestamps.token_faults(token, DIGEST, (tsa.certificate,)) == []
    assert tsa.asked == [timestamps.QUERY]
    assert timestamps.digest_of(HEAD) == DIGEST


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_agrees(authority: Authority, tsa: Tsa, tmp_path: Path) -> None:
    (tmp_path / "token.der").write_bytes(authority.token(DIGEST))
    (tmp_path / "tsa.pem").write_bytes(keys.as_pem((tsa.certificate,)))

    def verify(digest: bytes) -> int:
        asked = ["openssl", "ts", "-verify", "-in", "token.der", "-token_in", "-digest", digest.hex()]
        asked += ["-CAfile", "tsa.pem", "-attime", str(int(AT.timestamp()))]
        return subprocess.run(asked, cwd=tmp_path, capture_output=True, check=False).returncode

    assert verify(DIGEST) == 0
    assert verify(hashlib.sha256(b"other").digest()) != 0


def test_a_token_for_something_else(authority: Authority, tsa: Tsa) -> None:
    token = authority.token(DIGEST)
    other = hashlib.sha256(b"other").digest()
    (fault,) = timestamps.token_faults(token, other, (tsa.certificate,))
    assert fault == f"the time stamp is for sha256 {DIGEST.hex()}, expected sha256 {other.hex()}"


def test_a_token_by_nobody_trusted(authority: Authority) -> None:
    token = authority.token(DIGEST)
    (fault,) = timestamps.token_faults(token, DIGEST, (Tsa().certificate,))
    assert "is by nobody trusted" in fault


def test_a_damaged_token(authority: Authority, tsa: Tsa) -> None:
    token = authority.token(DIGEST)
    signature = len(token) - 60
    damaged = token[:signature] + bytes([token[signature] ^ 1]) + token[signature + 1 :]
    assert timestamps.token_faults(damaged, DIGEST, (tsa.certificate,)) == [
        "the time stamp's signature does not hold"
    ]
    for junk in (b"", b"junk", token[:-5]):
        (fault,) = timestamps.token_faults(junk, DIGEST, (tsa.certificate,))
        assert "cannot be read" in fault
        with pytest.raises(TimestampError, match="no time stamp"):
            timestamps.time_of(junk)


def _refusing(request: bytes) -> tuple[int, str, bytes]:
    status = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["no more today"]})
    inside = status.dump()
    return 200, timestamps.REPLY, bytes([0x30, len(inside)]) + inside


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (lambda request: (503, "text/plain", b"busy"), "HTTP status 503"),
        (lambda request: (200, "text/html", b"<p>Log in"), "answers with text/html"),
        (lambda request: (200, timestamps.REPLY, b"junk"), "is no time stamp"),
        (lambda request: (200, timestamps.REPLY, b""), "is no time stamp"),
        (_refusing, "refuses a time stamp: no more today"),
    ],
    ids=["status", "page", "junk", "empty", "refusal"],
)
def test_a_token_that_cannot_be_had(authority: Authority, tsa: Tsa, reply: Reply, fault: str) -> None:
    tsa.reply = reply
    with pytest.raises(TimestampError, match=fault) as caught:
        authority.token(DIGEST)
    assert authority.url in str(caught.value)
    assert caught.value.exit_code == 8


def test_an_answer_to_another_request(authority: Authority, tsa: Tsa) -> None:
    kept: list[tuple[int, str, bytes]] = []

    def repeat(request: bytes) -> tuple[int, str, bytes]:
        kept.append(tsa.grant(request))
        return kept[0]

    tsa.reply = repeat
    authority.token(DIGEST)
    with pytest.raises(TimestampError, match="belongs to another request"):
        authority.token(DIGEST)

    def swap(request: bytes) -> tuple[int, str, bytes]:
        asked = tsp.TimeStampReq.load(request)
        asked["message_imprint"]["hashed_message"] = hashlib.sha256(b"other").digest()
        return tsa.grant(asked.dump())

    tsa.reply = swap
    with pytest.raises(TimestampError, match="is for another digest"):
        authority.token(DIGEST)


def test_nobody_answers(server: tuple[Tsa, str]) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as unused:
        port = unused.server_address[1]
    with pytest.raises(TimestampError, match="no answer"):
        Authority(f"http://127.0.0.1:{port}/", timeout_s=2.0).token(DIGEST)


def test_an_authority_that_keeps_one_waiting(server: tuple[Tsa, str], tsa: Tsa) -> None:
    waiting = threading.Event()

    def wait(request: bytes) -> tuple[int, str, bytes]:
        waiting.wait(5)
        return tsa.grant(request)

    tsa.reply = wait
    try:
        with pytest.raises(TimestampError, match="no answer: timed out"):
            Authority(server[1], timeout_s=0.2).token(DIGEST)
    finally:
        waiting.set()


# In the PDF.


@pytest.fixture(scope="module")
def unsigned() -> bytes:
    style = f"{fonts.file_rules(load_desk().brand.fonts)} body {{ font-family: 'IBM Plex Sans' }}"
    source = (
        f"<html lang=en><head><title>Note</title><style>{style}</style></head>"
        "<body><h1>Long end breaks</h1></body></html>"
    )
    document = weasyprint.HTML(string=source).render(pdf_variant="pdf/a-3a")
    conformance.complete(document.metadata, "TW-2025-04-10-r1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its colour profile open
        raw = document.write_pdf(pdf_variant="pdf/a-3a", pdf_identifier=b"TW-2025-04-10-r1")
    return conformance.finish(raw, {}, "Signature of the publisher")


@pytest.fixture(scope="module")
def desk_key(tmp_path_factory: pytest.TempPathFactory) -> tuple[signing.Identity, x509.Certificate]:
    made = small_identity(b"correct horse", AT)
    file = tmp_path_factory.mktemp("keys") / "key.p12"
    keys.write_new(file, made.p12)
    (root,) = x509.load_pem_x509_certificates(made.authority)
    return signing.load_identity(file, b"correct horse"), root


def test_a_stamped_signature_keeps_both_standards(
    unsigned: bytes,
    desk_key: tuple[signing.Identity, x509.Certificate],
    authority: Authority,
    tsa: Tsa,
) -> None:
    identity, root = desk_key
    signed = signing.sign_pdf(unsigned, identity, reason="Published", at=AT, timestamper=authority)
    assert signed.startswith(unsigned)
    assert signing.level_of(signed) == "B-T"
    assert conformance.failed(signed) == []
    assert signing.pdf_faults(signed, (root,), AT, (tsa.certificate,)) == []
    (fault,) = signing.pdf_faults(signed, (root, tsa.certificate), AT)
    assert "time stamp in the signature is by Test TSA (serial 1267), whom no trusted" in fault


@pytest.mark.parametrize("required", [True, False])
def test_without_an_authority_the_setting_decides(
    unsigned: bytes,
    desk_key: tuple[signing.Identity, x509.Certificate],
    authority: Authority,
    tsa: Tsa,
    required: bool,
) -> None:
    identity, root = desk_key
    tsa.reply = _refusing

    def sign() -> signing.Signed:
        return signing.sign_pdf_as_set(
            unsigned, identity, reason="Published", at=AT, timestamper=authority, required=required
        )

    if required:
        with pytest.raises(TimestampError, match="no more today"):
            sign()
        return
    made = sign()
    assert made.level == "B-B"
    assert "no more today" in made.without_timestamp
    assert signing.pdf_faults(made.content, (root,), AT) == []


def test_with_an_authority_nothing_is_missing(
    unsigned: bytes, desk_key: tuple[signing.Identity, x509.Certificate], authority: Authority
) -> None:
    identity, _ = desk_key
    made = signing.sign_pdf_as_set(
        unsigned, identity, reason="Published", at=AT, timestamper=authority, required=False
    )
    assert (made.level, made.without_timestamp) == ("B-T", "")
    bare = signing.sign_pdf_as_set(
        unsigned, identity, reason="Published", at=AT, timestamper=None, required=True
    )
    assert (bare.level, bare.without_timestamp) == ("B-B", "")
