"""Send a note to many readers: rate against a bare smtplib loop with the same bytes, and memory.

    python benchmarks/send.py [--messages 400] [--most 10000]

Both sides use one connection to a sink on this machine that reads and forgets; no TLS, no DKIM. The bare
loop sends messages that were made beforehand; reportgen makes each message, and puts it on record before
and after, with the ledger on the disk.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import resource
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from reportgen.archive import PROGRAM, Actor, Archive, NoteRecord
from reportgen.config.mail import Mail
from reportgen.delivery.edition import edition
from reportgen.delivery.message import Composer
from reportgen.delivery.planning import plan
from reportgen.delivery.queueing import Notices
from reportgen.delivery.recipients import COLUMNS, Recipient, Suppressed, load_recipients
from reportgen.delivery.sending import Sender
from reportgen.delivery.tokens import message_id
from reportgen.delivery.transport import SmtpServer

NOTE = "TW-2025-04-10-r1"
LEAST_RATIO = 0.7
MOST_GROWTH = 1.2  # of memory, from a hundred readers to the most
# As a real note has them: two kinds of bytes that no server can shorten.
PDF_BYTES, PNG_BYTES, PAGE_BYTES = 540_000, 90_000, 42_000


class Sink(threading.Thread):
    """A server that takes everything and keeps nothing."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.sendall(b"220 sink\r\n")
        tail = b""
        while block := connection.recv(1 << 16):
            tail += block
            while (end := tail.find(b"\r\n")) >= 0:
                verb, tail = tail[:4].upper(), tail[end + 2 :]
                if verb == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    while not tail.endswith(b"\r\n.\r\n"):
                        tail = tail[-4:] + connection.recv(1 << 18)
                    tail = b""
                elif verb == b"QUIT":
                    connection.sendall(b"221 bye\r\n")
                    return
                connection.sendall(b"250 Ok\r\n")


def published(folder: Path, pdf_bytes: int) -> tuple[Archive, NoteRecord]:
    """Make an archive with one published note of a usual size."""
    archive = Archive.create(folder, lambda: dt.datetime.now(dt.UTC), PROGRAM)
    submitter, approver = Actor("a", "A", "analyst"), Actor("b", "B", "approver")
    chance = random.Random(1)
    page = "<html><head><title>Treasury Weekly</title></head><body>" + "<p>Yields rose 39 bp.</p>" * (
        PAGE_BYTES // 25
    )
    pictures = [f"digest/{n}.png" for n in range(3)]
    page += "".join(f'<img src="{name}">' for name in pictures) + "</body></html>"
    files = {"digest.html": page.encode(), "digest.txt": b"Yields rose.\n" * 500, "manifest.json": b"{}"}
    files["note.pdf"] = b"unsigned"
    files |= {name: chance.randbytes(PNG_BYTES) for name in pictures}
    with archive.writing() as writer:
        sealed = writer.put_all(files)
        signed = writer.put(chance.randbytes(pdf_bytes))
        body = {
            "name": "treasury-weekly", "title": "T", "as_of": "2025-04-10T23:59:00-04:00", "language": "en",
            "revision": 1, "files": sealed, "manifest": sealed["manifest.json"], "analysts": [],
            "covers": {"jurisdictions": ["US"], "audiences": ["institutional"]}, "approvals": ["approver"],
        }  # fmt: skip
        writer.append("note.submitted", note=NOTE, actor=submitter, body=body)
        named = {"manifest": sealed["manifest.json"]}
        writer.append("note.approved", note=NOTE, actor=approver, body=named)
        writer.append("note.publishing", note=NOTE, actor=approver)
        done = named | {
            "unsigned_pdf": sealed["note.pdf"], "signed_pdf": signed,
            "signatures": {"manifest.json.p7s": writer.put(b"a signature")},
            "identity": {"is_test": True, "fingerprint": "0" * 64},
        }  # fmt: skip
        writer.append("note.published", note=NOTE, actor=approver, body=done)
    return archive, archive.note(NOTE)


def readers(folder: Path, number: int) -> tuple[Recipient, ...]:
    """Write a list and read it, as the command does."""
    path = folder / "recipients.csv"
    with path.open("w") as file:
        file.write(",".join(COLUMNS) + "\n")
        for n in range(number):
            row = f"c{n:06},reader.{n}@client{n % 97}.example.com,Reader {n},en,institutional,US"
            file.write(f"{row},2025-01-02,letter,active\n")
    return load_recipients(path, dt.date(2026, 1, 1))


def settings(port: int) -> Mail:
    """Return settings that lead to the sink."""
    smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
    return Mail.model_validate(
        {"sender": "a@desk.example.com", "journal": "j@desk.example.com", "smtp": smtp}
    )


def ours(archive: Archive, note: NoteRecord, mail: Mail, people: tuple[Recipient, ...]) -> float:
    """Send as the command does, and return messages a second."""
    composer = Composer(mail, edition(archive, note, mail.id_domain), b"")
    server = SmtpServer(mail.smtp, "", mail.id_domain)
    sender = Sender(archive, mail, composer, server, PROGRAM, pause=time.sleep, chance=random.Random(1))
    begun = time.perf_counter()
    result = sender.send(plan(archive, note, people, Suppressed(frozenset())), Notices(), lambda: None)
    assert (result.accepted, result.left) == (len(people), {}), result
    return (len(people) + 1) / (time.perf_counter() - begun)


def bare(archive: Archive, note: NoteRecord, mail: Mail, people: tuple[Recipient, ...]) -> float:
    """Send the same messages, made beforehand, in a loop, and return messages a second."""
    composer = Composer(mail, edition(archive, note, mail.id_domain), b"")
    date = dt.datetime.now(dt.UTC)
    few = [
        (r.email, composer.compose(
            r.id, r.name, r.email, message_id(archive.id, NOTE, r.id, mail.id_domain), date
        ).content)
        for r in people[:50]
    ]  # fmt: skip
    begun = time.perf_counter()
    with smtplib.SMTP(mail.smtp.host, mail.smtp.port, "desk.example.com") as server:
        for n in range(len(people)):
            address, content = few[n % len(few)]
            server.sendmail(mail.sender, [address], content)
    return len(people) / (time.perf_counter() - begun)


def peak(number: int, pdf_bytes: int) -> float:
    """Send to a number of readers in a process of its own, and return its greatest size in MiB."""
    said = subprocess.run(
        [sys.executable, __file__, "--child", str(number), "--pdf-bytes", str(pdf_bytes)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found: float = json.loads(said)["mib"]
    return found


def child(number: int, pdf_bytes: int) -> None:
    """Send, and say how large this process has been."""
    sink = Sink()
    sink.start()
    with tempfile.TemporaryDirectory() as name:
        archive, note = published(Path(name) / "archive", pdf_bytes)
        ours(archive, note, settings(sink.port), readers(Path(name), number))
    unit = 1 if sys.platform == "darwin" else 1024
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    print(json.dumps({"mib": size}))


def main() -> int:
    """Measure, print, and say by the exit status whether the promises are kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--pdf-bytes", type=int, default=PDF_BYTES)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child is not None:
        child(given.child, given.pdf_bytes)
        return 0
    sink = Sink()
    pid = os.fork()  # the sink must not share an interpreter with its clients
    if pid == 0:
        sink.start()
        sink.join()
    try:
        best = {"ours": 0.0, "bare": 0.0}
        with tempfile.TemporaryDirectory() as name:
            for turn in range(3):
                folder = Path(name) / str(turn)
                folder.mkdir()
                archive, note = published(folder / "archive", given.pdf_bytes)
                people = readers(folder, given.messages)
                mail = settings(sink.port)
                best["bare"] = max(best["bare"], bare(archive, note, mail, people))
                best["ours"] = max(best["ours"], ours(archive, note, mail, people))
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    ratio = best["ours"] / best["bare"]
    print(f"bare smtplib loop  {best['bare']:7.0f} messages/s")
    print(f"reportgen          {best['ours']:7.0f} messages/s")
    print(f"ratio              {ratio:7.2f}  (at least {LEAST_RATIO})")
    few, many = peak(100, 20_000), peak(given.most, 20_000)
    print(f"memory             {few:7.1f} MiB for 100 readers, {many:.1f} MiB for {given.most:,}")
    growth = many / few
    print(f"growth             {growth:7.2f}  (at most {MOST_GROWTH})")
    return 0 if ratio >= LEAST_RATIO and growth <= MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
