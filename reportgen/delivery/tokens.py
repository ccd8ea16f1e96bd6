"""Names that lead back to one recipient and tell nobody else who that is."""

from __future__ import annotations

import hashlib
import hmac

_LENGTH = 32  # hexadecimal digits, 128 bits


def message_id(archive_id: str, note_id: str, recipient_id: str, domain: str) -> str:
    """Return the one Message-ID of a note for a recipient, the same at every attempt."""
    name = "\0".join((archive_id, note_id, recipient_id))
    return f"<{note_id}.{hashlib.sha256(name.encode()).hexdigest()[:_LENGTH]}@{domain}>"


def token(secret: bytes, recipient_id: str) -> str:
    """Return the token by which a recipient leaves the list, and nobody can make another leave."""
    proof = hmac.new(secret, recipient_id.encode(), hashlib.sha256).hexdigest()[:_LENGTH]
    return f"{recipient_id}.{proof}"
