"""The frames of OpenAI's chat completions as structs, and the finish reasons in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from modelstream.deltas import FinishReason

DONE = b"[DONE]"

FINISHES: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "sensitive": "content_filter",
    "refusal": "refusal",
}
"""The finish reasons of providers, mapped to ours. Any other counts as `stop`; `Finish.raw` keeps it."""

FAILURES = frozenset({"error", "abort", "network_error", "insufficient_system_resource"})
"""Values of `finish_reason` by which providers report a failure: errors, not ends."""

NO_FINISHES = frozenset({"", "null"})
"""Values of `finish_reason` that some providers send instead of null."""


class Function(msgspec.Struct, gc=False):
    """A piece of a call. `arguments` is JSON text; some servers send all of them as an object."""

    name: str | None = None
    arguments: Any = None


class Call(msgspec.Struct, gc=False):
    """A piece of a tool call."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    extra_content: Any = None
    provider_specific_fields: Any = None


class ChoiceMessage(msgspec.Struct, gc=False):
    """The content of a choice: what is new (`delta`), or all of it (`message`).

    Fields that have several types, or a wrong one on some servers, are `Any`: an unusable field must not make
    the answer fail.
    """

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None
    reasoning_details: Any = None
    thinking_blocks: Any = None
    extra_content: Any = None


class Choice(msgspec.Struct, gc=False):
    """One of the `n` answers."""

    index: int | None = None
    delta: ChoiceMessage | None = None
    message: ChoiceMessage | None = None
    finish_reason: str | None = None
    usage: Any = None


class Frame(msgspec.Struct, gc=False):
    """One frame, or the whole body of an answer that is not streamed."""

    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None
    x_groq: Any = None
