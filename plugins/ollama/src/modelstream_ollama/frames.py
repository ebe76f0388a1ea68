"""Ollama's answers: one JSON document a line, of `/api/chat` and of `/api/generate`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream.deltas import Finish, FinishReason, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.wire import json_decoder, sent_error

if TYPE_CHECKING:
    from modelstream.deltas import Delta


class _Function(msgspec.Struct, gc=False):
    name: str = ""
    arguments: Any = None


class _ToolCall(msgspec.Struct, gc=False):
    function: _Function
    id: str | None = None


class _Message(msgspec.Struct, gc=False, frozen=True):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_ToolCall] | None = None


_NOTHING = _Message()


class _Frame(msgspec.Struct, gc=False):
    message: _Message = _NOTHING
    response: str | None = None
    thinking: str | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: Any = None


_decode = json_decoder(_Frame)
_BETWEEN = re.compile(rb"(?<=})\s*\n\s*(?={)")  # which no document has inside


class OllamaFrames:
    """Reads the frames of one answer. The end marker is `done: true`, whatever reason stands beside it."""

    def __init__(self) -> None:
        self.done = False
        self._tool_calls = 0

    def read(self, frame: bytes, news: list[str | Delta]) -> None:
        """Append what one line says."""
        said = _decode(frame)
        if said.error is not None:
            raise sent_error(frame)
        message = said.message
        thinking = message.thinking or said.thinking
        if thinking:
            news.append(ReasoningDelta(thinking))
        text = message.content or said.response
        if text:
            news.append(text)
        news.extend(map(self._tool_call, message.tool_calls or ()))
        if said.done:
            self._end(said, news)

    def read_whole(self, body: bytes, news: list[str | Delta]) -> None:
        """Append what an answer that was not streamed says: one document, or lines all the same."""
        for document in _BETWEEN.split(body.strip()):
            self.read(document, news)

    def _tool_call(self, call: _ToolCall) -> ToolCallDelta:
        number = self._tool_calls
        self._tool_calls += 1
        return ToolCallDelta(number, call.id, call.function.name, _as_json(call.function.arguments))

    def _end(self, said: _Frame, news: list[str | Delta]) -> None:
        if said.prompt_eval_count is not None or said.eval_count is not None:
            news.append(UsageDelta(said.prompt_eval_count, said.eval_count))
        # Ollama says "stop" for tool calls, and "load" where it only loaded the model.
        reason: FinishReason = "length" if said.done_reason == "length" else "stop"
        if self._tool_calls and reason == "stop":
            reason = "tool_calls"
        news.append(Finish(reason, said.done_reason))
        self.done = True


def _as_json(arguments: Any) -> str:
    if isinstance(arguments, str):
        return arguments
    return json.dumps({} if arguments is None else arguments, ensure_ascii=False)
