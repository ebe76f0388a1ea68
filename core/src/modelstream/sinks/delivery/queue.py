"""The queue of one message: written once, read by every background sink at its own pace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelstream.sinks.delivery.coalesce import coalesce

if TYPE_CHECKING:
    from modelstream.sinks.base import Message
    from modelstream.sinks.delivery.coalesce import SinkItem


class Segment:
    """A part of a queue. Once `next` is set it is full and does not change."""

    __slots__ = ("items", "next")

    def __init__(self) -> None:
        self.items: list[SinkItem] = []
        self.next: Segment | None = None


class MessageQueue:
    """A linked list of segments that refers only to its tail: items that all subscribers took are freed.

    Written by one thread at a time, which appends to `tail.items` and calls `add_segment` after `size` items.
    """

    def __init__(self, message: Message, size: int) -> None:
        self.message = message
        self.size = size
        self.tail = Segment()
        self._before_tail = 0

    @property
    def count(self) -> int:
        """The number of items written so far."""
        return self._before_tail + len(self.tail.items)

    def add_segment(self) -> None:
        """Start a new segment."""
        self._before_tail += len(self.tail.items)
        self.tail.next = self.tail = Segment()


class Subscription:
    """One sink's position in a queue.

    Items that were not taken stay in memory; `coalesce` merges them when they become many. While `idle`
    is set, the writer of the queue calls `wake`, which passes the subscription to `notify`.
    """

    def __init__(self, queue: MessageQueue, limit: int, notify: Callable[[Subscription], None]) -> None:
        self.queue = queue
        self.message = queue.message
        self.read = queue.count
        self.taken_at = 0.0
        self.idle = False
        self.opened = False
        self._notify = notify
        self._limit = limit
        self._pending: list[SinkItem] = []
        self._segment: Segment | None = queue.tail
        self._position = len(queue.tail.items)
        self._lock = threading.RLock()

    @property
    def full(self) -> bool:
        """Whether at least `limit` items were not read yet."""
        return self._segment is not None and self.queue.count - self.read >= self._limit

    @property
    def has_items(self) -> bool:
        """Whether there are items to take."""
        segment = self._segment
        return segment is not None and (
            len(segment.items) > self._position or segment.next is not None or bool(self._pending)
        )

    def wake(self) -> None:
        """Notify the reader that there are items."""
        self.idle = False
        self._notify(self)

    def take(self) -> list[SinkItem]:
        """Take all items since the last call."""
        with self._lock:
            self._read()
            items, self._pending = self._pending, []
            return items

    def coalesce(self) -> None:
        """Coalesce the items not taken yet. Called by the writer of the queue."""
        with self._lock:
            self._read()
            self._pending = coalesce(self._pending)

    def cancel(self) -> None:
        """Drop the items not taken and stop reading."""
        with self._lock:
            self._pending, self._segment = [], None

    def cancel_after_fork(self) -> None:
        """Like `cancel`, in the child of a fork: a thread that was not copied may hold the lock."""
        self._lock = threading.RLock()
        self.cancel()

    def _read(self) -> None:
        """Move new items of the queue to the pending ones."""
        while self._segment is not None:
            fresh = self._segment.items[self._position :]
            count = len(fresh)
            # No call between these lines, so that Ctrl-C can't interrupt in between.
            self._pending += fresh
            self._position += count
            self.read += count
            following = self._segment.next
            if following is None:
                return
            if self._position == len(self._segment.items):
                self._segment, self._position = following, 0
