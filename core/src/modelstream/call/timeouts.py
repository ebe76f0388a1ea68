"""The three timeouts of a call: until the first delta, between two deltas, and in total.

They measure the provider, not the reader: time in which the call does not wait for the provider does not
count towards `first_delta` and `idle`.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
import weakref
from collections.abc import Callable
from typing import Protocol

from modelstream.errors import Clock, StreamTimeoutError
from modelstream.per_process import per_process

FINISH_GRACE = 3.0
"""Seconds that a call stays open after the end marker, for the usage that some providers send after it."""


class Limits(Protocol):
    """The fields of a config that hold timeouts; seconds, None for no limit."""

    first_delta_timeout: float | None
    idle_timeout: float | None
    total_timeout: float | None


class Progress(Protocol):
    """The part of a call that its timeouts need."""

    @property
    def count(self) -> int:
        """The number of deltas so far."""

    @property
    def progress(self) -> int:
        """A number that changes with all that the provider sends."""

    @property
    def grace(self) -> float | None:
        """Seconds of silence after which the answer is complete; None while no finish was sent."""

    @property
    def ended(self) -> bool:
        """Whether the call has ended, completely or not."""

    @property
    def waiting(self) -> bool:
        """Whether the call is waiting for the provider."""

    def expire(self, error: StreamTimeoutError | None) -> None:
        """End the call with `error`, or without one when a finish was sent and nothing followed."""


class Timeouts:
    """Watches one call. `check` is called at the times that it returns, from any thread.

    A call is checked eight times within the shortest of its limits, whichever applies: a wait may begin at
    any time without notice. The finish grace need not be exact: it is checked twice. A pull that ends always
    makes progress, so two checks with the same progress and a waiting reader belong to the same wait: no
    timestamp per delta is needed, and a timeout fires between 1 and 1.13 times its limit. A late check means
    that the event loop was blocked or the computer asleep: that time is not the provider's either.
    """

    __slots__ = (
        "_call",
        "_due",
        "_limits",
        "_loading_since",
        "_pace",
        "_progress",
        "_since",
        "_started",
        "_waiting",
    )

    def __init__(self, call: Progress, limits: Limits) -> None:
        # Weak: a watched call must end when its last reference is dropped.
        self._call = weakref.ref(call)
        self._limits = limits
        running = [limits.first_delta_timeout, limits.idle_timeout]
        paces = [limit / 8 for limit in running if limit is not None]
        self._pace = max(min([*paces, FINISH_GRACE / 4]), 0.005)
        self._started = self._since = time.monotonic()
        self._progress = 0
        self._loading_since: float | None = None
        self._waiting = False
        self._due = float("inf")

    def check(self) -> float | None:
        """Check the call; returns the time (`time.monotonic`) of the next check, or None after its end."""
        call = self._call()
        if call is None or call.ended:
            return None
        now = time.monotonic()
        if self._loading_since is not None:
            return now + self._pace
        waits = self._waiting and call.waiting and call.progress == self._progress
        self._since = self._since + max(0.0, now - self._due) if waits else now
        self._waiting, self._progress = call.waiting, call.progress
        clock, limit = self._active_limit(call)
        if limit is not None and now - self._since >= limit:
            call.expire(None if clock is None else _timeout(clock, limit))
            return None
        total = self._limits.total_timeout
        if total is not None and now - self._started >= total:
            call.expire(_timeout("total", total))
            return None
        next_checks = [now + self._pace]
        if limit is not None:
            next_checks.append(max(self._since + limit, now + 0.001))
        if total is not None:
            next_checks.append(self._started + total)
        self._due = min(next_checks)
        return self._due

    def suspend(self) -> None:
        """Stop the timeouts, while something is imported."""
        self._loading_since = time.monotonic()

    def resume(self) -> None:
        """Let the timeouts go on where they were."""
        if self._loading_since is not None:
            loading = time.monotonic() - self._loading_since
            self._started += loading
            self._since += loading
            self._due += loading
            self._loading_since = None

    def remaining(self) -> float:
        """Seconds until a timeout of the call expires if no delta arrives; infinite without a limit."""
        call = self._call()
        now = time.monotonic()
        ends = [float("inf")]
        if self._limits.total_timeout is not None:
            ends.append(self._started + self._limits.total_timeout - now)
        if call is not None and not call.count and self._limits.first_delta_timeout is not None:
            ends.append(self._started + self._limits.first_delta_timeout - now)
        return min(ends)

    def _active_limit(self, call: Progress) -> tuple[Clock | None, float | None]:
        if (grace := call.grace) is not None:
            return None, grace
        if call.count:
            return "idle", self._limits.idle_timeout
        return "first_delta", self._limits.first_delta_timeout


_MESSAGES: dict[Clock, str] = {
    "first_delta": "no first delta within {:g} s (first_delta_timeout)",
    "idle": "no delta for {:g} s (idle_timeout)",
    "total": "the answer was not complete within {:g} s (total_timeout)",
}


def _timeout(clock: Clock, seconds: float) -> StreamTimeoutError:
    return StreamTimeoutError(_MESSAGES[clock].format(seconds), clock=clock, seconds=seconds)


class Watchdog:
    """One daemon thread that checks the timeouts of all calls without an event loop."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._checks: list[tuple[float, int, Callable[[], float | None]]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._asleep_until = 0.0

    def watch(self, check: Callable[[], float | None]) -> None:
        """Call `check` now, and then at each time that it returns, until it returns None."""
        when = check()
        if when is None:
            return
        with self._changed:
            heapq.heappush(self._checks, (when, next(self._order), check))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="modelstream-timeouts", daemon=True)
                self._thread.start()
            elif when < self._asleep_until:
                # Not only when this check is the earliest: Ctrl-C may have kept the thread that added an
                # earlier one from notifying, and no later one would notify either.
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                wait = self._checks[0][0] - time.monotonic() if self._checks else None
                if wait is None or wait > 0:
                    self._asleep_until = self._checks[0][0] if self._checks else math.inf
                    self._changed.wait(wait)
                    self._asleep_until = 0.0
                    continue
                check = heapq.heappop(self._checks)[2]
            when = check()
            if when is not None:
                with self._changed:
                    heapq.heappush(self._checks, (when, next(self._order), check))


watchdog = per_process(Watchdog)
