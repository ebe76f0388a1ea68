"""OpenAI's chat completions, as OpenAI and the many servers of the same shape send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelstream.testing.wire import Document, SseWire

if TYPE_CHECKING:
    from modelstream.deltas import Finish, ToolCall, ToolCallDelta, Usage
    from modelstream.testing._kit.script import Script


class OpenAIWire(SseWire):
    """The wire of `openai_chat`, and a base for those that differ from it in little."""

    path = "/v1"
    finishes = {  # noqa: RUF012
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "content_filter": "content_filter",
    }
    tool_pieces = True
    counts = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")

    def start(self) -> list[Document]:
        """The role, and no text."""
        return [self.chunk({"role": "assistant", "content": ""})]

    def text(self, text: str) -> Document:
        """`content`."""
        return self.chunk({"content": text})

    def reasoning(self, text: str) -> Document:
        """`reasoning_content`: not OpenAI's own, but what most others send."""
        return self.chunk({"reasoning_content": text})

    def tool_call(self, call: ToolCallDelta) -> Document:
        """A piece of a call, by its index."""
        function = {"arguments": call.arguments}
        piece: dict[str, Any] = {"index": call.index, "function": function}
        if call.name is not None:
            piece.update(id=call.id, type="function")
            function["name"] = call.name
        return self.chunk({"tool_calls": [piece]})

    def usage(self, usage: Usage) -> Document:
        """A frame of its own, without choices."""
        return {"object": "chat.completion.chunk", "choices": [], "usage": self.counted(usage)}

    def end(self, finish: Finish, usage: Usage | None) -> list[Document]:
        """The finish reason, the usage, and `[DONE]`."""
        frames = [self.chunk({}, finish.raw)]
        if usage is not None:
            frames.append(self.usage(usage))
        return [*frames, "[DONE]"]

    def whole(self, script: Script) -> Document:
        """`message` in the place of `delta`."""
        message: dict[str, Any] = {"role": "assistant", "content": script.text or None}
        if script.reasoning:
            message["reasoning_content"] = script.reasoning
        if script.tool_calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in script.tool_calls
            ]
        choice = {"index": 0, "message": message, "finish_reason": script.finish.raw}
        usage = None if script.usage is None else self.counted(script.usage)
        return {"object": "chat.completion", "choices": [choice], "usage": usage}

    def error(self, status: int, code: str, message: str) -> Document:
        """An `error` in the place of the choices."""
        return {"error": {"message": message, "type": "server_error", "code": code or status}}

    def refusal(self, status: int, code: str, message: str) -> Document:
        """The same object."""
        return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}

    def noise(self) -> list[Document]:
        """Empty choices, an empty delta, and nulls."""
        empty = self.chunk({})
        return [{**empty, "choices": []}, empty, self.chunk({"content": None, "tool_calls": None})]

    def false_ends(self) -> list[Document]:
        """`[DONE]`, which servers send behind a cut answer, too."""
        return ["[DONE]"]

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """One frame with one choice."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "model": "test-model",
            "choices": [choice],
        }

    def counted(self, usage: Usage) -> dict[str, Any]:
        """The counts under OpenAI's names."""
        return {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        }


def _function(call: ToolCall) -> dict[str, str]:
    return {"name": call.name, "arguments": call.arguments}
