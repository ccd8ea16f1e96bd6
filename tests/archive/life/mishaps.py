"""Take steps in the life of a note again and again, and let the machine fail at every point of writing.

Run as a program: `python -m tests.archive.life.mishaps KIND POINTS STEP…`; POINTS is how many of a step's
points are tried, 0 for all. A single-threaded process makes the archive of a step once, then forks for each
run, so that a run dies as a process does. Every call by which the archive changes its folder is a point:
write, fsync, rename, unlink, truncate, make a folder or a file. Kinds:

kill      at a write the first half is written, then SIGKILL; at any other point SIGKILL before it
full      from this point on the disk is full: a write leaves its first half
readonly  from this point on the file system is read-only
broken    this fsync fails, as when the disk reports an error

After each: what the ledger held is still there, every file is what it is named by, `verify` finds nothing
but unfinished work; and the same step, taken again, ends where the undisturbed one does.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from reportgen.archive import Archive
from reportgen.archive.keys import load_certificates
from reportgen.archive.ledger import canonical
from reportgen.archive.verify import verify
from reportgen.errors import ReportgenError
from reportgen.pipeline import checking, life
from reportgen.render import conformance
from tests.archive.life.desk import FOUNDER, SmallDesk, make_desk

NOTE, SECOND = "TW-2026-01-09-r1", "TW-2026-01-09-r2"
REFUSED, CRASHED = 9, 99
# Entries of which a disturbed life may hold more or fewer than an undisturbed one: two lines are written in
# one piece, and the piece may be torn between them. Both are told by the entry that goes with them.
HEADED = ("publish", "supersede")  # without the head at their end they are not finished, and `verify` says so
EXTRA = (
    "ledger.recovered",
    "note.refused",
    "note.publishing",
    "head.signed",
    "note.corrected",
    "note.superseded",
)
Take = Callable[[SmallDesk], object]


def spoil(desk: SmallDesk) -> None:
    """Leave a torn line, an object without an entry, half a head and half a file behind."""
    try:
        with desk.archive.writing() as writer:
            writer.put_all({"a": b"one", "b": b"two"})
            head = {"archive": desk.archive.id, "seq": 1, "digest": writer.last.digest, "at": "", "schema": 1}
            writer.put_heads({"1.json": canonical(head)})
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    (desk.root / "incoming" / "tmpabc").write_bytes(b"half")
    with (desk.root / "ledger.jsonl").open("ab") as file:
        file.write(b'{"actor":{"id":"ann"')


def second_approved(desk: SmallDesk) -> None:
    desk.published()
    correct(desk)
    life.approve(desk.office("pia"), SECOND)


def correct(desk: SmallDesk) -> object:
    return life.correct(desk.office("ann"), NOTE, desk.note(SECOND, "corrected"), "a number")


def remove_archive(desk: SmallDesk) -> None:
    shutil.rmtree(desk.root)


def recover(desk: SmallDesk) -> None:
    with desk.archive.writing():
        pass


# step -> what comes before it, and the step
STEPS: dict[str, tuple[Take, Take]] = {
    "create": (remove_archive, lambda desk: Archive.create(desk.root, desk.clock, FOUNDER)),
    "submit": (lambda desk: None, lambda desk: desk.submitted()),
    "resubmit": (lambda desk: desk.approved(), lambda desk: desk.submitted(NOTE, "other words")),
    "approve": (lambda desk: desk.submitted(), lambda desk: life.approve(desk.office("pia"), NOTE)),
    "publish": (lambda desk: desk.approved(), lambda desk: desk.publish()),
    "correct": (lambda desk: desk.published(), correct),
    "supersede": (second_approved, lambda desk: desk.publish(SECOND)),
    "withdraw": (lambda desk: desk.published(), lambda desk: life.withdraw(desk.office("dora"), NOTE, "x")),
    "recover": (spoil, recover),
}


class Machine:
    """The calls by which a folder is changed, counted; from a given one on they fail."""

    def __init__(self, root: Path, kind: str, at: int) -> None:
        self.root, self.kind, self.at = str(root), kind, at
        self.points = 0
        self.files: set[int] = set()
        self.real: dict[str, Callable[..., Any]] = {}

    def install(self) -> None:
        for name in ("write", "fsync", "ftruncate", "fchmod", "replace", "unlink", "mkdir", "open", "close"):
            self.real[name] = getattr(os, name)
            setattr(os, name, getattr(self, name))

    def write(self, file: int, content: bytes) -> int:
        if file in self.files and self._fails():
            if self.kind in ("kill", "full"):
                self.real["write"](file, bytes(content)[: max(1, len(content) // 2)])
            self._fail(errno.ENOSPC, "write")
        return int(self.real["write"](file, content))

    def fsync(self, file: int) -> None:
        self._point(file in self.files or self._is_below(f"/proc/self/fd/{file}"), "fsync")
        self.real["fsync"](file)

    def ftruncate(self, file: int, size: int) -> None:
        self._point(file in self.files, "ftruncate")
        self.real["ftruncate"](file, size)

    def fchmod(self, file: int, mode: int) -> None:
        self._point(file in self.files, "fchmod")
        self.real["fchmod"](file, mode)

    def replace(self, source: Any, target: Any) -> None:
        self._point(self._is_below(target), "replace")
        self.real["replace"](source, target)

    def unlink(self, path: Any, **rest: Any) -> None:
        self._point(self._is_below(path), "unlink")
        self.real["unlink"](path, **rest)

    def mkdir(self, path: Any, *rest: Any, **more: Any) -> None:
        self._point(self._is_below(path), "mkdir")
        self.real["mkdir"](path, *rest, **more)

    def open(self, path: Any, flags: int, *rest: Any, **more: Any) -> int:
        writes = self._is_below(path) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        self._point(writes, "open")
        file = int(self.real["open"](path, flags, *rest, **more))
        if writes:
            self.files.add(file)
        return file

    def close(self, file: int) -> None:
        self.files.discard(file)
        self.real["close"](file)

    def _is_below(self, path: Any) -> bool:
        name = os.fsdecode(path)
        if name.startswith("/proc/self/fd/"):
            name = str(Path(name).readlink()) if Path(name).exists() else ""
        return name == self.root or name.startswith(f"{self.root}/")

    def _point(self, counts: bool, name: str) -> None:
        if counts and self._fails():
            self._fail(errno.ENOSPC, name)

    def _fails(self) -> bool:
        self.points += 1
        if self.kind in ("full", "readonly"):
            return self.points >= self.at
        return self.points == self.at

    def _fail(self, code: int, name: str) -> None:
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "readonly" and name != "fsync":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        if self.kind == "full" and name in ("write", "mkdir", "open"):
            raise OSError(code, os.strerror(code))
        if self.kind == "broken" and name == "fsync":
            raise OSError(errno.EIO, os.strerror(errno.EIO))


def run(desk: SmallDesk, take: Take, kind: str, at: int) -> int:
    """Take a step in a process of its own, and return its status, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        status, machine = CRASHED, Machine(desk.root, kind, at)
        try:
            machine.install()
            take(desk)
            status = 0
        except ReportgenError as error:
            status = error.exit_code
        except BaseException:  # noqa: BLE001 (it must not run on in the child)
            traceback.print_exc()
        if kind == "count":
            (desk.place / "points").write_text(str(machine.points))
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def faults_of(desk: SmallDesk) -> list[str]:
    verdict = verify(desk.root, load_certificates([desk.folder / "authority.pem"]))
    return [str(fault) for fault in verdict.faults]


def life_of(desk: SmallDesk) -> list[tuple[str, str | None]]:
    """Return the entries that any life of the note must hold."""
    return [(entry.kind, entry.note) for entry in desk.archive.entries() if entry.kind not in EXTRA]


def examine(
    before: SmallDesk, step: str, kind: str, at: int, expected: list[Any], states: list[str]
) -> list[str]:
    """Let the machine fail at one point of a step, and return what was wrong afterwards."""
    place = Path(tempfile.mkdtemp(dir=before.place.parent))
    try:
        desk = SmallDesk(place, before.clock)
        shutil.copytree(before.place, place, dirs_exist_ok=True)
        ledger = desk.root / "ledger.jsonl"
        held = ledger.read_bytes() if ledger.exists() else b""
        held = held[: held.rfind(b"\n") + 1]
        take = STEPS[step][1]
        status = run(desk, take, kind, at)
        said = []
        if status == CRASHED:
            said.append("a traceback")
        exists = (desk.root / "archive.json").exists()
        if not exists and step != "create":
            said.append("no archive any more")
        if exists:
            if not ledger.read_bytes().startswith(held):
                said.append("the ledger lost what it held")
            said += [fault for fault in faults_of(desk) if step not in HEADED or "signs one" not in fault]
        again = run(desk, take, "none", 0)
        if again not in (0, 8 if step == "create" else REFUSED):
            said.append(f"taken again: status {again}")
        said += [f"taken again: {fault}" for fault in faults_of(desk)]
        said += [f"unfinished: {words}" for words in desk.archive.unfinished()]
        if [record.state for record in desk.archive.notes()] != states:
            said.append(f"expected {states}, found {[record.state for record in desk.archive.notes()]}")
        if life_of(desk) != expected:
            said.append(f"expected {expected}, found {life_of(desk)}")
        return [f"{step}, {kind} at {at} (status {status}): {words}" for words in said]
    finally:
        shutil.rmtree(place)


def main(kind: str, most: int, steps: Iterable[str]) -> int:
    checking.check = lambda note: []
    conformance.failed = lambda finished: []
    wrong = []
    for step in steps:
        with tempfile.TemporaryDirectory() as scratch:
            points, found = disturbed(Path(scratch), step, kind, most)
        wrong += found
        sys.stdout.write(f"{step} {kind}: {points} points\n" + "".join(f"{words}\n" for words in found))
    return 1 if wrong else 0


def disturbed(scratch: Path, step: str, kind: str, most: int) -> tuple[int, list[str]]:
    """Disturb a step at some of its points, and return how many it has and what was wrong."""
    before = make_desk(scratch / "before")
    STEPS[step][0](before)
    calm = SmallDesk(scratch / "calm", before.clock)
    shutil.copytree(before.place, calm.place)
    assert run(calm, STEPS[step][1], "count", 0) == 0
    points, expected = int((calm.place / "points").read_text()), life_of(calm)
    states = [str(record.state) for record in calm.archive.notes()]
    tried = sorted({points - points * n // most for n in range(most)} if most else range(1, points + 1))
    return points, [
        words for at in tried if at for words in examine(before, step, kind, at, expected, states)
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
