"""Ollama's own API, both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from modelstream.wire import NDJSON, ChatRequest, Dialect, WrittenRequest
from modelstream_ollama import requests
from modelstream_ollama.failures import with_hint
from modelstream_ollama.frames import OllamaFrames
from modelstream_ollama.writer import OllamaWriter, is_object

if TYPE_CHECKING:
    from modelstream.deltas import Finish, ToolCall, ToolCallDelta, Usage
    from modelstream.errors import StreamError
    from modelstream.wire import AnswerParts, Document


class OllamaDialect(Dialect):
    """The dialect of `ollama_chat`. Answers of `/api/generate` are read as well, but not written."""

    name = "ollama_chat"
    framing = NDJSON
    has_terminal = True
    routes = (f"POST {requests.CHAT}",)

    # Ollama has no word for tool calls: it stops.
    finishes = {"stop": "stop", "length": "length", "tool_calls": "stop"}  # noqa: RUF012
    end_marker = -1

    def reader(self) -> OllamaFrames:
        """A new reader for the frames of one answer."""
        return OllamaFrames()

    def read_refusal(self, status: int, body: bytes, headers: Mapping[str, str]) -> StreamError:
        """The server's message; with how to fix a missing model or a wrong address."""
        return with_hint(super().read_refusal(status, body, headers))

    def write_request(self, request: ChatRequest) -> WrittenRequest:
        """The JSON of `/api/chat`, with the model's parameters in `options`."""
        return requests.write(request)

    def read_request(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] = {}
    ) -> ChatRequest:
        """The call; the prompt of `/api/generate` becomes a system and a user message.

        Parameters in `options` become arguments. Raises `BadRequestError`.
        """
        return requests.read(path, body)

    def writer(self) -> OllamaWriter:
        """A new writer for one answer, which collects the pieces of each tool call."""
        return OllamaWriter(self)

    def text(self, text: str) -> Document:
        """`content`."""
        return self.line({"content": text})

    def reasoning(self, text: str) -> Document:
        """`thinking`, beside empty `content`."""
        return self.line({"content": "", "thinking": text})

    def tool_call(self, call: ToolCallDelta) -> Document:
        """A whole call. Raises `ValueError` for a piece whose arguments are not a JSON document."""
        return self.line({"content": "", "tool_calls": [self.called(call, call.index)]})

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """One line with `done: true`, the reason and the counts."""
        return [{**self.line({"content": ""}), **self.ended(finish, usage)}]

    def whole(self, answer: AnswerParts) -> Document:
        """One line with everything but calls whose arguments were cut."""
        message: dict[str, Any] = {"content": answer.text}
        if answer.reasoning:
            message["thinking"] = answer.reasoning
        if answer.tool_calls:
            message["tool_calls"] = [
                self.called(call, index)
                for index, call in enumerate(answer.tool_calls)
                if is_object(call.arguments or "{}")
            ]
        return {**self.line(message), **self.ended(answer.finish, answer.usage)}

    def error(self, status: int, code: str, message: str) -> Document:
        """A line with the message alone."""
        return {"error": message}

    def refusal(self, status: int, code: str, message: str) -> Document:
        """The same object."""
        return {"error": message}

    def noise(self) -> list[Document]:
        """Empty and null content, and blank lines."""
        return [self.line({"content": ""}), self.line({"content": None, "tool_calls": None}), "", " \r"]

    def false_ends(self) -> list[Document]:
        """A reason without `done: true`."""
        return [{**self.line({"content": ""}), "done_reason": "stop"}]

    def line(self, message: dict[str, Any]) -> dict[str, Any]:
        """One line in the middle of an answer."""
        return {
            "model": self.answer_model,
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "message": {"role": "assistant", **message},
            "done": False,
        }

    def called(self, call: ToolCall | ToolCallDelta, index: int) -> dict[str, Any]:
        """A whole call, its arguments as an object."""
        arguments = json.loads(call.arguments or "{}")
        function = {"index": index, "name": call.name, "arguments": arguments}
        return {"id": call.id, "function": function} if call.id else {"function": function}

    def ended(self, finish: Finish, usage: Usage | None) -> dict[str, Any]:
        """The fields that only the last line has."""
        fields = {"done": True, "done_reason": finish.raw}
        if usage is None:
            return fields
        return {**fields, "prompt_eval_count": usage.input_tokens, "eval_count": usage.output_tokens}
