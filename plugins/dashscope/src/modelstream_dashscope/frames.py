"""DashScope's frames: the answer within `output`, its end a `finish_reason` that is not "null"."""

from __future__ import annotations

from typing import Any

import msgspec

from modelstream.deltas import ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import MalformedDataError, StreamError
from modelstream.wire import (
    FINISHES,
    NO_FINISHES,
    Choice,
    ChoiceMessage,
    Deltas,
    Function,
    SseEvent,
    SseEventFramer,
    ToolIndexes,
    error_in,
    excerpt,
    finish_of,
    http_error,
    json_decoder,
    sent_error,
)
from modelstream_dashscope.pieces import JsonPieces, Pieces

_STATUS = b"HTTP_STATUS/"
"""How the comment with a frame's HTTP status begins."""


class _Output(msgspec.Struct, gc=False):
    """`choices` in the message form; `text` and `finish_reason` in the older text form."""

    choices: list[Choice] | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Frame(msgspec.Struct, gc=False):
    output: _Output | None = None
    usage: Any = None
    code: Any = None


_decode = json_decoder(_Frame)


class DashScopeFrames:
    """Reads the frames of one answer; of several choices (`n`) the first one. There is no terminal frame."""

    has_terminal: bool = False

    def __init__(self) -> None:
        self.done = False
        self._text = Pieces()
        self._reasoning = Pieces()
        self._arguments: dict[int, Pieces] = {}
        self._calls = ToolIndexes()
        self._output_tokens = 0
        self._new_tokens: int | None = None

    def read(self, frame: SseEvent, deltas: Deltas) -> None:
        """Append the deltas of `frame`."""
        status = _status(frame)
        if frame.event == b"error" or status >= 400:
            raise _error(frame.data, status)
        decoded = _decode(frame.data)
        if decoded.output is None:
            failure = _error(frame.data, status) if decoded.code else error_in(frame.data)
            if failure is not None:
                raise failure
        self._read_usage(decoded.usage, deltas)
        if decoded.output is None:
            return
        finish = None
        for choice in _choices(decoded.output):
            if not choice.index:
                finish = _end(choice.finish_reason) or finish
                self._read_message(choice.message or ChoiceMessage(), deltas, last=finish is not None)
        if finish:
            deltas.append(finish_of(finish.lower(), FINISHES, finish))

    def read_whole(self, body: bytes, deltas: Deltas) -> None:
        """Append the deltas of the body of an answer that was not streamed."""
        if not body.strip():
            raise MalformedDataError("the answer is empty")
        framer = SseEventFramer()
        for frame in (*framer.feed(body), *framer.finish()):
            self.read(frame, deltas)
        if all(type(delta) is UsageDelta for delta in deltas):
            raise MalformedDataError(f"the answer has no output: {excerpt(body)}")

    def _read_message(self, message: ChoiceMessage, deltas: Deltas, *, last: bool) -> None:
        reasoning = message.reasoning_content
        if type(reasoning) is str and reasoning:
            reasoning = self._reasoning.add(reasoning, self._new_tokens, last=last)
            if reasoning:
                deltas.append(ReasoningDelta(reasoning))
        text = message.content if type(message.content) is str else _joined(message.content)
        if text and (text := self._text.add(text, self._new_tokens, last=last)):
            deltas.append(text)
        for call in message.tool_calls or ():
            function = call.function or Function()
            # Only the first piece of a call has an id; in the others it is empty.
            index, new = self._calls.place(call.index, call.id or None, function.name)
            pieces = self._arguments.setdefault(index, JsonPieces())
            arguments = pieces.add(_json_text(function.arguments))
            if new or arguments:
                deltas.append(
                    ToolCallDelta(index, (call.id or None) if new else None, function.name or None, arguments)
                )

    def _read_usage(self, usage: Any, deltas: Deltas) -> None:
        if type(usage) is not dict:
            return
        output_tokens = _count(usage, "output_tokens")
        counts = (
            _count(usage, "input_tokens"),
            output_tokens,
            _count(usage.get("output_tokens_details"), "reasoning_tokens"),
            _count(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"), "cached_tokens"),
        )
        if any(count is not None for count in counts):
            deltas.append(UsageDelta(*counts))
        # The counts are totals; a text needs to know how many tokens this frame has added.
        self._new_tokens = None if output_tokens is None else output_tokens - self._output_tokens
        self._output_tokens = output_tokens or self._output_tokens


def _choices(output: _Output) -> list[Choice]:
    if output.choices is None:
        return [Choice(message=ChoiceMessage(content=output.text), finish_reason=output.finish_reason)]
    return output.choices


def _end(finish: str | None) -> str | None:
    return None if finish is None or finish.lower() in NO_FINISHES else finish


def _joined(content: Any) -> str:
    """The text of the content parts of a multimodal model."""
    parts = content if type(content) is list else ()
    texts = (part.get("text") for part in parts if type(part) is dict)
    return "".join(text for text in texts if type(text) is str)


def _json_text(arguments: Any) -> str:
    if type(arguments) is str:
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def _count(counts: Any, name: str) -> int | None:
    found = counts.get(name) if type(counts) is dict else None
    return int(found) if isinstance(found, int | float) else None


def _status(frame: SseEvent) -> int:
    """The HTTP status in a comment of the frame; 200 without one."""
    for comment in frame.comments:
        if comment.startswith(_STATUS) and (status := comment[len(_STATUS) :].strip()).isdigit():
            return int(status)
    return 200


def _error(data: bytes, status: int) -> StreamError:
    return http_error(status, data) if status >= 400 else sent_error(data)
