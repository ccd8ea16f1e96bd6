"""Time stamps beside the heads and in the PDF are checked with the rest."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from reportgen.archive import signing, timestamps
from reportgen.archive.verify import verify
from reportgen.pipeline import publishing
from tests.archive.identities import YEAR

STATED = dt.datetime(2026, 1, 9, 22, 30, tzinfo=dt.UTC)


def named(name: str, key: rsa.RSAPublicKey, by: str, life: dt.timedelta) -> x509.CertificateBuilder:
    """Begin a certificate that lives for a time from the day before."""
    subject, issuer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, said)]) for said in (name, by))
    begins = STATED - dt.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(4711)
        .not_valid_before(begins)
        .not_valid_after(begins + life)
    )


class Near(timestamps.Authority):
    """An authority that answers without a line in between; the line has tests of its own.

    Its certificate lives for a time from the day before; that of its own authority lives long.
    """

    def __init__(self, life: dt.timedelta) -> None:
        super().__init__("http://127.0.0.1/")
        above, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
        root = named("Test TSA root", above.public_key(), "Test TSA root", 10 * YEAR)
        self.root = root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
            above, hashes.SHA256()
        )
        leaf = named("Test TSA", key.public_key(), "Test TSA root", life)
        self.certificate = leaf.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
        ).sign(above, hashes.SHA256())
        pkcs8 = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (certificate,) = timestamps.as_asn1((self.certificate,))
        self._stamper = DummyTimeStamper(certificate, asn1_keys.PrivateKeyInfo.load(pkcs8), fixed_dt=STATED)

    def _asked(self, request: bytes) -> bytes:
        return bytes(self._stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump())


def stamped(keep: Any, patch: pytest.MonkeyPatch, near: Near, name: str, life: dt.timedelta = YEAR) -> Any:
    """Make an archive of one week whose key lives for a time, stamped by an authority."""
    real = publishing.seal_of

    def seal_of(*arguments: Any) -> publishing.Seal:
        return dataclasses.replace(real(*arguments), authority=near, stamp_trust=(near.root,))

    patch.setattr(publishing, "seal_of", seal_of)
    return keep(name, 1, life)


def test_time_stamps_are_proven(keep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    near = Near(10 * YEAR)
    kept = stamped(keep, monkeypatch, near, "stamped")
    stamps = (near.root,)
    verdict = verify(kept.root, kept.trust, stamp_trust=stamps)
    assert [str(fault) for fault in verdict.faults] == []
    assert verdict.signatures == 4  # PDF, manifest, head, and the token over the head
    assert 7 in verdict.seconds

    # Whom the desk trusts for the one is not trusted for the other.
    for stamp_trust in ((), kept.trust):
        untrusted = [
            str(fault) for fault in verify(kept.root, (*kept.trust, *stamps), stamp_trust=stamp_trust).faults
        ]
        assert len(untrusted) == 2
        assert any(".json.tsr: " in line for line in untrusted)
        assert any("signed PDF: the time stamp in the signature is by " in line for line in untrusted)
    swapped = verify(kept.root, stamps, stamp_trust=(*stamps, *kept.trust)).faults
    assert len(swapped) == 3
    assert all("is not trusted" in str(fault) for fault in swapped)

    (token,) = (kept.root / "heads").glob("*.tsr")
    _flip(token, -10)
    told = [f"{fault.check} {fault}" for fault in verify(kept.root, kept.trust, stamp_trust=stamps).faults]
    assert any(line.startswith(f"3 heads/{token.name}: changed") for line in told)
    assert any(line.startswith(f"7 heads/{token.name}: ") for line in told)
    assert len(told) == 2


def test_time_stamps_outlive_the_certificates(keep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority's certificate ran out a day later, the desk's within the week; both have long expired."""
    near = Near(dt.timedelta(days=2))
    assert dt.datetime.now(dt.UTC) > near.certificate.not_valid_after_utc
    kept = stamped(keep, monkeypatch, near, "outlived", dt.timedelta(days=7))
    for trusted in (near.root, near.certificate):
        verdict = verify(kept.root, kept.trust, stamp_trust=(trusted,))
        assert [str(fault) for fault in verdict.faults] == []


def test_a_time_stamp_that_came_too_late(keep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    late = Near(dt.timedelta(hours=20))
    with monkeypatch.context() as patch:
        patch.setattr(signing, "pdf_faults", lambda *_: [])  # it would not be published at all
        kept = stamped(keep, patch, late, "too late")
    for trusted in (late.root, late.certificate):
        told = [str(fault) for fault in verify(kept.root, kept.trust, stamp_trust=(trusted,)).faults]
        assert len(told) == 2, told
        assert all(" not valid at 2026-01-09 22:30 UTC" in line for line in told), told


def _flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(content))
