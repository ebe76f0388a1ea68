"""What a reader of a response gets."""

from collections.abc import AsyncGenerator, Generator
from typing import assert_type

import modelstream
from modelstream import (
    AsyncModelResponse,
    AsyncStreamedResponse,
    Delta,
    ModelResponse,
    ModelWrapper,
    Snapshot,
    StreamedResponse,
    ToolCall,
    Usage,
)
from modelstream.deltas import FinishReason

model = modelstream.load_model("local_chat")
assert_type(model, ModelWrapper)


def streamed() -> None:
    response = model("Hi", stream=True, temperature=0.5)
    assert_type(response, StreamedResponse)
    assert_type(response.stream, Generator[Snapshot, None, None])
    for last, text in response.stream:
        assert_type(last, bool)
        assert_type(text, str)
    for snapshot in response.stream:
        one_snapshot(snapshot)
    assert_type(next(response.stream).text, str)
    assert_type([text for _, text in response.stream], list[str])
    facts(response)
    with model("Hi", stream=True) as held:
        assert_type(held, StreamedResponse)


def one_snapshot(snapshot: Snapshot) -> None:
    last, text = snapshot
    assert_type(last, bool)
    assert_type(text, str)
    assert_type(snapshot[0], bool)
    assert_type(snapshot[1], str)
    assert_type(snapshot[-1], str)
    assert_type(snapshot.last, bool)
    assert_type(snapshot.text, str)
    assert_type(snapshot.delta, str)
    assert_type(snapshot.offset, int)
    assert_type(snapshot == (True, "Hi"), bool)
    assert_type({snapshot: 1}, dict[Snapshot, int])


def not_streamed(streaming: bool, unknown: bool | None) -> None:
    assert_type(model("Hi"), ModelResponse)
    assert_type(model("Hi", stream=False), ModelResponse)
    assert_type(model("Hi", stream=streaming), ModelResponse)
    assert_type(model("Hi", stream=unknown, raw=True), ModelResponse)
    response = model("Hi")
    assert_type(response.stream, Generator[Snapshot, None, None] | None)
    if stream := response.stream:
        for last, text in stream:
            assert_type(last, bool)
            assert_type(text, str)
    facts(response)


def facts(response: ModelResponse) -> None:
    assert_type(response.text, str)
    assert_type(response.get_text(), str)
    assert_type(response.partial_text, str)
    assert_type(response.deltas, Generator[Delta, None, None])
    assert_type(response.tool_calls, list[ToolCall])
    assert_type(response.usage, Usage | None)
    assert_type(response.finish_reason, FinishReason | None)
    modelstream.show(response)
    modelstream.show(response.stream or response.text)


async def in_a_coroutine(unknown: bool | None) -> None:
    response = await model.acall("Hi", stream=True)
    assert_type(response, AsyncStreamedResponse)
    assert_type(response.stream, AsyncGenerator[Snapshot, None])
    async for last, text in response.stream:
        assert_type(last, bool)
        assert_type(text, str)
    async for delta in response.deltas:
        assert_type(delta, Delta)
    assert_type(await response.get_text(), str)
    assert_type(await model.acall("Hi"), AsyncModelResponse)
    whole = await model.acall("Hi", stream=unknown)
    assert_type(whole.stream, AsyncGenerator[Snapshot, None] | None)
    await modelstream.ashow(response)
    async with await model.acall("Hi", stream=True) as held:
        assert_type(held, AsyncStreamedResponse)


def annotated(response: StreamedResponse) -> ModelResponse:
    return response
