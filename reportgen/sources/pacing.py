"""No more requests a minute than a publisher allows."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType

MINUTE = 60.0
# Requests a minute by source. FRED states 120 a key; the others state none and get an even, modest pace.
PER_MINUTE: Mapping[str, int] = MappingProxyType({"fred": 115})
OTHERWISE = 60


class Pace:
    """Lets at most so many requests start within any minute; one who is early waits."""

    def __init__(self, per_minute: int, ticks: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._per_minute, self._ticks, self._sleep = per_minute, ticks, sleep
        self._starts: deque[float] = deque(maxlen=per_minute)
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may start."""
        with self._lock:
            now = self._ticks()
            start = now
            if len(self._starts) == self._per_minute:
                start = max(now, self._starts[0] + MINUTE)
            self._starts.append(start)
        if start > now:
            self._sleep(start - now)
