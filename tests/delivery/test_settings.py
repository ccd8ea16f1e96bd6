"""Where the desk's mail comes from: the example in desk.toml, and the secrets that never stand in it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import NoKeyringError
from pydantic import ValidationError

from reportgen.assets import asset_dir
from reportgen.config.mail import Mail
from reportgen.config.tables import faults
from reportgen.delivery import secrets
from reportgen.errors import ConfigError
from tests.delivery.conftest import settings


class Memory(KeyringBackend):
    """A keyring of the tests' own."""

    priority = 1.0

    def __init__(self, **held: str) -> None:
        super().__init__()
        self.held = held

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get(username) if service == "reportgen" else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


class Absent(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise NoKeyringError


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_password", Absent().get_password)


def test_the_example_in_the_desk_file_is_valid() -> None:
    lines = (asset_dir("templates") / "brand" / "desk.toml").read_text(encoding="utf-8").splitlines()
    begin = lines.index("# [mail]")
    table = [line.removeprefix("#").removeprefix(" ") for line in lines[begin:] if line.startswith("#")]
    end = next(
        (n for n, x in enumerate(table) if x.startswith("[") and not x.startswith("[mail")), len(table)
    )
    mail = Mail.model_validate(tomllib.loads("\n".join(table[:end]))["mail"])
    assert mail.smtp.security == "starttls"
    assert mail.dkim is not None
    known = {*Mail.model_fields, *type(mail.smtp).model_fields} - {"domain"}
    assert {key for key in known if not any(x.startswith(f"{key} =") for x in table)} == {"smtp", "dkim"}


def test_the_password_from_environment_or_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    mail = settings(user="desk")
    assert secrets.password(settings(), {}) == ""
    assert secrets.password(mail, {secrets.PASSWORD: "from env"}) == "from env"
    with pytest.raises(ConfigError, match=r"no password for localhost\n.*set reportgen desk@localhost"):
        secrets.password(mail, {})
    monkeypatch.setattr(keyring, "get_password", Memory(**{"desk@localhost": "from keyring"}).get_password)
    assert secrets.password(mail, {}) == "from keyring"


def test_the_secret_behind_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = settings()
    with pytest.raises(ConfigError, match="expected a secret of 16 bytes or more, found 0"):
        secrets.token_secret(mail, tmp_path, {})
    with pytest.raises(ConfigError, match="found 5"):
        secrets.token_secret(mail, tmp_path, {secrets.TOKEN_SECRET: "short"})
    assert secrets.token_secret(mail, tmp_path, {secrets.TOKEN_SECRET: "x" * 16}) == b"x" * 16
    named = mail.model_copy(update={"secret_file": "secret"})
    with pytest.raises(ConfigError, match="No such file"):
        secrets.token_secret(named, tmp_path, {})
    file = tmp_path / "secret"
    file.write_text("y" * 32 + "\n")
    file.chmod(0o640)
    with pytest.raises(ConfigError, match=r"open to others \(mode 0640\), expected 0600") as refused:
        secrets.token_secret(named, tmp_path, {})
    assert "yyyy" not in str(refused.value)
    file.chmod(0o600)
    assert secrets.token_secret(named, tmp_path, {}) == b"y" * 32
    monkeypatch.setattr(keyring, "get_password", Memory(mail="z" * 20).get_password)
    assert secrets.token_secret(mail, tmp_path, {}) == b"z" * 20
    without = mail.model_copy(update={"unsubscribe_url": ""})
    assert secrets.token_secret(without, tmp_path, {}) == b""


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"sender": "a@b@c, d@e"}, "expected name@host"),
        ({"sender": ""}, "expected name@host"),
        ({"sender": "zoë@b.example"}, "expected letters of ASCII before the @"),
        ({"journal": "j@bücher.example"}, "expected the domain as xn--…"),
        ({"reply_to": "a..b@b.example"}, "in signs that need no quotes"),
        ({"return_path": "a@b_c.example"}, "in signs that need no quotes"),
        ({"sender_name": "A\nB"}, "expected one line"),
        ({"sender_name": "A\x0bB"}, "expected one line"),
        ({"unsubscribe_url": "https://desk.example.com/a>,<mailto:x@y.example>{token}"}, "signs of ASCII"),
        ({"unsubscribe_url": "https://desk.example.com/é?t={token}"}, "others as %XX"),
        ({"unsubscribe_url": f"https://desk.example.com/{'a' * 980}{{token}}"}, "at most 500 signs"),
        (
            {"unsubscribe_url": "https://u:secret@desk.example.com/?t={token}"},
            "a user name or password in it",
        ),
        ({"note_url": "https://u:secret@℀.example/{note}"}, "expected https:// and a host"),
        ({"unsubscribe_url": "https://desk.example.com/leave"}, "expected {token} in it"),
        ({"note_url": "https://desk.example.com/notes"}, "expected {note} in it"),
        ({"note_url": "ftp://desk.example.com/{note}"}, "expected an https:// address"),
        ({"smtp": {"host": "x y"}}, "should match pattern"),
        ({"smtp": {"host": "mail.example.com", "security": "none"}}, "for a server on this machine alone"),
        ({"smtp": {"host": "localhost", "security": "none", "user": "u"}}, "password in the clear"),
        ({"smtp": {"host": "localhost", "password": "p"}}, "Extra inputs are not permitted"),
        ({"dkim": {"domain": "d.example", "selector": "s;", "key_file": "k"}}, "should match pattern"),
    ],
)
def test_settings_that_cannot_be(changes: dict[str, Any], fault: str) -> None:
    given: dict[str, Any] = {"sender": "a@b.example", "journal": "j@b.example", "smtp": {"host": "localhost"}}
    with pytest.raises(ValidationError) as refused:
        Mail.model_validate(given | changes)
    assert fault in str(refused.value)
    assert "secret" not in faults(refused.value)
