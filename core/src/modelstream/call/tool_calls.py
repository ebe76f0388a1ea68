"""Assembles tool calls from their deltas."""

from __future__ import annotations

import uuid

from modelstream.deltas import ToolCall, ToolCallDelta


class _Draft:
    __slots__ = ("arguments", "id", "name")

    def __init__(self, call_id: str) -> None:
        self.id = call_id
        self.name = ""
        self.arguments: list[str] = []


class ToolCalls:
    """The calls of one answer by index, in the order in which they began."""

    __slots__ = ("_drafts",)

    def __init__(self) -> None:
        self._drafts: dict[int, _Draft] = {}

    def add(self, delta: ToolCallDelta, arguments: str) -> ToolCallDelta:
        """Add a delta with its joined `arguments`; returns it, with an id if it begins a call."""
        draft = self._drafts.get(delta.index)
        if draft is None:
            # Generated here, not on reading: readers, sinks and replays must all see the same id.
            draft = self._drafts[delta.index] = _Draft(delta.id or f"call_{uuid.uuid4().hex[:24]}")
            delta = ToolCallDelta(delta.index, draft.id, delta.name, arguments)
        elif delta.id:
            draft.id = delta.id
        if delta.name:
            draft.name = delta.name
        if arguments:
            draft.arguments.append(arguments)
        if arguments is not delta.arguments:
            delta = ToolCallDelta(delta.index, delta.id, delta.name, arguments)
        return delta

    def whole(self) -> list[ToolCall]:
        """The calls so far."""
        return [ToolCall(d.id, d.name, "".join(d.arguments)) for d in list(self._drafts.values())]
