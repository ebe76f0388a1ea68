"""Objects that belong to one process: the child of a fork gets its own.

A fork copies locks, queues and connections, but not the threads that served them.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Returns the same object at every call, created by `factory` at the first one in each process.

        pool = per_process(Pool)
        pool().take(route)

    Safe to call from any thread. The child of a fork drops the object of its parent and creates a new one
    when needed.
    """

    def __init__(self, factory: Callable[[], T]) -> None:
        self._factory = factory
        self._lock = threading.RLock()
        self._object: tuple[T] | None = None
        _all.add(self)

    def __call__(self) -> T:
        """The object of this process."""
        current = self._object
        if current is None:
            with self._lock:
                if self._object is None:
                    self._object = (self._factory(),)
                current = self._object
        return current[0]

    @property
    def current(self) -> T | None:
        """The object of this process, or None if it has not been created."""
        return None if self._object is None else self._object[0]

    def reset(self) -> None:
        """Drop the object, in the child of a fork."""
        self._lock = threading.RLock()
        self._object = None


per_process = PerProcess


def after_fork(callback: Callable[[], None]) -> None:
    """Call `callback` in every child of a fork; does nothing on platforms without fork."""
    _callbacks.append(callback)


def at_process_end(callback: Callable[[], None]) -> None:
    """Call `callback`, without arguments, when this process ends.

    Unlike `atexit`, also in the children of `multiprocessing`. Each child must register it itself, so
    call this whenever there is something to finish: repeated calls with the same function are cheap and
    register it once. The last one registered is called first. `callback` should do nothing when called again.
    """
    if callback not in _at_exit:
        _at_exit.add(callback)
        atexit.register(callback)
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is None or multiprocessing.parent_process() is None or callback in _finalized:
        return
    # A forked child ends by os._exit, which skips the callbacks of atexit.
    from multiprocessing.util import Finalize

    _finalized.add(callback)
    Finalize(None, callback, exitpriority=0)


def _reset_after_fork() -> None:
    _finalized.clear()
    for one in list(_all):
        one.reset()
    for callback in _callbacks:
        callback()


_all: weakref.WeakSet[PerProcess[Any]] = weakref.WeakSet()
_callbacks: list[Callable[[], None]] = []
_at_exit: set[Callable[[], None]] = set()
_finalized: set[Callable[[], None]] = set()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
