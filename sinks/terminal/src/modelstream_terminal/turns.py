"""Run one step at a time, for callers in several threads, signal handlers and finalizers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any


class Turns:
    """Runs steps one after the other, each in the thread that calls `run`.

    A lock alone is not enough: while a step runs, the interpreter may run a finalizer or a signal handler
    in the same thread, which calls `run` again. Its step is run right after the current one.
    """

    def __init__(self, after: Callable[[], None]) -> None:
        """`after` is called after each step."""
        self._after = after
        self._lock = threading.RLock()
        self._steps: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._running = False

    def run(self, step: Callable[..., object], *args: Any) -> None:
        """Run `step(*args)` when it is its turn. Its exceptions reach the caller that runs it."""
        with self._lock:
            self._steps.append((step, args))
            if self._running:
                return
            self._running = True
            try:
                while self._steps:
                    step, args = self._steps.popleft()
                    step(*args)
                    self._after()
            finally:
                self._running = False
