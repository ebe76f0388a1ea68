"""Delivery through a thread of the sink's own: the stream goes on, whatever the sink does."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from modelstream.per_process import after_fork
from modelstream.sinks.delivery.inline import InlineDelivery
from modelstream.sinks.delivery.queue import Log, Reader
from modelstream.sinks.delivery.reports import logger, name_of
from modelstream.sinks.delivery.waiting import left_at_exit, wait
from modelstream.sinks.delivery.worker import Worker

if TYPE_CHECKING:
    from modelstream.sinks.base import StreamSink
    from modelstream.sinks.question import Question

HANGING = 60.0
"""Seconds after which a sink that is stuck in one call is switched off, if ever more messages wait for it."""


class BackgroundDelivery:
    """Has a worker bring to the sink what is written to logs.

    All methods may be called from any thread, and from signal handlers.
    """

    def __init__(self, sink: StreamSink) -> None:
        self.sink = sink
        self.can_block = sink.when_full == "block"
        self.ended = False
        self._there = InlineDelivery(sink, isolated=BaseException)
        name = f"modelstream-{sink.sink_type or type(sink).__name__}"
        self.worker = Worker(self._there, name, joins=not self.can_block)
        self._told = False
        _all.add(self)

    @property
    def off(self) -> bool:
        """Whether nothing is delivered any more."""
        return self._there.off or self.ended

    @property
    def can_ask(self) -> bool:
        """Whether the sink can ask the user."""
        return self._there.can_ask

    @property
    def joins(self) -> bool:
        """Whether what waits for the sink is joined."""
        return not self.can_block or self.worker.late

    @property
    def worth_waiting(self) -> bool:
        """Whether the sink is busy, and can be expected to get done."""
        # A sink that shows something itself would wait for itself.
        return self.worker.running and not self.worker.late and not self.worker.is_here

    def read(self, log: Log) -> Reader:
        """Open the message of this log, and bring to the sink what is written to it."""
        self._give_up_if_hanging()
        reader = Reader(log, self.sink.queue_limit, self.worker.put)
        self._put(reader)
        return reader

    def ask(self, question: Question) -> None:
        """Have the sink ask, after all that was delivered up to now."""
        self._put(partial(self._there.ask, question))

    def after(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when all that was delivered up to now has reached the sink."""
        self._put(callback)

    def late(self, what: str) -> None:
        """Somebody waited in vain: nobody will wait again until the sink has caught up."""
        self.worker.late = True
        if not self._told:
            self._told = True
            logger.warning("sink %s %s", name_of(self.sink), what)

    def end(self, callback: Callable[[], None]) -> None:
        """Close what is open, shut the sink down, then call `callback`."""
        if self.ended:
            callback()
            return
        self.ended = True
        self._put(partial(self._end, callback))

    def _put(self, item: Reader | Callable[[], None]) -> None:
        self.worker.put(item)
        self.worker.see_to_it()

    def _end(self, callback: Callable[[], None]) -> None:
        self.worker.stop()
        self._there.end(callback)

    def _give_up_if_hanging(self) -> None:
        waiting, stuck = self.worker.load, self.worker.stuck
        if stuck > HANGING and waiting > self.sink.queue_limit and not self.off:
            what = "sink %s is switched off: stuck for %d s, and %d messages wait"
            logger.error(what, name_of(self.sink), stuck, waiting)
            self._there.switch_off()
            self.worker.forget()
            self._put(self._close_all)

    def _close_all(self) -> None:
        self.worker.drop_all()
        self._there.close_all()


def flush(seconds: float | None = None) -> bool:
    """Wait until background sinks have got all that was delivered to them; whether they have.

    Waits for `seconds` at most, None for as long as it takes.
    """
    busy = [delivery.after for delivery in list(_all) if delivery.worker.running]
    return all(wait(busy, threading.TIMEOUT_MAX if seconds is None else seconds))


def _after_fork() -> None:
    for delivery in list(_all):
        delivery.worker.start_afresh()


_all: weakref.WeakSet[BackgroundDelivery] = weakref.WeakSet()
after_fork(_after_fork)
atexit.register(lambda: flush(left_at_exit()))
