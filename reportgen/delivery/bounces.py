"""What came back: delivery reports read from a folder of messages, matched and put on record."""

from __future__ import annotations

import email
import errno
import hashlib
import mailbox
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import Message
from email.policy import compat32
from functools import partial
from pathlib import Path

from reportgen.archive import Actor, Archive
from reportgen.delivery.record import PREFIX, Delivery, deliveries
from reportgen.delivery.transport import without_addresses
from reportgen.errors import DeliveryError

# The library's parser lets whatever it meets escape.
_MALFORMED = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    MessageError,
)
_WEIGHT = {"failed": 0, "delayed": 1}
_ACTION = re.compile(r"[a-z]*")  # some servers add a remark
_STATUS_IN_WORDS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")
# RFC 3464, and its form for addresses beyond ASCII, RFC 6533.
_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_ORIGINALS = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_QMAIL = "Hi. This is the "  # how its reports begin, and no other mail: cr.yp.to/proto/qsbmf.txt
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
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # name, why


def read_report(content: bytes) -> Report | None:
    """Return what a message says of one of ours, None if it is no delivery report on one.

    Shape: where a report speaks of several, as of the addresses behind a list, a failure counts before a
    delay, and both before a success.
    """
    message = email.message_from_bytes(content, policy=compat32)  # the one that takes any header as it is
    digest = hashlib.sha256(content).hexdigest()
    ours = _our_id(message)
    if ours is None:
        return _in_words(message, digest)
    blocks = [block for part in message.walk() for block in _blocks(part)]
    said = [(_ACTION.match(_field(block, "Action").lower()), block) for block in blocks]
    found = [(action[0], block) for action, block in said if action and action[0]]
    if found:
        action, block = min(found, key=lambda one: _WEIGHT.get(one[0], len(_WEIGHT)))
        status = _field(block, "Status").partition(" ")[0]
        words = _field(block, "Diagnostic-Code").partition(";")[2].strip() or status
        return Report(ours, action, status, without_addresses(words), digest)
    if "X-Failed-Recipients" in message:
        return Report(ours, "failed", "", without_addresses(_field(message, "Subject")), digest)
    return None


def match(archive: Archive, path: Path, actor: Actor) -> Matched:
    """Put on record which messages came back; a report read twice changes nothing.

    Raises: DeliveryError, ArchiveError.
    """
    found = Matched()
    known = _Known(archive)
    fresh: list[tuple[Delivery, Report]] = []
    seen: set[tuple[str, str]] = set()
    for name, content in _messages(path):
        try:
            report = read_report(content())
        except OSError as error:
            found.unreadable.append((name, error.strerror or type(error).__name__))
            continue
        except _MALFORMED as error:
            found.unreadable.append((name, f"no message that can be parsed ({type(error).__name__})"))
            continue
        delivery = None if report is None else known.delivery(report)
        if report is None or delivery is None:
            found.unmatched.append(name)
        elif report.action != "failed":
            found.delayed += report.action == "delayed"
        elif (
            delivery.state == "bounced"
            or (delivery.note, delivery.recipient) in seen
            or known.has(delivery.note, report)
        ):
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


class _Known:
    """What the ledger says of the notes that reports speak of, each read once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._deliveries: dict[str, dict[str, Delivery]] = {}
        self._reports: dict[str, set[str]] = {}

    def delivery(self, report: Report) -> Delivery | None:
        """Return the delivery that a report is about, None if it is none of this archive's."""
        matched = _ID.fullmatch(report.message_id)
        if matched is None:
            return None
        note = matched[1]
        if note not in self._deliveries:
            held = sorted(deliveries(self._archive, note).values(), key=lambda d: d.seq)
            self._deliveries[note] = {d.message_id: d for d in held}  # the last where an id was changed
        return self._deliveries[note].get(report.message_id)

    def has(self, note: str, report: Report) -> bool:
        """Tell whether a report is on record."""
        if note not in self._reports:
            entries = self._archive.entries(f"{PREFIX}bounced", note=note)
            self._reports[note] = {entry.body.get("report", "") for entry in entries}
        return report.sha256 in self._reports[note]


def _our_id(message: Message) -> str | None:
    """Return the Message-ID of the message that a report is about."""
    for part in message.walk():
        kind = part.get_content_type()
        if part is message or kind not in _ORIGINALS:
            continue
        inner = part.get_payload()
        if isinstance(inner, list):
            head = inner[0]
        else:
            content = part.get_payload(decode=True)
            head = email.message_from_bytes(content if isinstance(content, bytes) else b"", policy=compat32)
        found = _ID.search(_field(head, "Message-ID")) if isinstance(head, Message) else None
        if found:
            return found[0]
    for name in ("In-Reply-To", "References", "Original-Message-ID"):
        found = _ID.search(_field(message, name))
        if found:
            return found[0]
    return None


def _in_words(message: Message, digest: str) -> Report | None:
    """Return what a report in plain words says: qmail's, or one that names whom it failed to reach."""
    content = message.get_payload(decode=True)
    said = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    paragraphs = re.split(r"\n[ \t]*\n", said.replace("\r\n", "\n").strip())
    if not (paragraphs[0].startswith(_QMAIL) or "X-Failed-Recipients" in message):
        return None
    # Below a line of dashes stands the message that came back.
    at = next((at for at, words in enumerate(paragraphs) if words.startswith("-")), len(paragraphs))
    ours = _ID.search("\n".join(paragraphs[at:]))
    if ours is None:
        return None
    about = [words.partition(":\n")[2] for words in paragraphs[:at] if words.startswith("<")]
    words = " ".join(" ".join(about).split()) or _field(message, "Subject")
    status = _STATUS_IN_WORDS.search(words)
    return Report(ours[0], "failed", status[0] if status else "", without_addresses(words), digest)


def _blocks(part: Message) -> list[Message]:
    """Return what a part says of each recipient."""
    payload = part.get_payload() if part.get_content_type() in _STATUS_PARTS else None
    blocks = [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []
    if len(blocks) != 1:
        return blocks
    rest = blocks[0].get_payload()  # of the newer form the library parses the first block alone
    text = rest if isinstance(rest, str) else ""
    more = re.split(r"\r?\n[ \t]*\r?\n", text.strip())
    return [*blocks, *(email.message_from_string(one, policy=compat32) for one in more if one)]


def _field(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _messages(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Return each message of a Maildir, an mbox file or a folder of .eml files, by name, to be read.

    Raises: DeliveryError if the place holds no messages of any of these kinds.
    """
    try:
        if path.is_dir() and (path / "cur").is_dir():
            folder = mailbox.Maildir(path, create=False)
            for name in sorted(folder.keys()):
                yield name, partial(_in_folder, folder, name)
        elif path.is_dir():
            files = sorted(p for p in path.iterdir() if p.suffix.lower() == ".eml")
            for file in files:
                yield file.name, file.read_bytes
        elif path.is_file():
            box = mailbox.mbox(path, create=False)
            for at in box.keys():  # noqa: SIM118  # iterating an mbox yields messages
                yield f"{path.name} {int(at) + 1}", partial(box.get_bytes, at)
            box.close()
        else:
            raise DeliveryError(f"{path}: expected a Maildir, an mbox file or a folder of .eml files")
    except OSError as error:
        raise DeliveryError(f"{path}: cannot be read: {error.strerror}") from error


def _in_folder(folder: mailbox.Maildir, name: str) -> bytes:
    try:
        return folder.get_bytes(name)
    except KeyError:  # moved meanwhile by a program that reads mail
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
