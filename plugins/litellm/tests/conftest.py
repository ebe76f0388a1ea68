"""Real servers on the loopback interface, reached through the real LiteLLM."""

from __future__ import annotations

import gc
import warnings
from types import SimpleNamespace

import pytest

from modelstream.testing.fixtures import read, server
from modelstream.testing.server import Answer, json_line
from modelstream.testing.server import sse_event as event
from modelstream_litellm import LiteLLMChat
from modelstream_litellm.sdk import litellm

# Imported here, outside of the tests' timeouts: on a busy machine it takes half a minute.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    litellm()


FRAME = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def text(content=None, finish=None, **more):
    delta = {} if content is None else {"content": content}
    return event({**FRAME, "choices": [{"index": 0, "delta": {**delta, **more}, "finish_reason": finish}]})


COUNTS = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
USAGE = event({**FRAME, "choices": [], "usage": COUNTS})
DONE = event("[DONE]")
HELLO = Answer([text("Hel"), text("lo"), text(None, "stop"), USAGE, DONE])


def line(content="", **more):
    frame = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "done": False}
    return json_line({**frame, "message": {"role": "assistant", "content": content}, **more})


LINES = Answer(
    [line("Hel"), line("lo"), line(done=True, done_reason="stop", prompt_eval_count=3, eval_count=2)],
    headers={"Content-Type": "application/x-ndjson"},
)


@pytest.fixture(scope="module", autouse=True)
def _collect_open_sockets():
    """LiteLLM never closes its event loop and sockets; ignore the warnings about them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def wire():
    """Frames of an OpenAI-compatible server (`text`) and of Ollama (`line`)."""
    return SimpleNamespace(
        event=event, text=text, usage=USAGE, done=DONE, hello=HELLO, line=line, lines=LINES
    )


@pytest.fixture
def answer():
    return HELLO


@pytest.fixture
def model_of(server):
    """Creates a wrapper for an OpenAI-compatible server, for which LiteLLM uses the openai SDK."""

    def model_of(**fields):
        address = {"base_url": f"{server.url}/v1", "api_key": "k", "max_retries": 0}
        return LiteLLMChat({"model_name": "openai/m", **address, **fields})

    return model_of


@pytest.fixture
def other_of(server):
    """Creates a wrapper for Ollama, for which LiteLLM uses its own code."""

    def other_of(**fields):
        address = {"base_url": server.url, "max_retries": 0}
        return LiteLLMChat({"model_name": "ollama_chat/m", **address, **fields})

    return other_of


@pytest.fixture
def ask(read):
    """Calls the model as configured; returns the text or raises the error."""

    def ask(model, messages="hi"):
        got = read(model, messages, stream=None)
        if got.error is not None:
            raise got.error
        return got.text

    return ask
