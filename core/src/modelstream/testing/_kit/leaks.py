"""Find threads, tasks, connections and files that a test leaks."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from modelstream.testing._kit.law import must

SETTLING = 2.0
"""Seconds for threads to end and connections to close."""

SLACK = 2
"""How many more connections or files are allowed: a pool may or may not keep one open."""

_DESCRIPTORS = Path("/proc/self/fd")

Count = Callable[[], int]


class LeakCheck:
    """Counts threads and what `counts` names, from its creation on, and records uncaught errors."""

    def __init__(self, counts: Mapping[str, Count]) -> None:
        self._counts = counts
        self._uncaught: list[str] = []
        self._hooks = (sys.unraisablehook, threading.excepthook)
        sys.unraisablehook = lambda what: self._uncaught.append(f"{what.exc_value!r} in {what.object!r}")
        threading.excepthook = lambda what: self._uncaught.append(f"{what.exc_value!r} in {what.thread!r}")
        self._threads = set(threading.enumerate())
        self._before = self._now()

    def must_find_none(self) -> None:
        """Check that after a while nothing exists that did not exist before."""
        try:
            gc.collect()
            until = time.monotonic() + SETTLING
            while self._grown() and time.monotonic() < until:
                time.sleep(0.01)
            must(not self._grown(), "; ".join(self._grown()))
        finally:
            sys.unraisablehook, threading.excepthook = self._hooks
        must(not self._uncaught, f"an uncaught exception: {self._uncaught[:1]}")

    def _grown(self) -> list[str]:
        new = [thread.name for thread in set(threading.enumerate()) - self._threads if _counts(thread)]
        grown = [f"{len(new)} new threads: {new}"] if new else []
        for name, count in self._now().items():
            slack = 0 if name == "tasks" else SLACK
            if count > self._before[name] + slack:
                grown.append(f"{count - self._before[name]} more {name} than before")
        return grown

    def _now(self) -> dict[str, int]:
        return {name: count() for name, count in self._counts.items()}


def open_files() -> dict[str, Count]:
    """The count of open files, on systems that have `/proc`."""
    if not _DESCRIPTORS.is_dir():
        return {}
    return {"open files": lambda: sum(1 for _ in _DESCRIPTORS.iterdir())}


def _counts(thread: threading.Thread) -> bool:
    # The kit's own server has a thread for each connection, and connections are counted.
    return not thread.name.startswith(("loopback-", "conformance-"))
