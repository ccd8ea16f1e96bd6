"""Time stamps of RFC 3161: a token by which an authority says that a digest existed at a moment."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any, ClassVar

from asn1crypto import algos, cms, core, tsp
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.timestamps.api import TimeStamper

from reportgen.errors import TimestampError

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
ALGORITHM = "sha256"
_LARGEST_REPLY = 1_000_000
_GRANTED = ("granted", "granted_with_mods")


class _Reply(core.Sequence):  # type: ignore[misc]
    """A reply of RFC 3161; the library's own wants a token in a refusal, too."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class Authority(TimeStamper):
    """A time-stamping authority behind an HTTP address, for single tokens and for signatures in a PDF."""

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        self.url = url
        self.timeout_s = timeout_s

    def token(self, digest: bytes) -> bytes:
        """Return a token over a SHA-256 digest, DER.

        Raises: TimestampError if there is none to be had, or it is not for this digest.
        """
        return bytes(self._token(digest, ALGORITHM).dump())

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a token for the signing library, which asks in this way."""
        return self._token(message_digest, md_algorithm)

    def _token(self, digest: bytes, algorithm: str) -> cms.ContentInfo:
        nonce = secrets.randbits(63) | 1 << 62
        imprint = {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": algorithm}),
            "hashed_message": digest,
        }
        request = tsp.TimeStampReq(
            {
                "version": 1,
                "message_imprint": tsp.MessageImprint(imprint),
                "cert_req": True,
                "nonce": core.Integer(nonce),
            }
        )
        reply = self._asked(request.dump())
        try:
            return self._checked(_Reply.load(reply, strict=True), digest, nonce)
        except (ValueError, TypeError, KeyError) as error:
            raise TimestampError(f"{self.url}: the reply is no time stamp: {error}") from error

    def _asked(self, request: bytes) -> bytes:
        asked = urllib.request.Request(self.url, request, {"Content-Type": QUERY, "Accept": REPLY})
        try:
            with urllib.request.urlopen(asked, timeout=self.timeout_s) as reply:
                kind = reply.headers.get_content_type()
                content: bytes = reply.read(_LARGEST_REPLY)
        except urllib.error.HTTPError as error:
            with error:
                raise TimestampError(f"{self.url}: HTTP status {error.code}") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise TimestampError(f"{self.url}: no answer: {reason}") from error
        if kind != REPLY:
            raise TimestampError(f"{self.url}: answers with {kind}, expected {REPLY}")
        return content

    def _checked(self, reply: _Reply, digest: bytes, nonce: int) -> cms.ContentInfo:
        status = reply["status"]
        if status["status"].native not in _GRANTED:
            said = [*(status["status_string"].native or ()), *(status["fail_info"].native or ())]
            why = "; ".join(map(str, said)) or status["status"].native
            raise TimestampError(f"{self.url}: refuses a time stamp: {why}")
        token: cms.ContentInfo = reply["time_stamp_token"]
        stated = _stated(token)
        if stated["nonce"].native != nonce:
            raise TimestampError(f"{self.url}: the reply belongs to another request")
        if stated["message_imprint"]["hashed_message"].native != digest:
            raise TimestampError(f"{self.url}: the time stamp is for another digest")
        return token


def time_of(token: bytes) -> dt.datetime:
    """Return the moment that a token states.

    Raises: TimestampError if it is none.
    """
    try:
        moment: dt.datetime = _stated(cms.ContentInfo.load(token, strict=True))["gen_time"].native
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TimestampError(f"no time stamp: {error}") from error
    return moment


def token_faults(token: bytes, digest: bytes, trust: Sequence[x509.Certificate]) -> list[str]:
    """Return what is wrong with a token over a SHA-256 digest; nothing if it is good.

    1. It can be read. 2. It is for this digest. 3. Its signature holds, by a certificate for time stamps.
    4. The certificate was valid at the stated moment, and leads to a trusted one.
    """
    import asyncio

    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
    from pyhanko_certvalidator import ValidationContext

    try:
        parsed = cms.ContentInfo.load(token, strict=True)
        stated = _stated(parsed)
        imprint, moment = stated["message_imprint"], stated["gen_time"].native
        found, algorithm = imprint["hashed_message"].native, imprint["hash_algorithm"]["algorithm"].native
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return [f"the time stamp cannot be read: {_line(error)}"]
    if algorithm != ALGORITHM or found != digest:
        return [f"the time stamp is for {algorithm} {found.hex()}, expected {ALGORITHM} {digest.hex()}"]
    context = ValidationContext(trust_roots=as_asn1(trust), moment=moment, allow_fetching=False)
    try:
        status: dict[str, Any] = asyncio.run(
            validate_tst_signed_data(parsed["content"], context, lambda _: digest)
        )
    except (SignatureValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        return [f"the time stamp cannot be verified: {_line(error)}"]
    if not (status["intact"] and status["valid"]):
        return ["the time stamp's signature does not hold"]
    signer = x509.load_der_x509_certificate(status["signing_cert"].dump())
    if not is_valid(signer, moment):
        return [f"the certificate of the time stamp was not valid at {moment:%Y-%m-%d %H:%M} UTC"]
    if status["trust_problem_indic"] is not None or status["validation_path"] is None:
        return [f"the time stamp of {moment:%Y-%m-%d %H:%M} UTC is by nobody trusted: {_why(status)}"]
    return []


def is_valid(certificate: x509.Certificate, at: dt.datetime) -> bool:
    """Tell whether a moment lies within the dates of a certificate."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def as_asn1(certificates: Sequence[x509.Certificate]) -> list[Any]:
    """Hand certificates to the signing library in its own form."""
    from asn1crypto import x509 as asn1

    return [asn1.Certificate.load(one.public_bytes(serialization.Encoding.DER)) for one in certificates]


def digest_of(content: bytes) -> bytes:
    """Return the digest over which a token is asked."""
    return hashlib.sha256(content).digest()


def _stated(token: cms.ContentInfo) -> Any:
    """Return what a token states: for what, when, for which request."""
    if token["content_type"].native != "signed_data":
        raise ValueError("no signed data")
    inside = token["content"]["encap_content_info"]
    if inside["content_type"].native != "tst_info":
        raise ValueError("no time-stamp token")
    return inside["content"].parsed


def _why(status: dict[str, Any]) -> str:
    problem = status["trust_problem_indic"]
    return "no path to a trusted certificate" if problem is None else str(getattr(problem, "name", problem))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
