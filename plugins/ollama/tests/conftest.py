"""A real server on the loopback interface that writes as Ollama does."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from modelstream.testing.server import Answer, LoopbackServer
from modelstream_ollama import OllamaChat


def line(**said):
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def answer(*said, **how):
    """An answer of these lines, each a dict."""
    return Answer([line(**one) for one in said], headers={"Content-Type": "application/x-ndjson"}, **how)


def text(content, **more):
    return {"message": {"role": "assistant", "content": content, **more}, "done": False}


END = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
HELLO = answer(text("Hel"), text("lo"), {**END, "prompt_eval_count": 3, "eval_count": 2})


@pytest.fixture(scope="session")
def lines():
    """How Ollama writes an answer."""
    return SimpleNamespace(line=line, answer=answer, text=text, end=END, hello=HELLO)


@pytest.fixture
def server():
    with LoopbackServer() as server:
        server.play(HELLO)
        yield server


@pytest.fixture
def model_of(server):
    def model_of(**fields):
        return OllamaChat({"model_name": "m", "host": server.url, "max_retries": 0, **fields})

    return model_of
