"""A real server on the loopback interface that writes as ZhipuAI does."""

from __future__ import annotations

import asyncio
import importlib
import json
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from modelstream.errors import StreamError
from modelstream.testing.server import Answer, LoopbackServer
from modelstream_zhipuai import ZhipuAIChat

SDKS = [name for name in ("zai", "zhipuai") if find_spec(name)]


def event(said):
    data = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return f"data: {data}\n\n".encode()


def delta(finish=None, usage=None, **said):
    """A frame as the provider writes it: every one names the role, and the last has the usage."""
    choice = {"index": 0, "delta": {"role": "assistant", **said}}
    choice |= {"finish_reason": finish} if finish else {}
    counted = {"usage": usage} if usage else {}
    return event({"id": "1", "created": 1, "model": "glm", "choices": [choice], **counted})


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
def server():
    with LoopbackServer() as server:
        server.play(HELLO)
        yield server


@pytest.fixture(scope="session", autouse=True)
def _imported():
    """The import takes a second of the first call, which has no second where a clock is tested."""
    for name in SDKS:
        importlib.import_module(name)


@pytest.fixture(params=SDKS)
def sdk(request):
    """Either SDK, if it is installed. zhipuai has an environment of its own: nox -s extras."""
    return request.param


@pytest.fixture(params=[*SDKS, "native"])
def way(request):
    """Who makes the request and sends it: the fields of the config that say so."""
    return {"transport": "native"} if request.param == "native" else {"sdk": request.param}


def model_at(server, **fields):
    address = {"base_url": f"{server.url}/api/paas/v4", "api_key": "id.secret", "max_retries": 0}
    return ZhipuAIChat({"model_name": "glm-test", **address, **fields})


@pytest.fixture
def model_of(server, way):
    return partial(model_at, server, **way)


@pytest.fixture
def sdk_model_of(server, sdk):
    """The same for what only the SDKs have."""
    return partial(model_at, server, sdk=sdk)


@pytest.fixture
def native_of(server):
    """The same for what only the native transport has."""
    return partial(model_at, server, transport="native")


def read_sync(model, **arguments):
    response = model("hi", stream=True, **arguments)
    snapshots = []
    with suppress(StreamError):
        for snapshot in response.stream:
            snapshots.append(snapshot)  # noqa: PERF402 (those before an error are wanted)
    return response, snapshots


async def _read_async(model, **arguments):
    try:
        response = await model.acall("hi", stream=True, **arguments)
    except StreamError as error:
        # An answer that has ended by then without a word may fail in the call.
        return SimpleNamespace(error=error, partial_text=error.partial_text, reasoning=""), []
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
