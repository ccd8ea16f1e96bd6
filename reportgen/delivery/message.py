"""One message for one recipient: headers, the note's body, and the desk's signature on both."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from reportgen.config.mail import TOKEN, Mail
from reportgen.config.private import read_private
from reportgen.delivery.edition import Edition, body
from reportgen.delivery.tokens import token
from reportgen.errors import ConfigError, DeliveryError
from reportgen.render.digest import UNSUBSCRIBE

# In the order of the message; those of them that it has are signed.
SIGNED = (
    *("From", "Reply-To", "To", "Subject", "Date", "Message-ID", "List-Id"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Content-Language"),
    *("MIME-Version", "Content-Type"),
)
NEWLINE = "\r\n"
LONGEST_LINE = 998  # RFC 5322
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Notice:
    """A word about the sending itself: before the subject, and at the head of text and page."""

    subject: str = ""
    html: str = ""
    text: str = ""


NO_NOTICE = Notice()


@dataclass(frozen=True, slots=True)
class Message:
    """What goes on the wire."""

    id: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Return the digest of the message as it is sent."""
        return hashlib.sha256(self.content).hexdigest()


class Composer:
    """Make the messages of one edition, each for one recipient alone."""

    def __init__(self, mail: Mail, made: Edition, secret: bytes, sign: Sign | None = None) -> None:
        self._mail = mail
        self._edition = made
        self._secret = secret
        self._sign = sign
        if UNSUBSCRIBE in made.page and not mail.unsubscribe_url:
            raise ConfigError(
                f"desk.toml: mail.unsubscribe_url: missing, but {made.note_id} has a place for it",
                hint="Name the address again, with {token} in it.",
            )
        self._list = f"<{made.note_id.partition('-')[0].lower()}.{mail.id_domain}>"

    def compose(
        self,
        recipient_id: str,
        name: str,
        email: str,
        message_id: str,
        date: dt.datetime,
        notice: Notice = NO_NOTICE,
    ) -> Message:
        """Return the message for a recipient.

        Raises: DeliveryError for a name, title or address that would break out of its header.
        """
        mail, made = self._mail, self._edition
        link = self._unsubscribe_link(recipient_id)
        leave = [f"<{link}>"] if link else []
        leave += [f"<mailto:{mail.unsubscribe_mailto}>"] if mail.unsubscribe_mailto else []
        subject = f"{notice.subject}: {made.title}" if notice.subject else made.title
        headers = [
            ("From", _named(mail.sender_name, mail.sender, "mail.sender")),
            ("Reply-To", _named("", mail.reply_to, "mail.reply_to") if mail.reply_to else ""),
            ("To", _named(name, email, f"recipient {recipient_id}")),
            ("Subject", subject),
            ("Date", format_datetime(date.astimezone(dt.UTC))),
            ("Message-ID", message_id),
            ("List-Id", self._list),
            ("List-Unsubscribe", ", ".join(leave)),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click" if link else ""),
            ("Auto-Submitted", "auto-generated"),
            ("Content-Language", made.language),
            ("MIME-Version", "1.0"),
            ("Content-Type", made.content_type),
        ]
        head = b"".join(_header(key, value, recipient_id) for key, value in headers if value)
        content = b"\r\n".join((head, body(made, link, notice.html, notice.text)))
        return Message(message_id, content if self._sign is None else self._sign(content) + content)

    def _unsubscribe_link(self, recipient_id: str) -> str:
        url = self._mail.unsubscribe_url
        return url.replace(TOKEN, token(self._secret, recipient_id)) if url else ""


def signer(mail: Mail, folder: Path) -> Sign | None:
    """Return what puts the desk's DKIM signature before a message; None if the desk has no key.

    Raises: ConfigError if the key is missing, open to others, or no RSA key.
    """
    if mail.dkim is None:
        return None
    import dkim

    settings = mail.dkim
    path = folder / Path(settings.key_file).expanduser()
    key = read_private(path, "desk.toml: mail.dkim.key_file")
    domain, selector = settings.domain.encode(), settings.selector.encode()

    def sign(content: bytes) -> bytes:
        present = content.partition(b"\r\n\r\n")[0].lower()
        names = [n.encode() for n in SIGNED if f"\r\n{n.lower()}:".encode() in b"\r\n" + present]
        signed: bytes = dkim.sign(content, selector, domain, key, include_headers=names)
        return signed

    try:
        sign(b"From: a@b\r\n\r\n")
    except Exception as error:  # dkimpy's parser of keys lets whatever it meets escape
        raise ConfigError(
            f"desk.toml: mail.dkim.key_file: {path}: expected an RSA key as PEM ({type(error).__name__})"
        ) from error
    return sign


def _named(name: str, email: str, whose: str) -> str:
    local, _, domain = email.rpartition("@")
    try:
        return str(Address(name, local, domain))
    except (ValueError, IndexError) as error:
        raise DeliveryError(f"{whose}: the name or address cannot stand in a header") from error


def _header(name: str, value: str, recipient_id: str) -> bytes:
    """Return a header folded for the wire.

    Raises: DeliveryError for a value with a line break, which would be another header.
    """
    if any(c in value for c in "\r\n\0"):
        raise DeliveryError(f"recipient {recipient_id}: {name}: holds a line break, which a header cannot")
    try:
        written = _written(name, value)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise DeliveryError(f"recipient {recipient_id}: {name}: cannot be written as a header") from error
    if max(map(len, written.split(b"\r\n"))) > LONGEST_LINE:
        raise DeliveryError(f"recipient {recipient_id}: {name}: has a line of more than {LONGEST_LINE} bytes")
    return written


def _written(name: str, value: str) -> bytes:
    if name in ("Message-ID", "List-Unsubscribe", "Content-Type"):  # to be read by machines, as they are
        return f"{name}: {value}\r\n".encode("ascii")
    if name == "Subject":  # the newer folding may leave the first line empty, which some filters dislike
        words = Header(value, None if value.isascii() else "utf-8", 76, name)
        return f"{name}: {words.encode(linesep=NEWLINE)}{NEWLINE}".encode("ascii")
    return str(SMTP.header_factory(name, value).fold(policy=SMTP)).encode("ascii")
