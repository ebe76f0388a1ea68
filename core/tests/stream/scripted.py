"""Model wrappers that do what a script says: the providers of these tests.

A script is a list of steps. An exception is raised, a callable is called with the request (a `Gate` waits
there, `hang` until the call is cancelled), everything else is yielded. `Yield` is for yielding what would be
called.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelstream.wrapper import ModelWrapper

if TYPE_CHECKING:
    from modelstream.request import Request

LIMIT = 20.0
"""Seconds after which a wait in a test has failed; never reached where things work."""


@dataclass(frozen=True)
class Yield:
    value: Any


class Gate:
    """Stops a script until a test opens it, or until the call is cancelled."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def open(self) -> None:
        with self._lock:
            self._event.set()
            waiters, self._waiters = self._waiters, []
        for loop, waiter in waiters:
            with suppress(RuntimeError):  # its loop is closed
                loop.call_soon_threadsafe(_wake, waiter)

    def __call__(self, request: Request) -> None:
        request.on_cancel(self.open)
        self.reached.set()
        if not self._event.wait(LIMIT):
            raise AssertionError("the gate was not opened")

    async def wait(self, request: Request) -> None:
        with self._lock:
            if self._event.is_set():
                self.reached.set()
                return
            loop = asyncio.get_running_loop()
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.append((loop, waiter))
        self.reached.set()
        await waiter


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def hang() -> Gate:
    """A gate that only the end of the call opens."""
    return Gate()


class _Scripted(ModelWrapper):
    """Each call plays the next of `scripts`, the last one again and again."""

    model_type = "scripted"

    def __init__(self, *scripts: Any, **config: Any) -> None:
        super().__init__({"stream": True, **config})
        self.scripts = [list(script) for script in scripts]
        self.requests: list[Request] = []
        self.closed = threading.Event()
        self.cancelled = threading.Event()
        self.threads: set[int] = set()

    def _begin(self, request: Request) -> list[Any]:
        self.requests.append(request)
        self.threads.add(threading.get_ident())
        request.on_cancel(self.cancelled.set)
        return self.scripts[min(len(self.requests), len(self.scripts)) - 1]

    def _play(self, request: Request) -> Iterator[Any]:
        try:
            for step in self._begin(request):
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, Yield):
                    yield step.value
                elif callable(step):
                    step(request)
                else:
                    yield step
        finally:
            self.closed.set()

    async def _aplay(self, request: Request) -> AsyncIterator[Any]:
        try:
            for step in self._begin(request):
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, Yield):
                    yield step.value
                elif isinstance(step, Gate):
                    await step.wait(request)
                elif callable(step):
                    done = step(request)
                    if inspect.isawaitable(done):
                        await done
                else:
                    yield step
        finally:
            self.closed.set()


class SyncScripted(_Scripted):
    deltas = _Scripted._play


class AsyncScripted(_Scripted):
    adeltas = _Scripted._aplay


class BothScripted(_Scripted):
    deltas = _Scripted._play
    adeltas = _Scripted._aplay
