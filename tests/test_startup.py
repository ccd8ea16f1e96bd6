"""Commands that need no heavy library start without it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"pandas", "matplotlib", "weasyprint"}

SCRIPT = """
import json, sys
from reportgen.cli import main
try:
    main()
except SystemExit as exit:
    status = exit.code or 0
print(json.dumps([status, sorted(name for name in sys.modules if "." not in name)]), file=sys.stderr)
"""


def run(*arguments: str) -> tuple[int, str, set[str]]:
    """Run a command in a process of its own, and tell which top-level modules it imported."""
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=False
    )
    assert process.stderr.strip(), process.stdout
    status, modules = json.loads(process.stderr.splitlines()[-1])
    return status, process.stdout, set(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["build", "--help"],
        ["facts", "--as-of", "2025-04-10", "--json"],
    ],
    ids=" ".join,
)
def test_command_starts_without_heavy_libraries(arguments: list[str]) -> None:
    status, output, modules = run(*arguments)
    assert status == 0
    assert output
    assert not HEAVY & modules


@pytest.mark.parametrize("verb", ["approve", "publish", "withdraw"])
def test_steps_of_a_notes_life_start_without_numbers(verb: str, tmp_path: Path) -> None:
    arguments = (verb, "TW-2025-04-10-r1", "--as", "c.approver", "--archive", str(tmp_path / "none"))
    status, _, modules = run(*arguments, *(["--why", "x"] if verb == "withdraw" else []))
    assert status == 8
    assert not modules & {*HEAVY, "numpy", "pyarrow", "pyhanko"}
