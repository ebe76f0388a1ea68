"""One message on its way to all sinks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelstream.sinks.base import Message, Outcome, StreamSink
from modelstream.sinks.delivery import delivery_of
from modelstream.sinks.delivery.background import BackgroundDelivery
from modelstream.sinks.delivery.inline import InlineDelivery
from modelstream.sinks.delivery.queue import Log, Reader
from modelstream.sinks.delivery.waiting import wait, wait_async

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.sinks.delivery.coalesce import News
    from modelstream.snapshot import Snapshot

DRAIN_SECONDS = 0.5
"""Seconds that the end of a message waits for background sinks to have got it, in total."""

BLOCK_SECONDS = 5.0
"""Seconds that a stream waits for a sink that blocks, before it goes on without."""

PAGE = 1000
"""After this many news at most, what a sink has not read is looked at."""


class Broadcast:
    """Opens `message` on all sinks, takes its news, and closes it once, whatever happens.

        broadcast = Broadcast(message, sinks)
        broadcast.write(snapshot)
        broadcast.close(Outcome("complete", "stop"))
        broadcast.drain()

    What a sink raises never comes out of here; Ctrl-C while an inline sink runs does. Used by one thread at a
    time. `waits=False` is for event loops: nothing then waits for a sink that blocks but `aroom`.
    """

    def __init__(self, message: Message, sinks: Iterable[StreamSink], *, waits: bool = True) -> None:
        # A sink that is given twice hears it once.
        deliveries = [one for one in dict.fromkeys(map(delivery_of, sinks)) if not one.off]
        self.message = message
        self._inline = [one for one in deliveries if isinstance(one, InlineDelivery)]
        self._background = [one for one in deliveries if isinstance(one, BackgroundDelivery)]
        self._writes = [delivery.write for delivery in self._inline]
        self._delta_writes = [delivery.write_delta for delivery in self._inline]
        self._log = Log(message, min([PAGE, *(one.sink.queue_limit for one in self._background)]))
        self._readers: list[Reader] = []
        self._waits = waits and any(delivery.can_block for delivery in self._background)
        self._closed = False
        self._open()

    def write(self, snapshot: Snapshot) -> None:
        """Deliver a snapshot."""
        message = self.message
        for write in self._writes:
            write(message, snapshot)
        if self._readers:
            self._put(snapshot)

    def write_delta(self, delta: Delta) -> None:
        """Deliver news that is not text."""
        message = self.message
        for write_delta in self._delta_writes:
            write_delta(message, delta)
        if self._readers:
            self._put(delta)

    def close(self, outcome: Outcome) -> None:
        """End the message; nothing is delivered after it. A second call does nothing. Does not wait."""
        if self._closed:
            return
        self._closed = True
        interrupt = None
        for close in (self._close_log, *(delivery.close for delivery in self._inline)):
            try:
                close(self.message, outcome)
            except BaseException as error:  # noqa: BLE001 - Ctrl-C; the others are closed all the same
                interrupt = error
        self._writes, self._delta_writes, self._readers = [], [], []
        if interrupt is not None:
            try:
                raise interrupt
            finally:
                interrupt = None  # it refers to this frame, and so would never be freed

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait until background sinks have got everything, but not for those that were late before."""
        busy = self._worth_waiting()
        done = wait([delivery.after for delivery in busy], seconds)
        _tell_late(busy, done, f"is more than {seconds:g} s late; the program goes on without it")

    async def adrain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Like `drain`, without blocking the event loop."""
        busy = self._worth_waiting()
        done = await wait_async([delivery.after for delivery in busy], seconds)
        _tell_late(busy, done, f"is more than {seconds:g} s late; the program goes on without it")

    @property
    def crowded(self) -> bool:
        """Whether a sink that blocks wants the stream to wait."""
        return bool(self._crowded())

    async def aroom(self) -> None:
        """Wait until no sink is crowded, for a few seconds at most."""
        crowded = self._crowded()
        done = await wait_async([reader.when_room for _, reader in crowded], BLOCK_SECONDS)
        _tell_late([delivery for delivery, _ in crowded], done, _TOOK_NOTHING)

    def _open(self) -> None:
        try:
            self._readers = [delivery.read(self._log) for delivery in self._background]
            for delivery in self._inline:
                delivery.open(self.message)
        except BaseException:  # Ctrl-C
            self.close(Outcome("cancelled"))
            raise

    def _put(self, news: News) -> None:
        """Write to the log, and wake the readers that have nothing to do."""
        written = self._log.newest.news
        written.append(news)
        for reader in self._readers:
            if reader.idle:
                reader.wake()
        if len(written) >= self._log.size:
            self._turn_page()
        if self._waits:
            self._wait_for_room()

    def _turn_page(self) -> None:
        self._log.turn_page()
        for delivery, reader in zip(self._background, self._readers, strict=False):
            if delivery.joins and reader.crowded:
                reader.hold()

    def _close_log(self, _: Message, outcome: Outcome) -> None:
        if self._readers:
            self._put(outcome)
        for delivery, reader in zip(self._background, self._readers, strict=False):
            delivery.worker.see_to_it()
            if delivery.worker.late:
                reader.hold()

    def _wait_for_room(self) -> None:
        crowded = self._crowded()
        if crowded:
            done = wait([reader.when_room for _, reader in crowded], BLOCK_SECONDS)
            _tell_late([delivery for delivery, _ in crowded], done, _TOOK_NOTHING)

    def _crowded(self) -> list[tuple[BackgroundDelivery, Reader]]:
        return [
            (delivery, reader)
            for delivery, reader in zip(self._background, self._readers, strict=False)
            if delivery.can_block and reader.crowded and delivery.worth_waiting
        ]

    def _worth_waiting(self) -> list[BackgroundDelivery]:
        return [delivery for delivery in self._background if delivery.worth_waiting]


_TOOK_NOTHING = f"took nothing for {BLOCK_SECONDS:g} s; the stream does not wait until it has caught up"


def _tell_late(deliveries: Iterable[BackgroundDelivery], done: Iterable[bool], what: str) -> None:
    for delivery, in_time in zip(deliveries, done, strict=True):
        if not in_time:
            delivery.late(what)
