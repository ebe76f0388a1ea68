"""The frames of Gemini's answers, as deltas."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from modelstream.deltas import Delta, Finish, ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.errors import MalformedDataError, ProviderError
from modelstream.wire import ErrorData, excerpt, json_decoder
from modelstream_gemini.failures import sent
from modelstream_gemini.finishes import FINISHES, PASSING_FAILURES, block_word, finish_word
from modelstream_gemini.framing import END, GeminiFramer

if TYPE_CHECKING:
    from modelstream_gemini.signatures import Signatures

News = list["str | Delta"]

# What could be of the wrong type somewhere is `Any`: a field that cannot be used must not cost the answer.


class FunctionCall(msgspec.Struct, gc=False):
    """A call, whole."""

    name: str = ""
    args: Any = None
    id: str | None = None
    partialArgs: Any = None  # noqa: N815


class Part(msgspec.Struct, gc=False):
    """A piece of the answer. What is neither text nor a call (pictures, code that was run, …) is skipped."""

    text: Any = None
    thought: Any = None
    functionCall: FunctionCall | None = None  # noqa: N815
    thoughtSignature: Any = None  # noqa: N815


class Content(msgspec.Struct, gc=False):
    """The pieces of one frame."""

    parts: list[Part] | None = None


class Candidate(msgspec.Struct, gc=False):
    """One of the answers, of which there is mostly one."""

    content: Content | None = None
    finishReason: Any = None  # noqa: N815
    finishMessage: Any = None  # noqa: N815
    index: int | None = None


class Counts(msgspec.Struct, gc=False):
    """The token counts so far."""

    promptTokenCount: Any = None  # noqa: N815
    toolUsePromptTokenCount: Any = None  # noqa: N815
    cachedContentTokenCount: Any = None  # noqa: N815
    candidatesTokenCount: Any = None  # noqa: N815
    thoughtsTokenCount: Any = None  # noqa: N815


class Feedback(msgspec.Struct, gc=False):
    """What the filter says about the prompt."""

    blockReason: Any = None  # noqa: N815


class Frame(msgspec.Struct, gc=False):
    """One frame, or the whole body of an answer that is not streamed."""

    candidates: list[Candidate] | None = None
    usageMetadata: Counts | None = None  # noqa: N815
    promptFeedback: Feedback | None = None  # noqa: N815
    error: Any = None


_decode = json_decoder(Frame)


class GeminiFrames:
    """Reads the frames of one answer; of several candidates the first one.

    `raw` is the list that keeps the frames for the caller, if there is one.
    """

    def __init__(self, signatures: Signatures, raw: list[Any] | None = None) -> None:
        self.done = False
        self._signatures = signatures
        self._raw = raw
        self._calls = 0
        self._usage = UsageDelta()
        self._said = False
        self._open = False
        self._held: Finish | None = None

    def read(self, frame: bytes, news: News) -> None:
        """Append what `frame` says."""
        if not frame:
            self._read_end(news)
            return
        got = self._decoded(frame)
        finish = None
        for candidate in got.candidates or ():
            if not candidate.index:
                if candidate.content is not None:
                    for part in candidate.content.parts or ():
                        self._read_part(part, news)
                finish = finish_word(candidate.finishReason)
                if finish is None:
                    self._open = True
                else:
                    self._finish(finish, candidate, got, news)
        if finish is None and got.usageMetadata is not None:
            self._read_usage(got.usageMetadata, news)
        if got.promptFeedback is not None and (blocked := block_word(got.promptFeedback.blockReason)):
            news.append(Finish("content_filter", blocked))

    def read_whole(self, body: bytes, news: News) -> None:
        """Append what the body of an answer that was not streamed says."""
        framer = GeminiFramer()
        frames = [*framer.feed(body), *framer.finish()]
        if frames == [END]:
            raise MalformedDataError(
                "the answer is empty" if not body.strip() else f"no answer: {excerpt(body)}"
            )
        for frame in frames:
            self.read(frame, news)
        if all(type(one) is UsageDelta for one in news):
            raise MalformedDataError(f"the answer has no candidates: {excerpt(body)}")

    def _decoded(self, frame: bytes) -> Frame:
        try:
            got = _decode(frame)
        except MalformedDataError:
            if isinstance(frame, ErrorData):
                raise sent(frame) from None
            raise
        if got.error is not None or isinstance(frame, ErrorData):
            raise sent(frame)
        return got

    def _read_part(self, part: Part, news: News) -> None:
        text = part.text
        if type(text) is str and text:
            self._said = True
            news.append(ReasoningDelta(text) if part.thought else text)
        if part.functionCall is not None:
            self._said = True
            self._read_call(part.functionCall, part.thoughtSignature, news)

    def _read_call(self, call: FunctionCall, signature: Any, news: News) -> None:
        if call.partialArgs is not None:
            raise MalformedDataError(
                "the arguments of a call come in pieces, which gemini_chat can't put together; "
                "leave stream_function_call_arguments off"
            )
        call_id = call.id
        if isinstance(signature, str) and signature:
            call_id = call_id or f"call_{uuid.uuid4().hex[:24]}"
            self._signatures.keep(call_id, signature)
        arguments = json.dumps(call.args if call.args is not None else {}, ensure_ascii=False)
        news.append(ToolCallDelta(self._calls, call_id, call.name, arguments))
        self._calls += 1

    def _read_usage(self, counts: Counts, news: News) -> None:
        usage = UsageDelta(
            _sum(counts.promptTokenCount, counts.toolUsePromptTokenCount),
            _sum(counts.candidatesTokenCount, counts.thoughtsTokenCount),
            _sum(counts.thoughtsTokenCount),
            _sum(counts.cachedContentTokenCount),
        )
        # They come with every frame, mostly the same.
        if usage not in (self._usage, UsageDelta()):
            self._usage = usage
            news.append(usage)

    def _finish(self, word: str, candidate: Candidate, got: Frame, news: News) -> None:
        if got.usageMetadata is not None:
            self._read_usage(got.usageMetadata, news)
        reason = FINISHES.get(word)
        if reason is None:
            why = f": {candidate.finishMessage}" if isinstance(candidate.finishMessage, str) else ""
            raise ProviderError(
                f"the model gave up (finishReason {word}){why}", code=word, retryable=word in PASSING_FAILURES
            )
        if reason == "stop" and self._calls:
            reason = "tool_calls"
        finish = Finish(reason, word)
        # Some servers, among them Google's own until the end of 2024, say STOP in every frame. So STOP is
        # believed at once only behind a frame without it; with the first text it waits for the body's end.
        if word == "STOP" and self._said and not self._open:
            self._held = finish
        else:
            news.append(finish)

    def _read_end(self, news: News) -> None:
        if self._raw and self._raw[-1] is END:
            self._raw.pop()
        if self._held is not None:
            news.append(self._held)


def _sum(*counts: Any) -> int | None:
    """The counts that are known, added up."""
    known = [count for count in counts if type(count) is int]
    return sum(known) if known else None
