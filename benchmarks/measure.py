"""Run a command in a process of its own and tell what it cost."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Wall time, and the memory of the largest process among the command and those it started."""

    seconds: float
    peak_mib: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, max(self.peak_mib, other.peak_mib))


def run(*command: str | Path, cwd: Path | None = None) -> Cost:
    """Run a command to its end; a failure ends the benchmark with the command's own words."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: status {process.returncode}\n{output.decode()}")
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return Cost(seconds, usage.ru_maxrss / unit)


def median(costs: Sequence[Cost]) -> float:
    """Give the median of the wall times in seconds."""
    return statistics.median(cost.seconds for cost in costs)


def line(name: str, costs: Sequence[Cost]) -> str:
    """Lay out one row of a report."""
    runs = " ".join(f"{cost.seconds:.2f}" for cost in costs)
    peak = max(cost.peak_mib for cost in costs)
    return f"{name:<34} {median(costs):6.2f} s   {peak:5.0f} MiB   ({runs})"
