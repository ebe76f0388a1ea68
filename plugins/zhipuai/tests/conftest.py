"""A real server on the loopback interface that writes as ZhipuAI does."""

from __future__ import annotations

import importlib
from functools import partial
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from modelstream.testing.fixtures import read, refused, server
from modelstream.testing.server import Answer
from modelstream.testing.server import sse_event as event
from modelstream_zhipuai import ZhipuAIChat

SDKS = [name for name in ("zai", "zhipuai") if find_spec(name)]


def delta(finish=None, usage=None, **fields):
    """A frame as the provider sends it: each has the role, and the last one the token counts."""
    choice = {"index": 0, "delta": {"role": "assistant", **fields}}
    choice |= {"finish_reason": finish} if finish else {}
    counts = {"usage": usage} if usage else {}
    return event({"id": "1", "created": 1, "model": "glm", "choices": [choice], **counts})


def text(content, finish=None, usage=None):
    return delta(finish, usage, content=content)


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
END = text("", "stop", USAGE)
DONE = event("[DONE]")
HELLO = Answer([text("Hel"), text("lo"), END, DONE])


@pytest.fixture(scope="session")
def wire():
    return SimpleNamespace(event=event, delta=delta, text=text, end=END, done=DONE, hello=HELLO)


@pytest.fixture
def answer():
    return HELLO


@pytest.fixture(scope="session", autouse=True)
def _imported():
    """Import the SDKs first: it takes a second, which tests of short timeouts do not have."""
    for name in SDKS:
        importlib.import_module(name)


@pytest.fixture(params=SDKS)
def sdk(request):
    """Each installed SDK. zhipuai needs its own environment: nox -s extras."""
    return request.param


@pytest.fixture(params=[*SDKS, "native"])
def way(request):
    """The fields of the config that choose the transport and the SDK."""
    return {"transport": "native"} if request.param == "native" else {"sdk": request.param}


def model_at(server, **fields):
    address = {"base_url": f"{server.url}/api/paas/v4", "api_key": "id.secret", "max_retries": 0}
    return ZhipuAIChat({"model_name": "glm-test", **address, **fields})


@pytest.fixture
def model_of(server, way):
    return partial(model_at, server, **way)


@pytest.fixture
def sdk_model_of(server, sdk):
    """The same for the transport `sdk` only."""
    return partial(model_at, server, sdk=sdk)


@pytest.fixture
def native_of(server):
    """The same for the transport `native` only."""
    return partial(model_at, server, transport="native")
