"""Work done beside the rest, in a copy of this process, where the system can copy a process safely."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

T = TypeVar("T")
# macOS's own libraries may not be used in a copy of a process that has used them before.
_CAN_COPY = sys.platform == "linux" and (os.cpu_count() or 1) > 1


class Aside(Generic[T]):
    """One piece of work without side effects, begun by `start` in a copy of this process.

    Shape: ready is done at once in the copy, such as a slow import. The arguments of the work are sent
        there, what it returns or raises is sent back; all must be picklable. A copy that cannot be made, or
        is killed, is no loss: the work is then done here. So it is where the library `threaded` is loaded
        already: a copy would wait for ever for its threads, which are not copied.
    """

    def __init__(
        self, work: Callable[..., T], ready: Callable[[], object] | None = None, threaded: str = ""
    ) -> None:
        self._work, self._ready = work, ready
        self._arguments: tuple[Any, ...] = ()
        self._process: multiprocessing.process.BaseProcess | None = None
        if _CAN_COPY and threaded not in sys.modules:
            self._copy()

    def _copy(self) -> None:
        context = multiprocessing.get_context("fork")
        self._line, far = context.Pipe()
        process = context.Process(target=_serve, args=(self._work, self._ready, self._line, far), daemon=True)
        try:
            with warnings.catch_warnings():
                # The threads that Python warns of are idle ones of numerical libraries.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
        except OSError:  # no room for another process
            self._line.close()
        else:
            self._process = process
        far.close()

    def start(self, *arguments: Any) -> Aside[T]:
        """Hand over what the work needs."""
        self._arguments = arguments
        if self._process is not None:
            try:
                self._line.send(arguments)
            except OSError:  # the copy is gone
                self.stop()
        return self

    def result(self) -> T:
        """Wait for what the work returns.

        Raises: what it raises.
        """
        if self._process is not None:
            try:
                found, error = self._line.recv()
            except (EOFError, OSError):
                self.stop()
            else:
                self.stop()
                if error is not None:
                    raise error
                return found  # type: ignore[no-any-return]
        if self._ready is not None:
            self._ready()
        return self._work(*self._arguments)

    def __enter__(self) -> Aside[T]:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the copy, whatever it does."""
        if self._process is not None:
            self._line.close()
            self._process.terminate()
            self._process.join()
            self._process = None


def _serve(
    work: Callable[..., T], ready: Callable[[], object] | None, near: Connection, line: Connection
) -> None:
    near.close()
    found, error = None, None
    try:
        if ready is not None:
            ready()
        found = work(*line.recv())
    except EOFError:  # not needed any more
        return
    except Exception as raised:  # noqa: BLE001  # raised again by the process that asked
        error = raised
    with suppress(OSError):  # nobody waits any more
        line.send((found, error))


__all__ = ["Aside"]
