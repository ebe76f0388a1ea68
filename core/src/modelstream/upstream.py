"""The loop: from a wrapper's iterator into the transcript, driven by whoever reads.

There is no thread and no queue here. The reader that needs the next delta pulls it; readers in other threads
wait for that pull. So nothing is fetched ahead, Ctrl-C lands where the waiting is, and a delta is handed over
the moment it comes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from modelstream.clocks import Clocks, watchdog
from modelstream.errors import ConfigError, StreamCancelledError, StreamError, TruncatedStreamError
from modelstream.faults import as_stream_error
from modelstream.retry import Retries
from modelstream.transcript import Transcript

if TYPE_CHECKING:
    from modelstream.deltas import Yielded
    from modelstream.errors import StreamTimeoutError
    from modelstream.request import Request
    from modelstream.wrapper import ModelWrapper


class Call:
    """What every way of running a call shares: its transcript, clocks, retries, and how it is ended."""

    def __init__(self, wrapper: ModelWrapper, request: Request) -> None:
        self.transcript = Transcript()
        self._wrapper = wrapper
        self._request = request
        self._retries = Retries(wrapper.config.max_retries)
        self._clocks = Clocks(self, wrapper.config)

    @property
    def count(self) -> int:
        """How many deltas came."""
        return self.transcript.count

    @property
    def finished(self) -> bool:
        """Whether the provider said that the answer is complete."""
        return self.transcript.finish is not None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.transcript.ended

    @property
    def waiting(self) -> bool:
        """Whether somebody waits for the provider at this moment."""
        return True

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread; readers get `error`. Does nothing after the end."""
        raise NotImplementedError

    def expire(self, error: StreamTimeoutError | None) -> None:
        """A clock ran out."""
        self.cancel(error)

    def _fail(self, error: StreamError | None) -> None:
        error = error or StreamCancelledError("the call was ended by its caller")
        error.model_type = error.model_type or self._wrapper.config.model_type
        self.transcript.fail(error)

    def _exhausted(self) -> None:
        """The wrapper's iterator came to its end: only a finish makes that a good one."""
        if self.finished:
            self.transcript.end()
        else:
            self._fail(TruncatedStreamError("the stream ended before the provider said that it is complete"))

    def _pause_before_retry(self, error: BaseException) -> float | None:
        """Seconds until the next attempt; or None, and the call has failed with `error`."""
        failure = as_stream_error(error, first_delta_seen=self.count > 0)
        if not self.count and not self.transcript.ended:
            pause = self._retries.pause(failure, self._clocks.remaining())
            if pause is not None:
                self.transcript.begin_again()
                return pause
        self._fail(failure)
        return None

    def raise_early_error(self) -> None:
        """Raise what ended the call before it said anything: that belongs to the call, not to a reader."""
        error = self.transcript.error
        if error is not None and not self.count:
            raise error


class Upstream(Call):
    """A call to a wrapper's `deltas`, pulled by its readers. Safe to use from any thread."""

    def __init__(self, wrapper: ModelWrapper, request: Request) -> None:
        super().__init__(wrapper, request)
        self._source: Iterator[Yielded] = iter(())
        # Whoever has taken the one token out of this list may pull: as atomic as a lock, for a fifth of its
        # cost.
        self._turn: list[None] = [None]

    def open(self) -> None:
        """Make the call; return once the provider has accepted it. Raises what ended it before that."""
        watchdog.watch(self._clocks.tick)
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
                    for news in self._source:
                        extend(news)
                        if transcript.count > seen or transcript.ended:
                            return
                    self._exhausted()
                except Exception as error:  # noqa: BLE001
                    self._failed(error)
                finally:
                    turn.append(None)
                    if transcript.ended:
                        self._let_go()
                    if transcript.waiters:
                        transcript.wake()
        except BaseException:  # Ctrl-C while a delta is awaited
            self.cancel()
            raise

    def _is_pulled(self) -> bool:
        return not self._turn

    @property
    def waiting(self) -> bool:
        """Whether somebody is pulling at this moment."""
        return self._is_pulled()

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread; readers get `error`. Does nothing after the end."""
        if self.transcript.ended:
            return
        self._fail(error)
        self._stop()

    def expire(self, error: StreamTimeoutError | None) -> None:
        """A clock ran out. Readers hear it now; the wrapper is told by a thread that may take its time."""
        if self.transcript.ended:
            return
        self._fail(error)
        threading.Thread(target=self._stop, name="modelstream-expired", daemon=True).start()

    def _stop(self) -> None:
        self._request.cancel()
        self._let_go()

    def _let_go(self) -> None:
        # Whoever is pulling at this moment will find the transcript ended and come here after the pull.
        try:
            self._turn.pop()
        except IndexError:
            return
        try:
            self._close()
        finally:
            self._turn.append(None)

    # What follows is called by the thread that has the turn.

    def _begin(self) -> None:
        try:
            self._source = iter(self._wrapper.deltas(self._request))
        except BaseException as error:  # noqa: BLE001
            # `deltas` need not be a generator. What it raises right away is raised by the first pull, too.
            self._source = _raising(error)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ConfigError):
            raise error
        pause = self._pause_before_retry(error)
        if pause is None:
            return
        self._close()
        self.transcript.wait(0, lambda: True, pause)
        if not self.transcript.ended:
            self._request = self._request.renewed()
            self._begin()

    def _close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            # The wrapper's own cleaning up may fail; the call is over all the same.
            with suppress(Exception):
                close()


def _raising(error: BaseException) -> Iterator[Yielded]:
    raise error
    yield  # makes it a generator
