"""Limits how far a call in a task or a thread may get ahead of its readers.

A pulled stream fetches nothing ahead. A task or a thread does; when its wrapper never stops, or its readers
have stopped, it would fill the memory. So it waits when it is `AHEAD` deltas ahead of its fastest reader, and
flow control of the connection then slows the provider down.
"""

from __future__ import annotations

from collections.abc import Callable

AHEAD = 1000
"""How many deltas a writer may be ahead of its fastest reader."""


class Backpressure:
    """How many deltas the readers of one call have requested. One writer pauses; any thread may request."""

    __slots__ = ("_requested", "_resume")

    def __init__(self) -> None:
        self._requested = 0
        self._resume: Callable[[], object] | None = None

    @property
    def paused(self) -> bool:
        """Whether the writer is waiting for a reader."""
        return self._resume is not None

    def request_more(self, seen: int) -> None:
        """Record that a reader has read the first `seen` deltas and wants more."""
        if seen > self._requested:  # noqa: PLR1730
            self._requested = seen
        if self._resume is not None:
            self.resume()

    def resume(self) -> None:
        """Resume the writer, if it is paused."""
        resume, self._resume = self._resume, None
        if resume is not None:
            resume()

    def far_ahead(self, count: int) -> bool:
        """Whether a writer of `count` deltas is more than `AHEAD` ahead of its readers."""
        return count - self._requested > AHEAD

    def pause(self, resume: Callable[[], object], count: int) -> bool:
        """Call `resume` when readers want more; False if they already do, and it won't be called."""
        self._resume = resume
        # Checked again only now: a reader may have requested more since the writer last looked.
        if self.far_ahead(count):
            return True
        self._resume = None
        return False
