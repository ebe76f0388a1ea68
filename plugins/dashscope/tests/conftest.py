"""A real server on the loopback interface that sends DashScope's frames."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from modelstream.testing.fixtures import read, refused, server
from modelstream.testing.server import Answer
from modelstream_dashscope import DashScopeChat

# All releases of the SDK have module functions; clients exist since 2.0.
SIDES = ["modules"] if version("dashscope").startswith("1.") else ["clients", "modules"]
WAYS = [*SIDES, "native"]


def event(document, name="result", status=200):
    """One frame in the provider's form, with the status in a comment."""
    data = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return f"id:1\nevent:{name}\n:HTTP_STATUS/{status}\ndata:{data}\n\n".encode()


def output(message, finish="null", tokens=None):
    frame = {"output": {"choices": [{"message": message, "finish_reason": finish}]}, "request_id": "r"}
    if tokens is not None:
        frame["usage"] = {"input_tokens": 3, "output_tokens": tokens, "total_tokens": 3 + tokens}
    return frame


def text(content, finish="null", tokens=None):
    return event(output({"role": "assistant", "content": content}, finish, tokens))


HELLO = Answer([text("Hel", tokens=1), text("lo", tokens=2), text("", "stop", tokens=2)])


@pytest.fixture(scope="session")
def wire():
    return SimpleNamespace(event=event, output=output, text=text, hello=HELLO)


@pytest.fixture(scope="session", autouse=True)
def _imported():
    """Imports the SDK early: the import takes a second, which would distort tests of timeouts."""
    importlib.import_module("dashscope")


@pytest.fixture
def answer():
    return HELLO


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """What sends the requests. `modules` hides the clients of the SDK, if it has them."""
    if request.param == "modules":
        monkeypatch.delattr(importlib.import_module("dashscope"), "Client", raising=False)
    return request.param


@pytest.fixture
def transport(way):
    return {"transport": "native" if way == "native" else "sdk"}


@pytest.fixture
def model_of(server, transport):
    def model_of(**fields):
        address = {"base_url": f"{server.url}/api/v1", "api_key": "sk-secret", "max_retries": 0, **transport}
        return DashScopeChat({"model_name": "qwen-test", **address, **fields})

    return model_of
