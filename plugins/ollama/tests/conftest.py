"""A real server on the loopback interface that writes as Ollama does."""

from __future__ import annotations

import asyncio
import importlib
import json
from contextlib import suppress
from types import SimpleNamespace

import pytest

from modelstream.errors import StreamError
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


@pytest.fixture(scope="session", autouse=True)
def _imported():
    """The import takes a second of the first call, which has no second where a clock is tested."""
    importlib.import_module("ollama")


@pytest.fixture
def server():
    with LoopbackServer() as server:
        server.play(HELLO)
        yield server


@pytest.fixture(params=["sdk", "native"])
def transport(request):
    """Who speaks HTTP."""
    return request.param


@pytest.fixture
def model_of(server, transport):
    def model_of(**fields):
        given = {"model_name": "m", "host": server.url, "max_retries": 0, "transport": transport}
        return OllamaChat({**given, **fields})

    return model_of


def read_sync(model, **arguments):
    response = model("hi", stream=True, **arguments)
    snapshots = []
    with suppress(StreamError):
        for snapshot in response.stream:
            snapshots.append(snapshot)  # noqa: PERF402 (those before an error are wanted)
    return response, snapshots


async def _read_async(model, **arguments):
    response = await model.acall("hi", stream=True, **arguments)
    snapshots = []
    with suppress(StreamError):
        async for snapshot in response.stream:
            snapshots.append(snapshot)  # noqa: PERF401 (those before an error are wanted)
    return response, snapshots


def read_async(model, **arguments):
    return asyncio.run(_read_async(model, **arguments))


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


def refused_sync(model, **arguments):
    with pytest.raises(StreamError) as failed:
        model("hi", **{"stream": True, **arguments})
    return failed.value


def refused_async(model, **arguments):
    async def call():
        with pytest.raises(StreamError) as failed:
            await model.acall("hi", **{"stream": True, **arguments})
        return failed.value

    return asyncio.run(call())


@pytest.fixture(params=[refused_sync, refused_async], ids=["sync", "async"])
def refused(request):
    """Make a call that is refused: the error that the call itself raises."""
    return request.param
