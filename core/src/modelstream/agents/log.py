"""Shows messages: complete ones, or repeatedly while they grow."""

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
"""How many messages may be open at a time. Beyond it, the least recently updated one is closed."""


def log_msg(msg: Msg) -> None:
    """Show a message on all sinks."""
    log_stream_msg(msg, last=True)


def log_stream_msg(msg: Msg, last: bool = True) -> None:  # noqa: FBT002 - as in AgentScope 0.1
    """Show a growing message: call it with the text so far, each time that there is more.

    Calls with the same `msg.id` update one message; the sinks get the new text. `last` ends the message, and
    may be set in the first call. A text that does not continue the previous one is shown anew. Messages may
    grow concurrently, in any threads; one that is never ended is closed when too many others are open.
    """
    if not hasattr(msg, "to_chat_messages"):  # duck typing: msg.py imports this module
        raise TypeError(f"log_msg and log_stream_msg show Msg objects, not a {type(msg).__name__}.")
    while not _open_messages.of(msg).show(msg, last=last):
        pass  # another thread has just ended it: show it as a new message
    if last:
        _open_messages.forget(msg.id)


class _OpenMessages:
    """The messages that have not ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: OrderedDict[str, _OpenMessage] = OrderedDict()

    def of(self, msg: Msg) -> _OpenMessage:
        """The state of this message; a new one if it is not open."""
        stale = None
        with self._lock:
            showing = self._messages.get(msg.id)
            if showing is None or showing.ended:
                showing = self._messages[msg.id] = _OpenMessage()
            self._messages.move_to_end(msg.id)
            if len(self._messages) > MAX_OPEN:
                _, stale = self._messages.popitem(last=False)
        if stale is not None:
            stale.abandon()
        return showing

    def forget(self, message_id: str) -> None:
        """Remove a message that has ended."""
        with self._lock:
            showing = self._messages.get(message_id)
            if showing is not None and showing.ended:
                del self._messages[message_id]


class _OpenMessage:
    """One message, and the part of it that was shown."""

    def __init__(self) -> None:
        self.ended = False
        self._lock = threading.RLock()
        self._broadcast: Broadcast | None = None
        self._pairs = PairReader()

    def show(self, msg: Msg, *, last: bool) -> bool:
        """Show the new part of the message; False if it has already ended."""
        with self._lock:
            if self.ended:
                return False
            self.ended = last
            if self._broadcast is None:
                self._broadcast = Broadcast(_message(msg), current_sinks())
            self._write(self._broadcast, _text(msg), list(_tool_calls(msg)) if last else [], last=last)
        return True

    def abandon(self) -> None:
        """Close a message that was never ended."""
        with self._lock:
            self.ended = True
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


_open_messages = _OpenMessages()


def _message(msg: Msg) -> Message:
    metadata = msg.metadata if isinstance(msg.metadata, Mapping) else {}
    return Message(msg.name, msg.role, id=msg.id, metadata=metadata)


def _text(msg: Msg) -> str:
    """The text of a message: its texts, the URLs of its media, and its tool results."""
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
