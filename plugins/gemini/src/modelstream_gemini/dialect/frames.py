"""The frames of Gemini's answers, as deltas."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from modelstream.deltas import Finish, ReasoningDelta, StateDelta, TextDelta, ToolCallDelta, UsageDelta
from modelstream.errors import MalformedDataError, ProviderError
from modelstream.wire import ErrorData, error_in, excerpt, finish_of, json_decoder
from modelstream_gemini.dialect.errors import frame_error
from modelstream_gemini.dialect.finishes import (
    CALLED,
    FINISHES,
    block_word,
    finish_word,
    is_failure,
    is_passing,
)
from modelstream_gemini.dialect.framing import GeminiFramer
from modelstream_gemini.dialect.partial_arguments import PartialArguments
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
        self._open: _OpenCall | None = None
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
        elif not text and part.has_media():
            deltas.append(TextDelta(""))
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
        in_pieces = call.partialArgs is not None or call.willContinue
        if not call.name and not in_pieces and (self._open is not None or not (call.args or call.id)):
            # An empty call ends the one before.
            self._read_piece(call, signature, deltas)
        elif in_pieces or self._open is not None:
            self._begin_call(call, signature, deltas)
        else:
            self._read_whole_call(call, signature, deltas)

    def _read_whole_call(self, call: FunctionCall, signature: Any, deltas: Deltas) -> None:
        call_id = call.id
        if isinstance(signature, str) and signature:
            call_id = call_id or _new_id()
            self._signatures.keep(call_id, call.name, call.args or {}, signature)
            deltas.append(StateDelta({"call": call_id, "at": self._length, "thoughtSignature": signature}))
        arguments = json.dumps(call.args if call.args is not None else {}, ensure_ascii=False)
        deltas.append(ToolCallDelta(self._calls, call_id, call.name, arguments))
        self._calls += 1

    def _begin_call(self, call: FunctionCall, signature: Any, deltas: Deltas) -> None:
        """Begin the call that this piece names, unless it is the one that is open."""
        if call.name and (self._open is None or not self._open.is_of(call)):
            self._close_call(deltas)
            if call.partialArgs is None and not call.willContinue:
                self._read_whole_call(call, signature, deltas)
                return
            self._open = _OpenCall(self._calls, call.id or _new_id(), call.name)
            self._calls += 1
            deltas.append(ToolCallDelta(self._open.index, self._open.id, call.name))
        self._read_piece(call, signature, deltas)

    def _read_piece(self, call: FunctionCall, signature: Any, deltas: Deltas) -> None:
        opened = self._open
        if opened is None:
            if call.partialArgs:
                raise MalformedDataError("arguments arrived that belong to no call")
            return
        if isinstance(signature, str) and signature:
            opened.signature = signature
            deltas.append(StateDelta({"call": opened.id, "at": self._length, "thoughtSignature": signature}))
        text = opened.arguments.add(call.partialArgs or [])
        text += opened.arguments.add_whole(call.args)
        opened.add(text, deltas)
        if not call.willContinue:
            self._close_call(deltas)

    def _close_call(self, deltas: Deltas) -> None:
        opened, self._open = self._open, None
        if opened is None:
            return
        opened.add(opened.arguments.finish(), deltas)
        if opened.signature:
            self._signatures.keep(opened.id, opened.name, json.loads(opened.text or "{}"), opened.signature)

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
        if is_failure(word):
            why = f": {candidate.finishMessage}" if isinstance(candidate.finishMessage, str) else ""
            failure = ProviderError(
                f"the model gave up (finishReason {word}){why}", code=word, retryable=is_passing(word)
            )
            failure.raw_finish_reason = word
            raise failure
        finish = finish_of(word, FINISHES)
        if self._calls and (word == "STOP" or word in CALLED):
            finish = Finish("tool_calls", word)
            if not _has_call(candidate):
                self._close_call(deltas)
        deltas.append(finish)


class _OpenCall:
    """A call whose arguments are arriving."""

    def __init__(self, index: int, call_id: str, name: str) -> None:
        self.index = index
        self.id = call_id
        self.name = name
        self.arguments = PartialArguments()
        self.signature = ""
        self.text = ""

    def add(self, text: str, deltas: Deltas) -> None:
        """Append a piece of the arguments."""
        if text:
            self.text += text
            deltas.append(ToolCallDelta(self.index, arguments=text))

    def is_of(self, call: FunctionCall) -> bool:
        """Whether a piece that has a name belongs to this call: some servers repeat the name."""
        return call.name == self.name and (call.id is None or call.id == self.id)


def _new_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"


def _has_call(candidate: Candidate) -> bool:
    parts = (candidate.content.parts if candidate.content is not None else None) or ()
    return any(part.functionCall is not None for part in parts)


def _decoded(frame: bytes) -> Frame:
    try:
        decoded = _decode(frame)
    except MalformedDataError:
        if isinstance(frame, ErrorData):
            raise frame_error(frame) from None
        raise
    if decoded.error is not None or isinstance(frame, ErrorData):
        raise frame_error(frame)
    if decoded.candidates is None and decoded.usageMetadata is None and decoded.promptFeedback is None:
        failure = error_in(frame)
        if failure is not None:
            raise failure
    return decoded


def _sum(*counts: Any) -> int | None:
    """The sum of the counts that are known."""
    known = [count for count in counts if type(count) is int]
    return sum(known) if known else None
