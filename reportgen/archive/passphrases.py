"""The passphrase of a key: from a file that only its owner reads, or from the system's keyring."""

from __future__ import annotations

from pathlib import Path

from reportgen.config.private import read_private
from reportgen.errors import ConfigError, HostError

SERVICE = "reportgen signing key"


def from_file(path: Path) -> bytes:
    """Read a passphrase: the first line of a file.

    Raises: ConfigError if it is missing, empty, more than a line, or open to others than its owner.
    """
    content = read_private(path, "cannot read the passphrase")
    passphrase = content.rstrip(b"\r\n")
    if not passphrase or b"\n" in passphrase:
        found = "nothing" if not passphrase else "more than one line"
        raise ConfigError(f"{path}: expected a passphrase on one line, found {found}")
    return passphrase


def from_keyring(key: Path) -> bytes | None:
    """Return the passphrase that the system's keyring holds for a key file, None if it holds none.

    Raises: HostError if there is no keyring, or it refuses.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        found = keyring.get_password(SERVICE, _account(key))
    except (KeyringError, RuntimeError) as error:
        raise HostError(
            f"the system's keyring cannot be asked: {type(error).__name__}",
            hint="Give --passphrase-file, or set [signing] keyring = false in desk.toml.",
        ) from error
    return None if found is None else found.encode()


def into_keyring(key: Path, passphrase: bytes) -> None:
    """Keep the passphrase of a key file in the system's keyring.

    Raises: HostError if there is no keyring, or it refuses.
    """
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, _account(key), passphrase.decode())
    except (KeyringError, RuntimeError, UnicodeDecodeError) as error:
        raise HostError(
            f"the system's keyring does not take the passphrase: {type(error).__name__}",
            hint="Keep it in a file of mode 0600 and give --passphrase-file.",
        ) from error


def _account(key: Path) -> str:
    return str(key.expanduser().resolve())
