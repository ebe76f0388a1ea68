"""The thread of a background sink."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from modelstream.sinks.base import Outcome
from modelstream.sinks.joining import joined
from modelstream.sinks.log import Reader
from modelstream.snapshot import Snapshot

if TYPE_CHECKING:
    from modelstream.sinks.inline import InlineDelivery
    from modelstream.sinks.joining import News

BEHIND = 0.1
"""Seconds after which what waits for a sink is joined."""

IDLE = 10.0
"""Seconds after which a thread that has nothing to do ends."""

Step = Callable[[], None]


class Worker:
    """Reads logs and brings their news to a sink, one after the other.

    The thread is a daemon; it starts when it is needed, and ends after a while without open messages.
    `asleep` asks whoever has written to a log to `wake` it. `late` says that somebody has waited for it in
    vain, and it has not caught up since. `joins` is whether what waits too long is joined.
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
        self.asleep = True
        self.late = False
        # Logs to open, and steps to take when all that was written before has been read. The C queue wakes
        # the thread by itself, and can be used from signal handlers.
        self._inbox: SimpleQueue[Reader | Step | None] = SimpleQueue()
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

    def wake(self) -> None:
        """There are news in a log."""
        self.asleep = False
        self._inbox.put(None)

    def read(self, reader: Reader) -> None:
        """Open the message of this log, and bring all of it to the sink."""
        self._inbox.put(reader)
        self.see_to_it()

    def then(self, step: Step) -> None:
        """Take this step when all that was written by now has been brought to the sink."""
        self._inbox.put(step)
        self.see_to_it()

    def stop(self) -> None:
        """Read no more, and end the thread. For a step."""
        self._stopping = True
        self.drop_all()

    def drop_all(self) -> None:
        """Read none of the open logs any more. For a step."""
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
            self._clear_inbox()
            self._read_all()

    def _run(self) -> None:
        while self._thread is threading.current_thread():
            self._read_all()
            self._clear_inbox()
            if not self._stopping:
                self._sleep()
            self._rest()

    def _sleep(self) -> None:
        """Wait for something to do, unless there is something already."""
        self.asleep = True
        # Asked only now: who wrote before, thought it awake.
        if not any(reader.has_news for reader in self._readers):
            self.late = self.late and not self._inbox.empty()
            try:
                item = self._inbox.get(timeout=IDLE)
            except Empty:
                return
            self._woke = time.monotonic()
            self.asleep = False
            self._handle(item)
        self.asleep = False

    def _rest(self) -> None:
        """End the thread if there is nothing to do and no message is open."""
        with self._lock:
            if self._inbox.empty() and (self._stopping or (self.asleep and not self._readers)):
                self._thread = None

    def _clear_inbox(self) -> None:
        while True:
            try:
                item = self._inbox.get_nowait()
            except Empty:
                return
            self._handle(item)

    def _handle(self, item: Reader | Step | None) -> None:
        if isinstance(item, Reader):
            self._readers.append(item)
            self._called = time.monotonic()
            self._delivery.open(item.message)
        elif item is not None:
            self._read_all()
            item()

    def _read_all(self) -> None:
        for reader in list(self._readers):
            self._read(reader)

    def _read(self, reader: Reader) -> None:
        """Bring what has come to the sink; joined if it had to wait for long, or has to."""
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
