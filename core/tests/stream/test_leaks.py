"""A call frees its memory together with its response."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from reading import ALL_FOUR, run
from scripted import AsyncScripted, SyncScripted

from modelstream.deltas import Finish
from modelstream.errors import StreamError


def _transcript_of(response: Any) -> weakref.ref[Any]:
    return weakref.ref(response._transcript)


# The snapshot is a local of the frame that the error's traceback holds.


async def _read_async(wrapper: Any) -> weakref.ref[Any]:
    response = await wrapper.acall("hi")
    with suppress(StreamError):
        async for snapshot in response.stream:
            assert snapshot.text
    return _transcript_of(response)


def _read_sync(wrapper: Any) -> weakref.ref[Any]:
    response = wrapper("hi")
    with suppress(StreamError):
        for snapshot in response.stream:
            assert snapshot.text
    return _transcript_of(response)


@pytest.mark.parametrize(("wrapper", "is_async"), ALL_FOUR.values(), ids=ALL_FOUR)
@pytest.mark.parametrize(
    "end", [list, lambda: [ValueError("boom")], lambda: [Finish()]], ids=["cut", "failed", "complete"]
)
def test_a_call_is_collected_with_its_response(
    wrapper: type, is_async: bool, end: Callable[[], list[Any]]
) -> None:
    model = wrapper(["a", "b", *end()], max_retries=0)
    transcript = run(_read_async(model)) if is_async else _read_sync(model)
    model.scripts.clear()  # they hold the exceptions that were raised
    gc.collect()
    assert transcript() is None


def test_a_kept_snapshot_keeps_the_text_and_not_the_call() -> None:
    response = SyncScripted(["a", "b", Finish()])("hi")
    kept = list(response.stream)
    transcript = _transcript_of(response)
    del response
    gc.collect()
    assert transcript() is None
    assert [tuple(one) for one in kept] == [(False, "a"), (False, "ab"), (True, "ab")]


def test_a_complete_call_is_freed_without_the_collector() -> None:
    model = SyncScripted(["a", Finish()])
    gc.collect()
    gc.disable()
    try:
        assert _read_sync(model)() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted])
def test_an_error_that_is_kept_keeps_the_text(wrapper: type) -> None:
    def call() -> StreamError:
        with pytest.raises(StreamError) as caught:
            list(wrapper(["a", "b"])("hi").stream)
        return caught.value

    error = call()
    gc.collect()
    assert error.partial_text == "ab"
