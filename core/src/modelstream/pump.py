"""The loop for coroutines: one task runs a wrapper's `adeltas` into the transcript.

A task of its own, and not whoever reads: a generator that several tasks await in turn breaks the timeouts and
cancel scopes inside it, and a reader that is cancelled would take the others' stream along.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from modelstream.demand import Demand
from modelstream.errors import ConfigError, StreamError
from modelstream.upstream import Call

if TYPE_CHECKING:
    from modelstream.clocks import Clocks
    from modelstream.deltas import Yielded
    from modelstream.request import Request
    from modelstream.transcript import Transcript
    from modelstream.wrapper import ModelWrapper

LONGEST_TURN = 0.0005
"""Seconds after which a wrapper that does not suspend by itself lets the readers go first."""

CLOSING_TIME = 5.0
"""Seconds that `aclose` waits for a wrapper to let go of its connection."""


class Bells:
    """The tasks of one event loop that wait for a call's next delta."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._thread = 0
        self._hung: list[asyncio.Future[None]] = []

    def hang(self, transcript: Transcript) -> asyncio.Future[None]:
        """A future that the next wake of the transcript sets."""
        self._thread = threading.get_ident()
        bell = self.loop.create_future()
        if not self._hung:
            transcript.add_waiter(self._ring)
        self._hung.append(bell)
        return bell

    def _ring(self) -> None:
        try:
            if threading.get_ident() == self._thread:
                self._set_all()
            else:
                self.loop.call_soon_threadsafe(self._set_all)
        except RuntimeError:
            pass  # the loop was closed meanwhile

    def _set_all(self) -> None:
        hung, self._hung = self._hung, []
        for bell in hung:
            if not bell.done():
                bell.set_result(None)


class AsyncReaders:
    """Lets tasks of any event loop wait for a transcript that something else fills."""

    transcript: Transcript

    def __init__(self) -> None:
        self._waiting = 0
        self._demand = Demand()
        # Of the loop in which the call was made, where nearly everybody reads; and of others.
        self._bells: Bells | None = None
        self._others: list[Bells] = []

    async def advance(self, seen: int) -> None:
        """Wait until the call is open and the transcript holds more than `seen` deltas, or it has ended."""
        transcript = self.transcript
        self._demand.ask(seen)
        while (transcript.count <= seen or not transcript.opened) and not transcript.ended:
            loop = asyncio.get_running_loop()
            bells = self._bells
            if bells is None or bells.loop is not loop:
                bells = self._bells_of(loop)
            bell = bells.hang(transcript)
            # Asked again only now: the writer may be another thread, whose wake would be missed.
            if (transcript.count > seen and transcript.opened) or transcript.ended:
                return
            self._waiting += 1
            try:
                await bell
            except asyncio.CancelledError:
                # The last one to wait has gone. While others wait, the stream is still wanted.
                if self._waiting == 1:
                    self.cancel()
                raise
            finally:
                self._waiting -= 1

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread."""
        raise NotImplementedError

    def _bells_of(self, loop: asyncio.AbstractEventLoop) -> Bells:
        if self._bells is None:
            self._bells = Bells(loop)
            return self._bells
        for bells in self._others:
            if bells.loop is loop:
                return bells
        self._others.append(Bells(loop))
        return self._others[-1]


def _set(bell: asyncio.Future[None]) -> None:
    if not bell.done():
        bell.set_result(None)


class Pump(AsyncReaders, Call):
    """A call to a wrapper's `adeltas`. Made and run in one event loop; read and cancelled from anywhere."""

    def __init__(self, wrapper: ModelWrapper, request: Request) -> None:
        Call.__init__(self, wrapper, request)
        AsyncReaders.__init__(self)
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._refused: ConfigError | None = None
        self._letting_go = False

    async def open(self) -> None:
        """Make the call; return once the provider has accepted it. Raises what ended it before that."""
        self.start()
        await self.advance(-1)
        self.raise_early_error()

    @property
    def waiting(self) -> bool:
        """Whether the provider is waited for, and not the readers."""
        return not self._demand.paused

    def ask(self, seen: int) -> None:
        """A reader in another thread has read the first `seen` deltas and wants more."""
        self._demand.ask(seen)

    def start(self) -> asyncio.Task[None] | None:
        """Start the task, in the running event loop; None if the call was cancelled before it began."""
        if self.transcript.ended:
            return None
        self._loop = asyncio.get_running_loop()
        self._bells = Bells(self._loop)
        self._request.hand_on = self._hand_on
        self._task = self._loop.create_task(self._run(), name="modelstream-pump")
        _look(self._clocks, self._loop)
        return self._task

    def raise_early_error(self) -> None:
        """Raise what ended the call before it said anything."""
        if self._refused is not None:
            raise self._refused
        super().raise_early_error()

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread; readers get `error`. Does nothing after the end."""
        if self.transcript.ended:
            return
        self._fail(error)
        self._request.cancel()
        if self._task is not None and self._loop is not None:
            with suppress(RuntimeError):  # a loop that is closed has no connections left to close
                self._loop.call_soon_threadsafe(self._interrupt)

    def _bells_of(self, loop: asyncio.AbstractEventLoop) -> Bells:
        if self._loop is not None and self._loop.is_closed():
            self.cancel()  # the task died with its loop
        return super()._bells_of(loop)

    def _interrupt(self) -> None:
        # To close a connection takes turns of the loop: cut short, it would stay open.
        if self._task is not None and not self._letting_go:
            self._task.cancel()

    async def aclose(self) -> None:
        """End the call and wait, for seconds at most, until the wrapper has let go of its connection."""
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
                    self._request = self._request.renewed()
        finally:
            self._request.hand_on = None
            # Reached with a call that has not ended only when the task itself was cancelled.
            self.cancel()

    async def _attempt(self) -> float | None:
        """Run one attempt to its end; the pause before the next one, or None when the call has ended."""
        transcript = self.transcript
        source = None
        turn = time.monotonic()
        try:
            source = self._wrapper.adeltas(self._request)
            async for news in source:
                wanted = self._hand_on(news)
                # A wrapper whose data is all there never suspends, and nobody else would get a turn.
                if time.monotonic() - turn > LONGEST_TURN:
                    await asyncio.sleep(0)
                    turn = time.monotonic()
                if transcript.ended:
                    return None
                if not wanted:
                    await self._until_asked()
            self._exhausted()
        except ConfigError as error:
            self._refused = error
            self.cancel()
        except (Exception, asyncio.CancelledError) as error:
            if _is_wish(error):
                raise
            return self._pause_before_retry(error)
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                self._letting_go = True
                with suppress(Exception):
                    await close()
                self._letting_go = False
        return None

    def _hand_on(self, news: Yielded) -> bool:
        """Let the readers have `news`; whether the wrapper may go on."""
        transcript = self.transcript
        transcript.extend(news)
        if transcript.waiters:
            transcript.wake()
        return not (transcript.ended or self._demand.met(transcript.count))

    async def _until_asked(self) -> None:
        loop = asyncio.get_running_loop()
        bell = loop.create_future()
        # From whichever thread the reader asks in.
        if self._demand.pause(lambda: loop.call_soon_threadsafe(_set, bell), self.transcript.count):
            await bell


def _is_wish(error: BaseException) -> bool:
    """Whether somebody cancelled this task; that a task of the wrapper's own was is a failure like others."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _look(clocks: Clocks, loop: asyncio.AbstractEventLoop) -> None:
    when = clocks.tick()
    if when is not None:
        loop.call_later(when - time.monotonic(), _look, clocks, loop)
