"""Proof of an archive: every byte hashed anew, the chain walked, signatures and time stamps checked.

Nothing stops at the first fault: the ledger and the files are read as they lie, however damaged they are.
The index is asked one thing alone, whether it remembers another end of the ledger than the one that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.archive.archive import IDENTITY
from reportgen.archive.file_proof import FileProof
from reportgen.archive.ledger import FILE
from reportgen.archive.objects import FOLDER
from reportgen.archive.proof import CHECKS, LAYOUT, OBJECTS, RECORDS, SIGNATURES, STAMPS, Trust
from reportgen.archive.verifier import CHAIN, HEADS, Fault, printable
from reportgen.errors import ArchiveError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_ATTEMPTS = 3  # looks at an archive into which others write meanwhile
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found.

    Shape: faults are things that are wrong; unfinished what the next writer will put in order; seconds are
        spent by check.
    """

    faults: tuple[Fault, ...]
    unfinished: tuple[str, ...]
    entries: int
    objects: int
    size: int
    signatures: int
    head: tuple[int, str] | None
    test_signed: int  # notes that were published with a test key
    spoken_for: int  # the last entry for which a signed head speaks
    seconds: Mapping[int, float]

    @property
    def ok(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults


def verify(
    root: Path,
    trust: Sequence[Certificate],
    *,
    stamp_trust: Sequence[Certificate] = (),
    heads: Iterable[Path] = (),
    signatures: bool = True,
    progress: Progress = lambda _: None,
) -> Verdict:
    """Verify an archive.

    Shape: trust vouches for signers, stamp_trust for time-stamping authorities; heads are copies of heads
        that were kept elsewhere.

    Raises: ArchiveError if there is no archive.
    """
    if not root.is_dir():
        raise ArchiveError(f"{root}: no such folder, expected an archive")
    if not any((root / name).exists() for name in (IDENTITY, FILE, FOLDER)):
        raise ArchiveError(f"{root}: no archive: neither {IDENTITY} nor {FILE} nor {FOLDER} is in it")
    for _ in range(_ATTEMPTS):
        run = FileProof(
            root, Trust(trust, stamp_trust), signatures=signatures and bool(trust), others=tuple(heads)
        )
        for check, step in _steps(run):
            with run.timed(check):
                progress(CHECKS[check])
                step()
        if not run.overtaken():
            break
    else:
        run.unfinished.append("others wrote into the archive while it was verified; verify it again")
    if signatures and not trust:
        run.fault(SIGNATURES, "signatures", "cannot be checked: no certificate is trusted")
    if run.with_signatures:
        progress(CHECKS[SIGNATURES])
        run.published()
    return _verdict(run)


def _steps(run: FileProof) -> tuple[tuple[int, Callable[[], None]], ...]:
    """Return the checks in the order in which each finds what it needs."""
    return (
        (LAYOUT, run.layout),
        (HEADS, run.heads),
        (CHAIN, run.chain),
        (OBJECTS, run.objects),
        (RECORDS, run.records),
    )


def _verdict(run: FileProof) -> Verdict:
    """Return what was found; the same fault is told once."""
    faults = sorted({(f.check, f.subject, f.message) for f in run.faults})
    last = max(run.held, default=0)
    head = (last, run.held[last].digest) if last else None
    return Verdict(
        faults=tuple(Fault(*said) for said in faults),
        unfinished=tuple(dict.fromkeys(map(printable, run.unfinished))),
        entries=len(run.held),
        objects=len(run.there),
        size=run.size,
        signatures=run.signature_count,
        head=head,
        test_signed=run.test_signed,
        spoken_for=run.spoken_for,
        seconds=dict(run.seconds),
    )


__all__ = ["CHECKS", "SIGNATURES", "STAMPS", "Fault", "Verdict", "verify"]
