"""The dialect of OpenAI's chat completions, which many other servers share."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelstream.wire.dialect import ChatRequest, Dialect, WrittenRequest
from modelstream.wire.framings import SSE
from modelstream.wire.openai import requests
from modelstream.wire.openai.frames import OpenAIFrames
from modelstream.wire.samples import Sample, load_samples

if TYPE_CHECKING:
    from modelstream.deltas import Finish, ToolCallDelta, Usage
    from modelstream.errors import StreamError
    from modelstream.wire.writing import AnswerParts, Document


class OpenAIDialect(Dialect):
    """The dialect of `openai_chat`, and a base class for similar dialects.

    Frames are written with the id `answer_id` and the model name `answer_model`.
    """

    name = "openai_chat"
    framing = SSE
    has_terminal = True
    routes: ClassVar[tuple[str, ...]] = ("POST /v1/chat/completions",)

    path = "/v1"
    finishes = {  # noqa: RUF012
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "content_filter": "content_filter",
    }
    tool_pieces = True
    counts = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")

    def reader(self) -> OpenAIFrames:
        """A new reader for the frames of one answer."""
        return OpenAIFrames()

    def read_refusal(self, status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
        """The server's message; with how to fix a wrong address."""
        error = super().read_refusal(status, body, headers)
        if status == 404 and "model" not in error.message.lower() and self.name == OpenAIDialect.name:
            error.message += (
                "\nIs base_url right? It is the address before /chat/completions, often with /v1."
            )
            error.args = (error.message,)
        return error

    def write_request(self, request: ChatRequest) -> WrittenRequest:
        """The arguments unchanged; a streamed call requests the token counts."""
        return requests.write(request)

    def read_request(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] = {}
    ) -> ChatRequest:
        """The call; all fields but `model`, `messages` and `stream` become arguments."""
        return requests.read(body)

    def samples(self) -> list[Sample]:
        """The samples next to the module of a subclass, or else those of OpenAI and servers like it."""
        return super().samples() or load_samples("modelstream.wire.openai")

    def start(self) -> list[Document]:
        """A frame with the role and no text."""
        return [self.chunk({"role": "assistant", "content": ""})]

    def text(self, text: str) -> Document:
        """`content`."""
        return self.chunk({"content": text})

    def reasoning(self, text: str) -> Document:
        """`reasoning_content`, which OpenAI does not send but most others do."""
        return self.chunk({"reasoning_content": text})

    def tool_call(self, call: ToolCallDelta) -> Document:
        """A piece of a call, with its index."""
        function = {"arguments": call.arguments}
        piece: dict[str, Any] = {"index": call.index, "function": function}
        if call.name is not None:
            piece.update(id=call.id, type="function")
            function["name"] = call.name
        return self.chunk({"tool_calls": [piece]})

    def usage(self, usage: Usage) -> Document:
        """A frame with the counts and no choices."""
        return self.named("chat.completion.chunk", choices=[], usage=self.counted(usage))

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """The finish reason, the usage, and `[DONE]`."""
        frames = [self.chunk({}, finish.raw)]
        if usage is not None:
            frames.append(self.usage(usage))
        return [*frames, "[DONE]"]

    def whole(self, answer: AnswerParts) -> Document:
        """A body with `message` instead of `delta`."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if answer.tool_calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in answer.tool_calls
            ]
        choice = {"index": 0, "message": message, "finish_reason": answer.finish.raw}
        usage = None if answer.usage is None else self.counted(answer.usage)
        return self.named("chat.completion", choices=[choice], usage=usage)

    def error(self, status: int, code: str, message: str) -> Document:
        """An `error` instead of the choices."""
        return {"error": {"message": message, "type": "server_error", "code": code or status}}

    def refusal(self, status: int, code: str, message: str) -> Document:
        """A body with an `error` object."""
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}

    def noise(self) -> list[Document]:
        """Empty choices, an empty delta, and nulls."""
        empty = self.chunk({})
        return [{**empty, "choices": []}, empty, self.chunk({"content": None, "tool_calls": None})]

    def false_ends(self) -> list[Document]:
        """`[DONE]`, which servers also send after a cut answer."""
        return ["[DONE]"]

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """One frame with one choice."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return self.named("chat.completion.chunk", choices=[choice])

    def named(self, kind: str, **fields: Any) -> dict[str, Any]:
        """An object of this kind, with what identifies the answer."""
        answer_id = self.answer_id or self.new_id()
        created = int(time.time())
        return {"id": answer_id, "object": kind, "created": created, "model": self.answer_model, **fields}

    def new_id(self) -> str:
        """A new id, in OpenAI's form."""
        return f"chatcmpl-{super().new_id()}"

    def counted(self, usage: Usage) -> dict[str, Any]:
        """The counts under OpenAI's names."""
        return {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        }
