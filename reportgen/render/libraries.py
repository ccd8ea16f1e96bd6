"""The system's libraries that the renderer loads, asked without loading the renderer."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_FOLDERS = ("", "/opt/homebrew/lib/", "/usr/local/lib/")  # Homebrew's are not searched by themselves


def pango_version() -> tuple[int, int, int] | None:
    """Return the version of Pango; Missing: None where it cannot be loaded."""
    pango = _library("pango-1.0")
    if pango is None:
        return None
    number = int(pango.pango_version())
    return number // 10000, number // 100 % 100, number % 100


def has_harfbuzz_subset() -> bool:
    """Say whether harfbuzz-subset can be loaded."""
    return _library("harfbuzz-subset") is not None


def _library(stem: str) -> ctypes.CDLL | None:
    name = f"lib{stem}.0.dylib" if sys.platform == "darwin" else f"lib{stem}.so.0"
    for folder in _FOLDERS:
        with contextlib.suppress(OSError):
            return ctypes.CDLL(folder + name)
    return None
