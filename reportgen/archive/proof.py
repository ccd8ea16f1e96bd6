"""What every part of a proof shares: where the archive lies, whom to trust, what was found and when."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen.archive.ledger import read_moment
from reportgen.archive.verifier import CHAIN, HEADS, UNREADABLE, Fault
from reportgen.errors import ArchiveError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LAYOUT, OBJECTS, RECORDS, SIGNATURES, STAMPS = 1, 4, 5, 6, 7
CHECKS = {
    LAYOUT: "the archive holds its identity and ledger, and no unknown file",
    CHAIN: "the ledger is whole: entries canonical, in order, each naming the one before",
    HEADS: "heads, kept here or elsewhere, are those of this ledger",
    OBJECTS: "every file is there and has the digest that it is named by",
    RECORDS: "what others approved is what was submitted, and what was published begins with it",
    SIGNATURES: "signatures hold, by keys that were valid and trusted",
    STAMPS: "time stamps hold",
}
BROKEN = (ArchiveError, *UNREADABLE)  # what damaged entries lead to


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to trust: those who vouch for the desk's signers, and those for time-stamping authorities."""

    signers: Sequence[Certificate] = ()
    stamps: Sequence[Certificate] = ()


class Proof:
    """One look at an archive, check after check."""

    def __init__(self, root: Path, trust: Trust, *, signatures: bool) -> None:
        self.root, self.trust, self.with_signatures = root, trust, signatures
        self.faults: list[Fault] = []
        self.unfinished: list[str] = []
        self.seconds: dict[int, float] = defaultdict(float)
        self.size = self.signature_count = 0

    def timed(self, check: int) -> _Timer:
        return _Timer(self.seconds, check)

    def fault(self, check: int, subject: str, message: str) -> None:
        self.faults.append(Fault(check, subject, message))

    def detached(self, subject: str, content: bytes, signature: bytes, at: Any) -> bool:
        from reportgen.archive.signing import detached_faults

        self.signature_count += 1
        try:
            moment = at if isinstance(at, dt.datetime) else read_moment(at)
        except UNREADABLE as error:
            self.fault(SIGNATURES, subject, f"the time of what it signs cannot be read: {error}")
            return False
        faults = detached_faults(content, signature, self.trust.signers, moment)
        for said in faults:
            self.fault(SIGNATURES, subject, said)
        return not faults

    def token(self, subject: str, content: bytes, token: bytes) -> None:
        from reportgen.archive.timestamps import token_faults

        with self.timed(STAMPS):
            self.signature_count += 1
            for said in token_faults(token, hashlib.sha256(content).digest(), self.trust.stamps):
                self.fault(STAMPS, subject, said)

    def pdf(self, subject: str, signed: bytes, at: dt.datetime) -> None:
        from reportgen.archive.signing import pdf_faults

        self.signature_count += 1
        for said in pdf_faults(signed, self.trust.signers, at, self.trust.stamps):
            self.fault(SIGNATURES, subject, said)


@dataclass
class _Timer:
    """Add the time of a block to a check; a block within another is not counted twice."""

    seconds: dict[int, float]
    check: int
    _begin: float = 0.0
    _others: float = 0.0

    def __enter__(self) -> None:
        self._begin = time.perf_counter()
        self._others = sum(self.seconds.values())

    def __exit__(self, *_: object) -> None:
        inner = sum(self.seconds.values()) - self._others
        self.seconds[self.check] += time.perf_counter() - self._begin - inner
