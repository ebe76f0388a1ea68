"""Tasks of any event loop that wait for a transcript."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from modelstream.call.backpressure import Backpressure

if TYPE_CHECKING:
    from modelstream.call.transcript import Transcript
    from modelstream.errors import StreamError


class Waiters:
    """The tasks of one event loop that wait for a call's next delta."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._thread = 0
        self._waiting: list[asyncio.Future[None]] = []

    def wait(self, transcript: Transcript) -> asyncio.Future[None]:
        """A future that is set at the next wake of the transcript."""
        self._thread = threading.get_ident()
        future = self.loop.create_future()
        if not self._waiting:
            transcript.add_waiter(self._wake)
        self._waiting.append(future)
        return future

    def _wake(self) -> None:
        try:
            if threading.get_ident() == self._thread:
                self._set_all()
            else:
                self.loop.call_soon_threadsafe(self._set_all)
        except RuntimeError:
            pass  # the loop was closed meanwhile

    def _set_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            set_once(future)


class AsyncReaders:
    """Lets tasks of any event loop wait for a transcript that a task or a thread fills."""

    transcript: Transcript

    def __init__(self) -> None:
        self._waiting = 0
        self._backpressure = Backpressure()
        # For the event loop of the call, where nearly all readers run, and for others.
        self._waiters: Waiters | None = None
        self._others: list[Waiters] = []

    async def advance(self, seen: int) -> None:
        """Wait until the call is open and the transcript holds more than `seen` deltas, or it has ended."""
        transcript = self.transcript
        self._backpressure.request_more(seen)
        while (transcript.count <= seen or not transcript.opened) and not transcript.ended:
            loop = asyncio.get_running_loop()
            waiters = self._waiters
            if waiters is None or waiters.loop is not loop:
                waiters = self._waiters_of(loop)
            future = waiters.wait(transcript)
            # Checked again: the writer may be another thread, whose wake would be missed.
            if (transcript.count > seen and transcript.opened) or transcript.ended:
                return
            self._waiting += 1
            try:
                await future
            except asyncio.CancelledError:
                # Another waiting task would still want the stream.
                if self._waiting == 1:
                    self.cancel()
                raise
            finally:
                self._waiting -= 1

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread."""
        raise NotImplementedError

    def _waiters_of(self, loop: asyncio.AbstractEventLoop) -> Waiters:
        if self._waiters is None:
            self._waiters = Waiters(loop)
            return self._waiters
        for waiters in self._others:
            if waiters.loop is loop:
                return waiters
        self._others.append(Waiters(loop))
        return self._others[-1]


def set_once(future: asyncio.Future[None]) -> None:
    """Set the future unless it is already done."""
    if not future.done():
        future.set_result(None)
