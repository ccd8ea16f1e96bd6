"""`reportgen preview` from its first line to Ctrl-C."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

PREVIEW = [sys.executable, "-m", "reportgen", "preview", "--as-of", "2025-04-10", "--port"]


@pytest.fixture
def running() -> Iterator[tuple[subprocess.Popen[str], int]]:
    with subprocess.Popen(
        [*PREVIEW, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = re.search(
            r"as of 2025-04-10 23:59 is at http://127\.0\.0\.1:(\d+)/", process.stdout.readline()
        )
        try:
            assert said is not None
            yield process, int(said[1])
        finally:
            process.kill()


def test_ctrl_c_ends_it_without_a_word_of_complaint(running: tuple[subprocess.Popen[str], int]) -> None:
    process, port = running
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/")
    reply = connection.getresponse()
    assert reply.status == 200
    assert b"new EventSource" in reply.read()
    connection.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=5) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_port_in_use_is_refused(running: tuple[subprocess.Popen[str], int]) -> None:
    _, port = running
    second = subprocess.run([*PREVIEW, str(port)], capture_output=True, text=True, timeout=60)
    assert second.returncode == 12
    assert f"port {port} of 127.0.0.1 is in use" in second.stderr
    assert "--port" in second.stderr
