"""Reads and writes DashScope's native API."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelstream.wire import ChatRequest, Dialect, Document, Event, Framing, SseEventFramer, WrittenRequest
from modelstream_dashscope import requests
from modelstream_dashscope.frames import DashScopeFrames

if TYPE_CHECKING:
    from modelstream.deltas import Finish, ToolCallDelta, Usage
    from modelstream.wire import AnswerParts


class ErrorEvent(Event, frozen=True):
    """An event named `error`, with the status that an HTTP error would have."""

    status: int = 500


def _frame(payload: bytes, position: int, event: str | None, status: int = 200) -> bytes:
    data = payload.replace(b"\n", b"\ndata:")
    name = (event or "result").encode()
    return b"id:%d\nevent:%b\n:HTTP_STATUS/%d\ndata:%b\n\n" % (position + 1, name, status, data)


class DashScopeDialect(Dialect):
    """The dialect of `dashscope_chat`: the message form, in increments.

    It also reads frames that repeat the whole text, as older models send them, and the older text form.
    """

    name = "dashscope_chat"
    framing = Framing("text/event-stream", SseEventFramer, _frame)
    has_terminal = False
    routes = tuple(f"POST /api/v1{path}" for path in requests.PATHS)

    path = "/api/v1"
    finishes = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}  # noqa: RUF012
    tool_pieces = True
    counts = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")

    def reader(self) -> DashScopeFrames:
        """A new reader for the frames of one answer."""
        return DashScopeFrames()

    def write_request(self, request: ChatRequest, *, multimodal: bool | None = None) -> WrittenRequest:
        """The JSON of the endpoint for text, or of the one for more than text.

        `multimodal` picks the endpoint; by default the model's name and the messages do.
        """
        return requests.write(request, multimodal=multimodal)

    def read_request(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] = {}
    ) -> ChatRequest:
        """The call, with OpenAI's parts in its messages; whether it is streamed is in `headers`.

        Raises `BadRequestError` also for a call whose answer has another form than this dialect writes: the
        text form, or a stream that repeats the whole text in every frame.
        """
        return requests.read(body, headers)

    def packed(self, document: Document, position: int) -> bytes:
        """A document as the bytes of a frame; of an error with its status."""
        if isinstance(document, ErrorEvent):
            return _frame(self.payload(document.data), position, document.name, document.status)
        return super().packed(document, position)

    def new_id(self) -> str:
        """A new id of a request, in DashScope's form."""
        return str(uuid.uuid4())

    def text(self, text: str) -> Document:
        """`content`."""
        return self.output({"content": text})

    def reasoning(self, text: str) -> Document:
        """`reasoning_content`, with an empty `content`."""
        return self.output({"content": "", "reasoning_content": text})

    def tool_call(self, call: ToolCallDelta) -> Document:
        """A piece of a call, by its index; the id is empty in all but the first piece."""
        function = {"arguments": call.arguments}
        if call.name:
            function["name"] = call.name
        piece = {"index": call.index, "id": call.id or "", "type": "function", "function": function}
        return self.output({"content": "", "tool_calls": [piece]})

    def usage(self, usage: Usage) -> Document:
        """The counts without choices."""
        return self.document({"choices": []}, usage)

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """One frame with the finish reason and the counts."""
        return [self.output({"content": ""}, finish.raw, usage)]

    def whole(self, answer: AnswerParts) -> Document:
        """One frame with everything."""
        message: dict[str, Any] = {"content": answer.text}
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if answer.tool_calls:
            message["tool_calls"] = [
                {
                    "index": index,
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for index, call in enumerate(answer.tool_calls)
            ]
        return self.output(message, answer.finish.raw, answer.usage)

    def error(self, status: int, code: str, message: str) -> Document:
        """An event named `error`, with the body of an HTTP error as its data."""
        return ErrorEvent("error", self.refusal(status, code, message), status)

    def refusal(self, status: int, code: str, message: str) -> dict[str, Any]:
        """The code, the message and the id of the request."""
        return {"code": code, "message": message, "request_id": self.answer_id or self.new_id()}

    def noise(self) -> list[Document]:
        """Empty and null content."""
        return [self.output({"content": ""}), self.output({"content": None, "tool_calls": None})]

    def output(
        self, message: dict[str, Any], finish: str | None = "null", usage: Usage | None = None
    ) -> dict[str, Any]:
        """One frame with one choice. The finish reason of an unfinished answer is the word "null"."""
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
        return self.document({"choices": [choice]}, usage)

    def document(self, output: dict[str, Any], usage: Usage | None) -> dict[str, Any]:
        """One frame."""
        counts = {} if usage is None else {"usage": self.counted(usage)}
        return {"output": output, **counts, "request_id": self.answer_id or self.new_id()}

    def counted(self, usage: Usage) -> dict[str, Any]:
        """The counts under DashScope's names."""
        return {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        }
