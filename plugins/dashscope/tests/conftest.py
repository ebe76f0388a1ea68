"""A real server on the loopback interface that writes as DashScope does, and both ways to ask it."""

from __future__ import annotations

import asyncio
import importlib
import json
from contextlib import suppress
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from modelstream.errors import StreamError
from modelstream.testing.server import Answer, LoopbackServer
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
def server():
    with LoopbackServer() as server:
        server.play(HELLO)
        yield server


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


def read_sync(model, messages="hi", **arguments):
    response = model(messages, stream=True, **arguments)
    snapshots = []
    with suppress(StreamError):
        for snapshot in response.stream:
            snapshots.append(snapshot)  # noqa: PERF402 (those before an error are wanted)
    return response, snapshots


async def _read_async(model, messages="hi", **arguments):
    response = await model.acall(messages, stream=True, **arguments)
    snapshots = []
    with suppress(StreamError):
        async for snapshot in response.stream:
            snapshots.append(snapshot)  # noqa: PERF401 (those before an error are wanted)
    return response, snapshots


def read_async(model, messages="hi", **arguments):
    return asyncio.run(_read_async(model, messages, **arguments))


@pytest.fixture(params=[read_sync, read_async], ids=["sync", "async"])
def read(request):
    """Read an answer to its end, or to its error: the response, and the snapshots."""
    return request.param


def read_each_sync(model, count):
    return [read_sync(model) for _ in range(count)]


def read_each_async(model, count):
    async def read_each():
        return [await _read_async(model) for _ in range(count)]

    return asyncio.run(read_each())


@pytest.fixture(params=[read_each_sync, read_each_async], ids=["sync", "async"])
def read_each(request):
    """Read so many answers, one after the other, in one event loop if in any."""
    return request.param
