"""A published note made ready for mail: what all its messages share, encoded once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from reportgen.archive import Archive, NoteRecord
from reportgen.errors import DeliveryError
from reportgen.render.digest import FOLDER, NOTICE, UNSUBSCRIBE

HTML, TEXT = "digest.html", "digest.txt"
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
# Stand for the parts that differ, and for those too large to be encoded by the library.
_MARK = "reportgen-part-{}"


@dataclass(frozen=True, slots=True)
class Edition:
    """The parts of a note's messages. Shape: frame is the body cut where text and HTML go."""

    note_id: str
    title: str
    language: str
    text: str
    page: str
    content_type: str
    frame: tuple[bytes, bytes, bytes]
    pdf_sha256: str


def edition(archive: Archive, record: NoteRecord, domain: str) -> Edition:
    """Read a note's sealed digest and signed PDF, and encode what every message carries.

    Raises: DeliveryError if a part was not sealed with it; ArchiveError if one has changed since.
    """
    if record.signed_pdf is None:
        raise DeliveryError(f"{record.id}: has no signed PDF, expected a published note")
    page = _sealed(archive, record, HTML).decode()
    text = _sealed(archive, record, TEXT).decode()
    pictures = {
        name: archive.objects.get(digest)
        for name, digest in sorted(record.files.items())
        if name.startswith(f"{FOLDER}/") and f'src="{name}"' in page
    }
    found = _TITLE.search(page)
    if found is None:
        raise DeliveryError(f"{record.id}: {HTML} has no title, from which the subject is taken")
    title = " ".join(html.unescape(found[1]).split())
    ids = {name: f"{name.rpartition('/')[2].removesuffix('.png')}.{record.id}@{domain}" for name in pictures}
    for name, cid in ids.items():
        page = page.replace(f'src="{name}"', f'src="cid:{cid}"')
    pdf = archive.objects.get(record.signed_pdf)
    content_type, frame = _framed(record.id, pictures, ids, pdf)
    return Edition(record.id, title, record.language, text, page, content_type, frame, record.signed_pdf)


def body(made: Edition, unsubscribe: str, notice_html: str = "", notice_text: str = "") -> bytes:
    """Return the body of one message: the shared parts around this recipient's text and page."""
    link = html.escape(unsubscribe, quote=True)
    page = made.page.replace(UNSUBSCRIBE, link).replace(NOTICE, notice_html)
    text = f"{notice_text}\n\n{made.text}" if notice_text else made.text
    text = text.replace(f" <{UNSUBSCRIBE}>", f"\n<{unsubscribe}>").replace(UNSUBSCRIBE, unsubscribe)
    first, second, third = made.frame
    return b"".join((first, _quoted(text), second, _quoted(page), third))


def _framed(
    note_id: str, pictures: Mapping[str, bytes], ids: Mapping[str, str], pdf: bytes
) -> tuple[str, tuple[bytes, bytes, bytes]]:
    """Let the library lay out the message around marks, then put the encoded parts in their places."""
    marks = iter(_MARK.format(n) for n in range(1000))
    parts: list[tuple[str, bytes]] = []

    def mark(content: bytes) -> str:
        parts.append((next(marks), content))
        return parts[-1][0]

    message = EmailMessage(policy=SMTP)
    message.set_content("x", cte="quoted-printable")
    message.set_payload(mark(b"\0text"))
    message.add_alternative("x", subtype="html", cte="quoted-printable")
    page = _part(message, 1)
    page.set_payload(mark(b"\0page"))
    for name, content in pictures.items():
        file = name.rpartition("/")[2]
        page.add_related(b"", "image", "png", cid=f"<{ids[name]}>", filename=file, disposition="inline")
        _part(page, -1).set_payload(mark(_encoded(content)))
    message.add_attachment(b"", "application", "pdf", filename=f"{note_id}.pdf")
    _part(message, -1).set_payload(mark(_encoded(pdf)))
    _set_boundaries(message, note_id)
    layout = message.as_bytes(policy=SMTP).partition(b"\r\n\r\n")[2]
    for name, content in parts[2:]:
        layout = layout.replace(name.encode() + b"\r\n", content, 1)
    first, _, rest = layout.partition(parts[0][0].encode())
    second, _, third = rest.partition(parts[1][0].encode())
    return str(message["Content-Type"]), (first, second, third)


def _part(message: EmailMessage, at: int) -> EmailMessage:
    parts = message.get_payload()
    assert isinstance(parts, list)
    part = parts[at]
    assert isinstance(part, EmailMessage)
    return part


def _set_boundaries(message: EmailMessage, note_id: str) -> None:
    """Give each level a boundary that is the note's own; no encoded line can begin with it."""
    name = hashlib.sha256(note_id.encode()).hexdigest()[:16]
    levels = [part for part in message.walk() if part.get_content_maintype() == "multipart"]
    for at, part in enumerate(levels):
        part.set_boundary(f"=_{name}_{at}")


def _encoded(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def _quoted(words: str) -> bytes:
    """Return words as quoted-printable lines, the dot that would end a message among what is quoted."""
    encoded = binascii.b2a_qp(words.encode(), istext=True).replace(b"\r\n", b"\n")
    return encoded.replace(b"\n.", b"\n=2E").rstrip(b"\n").replace(b"\n", b"\r\n")


def _sealed(archive: Archive, record: NoteRecord, name: str) -> bytes:
    try:
        digest = record.files[name]
    except KeyError:
        raise DeliveryError(
            f"{record.id}: {name} is not among its sealed files",
            hint="The note was built without a digest for mail. Build it again and submit it anew.",
        ) from None
    return archive.objects.get(digest)
