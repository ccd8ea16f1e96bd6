"""How a desk's notes are mailed: who sends, through which server, to which list, signed by which key.

Passwords and keys never stand here: desk.toml is sealed with every note.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator

from reportgen.config.tables import Line, Table, web_address

TOKEN = "{token}"
_NOTE = "{note}"
_LOCAL = ("localhost", "127.0.0.1", "::1")
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_URL = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%{}-]{1,500}")  # a header's line holds 998
_DOMAIN = r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9-]+$"
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def _one_line(words: str) -> str:
    if _UNPRINTED.search(words):
        raise ValueError("expected one line")
    return words


def mail_address(found: str) -> str:
    """Return an address in signs that every server takes, or nothing.

    Raises: ValueError saying what is expected.
    """
    name, at, host = found.rpartition("@")
    if found and (not (name and at and host) or any(c.isspace() or c in '<>,;"' for c in found)):
        raise ValueError("expected name@host")
    if not host.isascii():
        raise ValueError("expected the domain as xn--…: not every server takes other letters")
    if not name.isascii():
        raise ValueError("expected letters of ASCII before the @: not every server takes others")
    if found and not (_LOCAL_PART.fullmatch(name) and re.fullmatch(_DOMAIN, host)):
        raise ValueError("expected name@host, in signs that need no quotes")
    return found


def _named(found: str) -> str:
    if not found:
        raise ValueError("expected name@host")
    return found


def _link(found: str) -> str:
    if found and not found.startswith("https://"):
        raise ValueError("expected an https:// address")
    if found and not _URL.fullmatch(web_address(found, "https")):
        raise ValueError("expected at most 500 signs of ASCII, others as %XX and the host as xn--…")
    return found


Address = Annotated[str, AfterValidator(_one_line), AfterValidator(mail_address)]
OwnAddress = Annotated[Address, AfterValidator(_named)]
Link = Annotated[str, AfterValidator(_one_line), AfterValidator(_link)]
OneLine = Annotated[str, AfterValidator(_one_line)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]+$")]
Domain = Annotated[str, Field(pattern=_DOMAIN)]


class Smtp(Table):
    """The server that takes the messages; its password comes from the keyring or the environment."""

    host: Host
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: OneLine = ""
    ca_file: str = ""  # certificates to trust besides the machine's own
    timeout_s: Annotated[float, Field(gt=0, le=900)] = 60.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    backoff_s: Annotated[float, Field(ge=0, le=3600)] = 30.0

    @model_validator(mode="after")
    def _guards_what_it_sends(self) -> Self:
        if self.security == "none" and self.user:
            raise ValueError('security = "none" would send the password in the clear, expected "starttls"')
        if self.security == "none" and self.host not in _LOCAL:
            raise ValueError('security = "none" is for a server on this machine alone, expected "starttls"')
        return self


class Dkim(Table):
    """The key that signs each message; the file holds an RSA key as PEM."""

    domain: Domain
    selector: Domain
    key_file: Line


class Mail(Table):
    sender: OwnAddress
    sender_name: OneLine = ""
    reply_to: Address = ""
    return_path: Address = ""  # where bounces go; the sender if it is not said
    journal: OwnAddress  # compliance: a copy of every send
    domain: Domain | Literal[""] = ""  # of message ids; the sender's if it is not said
    recipients: Line = "recipients.csv"
    suppressed: Line = "suppressed.csv"
    unsubscribe_url: Link = ""  # with {token}
    unsubscribe_mailto: Address = ""
    secret_file: str = ""  # from which tokens are made, unless keyring or environment hold it
    note_url: Link = ""  # with {note}
    smtp: Smtp
    dkim: Dkim | None = None

    @model_validator(mode="after")
    def _can_be_left(self) -> Self:
        if self.unsubscribe_url and TOKEN not in self.unsubscribe_url:
            raise ValueError(f"unsubscribe_url: expected {TOKEN} in it, where the recipient's own token goes")
        if self.note_url and _NOTE not in self.note_url:
            raise ValueError(f"note_url: expected {_NOTE} in it, where the note's id goes")
        return self

    @property
    def id_domain(self) -> str:
        """Return the domain of message ids."""
        return self.domain or self.sender.rpartition("@")[2]

    @property
    def envelope_sender(self) -> str:
        """Return the address to which bounces go."""
        return self.return_path or self.sender

    def url_of(self, note_id: str) -> str:
        """Return where a note can be read online; nothing if the desk names no place."""
        return self.note_url.replace(_NOTE, quote(note_id, safe=""))
