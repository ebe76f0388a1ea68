"""`ashow`: the same from coroutines, and the event loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import threading

import pytest
from recording_sink import FINISH, LIMIT, AsyncScripted, Gate, RecordingSink, Scripted, answer

from modelstream import (
    RateLimitError,
    ReasoningDelta,
    StreamCancelledError,
    ToolCallDelta,
    TruncatedStreamError,
    ashow,
)
from modelstream.sinks.delivery.background import flush

EVERYTHING = [ReasoningDelta("hm"), "Hel", ToolCallDelta(0, "c1", "f", "{}"), "lo", FINISH]
METHODS = ["open", "write_delta", "write", "write_delta", "write", "write", "close"]


@pytest.fixture(params=["inline", "background"])
def sink(request):
    return RecordingSink(delivery=request.param)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, LIMIT))


@pytest.mark.parametrize("wrapper", [AsyncScripted, Scripted])
@pytest.mark.parametrize("what", ["response", "stream", "call"])
def test_async_answers(wrapper, what, sink):
    async def main():
        call = wrapper(*EVERYTHING).acall("?", stream=True)
        if what == "call":
            await ashow(call, name="Bob", sinks=sink)
            return
        response = await call
        await ashow(response if what == "response" else response.stream, name="Bob", sinks=sink)
        assert await response.get_text() == "Hello"

    run(main())
    assert sink.only.methods == METHODS
    assert sink.only.text == "Hello"
    assert sink.only.message.name == "Bob"
    assert sink.only.message.model_type == wrapper.model_type
    assert (sink.only.outcome.state, sink.only.outcome.finish_reason) == ("complete", "stop")


async def pairs(*items):
    for item in items:
        if isinstance(item, BaseException):
            raise item
        await asyncio.sleep(0)
        yield item


def test_async_pairs(sink):
    run(ashow(pairs((False, "Hel"), (False, "Hello"), (True, "Hello")), sinks=sink))
    assert sink.only.deltas == ["Hel", "lo"]
    assert sink.only.outcome.state == "complete"


def test_async_pairs_without_a_last_one(sink):
    with pytest.raises(TruncatedStreamError) as caught:
        run(ashow(pairs((False, "Hel")), sinks=sink))
    assert caught.value.partial_text == "Hel"
    assert sink.only.outcome.error is caught.value


@pytest.mark.parametrize("content", ["Hello", [(False, "Hel"), (True, "Hello")]])
def test_content_that_is_complete(content, sink):
    run(ashow(content, sinks=sink))
    assert sink.only.text == "Hello"
    assert sink.only.outcome.state == "complete"


def test_sync_answers_are_read_in_a_thread():
    reading = threading.Event()
    ticked = threading.Event()

    def wait():
        reading.set()
        assert ticked.wait(LIMIT)

    async def main():
        showing = asyncio.create_task(ashow(answer("Hel", wait, "lo", FINISH), sinks=sink))
        await asyncio.to_thread(reading.wait, LIMIT)
        ticked.set()
        await showing

    sink = RecordingSink(delivery="inline")
    run(main())
    assert sink.only.text == "Hello"
    assert threading.main_thread() not in sink.threads


def test_sync_pairs_and_their_errors(sink):
    def generate():
        yield False, "Hel"
        raise ValueError("oops")

    with pytest.raises(ValueError, match="oops"):
        run(ashow(generate(), sinks=sink))
    assert (sink.only.text, sink.only.outcome.state) == ("Hel", "failed")


def test_a_failed_answer(sink):
    async def main():
        with pytest.raises(RateLimitError) as caught:
            await ashow(AsyncScripted("Hel", RateLimitError("slow down")).acall("?", stream=True), sinks=sink)
        return caught.value

    assert run(main()) is sink.only.outcome.error
    assert sink.only.outcome.state == "failed"


@pytest.mark.parametrize("wrapper", [AsyncScripted, Scripted])
def test_a_cancelled_task_cancels_the_message_and_the_call(wrapper, sink):
    async def main():
        never = asyncio.Event().wait if wrapper is AsyncScripted else lambda: released.wait(LIMIT)
        model = wrapper("Hel", never, "lo", FINISH)
        response = await model.acall("?", stream=True)
        task = asyncio.create_task(ashow(response, sinks=sink))
        await asyncio.to_thread(sink.wrote.wait, LIMIT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert sink.only.outcome.state == "cancelled"
        assert model.cancelled.is_set()
        released.set()
        return response.error

    released = threading.Event()
    assert isinstance(run(main()), StreamCancelledError)


def test_cancelling_a_task_that_waits_for_a_sync_answer(sink):
    async def main():
        task = asyncio.create_task(ashow(model("?", stream=True), sinks=sink))
        await asyncio.to_thread(sink.wrote.wait, LIMIT)
        model.cancelled.clear()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    released = threading.Event()

    class Wakeable(Scripted):
        def deltas(self, request):
            request.on_cancel(released.set)
            yield from super().deltas(request)

    model = Wakeable("Hel", lambda: released.wait(LIMIT), "lo", FINISH)
    run(main())
    assert sink.only.outcome.state == "cancelled"
    assert model.cancelled.is_set()


def test_a_cancelled_task_does_not_end_the_answer_for_other_readers(sink):
    async def main():
        go_on = asyncio.Event()
        response = await AsyncScripted("Hel", go_on.wait, "lo", FINISH).acall("?", stream=True)
        other = asyncio.create_task(response.get_text())
        task = asyncio.create_task(ashow(response, sinks=sink))
        await asyncio.to_thread(sink.wrote.wait, LIMIT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        return await other

    assert run(main()) == "Hello"
    assert sink.only.outcome.state == "cancelled"


def test_a_sink_may_cancel(sink):
    sink.on_call = lambda method, message, _: method == "write" and message.cancel()

    async def main():
        response = await AsyncScripted("Hel", asyncio.Event().wait, FINISH).acall("?", stream=True)
        with pytest.raises(StreamCancelledError):
            await ashow(response, sinks=sink)

    run(main())
    assert sink.only.outcome.state == "cancelled"


def test_an_async_generator_is_closed(sink):
    closed = []

    async def generate():
        try:
            yield False, "Hel"
            raise ValueError("oops")
        finally:
            await asyncio.sleep(0)
            closed.append(1)

    async def more():
        try:
            yield False, "Hel"
            message_cancelled.wait(LIMIT)
            yield False, "Hello"
        finally:
            await asyncio.sleep(0)
            closed.append(2)

    message_cancelled = threading.Event()

    def cancel(method, message, item):
        if method == "write":
            message.cancel()
            message_cancelled.set()

    with pytest.raises(ValueError, match="oops"):
        run(ashow(generate(), sinks=sink))
    sink.on_call = cancel
    with pytest.raises(StreamCancelledError):
        run(ashow(more(), sinks=sink))
    assert closed == [1, 2]


def test_an_async_generator_is_closed_when_its_reader_is_interrupted():
    class Interrupt(BaseException):
        pass

    closed = []

    async def generate():
        try:
            yield False, "Hel"
            yield True, "Hello"
        finally:
            closed.append(1)

    def on_call(method, message, item):
        if method == "write":
            raise Interrupt

    async def main():
        with pytest.raises(Interrupt):
            await ashow(generate(), sinks=RecordingSink(on_call, delivery="inline"))
        assert closed == [1]

    run(main())


def test_a_slow_sink_does_not_block_the_event_loop():
    async def main():
        with Gate() as gate:
            showing = asyncio.create_task(ashow("Hello", sinks=RecordingSink(gate)))
            ticks = 0
            while not showing.done():
                await asyncio.sleep(0.01)
                ticks += 1
            return ticks

    assert run(main()) >= 10
    assert flush(LIMIT)


def test_a_coroutine_that_is_closed_closes_the_message():
    sink = RecordingSink(delivery="inline")

    class Never:
        def __await__(self):
            yield

    async def generate():
        yield False, "Hel"
        await Never()

    coroutine = ashow(generate(), sinks=sink)
    coroutine.send(None)
    coroutine.close()
    assert sink.only.methods == ["open", "write", "close"]
    assert sink.only.outcome.state == "cancelled"


@pytest.mark.parametrize("content", [None, 7, {"last": True}])
def test_what_cannot_be_shown(content):
    with pytest.raises(TypeError, match=f"not {type(content).__name__}"):
        run(ashow(content, sinks=[]))
