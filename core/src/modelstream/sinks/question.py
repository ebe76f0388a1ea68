"""Questions to the user: offered to several sinks, settled by the first answer."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

from modelstream.sinks.reports import logger, one_line


class Question:
    """A question from `name` to the user; several sinks may ask it at the same time.

    `prompt` is what the user reads, `schema` a JSON Schema for an answer that is more than text (None for
    text). `value` is the answer once there is one. All methods may be called from any thread.
    """

    def __init__(self, name: str, prompt: str, schema: dict[str, Any] | None = None) -> None:
        self.id: str = uuid.uuid4().hex
        self.name = name
        self.prompt = prompt
        self.schema = schema
        self.value: Any = None
        self._answered = False
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._askers = 0

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self._answered

    @property
    def over(self) -> bool:
        """Whether it was answered or cancelled."""
        return self._over.is_set()

    def answer(self, value: Any) -> bool:
        """Answer the question. The first answer wins; False for one that came too late."""
        return self._end(answered=True, value=value)

    def cancel(self) -> None:
        """End it without an answer. Does nothing after an answer."""
        self._end(answered=False)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is over, for `timeout` seconds at most; whether it was answered."""
        self._over.wait(timeout)
        return self._answered

    def when_over(self, callback: Callable[[], None]) -> None:
        """Call `callback` once it is over, in the thread that ends it; at once if it is over already."""
        with self._lock:
            if not self._over.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def add_askers(self, sinks: int) -> None:
        """Count this many more sinks that may ask it. Internal."""
        with self._lock:
            self._askers += sinks

    def remove_asker(self) -> None:
        """Count one sink less, because it failed to ask; without any, the question is cancelled. Internal."""
        with self._lock:
            self._askers -= 1
            none_left = self._askers == 0
        if none_left:
            self.cancel()

    def _end(self, *, answered: bool, value: Any = None) -> bool:
        with self._lock:
            if self._over.is_set():
                return False
            self._answered, self.value = answered, value
            self._over.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception as error:  # noqa: BLE001 - one sink's callback; call the others, too
                logger.warning("a when_over callback of a question failed: %s", one_line(error))
        return True

    def __repr__(self) -> str:
        state = "answered" if self._answered else "over" if self.over else "open"
        return f"<Question {self.prompt!r} of {self.name!r}, {state}>"
