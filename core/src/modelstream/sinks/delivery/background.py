"""Delivery through a thread of the sink's own: the stream goes on, whatever the sink does."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from modelstream.per_process import after_fork, at_process_end
from modelstream.sinks.delivery.inline import InlineDelivery
from modelstream.sinks.delivery.queue import MessageQueue, Subscription
from modelstream.sinks.delivery.waiting import seconds_left_at_exit, wait
from modelstream.sinks.delivery.worker import Worker
from modelstream.sinks.reports import logger, name_of

if TYPE_CHECKING:
    from modelstream.sinks.base import StreamSink
    from modelstream.sinks.question import Question

HANGING_SECONDS = 60.0
"""Seconds after which a sink that is stuck in one call is switched off, if ever more messages wait for it."""


class BackgroundDelivery:
    """Has a worker deliver to the sink what is written to message queues.

    All methods may be called from any thread, and from signal handlers.
    """

    def __init__(self, sink: StreamSink) -> None:
        self.sink = sink
        self.ended = False
        self._inline = InlineDelivery(sink, isolated=BaseException)
        name = f"modelstream-{sink.sink_type or type(sink).__name__}"
        self.worker = Worker(self._inline, name)
        self._warned = False
        _all.add(self)

    @property
    def off(self) -> bool:
        """Whether nothing is delivered any more."""
        return self._inline.off or self.ended

    @property
    def can_ask(self) -> bool:
        """Whether the sink can ask the user."""
        return self._inline.can_ask

    @property
    def worth_waiting(self) -> bool:
        """Whether the sink is busy, and can be expected to get done."""
        # A sink that shows something itself would wait for itself.
        return self.worker.running and not self.worker.overdue and not self.worker.is_current_thread

    def subscribe(self, queue: MessageQueue) -> Subscription:
        """Open the message of this queue, and deliver to the sink what is written to it."""
        self._switch_off_if_hanging()
        at_process_end(_flush_at_exit)
        subscription = Subscription(queue, self.sink.queue_limit, self.worker.put)
        self._put(subscription)
        return subscription

    def ask(self, question: Question) -> None:
        """Have the sink ask, after all that was delivered up to now."""
        self._put(partial(self._inline.ask, question))

    def after(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when all that was delivered up to now has reached the sink."""
        self._put(callback)

    def timed_out(self, seconds: float) -> None:
        """A wait of so many seconds timed out: do not wait again until the sink has caught up."""
        self.worker.overdue = True
        if not self._warned:
            self._warned = True
            what = "sink %s has a backlog: it did not catch up within %g s; the program continues without it"
            logger.warning(what, name_of(self.sink), seconds)

    def end(self, callback: Callable[[], None]) -> None:
        """Close what is open, shut the sink down, then call `callback`."""
        if self.ended:
            callback()
            return
        self.ended = True
        self._put(partial(self._end, callback))

    def _put(self, item: Subscription | Callable[[], None]) -> None:
        self.worker.put(item)
        self.worker.ensure_running()

    def _end(self, callback: Callable[[], None]) -> None:
        self.worker.stop()
        self._inline.end(callback)

    def _switch_off_if_hanging(self) -> None:
        backlog, seconds = self.worker.backlog, self.worker.seconds_since_call
        if seconds > HANGING_SECONDS and backlog > self.sink.queue_limit and not self.off:
            what = "sink %s is switched off: it hangs for %d s, with a backlog of %d messages"
            logger.error(what, name_of(self.sink), seconds, backlog)
            self._inline.switch_off()
            self.worker.clear()
            self._put(self._close_all)

    def _close_all(self) -> None:
        self.worker.drop_all()
        self._inline.close_all()


def flush(seconds: float | None = None) -> bool:
    """Wait until background sinks have got all that was delivered to them; whether they have.

    Waits for `seconds` at most, None for as long as it takes.
    """
    busy = [delivery.after for delivery in list(_all) if delivery.worker.running]
    return all(wait(busy, threading.TIMEOUT_MAX if seconds is None else seconds))


def _flush_at_exit() -> None:
    flush(seconds_left_at_exit())


def _after_fork() -> None:
    for delivery in list(_all):
        delivery.worker.reset()


_all: weakref.WeakSet[BackgroundDelivery] = weakref.WeakSet()
after_fork(_after_fork)
at_process_end(_flush_at_exit)
