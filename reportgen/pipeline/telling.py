"""A short mail to the desk about how the machine's work went: plain text, one message per person."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from reportgen.config.mail import Mail
from reportgen.delivery.secrets import password
from reportgen.delivery.transport import Server, SmtpServer, TemporaryError
from reportgen.errors import DeliveryError

_LONGEST_SUBJECT = 200


def tell_desk(
    mail: Mail,
    people: Sequence[str],
    subject: str,
    text: str,
    folder: Path | None,
    environment: Mapping[str, str],
    at: dt.datetime,
    *,
    opened: Callable[[], Server] | None = None,
) -> str:
    """Send a text to each person of the desk and say to how many.

    Raises: DeliveryError naming the server and what it said, if one of them was not served.
    """
    settings = mail.smtp
    if settings.ca_file and folder is not None:
        settings = settings.model_copy(update={"ca_file": str(folder / settings.ca_file)})
    if opened is None:
        server: Server = SmtpServer(settings, password(mail, environment), mail.id_domain)
    else:
        server = opened()
    lacking = []
    try:
        server.open()
        for person in people:
            content = message(mail, person, subject, text, at)
            outcome = server.deliver(mail.envelope_sender, person, content)
            if outcome.what != "accepted":
                lacking.append(f"{outcome.what} at {outcome.stage}: {outcome.code} {outcome.reply}".rstrip())
    except TemporaryError as error:
        raise DeliveryError(f"the desk was not told: {error}") from error
    finally:
        server.close()
    if lacking:
        raise DeliveryError(f"{len(lacking)} of {len(people)} were not told: {lacking[0]}")
    return f"{len(people)} told"


def message(mail: Mail, person: str, subject: str, text: str, at: dt.datetime) -> bytes:
    """Return the mail to one person, the same bytes for the same news."""
    found = EmailMessage(policy=SMTP)
    found["From"] = mail.sender
    found["To"] = person
    found["Subject"] = " ".join(f"[reportgen] {subject}".split())[:_LONGEST_SUBJECT]
    found["Date"] = format_datetime(at)
    digest = hashlib.sha256(f"{at.isoformat()} {person} {subject}\n{text}".encode()).hexdigest()[:32]
    found["Message-ID"] = f"<run.{digest}@{mail.id_domain}>"
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(text, charset="utf-8", cte="8bit" if text.isascii() else "quoted-printable")
    return found.as_bytes()
