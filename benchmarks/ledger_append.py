"""What an entry costs in a short and in a long ledger: it must be the same.

An append takes the lock, reads the tail, writes a line and waits for the disk. The two ledgers take turns,
so that whatever else the machine does falls on both. A bare append of the same line to a file, with fsync,
says what the disk alone costs.

    python benchmarks/ledger_append.py [--entries 100 100000] [--appends 300]
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from reportgen.archive import PROGRAM, Archive

PERMITTED_RATIO = 1.2
BODY = {
    "recipient": "0123456789abcdef",
    "message": "<TW-2026-01-09-r1.0123456789abcdef@example.com>",
    "n": 250,
}


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def filled(root: Path, entries: int) -> Archive:
    """Make an archive with a number of entries."""
    archive = Archive.create(root, now, PROGRAM)
    with archive.writing() as writer:
        while writer.last.seq < entries:
            writer.append("delivery.sent", note="TW-2026-01-09-r1", actor=PROGRAM, key="r", body=BODY)
    return archive


def append(archive: Archive) -> float:
    """Add an entry as every command does, and return the seconds it took."""
    start = time.perf_counter()
    with archive.writing() as writer:
        writer.append("delivery.sent", note="TW-2026-01-09-r1", actor=PROGRAM, key="r", body=BODY)
    return time.perf_counter() - start


def bare(path: Path, line: bytes) -> float:
    """Add a line to a file and wait for the disk."""
    start = time.perf_counter()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line)
    os.fsync(file)
    os.close(file)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, nargs=2, default=(100, 100_000))
    parser.add_argument("--appends", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        short, long = (filled(Path(scratch) / str(n), n) for n in given.entries)
        line = long.ledger.path.read_bytes().splitlines(keepends=True)[-1]
        times: dict[str, list[float]] = {"short": [], "long": [], "disk": []}
        for _ in range(given.appends):
            times["short"].append(append(short))
            times["long"].append(append(long))
            times["disk"].append(bare(Path(scratch) / "bare", line))
        start = time.perf_counter()
        held = sum(1 for _ in long.entries("delivery."))
        first = time.perf_counter() - start
        start = time.perf_counter()
        long.find("TW-2026-01-09-r1")
        again = time.perf_counter() - start
    middle = {name: statistics.median(found) * 1000 for name, found in times.items()}
    for name, entries in zip(("short", "long"), given.entries, strict=True):
        worst = statistics.quantiles(times[name], n=20)[-1] * 1000
        print(f"{entries:>7} entries: {middle[name]:.2f} ms an append, 95 % below {worst:.2f} ms")
    print(f"  disk alone: {middle['disk']:.2f} ms a line")
    print(
        f"index of {held} entries made, all read: {first:.2f} s; one note found in it: {again * 1000:.1f} ms"
    )
    ratio = middle["long"] / middle["short"]
    print(f"long against short: {ratio:.2f} (permitted {PERMITTED_RATIO})")
    return 0 if ratio <= PERMITTED_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
