"""The assistant's message for the next turn, built from a complete answer."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelstream.call.transcript import Transcript
    from modelstream.deltas import StateDelta, ToolCall


def assistant_message(transcript: Transcript) -> dict[str, Any]:
    """The message of an answer that is complete; tool calls that were cut are omitted."""
    calls = [_tool_call(call) for call in transcript.tool_calls if call.complete]
    message: dict[str, Any] = {"role": "assistant", "content": transcript.text or (None if calls else "")}
    if calls:
        message["tool_calls"] = calls
    if transcript.state:
        message["provider_state"] = _provider_state(transcript)
    return message


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }


def _provider_state(transcript: Transcript) -> dict[str, Any]:
    first = transcript.state[0]
    owner = (first.dialect, first.base_url)
    items = [
        _item(delta, transcript.reasoning)
        for delta in transcript.state
        if (delta.dialect, delta.base_url) == owner
    ]
    return {"dialect": first.dialect, "base_url": first.base_url, "items": items}


def _item(delta: StateDelta, reasoning: str) -> dict[str, Any]:
    # Copied: the caller may change a message, which must not change the answer.
    state: dict[str, Any] = deepcopy(delta.state)
    return state if delta.reasoning is None else {**state, delta.reasoning: reasoning}
