"""Decides whether a failed attempt is retried, and how long to wait before."""

from __future__ import annotations

import random

from modelstream.errors import (
    ConnectionLostError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamError,
    TruncatedStreamError,
)

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0

_KINDS = (ConnectionLostError, MalformedDataError, ProviderError, RateLimitError, TruncatedStreamError)
"""A truncated answer here is an empty one: a lost connection in another form."""


class Retries:
    """The attempts that one call has left. Used only before anything is shown, so that no text is repeated.

    `attempt` is the number of attempts that have failed.
    """

    __slots__ = ("_max_retries", "attempt")

    def __init__(self, max_retries: int) -> None:
        self._max_retries = max_retries
        self.attempt = 0

    def pause(self, error: StreamError, remaining: float) -> float | None:
        """Seconds to wait before the next attempt, or None when `error` is final.

        An error is final if it is not retryable, if no attempts are left, or if the wait would exceed the
        `remaining` seconds of the call's timeouts. The provider's Retry-After takes precedence.
        """
        if not isinstance(error, _KINDS) or not error.retryable:
            return None
        if self.attempt >= self._max_retries:
            return None
        self.attempt += 1
        if error.retry_after is not None:
            seconds = error.retry_after
        else:
            longest = min(FIRST_PAUSE * 2 ** (self.attempt - 1), LONGEST_PAUSE)
            # Half of it is random, so that clients that failed together don't retry together.
            seconds = longest * (0.5 + random.random() / 2)  # noqa: S311
        return seconds if seconds < remaining else None
