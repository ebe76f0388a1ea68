"""A real server on the loopback interface that writes as Ollama does."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest

from modelstream.testing.fixtures import read, refused, server
from modelstream.testing.server import Answer, json_line
from modelstream_ollama import OllamaChat


def line(**fields):
    return json_line(fields)


def answer_of(*documents, **how):
    """An answer of these lines, each a dict."""
    return Answer(
        [line(**document) for document in documents], headers={"Content-Type": "application/x-ndjson"}, **how
    )


def text(content, **more):
    return {"message": {"role": "assistant", "content": content, **more}, "done": False}


END = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
HELLO = answer_of(text("Hel"), text("lo"), {**END, "prompt_eval_count": 3, "eval_count": 2})


@pytest.fixture(scope="session")
def lines():
    """Functions and constants for answers as Ollama sends them."""
    return SimpleNamespace(line=line, answer=answer_of, text=text, end=END, hello=HELLO)


@pytest.fixture(scope="session", autouse=True)
def _imported():
    """Import the SDK first: it takes a second, which tests of short timeouts do not have."""
    importlib.import_module("ollama")


@pytest.fixture
def answer():
    return HELLO


@pytest.fixture(params=["sdk", "native"])
def transport(request):
    """What sends the requests."""
    return request.param


@pytest.fixture
def model_of(server, transport):
    def model_of(**fields):
        defaults = {"model_name": "m", "host": server.url, "max_retries": 0, "transport": transport}
        return OllamaChat({**defaults, **fields})

    return model_of
