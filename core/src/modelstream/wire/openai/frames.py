"""The frames of OpenAI's chat completions, which a hundred other providers and servers send as well.

All of them send the same shape, and none sends only that: what is read here beyond OpenAI's own is what the
others are known to send. The end marker is a `finish_reason`; `[DONE]` alone is none, for servers send it
behind a cut answer, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from modelstream.call.error_mapping import sent_error
from modelstream.deltas import Finish, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import MalformedDataError, ProviderError
from modelstream.wire.decoding import excerpt, json_decoder
from modelstream.wire.openai.shape import (
    DONE,
    FAILURES,
    FINISHES,
    NO_FINISHES,
    Call,
    Choice,
    Frame,
    Function,
    Said,
)
from modelstream.wire.openai.tool_indexes import ToolIndexes
from modelstream.wire.sse import ErrorData, SseFramer

if TYPE_CHECKING:
    from modelstream.deltas import FinishReason
    from modelstream.wire.wrapper import News

_decode = json_decoder(Frame)


class OpenAIFrames:
    """Reads the frames of one answer; of several choices (`n`) the first one.

    The text of a refusal is shown as text, and then the finish reason is `refusal`.
    """

    finishes: ClassVar[dict[str, FinishReason]] = FINISHES

    def __init__(self) -> None:
        self.done = False
        self._refused = False
        self._calls = ToolIndexes()

    def read(self, frame: bytes, news: News) -> None:
        """Append what `frame` says."""
        if frame == DONE:
            self.done = True
            return
        try:
            got = _decode(frame)
        except MalformedDataError:
            if isinstance(frame, ErrorData):
                raise sent_error(frame) from None
            raise
        if got.error or not got.choices:
            _check(got, frame)
        finish = None
        for choice in got.choices or ():
            if not choice.index:
                self._read_choice(choice, news)
                finish = choice.finish_reason or finish
        if got.usage or got.x_groq:
            _read_usage(got.usage or got.x_groq, news)
        if finish:
            self._finish(finish, news)

    def read_whole(self, body: bytes, news: News) -> None:
        """Append what the body of an answer that was not streamed says."""
        if body.lstrip().startswith((b"data:", b"event:", b":")):
            # A server, or one before it, that streams whether or not it is asked to.
            framer = SseFramer()
            for frame in (*framer.feed(body), *framer.finish()):
                self.read(frame, news)
            return
        if not body.strip():
            raise MalformedDataError("the answer is empty")
        self.read(body, news)
        if all(type(one) is UsageDelta for one in news):
            raise MalformedDataError(f"the answer has no choices: {excerpt(body)}")

    def _read_choice(self, choice: Choice, news: News) -> None:
        said = choice.delta or choice.message
        if said is not None:
            content = said.content
            if type(content) is str and not (said.reasoning_content or said.reasoning):
                if content:
                    news.append(content)
            else:
                self._read_mixed(said, news)
            if said.refusal or said.tool_calls or said.function_call:
                self._read_rare(said, news)
        if choice.usage:
            _read_usage(choice.usage, news)

    def _read_mixed(self, said: Said, news: News) -> None:
        """Append reasoning, and content that is no plain text."""
        reasoning = said.reasoning_content or said.reasoning
        if type(reasoning) is str and reasoning:
            news.append(ReasoningDelta(reasoning))
        content = said.content
        for part in content if type(content) is list else [content]:
            self._read_part(part, news)

    def _read_part(self, part: Any, news: News) -> None:
        if type(part) is str and part:
            news.append(part)
        elif type(part) is dict:
            thoughts = part.get("thinking")
            for thought in thoughts if type(thoughts) is list else [thoughts]:
                text = thought.get("text") if type(thought) is dict else thought
                if type(text) is str and text:
                    news.append(ReasoningDelta(text))
            self._read_part(part.get("text"), news)
            self._read_refusal(part.get("refusal"), news)

    def _read_rare(self, said: Said, news: News) -> None:
        """Append a refusal, and pieces of calls."""
        self._read_refusal(said.refusal, news)
        calls = said.tool_calls or []
        if said.function_call and not calls:
            calls = [Call(0, None, said.function_call)]
        for call in calls:
            function = call.function or Function()
            index, new = self._calls.place(call.index, call.id, function.name)
            arguments = _json_text(function.arguments)
            # Of a call that has begun the id is known; some servers make up another for every piece.
            news.append(ToolCallDelta(index, call.id if new else None, function.name or None, arguments))

    def _read_refusal(self, refusal: Any, news: News) -> None:
        if type(refusal) is str and refusal:
            self._refused = True
            news.append(refusal)

    def _finish(self, raw: str, news: News) -> None:
        word = raw.lower()
        if word in NO_FINISHES:
            return
        if word in FAILURES:
            raise ProviderError(f"the provider gave up (finish_reason {raw!r})", code=raw, retryable=True)
        reason = "refusal" if self._refused else self.finishes.get(word, "stop")
        news.append(Finish(reason, raw))


def _check(got: Frame, frame: bytes) -> None:
    """Raise the error that a frame without choices is, if it is one."""
    if got.error or isinstance(frame, ErrorData):
        raise sent_error(frame)
    if got.choices is None and not got.usage:
        said = msgspec.json.decode(frame)
        told = "code" in said and ("message" in said or "msg" in said)
        if told or said.get("object") == "error":
            raise sent_error(said)


def _json_text(arguments: Any) -> str:
    if type(arguments) is str:
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def _read_usage(usage: Any, news: News) -> None:
    if type(usage) is not dict:
        return
    usage = usage.get("usage", usage)  # Groq has it within `x_groq` for those who did not ask for it
    counts = (
        _count(usage, "prompt_tokens"),
        _count(usage, "completion_tokens"),
        _count(_inner(usage, "completion_tokens_details"), "reasoning_tokens"),
        _count(_inner(usage, "prompt_tokens_details"), "cached_tokens"),
    )
    if any(count is not None for count in counts):
        news.append(UsageDelta(*counts))


def _inner(values: Any, name: str) -> Any:
    return values.get(name) if type(values) is dict else None


def _count(counts: Any, name: str) -> int | None:
    found = _inner(counts, name)
    return int(found) if isinstance(found, int | float) else None
