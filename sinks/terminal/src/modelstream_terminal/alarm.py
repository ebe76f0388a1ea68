"""A callback at a later time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Alarm:
    """Calls `callback` in its own thread at a time on the monotonic clock.

    It stays set until it is cancelled, even after the call. Not thread-safe.
    """

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._timer: threading.Timer | None = None

    def set(self, due: float) -> None:
        """Call at `due`, unless it is set already."""
        if self._timer is None:
            self._timer = threading.Timer(max(due - time.monotonic(), 0.0), self._callback)
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Cancel the call; it can then be set again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
