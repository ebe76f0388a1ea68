"""What every kind of call shares: its transcript, timeouts, retries, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from modelstream.call.error_mapping import as_stream_error
from modelstream.call.retries import Retries
from modelstream.call.timeouts import Timeouts
from modelstream.call.transcript import Transcript
from modelstream.errors import StreamCancelledError, StreamError, TruncatedStreamError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from modelstream.deltas import Yielded
    from modelstream.errors import StreamTimeoutError
    from modelstream.request import Request


class Source(Protocol):
    """What a call runs: a `ModelWrapper`, as far as a call needs one."""

    config: Any

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """The deltas of one answer."""

    def adeltas(self, request: Request) -> AsyncIterator[Yielded]:
        """The deltas of one answer, for coroutines."""


class Call:
    """One call to a wrapper, whichever way it is run. `request` is that of the present attempt."""

    def __init__(self, wrapper: Source, request: Request) -> None:
        self.transcript: Transcript = Transcript()
        self.config: Any = wrapper.config
        self.request: Request = request
        self._wrapper = wrapper
        self._retries = Retries(wrapper.config.max_retries)
        self._timeouts = Timeouts(self, wrapper.config)

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
        """Whether the provider is waited for at this moment."""
        return True

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread; readers get `error`. Does nothing after the end."""
        raise NotImplementedError

    def expire(self, error: StreamTimeoutError | None) -> None:
        """End the call because a timeout expired."""
        self.cancel(error)

    def raise_early_error(self) -> None:
        """Raise what ended the call before its first delta: that belongs to the call, not to a reader."""
        error = self.transcript.error
        if error is not None and not self.count:
            raise error

    def _fail(self, error: StreamError | None) -> None:
        error = error or StreamCancelledError("the call was ended by its caller")
        error.model_type = error.model_type or self.config.model_type
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
            pause = self._retries.pause(failure, self._timeouts.remaining())
            if pause is not None:
                self.transcript.begin_again()
                return pause
        self._fail(failure)
        return None
