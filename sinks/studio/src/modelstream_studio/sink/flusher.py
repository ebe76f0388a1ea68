"""The thread that sends a producer's frames to Studio."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from modelstream_studio import frames
from modelstream_studio.sink.connection import Unreachable
from modelstream_studio.sink.trouble import logger

if TYPE_CHECKING:
    from modelstream_studio.sink.publisher import Publisher

TICK = 0.06
"""Seconds between two batches; frames that come in between are sent together."""

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
"""Seconds between attempts to reach Studio: at first, and at most."""

MAX_RETRY_AFTER = 60.0
"""The largest Retry-After of Studio, in seconds, that is followed."""

GRACE = 0.2
"""Seconds that the thread has to end after `abort`."""


class Source(Protocol):
    """Something that has frames for Studio."""

    def take(self, *, room: bool) -> Iterable[frames.Frame]:
        """Take the frames since the last call. Without `room`, text is kept for later."""


class Flusher:
    """Collects frames from the sources in its inbox, and sends them.

    The thread is a daemon. `end` and `finish` may be called from any thread, and at interpreter exit, when no
    thread can be started: the caller then does the work. `reached` is called after every success.
    """

    def __init__(
        self, publisher: Publisher, is_busy: Callable[[], bool], reached: Callable[[], None]
    ) -> None:
        self._publisher = publisher
        self._outbox = publisher.outbox
        self._is_busy = is_busy
        self._reached = reached
        self._inbox: SimpleQueue[Source] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._finishing = threading.Event()
        self._done = threading.Event()
        self._wait = FIRST_WAIT

    def put(self, source: Source) -> None:
        """Queue a source that has something to send. Never waits."""
        self._inbox.put(source)

    def ensure_running(self) -> None:
        """Start the thread, unless it runs or the interpreter is exiting."""
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="modelstream-studio", daemon=True)
                with suppress(RuntimeError):  # the interpreter is exiting: `finish` does the work
                    thread.start()
                    self._thread = thread

    def end(self) -> None:
        """Send what is left, then stop. Does not wait."""
        self._finishing.set()

    def finish(self, seconds: float) -> bool:
        """Wait at most `seconds` until that is done; True if nothing is left."""
        if self._thread is None:
            self._finish()
        elif not self._done.wait(seconds):
            self._publisher.abort()
            self._done.wait(GRACE)
        return not self._outbox

    def _run(self) -> None:
        rest = 0.0
        while not self._finishing.wait(rest):
            try:
                self._collect(0 if self._wait > FIRST_WAIT or self._outbox else self._heartbeat)
                rest = self._send()
            except Exception:  # noqa: BLE001 - later frames must still be sent
                logger.exception("the sink 'studio' failed")
                rest = LONGEST_WAIT
        self._finish()

    def _finish(self) -> None:
        try:
            self._collect(0)
            if self._outbox:
                self._send()
        finally:
            self._publisher.close()
            self._done.set()

    @property
    def _heartbeat(self) -> float:
        return frames.HEARTBEAT if self._is_busy() else frames.IDLE_HEARTBEAT

    def _collect(self, timeout: float) -> None:
        """Move new frames to the outbox, waiting for at most `timeout` seconds for the first."""
        sources: dict[Source, None] = {}
        with suppress(Empty):
            sources[self._inbox.get(timeout > 0, timeout)] = None
            while True:
                sources[self._inbox.get_nowait()] = None
        for source in sources:
            for frame in source.take(room=not self._outbox.full):
                self._outbox.add(frame)

    def _send(self) -> float:
        """Send batches until the outbox is empty, at least one; the seconds to pause afterwards."""
        began = time.monotonic()
        try:
            self._publisher.publish()
            while self._outbox:
                self._publisher.publish()
        except Unreachable as why:
            return self._backed_off(why.retry_after)
        self._wait = FIRST_WAIT
        self._reached()
        return max(0.0, began + TICK - time.monotonic())

    def _backed_off(self, retry_after: float | None) -> float:
        wait, self._wait = self._wait, min(2 * self._wait, LONGEST_WAIT)
        # Jitter, so that not all programs reconnect at once when Studio is back.
        return max(wait * random.uniform(0.5, 1.0), min(retry_after or 0.0, MAX_RETRY_AFTER))  # noqa: S311
