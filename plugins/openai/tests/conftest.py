"""A real server on the loopback interface, and a wrapper that talks to it through the real SDK."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from modelstream.testing.fixtures import read, server
from modelstream.testing.server import Answer
from modelstream.testing.server import sse_event as event
from modelstream_openai import OpenAIChat


def text(content=None, finish=None):
    """An event with a piece of text, or with the finish."""
    delta = {} if content is None else {"content": content}
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


USAGE = event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
DONE = event("[DONE]")
HELLO = Answer([text("Hel"), text("lo"), text(None, "stop"), USAGE, DONE])


@pytest.fixture(scope="session")
def wire():
    """The events of an answer in OpenAI's format."""
    return SimpleNamespace(event=event, text=text, usage=USAGE, done=DONE, hello=HELLO)


@pytest.fixture
def answer():
    return HELLO


@pytest.fixture(params=["sdk", "native"])
def transport(request):
    """What sends the requests."""
    return request.param


@pytest.fixture
def model_of(transport):
    """Creates a wrapper for a URL."""

    def model_of(url, **fields):
        defaults = {
            "model_name": "gpt-test",
            "base_url": f"{url}/v1",
            "max_retries": 0,
            "transport": transport,
        }
        return OpenAIChat({**defaults, **fields})

    return model_of


@pytest.fixture
def model(server, model_of):
    return model_of(server.url)
