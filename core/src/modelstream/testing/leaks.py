"""What is there now and should not have become more afterwards."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from modelstream.testing.law import must

if TYPE_CHECKING:
    from modelstream.testing.bench import Bench

SETTLING = 2.0
"""Seconds for threads to end and connections to close."""

SLACK = 2
"""How many more connections or descriptors may be there: a pool keeps one, and it may be in use or not."""

_DESCRIPTORS = Path("/proc/self/fd")


class Census:
    """Counts threads, tasks, calls and open files from its making on, and listens for warnings."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._complaints: list[str] = []
        self._hooks = (sys.unraisablehook, threading.excepthook)
        sys.unraisablehook = lambda what: self._complaints.append(f"{what.exc_value!r} in {what.object!r}")
        threading.excepthook = lambda what: self._complaints.append(f"{what.exc_value!r} in {what.thread!r}")
        self._threads = set(threading.enumerate())
        self._before = self._counts()

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
        complaints = self._complaints + list(getattr(self._bench.way, "complaints", ()))
        must(not complaints, f"an exception that nobody caught: {complaints[:1]}")

    def _grown(self) -> list[str]:
        new = [
            thread.name for thread in threading.enumerate() if thread not in self._threads and _counts(thread)
        ]
        grown = [f"{len(new)} new threads: {new}"] if new else []
        after = self._counts()
        for name, count in after.items():
            slack = 0 if name == "tasks" else SLACK
            if count > self._before[name] + slack:
                grown.append(f"{count - self._before[name]} more {name} than before")
        return grown

    def _counts(self) -> dict[str, int]:
        stage = self._bench.stage
        counts: dict[str, Callable[[], int]] = {"open calls at the provider": stage.open_calls}
        loop = getattr(self._bench.way, "loop", None)
        if loop is not None:
            counts["tasks"] = lambda: self._bench.way.run(_tasks())
        if _DESCRIPTORS.is_dir():
            counts["open files"] = lambda: len([*_DESCRIPTORS.iterdir()]) - 2 * stage.open_calls()
        return {name: count() for name, count in counts.items()}


def _counts(thread: threading.Thread) -> bool:
    # The kit's own server has a thread for each connection, and connections are counted.
    return not thread.name.startswith(("loopback-", "conformance-"))


async def _tasks() -> int:
    return len(asyncio.all_tasks())
