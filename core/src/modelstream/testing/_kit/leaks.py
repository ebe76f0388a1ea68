"""What is there now and should not have become more afterwards."""

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
"""How many more connections or files may be there: a pool keeps one, and it may be in use or not."""

_DESCRIPTORS = Path("/proc/self/fd")

Count = Callable[[], int]


class Census:
    """Counts threads and what `counts` names, from its making on, and hears of errors that nobody caught."""

    def __init__(self, counts: Mapping[str, Count]) -> None:
        self._counts = counts
        self._complaints: list[str] = []
        self._hooks = (sys.unraisablehook, threading.excepthook)
        sys.unraisablehook = lambda what: self._complaints.append(f"{what.exc_value!r} in {what.object!r}")
        threading.excepthook = lambda what: self._complaints.append(f"{what.exc_value!r} in {what.thread!r}")
        self._threads = set(threading.enumerate())
        self._before = self._now()

    def must_settle(self) -> None:
        """After a while, nothing is there that was not before."""
        try:
            gc.collect()
            until = time.monotonic() + SETTLING
            while self._grown() and time.monotonic() < until:
                time.sleep(0.01)
            must(not self._grown(), "; ".join(self._grown()))
        finally:
            sys.unraisablehook, threading.excepthook = self._hooks
        must(not self._complaints, f"an exception that nobody caught: {self._complaints[:1]}")

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
    """The count of open files, where the system tells."""
    if not _DESCRIPTORS.is_dir():
        return {}
    return {"open files": lambda: sum(1 for _ in _DESCRIPTORS.iterdir())}


def _counts(thread: threading.Thread) -> bool:
    # The kit's own server has a thread for each connection, and connections are counted.
    return not thread.name.startswith(("loopback-", "conformance-"))
