"""Whoever ends a call ends it at the server, at once: the provider stops writing, and billing."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading

import pytest

from modelstream.errors import StreamCancelledError
from modelstream.testing.server import Answer, Gate

AT_ONCE = 5.0  # on a busy machine; that it is half a second else is a law of the kit
SOON = 20.0


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def open_ended(server, wire, gate):
    """The server sends a piece and waits; the fixture tells whether the client has gone at once."""
    server.play(Answer([wire.text("x"), gate, wire.text("", "STOP")]))
    return lambda: server.connections[0].disconnected.wait(AT_ONCE)


def test_close(model, open_ended):
    response = model("hi", stream=True)
    assert next(response.stream) == (False, "x")
    response.close()
    assert open_ended()
    assert isinstance(response.error, StreamCancelledError)
    assert response.partial_text == "x"


def test_close_before_anything_was_read(model, open_ended, gate):
    response = model("hi", stream=True)
    assert gate.reached.wait(SOON)
    response.close()
    assert open_ended()


def test_close_from_another_thread_while_a_reader_blocks(model, open_ended):
    response = model("hi", stream=True)
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
    assert open_ended()
    assert ended.wait(AT_ONCE)
    reader.join()
    assert response.partial_text == "x"


def test_end_of_a_with_block(model, open_ended):
    with model("hi", stream=True) as response:
        next(response.stream)
    assert open_ended()


def test_break_and_drop(model, open_ended):
    for _last, text in model("hi", stream=True).stream:
        assert text == "x"
        break
    gc.collect()
    assert open_ended()


def test_ctrl_c(server, open_ended, model):
    how = {"backend": model.config.backend, "transport": model.config.transport}
    program = (
        "from modelstream_gemini import GeminiChat\n"
        f"model = GeminiChat(model_name='m', api_key='k', base_url={server.url!r}, **{how})\n"
        "for last, text in model('hi', stream=True).stream: print(text, flush=True)"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "x\n"
        os.kill(process.pid, signal.SIGINT)
        assert open_ended()
        assert "KeyboardInterrupt" in process.communicate(timeout=SOON)[1]


# Async


def started(model, then):
    """Run `then` with a response whose first snapshot was read."""

    async def run():
        response = await model.acall("hi", stream=True)
        stream = response.stream
        assert await anext(stream) == (False, "x")
        return await then(response, stream)

    return asyncio.run(run())


def gone(server):
    return asyncio.to_thread(server.connections[0].disconnected.wait, AT_ONCE)


def test_aclose(model, server, open_ended):
    async def then(response, stream):
        await response.aclose()
        return await gone(server)

    assert started(model, then)


def test_end_of_an_async_with_block(model, server, open_ended):
    async def then(response, stream):
        async with response:
            pass
        return await gone(server)

    assert started(model, then)


def test_async_drop(model, server, open_ended):
    async def run():
        async for _last, _text in (await model.acall("hi", stream=True)).stream:
            break
        gc.collect()
        return await gone(server)

    assert asyncio.run(run())


def test_cancelled_task(model, server, open_ended):
    async def then(response, stream):
        reader = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        return await gone(server)

    assert started(model, then)


def test_task_cancelled_while_it_waits_for_the_headers(model, server, gate):
    server.play(Answer(before=gate))

    async def run():
        call = asyncio.create_task(model.acall("hi", stream=True))
        assert await asyncio.to_thread(gate.reached.wait, SOON)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return await gone(server)

    assert asyncio.run(run())


def test_close_from_another_thread_than_the_loop(model, server, open_ended):
    async def then(response, stream):
        waiting = asyncio.create_task(anext(stream))
        await asyncio.to_thread(response.cancel)
        with pytest.raises(StreamCancelledError):
            await waiting
        return await gone(server)

    assert started(model, then)


# Not streamed


def test_the_total_clock_ends_an_answer_that_is_not_streamed(model_of, server, gate):
    server.play(Answer([b'{"candidates":', gate], headers={"Content-Type": "application/json"}))
    model = model_of(server.url, total_timeout=1)
    with pytest.raises(Exception, match="total_timeout"):
        model("hi", stream=False)
    assert server.connections[0].disconnected.wait(AT_ONCE)
