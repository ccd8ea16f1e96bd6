"""reportgen keys."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportgen.cli.options import desk_options, now
from reportgen.cli.passphrase import new_passphrase, passphrase_of, passphrase_option
from reportgen.errors import ConfigError
from reportgen.pipeline.desk import Desk

if TYPE_CHECKING:
    from reportgen.archive.keys import Identity

DEFAULT = Path("keys") / "test-signing.p12"


@click.group("keys")
def command() -> None:
    """Make a test key, or say what a signing key is."""


@command.command("init")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The PKCS#12 file to make; {DEFAULT} in the desk's folder, or here, until one is named.",
)
@click.option("--keyring", is_flag=True, help="Keep the passphrase in the system's keyring.")
@passphrase_option
@desk_options
def init(desk: Desk, out: Path | None, keyring: bool, passphrase_file: Path | None) -> None:
    """Make a test key and the certificate of its authority.

    It says TEST – not for publication in its name, in every signature and in the archive's ledger. For real
    notes the firm's certificate authority issues the key. No file is ever overwritten.
    """
    from reportgen.archive import keys, passphrases

    file = out if out is not None else (desk.folder or Path()) / DEFAULT
    authority = file.with_suffix(".ca.pem")
    for path in (file, authority):
        if path.exists():
            raise ConfigError(f"{path}: exists", hint="A key is never overwritten: name another with --out.")
    passphrase = new_passphrase(file, passphrase_file)
    made = keys.make_test_identity(passphrase, now())
    keys.write_new(file, made.p12)
    keys.write_new(authority, made.authority, keys.OPEN_TO_READERS)
    if keyring:
        passphrases.into_keyring(file, passphrase)
    click.echo(file)
    click.echo(authority)
    click.echo("\nIn desk.toml:\n\n[signing]", err=True)
    click.echo(f'key = "{_named(desk, file)}"\ntrust = ["{_named(desk, authority)}"]', err=True)
    if keyring:
        click.echo("keyring = true", err=True)


@command.command("show")
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@passphrase_option
@desk_options
def show(desk: Desk, file: Path | None, as_json: bool, passphrase_file: Path | None) -> None:
    """Say whose key it is and how long it is valid: the desk's, or that of a PKCS#12 file."""
    from reportgen import config
    from reportgen.archive import keys

    keyring = False
    if file is None:
        signing = config.load_desk(desk.folder).signing
        file = signing.key_file(desk.folder or Path())
        keyring = signing.keyring
        if file is None:
            raise ConfigError(
                "desk.toml: [signing] names no key",
                hint="`reportgen keys init` makes a test key and says what to write.",
            )
    identity = keys.load_identity(file, passphrase_of(file, passphrase_file, keyring=keyring))
    said = _described(file, identity, now())
    if as_json:
        click.echo(json.dumps(said, indent=1, ensure_ascii=False))
        return
    width = max(map(len, said))
    for name, found in said.items():
        words = ("yes" if found else "no") if isinstance(found, bool) else found
        click.echo(f"{name.replace('_', ' '):<{width}}  {words}")


def _described(file: Path, identity: Identity, present: dt.datetime) -> dict[str, str | bool]:
    begins, ends = identity.not_before, identity.not_after
    state = "not valid yet" if present < begins else "expired" if present > ends else "valid"
    left = (ends - present).days
    return {
        "file": str(file),
        "subject": identity.subject,
        "issuer": ", ".join(dict.fromkeys(identity.issuer_names())),
        "serial": identity.serial,
        "sha256": identity.fingerprint,
        "not_before": begins.isoformat(),
        "not_after": ends.isoformat(),
        "state": f"{state}, {left} days left" if state == "valid" else state,
        "test": identity.is_test,
    }


def _named(desk: Desk, file: Path) -> str:
    """Name a file as desk.toml does: from the desk's folder if it lies in it."""
    path = file.resolve()
    folder = (desk.folder or Path()).resolve()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
