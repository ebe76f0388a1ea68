"""Calls from existing values: `ModelResponse(text=…)` and `ModelResponse(stream=…)`.

They are read like any other call, so they stream, replay, end and fail by the same rules.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

from modelstream.call.pulled import PulledCall
from modelstream.config import ModelConfig
from modelstream.deltas import Finish, ToolCall, ToolCallDelta, Yielded
from modelstream.errors import MalformedDataError
from modelstream.request import Request

MODEL_TYPE = "adopted"


def call_from_values(
    text: str | None, stream: Iterable[str] | None, tool_calls: Iterable[Any], raw: Any
) -> PulledCall:
    """Create a call whose answer is `text`, or what `stream` yields, each item the whole text so far.

    `tool_calls` are `ToolCall`s or `tool_use` blocks; `raw` takes the place of the provider's chunks.
    """
    if isinstance(stream, str):
        raise TypeError(
            "ModelResponse(stream=…) expects an iterable of the text so far; pass a str as text=…."
        )
    request = Request([], stream=stream is not None)
    request.raw_chunks = raw
    return PulledCall(_Values(text, stream, tool_calls), request)


class _Values:
    """Yields existing values as a wrapper does. Without a provider it needs neither timeouts nor retries."""

    config = ModelConfig(
        model_type=MODEL_TYPE,
        first_delta_timeout=None,
        idle_timeout=None,
        total_timeout=None,
        max_retries=0,
    )

    def __init__(self, text: str | None, stream: Iterable[str] | None, tool_calls: Iterable[Any]) -> None:
        self._text = text
        self._stream = stream
        self._tool_calls = [_tool_call_delta(index, call) for index, call in enumerate(tool_calls)]

    def deltas(self, request: Request) -> Iterator[Yielded]:
        yield None  # opens the call, without starting the generator before its first reader
        if self._stream is not None:
            yield from _suffixes(self._stream)
        elif self._text:
            yield self._text
        yield from self._tool_calls
        yield Finish("tool_calls" if self._tool_calls else "stop")

    def adeltas(self, request: Request) -> AsyncIterator[Yielded]:
        raise NotImplementedError


def _suffixes(texts: Iterable[Any]) -> Iterator[str]:
    """Yield what each text adds to the one before. Closes the generator that it reads."""
    shown = ""
    try:
        for text in texts:
            if not isinstance(text, str) or not text.startswith(shown):
                raise _not_a_continuation(text, shown)
            if len(text) > len(shown):
                yield text[len(shown) :]
            shown = text
    finally:
        close = getattr(texts, "close", None)
        if close is not None:
            close()


def _not_a_continuation(text: Any, shown: str) -> MalformedDataError:
    yielded = f"ModelResponse(stream=…) yielded {_clipped(text)}"
    if not isinstance(text, str):
        return MalformedDataError(f"{yielded}; expected the text so far, a str.")
    return MalformedDataError(
        f"{yielded}, which does not start with the previous text, {_clipped(shown)}."
        "\nEach item is the whole text so far. A wrapper that has only increments yields them from deltas()."
    )


def _tool_call_delta(index: int, call: Any) -> ToolCallDelta:
    """Convert a tool call, or the `tool_use` block of a message, to a delta."""
    if isinstance(call, ToolCall):
        return ToolCallDelta(index, call.id, call.name, call.arguments)
    if not (isinstance(call, Mapping) and call.get("name")):
        raise ValueError(
            f"ModelResponse(tool_calls=…): {_clipped(call)} is neither a ToolCall nor a tool_use block with"
            " a name."
        )
    arguments = call.get("input", {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCallDelta(index, call.get("id"), call["name"], text)


def _clipped(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:80] + "…"
