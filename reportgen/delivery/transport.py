"""The mail server: one connection for many messages, and for each message what became of it.

What a server says before it has asked for the content, or after it has all of it, is certain. A connection
lost in between leaves a doubt that no later attempt can settle: such a message is not sent again by itself.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from dataclasses import dataclass
from typing import Literal, Protocol

from reportgen.config.mail import Smtp
from reportgen.errors import DeliveryError

What = Literal["accepted", "deferred", "failed", "in_doubt"]
_ADDRESS = re.compile(r"(?:\"[^\"]*\"|[^\s<>\"(),:;]+)(?:@|%40)[^\s<>\"'(),:;]+", re.IGNORECASE)
_LONGEST_REPLY = 500
_READY = 354
_SERVICE_CLOSING = 421


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message. Shape: stage is the command that was answered, or not."""

    what: What
    stage: str
    code: int = 0
    reply: str = ""


class TemporaryError(Exception):
    """The server cannot be reached now; words say why."""


class Server(Protocol):
    """Something that takes messages."""

    def open(self) -> None:
        """Connect, unless connected."""

    def deliver(self, sender: str, address: str, content: bytes) -> Outcome:
        """Hand over one message to one address."""

    def close(self) -> None:
        """Take leave."""


class SmtpServer:
    """A server that speaks SMTP, by TLS from the start or by STARTTLS unless it is this machine's own.

    Raises: from `open` TemporaryError for a server that cannot be reached or asks for patience;
        DeliveryError for one that offers no TLS, cannot prove who it is, or refuses the password.
    """

    def __init__(self, settings: Smtp, password: str, hello: str) -> None:
        self._settings = settings
        self._password = password
        self._hello = hello
        self._smtp: smtplib.SMTP | None = None
        self._context: ssl.SSLContext | None = None

    def open(self) -> None:
        """Connect, secure the connection, and log in; nothing is done where that was done before."""
        if self._smtp is not None:
            return
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            self._smtp = self._connected(where)
        except ssl.SSLError as error:
            self.close()
            raise self._untrusted(where, error) from error
        except smtplib.SMTPResponseException as error:
            self.close()
            if _is_later(error.smtp_code):
                raise TemporaryError(f"{where}: {_reply(error.smtp_code, error.smtp_error)}") from error
            raise DeliveryError(f"{where}: {_reply(error.smtp_code, error.smtp_error)}") from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise TemporaryError(f"{where}: {_cause(error)}") from error

    def deliver(self, sender: str, address: str, content: bytes) -> Outcome:
        """Hand over one message to one address; an answer that ends the session ends the connection too.

        Raises: DeliveryError if the server refuses the sender: no other message would fare better.
        """
        smtp = self._smtp
        assert smtp is not None, "open first"
        self._refuse_size(smtp, len(content))
        stage = "MAIL FROM"
        try:
            size = [f"SIZE={len(content)}"] if smtp.has_extn("size") else []
            code, words = smtp.mail(sender, size)
            if 500 <= code < 600:
                self._reset()
                raise DeliveryError(
                    f"{self._settings.host}: refuses the sender that desk.toml names: {_reply(code, words)}",
                    hint="Check mail.sender, mail.return_path and the size of the message.",
                )
            if _is_yes(code):
                stage = "RCPT TO"
                code, words = smtp.rcpt(address)
                if _is_yes(code):
                    stage = "DATA"
                    code, words = smtp.docmd("DATA")
                    if code == _READY:
                        return self._finish(smtp, content)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome("deferred", stage, 0, _cause(error))
        except KeyboardInterrupt:
            self._drop()  # a leave-taking would stand among the content, or wait for its answer
            raise
        return self._answered(stage, code, words)

    def close(self) -> None:
        """Take leave of the server, politely where it still listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def _refuse_size(self, smtp: smtplib.SMTP, size: int) -> None:
        """Keep a message back that is larger than the server says it takes (RFC 1870).

        Raises: DeliveryError.
        """
        limit = smtp.esmtp_features.get("size", "")
        if limit.isdecimal() and 0 < int(limit) < size:
            raise DeliveryError(
                f"{self._settings.host}: takes messages of at most {int(limit)} bytes, this one has {size}",
                hint="Have the limit raised, or send a smaller PDF.",
            )

    def _finish(self, smtp: smtplib.SMTP, content: bytes) -> Outcome:
        """Send the content; from here on only the server's answer tells what it did."""
        dotted = content.replace(b"\r\n.", b"\r\n..")
        if content.startswith(b"."):
            dotted = b"." + dotted
        end = b".\r\n" if dotted.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            smtp.send(dotted + end)
            code, words = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Outcome("in_doubt", "end of DATA", 0, _cause(error))
        if _is_yes(code):
            return Outcome("accepted", "end of DATA", code, _reply(code, words))
        if not 400 <= code < 600:
            self._drop()
            return Outcome("in_doubt", "end of DATA", code, _reply(code, words))
        return self._answered("end of DATA", code, words)

    def _answered(self, stage: str, code: int, words: bytes) -> Outcome:
        """Judge an answer other than yes, and leave the connection ready for the next message."""
        if code == _SERVICE_CLOSING or code < 0:
            self.close()
        elif stage != "end of DATA":
            self._reset()
        what: What = "failed" if 500 <= code < 600 else "deferred"
        return Outcome(what, stage, max(code, 0), _reply(code, words))

    def _connected(self, where: str) -> smtplib.SMTP:
        settings = self._settings
        host, port, wait = settings.host, settings.port, settings.timeout_s
        smtp: smtplib.SMTP
        if settings.security == "tls":
            smtp = smtplib.SMTP_SSL(host, port, self._hello, timeout=wait, context=self._tls())
        else:
            smtp = smtplib.SMTP(host, port, self._hello, timeout=wait)
        self._smtp = smtp  # closed by whoever sees the rest fail
        smtp.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            try:
                smtp.starttls(context=self._tls())
            except smtplib.SMTPNotSupportedError as error:
                raise self._no_tls(where, "does not offer STARTTLS") from error
            except smtplib.SMTPResponseException as error:
                if _is_later(error.smtp_code):
                    raise
                said = _reply(error.smtp_code, error.smtp_error)
                raise self._no_tls(where, f"refuses STARTTLS: {said}") from error
            smtp.ehlo_or_helo_if_needed()
        if settings.user:
            self._log_in(smtp, where)
        return smtp

    def _log_in(self, smtp: smtplib.SMTP, where: str) -> None:
        try:
            smtp.login(self._settings.user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            if _is_later(error.smtp_code):
                raise
            raise DeliveryError(
                f"{where}: refuses user {self._settings.user}: {_reply(error.smtp_code, error.smtp_error)}",
                hint="Check mail.smtp.user and the password in the keyring or environment.",
            ) from None  # the exchange, which the cause may show, holds the password
        except UnicodeError:
            raise DeliveryError(
                f"{where}: user or password hold letters beyond ASCII, which its log-in cannot say"
            ) from None
        except smtplib.SMTPNotSupportedError as error:
            raise DeliveryError(f"{where}: offers no log-in, but mail.smtp.user is set") from error

    def _untrusted(self, where: str, error: ssl.SSLError) -> DeliveryError:
        if isinstance(error, ssl.SSLCertVerificationError):
            why = error.verify_message
            hint = "Name the authority that signed the server's certificate as mail.smtp.ca_file."
        else:
            why = error.reason or "broken off"
            hint = 'For a port that begins in the clear set mail.smtp.security = "starttls".'
        return DeliveryError(f"{where}: no trusted TLS connection: {why}", hint=hint)

    def _no_tls(self, where: str, why: str) -> DeliveryError:
        return DeliveryError(
            f"{where}: {why}, and the desk sends nothing in the clear",
            hint='For a port that speaks TLS from the start set mail.smtp.security = "tls".',
        )

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
            if self._settings.ca_file:
                try:
                    self._context.load_verify_locations(self._settings.ca_file)
                except OSError as error:
                    raise DeliveryError(
                        f"desk.toml: mail.smtp.ca_file: {self._settings.ca_file}: {error.strerror or error}"
                    ) from error
        return self._context

    def _reset(self) -> None:
        try:
            if self._smtp is not None and not _is_yes(self._smtp.rset()[0]):
                self._drop()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        """Let go of a connection that no longer answers."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def without_addresses(words: str) -> str:
    """Return a server's words on one line, without addresses and signs that a terminal would obey."""
    printed = "".join(c if c.isprintable() and c not in "<>" else " " for c in words)
    said = " ".join(printed.split())
    return _ADDRESS.sub("<address>", said)[:_LONGEST_REPLY].strip()


def _is_yes(code: int) -> bool:
    return 200 <= code < 300


def _is_later(code: int) -> bool:
    return 400 <= code < 500


def _reply(code: int, words: bytes | str) -> str:
    if code < 0:
        return "an answer that is none of SMTP's"
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return without_addresses(f"{code} {said}")


def _cause(error: BaseException) -> str:
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server closed the connection"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return without_addresses(str(error)) or type(error).__name__
