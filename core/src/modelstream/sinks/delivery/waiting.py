"""Waiting for several sinks at once, for a limited time in total; in threads and in coroutines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

EXIT_SECONDS = 1.0
"""Seconds that the end of the program waits for sinks, in total."""

Callback = Callable[[], None]
Request = Callable[[Callback], None]
"""Takes a callback and has it called when it is time: `delivery.after`."""


def wait(requests: Sequence[Request], seconds: float) -> list[bool]:
    """Wait until all have called back, for `seconds` at most; which have."""
    until = time.monotonic() + seconds
    bells = []
    for request in requests:
        bell = threading.Lock()
        bell.acquire()
        request(bell.release)
        bells.append(bell)
    return [bell.acquire(timeout=max(0.0, until - time.monotonic())) for bell in bells]


async def wait_async(requests: Sequence[Request], seconds: float) -> list[bool]:
    """The same without blocking the event loop."""
    if not requests:
        return []
    import asyncio

    loop = asyncio.get_running_loop()
    bells = []
    for request in requests:
        bell = loop.create_future()
        request(_ringer(loop, bell))
        bells.append(bell)
    await asyncio.wait(bells, timeout=seconds)
    return [bell.done() for bell in bells]


def left_at_exit() -> float:
    """Seconds that are left of `EXIT_SECONDS`, which begin with the first call."""
    global _exit_at  # noqa: PLW0603
    if _exit_at is None:
        _exit_at = time.monotonic() + EXIT_SECONDS
    return max(0.0, _exit_at - time.monotonic())


_exit_at: float | None = None


def _ringer(loop: asyncio.AbstractEventLoop, bell: asyncio.Future[None]) -> Callable[[], None]:
    def ring() -> None:
        with suppress(RuntimeError):  # nobody waits any more: the loop was closed
            loop.call_soon_threadsafe(_set, bell)

    return ring


def _set(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)
