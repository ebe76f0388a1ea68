"""Delivery in place: the sink runs where the stream is read, and its exceptions are caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelstream.sinks.base import Message, Outcome, StreamSink
from modelstream.sinks.reports import logger, name_of, one_line

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.sinks.question import Question
    from modelstream.snapshot import Snapshot

MAX_FAILURES = 3
"""A sink is switched off when one of its methods has failed this many times in a row."""


class InlineDelivery:
    """Calls a sink. What it raises is logged, once per message, and counted.

    `isolated` is the class of exceptions that never reach the caller; the default lets Ctrl-C pass.
    `messages` are the open ones.
    """

    def __init__(self, sink: StreamSink, isolated: type[BaseException] = Exception) -> None:
        self.sink = sink
        self.off = self.ended = False
        self.can_ask = type(sink).ask is not StreamSink.ask
        self.messages: set[Message] = set()
        self._isolated = isolated
        self._write: Callable[[Message, Snapshot], None] = sink.write
        self._write_delta: Callable[[Message, Delta], None] = sink.write_delta
        self._in_a_row: dict[str, int] = {}  # by method
        self._failures: dict[Message | None, int] = {}

    def open(self, message: Message) -> None:
        """Open the message."""
        if not self.off:
            self.messages.add(message)
            self._call("open", message, message)

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Deliver a snapshot. `_call` is inlined here, on the path of every delta."""
        try:
            self._write(message, snapshot)
        except self._isolated as error:
            self._failed("write", message, error)
        else:
            if self._in_a_row:
                self._in_a_row.pop("write", None)

    def write_delta(self, message: Message, delta: Delta) -> None:
        """Deliver a delta that is not text."""
        try:
            self._write_delta(message, delta)
        except self._isolated as error:
            self._failed("write_delta", message, error)
        else:
            if self._in_a_row:
                self._in_a_row.pop("write_delta", None)

    def close(self, message: Message, outcome: Outcome) -> None:
        """Close the message. Does nothing if it is not open, so every message is closed once."""
        try:
            self.messages.remove(message)
        except KeyError:
            return
        self._call("close", message, message, outcome)
        failures = self._failures.pop(message, 0)
        if failures > 1:
            logger.warning("sink %s failed %d times with %r", name_of(self.sink), failures, message)

    def ask(self, question: Question) -> None:
        """Let the sink ask the user."""
        if self.off or not self._call("ask", None, question):
            question.remove_asker()

    def after(self, callback: Callable[[], None]) -> None:
        """Call `callback` now: everything has reached the sink already."""
        callback()

    def end(self, callback: Callable[[], None]) -> None:
        """Close all open messages, shut the sink down, then call `callback`."""
        if not self.ended:
            self.ended = True
            self.close_all()
            self.switch_off()
            self._call("shutdown", None)
        callback()

    def close_all(self) -> None:
        """Close all open messages as cancelled."""
        for message in list(self.messages):
            self.close(message, Outcome("cancelled"))

    def switch_off(self) -> None:
        """Deliver nothing more, except the end of open messages."""
        self.off = True
        self._write = self._write_delta = _nothing

    def _call(self, method: str, message: Message | None, *args: Any) -> bool:
        try:
            getattr(self.sink, method)(*args)
        except self._isolated as error:
            self._failed(method, message, error)
            return False
        self._in_a_row.pop(method, None)
        return True

    def _failed(self, method: str, message: Message | None, error: BaseException) -> None:
        before = self._failures.get(message, 0)
        if message is None or not before:
            logger.warning("sink %s failed in %s: %s", name_of(self.sink), method, one_line(error))
            logger.debug("traceback of the failed sink", exc_info=error)
        if message is not None:
            self._failures[message] = before + 1
        in_a_row = self._in_a_row[method] = self._in_a_row.get(method, 0) + 1
        if in_a_row >= MAX_FAILURES and not self.off:
            self.switch_off()
            logger.error(
                "sink %s is switched off: %s failed %d times in a row", name_of(self.sink), method, in_a_row
            )


def _nothing(*_: Any) -> None:
    pass
