"""What delivery must keep to itself: the server's password, the secret behind tokens, the DKIM key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reportgen.config.mail import Mail
from reportgen.config.private import read_private
from reportgen.errors import ConfigError

SERVICE = "reportgen"  # under which the system's keyring holds them
PASSWORD = "REPORTGEN_SMTP_PASSWORD"
TOKEN_SECRET = "REPORTGEN_MAIL_SECRET"
LEAST_SECRET = 16  # bytes


def password(mail: Mail, environment: Mapping[str, str]) -> str:
    """Return the password of the mail server; empty where none is asked for.

    Raises: ConfigError if the desk names a user and neither environment nor keyring holds the password.
    """
    if not mail.smtp.user:
        return ""
    account = f"{mail.smtp.user}@{mail.smtp.host}"
    found = environment.get(PASSWORD) or _keyring(account)
    if not found:
        raise ConfigError(
            f"desk.toml: mail.smtp.user: no password for {mail.smtp.host}",
            hint=f"Set {PASSWORD}, or keep it in the keyring: keyring set {SERVICE} {account}",
        )
    return found


def token_secret(mail: Mail, folder: Path, environment: Mapping[str, str]) -> bytes:
    """Return the secret from which the tokens of recipients are made; empty where none are needed.

    Raises: ConfigError if it is missing, short, or lies open.
    """
    if not mail.unsubscribe_url:
        return b""
    given = environment.get(TOKEN_SECRET)
    if given:
        found, where = given.encode(), TOKEN_SECRET
    elif mail.secret_file:
        path = folder / Path(mail.secret_file).expanduser()
        found, where = read_private(path, "desk.toml: mail.secret_file").strip(), str(path)
    else:
        found, where = _keyring("mail").encode(), f"the keyring's entry {SERVICE} mail"
    if len(found) < LEAST_SECRET:
        raise ConfigError(
            f"desk.toml: mail.unsubscribe_url: {where}: expected a secret of {LEAST_SECRET} bytes or more, "
            f"found {len(found)}",
            hint=f"Set {TOKEN_SECRET}, or mail.secret_file to a file of mode 0600: openssl rand -hex 32",
        )
    return found


def _keyring(account: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, account) or ""
    except (KeyringError, RuntimeError):  # no keyring on this machine: the caller names the other ways
        return ""
