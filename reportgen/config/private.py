"""Files that their owner alone may read: keys, secrets and passphrases."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reportgen.errors import ConfigError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LONGEST = 1 << 16


def read_private(path: Path, subject: str) -> bytes:
    """Read a file that its owner alone may read. Shape: subject begins the message about it.

    Raises: ConfigError if it cannot be read, or others may read it.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LONGEST)
    except OSError as error:
        raise ConfigError(f"{subject}: {path}: {error.strerror}") from error
    if os.name == "posix" and mode & _OTHERS:
        raise ConfigError(
            f"{subject}: {path}: open to others (mode {stat.S_IMODE(mode):04o}), expected 0600",
            hint=f"chmod 600 {path}",
        )
    return content
