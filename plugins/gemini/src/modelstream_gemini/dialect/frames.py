"""The frames of Gemini's answers, as deltas."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from modelstream.deltas import Finish, ReasoningDelta, StateDelta, ToolCallDelta, UsageDelta
from modelstream.errors import MalformedDataError, ProviderError
from modelstream.wire import ErrorData, excerpt, json_decoder
from modelstream_gemini.dialect.errors import frame_error
from modelstream_gemini.dialect.finishes import FINISHES, PASSING_FAILURES, block_word, finish_word
from modelstream_gemini.dialect.framing import GeminiFramer
from modelstream_gemini.dialect.shape import Frame

if TYPE_CHECKING:
    from modelstream.wire import Deltas
    from modelstream_gemini.dialect.shape import Candidate, Counts, FunctionCall, Part
    from modelstream_gemini.dialect.signatures import Signatures

_decode = json_decoder(Frame)


class GeminiFrames:
    """Reads the frames of one answer; of several candidates the first one.

    The signatures of parts become state; `signatures` collects those of the calls. `raw` is the list that
    keeps the frames for the caller, if any. There is no terminal frame.
    """

    has_terminal: bool = False

    def __init__(self, signatures: Signatures, raw: list[Any] | None = None) -> None:
        self.done = False
        self._signatures = signatures
        self._raw = raw
        self._calls = 0
        self._length = 0  # of the text so far
        self._usage = UsageDelta()

    def read(self, frame: bytes, deltas: Deltas) -> None:
        """Append the deltas of `frame`."""
        decoded = _decoded(frame)
        finish = None
        for candidate in decoded.candidates or ():
            if not candidate.index:
                if candidate.content is not None:
                    for part in candidate.content.parts or ():
                        self._read_part(part, deltas)
                finish = finish_word(candidate.finishReason)
                if finish is not None:
                    self._finish(finish, candidate, decoded, deltas)
        if finish is None and decoded.usageMetadata is not None:
            self._read_usage(decoded.usageMetadata, deltas)
        feedback = decoded.promptFeedback
        if feedback is not None and (blocked := block_word(feedback.blockReason)):
            deltas.append(Finish("content_filter", blocked))

    def read_whole(self, body: bytes, deltas: Deltas) -> None:
        """Append the deltas of the body of an answer that was not streamed."""
        framer = GeminiFramer()
        frames = [*framer.feed(body), *framer.finish()]
        if not frames:
            raise MalformedDataError(
                "the answer is empty" if not body.strip() else f"not an answer: {excerpt(body)}"
            )
        for frame in frames:
            self.read(frame, deltas)
        if all(type(delta) is UsageDelta for delta in deltas):
            raise MalformedDataError(f"the answer has no candidates: {excerpt(body)}")

    def _read_part(self, part: Part, deltas: Deltas) -> None:
        text = part.text
        if type(text) is str and text:
            if part.thought:
                deltas.append(ReasoningDelta(text))
            else:
                deltas.append(text)
                self._length += len(text)
        if part.functionCall is not None:
            self._read_call(part.functionCall, part.thoughtSignature, deltas)
        elif part.thoughtSignature:
            self._read_signature(part, deltas)

    def _read_signature(self, part: Part, deltas: Deltas) -> None:
        """Append the signature of a text, which may be empty, or of a thought."""
        text = part.text if type(part.text) is str else ""
        signature = {"thoughtSignature": part.thoughtSignature}
        if part.thought:
            deltas.append(StateDelta({"thought": text, "at": self._length, **signature}))
        else:
            deltas.append(StateDelta({"text": [self._length - len(text), self._length], **signature}))

    def _read_call(self, call: FunctionCall, signature: Any, deltas: Deltas) -> None:
        if call.partialArgs is not None:
            raise MalformedDataError(
                "the arguments of a call come in pieces, which gemini_chat does not support; "
                "omit stream_function_call_arguments"
            )
        call_id = call.id
        if isinstance(signature, str) and signature:
            call_id = call_id or f"call_{uuid.uuid4().hex[:24]}"
            self._signatures.keep(call_id, call.name, call.args or {}, signature)
            state = {"call": call_id, "at": self._length, "thoughtSignature": signature}
            deltas.append(StateDelta(state))
        arguments = json.dumps(call.args if call.args is not None else {}, ensure_ascii=False)
        deltas.append(ToolCallDelta(self._calls, call_id, call.name, arguments))
        self._calls += 1

    def _read_usage(self, counts: Counts, deltas: Deltas) -> None:
        usage = UsageDelta(
            _sum(counts.promptTokenCount, counts.toolUsePromptTokenCount),
            _sum(counts.candidatesTokenCount, counts.thoughtsTokenCount),
            _sum(counts.thoughtsTokenCount),
            _sum(counts.cachedContentTokenCount),
        )
        # They come with every frame, mostly unchanged.
        if usage not in (self._usage, UsageDelta()):
            self._usage = usage
            deltas.append(usage)

    def _finish(self, word: str, candidate: Candidate, frame: Frame, deltas: Deltas) -> None:
        if frame.usageMetadata is not None:
            self._read_usage(frame.usageMetadata, deltas)
        reason = FINISHES.get(word)
        if reason is None:
            why = f": {candidate.finishMessage}" if isinstance(candidate.finishMessage, str) else ""
            raise ProviderError(
                f"the model gave up (finishReason {word}){why}", code=word, retryable=word in PASSING_FAILURES
            )
        if reason == "stop" and self._calls:
            reason = "tool_calls"
        deltas.append(Finish(reason, word))


def _decoded(frame: bytes) -> Frame:
    try:
        decoded = _decode(frame)
    except MalformedDataError:
        if isinstance(frame, ErrorData):
            raise frame_error(frame) from None
        raise
    if decoded.error is not None or isinstance(frame, ErrorData):
        raise frame_error(frame)
    return decoded


def _sum(*counts: Any) -> int | None:
    """The sum of the counts that are known."""
    known = [count for count in counts if type(count) is int]
    return sum(known) if known else None
