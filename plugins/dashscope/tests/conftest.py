"""A real server on the loopback interface that writes as DashScope does."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from modelstream.testing.fixtures import read, refused, server
from modelstream.testing.server import Answer
from modelstream_dashscope import DashScopeChat

# Functions of a module, which all releases have, and clients, from 2.0 on.
SIDES = ["modules"] if version("dashscope").startswith("1.") else ["clients", "modules"]
WAYS = [*SIDES, "native"]


def event(said, name="result", status=200):
    """One frame as the provider writes it: the status stands in a comment."""
    data = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return f"id:1\nevent:{name}\n:HTTP_STATUS/{status}\ndata:{data}\n\n".encode()


def output(message, finish="null", tokens=None):
    said = {"output": {"choices": [{"message": message, "finish_reason": finish}]}, "request_id": "r"}
    if tokens is not None:
        said["usage"] = {"input_tokens": 3, "output_tokens": tokens, "total_tokens": 3 + tokens}
    return said


def text(content, finish="null", tokens=None):
    return event(output({"role": "assistant", "content": content}, finish, tokens))


HELLO = Answer([text("Hel", tokens=1), text("lo", tokens=2), text("", "stop", tokens=2)])


@pytest.fixture(scope="session")
def wire():
    return SimpleNamespace(event=event, output=output, text=text, hello=HELLO)


@pytest.fixture(scope="session", autouse=True)
def _imported():
    """The import takes a second of the first call, which has no second where a clock is tested."""
    importlib.import_module("dashscope")


@pytest.fixture
def answer():
    return HELLO


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Who sends. Where the SDK has both clients and functions, the former are hidden to test the latter."""
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
