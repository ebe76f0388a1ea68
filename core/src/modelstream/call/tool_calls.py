"""Assembles tool calls from their deltas."""

from __future__ import annotations

import re
import uuid

import msgspec

from modelstream.deltas import ToolCall, ToolCallDelta


class _Draft:
    __slots__ = ("arguments", "id", "name", "number")

    def __init__(self, number: int, call_id: str) -> None:
        self.number = number
        self.id = call_id
        self.name = ""
        self.arguments: list[str] = []

    def tool_call(self, *, ended: bool) -> ToolCall:
        arguments = "".join(self.arguments)
        if not arguments.strip():
            return ToolCall(self.id, self.name, "{}" if ended else arguments, complete=ended)
        return ToolCall(self.id, self.name, arguments, complete=json_has_ended(arguments))


class ToolCalls:
    """The calls of one answer, numbered in the order in which they began.

    The index in a wrapper's deltas only tells which pieces belong together.
    """

    __slots__ = ("_drafts",)

    def __init__(self) -> None:
        self._drafts: dict[int, _Draft] = {}

    def add(self, delta: ToolCallDelta, arguments: str) -> ToolCallDelta:
        """Add a delta with its joined `arguments`; returns it with the call's number and first id."""
        draft = self._drafts.get(delta.index)
        call_id = delta.id
        if draft is None:
            # Generated here, not on reading: readers, sinks and replays must all see the same id.
            call_id = call_id or f"call_{uuid.uuid4().hex[:24]}"
            draft = self._drafts[delta.index] = _Draft(len(self._drafts), call_id)
        elif call_id:
            draft.id = call_id
        if delta.name:
            draft.name = delta.name
        if arguments:
            draft.arguments.append(arguments)
        if (draft.number, call_id, arguments) == (delta.index, delta.id, delta.arguments):
            return delta
        return ToolCallDelta(draft.number, call_id, delta.name, arguments)

    def whole(self, *, ended: bool) -> list[ToolCall]:
        """The calls so far; once the answer has `ended`, one without arguments has `{}`."""
        return [draft.tool_call(ended=ended) for draft in list(self._drafts.values())]


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]|"', re.DOTALL)


def json_has_ended(text: str) -> bool:
    """Whether the JSON value in `text` has come to its end, even if it is not valid."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        if "truncated" in str(error):
            return False
        return _closes_what_it_opens(text)
    return True


def _closes_what_it_opens(text: str) -> bool:
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] == '"':  # a string without an end
            return False
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
    return depth <= 0
