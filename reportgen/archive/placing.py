"""Where the archive may lie: apart from everything that is written over or thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reportgen.errors import ArchiveError


def refuse_overlap(root: Path, others: Mapping[str, Path]) -> None:
    """Check that the archive's root folder neither lies in one of the others nor holds it.

    Shape: others by what they are, as in "output folder".

    Raises: ArchiveError naming both.
    """
    archive = root.resolve()
    for what, folder in others.items():
        other = folder.resolve()
        if archive.is_relative_to(other):
            raise ArchiveError(
                f"{root}: the archive lies in the {what} {folder}, which is written over", hint=_HINT
            )
        if other.is_relative_to(archive):
            raise ArchiveError(f"{root}: the {what} {folder} lies in the archive", hint=_HINT)


_HINT = "Name a folder of its own: [archive] root in desk.toml, or --archive."
