"""A page served to this machine alone, which the browser loads again when it has changed."""

from __future__ import annotations

import base64
import errno
import hashlib
import html
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from reportgen.errors import HostError, ReportgenError
from reportgen.pipeline.previewing import Preview, Stamps

HOST = "127.0.0.1"
PAUSE = 0.3  # seconds between two looks at the files
_SILENCE = 10.0  # seconds after which a waiting browser hears that the server is there
_POLICY = re.compile(r'(<meta http-equiv="Content-Security-Policy" content=")([^"]*)"')
_SCRIPT = """
const changes = new EventSource("/changes?shown=%s");
changes.onmessage = () => { changes.close(); location.reload(); };
"""
_FAULT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>
html {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem }}
pre {{ white-space: pre-wrap; border-left: 4px solid #a83240; padding: .5rem 1rem }}
</style></head>
<body><main><h1>{title}</h1><pre>{words}</pre>
<p>The page returns when the file is mended.</p></main></body></html>
"""


class Screen:
    """What is shown now, and those who wait for something else."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.status, self.page, self.version = HTTPStatus.OK, "", ""

    def show(self, status: HTTPStatus, page: str) -> None:
        """Show a page; the same page again disturbs nobody."""
        version = hashlib.sha256(page.encode()).hexdigest()[:16]
        with self._changed:
            self.status, self.page, self.version = status, page, version
            self._changed.notify_all()

    def differs(self, shown: str, seconds: float) -> bool:
        """Wait until something else than a version is shown, and say whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self.version != shown, seconds)

    def answer(self) -> tuple[HTTPStatus, bytes]:
        """Return what a browser gets: the page with the script that loads it again."""
        with self._changed:
            return self.status, with_reload(self.page, self.version).encode()


def with_reload(page: str, version: str) -> str:
    """Add the script that waits for another version, and let the page's policy permit it and no more."""
    script = _SCRIPT % version
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")

    def permitted(found: re.Match[str]) -> str:
        rules = {name: sources for name, _, sources in (rule.partition(" ") for rule in found[2].split("; "))}
        rules["script-src"] = f"{rules.get('script-src', '')} 'sha256-{digest}'".strip()
        rules["connect-src"] = "'self'"
        return f'{found[1]}{"; ".join(f"{name} {sources}" for name, sources in rules.items())}"'

    before, end, after = _POLICY.sub(permitted, page, count=1).rpartition("</body>")
    return f"{before}<script>{script}</script>{end}{after}"


def refresh(preview: Preview, screen: Screen) -> Stamps:
    """Make the page and show it, or else the fault; return the stamps of the files that it was made from."""
    stamps = preview.stamps()
    try:
        screen.show(HTTPStatus.OK, preview.page())
    except (ReportgenError, OSError) as error:
        words = {"title": type(error).__name__, "words": html.escape(str(error))}
        screen.show(HTTPStatus.INTERNAL_SERVER_ERROR, _FAULT.format(**words))
    return stamps


def follow(preview: Preview, screen: Screen, stamps: Stamps, wait: Callable[[float], object]) -> None:
    """Show the page again whenever a file gets another stamp, until the wait says to end."""
    while not wait(PAUSE):
        if preview.stamps() != stamps:
            stamps = refresh(preview, screen)


@contextmanager
def serving(screen: Screen, port: int) -> Iterator[str]:
    """Serve the screen in threads of its own and hand over its address.

    Raises: HostError if the port cannot be had.
    """
    try:
        server = _Server((HOST, port), _handler(screen))
    except OSError as error:
        reason = "in use" if error.errno == errno.EADDRINUSE else f"not to be had: {error.strerror or error}"
        raise HostError(
            f"port {port} of {HOST} is {reason}", hint="Name another with --port; 0 takes any free one."
        ) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # the class between asks the network for this machine's name
        self.server_name, self.server_port = HOST, self.server_address[1]


def _handler(screen: Screen) -> type[BaseHTTPRequestHandler]:
    """Make the class that answers requests."""

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):  # the browser has gone
                super().handle()

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if self.headers.get("Host", "").partition(":")[0] not in (HOST, "localhost"):
                self.send_error(HTTPStatus.FORBIDDEN)  # a name of elsewhere that leads here
            elif path == "/":
                self._page()
            elif path == "/changes":
                self._changes(query.removeprefix("shown="))
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _page(self) -> None:
            status, page = screen.answer()
            self._begin(status, "text/html; charset=utf-8", len(page))
            self.wfile.write(page)

        def _changes(self, shown: str) -> None:
            """Hold the line until something else is shown, and say so once."""
            self._begin(HTTPStatus.OK, "text/event-stream")
            while not screen.differs(shown, _SILENCE):
                self.wfile.write(b":\n\n")
            self.wfile.write(b"data: changed\n\n")

        def _begin(self, status: HTTPStatus, kind: str, length: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "no-store")
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the terminal belongs to the writer."""

    return Handler
