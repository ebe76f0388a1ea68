"""Showing messages: whole, or again and again while they grow."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from modelstream.deltas import ToolCall, ToolCallDelta
from modelstream.program import current_sinks
from modelstream.showing.broadcast import Broadcast
from modelstream.showing.pairs import PairReader
from modelstream.sinks.base import Message, Outcome

if TYPE_CHECKING:
    from modelstream.agents.msg import Msg

MAX_OPEN = 256
"""How many messages may grow at a time. With one more, that which has not grown for longest is closed."""


def log_msg(msg: Msg) -> None:
    """Show a message on all sinks."""
    log_stream_msg(msg, last=True)


def log_stream_msg(msg: Msg, last: bool = True) -> None:  # noqa: FBT002 - as in AgentScope 0.1
    """Show a message that is still growing: call it with the text so far, as often as there is more.

    What belongs together has one `msg.id`; the sinks get what is new. `last` ends the message, and may come
    with the first call. A text that does not continue the one before is shown afresh. Messages may grow side
    by side, in any threads; of one whose last never comes the sinks learn when too many others grow.
    """
    if not hasattr(msg, "to_chat_messages"):  # by what it does: Msg shows itself, and so imports this
        raise TypeError(f"log_msg and log_stream_msg show Msg objects, not a {type(msg).__name__}.")
    while not _growing.of(msg).show(msg, last=last):
        pass  # another thread has just shown its last; this is a new beginning
    if last:
        _growing.forget(msg.id)


class _Growing:
    """The messages that the sinks have not seen the last of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._showings: OrderedDict[str, _Showing] = OrderedDict()

    def of(self, msg: Msg) -> _Showing:
        """What was shown of this message; nothing yet, if it is new."""
        stale = None
        with self._lock:
            showing = self._showings.get(msg.id)
            if showing is None or showing.over:
                showing = self._showings[msg.id] = _Showing()
            self._showings.move_to_end(msg.id)
            if len(self._showings) > MAX_OPEN:
                _, stale = self._showings.popitem(last=False)
        if stale is not None:
            stale.abandon()
        return showing

    def forget(self, message_id: str) -> None:
        """The message is over."""
        with self._lock:
            showing = self._showings.get(message_id)
            if showing is not None and showing.over:
                del self._showings[message_id]


class _Showing:
    """What the sinks were shown of one message."""

    def __init__(self) -> None:
        self.over = False
        self._lock = threading.RLock()
        self._broadcast: Broadcast | None = None
        self._pairs = PairReader()

    def show(self, msg: Msg, *, last: bool) -> bool:
        """Show what is new in the message; False if its last was shown before."""
        with self._lock:
            if self.over:
                return False
            self.over = last
            if self._broadcast is None:
                self._broadcast = Broadcast(_message(msg), current_sinks())
            self._write(self._broadcast, _text(msg), list(_tool_calls(msg)) if last else [], last=last)
        return True

    def abandon(self) -> None:
        """The last was never shown."""
        with self._lock:
            self.over = True
            if self._broadcast is not None:
                self._broadcast.close(Outcome("failed", error=self._pairs.truncated()))

    def _write(self, broadcast: Broadcast, text: str, calls: list[ToolCall], *, last: bool) -> None:
        for snapshot in self._pairs.take((last, text)):
            if snapshot.last:
                for index, call in enumerate(calls):
                    broadcast.write_delta(ToolCallDelta(index, call.id, call.name, call.arguments))
            broadcast.write(snapshot)
        if last:
            broadcast.close(Outcome("complete", "tool_calls" if calls else "stop", tool_calls=tuple(calls)))
            broadcast.drain()


_growing = _Growing()


def _message(msg: Msg) -> Message:
    metadata = msg.metadata if isinstance(msg.metadata, Mapping) else {}
    return Message(msg.name, msg.role, id=msg.id, metadata=metadata)


def _text(msg: Msg) -> str:
    """What is read of a message: its texts, where its media are, and what tools have found."""
    if isinstance(msg.content, str):
        return msg.content
    lines = []
    for block in msg.content:
        if block["type"] == "text":
            lines.append(str(block.get("text", "")))
        elif block["type"] == "tool_result":
            lines.append(str(block.get("output")))
        elif "url" in block:
            lines.append(str(block["url"]))
    return "\n".join(lines)


def _tool_calls(msg: Msg) -> Iterator[ToolCall]:
    for block in msg.get_content_blocks("tool_use"):
        arguments = block.get("input", {})
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        yield ToolCall(str(block.get("id") or ""), str(block.get("name") or ""), text)
