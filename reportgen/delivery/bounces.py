"""What came back: delivery reports read from a folder of messages, matched and put on record."""

from __future__ import annotations

import email
import hashlib
import mailbox
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.policy import default
from pathlib import Path

from reportgen.archive import Actor, Archive
from reportgen.delivery.record import PREFIX, Delivery, deliveries
from reportgen.delivery.transport import without_addresses
from reportgen.errors import DeliveryError

_ID = re.compile(r"<([A-Za-z0-9T._-]+?)\.([0-9a-f]{32})@[^>\s]+>")


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery report says of one of our messages."""

    message_id: str
    action: str
    status: str
    words: str
    sha256: str  # of the report


@dataclass(slots=True)
class Matched:
    """What a folder of reports held. Shape: unmatched are the messages that report on none of ours."""

    bounced: list[tuple[str, str, str]] = field(default_factory=list)  # note, recipient, words
    known: int = 0  # on record before
    delayed: int = 0
    unmatched: list[str] = field(default_factory=list)


def read_reports(path: Path) -> Iterator[tuple[str, Report | None]]:
    """Return each message of a Maildir, an mbox file or a folder of .eml files, by name, with its report.

    Raises: DeliveryError if the place holds no messages of any of these kinds.
    """
    for name, content in _messages(path):
        yield name, read_report(content)


def read_report(content: bytes) -> Report | None:
    """Return what a message says of one of ours, None if it is no delivery report on one."""
    message = email.message_from_bytes(content, policy=default)
    ours = _our_id(message)
    if ours is None:
        return None
    digest = hashlib.sha256(content).hexdigest()
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            for block in _blocks(part):
                action = str(block.get("Action", "")).strip().lower()
                if action:
                    status = str(block.get("Status", "")).split()[0] if block.get("Status") else ""
                    said = str(block.get("Diagnostic-Code", "")).partition(";")[2].strip() or status
                    return Report(ours, action, status, without_addresses(said), digest)
    if "X-Failed-Recipients" in message:
        return Report(ours, "failed", "", without_addresses(str(message["Subject"] or "")), digest)
    return None


def match(archive: Archive, path: Path, actor: Actor) -> Matched:
    """Put on record which messages came back; a report read twice changes nothing.

    Raises: DeliveryError, ArchiveError.
    """
    found = Matched()
    known: dict[str, dict[str, Delivery]] = {}
    fresh: list[tuple[Delivery, Report]] = []
    seen: set[tuple[str, str]] = set()
    for name, report in read_reports(path):
        delivery = None if report is None else _delivery(archive, known, report)
        if report is None or delivery is None:
            found.unmatched.append(name)
        elif report.action != "failed":
            found.delayed += report.action == "delayed"
        elif delivery.state == "bounced" or (delivery.note, delivery.recipient) in seen:
            found.known += 1
        else:
            seen.add((delivery.note, delivery.recipient))
            fresh.append((delivery, report))
    if fresh:
        with archive.writing() as writer:
            for delivery, report in fresh:
                body = {"reply": report.words, "status": report.status, "report": report.sha256}
                writer.append(
                    f"{PREFIX}bounced", note=delivery.note, actor=actor, key=delivery.recipient,
                    body=body | {"message_id": report.message_id},
                )  # fmt: skip
                found.bounced.append((delivery.note, delivery.recipient, report.words))
        archive.remember()
    return found


def _delivery(archive: Archive, known: dict[str, dict[str, Delivery]], report: Report) -> Delivery | None:
    matched = _ID.fullmatch(report.message_id)
    if matched is None:
        return None
    note = matched[1]
    if note not in known:
        known[note] = {d.message_id: d for d in deliveries(archive, note).values()}
    return known[note].get(report.message_id)


def _our_id(message: Message) -> str | None:
    """Return the Message-ID of the message that a report is about."""
    for part in message.walk():
        if part is not message and part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            inner = part.get_payload()
            words = inner if isinstance(inner, str) else "".join(str(one) for one in inner)
            found = re.search(r"^Message-ID:\s*(<[^>]+>)", words, re.IGNORECASE | re.MULTILINE)
            if found:
                return found[1]
    for name in ("In-Reply-To", "References", "Original-Message-ID"):
        found = _ID.search(str(message.get(name, "")))
        if found:
            return found[0]
    return None


def _blocks(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _messages(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir() and (path / "cur").is_dir():
            folder = mailbox.Maildir(path, create=False)
            for name in sorted(folder.keys()):
                yield name, folder.get_bytes(name)
        elif path.is_dir():
            files = sorted(p for p in path.iterdir() if p.suffix.lower() == ".eml")
            for file in files:
                yield file.name, file.read_bytes()
        elif path.is_file():
            box = mailbox.mbox(path, create=False)
            for name in box.keys():  # noqa: SIM118  # iterating an mbox yields messages
                yield f"{path.name} {int(name) + 1}", box.get_bytes(name)
            box.close()
        else:
            raise DeliveryError(f"{path}: expected a Maildir, an mbox file or a folder of .eml files")
    except OSError as error:
        raise DeliveryError(f"{path}: cannot be read: {error.strerror}") from error
