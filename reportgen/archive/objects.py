"""The sealed bytes: each file named by its own SHA-256, read-only."""

from __future__ import annotations

import re
from pathlib import Path

from reportgen.archive import durable
from reportgen.archive.ledger import sha256
from reportgen.errors import ArchiveError

FOLDER = "objects"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Objects:
    """The folder objects/ of an archive."""

    def __init__(self, root: Path, staging: Path) -> None:
        self.folder = root / FOLDER
        self._staging = staging

    def path(self, digest: str) -> Path:
        """Return where an object lies, whether it is there or not.

        Raises: ArchiveError for what is no SHA-256.
        """
        if not _DIGEST.fullmatch(digest):
            raise ArchiveError(f"{digest!r}: not the name of an object, expected a SHA-256 in lower case")
        return self.folder / digest[:2] / digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of an object, hashed anew.

        Raises: ArchiveError if it is missing or is not what it was.
        """
        path = self.path(digest)
        try:
            with durable.reported(path):
                content = path.read_bytes()
        except ArchiveError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise ArchiveError(f"{path}: missing from the archive") from error
            raise
        found = sha256(content)
        if found != digest:
            raise ArchiveError(f"{path}: not what it was when it was sealed: its SHA-256 is {found}")
        return content

    def put(self, content: bytes) -> str:
        """Keep bytes and return their digest; those that are held already are compared and left alone."""
        digest = sha256(content)
        path = self.path(digest)
        if path.exists():
            self.get(digest)
            with durable.reported(path):  # whoever wrote it may have died before the disk knew its name
                durable.sync_folder(path.parent)
            return digest
        durable.make_folder(path.parent)
        durable.write_file(path, content, self._staging)
        return digest
