"""A real HTTP server on this machine that answers as publishers do, and fails as they do.

Routes are tried newest first; the first whose path and query fit answers. A fault scripted for a path
answers in its place as often as it says. Everything asked is kept in `asked`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from urllib.parse import parse_qsl, urlsplit

from reportgen.sources.transport import trusted

RECORDED = Path(__file__).with_name("recorded")
Query = dict[str, str]
Body = bytes | Callable[[Query], "bytes | Answered"]


@cache
def usual() -> ssl.SSLContext:
    """Read the usual certificates once for all transports."""
    return trusted(None)


@dataclass
class Answered:
    """One answer of the server."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    validators: bool = True  # give an ETag, and 304 to who knows it
    promised: int | None = None  # Content-Length that is said, where it is not the truth
    drip: float = 0.0  # seconds before each tenth of the body
    delay: float = 0.0  # seconds before anything
    hang_up: bool = False  # close the connection without a word
    compressed: bool = False


@dataclass
class Asked:
    """One request, as it came."""

    path: str
    query: Query
    headers: dict[str, str]
    status: int = 0
    sent: int = 0


class Replay:
    """What is answered, and what was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.base = ""
        self._routes: list[tuple[str, Query, Body | Answered]] = []
        self._faults: list[tuple[str, list[Answered]]] = []
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Count the bytes of bodies sent."""
        return sum(a.sent for a in self.asked)

    def bases(self, *ids: str) -> dict[str, str]:
        """Return settings that lead sources here."""
        return dict.fromkeys(ids, self.base)

    def route(self, path: str, body: Body | Answered, **query: str) -> None:
        """Answer a path (one that ends in * stands for all that begin so) whose query holds these values."""
        self._routes.insert(0, (path, query, body))

    def recorded(self, path: str, name: str, **query: str) -> None:
        """Answer with a recorded body, and the status that was recorded with it."""
        body = (RECORDED / name).read_bytes()
        meta = json.loads((RECORDED / f"{name.rpartition('.')[0]}.meta.json").read_text(encoding="utf-8"))
        self.route(path, Answered(body, meta["status"]), **query)

    def fault(self, path: str, *answers: Answered) -> None:
        """Answer a path with these, one after another, before its route answers again."""
        self._faults.append((path, list(answers)))

    def answer(self, asked: Asked) -> Answered:
        """Find the answer to a request."""
        with self._lock:
            self.asked.append(asked)
            for path, answers in self._faults:
                if _fits(path, asked.path) and answers:
                    return answers.pop(0)
        for path, query, body in self._routes:
            if _fits(path, asked.path) and query.items() <= asked.query.items():
                found = body(asked.query) if callable(body) else body
                return found if isinstance(found, Answered) else Answered(found)
        return Answered(b"<html><body>404</body></html>", 404)


def _fits(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self) -> None:
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


@contextmanager
def replaying(certificate: Path | None = None) -> Iterator[Replay]:
    """Serve a replay from threads of its own; with a certificate for localhost, by TLS."""
    replay = Replay()
    server = _Server(("127.0.0.1", 0), _handler(replay))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    scheme = "http://127.0.0.1" if certificate is None else "https://localhost"
    replay.base = f"{scheme}:{server.server_port}"
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(replay: Replay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each body waits for the word that its head has come

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            asked = Asked(parts.path, query, {k.lower(): v for k, v in self.headers.items()})
            found = replay.answer(asked)
            time.sleep(found.delay)
            if found.hang_up:
                self.close_connection = True
                return
            body = gzip.compress(found.body) if found.compressed else found.body
            etag = f'"{hashlib.sha256(found.body).hexdigest()[:16]}"'
            known = found.validators and asked.headers.get("if-none-match") == etag
            asked.status = 304 if known and found.status == 200 else found.status
            self.send_response(asked.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            if found.validators and found.status == 200:
                self.send_header("ETag", etag)
            if found.compressed:
                self.send_header("Content-Encoding", "gzip")
            if asked.status == 304:
                self.end_headers()
                return
            self.send_header("Content-Length", str(len(body) if found.promised is None else found.promised))
            self.end_headers()
            step = max(1, len(body) // 10) if found.drip else max(1, len(body))
            for start in range(0, len(body), step):
                time.sleep(found.drip)
                self.wfile.write(body[start : start + step])
            asked.sent = len(body)
            if found.promised is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
