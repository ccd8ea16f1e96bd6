"""A published note of a few lines, a list of invented readers, and a real mail server on this machine."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from reportgen.archive import PROGRAM, Actor, Archive, NoteRecord
from reportgen.config.mail import Mail
from reportgen.delivery.recipients import Recipient
from tests import tls

NOTE = "TW-2025-04-10-r1"
SENDER = Actor("s.sender", "S. Sender", "sender")
START = dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a73"
    "0000001649444154789c63fcffff3f030303130303030303030024060301be8ba5ce0000000049454e44ae426082"
)
DIGEST = (
    "<!DOCTYPE html><html lang='en'><head><title>Treasury Weekly: Long end breaks &amp; dollar drops</title>"
    "</head><body><!--notice--><h1>Long end breaks</h1>\n<p>Yields rose 39\u00a0bp.</p>\n.\n"
    '<img src="digest/curve.png" width="480" height="320" alt="A curve.">'
    '<p><a href="https://unsubscribe.invalid/">Unsubscribe</a></p></body></html>\n'
)
TEXT = "Long end breaks\n\nYields rose 39 bp – a lot.\n.\nUnsubscribe <https://unsubscribe.invalid/>\n"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"\n%%EOF\n"


class Clock:
    """A clock that advances a second each time it is read."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        self.now += dt.timedelta(seconds=1)
        return self.now


def publish(
    archive: Archive,
    note_id: str = NOTE,
    *,
    supersedes: str | None = None,
    pdf: bytes = PDF,
    sealed_files: Mapping[str, bytes] | None = None,
    **changes: Any,
) -> NoteRecord:
    """Put a published note on record, as submission, approval and publication leave it.

    Shape: of sealed_files an empty one is left out.
    """
    files = {
        "note.pdf": b"%PDF-1.7\nunsigned",
        "digest.html": DIGEST.encode(),
        "digest.txt": TEXT.encode(),
        "digest/curve.png": PNG,
        "manifest.json": note_id.encode(),
        **(sealed_files or {}),
    }
    with archive.writing() as writer:
        sealed = writer.put_all({name: content for name, content in files.items() if content})
        body: dict[str, Any] = {
            "name": "treasury-weekly",
            "title": "Treasury Weekly",
            "as_of": "2025-04-10T23:59:00-04:00",
            "language": "en",
            "revision": int(note_id.rpartition("r")[2]),
            "files": sealed,
            "manifest": sealed["manifest.json"],
            "analysts": [{"name": "A. Analyst"}],
            "covers": {"jurisdictions": ["US", "GB"], "audiences": ["institutional"]},
            "approvals": ["approver"],
            "supersedes": supersedes,
            "correction_why": "A wrong yield." if supersedes else "",
        }
        approver = Actor("b.boss", "B. Boss", "approver")
        writer.append("note.submitted", note=note_id, actor=SENDER, body=body | changes)
        writer.append(
            "note.approved", note=note_id, actor=approver, body={"manifest": sealed["manifest.json"]}
        )
        signed = writer.put(pdf)
        writer.append("note.publishing", note=note_id, actor=approver)
        writer.append(
            "note.published",
            note=note_id,
            actor=approver,
            key=supersedes or "",
            body={
                "manifest": sealed["manifest.json"],
                "unsigned_pdf": sealed["note.pdf"],
                "signed_pdf": signed,
                "signatures": {"manifest.json.p7s": writer.put(b"a signature")},
                "identity": {"is_test": True, "fingerprint": "0" * 64},
            },
        )
        if supersedes:
            writer.append(
                "note.superseded", note=supersedes, actor=approver, key=note_id, body={"by": note_id}
            )
    return archive.note(note_id)


def reader(number: int, **changes: str) -> Recipient:
    """Invent a reader."""
    given = {
        "id": f"c{number:05}",
        "email": f"reader.{number}@client{number % 7}.example.com",
        "name": f"Reader Nº {number}",
        "language": "en",
        "audience": "institutional",
        "jurisdiction": "US",
        "status": "active",
    }
    return Recipient(**(given | changes))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive(tmp_path: Path, clock: Clock) -> Iterator[Archive]:
    made = Archive.create(tmp_path / "archive", clock, PROGRAM)
    yield made
    made.close()


@pytest.fixture
def live_archive(tmp_path: Path) -> Iterator[Archive]:
    """Make an archive by the clock that commands go by."""
    made = Archive.create(tmp_path / "archive", lambda: dt.datetime.now(dt.UTC), PROGRAM)
    yield made
    made.close()


@pytest.fixture
def note(archive: Archive) -> NoteRecord:
    return publish(archive)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for localhost, its key in the same file."""
    return tls.localhost(tmp_path_factory.mktemp("tls") / "localhost.pem")


@dataclass
class Script:
    """What a server answers, in order, and what it was told; when the script ends it says yes.

    Shape: an answer is a reply line, "close" to hang up, or "hang" to say nothing.
    """

    at_data: list[str] = field(default_factory=list)
    at_rcpt: list[str] = field(default_factory=list)
    at_mail: list[str] = field(default_factory=list)
    at_auth: list[str] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)  # contents, refused or not
    sessions: set[int] = field(default_factory=set)
    secured: list[bool] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def addresses(self) -> list[str]:
        """Return who was served, in order."""
        return [address for _, addresses, _ in self.taken for address in addresses]

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.sessions.add(id(session))
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self._answer(server, self.at_mail, "250 2.1.0 Ok")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await self._answer(server, self.at_rcpt, "250 2.1.5 Ok")
        if said.startswith("25"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        self.seen.append(content)
        self.secured.append(_transport(server).get_extra_info("sslcontext") is not None)
        said = await self._answer(server, self.at_data, f"250 2.0.0 Ok: queued as {len(self.taken)}")
        if said.startswith("25"):
            self.taken.append((envelope.mail_from or "", list(envelope.rcpt_tos), content))
        return said

    async def _answer(self, server: SMTP, script: list[str], otherwise: str) -> str:
        said = script.pop(0) if script else otherwise
        if said == "hang":
            await asyncio.to_thread(self.released.wait, 30)
            return "451 too late"
        if said == "close":
            _transport(server).abort()
            return "451 never sent"
        return said


def _transport(server: SMTP) -> asyncio.Transport:
    assert isinstance(server.transport, asyncio.Transport)
    return server.transport


@dataclass(frozen=True)
class Running:
    """A server that runs, and the settings that lead to it."""

    script: Script
    mail: Mail


Start = Callable[..., Running]


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def settings(**smtp: Any) -> Mail:
    """Return a desk's settings for mail."""
    return Mail.model_validate(
        {
            "sender": "research@desk.example.com",
            "sender_name": "Example Securities",
            "reply_to": "desk@desk.example.com",
            "return_path": "bounces@desk.example.com",
            "journal": "journal@desk.example.com",
            "unsubscribe_url": "https://desk.example.com/leave?t={token}",
            "unsubscribe_mailto": "leave@desk.example.com",
            "smtp": {"host": "localhost", "backoff_s": 0.01, "timeout_s": 5, **smtp},
        }
    )


@pytest.fixture
def serve(certificate: Path) -> Iterator[Start]:
    """Start servers on this machine: with STARTTLS unless told otherwise."""
    running: list[tuple[Controller, Script]] = []

    def start(
        script: Script | None = None,
        *,
        security: str = "starttls",
        tls: bool = True,
        size: int = 50_000_000,
        **smtp: Any,
    ) -> Running:
        script = script or Script()
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        options: dict[str, Any] = {"data_size_limit": size, "ident": "test"}
        if security == "tls":
            options["ssl_context"] = context
        elif context is not None:
            options |= {"tls_context": context, "require_starttls": True}
        if script.users:
            options |= {"authenticator": _authenticator(script), "auth_required": True}
        port = free_port()
        controller = Controller(script, hostname="127.0.0.1", port=port, **options)
        controller.start()
        running.append((controller, script))
        return Running(script, settings(port=port, security=security, ca_file=str(certificate), **smtp))

    yield start
    for controller, script in running:
        script.released.set()
        asyncio.run_coroutine_threadsafe(_last_words(), controller.loop).result(10)
        controller.stop()


async def _last_words() -> None:
    """Let every connection of a server end; its client has gone."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=5)
    await asyncio.sleep(0.05)


def _authenticator(script: Script) -> Callable[..., AuthResult]:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        if script.at_auth:
            return AuthResult(success=False, handled=False, message=script.at_auth.pop(0))
        good = isinstance(given, LoginPassword) and (
            script.users.get(given.login.decode()) == given.password.decode()
        )
        return AuthResult(success=good, handled=False)

    return check
