"""Reads the frames of OpenAI's chat completions, a format that many other providers share.

Most of them extend the format: what is read here beyond OpenAI's own fields is what others are known to send.
The finish word is a `finish_reason`, the terminal frame is `[DONE]`, which alone is no end: servers also send
it after a cut answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.call.error_mapping import sent_error
from modelstream.deltas import Finish, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import MalformedDataError, ProviderError
from modelstream.wire.decoding import excerpt, json_decoder
from modelstream.wire.ending import finish_of
from modelstream.wire.openai.shape import (
    DONE,
    FAILURES,
    FINISHES,
    NO_FINISHES,
    Call,
    Choice,
    ChoiceMessage,
    Frame,
    Function,
)
from modelstream.wire.openai.states import StateReader
from modelstream.wire.openai.tool_indexes import ToolIndexes
from modelstream.wire.sse import ErrorData, SseFramer

if TYPE_CHECKING:
    from modelstream.deltas import FinishReason
    from modelstream.wire.wrapper import Deltas

_decode = json_decoder(Frame)


class OpenAIFrames:
    """Reads the frames of one answer; of several choices (`n`) only the first.

    The text of a refusal becomes text of the answer, with the finish reason `refusal`.
    """

    finishes: ClassVar[dict[str, FinishReason]] = FINISHES
    has_terminal: bool = True

    def __init__(self) -> None:
        self.done = False
        self._refused = False
        self._calls = ToolIndexes()
        self._state = StateReader()

    def read(self, frame: bytes, deltas: Deltas) -> None:
        """Append the deltas in `frame`."""
        if frame == DONE:
            self.done = True
            self._state.flush(deltas)
            return
        try:
            decoded = _decode(frame)
        except MalformedDataError:
            if isinstance(frame, ErrorData):
                raise sent_error(frame) from None
            raise
        if decoded.error or not decoded.choices:
            _check(decoded, frame)
        finish = None
        for choice in decoded.choices or ():
            if not choice.index:
                self._read_choice(choice, deltas)
                finish = choice.finish_reason or finish
        if decoded.usage or decoded.x_groq:
            _read_usage(decoded.usage or decoded.x_groq, deltas)
        if finish:
            self._state.flush(deltas)
            self._finish(finish, deltas)

    def read_whole(self, body: bytes, deltas: Deltas) -> None:
        """Append the deltas of an answer that was not streamed."""
        if body.lstrip().startswith((b"data:", b"event:", b":")):
            # Some servers and gateways stream even if the request does not ask for it.
            framer = SseFramer()
            for frame in (*framer.feed(body), *framer.finish()):
                self.read(frame, deltas)
                if self.done:
                    break
            return
        if not body.strip():
            raise MalformedDataError("the answer is empty")
        self.read(body, deltas)
        self._state.flush(deltas)
        if all(type(delta) is UsageDelta for delta in deltas):
            raise MalformedDataError(f"the answer has no choices: {excerpt(body)}")

    def _read_choice(self, choice: Choice, deltas: Deltas) -> None:
        message = choice.delta or choice.message
        if message is not None:
            content = message.content
            if type(content) is str and not (message.reasoning_content or message.reasoning):
                if content:
                    deltas.append(content)
            else:
                self._read_mixed(message, deltas)
            if message.refusal or message.tool_calls or message.function_call:
                self._read_rare(message, deltas)
            if message.reasoning_details or message.thinking_blocks or message.extra_content:
                self._state.add_message(message, deltas)
        if choice.usage:
            _read_usage(choice.usage, deltas)

    def _read_mixed(self, message: ChoiceMessage, deltas: Deltas) -> None:
        """Append reasoning, and content that is not plain text."""
        reasoning = message.reasoning_content or message.reasoning
        if type(reasoning) is str and reasoning:
            if message.reasoning_content:
                self._state.begin_reasoning(deltas)
            deltas.append(ReasoningDelta(reasoning))
        content = message.content
        for part in content if type(content) is list else [content]:
            self._read_part(part, deltas)

    def _read_part(self, part: Any, deltas: Deltas) -> None:
        if type(part) is str and part:
            deltas.append(part)
        elif type(part) is dict:
            thoughts = part.get("thinking")
            for thought in thoughts if type(thoughts) is list else [thoughts]:
                text = thought.get("text") if type(thought) is dict else thought
                if type(text) is str and text:
                    deltas.append(ReasoningDelta(text))
            self._read_part(part.get("text"), deltas)
            self._read_refusal(part.get("refusal"), deltas)

    def _read_rare(self, message: ChoiceMessage, deltas: Deltas) -> None:
        """Append a refusal, and pieces of calls."""
        self._read_refusal(message.refusal, deltas)
        calls = message.tool_calls or []
        if message.function_call and not calls:
            calls = [Call(0, None, message.function_call)]
        for call in calls:
            function = call.function or Function()
            index, new = self._calls.place(call.index, call.id, function.name)
            arguments = _json_text(function.arguments)
            # Only the first piece has the call's id: some servers make up a new one for every piece.
            call_id = self._state.add_call(index, call, deltas, new=new)
            deltas.append(ToolCallDelta(index, call_id, function.name or None, arguments))

    def _read_refusal(self, refusal: Any, deltas: Deltas) -> None:
        if type(refusal) is str and refusal:
            self._refused = True
            deltas.append(refusal)

    def _finish(self, raw: str, deltas: Deltas) -> None:
        word = raw.lower()
        if word in NO_FINISHES:
            return
        if word in FAILURES:
            raise ProviderError(f"the provider failed (finish_reason {raw!r})", code=raw, retryable=True)
        deltas.append(Finish("refusal", raw) if self._refused else finish_of(word, self.finishes, raw))


def _check(decoded: Frame, frame: bytes) -> None:
    """Raise the error in a frame without choices, if it has one."""
    if decoded.error or isinstance(frame, ErrorData):
        raise sent_error(frame)
    if decoded.choices is None and not decoded.usage:
        document = msgspec.json.decode(frame)
        has_code = "code" in document and ("message" in document or "msg" in document)
        if has_code or document.get("object") == "error":
            raise sent_error(document)


def _json_text(arguments: Any) -> str:
    if type(arguments) is str:
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def _read_usage(usage: Any, deltas: Deltas) -> None:
    if type(usage) is not dict:
        return
    usage = usage.get("usage", usage)  # Groq sends it in `x_groq` where `include_usage` is not set
    counts = (
        _count(usage, "prompt_tokens"),
        _count(usage, "completion_tokens"),
        _count(_inner(usage, "completion_tokens_details"), "reasoning_tokens"),
        _count(_inner(usage, "prompt_tokens_details"), "cached_tokens"),
    )
    if any(count is not None for count in counts):
        deltas.append(UsageDelta(*counts))


def _inner(values: Any, name: str) -> Any:
    return values.get(name) if type(values) is dict else None


def _count(counts: Any, name: str) -> int | None:
    count = _inner(counts, name)
    return int(count) if isinstance(count, int | float) else None
