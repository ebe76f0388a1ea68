"""Ollama's answers: one JSON document a line, of `/api/chat` and of `/api/generate`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream.deltas import Finish, ReasoningDelta, StateDelta, ToolCallDelta, UsageDelta
from modelstream.errors import ProviderError
from modelstream.wire import FINISHES, error_in, finish_of, is_failure, json_decoder, sent_error

if TYPE_CHECKING:
    from modelstream.deltas import Delta, FinishReason


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
    # These two are of /api/generate.
    response: str | None = None
    thinking: str | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: Any = None


_decode = json_decoder(_Frame)

_LOADING = frozenset({"load", "unload"})
"""The reasons of an answer for which the model was loaded or unloaded, and did not run."""

_FINISHES: dict[str, FinishReason] = {**FINISHES, **dict.fromkeys(_LOADING, "stop")}

_BETWEEN = re.compile(rb"(?<=})\s*\n\s*(?={)")
"""A line end between two documents; inside a document, a comma follows a brace that another one follows."""


class OllamaFrames:
    """Reads the frames of one answer. `done: true` is the finish word and the terminal frame."""

    has_terminal: bool = True

    def __init__(self) -> None:
        self.done = False
        self._has_content = False
        self._tool_calls = 0
        self._thinks = False

    def read(self, frame: bytes, deltas: list[str | Delta]) -> None:
        """Append the deltas of one line."""
        line = _decode(frame)
        if line.error is not None:
            raise sent_error(frame)
        start = len(deltas)
        message = line.message
        if message is _NOTHING and line.response is None and not line.done:
            failure = error_in(frame)
            if failure is not None:
                raise failure
        thinking = message.thinking or line.thinking
        if thinking:
            if not self._thinks:
                self._thinks = True
                deltas.append(StateDelta({}, "thinking"))
            deltas.append(ReasoningDelta(thinking))
        text = message.content or line.response
        if text:
            deltas.append(text)
        deltas.extend(map(self._tool_call, message.tool_calls or ()))
        if len(deltas) > start:
            self._has_content = True
        if line.done:
            self._end(line, deltas)

    def read_whole(self, body: bytes, deltas: list[str | Delta]) -> None:
        """Append the deltas of an answer that was not streamed: one document, or lines all the same."""
        for document in _BETWEEN.split(body.strip()):
            self.read(document, deltas)
            if self.done:
                break

    def _tool_call(self, call: _ToolCall) -> ToolCallDelta:
        number = self._tool_calls
        self._tool_calls += 1
        return ToolCallDelta(number, call.id, call.function.name, _as_json(call.function.arguments))

    def _end(self, line: _Frame, deltas: list[str | Delta]) -> None:
        if line.prompt_eval_count is not None or line.eval_count is not None:
            deltas.append(UsageDelta(line.prompt_eval_count, line.eval_count))
        raw = line.done_reason or None
        word = "stop" if raw is None else raw.lower()
        _check(word, raw, has_content=self._has_content)
        finish = Finish("stop") if raw is None else finish_of(word, _FINISHES, raw)
        # Ollama sends "stop" for tool calls.
        deltas.append(Finish("tool_calls", raw) if self._tool_calls and finish.reason == "stop" else finish)
        self.done = True


def _check(word: str, raw: str | None, *, has_content: bool) -> None:
    """Raise the error for a reason that means that there is no answer."""
    if word in _LOADING and not has_content:
        raise ProviderError(
            f"the server has only {word}ed the model (done_reason {raw!r}): it does so for a call without "
            "content, such as one whose last message is empty",
            code=raw,
            retryable=False,
        )
    if is_failure(word):
        raise ProviderError(f"the provider failed (done_reason {raw!r})", code=raw, retryable=True)


def _as_json(arguments: Any) -> str:
    if isinstance(arguments, str):
        return arguments
    # Not msgspec, which would round integers beyond 64 bits.
    return json.dumps({} if arguments is None else arguments, ensure_ascii=False)
