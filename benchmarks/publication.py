"""Time what a publication adds to a build: submit, approve and publish of a real note, and the build itself.

    python benchmarks/publication.py [--as-of 2025-04-10] [--runs 5]

Each step is measured twice: as a whole command in a process of its own, with its start, and as a call in a
process that has everything loaded. Every run has an archive of its own, and a test key. Exits 1 when the
call of `publish` takes more than one second, as the median of the runs: it opens the key, hashes what is
sealed, signs, checks both signatures and the PDF's standards, seals, and signs the head. The command adds
its start, most of it the signing library's.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from measure import Cost, line, median, run
from reportgen import config
from reportgen.archive import Archive
from reportgen.archive.keys import make_test_identity

LIMIT_S = 1.0
ANALYST, APPROVER, FOUNDER = "a.analyst", "c.approver", "d.compliance"  # of the example desk
PASSPHRASE = "a passphrase of the benchmark"
SIGNING = '\n[signing]\nkey = "desk.p12"\ntrust = ["authority.pem"]\n'
STEPS = ("submit", "approve", "publish")


def main() -> int:
    """Measure the build and the steps in turn, print the medians, and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--as-of", default="2025-04-10")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    whole: dict[str, list[Cost]] = defaultdict(list)
    calls: dict[str, list[float]] = defaultdict(list)
    # A process of its own has everything loaded, and leaves this one small, whose size commands start with.
    with (
        tempfile.TemporaryDirectory() as scratch,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as loaded,
    ):
        folder = Path(scratch)
        desk = make_desk(folder)
        note = folder / "out" / options.as_of / "treasury-weekly"
        for turn in range(options.runs + 1):
            if turn == 1:  # what came before filled the disk's cache
                whole.clear()
                calls.clear()
            build = ("build", "--as-of", options.as_of, "--out", str(folder / "out"))
            whole["build"].append(run(sys.executable, "-m", "reportgen", "--desk", desk, *build))
            commands(desk, folder / f"commands-{turn}", note, whole)
            found = loaded.submit(in_process, desk, folder / f"calls-{turn}", note).result()
            for step, seconds in found.items():
                calls[step].append(seconds)
    added = sum(median(whole[step]) for step in STEPS)
    for name in ("build", *STEPS):
        print(line(f"reportgen {name}", whole[name]))
    print(f"  all three steps add {added:.2f} s to the build, {added / median(whole['build']):.0%} of it")
    for name in STEPS:
        runs = " ".join(f"{seconds:.2f}" for seconds in calls[name])
        print(f"{name + ', without the start':<34} {statistics.median(calls[name]):6.2f} s   ({runs})")
    judged, command = statistics.median(calls["publish"]), median(whole["publish"])
    print(f"publish adds {judged:.2f} s, limit {LIMIT_S:.2f} s; as a command {command:.2f} s")
    return int(judged > LIMIT_S)


def make_desk(folder: Path) -> Path:
    """Make the example desk with a test key and its passphrase."""
    desk = folder / "desk"
    config.init_desk(desk, {})
    identity = make_test_identity(PASSPHRASE.encode(), now())
    (desk / "desk.p12").write_bytes(identity.p12)
    (desk / "authority.pem").write_bytes(identity.authority)
    with (desk / "desk.toml").open("a") as file:
        file.write(SIGNING)
    secret = desk / "passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    return desk


def commands(desk: Path, root: Path, note: Path, costs: dict[str, list[Cost]]) -> None:
    """Take the steps by their commands."""
    note_id = f"TW-{note.parent.name}-r1"
    key = ("--passphrase-file", desk / "passphrase")
    given: dict[str, tuple[str | Path, ...]] = {
        "submit": ("submit", note, "--as", ANALYST),
        "approve": ("approve", note_id, "--as", APPROVER),
        "publish": ("publish", note_id, "--as", APPROVER, *key),
    }
    start = (sys.executable, "-m", "reportgen", "--desk", desk)
    run(*start, "archive", "create", "--as", FOUNDER, "--archive", root)
    for step, arguments in given.items():
        costs[step].append(run(*start, *arguments, "--archive", root))


def in_process(desk: Path, root: Path, note: Path) -> dict[str, float]:
    """Take the steps by their functions, and return the seconds of each."""
    from reportgen.pipeline import life, publishing
    from reportgen.pipeline.life import Office

    note_id = f"TW-{note.parent.name}-r1"
    settings = config.load_desk(desk)
    archive = Archive.create(root, now, life.founder(settings, FOUNDER))
    analyst, approver = (Office(archive, settings, person, desk) for person in (ANALYST, APPROVER))
    taken: dict[str, Callable[[], object]] = {
        "submit": lambda: life.submit(analyst, note),
        "approve": lambda: life.approve(approver, note_id),
        "publish": lambda: publishing.publish(approver, note_id, PASSPHRASE.encode()),
    }
    seconds = {}
    for step, take in taken.items():
        begin = time.perf_counter()
        take()
        seconds[step] = time.perf_counter() - begin
    archive.close()
    return seconds


def now() -> dt.datetime:
    """Return the present moment."""
    return dt.datetime.now(dt.UTC)


if __name__ == "__main__":
    sys.exit(main())
