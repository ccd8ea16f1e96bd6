"""Commands run inside this process with a fixed clock, and copies of the embedded data to damage."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from reportgen import embedded
from reportgen.cli import cli

Run = Callable[..., Result]
NOW = "2026-11-23T12:00:00-05:00"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """Stop the clock three months after the embedded data end."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def run() -> Run:
    """Run a command; an exception that escapes fails the test."""

    def call(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
        return CliRunner(env=env).invoke(cli, [str(a) for a in arguments], catch_exceptions=False)

    return call


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """Run a command that must be refused with a status, and return its one message."""

    def call(status: int, *arguments: str | Path, env: dict[str, str] | None = None) -> str:
        result = run(*arguments, env=env)
        assert result.exit_code == status, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("reportgen: ")
        assert result.stderr.count("reportgen: ") == 1
        return result.stderr

    return call


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Copy the embedded data, without the restricted folder, into a store of one's own."""
    folder = tmp_path / "store"
    folder.mkdir()
    for path in embedded.FOLDER.glob("*.parquet"):
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def desk(tmp_path: Path, run: Run) -> Path:
    """Make a new desk folder."""
    folder = tmp_path / "desk"
    assert run("init", folder).exit_code == 0
    return folder


def _digests_of(folder: Path) -> dict[str, str]:
    """Return what lies below a folder, hidden files too, with the digest of each file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def digests() -> Callable[[Path], dict[str, str]]:
    """Offer the digests of a folder, to be compared before and after."""
    return _digests_of
