"""Delivers one message to all sinks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelstream.sinks.base import Message, Outcome, StreamSink
from modelstream.sinks.delivery import delivery_of
from modelstream.sinks.delivery.background import BackgroundDelivery
from modelstream.sinks.delivery.inline import InlineDelivery
from modelstream.sinks.delivery.queue import MessageQueue, Subscription
from modelstream.sinks.delivery.waiting import wait, wait_async

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.sinks.delivery.coalesce import SinkItem
    from modelstream.snapshot import Snapshot

DRAIN_SECONDS = 0.5
"""Seconds to wait, in total, at the end of a message until background sinks have received it."""

SEGMENT_SIZE = 1000
"""Number of items, at most, after which the backlog of each background sink is checked."""


class Broadcast:
    """Opens `message` on all sinks, delivers its items, and closes it once, in any case.

        broadcast = Broadcast(message, sinks)
        broadcast.write(snapshot)
        broadcast.close(Outcome("complete", "stop"))
        broadcast.drain()

    Exceptions of sinks are never raised here; Ctrl-C while an inline sink runs is. Used by one thread at a
    time; only `drain` and `adrain` wait for sinks.
    """

    def __init__(self, message: Message, sinks: Iterable[StreamSink]) -> None:
        # A sink that is listed twice gets the message once.
        deliveries = [one for one in dict.fromkeys(map(delivery_of, sinks)) if not one.off]
        self.message = message
        self._inline = [one for one in deliveries if isinstance(one, InlineDelivery)]
        self._background = [one for one in deliveries if isinstance(one, BackgroundDelivery)]
        self._writes = [delivery.write for delivery in self._inline]
        self._delta_writes = [delivery.write_delta for delivery in self._inline]
        limits = [one.sink.queue_limit for one in self._background]
        self._queue = MessageQueue(message, min([SEGMENT_SIZE, *limits]))
        self._subscriptions: list[Subscription] = []
        self._closed = False
        self._open()

    def write(self, snapshot: Snapshot) -> None:
        """Deliver a snapshot."""
        message = self.message
        for write in self._writes:
            write(message, snapshot)
        if self._subscriptions:
            self._put(snapshot)

    def write_delta(self, delta: Delta) -> None:
        """Deliver a delta that is not text."""
        message = self.message
        for write_delta in self._delta_writes:
            write_delta(message, delta)
        if self._subscriptions:
            self._put(delta)

    def close(self, outcome: Outcome) -> None:
        """End the message, without waiting; nothing is delivered after it. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        interrupt = None
        for close in (self._close_queue, *(delivery.close for delivery in self._inline)):
            try:
                close(self.message, outcome)
            except BaseException as error:  # noqa: BLE001 - Ctrl-C; the other sinks must be closed too
                interrupt = error
        self._writes, self._delta_writes, self._subscriptions = [], [], []
        if interrupt is not None:
            try:
                raise interrupt
            finally:
                interrupt = None  # it refers to this frame, and so would never be freed

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until background sinks have received everything; skips those already overdue."""
        busy = self._worth_waiting()
        done = wait([delivery.after for delivery in busy], seconds)
        _report_timeouts(busy, done, seconds)

    async def adrain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Like `drain`, without blocking the event loop."""
        busy = self._worth_waiting()
        done = await wait_async([delivery.after for delivery in busy], seconds)
        _report_timeouts(busy, done, seconds)

    def _open(self) -> None:
        try:
            self._subscriptions = [delivery.subscribe(self._queue) for delivery in self._background]
            for delivery in self._inline:
                delivery.open(self.message)
        except BaseException:  # Ctrl-C
            self.close(Outcome("cancelled"))
            raise

    def _put(self, item: SinkItem) -> None:
        """Write to the queue, and wake the subscriptions that are idle."""
        written = self._queue.tail.items
        written.append(item)
        for subscription in self._subscriptions:
            if subscription.idle:
                subscription.wake()
        if len(written) >= self._queue.size:
            self._add_segment()

    def _add_segment(self) -> None:
        self._queue.add_segment()
        for subscription in self._subscriptions:
            if subscription.full:
                subscription.coalesce()

    def _close_queue(self, _: Message, outcome: Outcome) -> None:
        if self._subscriptions:
            self._put(outcome)
        for delivery, subscription in zip(self._background, self._subscriptions, strict=False):
            delivery.worker.ensure_running()
            if delivery.worker.overdue:
                subscription.coalesce()

    def _worth_waiting(self) -> list[BackgroundDelivery]:
        return [delivery for delivery in self._background if delivery.worth_waiting]


def _report_timeouts(deliveries: Iterable[BackgroundDelivery], done: Iterable[bool], seconds: float) -> None:
    for delivery, in_time in zip(deliveries, done, strict=True):
        if not in_time:
            delivery.timed_out(seconds)
