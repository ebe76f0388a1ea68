"""A call that comes later by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Alarm:
    """Calls `ring` in a thread of its own when a time on the monotonic clock has come.

    Stays set until it is cancelled, after it rang too. Not safe for threads.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: threading.Timer | None = None

    def set(self, due: float) -> None:
        """Ring at `due`, unless it is set already."""
        if self._timer is None:
            self._timer = threading.Timer(max(due - time.monotonic(), 0.0), self._ring)
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Don't ring, and be ready to be set again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
