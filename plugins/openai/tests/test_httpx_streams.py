"""Responses of the SDK's HTTP library (httpx or httpx2) as byte streams of the core."""

from __future__ import annotations

import asyncio
import sys
import threading
import time

import openai
import pytest

from modelstream.testing.server import Answer, End, Gate
from modelstream.wire import httpx_streams
from modelstream.wire.httpx_streams import AsyncHttpxStream, HttpxStream

SOON = 10.0


@pytest.fixture
def http():
    """The HTTP library that the SDK uses."""
    base = openai.DefaultHttpxClient.__mro__[1:]
    return sys.modules[next(kind.__module__.partition(".")[0] for kind in base if "httpx" in kind.__module__)]


@pytest.fixture
def open_stream(http, server):
    """Opens the server's response, with a read timeout for its headers."""
    with http.Client(timeout=0.3) as client:

        def open_stream(*answers):
            server.play(*answers)
            return HttpxStream(client.send(client.build_request("POST", server.url), stream=True))

        yield open_stream


def test_pieces_arrive_as_they_are_sent(open_stream):
    gates = [Gate(), Gate()]
    stream = open_stream(Answer([b"a", gates[0], b"b", gates[1], b"c"]))
    pieces = iter(stream)
    assert next(pieces) == b"a"
    gates[0].open()
    assert next(pieces) == b"b"
    gates[1].open()
    assert list(pieces) == [b"c"]
    stream.close()


def test_the_read_timeout_for_headers_does_not_apply_to_the_body(open_stream):
    gate = Gate()
    stream = open_stream(Answer([gate, b"late"]))
    timer = threading.Timer(0.6, gate.open)
    timer.start()
    assert b"".join(stream) == b"late"
    timer.join()
    stream.close()


def test_abort_wakes_a_reader_in_another_thread(open_stream, server):
    stream = open_stream(Answer([b"a", Gate()]))
    started, failure = threading.Event(), []

    def read():
        try:
            for _ in stream:
                started.set()
        except Exception as error:  # noqa: BLE001
            failure.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    assert started.wait(SOON)
    stream.abort()
    reader.join(SOON)
    assert not reader.is_alive()
    assert failure
    assert server.connections[0].disconnected.wait(SOON)
    stream.close()


def test_a_drained_connection_is_reused(open_stream, server):
    for _ in range(2):
        stream = open_stream(Answer([b"a", b"b"]))
        assert next(iter(stream)) == b"a"
        stream.drain()
        stream.close()
    assert len(server.connections) == 1


def test_a_connection_that_is_closed_half_way_is_not_reused(open_stream, server):
    for _ in range(2):
        stream = open_stream(Answer([b"a", b"b", Gate()]))
        assert next(iter(stream)) == b"a"
        stream.close()
    assert len(server.connections) == 2


def test_draining_a_body_that_does_not_end_is_limited_in_time(open_stream, server, monkeypatch):
    monkeypatch.setattr(httpx_streams, "DRAINING", 0.05)
    stream = open_stream(Answer([b"a"], end=End.SILENCE))
    next(iter(stream))
    begin = time.monotonic()
    stream.drain()
    assert time.monotonic() - begin < SOON
    stream.close()
    assert server.connections[0].disconnected.wait(SOON)


def test_a_late_abort_does_not_affect_the_next_call(open_stream, server):
    first = open_stream(Answer([b"a"]))
    assert list(first) == [b"a"]
    first.close()
    gate = Gate()
    second = open_stream(Answer([b"b", gate, b"c"]))
    first.abort()
    gate.open()
    assert b"".join(second) == b"bc"
    assert len(server.connections) == 1


def test_async_drain(http, server, monkeypatch):
    monkeypatch.setattr(httpx_streams, "DRAINING", 0.05)

    async def call(client):
        response = await client.send(client.build_request("POST", server.url), stream=True)
        stream = AsyncHttpxStream(response)
        assert await anext(aiter(stream)) == b"a"
        await stream.adrain()
        await stream.aclose()

    async def calls():
        async with http.AsyncClient() as client:
            for _ in range(2):
                await call(client)

    server.play(Answer([b"a", b"b"]))
    asyncio.run(calls())
    assert len(server.connections) == 1
    server.play(Answer([b"a"], end=End.SILENCE))
    asyncio.run(calls())
    assert all(connection.disconnected.wait(SOON) for connection in server.connections)
    assert len(server.connections) == 3
