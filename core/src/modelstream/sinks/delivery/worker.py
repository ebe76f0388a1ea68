"""The thread of a background sink."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from modelstream.sinks.base import Outcome
from modelstream.sinks.delivery.coalesce import joined
from modelstream.sinks.delivery.queue import Reader
from modelstream.snapshot import Snapshot

if TYPE_CHECKING:
    from modelstream.sinks.delivery.coalesce import News
    from modelstream.sinks.delivery.inline import InlineDelivery

BEHIND = 0.1
"""Seconds after which what waits for a sink is joined."""

IDLE = 10.0
"""Seconds after which a thread that has nothing to do ends."""

Step = Callable[[], None]


class Worker:
    """Brings the news of logs to a sink, one after the other.

    The thread is a daemon; it starts when it is needed, and ends after a while without open messages. `late`
    says that somebody has waited for it in vain, and it has not caught up since; `joins` is whether what
    waits too long is joined.
    """

    def __init__(self, delivery: InlineDelivery, name: str, *, joins: bool) -> None:
        self._delivery = delivery
        self._name = name
        self._joins = joins
        self._readers: list[Reader] = []
        self.start_afresh()

    def start_afresh(self) -> None:
        """With nothing to do and no thread: new, or in the child of a fork, which has no threads."""
        for reader in self._readers:
            reader.abandon()
        self._readers = []
        self.late = False
        # Readers that have news, and steps to take when all that was written before has been brought. The C
        # queue wakes the thread by itself, and can be used from signal handlers.
        self._inbox: SimpleQueue[Reader | Step] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()
        self._stopping = False
        self._woke = self._called = time.monotonic()

    @property
    def is_here(self) -> bool:
        """Whether this is its thread."""
        return self._thread is threading.current_thread()

    @property
    def running(self) -> bool:
        """Whether it has a thread."""
        return self._thread is not None

    @property
    def stuck(self) -> float:
        """Seconds since the sink was called last."""
        return time.monotonic() - self._called

    @property
    def load(self) -> int:
        """How many messages and steps wait for their turn."""
        return self._inbox.qsize()

    def put(self, item: Reader | Step) -> None:
        """There are news, or there is a step to take. Never waits."""
        self._inbox.put(item)

    def stop(self) -> None:
        """Bring no more, and end the thread. For a step."""
        self._stopping = True
        self.drop_all()

    def drop_all(self) -> None:
        """Bring no more of the messages that are open. For a step."""
        for reader in self._readers:
            reader.stop()
        self._readers.clear()

    def forget(self) -> None:
        """Drop what waits for its turn."""
        self._inbox = SimpleQueue()

    def see_to_it(self) -> None:
        """See to it that somebody works: the thread, or the caller if the interpreter is about to end."""
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
                self.late = False
                if not self._handle_next(0 if self._stopping else IDLE):
                    self._rest()

    def _rest(self) -> None:
        """End the thread if there is nothing to do and no message is open."""
        with self._lock:
            if self._inbox.empty() and (self._stopping or not self._readers):
                self._thread = None

    def _handle_next(self, timeout: float) -> bool:
        """Do what is next; False if there is nothing for `timeout` seconds."""
        try:
            item = self._inbox.get(timeout > 0, timeout)
        except Empty:
            return False
        if timeout:
            self._woke = time.monotonic()
        if isinstance(item, Reader):
            self._read_turn(item)
        else:
            for reader in list(self._readers):
                self._read(reader)
            item()
        return True

    def _read_turn(self, reader: Reader) -> None:
        """Bring what has come by now; for what comes meanwhile, it queues up again."""
        if not reader.opened:
            reader.opened = True
            self._readers.append(reader)
            self._called = time.monotonic()
            self._delivery.open(reader.message)
        self._read(reader)
        reader.idle = True
        # Asked only now: who wrote before, did not announce it.
        if reader.has_news:
            reader.wake()

    def _read(self, reader: Reader) -> None:
        """Bring what has come; joined if it had to wait for long, or has to."""
        since = max(reader.taken_at, self._woke)
        reader.taken_at = time.monotonic()
        news = reader.take()
        joins = self._joins or self.late
        at = 0
        while at < len(news):
            self._called = time.monotonic()
            if joins and self._called - since > BEHIND:
                news, at, joins = joined(news[at:]), 0, False
            self._bring(reader, news[at])
            at += 1
            reader.brought = reader.taken - len(news) + at
            reader.tell_of_room()

    def _bring(self, reader: Reader, news: News) -> None:
        if isinstance(news, Snapshot):
            self._delivery.write(reader.message, news)
        elif isinstance(news, Outcome):
            self._readers.remove(reader)
            self._delivery.close(reader.message, news)
        else:
            self._delivery.write_delta(reader.message, news)
