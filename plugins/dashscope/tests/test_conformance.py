"""dashscope_chat keeps all laws of the conformance kit."""

from __future__ import annotations

import pytest

from modelstream.testing import SseWire, WrapperConformance
from modelstream_dashscope import DashScopeChat

pytestmark = pytest.mark.conformance


def event(payload, name="result", status=200):
    return f"id:1\nevent:{name}\n:HTTP_STATUS/{status}\n".encode() + b"data:%b\n\n" % payload


class DashScopeWire(SseWire):
    path = "/api/v1"
    finishes = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}  # noqa: RUF012
    tool_pieces = True
    counts = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")

    def frame(self, payload, position):
        return event(payload)

    def text(self, text):
        return self.output({"content": text})

    def reasoning(self, text):
        return self.output({"content": "", "reasoning_content": text})

    def tool_call(self, call):
        function = {"arguments": call.arguments} | ({"name": call.name} if call.name else {})
        piece = {"index": call.index, "id": call.id or "", "type": "function", "function": function}
        return self.output({"content": "", "tool_calls": [piece]})

    def usage(self, usage):
        return {"output": {"choices": []}, "usage": self.counted(usage)}

    def end(self, finish, usage):
        return [self.output({"content": ""}, finish.raw, usage)]

    def whole(self, script):
        message = {"content": script.text, "reasoning_content": script.reasoning}
        if script.tool_calls:
            message["tool_calls"] = [
                {
                    "index": index,
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for index, call in enumerate(script.tool_calls)
            ]
        return self.output(message, script.finish.raw, script.usage)

    def error(self, status, code, message):
        return event(self.json({"code": code, "message": message}), "error", status)

    def refusal(self, status, code, message):
        return {"code": code, "message": message, "request_id": "r"}

    def noise(self):
        return [self.output({"content": ""}), self.output({"content": None, "tool_calls": None})]

    def output(self, message, finish="null", usage=None):
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
        counted = {} if usage is None else {"usage": self.counted(usage)}
        return {"output": {"choices": [choice]}, **counted, "request_id": "r"}

    def counted(self, usage):
        return {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        }


class TestDashScopeChat(WrapperConformance):
    model_type = "dashscope_chat"
    wire = DashScopeWire()
    config = {"api_key": "sk-test"}  # noqa: RUF012

    def make(self, **fields):
        return DashScopeChat({"model_type": self.model_type, **fields})


class TestNativeDashScopeChat(TestDashScopeChat):
    config = {"api_key": "sk-test", "transport": "native"}  # noqa: RUF012
