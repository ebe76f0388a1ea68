"""One call, any number of readers: in threads, in tasks, early, late, and gone before the end."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

import pytest
from reading import ALL_FOUR, ASYNC_CALLER, SYNC_CALLER, aread, read, run
from scripted import LIMIT, AsyncScripted, BothScripted, Gate, SyncScripted

from modelstream.deltas import Finish, TextDelta, UsageDelta
from modelstream.errors import StreamError

sync_callers = pytest.mark.parametrize("wrapper", SYNC_CALLER.values(), ids=SYNC_CALLER)
async_callers = pytest.mark.parametrize("wrapper", ASYNC_CALLER.values(), ids=ASYNC_CALLER)
SCRIPT = [f"w{n} " for n in range(3000)] + [Finish(), UsageDelta(1, 2)]
PAIRS = [(False, n) for n in range(1, 3001)] + [(True, 3000)]


def in_threads(*jobs: Callable[[], None]) -> None:
    """Run the jobs at the same time; they must be done in good time, and none may fail."""
    failures: list[BaseException] = []
    together = threading.Barrier(len(jobs))

    def work(job: Callable[[], None]) -> None:
        try:
            together.wait(LIMIT)
            job()
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive(), "a reader hangs"
    assert not failures


def numbered(snapshots: list[Any]) -> list[tuple[bool, int]]:
    """The snapshots with the number of words for their texts: comparing megabytes tests nothing more."""
    return [(one.last, _words(one)) for one in snapshots]


def _words(snapshot: Any) -> int:
    return int(snapshot.delta[1:]) + 1 if snapshot.delta else 3000


@sync_callers
def test_ten_threads_all_see_all(wrapper: type) -> None:
    model = wrapper(SCRIPT)
    response = model("hi")
    seen: list[list[Any]] = [[] for _ in range(10)]
    in_threads(*[lambda into=into: into.extend(response.stream) for into in seen])
    assert [numbered(one) for one in seen] == [PAIRS] * 10
    assert len(model.requests) == 1
    assert seen[3][-1].text == response.text


@async_callers
def test_ten_tasks_all_see_all(wrapper: type) -> None:
    model = wrapper(SCRIPT)

    async def snapshots(response: Any) -> list[Any]:
        return [snapshot async for snapshot in response.stream]

    async def main() -> list[list[Any]]:
        response = await model.acall("hi")
        return await asyncio.gather(*[snapshots(response) for _ in range(10)])

    assert [numbered(one) for one in run(main(), debug=False)] == [PAIRS] * 10
    assert len(model.requests) == 1


@async_callers
def test_tasks_in_loops_of_other_threads_all_see_all(wrapper: type) -> None:
    """The response is created in one event loop and read in five, some of which begin late."""
    model = wrapper(SCRIPT)
    seen: list[list[Any]] = [[] for _ in range(5)]

    async def main() -> None:
        response = await model.acall("hi")
        others = [asyncio.to_thread(asyncio.run, aread(response.stream, into)) for into in seen[1:]]
        await asyncio.gather(aread(response.stream, seen[0]), *others)

    run(main(), debug=False)
    assert [numbered(one) for one in seen] == [PAIRS] * 5


@sync_callers
def test_threads_that_wait_for_each_delta_all_get_it(wrapper: type) -> None:
    """In lock-step: the next delta is created when all ten have the one before."""
    count = 20
    gates = [Gate() for _ in range(count)]
    barriers = [threading.Barrier(10, action=gate.open) for gate in gates]
    model = wrapper([step for n in range(count) for step in (f"w{n} ", gates[n])] + [Finish()])
    response = model("hi")

    def follow() -> None:
        for number, snapshot in enumerate(response.stream):
            if not snapshot.last:
                barriers[number].wait(LIMIT)

    in_threads(*[follow] * 10)
    assert response.text.split() == [f"w{n}" for n in range(count)]


@sync_callers
def test_a_reader_that_breaks_off_does_not_affect_others(wrapper: type) -> None:
    response = wrapper(["a", "b", "c", Finish()])("hi")
    first = response.stream
    assert next(first) == (False, "a")
    for _, text in response.stream:
        if text == "ab":
            break
    first.close()
    assert [tuple(one) for one in response.stream] == [
        (False, "a"),
        (False, "ab"),
        (False, "abc"),
        (True, "abc"),
    ]


@async_callers
def test_a_reader_that_breaks_off_does_not_affect_others_async(wrapper: type) -> None:
    async def main() -> list[Any]:
        response = await wrapper(["a", "b", "c", Finish()]).acall("hi")
        first = response.stream
        assert await anext(first) == (False, "a")
        async for _, text in response.stream:
            if text == "ab":
                break
        await first.aclose()
        return [tuple(one) async for one in response.stream]

    assert run(main()) == [(False, "a"), (False, "ab"), (False, "abc"), (True, "abc")]


@sync_callers
def test_a_reader_that_breaks_off_in_a_thread_leaves_the_pulling_to_the_others(wrapper: type) -> None:
    gate = Gate()
    response = wrapper(["a", gate, "b", "c", Finish()])("hi")
    readers = [response.stream for _ in range(4)]
    seen: list[list[Any]] = [[], [], [], []]

    def begin(number: int) -> None:
        for snapshot in readers[number]:
            seen[number].append(tuple(snapshot))
            if len(seen[number]) == 1 + number:
                break

    threading.Thread(target=lambda: (gate.reached.wait(LIMIT), gate.open())).start()
    in_threads(*[lambda n=n: begin(n) for n in range(4)])
    assert [len(one) for one in seen] == [1, 2, 3, 4]


@pytest.mark.parametrize(("wrapper", "is_async"), ALL_FOUR.values(), ids=ALL_FOUR)
def test_a_late_reader_sees_all(wrapper: type, is_async: bool) -> None:
    async def main() -> list[Any]:
        response = await wrapper(["a", "b", Finish()]).acall("hi")
        assert await response.get_text() == "ab"
        return [tuple(one) async for one in response.stream]

    def work() -> list[Any]:
        response = wrapper(["a", "b", Finish()])("hi")
        assert response.text == "ab"
        return [tuple(one) for one in response.stream]

    assert (run(main()) if is_async else work()) == [(False, "a"), (False, "ab"), (True, "ab")]


@sync_callers
def test_stream_is_a_generator_and_a_new_one_each_time(wrapper: type) -> None:
    response = wrapper(["a", Finish()])("hi")
    assert inspect.isgenerator(response.stream)
    assert inspect.isgenerator(response.deltas)
    assert response.stream is not response.stream
    assert list(response.deltas) == [TextDelta("a"), Finish()]


@async_callers
def test_stream_is_an_async_generator_and_a_new_one_each_time(wrapper: type) -> None:
    async def main() -> None:
        response = await wrapper(["a", Finish()]).acall("hi")
        assert inspect.isasyncgen(response.stream)
        assert inspect.isasyncgen(response.deltas)
        assert response.stream is not response.stream
        assert [one async for one in response.deltas] == [TextDelta("a"), Finish()]

    run(main())


def test_without_streaming_there_is_no_stream_and_all_is_there() -> None:
    model = BothScripted(["a", "b", Finish()], stream=False)
    response = model("hi")
    assert response.stream is None
    assert (response.text, response.is_stream_exhausted) == ("ab", True)
    assert "".join(one for one in [response.stream or response.text]) == "ab"
    assert [one.text for one in response.deltas if isinstance(one, TextDelta)] == ["a", "b"]
    assert run(model.acall("hi")).stream is None
    assert run(model.acall("hi")).text == "ab"
    assert list(model("hi", stream=True).stream)[-1] == (True, "ab")
    assert SyncScripted(["a", Finish()], stream=True)("hi", stream=False).stream is None


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted])
def test_without_streaming_the_call_raises_what_ended_it(wrapper: type) -> None:
    with pytest.raises(StreamError) as caught:
        wrapper(["a", ValueError("boom")], stream=False)("hi")
    assert caught.value.partial_text == "a"
    with pytest.raises(StreamError) as caught:
        run(wrapper(["a", ValueError("boom")], stream=False).acall("hi"))
    assert caught.value.partial_text == "a"


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted])
def test_many_calls_of_one_wrapper_at_once_do_not_mix(wrapper: type) -> None:
    model = wrapper(*[[f"{n}-", f"{n}", Finish()] for n in range(8)])
    texts: list[str] = []
    in_threads(*[lambda: texts.append(model("hi").text)] * 8)
    assert sorted(texts) == sorted(f"{n}-{n}" for n in range(8))


def test_readers_after_a_failure_all_get_the_error() -> None:
    response = SyncScripted(["a", ValueError("boom")], max_retries=0)("hi")
    errors = []
    for _ in range(3):
        seen: list[Any] = []
        errors.append(read(response.stream, seen))
        assert seen == [(False, "a")]
    assert errors[0] is errors[1] is errors[2] is response.error
    assert len(inspect.getinnerframes(errors[-1].__traceback__)) < 8, "the traceback grows with each reader"


@sync_callers
def test_get_text_is_the_full_text_while_another_thread_is_reading(wrapper: type) -> None:
    gate = Gate()
    response = wrapper(["one ", gate, "two", Finish()])("hi")
    reached = threading.Event()
    seen: list[str] = []
    texts: list[str] = []

    def read_on() -> None:
        for _, text in response.stream:
            seen.append(text)
            reached.set()

    def wait_for_all() -> None:
        assert reached.wait(LIMIT)
        assert response.text == "one "
        threading.Timer(0.05, gate.open).start()
        texts.append(response.get_text())

    in_threads(read_on, wait_for_all)
    assert texts == ["one two"]
    assert seen == ["one ", "one two", "one two"]


@sync_callers
def test_get_text_raises_what_ended_the_stream(wrapper: type) -> None:
    response = wrapper(["one "])("hi")
    with pytest.raises(StreamError) as caught:
        response.get_text()
    assert caught.value.partial_text == response.partial_text == "one "
