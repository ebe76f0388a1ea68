"""The laws of all model wrappers, in Gemini's bytes, by either transport."""

from __future__ import annotations

import json
from importlib.util import find_spec

from modelstream.testing import SseWire, WrapperConformance

FINISHES = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "tool_calls": "STOP"}


class GeminiWire(SseWire):
    """How Gemini writes its answers."""

    finishes = FINISHES
    counts = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")

    def text(self, text):
        return self.said({"text": text})

    def reasoning(self, text):
        return self.said({"text": text, "thought": True})

    def tool_call(self, call):
        return self.said(self.called(call))

    def usage(self, usage):
        return {"usageMetadata": self.counted(usage), "modelVersion": "test-model"}

    def end(self, finish, usage):
        frame = {"candidates": [{"finishReason": finish.raw, "index": 0}]}
        return [frame if usage is None else {**frame, "usageMetadata": self.counted(usage)}]

    def whole(self, script):
        parts = [{"text": script.reasoning, "thought": True}] if script.reasoning else []
        parts += [{"text": script.text}] if script.text else []
        parts += map(self.called, script.tool_calls)
        usage = {"usageMetadata": self.counted(script.usage)} if script.usage else {}
        return {**self.said(*parts, finishReason=script.finish.raw), **usage}

    def refusal(self, status, code, message):
        return {"error": {"code": status, "message": message, "status": code.upper()}}

    def error(self, status, code, message):
        return self.refusal(status, code, message)

    def noise(self):
        empty = self.said({"text": ""})
        nothing = {"usageMetadata": {"trafficType": "ON_DEMAND"}, "promptFeedback": {"safetyRatings": []}}
        return [empty, self.said({"thoughtSignature": "c2ln"}), nothing, {"candidates": None}]

    def said(self, *parts, **fields):
        return {"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0, **fields}]}

    def called(self, call):
        return {"functionCall": {"name": call.name, "id": call.id, "args": json.loads(call.arguments)}}

    def counted(self, usage):
        return {
            "promptTokenCount": usage.input_tokens,
            "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
            "thoughtsTokenCount": usage.reasoning_tokens,
            "cachedContentTokenCount": usage.cached_tokens,
        }


def installed():
    try:
        return "genai" if find_spec("google.genai") else "generativeai"
    except ModuleNotFoundError:
        return "generativeai"


class TestGeminiChat(WrapperConformance):
    model_type = "gemini_chat"
    wire = GeminiWire()
    config = {"api_key": "k", "backend": installed()}  # noqa: RUF012


class TestNativeTransport(WrapperConformance):
    model_type = "gemini_chat"
    wire = GeminiWire()
    config = {"api_key": "k", "transport": "native"}  # noqa: RUF012
