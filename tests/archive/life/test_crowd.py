"""Eight desks publish at once: every note is published once, and the chain holds."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from reportgen.archive.keys import load_certificates
from reportgen.archive.verify import verify
from tests.archive.life.desk import SmallDesk

WEEKS = tuple(f"TW-2026-{week // 28 + 1:02}-{week % 28 + 1:02}-r1" for week in range(0, 56, 7))


def publish_all(desk: SmallDesk, notes: tuple[str, ...]) -> list[int]:
    """Publish notes in processes of their own, and return their statuses."""
    script = f"""
        import sys
        from pathlib import Path
        from reportgen.errors import ReportgenError
        from reportgen.render import conformance
        from tests.archive.life.desk import SmallDesk
        conformance.failed = lambda finished: []
        try:
            SmallDesk(Path({str(desk.place)!r})).publish(sys.argv[1])
        except ReportgenError as error:
            sys.exit(error.exit_code)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    running = [subprocess.Popen([*command, note], cwd=Path.cwd()) for note in notes]
    return [process.wait() for process in running]


def check(desk: SmallDesk) -> None:
    published = [entry.note for entry in desk.archive.entries("note.published")]
    assert sorted(note or "" for note in published) == sorted(set(WEEKS))
    assert all(record.state == "published" for record in desk.archive.notes())
    verdict = verify(desk.root, load_certificates([desk.folder / "authority.pem"]))
    assert (verdict.faults, verdict.unfinished) == ((), ())


@pytest.mark.slow
def test_eight_notes_at_once(desk: SmallDesk):
    for note in WEEKS:
        desk.approved(note)
    assert publish_all(desk, WEEKS) == [0] * 8
    check(desk)


@pytest.mark.slow
def test_one_note_by_eight_processes(desk: SmallDesk):
    for note in WEEKS:
        desk.approved(note)
    for note in WEEKS[1:]:
        desk.publish(note)
    assert sorted(publish_all(desk, WEEKS[:1] * 8)) == [0] + [9] * 7
    check(desk)
    assert len(list(desk.archive.entries("note.refused"))) == 7
