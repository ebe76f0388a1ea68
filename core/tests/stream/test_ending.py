"""Ending a call closes the wrapper's generator and runs its `on_cancel` at once, in all four combinations."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from reading import ASYNC_CALLER, SYNC_CALLER, aread, read, run, until
from scripted import LIMIT, AsyncScripted, BothScripted, Gate, SyncScripted

from modelstream.deltas import Finish, UsageDelta
from modelstream.errors import StreamCancelledError

SOON = 5.0
"""Seconds within which the provider must know: at once even on a busy machine, not after a timeout."""

sync_callers = pytest.mark.parametrize("wrapper", SYNC_CALLER.values(), ids=SYNC_CALLER)
async_callers = pytest.mark.parametrize("wrapper", ASYNC_CALLER.values(), ids=ASYNC_CALLER)


def endless() -> list[Any]:
    """Two words, then a provider that sends nothing more."""
    return ["a", "b", Gate()]


def assert_ended(model: Any, since: float) -> None:
    assert model.cancelled.wait(SOON), "on_cancel was not called"
    assert model.closed.wait(SOON), "the generator was not closed"
    assert time.monotonic() - since < SOON
    assert all(request.cancelled for request in model.requests)


# Between two reads: no reader is inside the wrapper


@sync_callers
@pytest.mark.parametrize("end", ["close", "cancel", "with", "drop", "break"])
def test_a_call_is_ended_between_two_reads(wrapper: type, end: str) -> None:
    model = wrapper(endless())
    if end == "break":
        for _ in model("hi").stream:
            break
    elif end == "with":
        with model("hi") as response:
            assert next(response.stream) == (False, "a")
    else:
        response = model("hi")
        stream = response.stream
        assert next(stream) == (False, "a")
        if end == "drop":
            del stream, response
        else:
            getattr(response, end)()
    assert_ended(model, time.monotonic())


@async_callers
@pytest.mark.parametrize("end", ["aclose", "cancel", "with", "drop", "break"])
def test_a_call_is_ended_between_two_reads_async(wrapper: type, end: str) -> None:
    model = wrapper(endless())

    async def main() -> None:
        if end == "break":
            async for _ in (await model.acall("hi")).stream:
                break
        elif end == "with":
            async with await model.acall("hi") as response:
                assert await anext(response.stream) == (False, "a")
        else:
            response = await model.acall("hi")
            stream = response.stream
            assert await anext(stream) == (False, "a")
            if end == "drop":
                del stream, response
            elif end == "aclose":
                await response.aclose()
            else:
                response.cancel()
        await until_ended(model)

    run(main())


async def until_ended(model: Any) -> None:
    since = time.monotonic()
    with suppress(TimeoutError):
        async with asyncio.timeout(SOON):
            await until(lambda: model.closed.is_set() and model.cancelled.is_set())
    assert_ended(model, since)


@sync_callers
def test_an_exception_in_the_with_block_ends_the_call_and_goes_on(wrapper: type) -> None:
    model = wrapper(endless())
    with pytest.raises(ZeroDivisionError), model("hi") as response:  # noqa: PT012
        for _ in response.stream:
            raise ZeroDivisionError
    assert_ended(model, time.monotonic())


def test_breaking_off_while_the_response_is_held_ends_nothing() -> None:
    model = SyncScripted(["a", "b", Finish()])
    response = model("hi")
    for _ in response.stream:
        break
    gc.collect()
    assert not model.cancelled.is_set()
    assert not model.closed.is_set()
    assert response.text == "ab"


@sync_callers
def test_a_stream_that_is_held_holds_the_call(wrapper: type) -> None:
    stream = wrapper(["a", "b", Finish()])("hi").stream
    gc.collect()
    assert list(stream)[-1] == (True, "ab")


@async_callers
def test_a_stream_that_is_held_holds_the_call_async(wrapper: type) -> None:
    async def main() -> list[Any]:
        stream = (await wrapper(["a", "b", Finish()]).acall("hi")).stream
        gc.collect()
        return [one async for one in stream]

    assert run(main())[-1] == (True, "ab")


# While a reader is inside the wrapper


@sync_callers
def test_close_from_another_thread_frees_the_reader(wrapper: type) -> None:
    script = endless()
    model = wrapper(script)
    response = model("hi")
    seen: list[Any] = []
    errors: list[Any] = []
    reader = threading.Thread(target=lambda: errors.append(read(response.stream, seen)))
    reader.start()
    assert script[-1].reached.wait(LIMIT)
    since = time.monotonic()
    response.close()
    reader.join(SOON)
    assert not reader.is_alive()
    assert_ended(model, since)
    assert [tuple(one) for one in seen] == [(False, "a"), (False, "ab")]
    assert isinstance(errors[0], StreamCancelledError)
    assert errors[0].partial_text == "ab"


@async_callers
def test_cancelling_the_only_task_that_waits_ends_the_call(wrapper: type) -> None:
    script = endless()
    model = wrapper(script)

    async def main() -> None:
        response = await model.acall("hi")
        seen: list[Any] = []
        task = asyncio.create_task(aread(response.stream, seen))
        await until(lambda: len(seen) == 2 and script[-1].reached.is_set())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until_ended(model)
        assert isinstance(response.error, StreamCancelledError)
        assert response.partial_text == "ab"

    run(main())


@async_callers
def test_cancelling_one_of_two_waiting_tasks_ends_nothing(wrapper: type) -> None:
    gate = Gate()
    model = wrapper(["a", gate, "b", Finish()])

    async def main() -> None:
        response = await model.acall("hi")
        seen: list[Any] = [[], [], []]
        tasks = [asyncio.create_task(aread(response.stream, into)) for into in seen]
        await until(lambda: all(seen))
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[1].cancel()
        await asyncio.wait(tasks[:2])
        assert not model.cancelled.is_set()
        gate.open()
        assert await tasks[2] is None
        assert [tuple(one) for one in seen[2]][-1] == (True, "ab")

    run(main())


@async_callers
def test_cancelling_the_last_waiting_task_ends_the_call(wrapper: type) -> None:
    model = wrapper(endless())

    async def main() -> None:
        response = await model.acall("hi")
        seen: list[Any] = [[], []]
        tasks = [asyncio.create_task(aread(response.stream, into)) for into in seen]
        await until(lambda: all(len(one) == 2 for one in seen))
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await until_ended(model)

    run(main())


@async_callers
@pytest.mark.parametrize("stream", [True, False])
def test_cancelling_the_task_that_starts_the_call_ends_it(wrapper: type, stream: bool) -> None:
    gate = Gate()
    model = wrapper([gate, "a", Finish()])

    async def main() -> None:
        task = asyncio.create_task(model.acall("hi", stream=stream))
        await until(gate.reached.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until_ended(model)

    run(main())


@async_callers
def test_a_reader_in_another_task_gets_the_error_of_aclose(wrapper: type) -> None:
    model = wrapper(endless())

    async def main() -> None:
        response = await model.acall("hi")
        seen: list[Any] = []
        task = asyncio.create_task(aread(response.stream, seen))
        await until(lambda: len(seen) == 2)
        await response.aclose()
        assert isinstance(await asyncio.wait_for(task, SOON), StreamCancelledError)
        await until_ended(model)

    run(main())


@async_callers
def test_an_event_loop_that_ends_while_streaming_ends_the_call(wrapper: type) -> None:
    model = wrapper(endless())

    async def main() -> Any:
        response = await model.acall("hi")
        assert await anext(response.stream) == (False, "a")
        return response

    response = run(main())
    since = time.monotonic()
    if wrapper is SyncScripted:  # its thread knows no event loop, and the response is still held
        assert response.error is None
        response.cancel()
    assert_ended(model, since)
    assert run(aread(response.stream, [])) is response.error
    assert response.partial_text.startswith("a")


@async_callers
def test_a_response_that_is_dropped_after_its_loop_was_closed(wrapper: type) -> None:
    model = wrapper(endless())

    async def main() -> Any:
        return await model.acall("hi")

    response = run(main())
    since = time.monotonic()
    del response
    assert_ended(model, since)


@sync_callers
def test_a_response_that_another_thread_collects(wrapper: type) -> None:
    """In a reference cycle, so that only the collector frees it, in whatever thread it happens to run."""
    model = wrapper(endless())
    gc.disable()
    try:
        response = model("hi")
        stream = response.stream
        assert next(stream) == (False, "a")
        circle: list[Any] = [response, stream]
        circle.append(circle)
        del circle, response, stream
        assert not model.closed.is_set()
        collector = threading.Thread(target=gc.collect)
        collector.start()
        collector.join()  # as long as the heap of all tests takes
        assert_ended(model, time.monotonic())
    finally:
        gc.enable()


@async_callers
def test_a_response_that_another_thread_collects_async(wrapper: type) -> None:
    model = wrapper(endless())

    async def main() -> None:
        response = await model.acall("hi")
        assert await anext(response.stream) == (False, "a")
        circle: list[Any] = [response]
        circle.append(circle)
        del circle, response
        await asyncio.to_thread(gc.collect)
        await until_ended(model)

    gc.disable()
    try:
        run(main())
    finally:
        gc.enable()


@sync_callers
@pytest.mark.parametrize("late", ["b", Finish(), UsageDelta(1, 2), ["b", Finish()]], ids=repr)
def test_what_a_wrapper_yields_after_the_close_is_dropped(wrapper: type, late: Any) -> None:
    """The gate opens when the call is cancelled, and the script goes on."""
    gate = Gate()
    model = wrapper(["a", gate, late, Gate()])
    response = model("hi")
    seen: list[Any] = []
    reader = threading.Thread(target=lambda: read(response.stream, seen))
    reader.start()
    assert gate.reached.wait(LIMIT)
    response.close()
    reader.join(LIMIT)
    assert_ended(model, time.monotonic())
    assert [tuple(one) for one in seen] == [(False, "a")]
    assert response.partial_text == "a"
    assert response.finish_reason is None
    assert response.usage is None


# After the end


def _close(response: Any) -> None:
    response.close()


def _leave(response: Any) -> None:
    with response:
        pass


@sync_callers
@pytest.mark.parametrize("end", [_close, _leave, lambda response: response.cancel()])
def test_ending_a_complete_call_changes_nothing(wrapper: type, end: Callable[[Any], None]) -> None:
    model = wrapper(["a", Finish()])
    response = model("hi")
    assert response.text == "a"
    end(response)
    end(response)
    assert response.text == "a"
    assert response.error is None
    assert not model.cancelled.is_set()
    assert model.closed.wait(SOON)


@sync_callers
def test_ending_a_call_after_its_finish_leaves_it_complete(wrapper: type) -> None:
    """The usage that would have come is lost; the answer is whole."""
    model = wrapper(["a", Finish(), Gate()])
    response = model("hi")
    for last, _ in response.stream:
        if last:
            break
    response.close()
    assert_ended(model, time.monotonic())
    assert response.error is None
    assert response.text == "a"
    assert list(response.stream)[-1] == (True, "a")


@async_callers
def test_ending_a_call_after_its_finish_leaves_it_complete_async(wrapper: type) -> None:
    model = wrapper(["a", Finish(), Gate()])

    async def main() -> None:
        response = await model.acall("hi")
        async for last, _ in response.stream:
            if last:
                break
        await response.aclose()
        await response.aclose()
        await until_ended(model)
        assert response.text == "a"

    run(main())


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted, BothScripted])
def test_all_of_a_hundred_dropped_calls_are_ended(wrapper: type) -> None:
    model = wrapper(endless())
    closed = 0
    for _ in range(100):
        model.closed.clear()
        assert next(model("hi").stream) == (False, "a")
        closed += model.closed.wait(SOON)
    assert closed == 100
