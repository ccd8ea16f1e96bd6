"""Signatures in the PDF and beside files: three programs agree on what is good and what is not."""

from __future__ import annotations

import datetime as dt
import io
import random
import shutil
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import weasyprint
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from reportgen.archive import keys, signing
from reportgen.config import load_desk
from reportgen.errors import ApprovalError, ArchiveError
from reportgen.render import conformance, fonts
from tests.archive.identities import small_identity

AT = dt.datetime(2026, 11, 22, 18, 30, tzinfo=dt.UTC)
PASSPHRASE = b"correct horse"
CONTENT = b'{"seq":1,"kind":"note.published"}\n'

needs_pdfsig = pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler's pdfsig is not installed")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test key and its authority."""
    where = tmp_path_factory.mktemp("keys")
    made = small_identity(PASSPHRASE, AT)
    keys.write_new(where / "key.p12", made.p12)
    keys.write_new(where / "ca.pem", made.authority, keys.OPEN_TO_READERS)
    return where


@pytest.fixture(scope="module")
def identity(folder: Path) -> signing.Identity:
    return signing.load_identity(folder / "key.p12", PASSPHRASE)


@pytest.fixture(scope="module")
def trust(folder: Path) -> tuple[x509.Certificate, ...]:
    return keys.load_certificates([folder / "ca.pem"])


@pytest.fixture(scope="module")
def unsigned() -> bytes:
    """A page with its empty field, made as notes are."""
    style = f"{fonts.file_rules(load_desk().brand.fonts)} body {{ font-family: 'IBM Plex Sans' }}"
    source = (
        f"<html lang=en><head><title>Note</title><style>{style}</style>"
        "</head><body><h1>Long end breaks</h1><p>The 10-year yield rose.</p></body></html>"
    )
    document = weasyprint.HTML(string=source).render(pdf_variant="pdf/a-3a")
    conformance.complete(document.metadata, "TW-2025-04-10-r1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its colour profile open
        raw = document.write_pdf(pdf_variant="pdf/a-3a", pdf_identifier=b"TW-2025-04-10-r1")
    return conformance.finish(raw, {}, "Signature of the publisher")


@pytest.fixture(scope="module")
def signed(unsigned: bytes, identity: signing.Identity) -> bytes:
    return signing.sign_pdf(unsigned, identity, reason="Published as TW-2025-04-10-r1", at=AT)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def other_identity(folder: Path, key: Any) -> signing.Identity:
    """Make an identity with a key of another kind, its own authority."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Desk key")])
    usage = {
        n: n in ("digital_signature", "content_commitment")
        for n in (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        )
    }
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(77)
        .not_valid_before(AT - dt.timedelta(days=1))
        .not_valid_after(AT + dt.timedelta(days=1))
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    encryption = serialization.BestAvailableEncryption(PASSPHRASE)
    (folder / "other.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"desk", key, certificate, None, encryption)
    )
    return signing.load_identity(folder / "other.p12", PASSPHRASE)


# In the PDF.


def test_the_library_still_has_the_method_that_is_held_back() -> None:
    assert IncrementalPdfFileWriter._update_meta is BasePdfFileWriter._update_meta
    assert signing._Untouched._update_meta is not BasePdfFileWriter._update_meta


def test_the_signed_file_begins_with_the_approved_bytes(unsigned: bytes, signed: bytes) -> None:
    assert signed.startswith(unsigned)
    assert len(signed) > len(unsigned)
    with pikepdf.open(io.BytesIO(unsigned)) as before, pikepdf.open(io.BytesIO(signed)) as after:
        assert before.Root.Metadata.read_raw_bytes() == after.Root.Metadata.read_raw_bytes()
        assert before.docinfo == after.docinfo


def test_it_still_passes_both_standards(signed: bytes) -> None:
    assert conformance.failed(signed) == []


def test_it_says_when_and_why_it_was_signed(signed: bytes) -> None:
    with pikepdf.open(io.BytesIO(signed)) as opened:
        signature = opened.Root.AcroForm.Fields[0].V
        assert str(signature.Reason) == "Published as TW-2025-04-10-r1"
        assert str(signature.M) == "D:20261122183000Z"
        assert str(signature.SubFilter) == "/ETSI.CAdES.detached"
    assert signing.level_of(signed) == "B-B"


def test_a_good_signature_is_good(signed: bytes, trust: tuple[x509.Certificate, ...]) -> None:
    assert signing.pdf_faults(signed, trust, AT) == []


@needs_pdfsig
def test_poppler_agrees(signed: bytes, tmp_path: Path) -> None:
    file = tmp_path / "note.pdf"
    file.write_bytes(signed)
    said = subprocess.run(["pdfsig", file], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    assert "CN=TEST – not for publication" in said
    file.write_bytes(flipped(signed, 5000))
    said = subprocess.run(["pdfsig", file], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid." not in said
    assert "Digest Mismatch" in said


def test_each_flipped_byte_is_found(signed: bytes, trust: tuple[x509.Certificate, ...]) -> None:
    with pikepdf.open(io.BytesIO(signed)) as opened:
        _, first, second, last = (int(edge) for edge in opened.Root.AcroForm.Fields[0].V.ByteRange)
    choose = random.Random(20261122)
    places = [
        *(choose.randrange(first) for _ in range(40)),
        *(choose.randrange(second, second + last) for _ in range(20)),
    ]
    missed = [at for at in places if not signing.pdf_faults(flipped(signed, at), trust, AT)]
    assert missed == []


def test_what_is_wrong_is_named(signed: bytes, unsigned: bytes, trust: tuple[x509.Certificate, ...]) -> None:
    assert signing.pdf_faults(flipped(signed, 5000), trust, AT) == [
        "the signed bytes were changed: their digest is not the one that was signed"
    ]
    assert signing.pdf_faults(signed + b"\n%more\n", trust, AT) == [
        "7 bytes were added to the PDF after it was signed"
    ]
    assert signing.pdf_faults(unsigned, trust, AT) == ["no signature in the PDF"]
    (fault,) = signing.pdf_faults(signed[:-2000], trust, AT)
    assert "cannot be read" in fault or "no signature" in fault
    assert "cannot be read" in signing.pdf_faults(b"", trust, AT)[0]


def test_a_revision_on_top_of_the_signature_is_found(
    signed: bytes, trust: tuple[x509.Certificate, ...]
) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    writer.root["/Lang"] = generic.pdf_string("de")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    faults = signing.pdf_faults(out.getvalue(), trust, AT)
    assert any("bytes were added to the PDF after it was signed" in fault for fault in faults)


def test_a_key_that_nobody_vouches_for(signed: bytes, folder: Path) -> None:
    stranger = small_identity(PASSPHRASE, AT)
    other = tuple(x509.load_pem_x509_certificates(stranger.authority))
    (fault,) = signing.pdf_faults(signed, other, AT)
    assert fault.startswith("the key of TEST – not for publication, reportgen test identity (serial ")
    assert "is not trusted" in fault
    assert "trusted is none" in signing.pdf_faults(signed, (), AT)[0]


def test_the_moment_decides_whether_the_key_was_valid(
    signed: bytes, trust: tuple[x509.Certificate, ...]
) -> None:
    late, early = AT + dt.timedelta(days=731), AT - dt.timedelta(days=1)
    assert "had expired 2028-11-21 18:25 UTC" in signing.pdf_faults(signed, trust, late)[0]
    assert "was not valid before 2026-11-22 18:25 UTC" in signing.pdf_faults(signed, trust, early)[0]


@pytest.mark.parametrize(
    ("days", "fault"), [(800, "expired 2028-11-21"), (-1, "not valid before 2026-11-22")]
)
def test_a_key_out_of_its_time_signs_nothing(
    unsigned: bytes, identity: signing.Identity, days: int, fault: str
) -> None:
    moment = AT + dt.timedelta(days=days)
    with pytest.raises(ApprovalError, match=fault):
        signing.sign_pdf(unsigned, identity, reason="x", at=moment)
    with pytest.raises(ApprovalError, match=fault):
        signing.sign_detached(CONTENT, identity, at=moment)


def test_a_pdf_takes_one_signature(signed: bytes, identity: signing.Identity) -> None:
    with pytest.raises(ArchiveError, match="cannot be signed"):
        signing.sign_pdf(signed, identity, reason="again", at=AT)


def test_a_pdf_without_a_field_is_refused(identity: signing.Identity) -> None:
    bare = pikepdf.new()
    bare.add_blank_page()
    with pytest.raises(ArchiveError, match="cannot be signed") as caught:
        signing.sign_pdf(conformance.save(bare), identity, reason="x", at=AT)
    assert "build the note again" in str(caught.value)
    with pytest.raises(ArchiveError, match="cannot be signed"):
        signing.sign_pdf(b"no PDF", identity, reason="x", at=AT)


def test_an_elliptic_key_signs_as_well(unsigned: bytes, tmp_path: Path) -> None:
    own = other_identity(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    assert not own.is_test
    made = signing.sign_pdf(unsigned, own, reason="x", at=AT)
    assert signing.pdf_faults(made, (own.certificate,), AT) == []
    assert signing.pdf_faults(flipped(made, 4000), (own.certificate,), AT) != []
    beside = signing.sign_detached(CONTENT, own, at=AT)
    assert signing.detached_faults(CONTENT, beside, (own.certificate,), AT) == []


# Beside a file.


@pytest.fixture(scope="module")
def beside(identity: signing.Identity) -> bytes:
    return signing.sign_detached(CONTENT, identity, at=AT)


def openssl(folder: Path, content: bytes, signature: bytes, where: Path, *more: str) -> tuple[int, str]:
    (where / "content").write_bytes(content)
    (where / "content.p7s").write_bytes(signature)
    asked = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "content.p7s"]
    asked += ["-content", "content", "-CAfile", str(folder / "ca.pem"), "-out", "out", *more]
    # The key is valid at its signing time; the machine's clock may show any other.
    asked += ["-attime", str(int(AT.timestamp()))]
    done = subprocess.run(asked, cwd=where, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@needs_openssl
def test_openssl_agrees(folder: Path, beside: bytes, tmp_path: Path) -> None:
    status, said = openssl(folder, CONTENT, beside, tmp_path)
    assert (status, said) == (0, "CMS Verification successful\n")
    status, said = openssl(folder, flipped(CONTENT, 3), beside, tmp_path)
    assert status != 0
    assert "verification failure" in said.lower()


def test_a_good_detached_signature_is_good(beside: bytes, trust: tuple[x509.Certificate, ...]) -> None:
    assert signing.detached_faults(CONTENT, beside, trust, AT) == []
    assert signing.detached_faults(CONTENT, beside, trust, AT + dt.timedelta(days=700)) == []


@pytest.mark.parametrize("at", range(0, len(CONTENT), 4))
def test_each_flipped_byte_of_the_content_is_found(
    beside: bytes, trust: tuple[x509.Certificate, ...], at: int
) -> None:
    assert signing.detached_faults(flipped(CONTENT, at), beside, trust, AT) == [
        "the signed bytes were changed: their digest is not the one that was signed"
    ]


def test_no_byte_of_the_signature_changes_unseen(beside: bytes, trust: tuple[x509.Certificate, ...]) -> None:
    places = [*range(64), *range(64, len(beside), 9)]
    missed = [at for at in places if not signing.detached_faults(CONTENT, flipped(beside, at), trust, AT)]
    assert missed == []


def test_what_is_no_signature(trust: tuple[x509.Certificate, ...]) -> None:
    for junk in (b"", b"junk", b"0\x80", CONTENT):
        (fault,) = signing.detached_faults(CONTENT, junk, trust, AT)
        assert "cannot be read" in fault
    assert signing.signer_of(b"junk") is None
    assert signing.level_of(b"junk") is None
    assert signing.pdf_claims_of(b"junk") == (None, None)


def test_the_signer_is_named(signed: bytes, beside: bytes, identity: signing.Identity) -> None:
    assert signing.signer_of(beside) == identity.certificate
    assert signing.pdf_claims_of(signed)[0] == identity.certificate
    assert identity.is_test
    assert keys.TEST_MARK in identity.subject


def test_an_identity_shows_nothing_of_its_key(identity: signing.Identity) -> None:
    shown = repr(identity)
    assert "key=" not in shown
    assert "PrivateKey" not in shown
