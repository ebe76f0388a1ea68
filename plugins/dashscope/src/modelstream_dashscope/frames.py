"""DashScope's frames: the answer within `output`, its end a `finish_reason` that is not "null"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from modelstream.deltas import Finish, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import MalformedDataError
from modelstream.wire import (
    FINISHES,
    NO_FINISHES,
    Choice,
    Function,
    Said,
    SseEvent,
    SseEventFramer,
    ToolIndexes,
    excerpt,
    http_error,
    json_decoder,
    sent_error,
)
from modelstream_dashscope.pieces import JsonPieces, Pieces

if TYPE_CHECKING:
    from modelstream.deltas import Delta

News = list["str | Delta"]

STATUS = b"HTTP_STATUS/"
"""How the comment begins by which the server tells a frame's status."""


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
    """Reads the frames of one answer; of several choices (`n`) the first one."""

    def __init__(self) -> None:
        self.done = False
        self._text = Pieces()
        self._reasoning = Pieces()
        self._arguments: dict[int, Pieces] = {}
        self._calls = ToolIndexes()
        self._written = 0
        self._tokens: int | None = None

    def read(self, frame: SseEvent, news: News) -> None:
        """Append what `frame` says."""
        status = _status(frame)
        if frame.event == b"error" or status >= 400:
            raise _error(frame.data, status)
        got = _decode(frame.data)
        if got.output is None and got.code:
            raise _error(frame.data, status)
        self._read_usage(got.usage, news)
        if got.output is None:
            return
        finish = None
        for choice in _choices(got.output):
            if not choice.index:
                finish = _end(choice.finish_reason) or finish
                self._read_said(choice.message or Said(), news, last=finish is not None)
        if finish:
            news.append(Finish(FINISHES.get(finish.lower(), "stop"), finish))
            self.done = True

    def read_whole(self, body: bytes, news: News) -> None:
        """Append what the body of an answer that was not streamed says."""
        if not body.strip():
            raise MalformedDataError("the answer is empty")
        framer = SseEventFramer()
        for frame in (*framer.feed(body), *framer.finish()):
            self.read(frame, news)
        if all(type(one) is UsageDelta for one in news):
            raise MalformedDataError(f"the answer has no output: {excerpt(body)}")

    def _read_said(self, said: Said, news: News, *, last: bool) -> None:
        if type(said.reasoning_content) is str and said.reasoning_content:
            thought = self._reasoning.news(said.reasoning_content, self._tokens, last=last)
            if thought:
                news.append(ReasoningDelta(thought))
        text = said.content if type(said.content) is str else _joined(said.content)
        if text and (text := self._text.news(text, self._tokens, last=last)):
            news.append(text)
        for call in said.tool_calls or ():
            function = call.function or Function()
            # Of a call that has begun, the id comes empty.
            index, new = self._calls.place(call.index, call.id or None, function.name)
            known = self._arguments.setdefault(index, JsonPieces())
            arguments = known.news(_json_text(function.arguments))
            if new or arguments:
                news.append(
                    ToolCallDelta(index, (call.id or None) if new else None, function.name or None, arguments)
                )

    def _read_usage(self, usage: Any, news: News) -> None:
        if type(usage) is not dict:
            return
        written = _count(usage, "output_tokens")
        counts = (
            _count(usage, "input_tokens"),
            written,
            _count(usage.get("output_tokens_details"), "reasoning_tokens"),
            _count(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"), "cached_tokens"),
        )
        if any(count is not None for count in counts):
            news.append(UsageDelta(*counts))
        self._tokens = None if written is None else written - self._written
        self._written = written or self._written


def _choices(output: _Output) -> list[Choice]:
    if output.choices is None:
        return [Choice(message=Said(content=output.text), finish_reason=output.finish_reason)]
    return output.choices


def _end(finish: str | None) -> str | None:
    return None if finish is None or finish.lower() in NO_FINISHES else finish


def _joined(content: Any) -> str:
    """The text of the parts that a multimodal model answers in."""
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
    """The status that a comment of the frame tells; 200 without one."""
    for comment in frame.comments:
        if comment.startswith(STATUS) and (told := comment[len(STATUS) :].strip()).isdigit():
            return int(told)
    return 200


def _error(data: bytes, status: int) -> Exception:
    return http_error(status, data) if status >= 400 else sent_error(data)
