"""A real server on the loopback interface that writes as ZhipuAI does."""

from __future__ import annotations

import importlib.util
import json
from types import SimpleNamespace

import pytest

from modelstream.testing.server import Answer, LoopbackServer
from modelstream_zhipuai import ZhipuAIChat


def event(said):
    data = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return f"data: {data}\n\n".encode()


def text(content, finish=None, **more):
    """A frame as the provider writes it: every one names the role, and the last has the usage."""
    delta = {"role": "assistant", "content": content}
    choice = {"index": 0, "delta": delta} | ({"finish_reason": finish} if finish else {})
    return event({"id": "1", "created": 1, "model": "glm", "choices": [choice], **more})


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
HELLO = Answer([text("Hel"), text("lo"), text("", "stop", usage=USAGE), event("[DONE]")])


@pytest.fixture(scope="session")
def wire():
    return SimpleNamespace(event=event, text=text, hello=HELLO)


@pytest.fixture
def server():
    with LoopbackServer() as server:
        server.play(HELLO)
        yield server


@pytest.fixture(params=["zai", "zhipuai"])
def sdk(request):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"the SDK {request.param} is not installed here; it has an environment of its own")
    return request.param


@pytest.fixture
def model_of(server, sdk):
    def model_of(**fields):
        address = {"base_url": f"{server.url}/api/paas/v4", "api_key": "id.secret", "max_retries": 0}
        return ZhipuAIChat({"model_name": "glm-test", "sdk": sdk, **address, **fields})

    return model_of
