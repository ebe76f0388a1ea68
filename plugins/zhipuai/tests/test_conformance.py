"""zhipuai_chat keeps all laws of the conformance kit, by either transport, with either SDK."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from modelstream.testing import OpenAIWire, WrapperConformance

pytestmark = pytest.mark.conformance


class ZhipuAIWire(OpenAIWire):
    path = "/api/paas/v4"
    finishes = {  # noqa: RUF012
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "content_filter": "sensitive",
    }

    def start(self):
        return []

    def end(self, finish, usage):
        last = self.chunk({"content": ""}, finish.raw)
        return [last if usage is None else {**last, "usage": self.counted(usage)}, "[DONE]"]

    def error(self, status, code, message):
        return self.refusal(status, code, message)

    def refusal(self, status, code, message):
        return {"error": {"code": code or str(status), "message": message}}

    def chunk(self, delta, finish=None):
        choice = {"index": 0, "delta": {"role": "assistant", **delta}}
        if finish is not None:
            choice["finish_reason"] = finish
        return {"id": "1", "created": 1, "model": "test-model", "choices": [choice]}


class _Conformance(WrapperConformance):
    model_type = "zhipuai_chat"
    wire = ZhipuAIWire()


class TestNativeTransport(_Conformance):
    config = {"api_key": "id.secret", "transport": "native"}  # noqa: RUF012


if find_spec("zai"):  # not where the other one is tried

    class TestWithZai(_Conformance):
        config = {"api_key": "id.secret", "sdk": "zai"}  # noqa: RUF012


if find_spec("zhipuai"):  # which has an environment of its own

    class TestWithZhipuAI(_Conformance):
        config = {"api_key": "id.secret", "sdk": "zhipuai"}  # noqa: RUF012
