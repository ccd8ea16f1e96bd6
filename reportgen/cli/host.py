"""What the machine needs besides Python packages, and the command that installs it."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys

from reportgen.errors import HostError
from reportgen.render.libraries import has_harfbuzz_subset, pango_version

OLDEST_PANGO = (1, 44)


def require_renderer() -> None:
    """Load the renderer of the PDF, so that what it lacks is said before any work.

    Raises: HostError naming the library and the command that installs it.
    """
    try:
        # WeasyPrint prints a banner of its own before it raises.
        with contextlib.redirect_stdout(io.StringIO()):
            import reportgen.render.pdf  # noqa: F401
    except OSError as error:
        lacking = str(error).partition(":")[0]
        raise HostError(
            f"the PDF cannot be set: {lacking} (Pango {'.'.join(map(str, OLDEST_PANGO))} or newer is needed)",
            hint=f"Install it with: {pango_command()}",
        ) from error
    except ImportError as error:
        raise HostError(
            f"the PDF cannot be set: Python package {error.name} cannot be imported ({error})",
            hint=f"Install it with: {sys.executable} -m pip install reportgen",
        ) from error


def pango_command() -> str:
    """Return the command that installs Pango here."""
    return _install_command("libpango-1.0-0 libpangoft2-1.0-0", "pango")


def harfbuzz_command() -> str:
    """Return the command that installs harfbuzz-subset here."""
    return _install_command("libharfbuzz-subset0", "harfbuzz")


def _install_command(debian: str, homebrew: str) -> str:
    if shutil.which("apt-get"):
        return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install -y {debian}"
    if shutil.which("brew"):
        path = "export DYLD_FALLBACK_LIBRARY_PATH=$(brew --prefix)/lib:/usr/lib"
        return f"brew install {homebrew} && {path}"
    return f"this system's package manager (Debian: {debian}; Homebrew: {homebrew})"


__all__ = ["harfbuzz_command", "has_harfbuzz_subset", "pango_command", "pango_version", "require_renderer"]
