"""A package for a regulator, by somebody who may hand records out; what came of it stands in the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.archive.life import exporter
from reportgen.errors import ArchiveError, HostError, ReportgenError
from reportgen.pipeline.office import Office, refused

if TYPE_CHECKING:
    from reportgen.archive.export import Exported
    from reportgen.pipeline.publishing import Seal


def ready(office: Office, why: str) -> None:
    """Check that the person may hand records out.

    Raises: ApprovalError; the refusal is on record.
    """
    try:
        exporter(office.person)
    except ReportgenError as error:
        raise refused(office, "export", "", why, error) from error


def seal_for(office: Office, passphrase: bytes, why: str) -> Seal:
    """Open the key that signs the package.

    Raises: ConfigError, ApprovalError; the refusal is on record.
    """
    from reportgen.pipeline.publishing import seal_of

    try:
        return seal_of(office.settings, office.folder, passphrase)
    except ReportgenError as error:
        raise refused(office, "export", "", why, error) from error


def export(
    office: Office,
    out: Path,
    begin: dt.date,
    end: dt.date,
    *,
    templates: Path,
    seal: Seal | None,
    why: str,
    packs: bool = False,
    whole_trail: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Write a package, signed where there is a key; the ledger has it before it is there.

    Raises: as `archive.export.export`, ApprovalError, and HostError for a place that cannot be written; a
        failure is on record.
    """
    from reportgen.archive import export as packing

    try:
        actor = exporter(office.person)

        def record(done: Exported) -> None:
            body = {
                "from": done.begin.isoformat(),
                "to": done.end.isoformat(),
                "notes": list(done.notes),
                "entries": list(done.entries),
                "withheld": done.withheld,
                "sums": done.sums,
                "signed": done.signed,
            }
            with office.archive.writing() as writer:
                office.enter(writer, "exported", None, actor, body, why=why)
            office.archive.remember()

        try:
            return packing.export(
                office.archive,
                out,
                begin,
                end,
                templates=templates,
                brand=office.settings.brand,
                packs=packs,
                whole_trail=whole_trail,
                sign=None if seal is None else lambda content: _signed(office, seal, content),
                record=record,
                progress=progress,
            )
        except OSError as error:
            raise HostError(
                f"{out}: the package cannot be written: {error.strerror or error}",
                hint="Name a place that can be written with --out, and check the space on its disk.",
            ) from error
    except ReportgenError as error:
        raise refused(office, "export", "", why, error) from error


def _signed(office: Office, seal: Seal, content: bytes) -> bytes:
    """Sign the sums of a package.

    Raises: ApprovalError for a key that is not valid now; ArchiveError for a signature that is no good.
    """
    from reportgen.archive import signing

    at = office.archive.clock()
    signature = signing.sign_detached(content, seal.identity, at=at)
    if faults := signing.detached_faults(content, signature, seal.trust, at):
        raise ArchiveError(
            f"the signature of the package is no good: {'; '.join(faults)}",
            hint="[signing] trust in desk.toml names the authority that vouches for the key.",
        )
    return signature
