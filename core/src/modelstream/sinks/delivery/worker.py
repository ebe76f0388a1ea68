"""The thread of a background sink."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from modelstream.sinks.base import Outcome
from modelstream.sinks.delivery.coalesce import coalesce
from modelstream.sinks.delivery.queue import Subscription
from modelstream.snapshot import Snapshot

if TYPE_CHECKING:
    from modelstream.sinks.delivery.coalesce import SinkItem
    from modelstream.sinks.delivery.inline import InlineDelivery

COALESCE_SECONDS = 0.1
"""Seconds after which waiting items are coalesced."""

IDLE_SECONDS = 10.0
"""Seconds after which an idle thread ends."""

Step = Callable[[], None]


class Worker:
    """Delivers the items of message queues to a sink, one after the other.

    The thread is a daemon; it starts when needed and ends after a while without open messages.
    `overdue` is set from a wait that timed out until the worker has caught up.
    """

    def __init__(self, delivery: InlineDelivery, name: str) -> None:
        self._delivery = delivery
        self._name = name
        self._subscriptions: list[Subscription] = []
        self.reset()

    def reset(self) -> None:
        """Start without work and without a thread: new, or in the child of a fork, which has no threads."""
        for subscription in self._subscriptions:
            subscription.cancel_after_fork()
        self._subscriptions = []
        self.overdue = False
        # Subscriptions that have items, and steps to run after everything written before. SimpleQueue is
        # reentrant, so it can be used from signal handlers.
        self._inbox: SimpleQueue[Subscription | Step] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        self._stopping = False
        self._woke = self._called = time.monotonic()

    @property
    def is_current_thread(self) -> bool:
        """Whether the caller runs in the worker's thread."""
        return self._thread is threading.current_thread()

    @property
    def running(self) -> bool:
        """Whether the worker has a thread."""
        return self._thread is not None

    @property
    def seconds_since_call(self) -> float:
        """Seconds since the last call of the sink."""
        return time.monotonic() - self._called

    @property
    def backlog(self) -> int:
        """The number of messages and steps in the inbox."""
        return self._inbox.qsize()

    def put(self, item: Subscription | Step) -> None:
        """Enqueue a subscription that has items, or a step. Never waits."""
        self._inbox.put(item)

    def stop(self) -> None:
        """Stop delivering and end the thread. Called by a step."""
        self._stopping = True
        self.drop_all()

    def drop_all(self) -> None:
        """Stop delivering the open messages. Called by a step."""
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()

    def clear(self) -> None:
        """Empty the inbox."""
        self._inbox = SimpleQueue()

    def ensure_running(self) -> None:
        """Start the thread if there is none. At interpreter exit, when none can start, work in the caller."""
        with self._lock:
            if self._thread is not None:
                return
            thread = self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            try:
                thread.start()
            except BaseException as error:
                if not thread.is_alive():
                    self._thread = None
                if not isinstance(error, RuntimeError):
                    raise
        if self._thread is None:
            while self._handle_next(0):
                pass

    def _run(self) -> None:
        while self._thread is threading.current_thread():
            if not self._handle_next(0):
                self.overdue = False
                if not self._handle_next(0 if self._stopping else IDLE_SECONDS):
                    self._rest()

    def _rest(self) -> None:
        """End the thread if the inbox is empty and no message is open."""
        with self._lock:
            if self._inbox.empty() and (self._stopping or not self._subscriptions):
                self._thread = None

    def _handle_next(self, timeout: float) -> bool:
        """Handle the next item; False if none came within `timeout` seconds."""
        try:
            item = self._inbox.get(timeout > 0, timeout)
        except Empty:
            return False
        if timeout:
            self._woke = time.monotonic()
        if isinstance(item, Subscription):
            self._take_turn(item)
        else:
            for subscription in list(self._subscriptions):
                self._deliver_pending(subscription)
            item()
        return True

    def _take_turn(self, subscription: Subscription) -> None:
        """Deliver the items present; for later ones the subscription queues up again."""
        if not subscription.opened:
            subscription.opened = True
            self._subscriptions.append(subscription)
            self._called = time.monotonic()
            self._delivery.open(subscription.message)
        self._deliver_pending(subscription)
        subscription.idle = True
        # Checked after `idle` is set: a writer that wrote just before did not notify.
        if subscription.has_items:
            subscription.wake()

    def _deliver_pending(self, subscription: Subscription) -> None:
        """Deliver the pending items, coalesced once they have waited for too long."""
        since = max(subscription.taken_at, self._woke)
        subscription.taken_at = time.monotonic()
        items = subscription.take()
        coalesced = False
        at = 0
        while at < len(items):
            self._called = time.monotonic()
            if not coalesced and self._called - since > COALESCE_SECONDS:
                items, at, coalesced = coalesce(items[at:]), 0, True
            self._deliver(subscription, items[at])
            at += 1

    def _deliver(self, subscription: Subscription, item: SinkItem) -> None:
        if isinstance(item, Snapshot):
            self._delivery.write(subscription.message, item)
        elif isinstance(item, Outcome):
            self._subscriptions.remove(subscription)
            self._delivery.close(subscription.message, item)
        else:
            self._delivery.write_delta(subscription.message, item)
