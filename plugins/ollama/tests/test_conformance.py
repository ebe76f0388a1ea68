"""ollama_chat keeps all laws of the conformance kit, by either transport."""

from __future__ import annotations

import json

import pytest

from modelstream.testing import NdjsonWire, WrapperConformance

pytestmark = pytest.mark.conformance


class OllamaWire(NdjsonWire):
    # Ollama has no word of its own for tool calls: it stops.
    finishes = {"stop": "stop", "length": "length", "tool_calls": "stop"}  # noqa: RUF012

    def text(self, text):
        return self.line({"content": text})

    def reasoning(self, text):
        return self.line({"content": "", "thinking": text})

    def tool_call(self, call):
        return self.line({"content": "", "tool_calls": [self.called(call, call.index)]})

    def end(self, finish, usage):
        return [{**self.line({"content": ""}), **self.ended(finish, usage)}]

    def whole(self, script):
        message = {"content": script.text}
        if script.reasoning:
            message["thinking"] = script.reasoning
        if script.tool_calls:
            message["tool_calls"] = [self.called(call, index) for index, call in enumerate(script.tool_calls)]
        return {**self.line(message), **self.ended(script.finish, script.usage)}

    def refusal(self, status, code, message):
        return {"error": message}

    def error(self, status, code, message):
        return {"error": message}

    def noise(self):
        return [self.line({"content": ""}), self.line({"content": None, "tool_calls": None}), "", " \r"]

    def false_ends(self):
        return [{**self.line({"content": ""}), "done_reason": "stop"}]

    def line(self, message):
        return {
            "model": "test-model",
            "created_at": "2026-01-01T00:00:00Z",
            "message": {"role": "assistant", **message},
            "done": False,
        }

    def called(self, call, index):
        function = {"index": index, "name": call.name, "arguments": json.loads(call.arguments)}
        return {"id": call.id, "function": function}

    def ended(self, finish, usage):
        counts = (
            {}
            if usage is None
            else {"prompt_eval_count": usage.input_tokens, "eval_count": usage.output_tokens}
        )
        return {"done": True, "done_reason": finish.raw, "total_duration": 1, **counts}


class TestOllamaChat(WrapperConformance):
    model_type = "ollama_chat"
    wire = OllamaWire()


class TestNativeTransport(WrapperConformance):
    model_type = "ollama_chat"
    wire = OllamaWire()
    config = {"transport": "native"}  # noqa: RUF012
