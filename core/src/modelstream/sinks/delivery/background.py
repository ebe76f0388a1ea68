"""Delivery through the sink's own thread: the stream never waits for the sink."""

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
"""Seconds after which a sink that is stuck in one call is switched off, if its backlog has grown too long."""


class BackgroundDelivery:
    """Lets a worker deliver the items of message queues to the sink.

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
        """Whether delivery has stopped."""
        return self._inline.off or self.ended

    @property
    def can_ask(self) -> bool:
        """Whether the sink can ask the user."""
        return self._inline.can_ask

    @property
    def worth_waiting(self) -> bool:
        """Whether the sink is busy and can be expected to finish."""
        # A sink that calls `show` in its own thread would wait for itself.
        return self.worker.running and not self.worker.overdue and not self.worker.is_current_thread

    def subscribe(self, queue: MessageQueue) -> Subscription:
        """Open the message of this queue and deliver its items to the sink."""
        self._switch_off_if_hanging()
        at_process_end(_flush_at_exit)
        subscription = Subscription(queue, self.sink.queue_limit, self.worker.put)
        self._put(subscription)
        return subscription

    def ask(self, question: Question) -> None:
        """Let the sink ask the user, after everything delivered so far."""
        self._put(partial(self._inline.ask, question))

    def after(self, callback: Callable[[], None]) -> None:
        """Call `callback` once everything delivered so far has reached the sink."""
        self._put(callback)

    def timed_out(self, seconds: float) -> None:
        """Note that a wait of `seconds` timed out: do not wait again until the sink has caught up."""
        self.worker.overdue = True
        if not self._warned:
            self._warned = True
            what = "sink %s has a backlog: it did not catch up within %g s; the program continues without it"
            logger.warning(what, name_of(self.sink), seconds)

    def end(self, callback: Callable[[], None]) -> None:
        """Close all open messages, shut the sink down, then call `callback`."""
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
            what = "sink %s is switched off: it has been stuck for %d s, with a backlog of %d messages"
            logger.error(what, name_of(self.sink), seconds, backlog)
            self._inline.switch_off()
            self.worker.clear()
            self._put(self._close_all)

    def _close_all(self) -> None:
        self.worker.drop_all()
        self._inline.close_all()


def flush(seconds: float | None = None) -> bool:
    """Wait until background sinks have received everything delivered to them; False if time ran out.

    Waits for at most `seconds`; None means without a limit.
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
