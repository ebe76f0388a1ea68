"""A real server on the loopback interface, and a wrapper that talks to it through the real SDK."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from modelstream.errors import StreamError
from modelstream.testing.server import Answer, LoopbackServer
from modelstream_openai import OpenAIChat


def event(said):
    """One event of the stream: a frame as a dict, or data as it is."""
    data = said if isinstance(said, str) else json.dumps(said)
    return f"data: {data}\n\n".encode()


def text(content=None, finish=None):
    """The event with this piece of text, or with the finish."""
    delta = {} if content is None else {"content": content}
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


USAGE = event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
DONE = event("[DONE]")
HELLO = Answer([text("Hel"), text("lo"), text(None, "stop"), USAGE, DONE])


@pytest.fixture(scope="session")
def wire():
    """How OpenAI writes an answer."""
    return SimpleNamespace(event=event, text=text, usage=USAGE, done=DONE, hello=HELLO)


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
def model_of(transport):
    """Makes a wrapper for an address."""

    def model_of(url, **fields):
        given = {"model_name": "gpt-test", "base_url": f"{url}/v1", "max_retries": 0, "transport": transport}
        return OpenAIChat({**given, **fields})

    return model_of


@pytest.fixture
def model(server, model_of):
    return model_of(server.url)


def told(response, snapshots, error):
    return SimpleNamespace(
        snapshots=snapshots,
        text=response.partial_text,
        reasoning=response.reasoning,
        tool_calls=[(call.name, call.arguments) for call in response.tool_calls],
        finish_reason=response.finish_reason,
        raw_finish_reason=response.raw_finish_reason,
        usage=response.usage,
        error=error,
    )


def sync_answer(model, messages="hi", /, **arguments):
    try:
        response = model(messages, **{"stream": True, **arguments})
    except StreamError as failed:
        return SimpleNamespace(snapshots=[], text="", error=failed)
    snapshots, error = [], None
    try:
        snapshots += response.stream or []
    except StreamError as failed:
        error = failed
    return told(response, snapshots, error)


async def async_answer(model, messages="hi", /, **arguments):
    try:
        response = await model.acall(messages, **{"stream": True, **arguments})
    except StreamError as failed:
        return SimpleNamespace(snapshots=[], text="", error=failed)
    snapshots, error = [], None
    try:
        if response.stream is not None:
            async for snapshot in response.stream:
                snapshots.append(snapshot)  # noqa: PERF401
    except StreamError as failed:
        error = failed
    return told(response, snapshots, error)


def run_async_answer(model, messages="hi", /, **arguments):
    return asyncio.run(async_answer(model, messages, **arguments))


@pytest.fixture(params=[sync_answer, run_async_answer], ids=["sync", "async"])
def answer_of(request):
    """What a user is told who calls the model and reads the answer to its end, or to its error."""
    return request.param
