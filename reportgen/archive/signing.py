"""Signatures: PAdES in the PDF, CMS beside a file; `signatures` says what is wrong with either.

A PDF is signed by an incremental update into the field that it already has: the signed file begins with
exactly the unsigned bytes. Both PDF standards survive since nothing else is touched, the metadata least.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko_certvalidator.registry import SimpleCertificateStore

from reportgen.archive.keys import Identity, load_identity
from reportgen.archive.signatures import (
    BROKEN,
    DIGEST,
    Level,
    detached_faults,
    level_of,
    one_line,
    pdf_claims_of,
    pdf_faults,
    quiet,
    signer_of,
    time_of,
)
from reportgen.archive.timestamps import Authority, as_asn1
from reportgen.errors import ArchiveError, TimestampError
from reportgen.render.signature_field import FIELD


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed PDF, how far its signature goes, and why it has no time stamp if it was to have one."""

    content: bytes
    level: Level
    without_timestamp: str = ""


class _Untouched(IncrementalPdfFileWriter):
    """Append to a PDF without writing its metadata anew, which would lose the claim to PDF/UA."""

    def _update_meta(self) -> None:
        return None


class _Key(signers.SimpleSigner):
    """Sign with a key that is open already; the library would open and check it for every signature."""

    def __init__(self, identity: Identity) -> None:
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        registry.register_multiple(as_asn1(identity.issuers))
        # Whoever verifies brings the root along; a copy in the signature would be vouched for by nobody.
        super().__init__(as_asn1((identity.certificate,))[0], None, registry, embed_roots=False)
        self._key = identity.key

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        digest = hashes.SHA256()
        if digest_algorithm != DIGEST:
            raise SigningError(f"digest {digest_algorithm}, expected {DIGEST}")
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), digest)
        signature: bytes = self._key.sign(data, ec.ECDSA(digest))
        return signature


class _Signer(signers.PdfSigner):
    """Sign at a given moment rather than at the one that the machine's clock shows."""

    at: dt.datetime

    def init_signing_session(self, *arguments: Any, **named: Any) -> Any:
        session = super().init_signing_session(*arguments, **named)
        session.system_time = self.at
        return session


def sign_pdf(
    pdf: bytes, identity: Identity, *, reason: str, at: dt.datetime, timestamper: Authority | None = None
) -> bytes:
    """Sign a PDF in its empty field: PAdES B-B, or B-T with a time-stamping authority.

    Raises: ApprovalError for a key that is not valid at the moment; TimestampError for a token that cannot be
        had; ArchiveError for a PDF without an empty field.
    """
    identity.require_valid(at)
    quiet()
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm=DIGEST,
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=reason,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    signer = _Signer(metadata, signer=_Key(identity), timestamper=timestamper)
    signer.at = at
    out = io.BytesIO()
    try:
        signer.sign_pdf(_Untouched(io.BytesIO(pdf)), existing_fields_only=True, output=out)
    except (SigningError, *BROKEN) as error:
        if isinstance(error, TimestampError):
            raise
        raise ArchiveError(
            f"the PDF cannot be signed: {one_line(error)}",
            hint="A PDF built by this version has an empty field for one signature: build the note again.",
        ) from error
    signed = out.getvalue()
    if not signed.startswith(pdf):
        raise ArchiveError("the signed PDF does not begin with the bytes that were to be signed")
    return signed


def sign_pdf_as_set(
    pdf: bytes,
    identity: Identity,
    *,
    reason: str,
    at: dt.datetime,
    timestamper: Authority | None,
    required: bool,
) -> Signed:
    """Sign a PDF with a time stamp where there is an authority; where it fails, refuse or go on as set.

    Raises: as `sign_pdf`, TimestampError only where a time stamp is required.
    """
    if timestamper is not None:
        try:
            return Signed(sign_pdf(pdf, identity, reason=reason, at=at, timestamper=timestamper), "B-T")
        except TimestampError as error:
            if required:
                raise
            why = error.message
        return Signed(sign_pdf(pdf, identity, reason=reason, at=at), "B-B", why)
    return Signed(sign_pdf(pdf, identity, reason=reason, at=at), "B-B")


def sign_detached(content: bytes, identity: Identity, *, at: dt.datetime) -> bytes:
    """Return a CMS signature over bytes that lie elsewhere, DER, as `openssl cms -verify -binary` reads it.

    Raises: ApprovalError for a key that is not valid at the moment.
    """
    identity.require_valid(at)
    quiet()
    made = asyncio.run(
        _Key(identity).async_sign_general_data(
            content, DIGEST, signed_attr_settings=PdfCMSSignedAttributes(signing_time=at)
        )
    )
    return bytes(made.dump())


__all__ = [
    "Identity",
    "Level",
    "Signed",
    "detached_faults",
    "level_of",
    "load_identity",
    "pdf_claims_of",
    "pdf_faults",
    "sign_detached",
    "sign_pdf",
    "sign_pdf_as_set",
    "signer_of",
    "time_of",
]
