"""DashScope's frames: the answer within `output`, its end a `finish_reason` that is not "null"."""

from __future__ import annotations

from typing import Any

import msgspec

from modelstream.deltas import ReasoningDelta, TextDelta, ToolCallDelta, UsageDelta
from modelstream.errors import MalformedDataError, ProviderError, StreamError
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
    is_failure,
    is_lasting,
    json_decoder,
    sent_error,
)
from modelstream_dashscope.pieces import JsonPieces, Mode, Pieces

_STATUS = b"HTTP_STATUS/"
"""How the comment with a frame's HTTP status begins."""


class _Output(msgspec.Struct, gc=False):
    """`choices` in the message form; `text` and `finish_reason` in the older text form.

    `message` and what follows it are those of `qwen-deep-research`, whose fields have both spellings.
    """

    choices: list[Choice] | None = None
    text: str | None = None
    finish_reason: str | None = None
    message: Any = None
    finished: Any = None
    fininshed: Any = None
    finished_reason: Any = None
    fininshed_reason: Any = None


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
        self._mode = Mode()
        self._text = Pieces(self._mode)
        self._reasoning = Pieces(self._mode)
        self._arguments: dict[int, Pieces] = {}
        self._calls = ToolIndexes()
        self._finished = False
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
        for choice in _choices(decoded.output, deltas):
            if not choice.index:
                finish = _end(choice.finish_reason) or finish
                last = finish is not None and not self._finished
                self._read_message(choice.message or ChoiceMessage(), deltas, last=last)
        if finish:
            self._finish(finish, deltas)

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
        text = message.content if type(message.content) is str else _joined(message.content)
        reasoning = message.reasoning_content
        if type(reasoning) is str and reasoning:
            reasoning = self._reasoning.add(reasoning, self._new_tokens, last=last, is_over=bool(text))
            if reasoning:
                deltas.append(ReasoningDelta(reasoning))
        if text or (self._mode.is_whole is None and message.content is not None):
            text = self._text.add(text, self._new_tokens, last=last)
            if text or self._text.waits:
                # A piece that waits is content as well, so that a finish word before it is not believed.
                deltas.append(text or TextDelta(""))
        for call in message.tool_calls or ():
            function = call.function or Function()
            # Only the first piece of a call has an id; in the others it is empty.
            index, new = self._calls.place(call.index, call.id or None, function.name)
            pieces = self._arguments.setdefault(index, JsonPieces(self._mode))
            arguments = pieces.add(_json_text(function.arguments), last=last)
            if new or arguments:
                deltas.append(
                    ToolCallDelta(index, (call.id or None) if new else None, function.name or None, arguments)
                )

    def _finish(self, raw: str, deltas: Deltas) -> None:
        """Append what still waits, and the finish."""
        self._finished = True
        self.flush(deltas, cut=False)
        word = raw.lower()
        if is_failure(word):
            again = not is_lasting(word)
            raise ProviderError(f"the provider failed (finish_reason {raw!r})", code=raw, retryable=again)
        deltas.append(finish_of(word, FINISHES, raw))

    def flush(self, deltas: Deltas, *, cut: bool = True) -> None:
        """Append what still waits; `cut` if the answer has no end."""
        if reasoning := self._reasoning.end(cut=cut):
            deltas.append(ReasoningDelta(reasoning))
        if text := self._text.end(cut=cut):
            deltas.append(text)
        for index, pieces in self._arguments.items():
            if arguments := pieces.end(cut=cut):
                deltas.append(ToolCallDelta(index, arguments=arguments))

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


def _choices(output: _Output, deltas: Deltas) -> list[Choice]:
    if output.choices is not None:
        return output.choices
    if type(output.message) is dict:
        return [_research(output, output.message, deltas)]
    return [Choice(message=ChoiceMessage(content=output.text), finish_reason=output.finish_reason)]


def _research(output: _Output, message: dict[str, Any], deltas: Deltas) -> Choice:
    """A frame of `qwen-deep-research`: its plan is reasoning; its searches have no text of the answer."""
    content, phase = message.get("content"), message.get("phase")
    if phase in (None, "answer"):
        read = ChoiceMessage(content=content)
    else:
        read = ChoiceMessage(reasoning_content=content)
        if not content and phase != "KeepAlive":
            deltas.append(TextDelta(""))
    reasons = (output.finish_reason, output.finished_reason, output.fininshed_reason)
    reason = next((one for one in reasons if type(one) is str and _end(one)), None)
    ended = phase == "answer" and message.get("status") == "finished"
    if reason is None and (ended or output.finished is True or output.fininshed is True):
        reason = "stop"
    return Choice(message=read, finish_reason=reason)


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
