"""Objects that belong to one process: the child of a fork gets its own.

A fork takes locks, queues and connections along, but not the threads that served them.
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
    """Returns the same object at every call, made by `factory` at the first one in each process.

        pool = per_process(Pool)
        pool().take(route)

    Safe to call from any thread. The child of a fork drops the object of its parent and makes its own when it
    needs one.
    """

    def __init__(self, factory: Callable[[], T]) -> None:
        self._factory = factory
        self._lock = threading.RLock()
        self._made: tuple[T] | None = None
        _all.add(self)

    def __call__(self) -> T:
        """The object of this process."""
        made = self._made
        if made is None:
            with self._lock:
                if self._made is None:
                    self._made = (self._factory(),)
                made = self._made
        return made[0]

    @property
    def made(self) -> T | None:
        """The object of this process, or None while nobody has asked for it."""
        return None if self._made is None else self._made[0]

    def begin_again(self) -> None:
        """Forget the object: this is the child of a fork."""
        self._lock = threading.RLock()
        self._made = None


per_process = PerProcess


def after_fork(callback: Callable[[], None]) -> None:
    """Have `callback` called in every child of a fork; does nothing where there is no fork."""
    _callbacks.append(callback)


def at_process_end(callback: Callable[[], None]) -> None:
    """Have `callback` called, without arguments, when this process ends.

    Unlike `atexit`, also in the children of `multiprocessing`. These must register it themselves, so call
    this whenever there is something to finish: repeated calls with the same function are cheap and register
    it once. The last one registered is called first. `callback` should do nothing when it is called again.
    """
    if callback not in _at_exit:
        _at_exit.add(callback)
        atexit.register(callback)
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is None or multiprocessing.parent_process() is None or callback in _finalized:
        return
    # A forked child ends by os._exit, without what is registered with atexit.
    from multiprocessing.util import Finalize

    _finalized.add(callback)
    Finalize(None, callback, exitpriority=0)


def _begin_again() -> None:
    _finalized.clear()
    for one in list(_all):
        one.begin_again()
    for callback in _callbacks:
        callback()


_all: weakref.WeakSet[PerProcess[Any]] = weakref.WeakSet()
_callbacks: list[Callable[[], None]] = []
_at_exit: set[Callable[[], None]] = set()
_finalized: set[Callable[[], None]] = set()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_again)
