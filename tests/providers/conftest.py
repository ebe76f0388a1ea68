"""One server that answers as whichever provider is called, and each provider by each of its transports."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pytest

import modelstream
from modelstream.testing.server import Answer, LoopbackServer


def _openai(text, finish=None):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def _dashscope(text, finish=None):
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish or "null"}
    return {"output": {"choices": [choice]}, "request_id": "r"}


def _gemini(text, finish=None):
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    return {"candidates": [{**candidate, "finishReason": "STOP"} if finish else candidate]}


def _ollama(text, finish=None):
    message = {"role": "assistant", "content": text}
    frame = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": bool(finish)}
    return {**frame, "done_reason": finish} if finish else frame


@dataclass(frozen=True)
class Provider:
    model_type: str
    transport: str
    path: str
    frame: Any
    model_name: str = "m"

    def model(self, server, **fields):
        """A wrapper that calls `server`, or what `base_url` names."""
        config = {
            "model_type": self.model_type,
            "model_name": self.model_name,
            "transport": self.transport,
            "base_url": f"{server.url}{self.path}" if server is not None else None,
            "max_retries": 0,
        }
        key = {} if self.model_type == "ollama_chat" else {"api_key": "id.secret"}
        return modelstream.load_model({**config, **key, **fields})

    def encoded(self, frame):
        """A frame as it is sent."""
        data = json.dumps(frame).encode()
        return data + b"\n" if self.model_type == "ollama_chat" else b"data: %b\n\n" % data

    def answer(self, *between):
        """Two frames, with `between` after the first one."""
        kind = "application/x-ndjson" if self.model_type == "ollama_chat" else "text/event-stream"
        body = [self.encoded(self.frame("Hel")), *between, self.encoded(self.frame("lo", "stop"))]
        if self.frame is _openai:
            body.append(b"data: [DONE]\n\n")
        return Answer(body, headers={"Content-Type": kind})


PROVIDERS = [
    Provider("openai_chat", "sdk", "/v1", _openai),
    Provider("openai_chat", "native", "/v1", _openai),
    Provider("zhipuai_chat", "sdk", "/api/paas/v4", _openai),
    Provider("zhipuai_chat", "native", "/api/paas/v4", _openai),
    Provider("dashscope_chat", "sdk", "/api/v1", _dashscope),
    Provider("dashscope_chat", "native", "/api/v1", _dashscope),
    Provider("gemini_chat", "sdk", "", _gemini),
    Provider("gemini_chat", "native", "", _gemini),
    Provider("ollama_chat", "sdk", "", _ollama),
    Provider("ollama_chat", "native", "", _ollama),
    Provider("litellm_chat", "sdk", "/v1", _openai, "openai/m"),
]
SDKS = {
    "openai_chat": "openai",
    "zhipuai_chat": "zai",
    "dashscope_chat": "dashscope",
    "gemini_chat": "google.genai",
    "ollama_chat": "ollama",
    "litellm_chat": "litellm",
}


@pytest.fixture(params=PROVIDERS, ids=lambda provider: f"{provider.model_type}-{provider.transport}")
def provider(request, monkeypatch):
    provider = request.param
    if find_spec(f"modelstream_{provider.model_type.removesuffix('_chat')}") is None:
        pytest.skip("the plugin is not installed")
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return provider


@pytest.fixture
def server(provider):
    with LoopbackServer() as server:
        server.play(provider.answer())
        yield server


def _sync(model, **arguments):
    return model("hi", stream=True, **arguments).text


def _async(model, **arguments):
    async def call():
        return await (await model.acall("hi", stream=True, **arguments)).get_text()

    return asyncio.run(call())


@pytest.fixture(params=[_sync, _async], ids=["sync", "async"])
def ask(request):
    """Calls a model and returns the whole text."""
    return request.param
