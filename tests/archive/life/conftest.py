"""Desks with an archive whose notes need not conform: what a note must be is tested where it is checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reportgen.pipeline import checking
from reportgen.render import conformance
from tests.archive.life.desk import SmallDesk, make_desk

MakeDesk = Callable[..., SmallDesk]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take small notes as they are."""
    monkeypatch.setattr(checking, "check", lambda note: [])
    monkeypatch.setattr(conformance, "failed", lambda content: [])


@pytest.fixture
def desk(tmp_path: Path, quick: None) -> SmallDesk:
    """Make a desk and its archive."""
    return make_desk(tmp_path)
