"""Wrappers that do what they should not: yield nonsense, refuse to stop, fail while they clean up."""

from __future__ import annotations

import asyncio
import gc
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from reading import ALL_FOUR, alook, look, look_sync, read, run
from scripted import LIMIT, AsyncScripted, Gate, SyncScripted, Yield

from modelstream.deltas import Finish, ReasoningDelta, TextDelta, ToolCallDelta, Usage, UsageDelta
from modelstream.errors import (
    ConnectionLostError,
    MalformedDataError,
    StreamCancelledError,
    StreamError,
    TruncatedStreamError,
)
from modelstream.wrapper import ModelWrapper

every_way = pytest.mark.parametrize(("wrapper", "is_async"), ALL_FOUR.values(), ids=ALL_FOUR)

NONSENSE = [
    *[5, 1.5, True, b"bytes", bytearray(b"x"), ("a",), {"text": "a"}, {"a"}, object(), print, iter("a")],
    *[TextDelta, Usage(1), ["a", ["b"]], ["a", None], [5]],
    *[TextDelta(None), TextDelta(b"a"), ReasoningDelta(None), ReasoningDelta(5)],
    *[ToolCallDelta(arguments=None), ToolCallDelta(arguments={"a": 1}), ToolCallDelta(index="0")],
    *[ToolCallDelta(index=[]), ToolCallDelta(id=5), ToolCallDelta(name=["f"])],
    *[UsageDelta("12"), UsageDelta(1, output_tokens=1.5)],
    *[Finish(None), Finish("STOP"), Finish("end_turn"), Finish([]), Finish("stop", raw=5)],
]


def name_of(nonsense: Any) -> str:
    """Without addresses, so that a test has the same name in every process."""
    return re.sub(r" at 0x\w+", "", repr(nonsense))


LATE = [
    *["b", None, [], 5, ["b", Finish("length")], Finish("length"), TextDelta("b"), ReasoningDelta("b")],
    *[ToolCallDelta(0, "c", "f", "{}"), ValueError("late"), ConnectionResetError()],
]


@every_way
@pytest.mark.parametrize("nonsense", NONSENSE, ids=name_of)
def test_nonsense_is_malformed_data(wrapper: type, is_async: bool, nonsense: Any) -> None:
    model = wrapper(["a", Yield(nonsense), "b", Finish()])
    seen = look(model, is_async=is_async)
    assert type(seen.error) is MalformedDataError
    assert seen.error.partial_text == ("aa" if isinstance(nonsense, list) and nonsense[0] == "a" else "a")
    assert not any(last for last, _ in seen.pairs)
    assert len(str(seen.error)) < 300
    assert model.closed.wait(LIMIT)


class MyStr(str):
    __slots__ = ()


class MyList(list):  # type: ignore[type-arg]
    __slots__ = ()


class MyText(TextDelta, frozen=True):
    pass


class MyFinish(Finish, frozen=True):
    pass


@every_way
def test_subclasses_are_what_they_derive_from(wrapper: type, is_async: bool) -> None:
    """Libraries have string classes of their own: those of markupsafe and numpy, say."""
    seen = look(
        wrapper([MyStr("a"), MyList(["b", MyStr("\ud83d")]), MyText("\ude00"), MyFinish()]), is_async=is_async
    )
    assert seen.pairs == [(False, "a"), (False, "ab"), (False, "ab😀"), (True, "ab😀")]
    assert [type(one.delta) for one in seen.snapshots] == [str] * 4
    assert [type(one) for one in seen.deltas[:3]] == [TextDelta] * 3


# After the end marker


@every_way
@pytest.mark.parametrize("late", LATE, ids=repr)
def test_what_comes_after_the_finish_changes_nothing(wrapper: type, is_async: bool, late: Any) -> None:
    error = type(late)(*late.args) if isinstance(late, BaseException) else late
    seen = look(wrapper(["a", Finish("stop", "end"), error]), is_async=is_async)
    assert seen.pairs == [(False, "a"), (True, "a")]
    assert seen.error is None
    assert seen.text == "a"
    assert (seen.response.finish_reason, seen.response.raw_finish_reason) == ("stop", "end")
    assert seen.response.reasoning == ""
    assert seen.response.tool_calls == []


@every_way
def test_usage_may_come_after_the_finish(wrapper: type, is_async: bool) -> None:
    seen = look(
        wrapper(["a", UsageDelta(1, 1), [Finish(), UsageDelta(1, 2)], UsageDelta(None, 3)]), is_async=is_async
    )
    assert seen.pairs == [(False, "a"), (True, "a")]
    assert seen.response.usage == Usage(1, 3)
    assert [type(one) for one in seen.deltas] == [TextDelta, UsageDelta, Finish, UsageDelta, UsageDelta]


# Wrappers without generators


class Plain(ModelWrapper):
    """`deltas` and `adeltas` as ordinary functions that run `make` at once."""

    model_type = "plain"

    def __init__(self, make: Any, **config: Any) -> None:
        super().__init__({"stream": True, **config})
        self.make = make
        self.calls = 0


class SyncPlain(Plain):
    def deltas(self, request: Any) -> Any:
        self.calls += 1
        return self.make(request)


class AsyncPlain(Plain):
    def adeltas(self, request: Any) -> Any:
        self.calls += 1
        return self.make(request)


plain_ways = pytest.mark.parametrize(
    ("wrapper", "is_async"), [(SyncPlain, False), (SyncPlain, True), (AsyncPlain, False), (AsyncPlain, True)]
)


@plain_ways
def test_an_exception_of_deltas_itself_is_a_stream_error(wrapper: type, is_async: bool) -> None:
    def fail(_: Any) -> Any:
        raise ValueError("boom")

    seen = look(wrapper(fail), is_async=is_async)
    assert type(seen.error) is StreamError
    assert isinstance(seen.error.__cause__, ValueError)
    assert seen.error.model_type == "plain"


@plain_ways
@pytest.mark.usefixtures("no_pauses")
def test_an_exception_of_deltas_itself_is_retried(wrapper: type, is_async: bool) -> None:
    def fail(_: Any) -> Any:
        raise ConnectionRefusedError

    model = wrapper(fail, max_retries=2)
    assert type(look(model, is_async=is_async).error) is ConnectionLostError
    assert model.calls == 3


@plain_ways
@pytest.mark.parametrize("returned", [None, 5])
def test_deltas_that_returns_no_iterator(wrapper: type, is_async: bool, returned: Any) -> None:
    seen = look(wrapper(lambda _: returned), is_async=is_async)
    assert isinstance(seen.error, StreamError)
    assert isinstance(seen.error.__cause__, TypeError)


def test_deltas_may_return_any_iterable() -> None:
    assert look_sync(SyncPlain(lambda _: ["a", "b", Finish()])).text == "ab"
    assert look_sync(SyncPlain(lambda _: map(str.upper, ["a", "b"]))).error.partial_text == "AB"


class Closable:
    """An iterator with a `close` of its own, as SDKs return them."""

    def __init__(self) -> None:
        self.closed = 0
        self.left = ["a", "b"]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.left:
            return self.left.pop(0)
        raise StopIteration

    def close(self) -> None:
        self.closed += 1
        raise OSError("already gone")


def test_an_iterator_of_its_own_is_closed_and_may_fail_doing_so() -> None:
    source = Closable()
    response = SyncPlain(lambda _: source)("hi")
    assert next(response.stream) == (False, "a")
    response.close()
    assert source.closed
    assert response.partial_text == "a"


def test_a_wrapper_with_neither_method() -> None:
    class Empty(ModelWrapper):
        model_type = "empty"

    with pytest.raises(TypeError, match="Empty has neither a deltas nor an adeltas method"):
        Empty()("hi")
    with pytest.raises(TypeError, match="Empty has neither a deltas nor an adeltas method"):
        run(Empty().acall("hi"))


# Wrappers that do not stop


class Stubborn(ModelWrapper):
    """Ignores requests to stop."""

    model_type = "stubborn"

    def __init__(self) -> None:
        super().__init__({"stream": True})
        self.stop_requested = threading.Event()


class SyncStubborn(Stubborn):
    def deltas(self, request: Any) -> Any:
        for _ in range(3):
            try:
                yield "a"
            except GeneratorExit:
                self.stop_requested.set()


class AsyncStubborn(Stubborn):
    async def adeltas(self, request: Any) -> Any:
        for _ in range(3):
            try:
                yield "a"
                await asyncio.sleep(0.05)
            except (GeneratorExit, asyncio.CancelledError):
                self.stop_requested.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Python's own complaint
def test_a_generator_that_ignores_its_close() -> None:
    model = SyncStubborn()
    response = model("hi")
    assert next(response.stream) == (False, "a")
    response.close()
    assert model.stop_requested.is_set()
    assert isinstance(read(response.stream, []), StreamCancelledError)
    del response
    gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_async_generator_that_ignores_its_cancellation() -> None:
    async def main() -> None:
        model = AsyncStubborn()
        response = await model.acall("hi")
        assert await anext(response.stream) == (False, "a")
        await asyncio.wait_for(response.aclose(), LIMIT)
        assert isinstance(response.error, StreamCancelledError)
        assert response.partial_text == "a"

    run(main())


@every_way
@pytest.mark.parametrize("end", ["complete", "closed", "failed"])
def test_a_wrapper_that_fails_while_it_cleans_up(wrapper: type, is_async: bool, end: str) -> None:
    """The call is over all the same; its error is what ended it, not that of the clean-up."""
    script: list[Any] = {
        "complete": ["a", Finish()],
        "closed": ["a", Gate()],
        "failed": ["a", ConnectionResetError()],
    }[end]

    class Untidy(wrapper):  # type: ignore[misc]
        if wrapper is SyncScripted:

            def deltas(self, request: Any) -> Iterator[Any]:
                try:
                    yield from super()._play(request)
                finally:
                    raise ValueError("untidy")
        else:

            async def adeltas(self, request: Any) -> AsyncIterator[Any]:
                try:
                    async for one in super()._aplay(request):
                        yield one
                finally:
                    raise ValueError("untidy")

    model = Untidy(script)

    async def main() -> Any:
        response = await model.acall("hi")
        if end == "closed":
            assert await anext(response.stream) == (False, "a")
            await response.aclose()
        seen = await alook(_Same(response))
        assert seen.partial_text == "a"
        return seen.error

    def work() -> Any:
        response = model("hi")
        if end == "closed":
            assert next(response.stream) == (False, "a")
            response.close()
        seen = look_sync(_Same(response))
        assert seen.partial_text == "a"
        return seen.error

    error = run(main()) if is_async else work()
    assert model.closed.wait(LIMIT)
    expected = {"complete": type(None), "closed": StreamCancelledError, "failed": StreamError}[end]
    assert type(error) is expected or (end == "failed" and isinstance(error, StreamError))


class _Same:
    """Stands for a wrapper with an existing response."""

    def __init__(self, response: Any) -> None:
        self.response = response

    def __call__(self, _: str) -> Any:
        return self.response

    async def acall(self, _: str) -> Any:
        return self.response


# Wrappers that interfere with their call


@every_way
def test_a_wrapper_that_cancels_its_own_request(wrapper: type, is_async: bool) -> None:
    """It may look at `cancelled`; that it sets it is odd, but ends nothing by itself."""
    seen = look(wrapper(["a", lambda request: request.cancel(), "b", Finish()]), is_async=is_async)
    assert seen.text == "ab"


@every_way
def test_an_on_cancel_that_raises_hides_nothing(wrapper: type, is_async: bool) -> None:
    def listen(request: Any) -> None:
        request.on_cancel(lambda: 1 / 0)

    model = wrapper([listen, "a", Gate()], idle_timeout=0.1)
    seen = look(model, is_async=is_async)
    assert seen.error.partial_text == "a"
    assert "idle_timeout" in str(seen.error)
    assert model.cancelled.wait(LIMIT)


def test_a_cancelled_inner_task_is_a_failure_and_not_a_cancelled_call() -> None:
    """As when an SDK cancels its own connection task: the caller did not cancel the call."""

    async def fall(_: Any) -> None:
        raise asyncio.CancelledError

    async def main() -> Any:
        return await alook(AsyncScripted(["a", fall, "b", Finish()]))

    seen = run(main())
    assert type(seen.error) is StreamError
    assert isinstance(seen.error.__cause__, asyncio.CancelledError)
    assert seen.error.partial_text == "a"


@every_way
def test_a_wrapper_that_calls_its_own_model(wrapper: type, is_async: bool) -> None:
    inner = SyncScripted(["in", "ner", Finish()])
    texts: list[str] = []
    model = wrapper([lambda _: texts.append(inner("hi").text), "outer", Finish()])
    assert look(model, is_async=is_async).text == "outer"
    assert texts == ["inner"]


def test_an_endless_stream_is_ended_by_its_reader() -> None:
    def endless(_: Any) -> Iterator[str]:
        while True:
            yield "a"

    since = time.monotonic()
    for snapshot in SyncPlain(endless)("hi").stream:
        if snapshot.offset > 10_000:
            break
    assert time.monotonic() - since < LIMIT


@every_way
def test_an_empty_stream_is_truncated_and_the_call_says_so(wrapper: type, is_async: bool) -> None:
    seen = look(wrapper([], max_retries=3), is_async=is_async)
    assert type(seen.error) is TruncatedStreamError
    assert seen.response is None
    assert str(seen.error) == "scripted: the stream ended before the provider reported that it is complete"
    assert seen.error.retryable
