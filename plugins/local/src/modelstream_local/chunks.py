"""The engine's chunks, which have OpenAI's shape, as deltas and errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelstream.deltas import Delta, Finish, FinishReason, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import BadRequestError, ProviderError, StreamError

_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}


def deltas_of(chunk: Mapping[str, Any]) -> Iterator[str | Delta]:
    """The deltas of a chunk; none for one that reports progress. Raises the error that a chunk contains.

    Of several answers (`n`) only the first is used: a response is one text.
    """
    if "error" in chunk:
        raise error_of(chunk["error"])
    for choice in chunk.get("choices", ()):
        if choice["index"] == 0:
            yield from _deltas_of_choice(choice)
    usage = chunk.get("usage")
    if usage:
        yield _usage(usage)


def _deltas_of_choice(choice: Mapping[str, Any]) -> Iterator[str | Delta]:
    delta = choice["delta"]
    if delta.get("reasoning_content"):
        yield ReasoningDelta(delta["reasoning_content"])
    if delta.get("content"):
        yield delta["content"]
    for call in delta.get("tool_calls") or ():
        function = call.get("function") or {}
        yield ToolCallDelta(
            call.get("index", 0), call.get("id"), function.get("name"), function.get("arguments") or ""
        )
    reason = choice["finish_reason"]
    if reason is not None:
        yield Finish(_REASONS.get(reason, "stop"), raw=reason)


def _usage(usage: Mapping[str, Any]) -> UsageDelta:
    details = usage.get("prompt_tokens_details") or {}
    return UsageDelta(
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        cached_tokens=details.get("cached_tokens"),
    )


def plain(message: object) -> str:
    """The engine's message without the name that its JSON library gives to the exception."""
    return re.sub(r"\[json\.exception\.[\w.]+\] ", "", str(message))


def error_of(error: Mapping[str, Any]) -> StreamError:
    """Map the engine's error, which comes as a chunk, to one of ours."""
    status, code, message = error.get("code"), error.get("type"), plain(error.get("message", error))
    if code == "exceed_context_size_error":
        message = (
            f"the messages are {error['n_prompt_tokens']} tokens long, and there is room for "
            f"{error['n_ctx']}: shorten them, "
            "or raise context_length in the model config, up to the model's own limit"
        )
    if status is not None and 400 <= status < 500:
        return BadRequestError(message, status=status, code=code)
    return ProviderError(message, status=status, code=code, retryable=status == 503)
