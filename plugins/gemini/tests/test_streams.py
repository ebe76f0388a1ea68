"""When snapshots arrive, and how calls share clients and connections."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from modelstream.testing.server import Answer, End, Gate

SOON = 10.0

# The native transport's connections belong to the process, or to an event loop.
clients_of_the_wrapper = pytest.mark.parametrize("transport", ["sdk"])


def test_each_snapshot_is_delivered_before_the_next_chunk_is_sent(server, model, wire):
    gates = [Gate() for _ in range(6)]
    server.play(Answer([*(piece for gate in gates for piece in (wire.text("x"), gate)), wire.end]))
    snapshots = model("hi", stream=True).stream
    for number, gate in enumerate(gates, start=1):
        assert next(snapshots) == (False, "x" * number)
        gate.open()  # only now does the server continue
    assert list(snapshots) == [(True, "x" * 6)]


def test_each_snapshot_is_delivered_before_the_next_chunk_is_sent_async(server, model, wire):
    gates = [Gate() for _ in range(6)]
    server.play(Answer([*(piece for gate in gates for piece in (wire.text("x"), gate)), wire.end]))

    async def read():
        seen = []
        response = await model.acall("hi", stream=True)
        async for last, text in response.stream:
            seen.append((last, text))
            if not last:
                gates[len(seen) - 1].open()
        return seen

    assert asyncio.run(read()) == [(False, "x" * n) for n in range(1, 7)] + [(True, "x" * 6)]


def test_the_last_snapshot_does_not_wait_for_the_end_of_the_body(server, model, wire):
    gate = Gate()
    server.play(Answer([wire.text("x"), wire.text("y", "STOP"), gate]))
    snapshots = model("hi", stream=True).stream
    assert [next(snapshots) for _ in range(3)] == [(False, "x"), (False, "xy"), (True, "xy")]
    gate.open()
    assert list(snapshots) == []


def test_the_call_returns_with_the_headers(server, model, wire):
    gate = Gate()
    server.play(Answer([gate, wire.text("x", "STOP")]))
    response = model("hi", stream=True)
    assert gate.reached.wait(SOON)
    gate.open()
    assert response.text == "x"


def test_consecutive_calls_use_one_connection(server, model, read):
    for _ in range(3):
        assert read(model).text == "Hello"
    assert len(server.requests) == 3
    # Each asyncio.run closes its loop, and the connections of that loop.
    assert len(server.connections) == (3 if read.way == "async" else 1)


def test_calls_of_one_event_loop_use_one_connection(server, model):
    async def three():
        return [await (await model.acall("hi", stream=True)).get_text() for _ in range(3)]

    assert asyncio.run(three()) == ["Hello"] * 3
    assert len(server.connections) == 1


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_a_complete_answer_stays_complete_if_the_body_is_cut(server, model, wire, read, end):
    server.play(Answer(wire.hello.body, end=end))
    got = read(model)
    assert (got.snapshots[-1], got.error) == ((True, "Hello"), None)
    assert server.connections[0].disconnected.wait(SOON)


@clients_of_the_wrapper
def test_connections_are_closed_with_their_wrapper(server, model_of):
    model = model_of(server.url)
    assert model("hi", stream=True).text == "Hello"
    connection = server.connections[0]
    assert not connection.disconnected.is_set()
    del model
    gc.collect()
    assert connection.disconnected.wait(SOON)


def test_connections_are_closed_with_their_event_loop(server, model):
    async def call():
        text = await (await model.acall("hi", stream=True)).get_text()
        return text, server.connections[-1].disconnected.is_set()

    assert asyncio.run(call()) == ("Hello", False)
    assert server.connections[0].disconnected.wait(SOON)


@clients_of_the_wrapper
def test_connections_of_a_wrapper_dropped_in_a_running_loop_are_closed(server, model_of):
    async def call():
        model = model_of(server.url)
        await (await model.acall("hi", stream=True)).get_text()
        del model
        gc.collect()
        return await asyncio.to_thread(server.connections[0].disconnected.wait, SOON)

    assert asyncio.run(call())


@clients_of_the_wrapper
def test_clients_of_closed_loops_are_dropped(server, model):
    for _ in range(3):
        loop = asyncio.new_event_loop()
        try:
            response = loop.run_until_complete(model.acall("hi", stream=True))
            assert loop.run_until_complete(response.get_text()) == "Hello"
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()
    assert len(model._transport._clients._of_loops) <= 1


def test_two_streams_of_one_wrapper_do_not_mix(server, model, wire):
    gates = [Gate(), Gate()]
    answers = (
        Answer([wire.text(word), gate, wire.text(word), wire.end])
        for word, gate in zip("ab", gates, strict=True)
    )
    server.play(*answers)
    first, second = (model("hi", stream=True) for _ in range(2))
    stream, other = first.stream, second.stream
    assert (next(stream), next(other)) == ((False, "a"), (False, "b"))
    for gate in reversed(gates):
        gate.open()
    assert (second.text, first.text) == ("b", "a")
    assert (list(other), list(stream)) == ([(False, "bb"), (True, "bb")], [(False, "aa"), (True, "aa")])


def test_many_concurrent_streams(server, model, wire):
    gate = Gate()
    server.play(Answer([wire.text("x"), gate, wire.text("y", "STOP")]))
    responses = [model("hi", stream=True) for _ in range(110)]
    gate.open()
    assert {response.text for response in responses} == {"xy"}


def test_concurrent_threads(server, model):
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


@clients_of_the_wrapper
def test_concurrent_calls_in_one_loop_share_the_client(server, model):
    async def call():
        responses = await asyncio.gather(*(model.acall("hi", stream=True) for _ in range(4)))
        texts = [await response.get_text() for response in responses]
        return texts, len(model._transport._clients._of_loops)

    assert asyncio.run(call()) == (["Hello"] * 4, 1)
