"""Test keys as the product makes them, but small ones: most tests sign, and do not ask how hard a key is."""

from __future__ import annotations

import datetime as dt

import pytest

from reportgen.archive import keys

YEAR = dt.timedelta(days=365)


def house_identity(passphrase: bytes, at: dt.datetime) -> keys.TestIdentity:
    """Make a key that nothing marks as a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "TEST_MARK", "Example Securities")
        return small_identity(passphrase, at)


def small_identity(passphrase: bytes, at: dt.datetime, life: dt.timedelta = 2 * YEAR) -> keys.TestIdentity:
    """Make a test key of 2048 bits that opens at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "_TEST_RSA_BITS", keys.LEAST_RSA_BITS)
        patch.setattr(keys, "_KDF_ROUNDS", 1000)
        return keys.make_test_identity(passphrase, at, life)
