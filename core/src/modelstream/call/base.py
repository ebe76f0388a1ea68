"""The base of all kinds of calls: its transcript, timeouts, retries, and how it ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from modelstream.call import timeouts
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


logger = logging.getLogger("modelstream")


class Source(Protocol):
    """The part of a `ModelWrapper` that a call needs."""

    config: Any

    def deltas(self, request: Request) -> Iterator[Yielded]:
        """The deltas of one answer."""

    def adeltas(self, request: Request) -> AsyncIterator[Yielded]:
        """The deltas of one answer, for coroutines."""


class Call:
    """One call to a wrapper, however it is run. `request` is that of the current attempt."""

    def __init__(self, wrapper: Source, request: Request) -> None:
        owner_of = getattr(wrapper, "state_owner_of", None)
        arguments = request.arguments
        self.transcript: Transcript = Transcript(
            wrapper.config.model_type, None if owner_of is None else lambda: owner_of(arguments)
        )
        self.config: Any = wrapper.config
        self.request: Request = request
        self._wrapper = wrapper
        self._retries = Retries(wrapper.config.max_retries)
        self._timeouts = Timeouts(self, wrapper.config)
        request.set_timeouts(self._timeouts)

    @property
    def count(self) -> int:
        """The number of deltas so far."""
        return self.transcript.count

    @property
    def progress(self) -> int:
        """A number that grows with every delta and every finish that is held."""
        return self.transcript.count + self.transcript.holds

    @property
    def finished(self) -> bool:
        """Whether the provider has reported that the answer is complete."""
        return self.transcript.finish is not None

    @property
    def grace(self) -> float | None:
        """Seconds of silence after which the answer is complete; None while no finish was sent."""
        if self.finished:
            return timeouts.FINISH_GRACE
        held = self.transcript.held
        return held.grace if held is not None and held.strong else None

    @property
    def ended(self) -> bool:
        """Whether the call has ended, completely or not."""
        return self.transcript.ended

    @property
    def waiting(self) -> bool:
        """Whether the call is waiting for the provider."""
        return True

    def cancel(self, error: StreamError | None = None) -> None:
        """End the call now, from any thread; readers get `error`. Does nothing after the end."""
        raise NotImplementedError

    def expire(self, error: StreamTimeoutError | None) -> None:
        """End the call because a timeout expired."""
        self.cancel(error)

    def raise_early_error(self) -> None:
        """Raise the error that ended the call before its first delta: the caller gets it, not a reader."""
        error = self.transcript.error
        if error is not None and not self.count:
            raise error

    def _fail(self, error: StreamError | None) -> None:
        error = error or StreamCancelledError("the call was cancelled by its caller")
        error.model_type = error.model_type or self.config.model_type
        self.transcript.fail(error)

    def _exhausted(self) -> None:
        """End the call with the wrapper's iterator; raises `TruncatedStreamError` without a `Finish`."""
        if not self.finished:
            raise TruncatedStreamError("the stream ended before the provider reported that it is complete")
        self.transcript.end()

    def _pause_before_retry(self, error: BaseException) -> float | None:
        """Seconds until the next attempt, or None when the call has failed with `error`."""
        transcript = self.transcript
        failure = as_stream_error(error, first_delta_seen=transcript.shows, answered=transcript.answered)
        held = transcript.held
        if not transcript.shows and not transcript.ended and not (held is not None and held.strong):
            pause = self._retries.pause(failure, self._timeouts.remaining())
            if pause is not None:
                logger.warning(
                    "%s: attempt %d failed (%s); the next one is in %.3g s",
                    self.config.model_type,
                    self._retries.attempt,
                    failure.message,
                    pause,
                )
                transcript.reset_attempt()
                return pause
        self._fail(failure)
        return None
