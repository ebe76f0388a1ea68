"""Waiting for several sinks at once, with one timeout; in threads and in coroutines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

EXIT_SECONDS = 1.0
"""Total seconds that the program waits for sinks at its end."""

Callback = Callable[[], None]
Request = Callable[[Callback], None]
"""Accepts a callback and calls it once the event has happened, like `delivery.after`."""


def wait(requests: Sequence[Request], seconds: float) -> list[bool]:
    """Wait until all have called back, for at most `seconds`; the result says which have."""
    until = time.monotonic() + seconds
    waiters = []
    for request in requests:
        waiter = threading.Lock()
        waiter.acquire()
        request(waiter.release)
        waiters.append(waiter)
    return [waiter.acquire(timeout=max(0.0, until - time.monotonic())) for waiter in waiters]


async def wait_async(requests: Sequence[Request], seconds: float) -> list[bool]:
    """The same without blocking the event loop."""
    if not requests:
        return []
    import asyncio

    loop = asyncio.get_running_loop()
    waiters = []
    for request in requests:
        waiter = loop.create_future()
        request(_waker(loop, waiter))
        waiters.append(waiter)
    await asyncio.wait(waiters, timeout=seconds)
    return [waiter.done() for waiter in waiters]


def seconds_left_at_exit() -> float:
    """Seconds that remain of `EXIT_SECONDS`, which start with the first call."""
    global _exit_at  # noqa: PLW0603
    if _exit_at is None:
        _exit_at = time.monotonic() + EXIT_SECONDS
    return max(0.0, _exit_at - time.monotonic())


_exit_at: float | None = None


def _waker(loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[None]) -> Callable[[], None]:
    def wake() -> None:
        with suppress(RuntimeError):  # the loop was closed, so nothing waits
            loop.call_soon_threadsafe(_set, waiter)

    return wake


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
