"""Whoever ends a call ends it at the server, at once: the provider stops writing, and billing."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from functools import partial
from importlib.util import find_spec

import pytest

from modelstream.errors import StreamCancelledError
from modelstream.testing.server import Answer, Gate

AT_ONCE = 2.0  # on a machine that has other things to do
SOON = 5.0


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def model(server, model_of, wire, gate):
    """Its answer is a piece, and then nothing for as long as the gate is closed."""
    server.play(Answer([wire.text("x"), gate, wire.end]))
    return model_of()


@pytest.fixture
def gone(server):
    """Whether the client has gone."""
    return lambda: server.connections[0].disconnected.wait(AT_ONCE)


def test_close(model, gone):
    response = model("hi", stream=True)
    assert next(response.stream) == (False, "x")
    response.close()
    assert gone()
    assert (type(response.error), response.partial_text) == (StreamCancelledError, "x")


def test_close_before_anything_was_read(model, gone, gate):
    response = model("hi", stream=True)
    assert gate.reached.wait(SOON)
    response.close()
    assert gone()


def test_close_from_another_thread_while_a_reader_blocks(model, gone):
    response = model("hi", stream=True)
    assert next(response.stream) == (False, "x")
    ended = threading.Event()

    def read():
        with pytest.raises(StreamCancelledError):
            response.text  # noqa: B018
        ended.set()

    reader = threading.Thread(target=read)
    reader.start()
    response.close()
    assert gone()
    assert ended.wait(AT_ONCE)
    reader.join()


def test_end_of_a_with_block(model, gone):
    with model("hi", stream=True) as response:
        next(response.stream)
    assert gone()


def test_break_and_drop(model, gone):
    for _last, text in model("hi", stream=True).stream:
        assert text == "x"
        break
    gc.collect()
    assert gone()


def dropped_at_once(model_of):
    """Whether the transport of a model that was asked once is gone with it."""
    gc.collect()
    gc.disable()
    try:
        model = model_of()
        assert model("hi").text == "Hello"
        transport = weakref.ref(model._transport)
        del model
        return transport() is None
    finally:
        gc.enable()


def test_nothing_of_a_dropped_wrapper_waits_for_the_collector(model_of):
    assert dropped_at_once(model_of)


@pytest.mark.skipif(not find_spec("zhipuai"), reason="without zhipuai (nox -s extras)")
def test_nor_where_one_sdk_stands_in_for_the_other(monkeypatch, sdk_model_of):
    monkeypatch.setitem(sys.modules, "zai", None)
    assert dropped_at_once(partial(sdk_model_of, sdk=None))


def started(model, then):
    """Run `then` with a response whose first snapshot was read."""

    async def run():
        response = await model.acall("hi", stream=True)
        stream = response.stream
        assert await anext(stream) == (False, "x")
        return await then(response, stream)

    return asyncio.run(run())


def test_aclose(model, gone):
    async def then(response, stream):
        await response.aclose()
        return await asyncio.to_thread(gone)

    assert started(model, then)


def test_end_of_an_async_with_block(model, gone):
    async def then(response, stream):
        async with response:
            pass
        return await asyncio.to_thread(gone)

    assert started(model, then)


def test_async_drop(model, gone):
    async def run():
        async for _last, _text in (await model.acall("hi", stream=True)).stream:
            break
        gc.collect()
        return await asyncio.to_thread(gone)

    assert asyncio.run(run())


def test_cancelled_task(model, gone):
    async def then(response, stream):
        reader = asyncio.create_task(anext(stream))
        await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        return await asyncio.to_thread(gone)

    assert started(model, then)


def test_task_cancelled_while_it_waits_for_the_headers(model, server, gate, gone):
    server.play(Answer(before=gate))

    async def run():
        call = asyncio.create_task(model.acall("hi", stream=True))
        assert await asyncio.to_thread(gate.reached.wait, SOON)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return await asyncio.to_thread(gone)

    assert asyncio.run(run())


def test_the_total_clock_ends_an_answer_that_is_not_streamed(server, model_of, gate, gone):
    server.play(Answer([b'{"choices":', gate], headers={"Content-Type": "application/json"}))
    with pytest.raises(Exception, match="total_timeout"):
        model_of(total_timeout=0.3)("hi", stream=False)
    assert gone()
