"""The news of one message: written once, read by every background sink in its own time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelstream.sinks.delivery.coalesce import joined

if TYPE_CHECKING:
    from modelstream.sinks.base import Message
    from modelstream.sinks.delivery.coalesce import News


class Block:
    """A part of a log. It is full, and will not change, when `next` is set."""

    __slots__ = ("news", "next")

    def __init__(self) -> None:
        self.news: list[News] = []
        self.next: Block | None = None


class Log:
    """A chain of blocks, of which nobody keeps the beginning: what all have read is freed.

    Written by one thread at a time, which appends to `newest.news` and turns the page after `size` news.
    """

    def __init__(self, message: Message, size: int) -> None:
        self.message = message
        self.size = size
        self.newest = Block()
        self._before = 0

    @property
    def count(self) -> int:
        """How many news there were so far."""
        return self._before + len(self.newest.news)

    def turn_page(self) -> None:
        """Begin a new block."""
        self._before += len(self.newest.news)
        self.newest.next = self.newest = Block()


class Reader:
    """One sink's place in a log.

    What it has not taken yet stays in memory; `hold` makes little of it when that becomes much. `brought` is
    how many news have reached the sink; `crowded` says that it is `limit` or more behind. `idle` asks whoever
    writes to the log to say so, by calling `wake`.
    """

    def __init__(self, log: Log, limit: int, announce: Callable[[Reader], None]) -> None:
        self.log = log
        self.message = log.message
        self.brought = self.taken = log.count
        self.taken_at = 0.0
        self.idle = False
        self.opened = False
        self._announce = announce
        self._limit = limit
        self._waiting: list[Callable[[], None]] = []
        self._held: list[News] = []
        self._block: Block | None = log.newest
        self._at = len(log.newest.news)
        self._lock = threading.RLock()

    @property
    def crowded(self) -> bool:
        """Whether the sink has got as much to do as it should."""
        return self._block is not None and self.log.count - self.brought >= self._limit

    @property
    def has_news(self) -> bool:
        """Whether there is something to take."""
        block = self._block
        return block is not None and (
            len(block.news) > self._at or block.next is not None or bool(self._held)
        )

    def wake(self) -> None:
        """There are news."""
        self.idle = False
        self._announce(self)

    def take(self) -> list[News]:
        """All news since the last time."""
        with self._lock:
            self._gather()
            news, self._held = self._held, []
            return news

    def hold(self) -> None:
        """Join what was not taken yet. For the log's writer."""
        with self._lock:
            self._gather()
            self._held = joined(self._held)

    def stop(self) -> None:
        """Read no more."""
        with self._lock:
            self._held, self._block = [], None
        self.tell_of_room()

    def abandon(self) -> None:
        """Read no more: the thread that did is not there in the child of a fork, and may hold the lock."""
        self._lock = threading.RLock()
        self.stop()

    def when_room(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, once, when it is not crowded any more."""
        self._waiting.append(callback)
        self.tell_of_room()  # the sink may have got on before

    def tell_of_room(self) -> None:
        """Call back those that wait, if it is not crowded."""
        if self._waiting and not self.crowded:
            waiting, self._waiting = self._waiting, []
            for callback in waiting:
                callback()

    def _gather(self) -> None:
        """Put what was written into what is held."""
        while self._block is not None:
            fresh = self._block.news[self._at :]
            count = len(fresh)
            # Without a call between them, so that Ctrl-C does not come between them either.
            self._held += fresh
            self._at += count
            self.taken += count
            following = self._block.next
            if following is None:
                return
            if self._at == len(self._block.news):
                self._block, self._at = following, 0
