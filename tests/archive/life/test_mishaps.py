"""The machine fails at every point at which a step writes; see `mishaps` for what must hold afterwards."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

KINDS = ("kill", "full", "readonly", "broken")
STEPS = ("create", "submit", "resubmit", "approve", "publish", "correct", "supersede", "withdraw", "recover")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts calls by way of /proc")


def mishaps(kind: str, most: int, *steps: str) -> str:
    """Let the machine fail at some points of each step, the last among them; 0 is all."""
    command = [sys.executable, "-m", "tests.archive.life.mishaps", kind, str(most), *steps]
    done = subprocess.run(command, cwd=Path.cwd(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_each_verb_killed_in_its_midst_and_at_its_end():
    verbs = ("submit", "approve", "publish", "correct", "withdraw", "recover")
    said = mishaps("kill", 2, *verbs)
    assert [line.split()[0] for line in said.splitlines()] == list(verbs)


@pytest.mark.slow
@pytest.mark.parametrize(("step", "kind"), list(itertools.product(STEPS, KINDS)))
def test_failing_at_every_point(step: str, kind: str):
    assert "points" in mishaps(kind, 0, step)
