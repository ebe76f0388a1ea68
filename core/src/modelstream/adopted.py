"""Answers that did not come from a wrapper's deltas: `ModelResponse(text=…)` and `ModelResponse(stream=…)`.

What a stranger hands over is read through a call like any other, so it streams, replays, ends and fails by
the same rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelstream.config import ModelConfig
from modelstream.deltas import Finish, ToolCall, ToolCallDelta, Yielded
from modelstream.errors import MalformedDataError
from modelstream.request import Request
from modelstream.upstream import Upstream
from modelstream.wrapper import ModelWrapper

MODEL_TYPE = "adopted"


class _Given(ModelWrapper):
    """A wrapper around what there is already. It calls nobody, so it has neither clocks nor retries."""

    model_type = MODEL_TYPE

    def __init__(self, text: str | None, stream: Iterable[str] | None, tool_calls: Iterable[Any]) -> None:
        super().__init__(
            ModelConfig(
                model_type=MODEL_TYPE,
                first_delta_timeout=None,
                idle_timeout=None,
                total_timeout=None,
                max_retries=0,
            )
        )
        self._text = text
        self._stream = stream
        self._tool_calls = [_tool_call_delta(index, call) for index, call in enumerate(tool_calls)]

    def deltas(self, request: Request) -> Iterator[Yielded]:
        yield None  # a generator is not touched before somebody reads
        if self._stream is not None:
            yield from _suffixes(self._stream)
        elif self._text:
            yield self._text
        yield from self._tool_calls
        yield Finish("tool_calls" if self._tool_calls else "stop")


class Adopted:
    """How a `ModelResponse` is made of what somebody has in hand."""

    embedding: Any = None
    image_urls: Any = None
    parsed: Any = None

    def __init__(  # noqa: PLR0917 - the order is AgentScope's
        self,
        text: str | None = None,
        embedding: Any = None,
        image_urls: Any = None,
        raw: Any = None,
        parsed: Any = None,
        stream: Iterable[str] | None = None,
        tool_calls: Iterable[Any] | None = None,
    ) -> None:
        """An answer of somebody's own making, for wrappers written for AgentScope.

        `stream` yields the text so far, each item the whole of it; its end is the end of the answer. A `text`
        beside it holds until the stream is read. `tool_calls` are `ToolCall`s or `tool_use` blocks. `raw`,
        `embedding`, `image_urls` and `parsed` are kept as they are.
        """
        if isinstance(stream, str):
            raise TypeError(
                "ModelResponse(stream=…) takes an iterable of the text so far; a str goes to text=…."
            )
        self.embedding, self.image_urls, self.parsed = embedding, image_urls, parsed
        wrapper = _Given(text, stream, tool_calls or ())
        request = Request([], stream=stream is not None)
        request.raw_chunks = raw
        call = Upstream(wrapper, request)
        response: Any = self  # a ModelResponse: nothing else has this base
        response._attach(wrapper, request, call)  # noqa: SLF001
        call.open()
        if stream is None:
            response._drain()  # noqa: SLF001
        elif text is not None:
            response.text = text


def _suffixes(texts: Iterable[Any]) -> Iterator[str]:
    """What is new in each text. Closed early, it closes the stranger's generator."""
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
        f"{yielded}, which does not begin with the text before it, {_clipped(shown)}."
        "\nEach item is the whole text so far. A wrapper that has only what is new yields it from deltas()."
    )


def _tool_call_delta(index: int, call: Any) -> ToolCallDelta:
    """A tool call, or the `tool_use` block of a message, as a delta."""
    if isinstance(call, ToolCall):
        return ToolCallDelta(index, call.id, call.name, call.arguments)
    if not (isinstance(call, Mapping) and call.get("name")):
        raise ValueError(
            f"ModelResponse(tool_calls=…): {_clipped(call)} is no ToolCall, nor a tool_use block with a name."
        )
    arguments = call.get("input", {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCallDelta(index, call.get("id"), call["name"], text)


def _clipped(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:80] + "…"
