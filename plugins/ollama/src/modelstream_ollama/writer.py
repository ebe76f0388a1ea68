"""Answers in Ollama's format, written delta by delta."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modelstream.deltas import ToolCallDelta, UsageDelta
from modelstream.wire import FrameWriter

if TYPE_CHECKING:
    from modelstream.deltas import Delta, Finish, Usage
    from modelstream.wire import Document, Wire


class OllamaWriter(FrameWriter):
    """Writes one answer. A tool call is written whole, with the last of its pieces.

    A call whose arguments were cut, as by a limit of tokens, is omitted: the format has no parts of calls.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._calls: dict[int, ToolCallDelta] = {}

    def write(self, delta: str | Delta) -> list[Document]:
        """One frame; none for counts, which only the last frame has, and for a call that is not whole."""
        if isinstance(delta, UsageDelta):
            return []
        if not isinstance(delta, ToolCallDelta):
            return super().write(delta)
        call = self._calls.pop(delta.index, None)
        whole = delta if call is None else _joined(call, delta)
        # No proper prefix of a JSON object is one, so this is the last piece or only space follows.
        if is_object(whole.arguments):
            return super().write(whole)
        if whole.name:  # else it is space after a whole call
            self._calls[delta.index] = whole
        return []

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """The calls that came without arguments, then the last frame."""
        calls = [call for call in self._calls.values() if not call.arguments.strip()]
        self._calls.clear()
        return [*(self._wire.tool_call(call) for call in calls), *super().end(finish, usage)]


def is_object(text: str) -> bool:
    """Whether `text` is a whole JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _joined(call: ToolCallDelta, piece: ToolCallDelta) -> ToolCallDelta:
    name = call.name or piece.name
    return ToolCallDelta(call.index, call.id or piece.id, name, call.arguments + piece.arguments)
