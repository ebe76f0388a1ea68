"""Calls end at the provider at once with every HTTP client of LiteLLM; the kit tests only one of them."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from modelstream.errors import StreamCancelledError
from modelstream.testing.server import Answer, Gate
from modelstream_litellm import LiteLLMChat

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(30)]

AT_ONCE = 5.0  # for a busy machine; a law of the kit requires half a second
EVENTS = "text/event-stream"

GEMINI = b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hel"}]},"index":0}]}\n\n'
CLAUDE = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message",'
    b'"role":"assistant","content":[],"model":"m","usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"Hel"}}\n\n'
)


@pytest.fixture(params=["openai/m", "ollama_chat/m", "gemini/m", "anthropic/m"])
def model(request, server, wire):
    """A model whose server sends "Hel" and then waits forever."""
    first = {
        "openai/m": (wire.text("Hel"), EVENTS, "/v1"),
        "ollama_chat/m": (wire.line("Hel"), "application/x-ndjson", ""),
        "gemini/m": (GEMINI, EVENTS, ""),
        "anthropic/m": (CLAUDE, EVENTS, ""),
    }
    first_frame, content_type, path = first[request.param]
    server.play(Answer([first_frame, Gate()], headers={"Content-Type": content_type}))
    address = {"base_url": server.url + path, "api_key": "k", "max_retries": 0}
    return LiteLLMChat({"model_name": request.param, **address})


@pytest.fixture
def disconnected(server):
    """Waits until the client has disconnected; returns False after a timeout."""
    return lambda: server.connections[-1].disconnected.wait(AT_ONCE)


def test_close_from_another_thread_while_a_reader_blocks(model, disconnected):
    response = model("hi", stream=True)
    assert next(response.stream) == (False, "Hel")
    closer = threading.Timer(0.1, response.close)
    closer.start()
    with pytest.raises(StreamCancelledError):
        response.text  # noqa: B018
    assert disconnected()
    closer.join()
    assert response.partial_text == "Hel"


def test_close_before_reading(model, disconnected):
    model("hi", stream=True).close()
    assert disconnected()


def test_drop(model, disconnected):
    for _last, _text in model("hi", stream=True).stream:
        break
    gc.collect()
    assert disconnected()


async def close(response, task):
    await response.aclose()


async def cancel_from_a_thread(response, task):
    await asyncio.to_thread(response.cancel)


async def cancel_the_task(response, task):
    task.cancel()


@pytest.mark.parametrize("end", [close, cancel_from_a_thread, cancel_the_task])
def test_async(model, disconnected, end):
    async def run():
        response = await model.acall("hi", stream=True)
        stream = response.stream
        assert await anext(stream) == (False, "Hel")
        task = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        await end(response, task)
        with pytest.raises((StreamCancelledError, asyncio.CancelledError)):
            await task
        assert await asyncio.to_thread(disconnected)

    asyncio.run(run())


def test_async_drop(model, disconnected):
    async def run():
        async for _last, _text in (await model.acall("hi", stream=True)).stream:
            break
        gc.collect()
        assert await asyncio.to_thread(disconnected)

    asyncio.run(run())
