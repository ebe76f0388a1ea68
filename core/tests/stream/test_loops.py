"""Event loops that come and go while a response is held, and threads between them."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from typing import Any

import pytest
from reading import ASYNC_CALLER, aread, look, look_sync, read, run
from scripted import LIMIT, AsyncScripted, BothScripted, Gate, SyncScripted

from modelstream.deltas import Finish
from modelstream.errors import StreamCancelledError

async_callers = pytest.mark.parametrize("wrapper", ASYNC_CALLER.values(), ids=ASYNC_CALLER)


@pytest.fixture
def loops():
    """Event loops of the test's own; a loop that is closed with tasks in it is what is tested here."""
    created: list[asyncio.AbstractEventLoop] = []

    def make() -> asyncio.AbstractEventLoop:
        created.append(asyncio.new_event_loop())
        return created[-1]

    yield make
    for loop in created:
        loop.close()


def in_time(loop: asyncio.AbstractEventLoop, work: Any) -> Any:
    return loop.run_until_complete(asyncio.wait_for(work, LIMIT))


@async_callers
def test_one_loop_run_again_and_again(wrapper: type, loops: Any) -> None:
    """As a synchronous program does that uses `run_until_complete` for each step."""
    loop = loops()
    response = in_time(loop, wrapper(["a", "b", Finish()]).acall("hi"))
    stream = response.stream
    assert in_time(loop, anext(stream)) == (False, "a")
    assert in_time(loop, anext(stream)) == (False, "ab")
    assert in_time(loop, response.get_text()) == "ab"
    in_time(loop, loop.shutdown_asyncgens())


@async_callers
def test_a_reader_in_a_second_loop_after_the_first_was_run_to_its_end(wrapper: type) -> None:
    async def main() -> Any:
        response = await wrapper(["a", "b", Finish()]).acall("hi")
        await response.get_text()
        return response

    response = run(main())
    seen: list[Any] = []
    assert run(aread(response.stream, seen)) is None
    assert [tuple(one) for one in seen] == [(False, "a"), (False, "ab"), (True, "ab")]


def test_a_reader_in_a_second_loop_after_the_first_was_closed(
    loops: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The call can't go on: its task died with its loop."""
    loop = loops()
    response = in_time(loop, AsyncScripted(["a", Gate(), "b", Finish()]).acall("hi"))
    loop.close()
    assert isinstance(in_time(loops(), aread(response.stream, [])), StreamCancelledError)
    assert response.partial_text == "a"
    del response
    gc.collect()
    caplog.clear()  # of Python's own complaint about the task


def test_readers_in_a_closed_loop_do_not_affect_others(loops: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Two loops in one thread; the first is closed with a reader waiting in it."""
    first, second = loops(), loops()
    gate = Gate()
    response = in_time(second, AsyncScripted(["a", gate, "b", Finish()]).acall("hi"))
    left = first.create_task(aread(response.stream, []))
    first.run_until_complete(asyncio.sleep(0.01))
    first.close()
    gate.open()
    assert in_time(second, response.get_text()) == "ab"
    del left
    gc.collect()
    caplog.clear()


def test_a_wrapper_of_both_kinds_serves_each_caller_directly() -> None:
    model = BothScripted(["a", Finish()])
    assert look_sync(model).text == "a"
    assert look(model, is_async=True).text == "a"
    assert model.threads == {threading.get_ident()}


def test_a_sync_wrapper_runs_in_a_thread_for_a_coroutine_and_does_not_block_it() -> None:
    gate = Gate()
    model = SyncScripted([gate, "a", Finish()])

    async def main() -> str:
        task = asyncio.create_task(model.acall("hi"))
        await asyncio.to_thread(gate.reached.wait, LIMIT)
        gate.open()  # the loop is free to do this while the wrapper waits
        return await (await task).get_text()

    assert run(main()) == "a"
    assert threading.get_ident() not in model.threads


def test_async_wrappers_run_in_one_loop_for_sync_callers() -> None:
    """Connection pools of async SDKs belong to one loop."""
    loops_seen: list[Any] = []
    model = AsyncScripted([lambda _: loops_seen.append(asyncio.get_running_loop()), "a", Finish()])
    threads = [threading.Thread(target=lambda: model("hi").text) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert len(loops_seen) == 4
    assert len(set(loops_seen)) == 1
    assert len(model.threads) == 1
    other = AsyncScripted([lambda _: loops_seen.append(asyncio.get_running_loop()), "a", Finish()])
    assert other("hi").text == "a"
    assert len(set(loops_seen)) == 1


def test_a_sync_caller_inside_an_event_loop() -> None:
    """Not polite to the loop, but it works: in notebooks, say."""

    async def main() -> list[str]:
        return [wrapper(["a", Finish()])("hi").text for wrapper in (SyncScripted, AsyncScripted)]

    assert run(main(), debug=False) == ["a", "a"]


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted, BothScripted])
def test_a_wrapper_sees_the_context_variables_of_its_caller(wrapper: type) -> None:
    """Tracers rely on them."""
    seen: list[str] = []
    model = wrapper(
        [lambda _: seen.append(variable.get()), "a", lambda _: seen.append(variable.get()), Finish()]
    )

    async def main() -> None:
        variable.set("async")
        assert await (await model.acall("hi")).get_text() == "a"

    run(main())
    assert seen == ["async", "async"]
    seen.clear()
    token = variable.set("sync")
    assert read(model("hi").stream, []) is None
    variable.reset(token)
    assert seen == ["sync", "sync"]
