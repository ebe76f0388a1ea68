"""The loop: from a wrapper's iterator into the transcript, driven by its readers.

There is no thread and no queue here. The reader that needs the next delta pulls it; readers in other threads
wait for that pull. So nothing is fetched ahead, Ctrl-C interrupts the waiting thread itself, and a delta is
delivered the moment it arrives.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from modelstream.call.base import Call
from modelstream.call.timeouts import watchdog
from modelstream.errors import ConfigError

if TYPE_CHECKING:
    from modelstream.call.base import Source
    from modelstream.deltas import Yielded
    from modelstream.errors import StreamError, StreamTimeoutError
    from modelstream.request import Request


class PulledCall(Call):
    """A call to a wrapper's `deltas`, pulled by its readers. Safe to use from any thread."""

    def __init__(self, wrapper: Source, request: Request) -> None:
        super().__init__(wrapper, request)
        self._source: Iterator[Yielded] = iter(())
        # The thread that has popped the one token of this list may pull: as atomic as a lock, for a fifth of
        # its cost.
        self._turn: list[None] = [None]

    def open(self) -> None:
        """Start the call; return once the provider has accepted it. Raises the error that ended it before."""
        watchdog().watch(self._timeouts.check)
        self._begin()
        self.advance(-1)
        self.raise_early_error()

    def advance(self, seen: int) -> None:
        """Wait until the call is open and the transcript holds more than `seen` deltas, or it has ended."""
        transcript, turn, extend = self.transcript, self._turn, self.transcript.extend
        try:
            while (transcript.count <= seen or not transcript.opened) and not transcript.ended:
                try:
                    turn.pop()
                except IndexError:
                    transcript.wait(seen, self._is_pulled)
                    continue
                try:
                    for item in self._source:
                        extend(item)
                        if transcript.count > seen or transcript.ended:
                            return
                    self._exhausted()
                except Exception as error:  # noqa: BLE001
                    self._failed(error)
                finally:
                    turn.append(None)
                    if transcript.ended:
                        self._release()
                    if transcript.waiters:
                        transcript.wake()
        except BaseException:  # Ctrl-C while a delta is awaited
            self.cancel()
            raise

    def _is_pulled(self) -> bool:
        return not self._turn

    @property
    def waiting(self) -> bool:
        """Whether a reader is pulling."""
        return self._is_pulled()

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread; readers get `error`. Does nothing after the end."""
        if self.transcript.ended:
            return
        self._fail(error)
        self._stop()

    def expire(self, error: StreamTimeoutError | None) -> None:
        """End the call because of a timeout; another thread closes the wrapper, which may take long."""
        if self.transcript.ended:
            return
        self._fail(error)
        threading.Thread(target=self._stop, name="modelstream-expired", daemon=True).start()

    def _stop(self) -> None:
        self.request.cancel()
        self._release()

    def _release(self) -> None:
        # A thread that is pulling finds the transcript ended and calls this after its pull.
        try:
            self._turn.pop()
        except IndexError:
            return
        try:
            self._close()
        finally:
            self._turn.append(None)

    # The methods below are called by the thread that holds the token.

    def _begin(self) -> None:
        try:
            self._source = iter(self._wrapper.deltas(self.request))
        except BaseException as error:  # noqa: BLE001
            # `deltas` need not be a generator: what it raises at once is raised by the first pull instead.
            self._source = _raising(error)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ConfigError):
            raise error
        pause = self._pause_before_retry(error)
        if pause is None:
            return
        self._close()
        self.transcript.wait(self.transcript.count, lambda: True, pause)
        if not self.transcript.ended:
            self.request = self.request.renewed()
            self._begin()

    def _close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            # The wrapper's clean-up may fail; the call has ended anyway.
            with suppress(Exception):
                close()


def _raising(error: BaseException) -> Iterator[Yielded]:
    raise error
    yield  # makes it a generator
