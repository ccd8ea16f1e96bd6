"""Addresses: checked, written in the one way that goes on the wire, and known by their digest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email_validator import ValidatedEmail


def checked_address(email: str) -> str:
    """Return an address as it goes on the wire: its domain in ASCII.

    Raises: ValueError saying what is wrong with it.
    """
    found = _validated(email)
    return found.ascii_email or found.normalized


def address_digest(email: str) -> str:
    """Return what the ledger keeps of an address: the SHA-256 of it in small letters, its domain in ASCII."""
    written = email.strip()
    if not written.isascii():
        try:
            written = checked_address(written)
        except ValueError:
            return _digest(written)  # no address that anything could be sent to
    return _digest(written)


def digests(email: str) -> tuple[str, ...]:
    """Return by which digests others may know an address: with its domain in ASCII, and in Unicode."""
    found = address_digest(email)
    if email.isascii() and "xn--" not in email.lower():
        return (found,)
    try:
        return found, _digest(_validated(email.strip()).normalized)
    except ValueError:
        return (found,)


def without(words: str, email: str) -> str:
    """Leave an address out of words about it."""
    for part in (email, *email.split("@")):
        if len(part) > 1:
            words = words.replace(part, "…")
    return words


def _validated(email: str) -> ValidatedEmail:
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(
            email,
            check_deliverability=False,
            allow_smtputf8=False,
            allow_domain_literal=False,
            test_environment=True,
        )
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error


def _digest(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()
