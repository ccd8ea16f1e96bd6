"""Compare `archive verify` with sha256sum over the same files, together, signatures timed apart.

    python benchmarks/archive_verify.py [--notes 400] [--runs 5] [--as-of 2025-04-10] [--keep FOLDER]

Builds one note, varies its bytes for every week, and lets each be submitted, approved and published into an
archive with a test key. Verification without signatures and sha256sum then run in turn, each reading every
file of the archive from the disk's cache. Exits 1 when verification is slower than half the speed of
sha256sum, as the median of the runs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import run
from reportgen import config
from reportgen.archive import Actor, Archive
from reportgen.archive.keys import load_certificates, make_test_identity
from reportgen.archive.verify import SIGNATURES, STAMPS, verify
from reportgen.pipeline import checking, life, publishing
from reportgen.pipeline.life import Office
from reportgen.render import conformance

LIMIT_RATIO = 0.5
PASSPHRASE = b"a passphrase of the benchmark"
FIRST = dt.date(2018, 6, 1)
PEOPLE = """
[[people]]
id = "ann"
name = "Ann Alyst"
roles = ["analyst"]
[[people.qualifications]]
name = "Example"
jurisdiction = "US"
valid_from = 2000-01-01
valid_until = 2099-12-31
[[people]]
id = "pia"
name = "Pia Principal"
roles = ["approver", "compliance", "sender"]
[[people.qualifications]]
name = "Example"
jurisdiction = "US"
valid_from = 2000-01-01
valid_until = 2099-12-31
[signing]
key = "desk.p12"
trust = ["authority.pem"]
"""


def main() -> int:
    """Make the archive, measure both in turn, print speeds, and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--notes", type=int, default=400)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--as-of", default="2025-04-10")
    parser.add_argument("--keep", type=Path, help="make the archive here, or use the one that is here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        if not (folder / "archive").exists():
            make(folder, options.notes, options.as_of)
        return judge(folder, options.runs)


def judge(folder: Path, runs: int) -> int:
    """Verify and hash in turn."""
    root, trust = folder / "archive", load_certificates([folder / "desk" / "authority.pem"])
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.name != "index.sqlite")
    listed = folder / "files"
    listed.write_bytes(b"\0".join(str(p).encode() for p in files))
    spent: dict[str, list[float]] = {"verify": [], "sha256sum": []}
    for _ in range(runs + 1):
        begin = time.perf_counter()
        verdict = verify(root, (), signatures=False)
        spent["verify"].append(time.perf_counter() - begin)
        if not verdict.ok:
            sys.exit("\n".join(map(str, verdict.faults)))
        begin = time.perf_counter()
        with listed.open("rb") as names:
            subprocess.run(["xargs", "-0", "sha256sum"], stdin=names, stdout=subprocess.DEVNULL, check=True)
        spent["sha256sum"].append(time.perf_counter() - begin)
    medians = {name: statistics.median(times[1:]) for name, times in spent.items()}  # the first fills caches
    size = sum(p.stat().st_size for p in files)
    for name, seconds in medians.items():
        print(f"{name:<10} {seconds:6.2f} s  {size / seconds / 1e6:6.0f} MB/s")
    signed = verify(root, trust)
    if not signed.ok:
        sys.exit("\n".join(map(str, signed.faults)))
    apart = signed.seconds.get(SIGNATURES, 0.0) + signed.seconds.get(STAMPS, 0.0)
    each = apart / max(1, signed.signatures) * 1000
    print(f"signatures {apart:6.2f} s  {signed.signatures} of them, {each:.0f} ms each")
    ratio = medians["sha256sum"] / medians["verify"]
    print(
        f"{len(files)} files, {size / 1e6:.0f} MB: {ratio:.2f} of the speed of sha256sum, limit {LIMIT_RATIO}"
    )
    return int(ratio < LIMIT_RATIO)


def make(folder: Path, notes: int, as_of: str) -> None:
    """Fill an archive with notes of the size of a real one."""
    run(sys.executable, "-m", "reportgen", "build", "--as-of", as_of, "--out", folder / "out")
    built = folder / "out" / as_of / "treasury-weekly"
    files = {p.relative_to(built).as_posix(): p.read_bytes() for p in built.rglob("*") if p.is_file()}
    # The one note conforms, and its variants differ in a comment: what is checked of each takes minutes.
    checking.check = lambda note: []
    conformance.failed = lambda finished: []
    desk = folder / "desk"
    config.init_desk(desk, {})
    (desk / "desk.toml").write_text((desk / "desk.toml").read_text() + PEOPLE)
    clock = Clock()
    identity = make_test_identity(PASSPHRASE, clock.at, dt.timedelta(days=40 * 365))
    (desk / "desk.p12").write_bytes(identity.p12)
    (desk / "authority.pem").write_bytes(identity.authority)
    settings = config.load_desk(desk)
    archive = Archive.create(folder / "archive", clock, Actor("pia", "Pia Principal", "compliance"))
    seal = publishing.seal_of(settings, desk, PASSPHRASE)
    publishing.seal_of = lambda *_: seal  # a process that publishes opens the key once
    for week in range(notes):
        day = FIRST + dt.timedelta(weeks=week)
        clock.at = max(clock.at, dt.datetime(day.year, day.month, day.day, 22, tzinfo=dt.UTC))
        note = write(folder / "note", files, day)
        life.submit(Office(archive, settings, "ann", desk), note)
        life.approve(Office(archive, settings, "pia", desk), f"TW-{day}-r1")
        publishing.publish(Office(archive, settings, "pia", desk), f"TW-{day}-r1", PASSPHRASE)
        if sys.stderr.isatty():
            print(f"\r{week + 1} notes", end="", file=sys.stderr)
    archive.close()


class Clock:
    """A clock that is a second further whenever somebody looks."""

    def __init__(self) -> None:
        self.at = dt.datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        self.at += dt.timedelta(seconds=1)
        return self.at


def write(folder: Path, files: dict[str, bytes], day: dt.date) -> Path:
    """Write the note of a week: the same content, other bytes."""
    mark = {"svg": b"<!-- %s -->\n", "html": b"<!-- %s -->\n", "pdf": b"%% %s\n"}
    varied = {
        name: content + mark.get(name.rpartition(".")[2], b" %s") % day.isoformat().encode()
        for name, content in files.items()
        if name not in ("manifest.json", "context.zip")
    }
    varied["context.zip"] = files["context.zip"]
    manifest = json.loads(files["manifest.json"])
    manifest |= {"id": f"TW-{day}-r1", "as_of": f"{day}T23:59:00-04:00"}
    manifest["sha256"] = {name: hashlib.sha256(content).hexdigest() for name, content in varied.items()}
    varied["manifest.json"] = json.dumps(manifest).encode()
    for name, content in varied.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


if __name__ == "__main__":
    sys.exit(main())
