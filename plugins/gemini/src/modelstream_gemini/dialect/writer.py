"""Answers written as Gemini's frames."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelstream.deltas import Finish, ToolCallDelta
from modelstream.wire import FrameWriter
from modelstream_gemini.dialect.finishes import MALFORMED_CALL

if TYPE_CHECKING:
    from modelstream.deltas import Delta, Usage
    from modelstream.wire import Document, Wire


class GeminiWriter(FrameWriter):
    """Writes one answer. The format has no pieces of calls, so each is kept until its arguments are complete.

    If arguments are not a JSON object at the end, the answer ends as Gemini's do: with the finishReason
    `MALFORMED_FUNCTION_CALL`.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._calls: dict[int, ToolCallDelta] = {}

    def write(self, delta: str | Delta) -> list[Document]:
        """The frame for the delta; none for a piece of a call that is incomplete."""
        if not isinstance(delta, ToolCallDelta):
            return super().write(delta)
        call = self._calls[delta.index] = _joined(self._calls.get(delta.index), delta)
        # Only its last brace makes a text a JSON object, so nothing is emitted too early.
        if not call.arguments.rstrip().endswith("}") or arguments_object(call.arguments) is None:
            return []
        del self._calls[delta.index]
        return super().write(call)

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """Calls without arguments, and the end."""
        calls, self._calls = self._calls.values(), {}
        if any(arguments_object(call.arguments) is None for call in calls):
            return super().end(Finish(finish.reason, MALFORMED_CALL), usage)
        frames = [frame for call in calls for frame in super(GeminiWriter, self).write(call)]
        return [*frames, *super().end(finish, usage)]


def _joined(before: ToolCallDelta | None, piece: ToolCallDelta) -> ToolCallDelta:
    if before is None:
        return piece
    return ToolCallDelta(
        piece.index, before.id or piece.id, before.name or piece.name, before.arguments + piece.arguments
    )


def arguments_object(text: str) -> dict[str, Any] | None:
    """The arguments of a call; None if they are not a JSON object. No text stands for no arguments."""
    try:
        found = json.loads(text) if text.strip() else {}
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
