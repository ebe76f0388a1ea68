"""When a failed attempt is worth another one, and how long to wait before it."""

from __future__ import annotations

import random

from modelstream.errors import ConnectionLostError, ProviderError, RateLimitError, StreamError

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0


class Retries:
    """The attempts that one call has left. Used only before its first delta: shown text is never repeated."""

    __slots__ = ("_attempt", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._attempt = 0

    def pause(self, error: StreamError, remaining: float) -> float | None:
        """Seconds to wait before the next attempt, or None when `error` is final.

        Final is what will not change by asking again, what was asked too often, and a wait that would outlast
        the `remaining` seconds of the call's clocks. The provider's own wish (Retry-After) goes before ours.
        """
        if not isinstance(error, RateLimitError | ConnectionLostError | ProviderError) or not error.retryable:
            return None
        if self._attempt >= self._most:
            return None
        self._attempt += 1
        if error.retry_after is not None:
            seconds = error.retry_after
        else:
            longest = min(FIRST_PAUSE * 2 ** (self._attempt - 1), LONGEST_PAUSE)
            # Half of it by chance, so that clients that failed together don't come back together.
            seconds = longest * (0.5 + random.random() / 2)  # noqa: S311
        return seconds if seconds < remaining else None
