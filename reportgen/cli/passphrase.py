"""How a command asks for the passphrase of a key: a file, the keyring, the terminal; never an argument."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reportgen.errors import UsageError

_HINT = "Name a file of mode 0600 with --passphrase-file (or REPORTGEN_PASSPHRASE_FILE)."


def passphrase_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --passphrase-file."""
    return click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="REPORTGEN_PASSPHRASE_FILE",
        help="File of mode 0600 with the key's passphrase; else the keyring or the terminal is asked.",
    )(function)


def passphrase_of(key: Path, file: Path | None, *, keyring: bool) -> bytes:
    """Return the passphrase of a key: from the file if one is named, else the keyring, else the terminal.

    Raises: ConfigError for a file that is open to others; HostError for a keyring that refuses; UsageError
        where there is nobody to ask.
    """
    from reportgen.archive import passphrases

    if file is not None:
        return passphrases.from_file(file)
    if keyring and (found := passphrases.from_keyring(key)) is not None:
        return found
    return _asked(f"Passphrase of {key}", confirm=False)


def new_passphrase(key: Path, file: Path | None) -> bytes:
    """Return the passphrase for a key to be made: from the file if one is named, else asked twice."""
    from reportgen.archive import passphrases

    return (
        passphrases.from_file(file) if file is not None else _asked(f"New passphrase of {key}", confirm=True)
    )


def _asked(question: str, *, confirm: bool) -> bytes:
    if not sys.stdin.isatty():
        raise UsageError(f"{question}: no terminal to ask", hint=_HINT)
    said: str = click.prompt(question, hide_input=True, confirmation_prompt=confirm, err=True)
    return said.encode()
