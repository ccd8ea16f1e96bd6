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

from reportgen.archive import timestamps
from reportgen.archive.verify import verify
from reportgen.pipeline import publishing

STATED = dt.datetime(2026, 1, 9, 22, 30, tzinfo=dt.UTC)


class Near(timestamps.Authority):
    """An authority that answers without a line in between; the line has tests of its own."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1/")
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test TSA")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(4711)
            .not_valid_before(STATED - dt.timedelta(days=1))
            .not_valid_after(STATED + dt.timedelta(days=3650))
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .sign(key, hashes.SHA256())
        )
        pkcs8 = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (certificate,) = timestamps.as_asn1((self.certificate,))
        self._stamper = DummyTimeStamper(certificate, asn1_keys.PrivateKeyInfo.load(pkcs8), fixed_dt=STATED)

    def _asked(self, request: bytes) -> bytes:
        return bytes(self._stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump())


def test_time_stamps_are_proven(keep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    near, real = Near(), publishing.seal_of

    def stamped(*arguments: Any) -> publishing.Seal:
        seal = real(*arguments)
        return dataclasses.replace(seal, authority=near, trust=(*seal.trust, near.certificate))

    monkeypatch.setattr(publishing, "seal_of", stamped)
    kept = keep("stamped", 1)
    trust = (*kept.trust, near.certificate)
    verdict = verify(kept.root, trust)
    assert [str(fault) for fault in verdict.faults] == []
    assert verdict.signatures == 4  # PDF, manifest, head, and the token over the head
    assert 7 in verdict.seconds

    untrusted = [str(fault) for fault in verify(kept.root, kept.trust).faults]
    assert any(".json.tsr: " in line for line in untrusted)
    assert any("signed PDF: the time stamp in the signature is by " in line for line in untrusted)

    (token,) = (kept.root / "heads").glob("*.tsr")
    _flip(token, -10)
    told = [f"{fault.check} {fault}" for fault in verify(kept.root, trust).faults]
    assert any(line.startswith(f"3 heads/{token.name}: changed") for line in told)
    assert any(line.startswith(f"7 heads/{token.name}: ") for line in told)
    assert len(told) == 2


def _flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(content))
