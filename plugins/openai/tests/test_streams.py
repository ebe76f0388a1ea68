"""When snapshots arrive, and how calls share clients and connections."""

from __future__ import annotations

import asyncio
import functools
import gc
import threading

import openai
import pytest

from modelstream.errors import TruncatedStreamError
from modelstream.testing.server import Answer, Gate

SOON = 10.0


def test_the_last_snapshot_alone_waits_for_the_terminal_frame(server, model, wire):
    gates = [Gate(), Gate()]
    server.play(Answer([wire.text("x", "stop"), gates[0], wire.usage, gates[1], wire.done]))
    response = model("hi", stream=True)
    snapshots = response.stream
    assert next(snapshots) == (False, "x")
    assert response.finish_reason is None
    for gate in gates:
        gate.open()
    assert list(snapshots) == [(True, "x")]
    assert (response.finish_reason, response.usage.input_tokens) == ("stop", 3)


def test_the_call_returns_with_the_headers(server, model, wire):
    gate = Gate()
    server.play(Answer([gate, wire.text("x", "stop")]))
    response = model("hi", stream=True)
    assert gate.reached.wait(SOON)
    gate.open()
    assert response.text == "x"


def test_consecutive_calls_use_one_connection(server, model, read):
    for _ in range(3):
        assert read(model).text == "Hello"
    assert len(server.requests) == 3
    # Each asyncio.run closes its loop, and the connections of that loop.
    loops = 3 if read.way == "async" else 1
    assert len(server.connections) == loops


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_calls_of_one_event_loop_use_one_client_and_one_connection(server, model, monkeypatch):
    clients, init = [], openai.AsyncOpenAI.__init__

    @functools.wraps(init)
    def counting_init(self, **arguments):
        clients.append(self)
        init(self, **arguments)

    monkeypatch.setattr(openai.AsyncOpenAI, "__init__", counting_init)

    async def three():
        return [await (await model.acall("hi", stream=True)).get_text() for _ in range(3)]

    assert asyncio.run(three()) == ["Hello"] * 3
    assert (len(server.connections), len(clients)) == (1, 1)


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_connections_are_closed_with_their_wrapper(server, model_of):
    model = model_of(server.url)
    assert model("hi", stream=True).text == "Hello"
    connection = server.connections[0]
    assert not connection.disconnected.is_set()
    gc.disable()  # the SDK's client has reference cycles, which only the collector would free
    try:
        del model
        assert connection.disconnected.wait(SOON)
    finally:
        gc.enable()


def test_connections_are_closed_with_their_event_loop(server, model):
    async def call():
        text = await (await model.acall("hi", stream=True)).get_text()
        return text, server.connections[-1].disconnected.is_set()

    assert asyncio.run(call()) == ("Hello", False)
    assert server.connections[0].disconnected.wait(SOON)


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_connections_of_a_wrapper_dropped_in_a_running_loop_are_closed(server, model_of):
    async def call():
        model = model_of(server.url)
        await (await model.acall("hi", stream=True)).get_text()
        del model
        gc.collect()
        return await asyncio.to_thread(server.connections[0].disconnected.wait, SOON)

    assert asyncio.run(call())


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_clients_of_closed_loops_are_dropped(server, model):
    for _ in range(3):
        loop = asyncio.new_event_loop()
        try:
            response = loop.run_until_complete(model.acall("hi", stream=True))
            assert loop.run_until_complete(response.get_text()) == "Hello"
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
    assert len(model._transport._clients._of_loops) <= 1


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_concurrent_threads_share_the_client(server, model):
    texts, barrier = [], threading.Barrier(4)

    def call():
        barrier.wait(SOON)
        texts.append(model("hi", stream=True).text)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["Hello"] * 4
    assert len({id(model._transport._clients.client()) for _ in range(4)}) == 1


def test_concurrent_calls_in_one_loop_share_the_client(server, model):
    async def call():
        responses = await asyncio.gather(*(model.acall("hi", stream=True) for _ in range(4)))
        return [await response.get_text() for response in responses]

    assert asyncio.run(call()) == ["Hello"] * 4


def test_an_end_marker_for_a_server_without_a_finish_reason(server, wire, read, model_of):
    server.play(Answer([wire.text("x"), wire.usage, wire.done]))
    got = read(model_of(server.url))
    assert type(got.error) is TruncatedStreamError
    assert "end_marker" in str(got.error)
    got = read(model_of(server.url, end_marker="usage"))
    assert (got.error, got.snapshots[-1], got.finish_reason) == (None, (True, "x"), "stop")
