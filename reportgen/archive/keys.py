"""The desk's signing key: a PKCS#12 file, opened with its passphrase, and the test identity to begin with.

What is wrong with the file itself is a ConfigError; a key that may not sign, or not yet, or no longer, is an
ApprovalError, since it stops a publication that is otherwise in order.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from reportgen.errors import ApprovalError, ConfigError

TEST_MARK = "TEST – not for publication"
TEST_ORGANISATION = "reportgen test identity"
LEAST_RSA_BITS = 2048
LEAST_PASSPHRASE = 8
_TEST_RSA_BITS = 3072
_TEST_LIFE = dt.timedelta(days=730)
_CLOCKS_DIFFER = dt.timedelta(minutes=5)
_KDF_ROUNDS = 200_000
_SIGNING_KEYS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)
OPEN_TO_OWNER, OPEN_TO_READERS = 0o600, 0o644


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key and issuers; the key stays inside."""

    subject: str
    serial: str  # hexadecimal
    not_before: dt.datetime
    not_after: dt.datetime
    is_test: bool
    fingerprint: str  # sha256 of the certificate
    certificate: x509.Certificate = field(repr=False, compare=False)
    issuers: tuple[x509.Certificate, ...] = field(repr=False, compare=False)
    key: Any = field(repr=False, compare=False)

    def require_valid(self, at: dt.datetime) -> None:
        """Check the certificate's dates.

        Raises: ApprovalError.
        """
        hint = "Sign with a key that is valid now: [signing] key in desk.toml."
        if at < self.not_before:
            raise ApprovalError(
                f"signing key {self.subject}: not valid before {minute(self.not_before)}, now {minute(at)}",
                hint=hint,
            )
        if at > self.not_after:
            raise ApprovalError(
                f"signing key {self.subject}: expired {minute(self.not_after)}, now {minute(at)}", hint=hint
            )

    def issuer_names(self) -> tuple[str, ...]:
        """Return who issued it, up to the root as far as the file goes."""
        return tuple(name_of(one.issuer) for one in (self.certificate, *self.issuers))

    def chain_pem(self) -> bytes:
        """Return the certificate and its issuers as PEM, for whoever verifies later."""
        return as_pem((self.certificate, *self.issuers))


@dataclass(frozen=True, slots=True)
class TestIdentity:
    """A new key that marks itself as a test: the PKCS#12 file, and the authority to trust as PEM."""

    __test__ = False  # not a test case

    p12: bytes = field(repr=False)
    authority: bytes


def load_identity(path: Path, passphrase: bytes) -> Identity:
    """Open a PKCS#12 file.

    Raises: ConfigError if it is missing or no PKCS#12 file; ApprovalError for a wrong passphrase, a file
        without a key, a key without its certificate, or one that is not for signing.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file, expected the signing key as PKCS#12",
            hint="Name it as [signing] key in desk.toml; `reportgen keys init` makes a test key.",
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the signing key: {error.strerror}") from error
    key, certificate, others = _opened(path, content, passphrase)
    if key is None or certificate is None:
        lacking = "private key" if key is None else "certificate of its key"
        raise ApprovalError(f"{path}: holds no {lacking}, expected key and certificate")
    if fault := _fault(key, certificate):
        raise ApprovalError(f"{path}: {name_of(certificate.subject)}: {fault}")
    return Identity(
        subject=name_of(certificate.subject),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        is_test=is_test(certificate),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        certificate=certificate,
        issuers=tuple(_above(certificate, others)),
        key=key,
    )


def make_test_identity(passphrase: bytes, at: dt.datetime, life: dt.timedelta = _TEST_LIFE) -> TestIdentity:
    """Make a key with an authority of its own, whose key is thrown away: it can issue nothing else.

    Raises: ApprovalError for a passphrase that is too short.
    """
    if len(passphrase) < LEAST_PASSPHRASE:
        raise ApprovalError(
            f"passphrase of {len(passphrase)} bytes, expected {LEAST_PASSPHRASE} or more",
            hint="Use a longer one.",
        )
    begins = at - _CLOCKS_DIFFER
    authority_key = rsa.generate_private_key(public_exponent=65537, key_size=_TEST_RSA_BITS)
    authority_name = _test_name(f"{TEST_MARK} (authority)")
    authority = (
        _certificate(authority_name, authority_name, authority_key.public_key(), begins, begins + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    key = rsa.generate_private_key(public_exponent=65537, key_size=_TEST_RSA_BITS)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        _certificate(_test_name(TEST_MARK), authority_name, key.public_key(), begins, begins + life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(above, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(_KDF_ROUNDS)
        .hmac_hash(hashes.SHA256())
        .build(passphrase)
    )
    p12 = pkcs12.serialize_key_and_certificates(TEST_MARK.encode(), key, certificate, [authority], encryption)
    return TestIdentity(p12, as_pem((authority,)))


def write_new(path: Path, content: bytes, mode: int = OPEN_TO_OWNER) -> None:
    """Write a file that must not exist yet, from its first byte open to no more than the mode says.

    Raises: ConfigError if it exists or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise ConfigError(f"{path}: exists", hint="A key is never overwritten: name another file.") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def load_certificates(paths: Iterable[Path]) -> tuple[x509.Certificate, ...]:
    """Read certificates that are trusted, PEM or DER, each once.

    Raises: ConfigError that names every file that holds none.
    """
    found: dict[bytes, x509.Certificate] = {}
    faults = []
    for path in paths:
        try:
            content = path.read_bytes()
            pem = b"-----BEGIN" in content
            read = (
                x509.load_pem_x509_certificates(content) if pem else [x509.load_der_x509_certificate(content)]
            )
            found |= {one.fingerprint(hashes.SHA256()): one for one in read}
        except OSError as error:
            faults.append(f"{path}: cannot be read: {error.strerror}")
        except ValueError:
            faults.append(f"{path}: no certificate in it, expected PEM or DER")
    if faults:
        raise ConfigError("; ".join(faults), hint="See [signing] trust and tsa_trust in desk.toml.")
    return tuple(found.values())


def as_pem(certificates: Iterable[x509.Certificate]) -> bytes:
    """Write certificates as PEM."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def is_test(certificate: x509.Certificate) -> bool:
    """Say whether a certificate, or its issuer, calls itself a test."""
    return any(
        TEST_MARK in str(part.value) for name in (certificate.subject, certificate.issuer) for part in name
    )


def name_of(name: x509.Name) -> str:
    """Write a name as people read it: "TEST – not for publication, reportgen test identity"."""
    wanted = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    parts = [str(part.value) for oid in wanted for part in name.get_attributes_for_oid(oid)]
    return ", ".join(parts) or name.rfc4514_string()


def _opened(
    path: Path, content: bytes, passphrase: bytes
) -> tuple[Any, x509.Certificate | None, Sequence[x509.Certificate]]:
    """Tell a wrong passphrase from what is no key file at all."""
    from asn1crypto.pkcs12 import Pfx

    try:
        if Pfx.load(content, strict=True)["version"].native != "v3":
            raise ValueError("version")
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: not a PKCS#12 file (.p12, .pfx)") from error
    try:
        return pkcs12.load_key_and_certificates(content, passphrase or None)
    except ValueError as error:
        raise ApprovalError(f"{path}: wrong passphrase, or a damaged file") from error


def _fault(key: Any, certificate: x509.Certificate) -> str:
    """Say why a key may not sign notes; nothing if it may."""
    if not isinstance(key, _SIGNING_KEYS):
        return f"a key of type {type(key).__name__.lstrip('_')}, expected RSA or ECDSA"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < LEAST_RSA_BITS:
        return f"an RSA key of {key.key_size} bits, expected {LEAST_RSA_BITS} or more"
    if key.public_key() != certificate.public_key():
        return "the certificate belongs to another key"
    if (basic := _extension(certificate, x509.BasicConstraints)) is not None and basic.ca:
        return "a certificate of an authority, expected that of a signer"
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return "not a key for signing: its usage lacks digital signature and content commitment"
    return ""


def _extension(certificate: x509.Certificate, kind: Any) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _above(certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> Iterable[x509.Certificate]:
    """Walk from a certificate to its root, as far as the file goes."""
    held = {other.subject: other for other in others}
    current = certificate
    while current.issuer != current.subject and current.issuer in held:
        current = held.pop(current.issuer)
        yield current


def _test_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, TEST_ORGANISATION),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: Any, begins: dt.datetime, ends: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(**used: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: used.get(name, False) for name in names})


def minute(moment: dt.datetime) -> str:
    """Write a moment to the minute, as messages do."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
