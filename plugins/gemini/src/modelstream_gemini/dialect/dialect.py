"""Reads and writes Gemini's `generateContent` and `streamGenerateContent`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.wire import ChatRequest, Dialect, Sample, WrittenRequest, load_samples
from modelstream_gemini.dialect.arguments import to_options
from modelstream_gemini.dialect.calls import prepare_call
from modelstream_gemini.dialect.errors import refusal_error, write_error
from modelstream_gemini.dialect.finishes import MALFORMED_CALL, WRITTEN
from modelstream_gemini.dialect.frames import GeminiFrames
from modelstream_gemini.dialect.framing import ARRAY, EVENTS
from modelstream_gemini.dialect.reading import read_request
from modelstream_gemini.dialect.requests import request_body, request_path
from modelstream_gemini.dialect.signatures import Signatures
from modelstream_gemini.dialect.writer import GeminiWriter, arguments_object

if TYPE_CHECKING:
    from modelstream.deltas import Finish, ToolCall, ToolCallDelta, Usage
    from modelstream.errors import StreamError
    from modelstream.wire import AnswerParts, AnswerWriter, Document

VERSION = "v1beta"
_METHODS = ("streamGenerateContent", "generateContent")


class GeminiDialect(Dialect):
    """The dialect of `gemini_chat`.

    Answers are written as server-sent events, as for a request with `alt=sse`, with `answer_model` as their
    `modelVersion` and `answer_id` as their `responseId`; arrays are read as well. Requests are written for
    the API version `version`. Parts are signed by the `provider_state` of their message; a call without it
    has the API's stand-in.
    """

    name = "gemini_chat"
    framing = EVENTS
    has_terminal = False
    routes = tuple(
        f"POST /{version}/models/{{model}}:{method}" for version in ("v1beta", "v1") for method in _METHODS
    )
    version: ClassVar[str] = VERSION
    answer_id = "response-1"
    answer_model = "test-model"

    finishes = WRITTEN
    counts = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")

    def reader(self) -> GeminiFrames:
        """A new reader for the frames of one answer, which forgets the signatures of calls."""
        return GeminiFrames(Signatures())

    def read_refusal(self, status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
        """The error with Google's code and details."""
        if status == 200:
            return super().read_refusal(status, body, headers)
        return refusal_error(status, body, headers)

    def write_request(self, request: ChatRequest) -> WrittenRequest:
        """The call; `arguments` may have OpenAI's names, or Gemini's in either spelling."""
        options = to_options(request.arguments)
        call = prepare_call(request.model, request.messages, options, Signatures(), stream=request.stream)
        return WrittenRequest(f"/{self.version}/{request_path(call)}", request_body(call, {}))

    def read_request(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] = {}
    ) -> ChatRequest:
        """The call; options without a name of OpenAI's have Gemini's, with underscores."""
        return read_request(path, body)

    def samples(self) -> list[Sample]:
        """The samples next to the module of a subclass, or else Gemini's."""
        return super().samples() or load_samples("modelstream_gemini.dialect")

    def writer(self) -> AnswerWriter:
        """A new writer for one answer."""
        return GeminiWriter(self)

    def text(self, text: str) -> Document:
        """A text part."""
        return self.candidate({"text": text})

    def reasoning(self, text: str) -> Document:
        """A text part that is marked as a thought."""
        return self.candidate({"text": text, "thought": True})

    def tool_call(self, call: ToolCallDelta) -> Document:
        """A function call with all of its arguments."""
        return self.candidate(_function_call(call))

    def usage(self, usage: Usage) -> Document:
        """The counts without a candidate."""
        return self._frame({"usageMetadata": _counts(usage)})

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """An empty text with the finishReason, and the counts."""
        frame = self.candidate({"text": ""}, finishReason=finish.raw)
        return [frame if usage is None else {**frame, "usageMetadata": _counts(usage)}]

    def whole(self, answer: AnswerParts) -> Document:
        """One candidate with all parts."""
        parts: list[dict[str, Any]] = []
        if answer.reasoning:
            parts.append({"text": answer.reasoning, "thought": True})
        if answer.text:
            parts.append({"text": answer.text})
        calls = [call for call in answer.tool_calls if arguments_object(call.arguments) is not None]
        parts += map(_function_call, calls)
        raw = self.worded(answer.finish).raw
        complete = len(calls) == len(answer.tool_calls)
        body = self.candidate(*parts, finishReason=raw if complete else MALFORMED_CALL)
        return body if answer.usage is None else {**body, "usageMetadata": _counts(answer.usage)}

    def error(self, status: int, code: str, message: str) -> Document:
        """An error object in place of the candidates."""
        return write_error(status, message)

    def refusal(self, status: int, code: str, message: str) -> Document:
        """The same object; Google's code is the status."""
        return write_error(status, message)

    def noise(self) -> list[Document]:
        """Empty parts, signatures without content, counts of nothing, and nulls."""
        nothing = {"usageMetadata": {"trafficType": "ON_DEMAND"}, "promptFeedback": {"safetyRatings": []}}
        signed = self.candidate({"thoughtSignature": "c2lnbmVk"})
        return [self.candidate({"text": ""}), signed, self._frame(nothing), {"candidates": None}]

    def candidate(self, *parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """One frame with one candidate."""
        content = {"parts": list(parts), "role": "model"}
        return self._frame({"candidates": [{"content": content, **fields, "index": 0}]})

    def _frame(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "modelVersion": self.answer_model, "responseId": self.answer_id}


class GeminiArrayDialect(GeminiDialect):
    """The same with answers written as one JSON array, as for a request without `alt=sse`."""

    framing = ARRAY


def _function_call(call: ToolCall | ToolCallDelta) -> dict[str, Any]:
    function = {"name": call.name, "args": arguments_object(call.arguments) or {}}
    return {"functionCall": {**function, "id": call.id} if call.id else function}


def _counts(usage: Usage) -> dict[str, int]:
    """The counts that are known under Gemini's names, which count thoughts separately."""
    answer = usage.output_tokens
    if answer is not None and usage.reasoning_tokens is not None:
        answer -= usage.reasoning_tokens
    counts = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": answer,
        "totalTokenCount": usage.total_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "thoughtsTokenCount": usage.reasoning_tokens,
    }
    return {name: count for name, count in counts.items() if count is not None}
