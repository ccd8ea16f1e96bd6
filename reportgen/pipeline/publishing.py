"""Publication: the approved bytes, signed, and on record with both hashes.

1. The note is approved and its sealed files are what they were; unless the key is a test key, somebody has
approved the words of its disclosures. 2. `note.publishing` says that it begins. 3. The PDF is signed; what
was approved is its beginning, byte for byte, and the signature is good. 4. The signed PDF and the signature
of the manifest are sealed. 5. `note.published` names them: its time is that of the first dissemination.
6. The head of the ledger is signed, and copied to the anchor. A publication that ends before step 5 is begun
again from step 1; one that ends before step 6 is published, and goes on there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.archive import Actor, NoteRecord, Writer, durable
from reportgen.archive.ledger import canonical, sha256, write_moment
from reportgen.archive.life import revision_of
from reportgen.config import Desk
from reportgen.errors import (
    ApprovalError,
    ArchiveError,
    ConfigError,
    PdfError,
    ReportgenError,
    TimestampError,
)
from reportgen.pipeline.life import Office, attempt, refused, verify_sealed

if TYPE_CHECKING:
    from cryptography import x509

    from reportgen.archive.keys import Identity
    from reportgen.archive.timestamps import Authority

PDF, MANIFEST = "note.pdf", "manifest.json"
SIGNATURE, TOKEN = ".p7s", ".tsr"


@dataclass(frozen=True, slots=True)
class Seal:
    """How a desk signs: its key, whom it trusts, and the time-stamping authority if it has one.

    Shape: trust vouches for signers, stamp_trust for the authority, neither for the other.
    """

    identity: Identity
    trust: Sequence[x509.Certificate] = field(repr=False)
    stamp_trust: Sequence[x509.Certificate] = field(default=(), repr=False)
    authority: Authority | None = None
    stamp_required: bool = True


@dataclass(frozen=True, slots=True)
class Published:
    """A published note, and what could not be done after it was."""

    record: NoteRecord
    head: Path | None
    warnings: tuple[str, ...] = ()


def key_of(settings: Desk, folder: Path | None) -> Path:
    """Return the file of the desk's signing key.

    Raises: ConfigError if it names none.
    """
    key = settings.signing.key_file(folder or Path())
    if key is None:
        raise ConfigError(
            "desk.toml: [signing] names no key, and nothing is published without a signature",
            hint="`reportgen keys init` makes a test key and says what to write.",
        )
    return key


def key_for(office: Office, note_id: str, why: str = "") -> Path:
    """Return the file of the key with which a note would be signed.

    Raises: ConfigError if the desk names none; the refusal is on record.
    """
    try:
        return key_of(office.settings, office.folder)
    except ReportgenError as error:
        raise refused(office, "publish", note_id, why, error) from error


def seal_of(settings: Desk, folder: Path | None, passphrase: bytes) -> Seal:
    """Open the desk's key.

    Raises: ConfigError for a file that is missing; ApprovalError for a wrong passphrase or an unfit key.
    """
    from reportgen.archive.keys import load_certificates, load_identity
    from reportgen.archive.timestamps import Authority

    signing = settings.signing
    identity = load_identity(key_of(settings, folder), passphrase)
    trust = load_certificates(signing.trust_files(folder or Path()))
    stamp_trust = load_certificates(signing.tsa_trust_files(folder or Path()))
    authority = Authority(signing.tsa_url, signing.tsa_timeout_s) if signing.tsa_url else None
    return Seal(identity, trust, stamp_trust, authority, signing.tsa_required)


def publish(office: Office, note_id: str, passphrase: bytes, why: str = "") -> Published:
    """Sign and publish an approved note, or end a publication that was begun.

    Raises: ApprovalError; ConfigError; TimestampError where a time stamp is required and cannot be had;
        ArchiveError for a sealed file that changed, or a signature that is no good.
    """
    try:
        seal = seal_of(office.settings, office.folder, passphrase)
        seal.identity.require_valid(office.archive.clock())
    except ReportgenError as error:
        raise refused(office, "publish", note_id, why, error) from error
    with attempt(office, "publish", note_id, why) as writer:
        revision_of(note_id)
        record = office.archive.find(note_id)
        actor = office.admit("publish", note_id, record)
        assert record is not None  # admitted, so it is held
        if record.published_at is None:
            _publish(office, writer, record, actor, seal, why)
        head, failed = _head(office, writer, actor, seal)
    office.archive.remember()  # no head covers the entry that names it
    record = office.archive.note(note_id)
    if head is None:
        return Published(record, None, (f"the head of the ledger is not signed: {failed}",))
    return Published(record, head, _anchored(office, head))


def _publish(office: Office, writer: Writer, record: NoteRecord, actor: Actor, seal: Seal, why: str) -> None:
    """Sign an approved note and put its publication on record."""
    if not seal.identity.is_test:
        _refuse_examples(record)
    verify_sealed(office.archive, record)
    binding = {"manifest": record.manifest, "unsigned_pdf": record.files[PDF]}
    begun = office.enter(writer, "note.publishing", record.id, actor, binding, why=why)
    writer.flush()
    body = binding | _signed(office, writer, record, seal, begun.at)
    superseded = record.supersedes
    office.enter(writer, "note.published", record.id, actor, body, why=why, key=superseded or "")
    if superseded is not None:
        office.enter(writer, "note.superseded", superseded, actor, {"by": record.id}, key=record.id)
    writer.flush()


def _refuse_examples(record: NoteRecord) -> None:
    """Check that somebody approved every disclosure of a note: those that come with reportgen are examples.

    Raises: ApprovalError that names those which nobody did.
    """
    examples = [
        f"{block.get('id')} (version {block.get('version')})"
        for block in record.disclosures
        if not str(block.get("approved", "")).strip()
    ]
    if examples:
        raise ApprovalError(
            f"{record.id}: nobody has approved the words of its disclosures: {', '.join(examples)}",
            hint="Say in disclosures/ of the desk folder who approved them and when; build the note again. "
            "With a test key it is published as it is, marked as a test.",
        )


def _signed(
    office: Office, writer: Writer, record: NoteRecord, seal: Seal, at: dt.datetime
) -> dict[str, Any]:
    """Sign PDF and manifest, check both, seal them, and say what was sealed.

    Raises: ArchiveError, PdfError, TimestampError.
    """
    from reportgen.archive import signing
    from reportgen.render import conformance

    objects = office.archive.objects
    unsigned, manifest = objects.get(record.files[PDF]), objects.get(record.manifest)
    reason = f"{record.id}: published by {office.settings.brand.name}"
    made = signing.sign_pdf_as_set(
        unsigned,
        seal.identity,
        reason=reason,
        at=at,
        timestamper=seal.authority,
        required=seal.stamp_required,
    )
    with ThreadPoolExecutor(1) as pool:  # the validator computes outside the interpreter's lock
        validation = pool.submit(conformance.failed, made.content)
        detached = signing.sign_detached(manifest, seal.identity, at=at)
        faults = signing.pdf_faults(made.content, seal.trust, at, seal.stamp_trust)
        faults += signing.detached_faults(manifest, detached, seal.trust, at)
    if not made.content.startswith(unsigned):
        faults.append("the signed PDF does not begin with the approved bytes")
    if faults:
        raise ArchiveError(
            f"{record.id}: the signature just made is no good: {'; '.join(faults)}",
            hint="[signing] trust in desk.toml names the authority that vouches for the key.",
        )
    if failed := validation.result():
        raise PdfError(f"{record.id}: the signed PDF breaks its standards: {'; '.join(failed)}")
    sealed = writer.put_all({PDF: made.content, MANIFEST: detached, "chain.pem": seal.identity.chain_pem()})
    identity = seal.identity
    return {
        "signed_pdf": sealed[PDF],
        "signatures": {f"{MANIFEST}{SIGNATURE}": sealed[MANIFEST]},
        "chain": sealed["chain.pem"],
        "level": made.level,
        "without_timestamp": made.without_timestamp,
        "identity": {
            "subject": identity.subject,
            "serial": identity.serial,
            "fingerprint": identity.fingerprint,
            "not_before": write_moment(identity.not_before),
            "not_after": write_moment(identity.not_after),
            "is_test": identity.is_test,
        },
    }


def _head(office: Office, writer: Writer, actor: Actor, seal: Seal) -> tuple[Path | None, str]:
    """Sign the head; the note is published, so a failure is told and nothing is refused."""
    try:
        return sign_head(office, writer, actor, seal), ""
    except ReportgenError as error:
        writer.discard()
        return None, error.message


def _anchored(office: Office, head: Path) -> tuple[str, ...]:
    """Copy a head to the anchor, if the desk names one, and say what went wrong."""
    anchor = office.settings.archive.anchor_folder(office.folder)
    if anchor is not None:
        try:
            copy_head(head, anchor, office.archive.id)
        except ArchiveError as error:
            return (f"the anchor has no copy of the ledger's head: {error.message}",)
    return ()


def copy_head(head: Path, anchor: Path, archive_id: str) -> None:
    """Copy a signed head to a folder elsewhere, so that a ledger that is cut shorter later is found out.

    Shape: several archives may share the folder, so that the copies' names begin with the archive's id.

    Raises: ArchiveError, also for another copy of the same name, which is left alone.
    """
    for part in sorted(head.parent.glob(f"{head.name}*")):
        copy = anchor / f"{archive_id}-{part.name}"
        with durable.reported(part):
            content = part.read_bytes()
        with durable.reported(copy):
            if copy.exists() and copy.read_bytes() != content:
                raise ArchiveError(
                    f"{copy}: there is another copy already, which tells of another history of the ledger",
                    hint="`reportgen archive verify --head` with that copy says how they differ.",
                )
        durable.write_file(copy, content, anchor)


def sign_head(office: Office, writer: Writer, actor: Actor, seal: Seal) -> Path:
    """Sign the last entry of the ledger, and with it every entry before; return the file of the head.

    Raises: ArchiveError, TimestampError.
    """
    from reportgen.archive.signing import sign_detached
    from reportgen.archive.timestamps import digest_of

    last = writer.last
    head = canonical(
        {
            "schema": 1,
            "archive": office.archive.id,
            "seq": last.seq,
            "at": write_moment(last.at),
            "digest": last.digest,
        }
    )
    name = f"{last.seq}.json"
    signature = sign_detached(head, seal.identity, at=max(office.archive.clock(), last.at))
    body: dict[str, Any] = {"seq": last.seq, "digest": last.digest, "is_test": seal.identity.is_test}
    files = {name: head, f"{name}{SIGNATURE}": signature}
    if seal.authority is not None:
        try:
            files[f"{name}{TOKEN}"] = seal.authority.token(digest_of(head))
        except TimestampError as error:
            body["without_timestamp"] = error.message
    body["files"] = {file: sha256(content) for file, content in files.items()}
    writer.put_heads(files)
    office.enter(writer, "head.signed", None, actor, body)
    writer.flush()
    return office.archive.heads / name
