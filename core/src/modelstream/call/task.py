"""The loop for coroutines: one task runs a wrapper's `adeltas` into the transcript.

A separate task, not the readers: a generator that several tasks await in turn breaks the timeouts and cancel
scopes inside it, and cancelling one reader would end the stream of the others.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from modelstream.call.base import Call
from modelstream.call.waiters import AsyncReaders, Waiters, set_once
from modelstream.errors import ConfigError

if TYPE_CHECKING:
    from modelstream.call.base import Source
    from modelstream.call.timeouts import Timeouts
    from modelstream.deltas import Yielded
    from modelstream.errors import StreamError
    from modelstream.request import Request

LONGEST_TURN = 0.0005
"""Seconds after which a wrapper that never suspends has to yield to the readers."""

CLOSING_TIME = 5.0
"""Seconds that `aclose` waits for a wrapper to close its connection."""


class TaskCall(AsyncReaders, Call):
    """A call to a wrapper's `adeltas`. Runs in one event loop; read and cancelled from any thread."""

    def __init__(self, wrapper: Source, request: Request) -> None:
        Call.__init__(self, wrapper, request)
        AsyncReaders.__init__(self)
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._config_error: ConfigError | None = None
        self._closing = False

    async def open(self) -> None:
        """Start the call; return once the provider has accepted it. Raises the error that ended it before."""
        self.start()
        await self.advance(-1)
        self.raise_early_error()

    @property
    def waiting(self) -> bool:
        """Whether the call is waiting for the provider, not for its readers."""
        return not self._backpressure.paused

    def request_more(self, seen: int) -> None:
        """Record that a reader in another thread has read the first `seen` deltas and wants more."""
        self._backpressure.request_more(seen)

    def start(self) -> asyncio.Task[None] | None:
        """Start the task, in the running event loop; None if the call was cancelled before it began."""
        if self.transcript.ended:
            return None
        self._loop = asyncio.get_running_loop()
        self._waiters = Waiters(self._loop)
        self.request.hand_on = self._deliver
        self._task = self._loop.create_task(self._run(), name="modelstream-call")
        _check_again(self._timeouts, self._loop)
        return self._task

    def raise_early_error(self) -> None:
        """Raise the error that ended the call before its first delta."""
        if self._config_error is not None:
            raise self._config_error
        super().raise_early_error()

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread; readers get `error`. Does nothing after the end."""
        if self.transcript.ended:
            return
        self._fail(error)
        self.request.cancel()
        if self._task is not None and self._loop is not None:
            with suppress(RuntimeError):  # a loop that is closed has no connections left to close
                self._loop.call_soon_threadsafe(self._interrupt)

    def _waiters_of(self, loop: asyncio.AbstractEventLoop) -> Waiters:
        if self._loop is not None and self._loop.is_closed():
            self.cancel()  # the task died with its loop
        return super()._waiters_of(loop)

    def _interrupt(self) -> None:
        # Closing takes several event-loop iterations; do not cancel it half-way.
        if self._task is not None and not self._closing:
            self._task.cancel()

    async def aclose(self) -> None:
        """End the call and wait, up to `CLOSING_TIME`, until the wrapper has closed its connection."""
        self.cancel()
        task = self._task
        if task is not None and not task.done() and asyncio.get_running_loop() is self._loop:
            await asyncio.wait({task}, timeout=CLOSING_TIME)

    async def _run(self) -> None:
        try:
            while not self.transcript.ended:
                pause = await self._attempt()
                if pause is not None and not self.transcript.ended:
                    await asyncio.sleep(pause)
                    self.request = self.request.renewed()
        finally:
            self.request.hand_on = None
            # Reached with a call that has not ended only when the task itself was cancelled.
            self.cancel()

    async def _attempt(self) -> float | None:
        """Run one attempt to its end; the pause before the next one, or None when the call has ended."""
        transcript = self.transcript
        source = None
        turn = time.monotonic()
        try:
            source = self._wrapper.adeltas(self.request)
            async for item in source:
                wanted = self._deliver(item)
                # A wrapper with all its data at hand never suspends, and would block all other tasks.
                if time.monotonic() - turn > LONGEST_TURN:
                    await asyncio.sleep(0)
                    turn = time.monotonic()
                if transcript.ended:
                    return None
                if not wanted:
                    await self._until_wanted()
            self._exhausted()
        except ConfigError as error:
            self._config_error = error
            self.cancel()
        except (Exception, asyncio.CancelledError) as error:
            if _is_our_cancellation(error):
                raise
            return self._pause_before_retry(error)
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                self._closing = True
                with suppress(Exception):
                    await close()
                self._closing = False
        return None

    def _deliver(self, item: Yielded) -> bool:
        """Deliver `item` to the readers; returns whether the wrapper may go on."""
        transcript = self.transcript
        transcript.extend(item)
        if transcript.waiters:
            transcript.wake()
        return not (transcript.ended or self._backpressure.far_ahead(transcript.count))

    async def _until_wanted(self) -> None:
        loop = asyncio.get_running_loop()
        wanted = loop.create_future()
        # The reader may be in another thread.
        if self._backpressure.pause(
            lambda: loop.call_soon_threadsafe(set_once, wanted), self.transcript.count
        ):
            await wanted


def _is_our_cancellation(error: BaseException) -> bool:
    """Whether this task itself was cancelled; a cancelled task of the wrapper is an ordinary failure."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _check_again(timeouts: Timeouts, loop: asyncio.AbstractEventLoop) -> None:
    when = timeouts.check()
    if when is not None:
        loop.call_later(when - time.monotonic(), _check_again, timeouts, loop)
