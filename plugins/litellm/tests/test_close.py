"""Whoever ends a call ends it at the provider, at once, whatever LiteLLM stands on there."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from modelstream.errors import StreamCancelledError
from modelstream.testing.server import Answer, Gate
from modelstream_litellm import LiteLLMChat

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(30)]

AT_ONCE = 5.0  # on a busy machine; that it is half a second else is a law of the kit
SOON = 20.0
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
def started(request, server, wire):
    """A model whose server says "Hel" and waits for ever, and the event of its client's going."""
    first = {
        "openai/m": (wire.text("Hel"), EVENTS, "/v1"),
        "ollama_chat/m": (wire.line("Hel"), "application/x-ndjson", ""),
        "gemini/m": (GEMINI, EVENTS, ""),
        "anthropic/m": (CLAUDE, EVENTS, ""),
    }
    said, kind, path = first[request.param]
    server.play(Answer([said, Gate()], headers={"Content-Type": kind}))
    model = LiteLLMChat(
        {
            "model_name": request.param,
            "base_url": server.url + path,
            "api_key": "k",
            "stream": True,
            "max_retries": 0,
        }
    )
    return model, lambda: server.connections[-1].disconnected.wait(AT_ONCE)


def test_close(started):
    model, gone = started
    response = model("hi")
    assert next(response.stream) == (False, "Hel")
    response.close()
    assert gone()
    assert isinstance(response.error, StreamCancelledError)
    assert response.partial_text == "Hel"


def test_close_before_anything_was_read(started):
    model, gone = started
    model("hi").close()
    assert gone()


def test_close_from_another_thread_while_a_reader_blocks(started):
    model, gone = started
    response = model("hi")
    seen, ended = [], threading.Event()

    def read():
        with pytest.raises(StreamCancelledError):
            seen.extend(response.stream)
        ended.set()

    reader = threading.Thread(target=read)
    reader.start()
    while not response.partial_text:
        ended.wait(0.001)
    response.close()
    assert gone()
    assert ended.wait(SOON)
    reader.join()


def test_end_of_a_with_block(started):
    model, gone = started
    with model("hi") as response:
        next(response.stream)
    assert gone()


def test_break_and_drop(started):
    model, gone = started
    for _last, text in model("hi").stream:
        assert text == "Hel"
        break
    gc.collect()
    assert gone()


def begun(model, then):
    """Run `then` with a response whose first snapshot was read."""

    async def run():
        response = await model.acall("hi")
        stream = response.stream
        assert await anext(stream) == (False, "Hel")
        return await then(response, stream)

    return asyncio.run(run())


def test_aclose(started):
    model, gone = started

    async def then(response, stream):
        await response.aclose()
        return await asyncio.to_thread(gone)

    assert begun(model, then)


def test_end_of_an_async_with_block(started):
    model, gone = started

    async def then(response, stream):
        async with response:
            pass
        return await asyncio.to_thread(gone)

    assert begun(model, then)


def test_async_drop(started):
    model, gone = started

    async def run():
        async for _last, _text in (await model.acall("hi")).stream:
            break
        gc.collect()
        return await asyncio.to_thread(gone)

    assert asyncio.run(run())


def test_cancelled_task(started):
    model, gone = started

    async def then(response, stream):
        reader = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        return await asyncio.to_thread(gone)

    assert begun(model, then)


def test_close_from_another_thread_than_the_loop(started):
    model, gone = started

    async def then(response, stream):
        waiting = asyncio.create_task(anext(stream))
        await asyncio.to_thread(response.cancel)
        with pytest.raises(StreamCancelledError):
            await waiting
        return await asyncio.to_thread(gone)

    assert begun(model, then)
