"""What is wrong with a signature, in a PDF or beside a file, and who made it."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import io
import logging
import struct
import zlib
from collections.abc import Sequence
from typing import Any, Literal

from asn1crypto import cms
from cryptography import x509
from pyhanko.pdf_utils.misc import PdfError as LibraryPdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import CMSExtractionError, CMSStructuralError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import (
    async_validate_detached_cms,
    extract_self_reported_ts,
    extract_tst_data_iter,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel, StandardCMSSignatureStatus
from pyhanko_certvalidator import ValidationContext

from reportgen.archive.keys import minute, name_of
from reportgen.archive.timestamps import as_asn1, is_valid

Level = Literal["B-B", "B-T"]
DIGEST = "sha256"
_VERSION_1 = b"\x02\x01\x01"
# What the libraries raise on bytes that are not what they should be.
BROKEN = (
    *(LibraryPdfError, SignatureValidationError, CMSExtractionError, CMSStructuralError),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError),
    *(RuntimeError, OSError, EOFError, MemoryError, struct.error, zlib.error),
)
_FOR_SIGNING = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)


def pdf_faults(
    signed: bytes,
    trust: Sequence[x509.Certificate],
    at: dt.datetime,
    stamp_trust: Sequence[x509.Certificate] = (),
) -> list[str]:
    """Return what is wrong with a signed PDF; nothing if it is good.

    Shape: trust vouches for signers, stamp_trust for time-stamping authorities, neither for the other.

    1. It can be read and holds one signature. 2. The signature covers the whole file. 3. The signed bytes
    are those that were signed. 4. The signature holds with its key. 5. Its certificate was valid at the
    moment, is for signing and leads to a trusted one. 6. A time stamp in it is good as well, by a certificate
    that was valid at the moment that it states.
    """
    quiet()
    try:
        found = list(PdfFileReader(io.BytesIO(signed)).embedded_signatures)
        if len(found) != 1:
            return ["no signature in the PDF" if not found else f"{len(found)} signatures, expected one"]
        status = validate_pdf_signature(
            found[0],
            _context(trust, at),
            _context(stamp_trust, _stamped(found[0].signer_info) or at),
            key_usage_settings=_FOR_SIGNING,
        )
    except BROKEN as error:
        return [f"the PDF's signature cannot be read: {one_line(error)}"]
    faults = [] if status.coverage == SignatureCoverageLevel.ENTIRE_FILE else [_uncovered(found[0], signed)]
    if not faults and not _whole(found[0], signed):
        faults.append("the room that the PDF keeps for its signature holds more than the signature")
    if not status.docmdp_ok and not faults:
        faults.append("the signature allows no change, and the PDF was changed")
    return faults + _status_faults(status, trust, at)


def detached_faults(
    content: bytes, signature: bytes, trust: Sequence[x509.Certificate], at: dt.datetime
) -> list[str]:
    """Return what is wrong with a detached signature over bytes; nothing if it is good."""
    quiet()
    try:
        info = cms.ContentInfo.load(signature, strict=True)
        if info["content_type"].native != "signed_data":
            return [f"the signature is {info['content_type'].native}, expected signed data"]
        if not _plain(info["content"]):
            return ["the signature says of itself what it is not: its version or digest was changed"]
        status = asyncio.run(
            async_validate_detached_cms(
                content,
                info["content"],
                _context(trust, at),
                _context((), at),
                key_usage_settings=_FOR_SIGNING,
            )
        )
    except BROKEN as error:
        return [f"the signature cannot be read: {one_line(error)}"]
    return _status_faults(status, trust, at)


def level_of(signed: bytes) -> Level | None:
    """Say how far the signature of a PDF goes; None if it has none that can be read."""
    try:
        found = list(PdfFileReader(io.BytesIO(signed)).embedded_signatures)
        if not found:
            return None
        return "B-T" if any(extract_tst_data_iter(found[0].signer_info, signed=False)) else "B-B"
    except BROKEN:
        return None


def signer_of(signature: bytes) -> x509.Certificate | None:
    """Return the certificate with which a detached signature says it was made, None if there is none."""
    try:
        data = cms.ContentInfo.load(signature, strict=True)["content"]
        wanted = data["signer_infos"][0]["sid"].chosen
        for held in data["certificates"]:
            one = held.chosen
            if one.issuer == wanted["issuer"] and one.serial_number == wanted["serial_number"].native:
                return x509.load_der_x509_certificate(one.dump())
    except BROKEN:
        return None
    return None


def time_of(signature: bytes) -> dt.datetime | None:
    """Return when a detached signature says that it was made, None if it does not."""
    try:
        data = cms.ContentInfo.load(signature, strict=True)["content"]
        stated: dt.datetime | None = extract_self_reported_ts(data["signer_infos"][0])
    except BROKEN:
        return None
    return stated


def pdf_claims_of(signed: bytes) -> tuple[x509.Certificate | None, dt.datetime | None]:
    """Return with which certificate and when a PDF says that it was signed, None for what it does not say."""
    try:
        found = list(PdfFileReader(io.BytesIO(signed)).embedded_signatures)
        if not found:
            return None, None
        return x509.load_der_x509_certificate(found[0].signer_cert.dump()), found[0].self_reported_timestamp
    except BROKEN:
        return None, None


def _status_faults(
    status: StandardCMSSignatureStatus, trust: Sequence[x509.Certificate], at: dt.datetime
) -> list[str]:
    signer = x509.load_der_x509_certificate(status.signing_cert.dump())
    if not status.intact:
        return ["the signed bytes were changed: their digest is not the one that was signed"]
    if not status.valid:
        return [f"the signature does not hold with the key of {_named(signer)}"]
    good = status.trusted and is_valid(signer, at)  # the library asks no dates of one that is trusted itself
    faults = [] if good else [_untrusted(signer, trust, at, status)]
    stamp = status.timestamp_validity
    if stamp is not None and not (stamp.intact and stamp.valid):
        faults.append("the time stamp in the signature does not hold")
    elif stamp is not None:
        by = x509.load_der_x509_certificate(stamp.signing_cert.dump())
        said = f"the time stamp in the signature is by {_named(by)}"
        if not is_valid(by, stamp.timestamp):
            faults.append(f"{said}, which was not valid at {minute(stamp.timestamp)}, the time it states")
        elif not stamp.trusted:
            faults.append(f"{said}, whom no trusted certificate vouches for")
    return faults


def _untrusted(
    signer: x509.Certificate, trust: Sequence[x509.Certificate], at: dt.datetime, status: Any
) -> str:
    """Say why a certificate is not accepted, the plainest reason first."""
    if at > signer.not_valid_after_utc:
        ended = minute(signer.not_valid_after_utc)
        return f"the key of {_named(signer)} had expired {ended}, signed {minute(at)}"
    if at < signer.not_valid_before_utc:
        begins = minute(signer.not_valid_before_utc)
        return f"the key of {_named(signer)} was not valid before {begins}, signed {minute(at)}"
    reason = getattr(status.trust_problem_indic, "name", "no path").replace("_", " ").lower()
    if status.trust_problem_indic is not None and "constraints" in reason:
        return f"the key of {_named(signer)} is not for signing"
    known = " or ".join(_named(one) for one in trust)
    return f"the key of {_named(signer)} is not trusted ({reason}); trusted is {known or 'none'}"


def _uncovered(embedded: Any, signed: bytes) -> str:
    edges = [int(edge) for edge in embedded.byte_range]
    more = len(signed) - (edges[-2] + edges[-1])
    if more > 0:
        return f"{more} bytes were added to the PDF after it was signed"
    return f"the signature covers {sum(edges[1::2])} of the PDF's {len(signed)} bytes"


def _whole(embedded: Any, signed: bytes) -> bool:
    """Tell whether the one part of the file that is not signed holds the signature and nothing else."""
    edges = [int(edge) for edge in embedded.byte_range]
    room = signed[edges[0] + edges[1] : edges[2]]
    written: bytes = cms.ContentInfo.load(embedded.pkcs7_content).dump().hex().upper().encode()
    return room == b"<" + written.ljust(len(room) - 2, b"0") + b">"


def _plain(data: cms.SignedData) -> bool:
    """Tell whether what no signature covers, and no reader asks for, is as `sign_detached` writes it."""
    digests = [one["algorithm"].native for one in data["digest_algorithms"]]
    parameters = [one["parameters"].dump() for one in data["digest_algorithms"]]
    versions = (data["version"].dump(), data["signer_infos"][0]["version"].dump())
    return (
        digests == [DIGEST]
        and parameters in ([b""], [b"\x05\0"])
        and all(version == _VERSION_1 for version in versions)
    )


def _context(trust: Sequence[x509.Certificate], at: dt.datetime) -> ValidationContext:
    """Trust these certificates and no others, ask nobody."""
    return ValidationContext(trust_roots=as_asn1(trust), moment=at, allow_fetching=False)


def _stamped(signer: cms.SignerInfo) -> dt.datetime | None:
    """Return the moment that the time stamp in a signature states, None if there is none."""
    for data in extract_tst_data_iter(signer, signed=False):
        moment: dt.datetime = data["encap_content_info"]["content"].parsed["gen_time"].native
        return moment
    return None


def _named(certificate: x509.Certificate) -> str:
    return f"{name_of(certificate.subject)} (serial {certificate.serial_number:x})"


def one_line(error: BaseException) -> str:
    """Say what a library complains of, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


@functools.cache
def quiet() -> None:
    """Keep the libraries' own log from the terminal: what they find comes back as a fault."""
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).addHandler(logging.NullHandler())
