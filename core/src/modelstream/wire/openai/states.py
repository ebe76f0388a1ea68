"""What servers with OpenAI's format want back with their answers: read from frames, written into messages.

DeepSeek, GLM and others want `reasoning_content`, OpenRouter and MiniMax `reasoning_details`, LiteLLM
`thinking_blocks`, and Gemini's compatible endpoint the `extra_content` of messages and tool calls.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from modelstream.deltas import StateDelta, ToolCallDelta

if TYPE_CHECKING:
    from modelstream.wire.openai.shape import Call, ChoiceMessage
    from modelstream.wire.wrapper import Deltas

LISTS = ("reasoning_details", "thinking_blocks")
"""Fields with a list of blocks, which are sent in pieces."""

_OF_CALLS = ("extra_content", "provider_specific_fields")
_TEXTS = ("text", "thinking", "summary")
"""The fields of a block whose pieces are joined; of all others the last value counts."""

_DISTINCT = 3
"""Different characters by which a repeated beginning is recognized, as in `MiniMax`'s whole texts."""


class StateReader:
    """Collects what one answer's server wants back."""

    __slots__ = ("_blocks", "_call_ids", "_has_reasoning", "_of_call", "_seen")

    def __init__(self) -> None:
        self._blocks: dict[str, list[dict[str, Any]]] = {}
        self._call_ids: dict[int, str | None] = {}
        # Fields of a call whose first delta is still to come.
        self._of_call: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._has_reasoning = False

    def begin_reasoning(self, deltas: Deltas) -> None:
        """Note that the answer has `reasoning_content`; the core adds the text."""
        if not self._has_reasoning:
            self._has_reasoning = True
            deltas.append(StateDelta({}, "reasoning_content"))

    def add_message(self, message: ChoiceMessage, deltas: Deltas, *, whole: bool = False) -> None:
        """Add the fields of a piece of the message, or of a `whole` one, which repeats the pieces."""
        for name in LISTS:
            pieces = getattr(message, name)
            if type(pieces) is list and not (whole and name in self._seen):
                self._seen.add(name)
                merge_blocks(self._blocks.setdefault(name, []), pieces)
        if _is_signed(message.extra_content):
            deltas.append(StateDelta({"extra_content": message.extra_content}))

    def add_call(
        self, number: int | None, call: Call, delta: ToolCallDelta | None, deltas: Deltas
    ) -> ToolCallDelta | None:
        """Add the fields of a piece of a call; returns its delta, with an id if the fields need one.

        `number` is that of the call, or None if it has not begun: its fields then wait for it.
        """
        self._of_call |= {
            name: value for name in _OF_CALLS if type(value := getattr(call, name)) is dict and value
        }
        if number is None:
            return None
        call_id = self._call_ids.setdefault(number, delta.id if delta else None)
        fields, self._of_call = self._of_call, {}
        if not fields:
            return delta
        if call_id is None:
            call_id = self._call_ids[number] = f"call_{uuid.uuid4().hex[:24]}"
            delta = ToolCallDelta(number, call_id, *((delta.name, delta.arguments) if delta else ()))
        deltas.append(StateDelta({"tool_call": call_id, **fields}))
        return delta

    def flush(self, deltas: Deltas) -> None:
        """Append the blocks so far: the answer may be at its end."""
        if self._blocks:
            deltas += [StateDelta({name: blocks}) for name, blocks in self._blocks.items() if blocks]
            self._blocks = {}


def restore_state(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message with its `provider_state` in the fields from which it was read.

    Fields that the message has already stay as they are.
    """
    written = dict(message)
    state = written.pop("provider_state", None)
    items = state.get("items") if isinstance(state, Mapping) else None
    fields: dict[str, Any] = {}
    for item in items if isinstance(items, list) else ():
        if "tool_call" in item:
            written["tool_calls"] = [_restored_call(call, item) for call in written.get("tool_calls") or ()]
            continue
        for name in ("reasoning_content", "extra_content"):
            if item.get(name):
                fields[name] = item[name]
        for name in LISTS:
            merge_blocks(fields.setdefault(name, []), item.get(name) or ())
    if not written.get("tool_calls", True):
        del written["tool_calls"]
    return {**{name: value for name, value in fields.items() if value}, **written}


def merge_blocks(blocks: list[dict[str, Any]], pieces: Iterable[Any]) -> None:
    """Add pieces to blocks: a piece that continues the last block is joined with it."""
    for piece in pieces:
        if type(piece) is not dict:
            continue
        last = blocks[-1] if blocks else None
        if last is None or not _continues(last, piece):
            blocks.append(dict(piece))
            continue
        for name, value in piece.items():
            if name in _TEXTS and type(value) is str:
                last[name] = _continued(last.get(name) or "", value, piece)
            elif value is not None and value != "":
                last[name] = value


def _continues(last: Mapping[str, Any], piece: Mapping[str, Any]) -> bool:
    if "data" in last or "data" in piece:
        return False
    for name in ("type", "index", "id"):
        before, after = last.get(name), piece.get(name)
        if None not in (before, after) and before != after:
            return False
    # A signature ends a block.
    return not (last.get("signature") and any(piece.get(name) for name in _TEXTS))


def _continued(before: str, value: str, piece: Mapping[str, Any]) -> str:
    # MiniMax sends the whole text so far with every piece.
    is_whole = str(piece.get("format") or "").startswith("MiniMax") and len(set(before)) >= _DISTINCT
    return value if is_whole and value.startswith(before) else before + value


def _restored_call(call: Any, item: Mapping[str, Any]) -> Any:
    if not isinstance(call, Mapping) or call.get("id") != item["tool_call"]:
        return call
    return {**{name: item[name] for name in _OF_CALLS if name in item}, **call}


def _is_signed(extra: Any) -> bool:
    return type(extra) is dict and any(
        type(one) is dict and "thought_signature" in one for one in (extra, *extra.values())
    )
