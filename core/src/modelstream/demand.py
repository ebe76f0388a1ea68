"""How far a call that runs by itself may get ahead of those who read it.

A pulled stream fetches nothing ahead. A pump or a thread does, and one whose wrapper never stops, or whose
readers have stopped, would fill the memory: it waits when it is `AHEAD` deltas ahead of its foremost reader.
The provider is then held back by its own connection.
"""

from __future__ import annotations

from collections.abc import Callable

AHEAD = 1000


class Demand:
    """What the readers of one call have asked for. One writer pauses; any thread may ask."""

    __slots__ = ("_asked", "_resume")

    def __init__(self) -> None:
        self._asked = 0
        self._resume: Callable[[], object] | None = None

    @property
    def paused(self) -> bool:
        """Whether the writer waits for a reader."""
        return self._resume is not None

    def ask(self, seen: int) -> None:
        """A reader has read the first `seen` deltas and wants more."""
        if seen > self._asked:  # noqa: PLR1730
            self._asked = seen
        if self._resume is not None:
            self.resume()

    def resume(self) -> None:
        """Let the writer go on, if it is paused."""
        resume, self._resume = self._resume, None
        if resume is not None:
            resume()

    def met(self, count: int) -> bool:
        """Whether `count` deltas are enough for now."""
        return count - self._asked > AHEAD

    def pause(self, resume: Callable[[], object], count: int) -> bool:
        """Have `resume` called when more is wanted; False if that is so already, and it won't be called."""
        self._resume = resume
        # Asked again only now: a reader may have asked between the writer's look and this.
        if self.met(count):
            return True
        self._resume = None
        return False
