"""`response.text` before, during and after reading, and the attributes besides it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from reading import ASYNC_CALLER, SYNC_CALLER, run
from scripted import LIMIT, AsyncScripted, BothScripted, Gate, SyncScripted

from modelstream.deltas import Finish, ReasoningDelta, ToolCall, ToolCallDelta, Usage, UsageDelta
from modelstream.errors import StreamCancelledError, StreamError, StreamInUseError, TruncatedStreamError

sync_callers = pytest.mark.parametrize("wrapper", SYNC_CALLER.values(), ids=SYNC_CALLER)
async_callers = pytest.mark.parametrize("wrapper", ASYNC_CALLER.values(), ids=ASYNC_CALLER)


@sync_callers
def test_B01_text_before_iteration_drains_the_stream(wrapper: type) -> None:
    response = wrapper(["a", "b", Finish()])("hi")
    assert response.text == "ab"
    assert response.is_stream_exhausted


@pytest.mark.parametrize(
    "script", [["a", "b", "c", Finish()], [["a", "b"], "c", Finish()], [["a", "b", "c", Finish()]]]
)
def test_B21_text_during_iteration_is_what_was_shown(script: list[Any]) -> None:
    """No lag, and no look ahead either, however the deltas arrived."""
    response = SyncScripted(script)("hi")
    seen = []
    for last, text in response.stream:
        assert response.text == text
        seen.append((last, text))
    assert seen == [(False, "a"), (False, "ab"), (False, "abc"), (True, "abc")]
    assert response.text == "abc"


@pytest.mark.parametrize("script", [["a", "b", Finish()], [["a", "b", Finish()]]])
def test_text_while_the_deltas_are_read_is_what_was_shown(script: list[Any]) -> None:
    response = SyncScripted(script)("hi")
    texts = []
    for _ in response.deltas:
        assert not response.is_stream_exhausted
        texts.append(response.text)
    assert texts == ["a", "ab", "ab"]


@async_callers
def test_text_while_the_deltas_are_read_is_what_was_shown_async(wrapper: type) -> None:
    gates = [Gate(), Gate()]

    async def main() -> list[str]:
        response = await wrapper(["a", gates[0], "b", gates[1], Finish()]).acall("hi")
        texts = []
        async for _ in response.deltas:
            texts.append(response.text)
            gates[min(len(texts), 2) - 1].open()
        return texts

    assert run(main()) == ["a", "ab", "ab"]


@sync_callers
def test_text_while_another_thread_reads_does_not_wait(wrapper: type) -> None:
    gate = Gate()
    response = wrapper(["a", gate, "b", Finish()])("hi")
    begun = threading.Event()

    def read() -> None:
        for _ in response.stream:
            begun.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert begun.wait(LIMIT)
    assert gate.reached.wait(LIMIT)
    assert response.text == "a"
    gate.open()
    thread.join(LIMIT)
    assert response.text == "ab"


@sync_callers
def test_B24_text_after_a_break_is_the_full_text(wrapper: type) -> None:
    """After the break there is no reader any more, so text drains again."""
    response = wrapper(["a", "b", Finish()])("hi")
    for _ in response.stream:
        break
    assert response.text == "ab"
    assert response.is_stream_exhausted


@sync_callers
@pytest.mark.parametrize("kind", [TruncatedStreamError, StreamError])
def test_text_after_a_failure_raises_it_and_partial_text_is_the_text_so_far(
    wrapper: type, kind: type
) -> None:
    end = [] if kind is TruncatedStreamError else [ValueError("boom")]
    response = wrapper(["a", "b", *end])("hi")
    for _ in range(2):
        with pytest.raises(kind) as caught:
            _ = response.text
        assert caught.value is response.error
        assert caught.value.partial_text == response.partial_text == "ab"
    assert response.finish_reason is None


@sync_callers
def test_partial_text_neither_drains_nor_raises(wrapper: type) -> None:
    gate = Gate()
    response = wrapper(["a", gate, "b", ValueError("x")], max_retries=0)("hi")
    assert response.partial_text == "a"
    assert response.partial_text == "a"
    assert not response.is_stream_exhausted
    gate.open()
    with pytest.raises(StreamError):
        _ = response.text
    assert response.partial_text == "ab"


@sync_callers
def test_text_after_close_raises_and_partial_text_stays(wrapper: type) -> None:
    response = wrapper(["a", Gate()])("hi")
    assert next(response.stream) == (False, "a")
    response.close()
    with pytest.raises(StreamCancelledError):
        _ = response.text
    assert response.partial_text == "a"
    assert repr(response) == "<ModelResponse scripted StreamCancelledError, 1 characters>"


@sync_callers
def test_B25_a_text_that_was_set_holds_until_the_stream_is_read(wrapper: type) -> None:
    response = wrapper(["a", "b", Finish()])("hi")
    response.text = "Z"
    assert response.text == "Z"
    assert list(response.stream)[-1] == (True, "ab")
    assert response.text == "ab"
    response.text = ""
    assert response.text == ""
    assert response.partial_text == "ab"


@async_callers
def test_get_text_awaits_the_rest(wrapper: type) -> None:
    async def main() -> None:
        response = await wrapper(["a", "b", Finish()]).acall("hi")
        assert await anext(response.stream) == (False, "a")
        assert await response.get_text() == "ab"
        assert response.text == "ab"

    run(main())


@async_callers
def test_a_property_cannot_await_and_its_error_says_what_can(wrapper: type) -> None:
    gate = Gate()

    async def main() -> None:
        response = await wrapper(["a", gate, "b", Finish()]).acall("hi")
        with pytest.raises(StreamInUseError, match=r"await response.get_text\(\)"):
            _ = response.text
        stream = response.stream
        assert (await anext(stream)).text == response.text == response.partial_text == "a"
        gate.open()
        async for _, text in stream:
            assert response.text == text
        assert response.text == "ab"

    run(main())


@async_callers
def test_a_failure_is_raised_by_every_way_to_the_text(wrapper: type) -> None:
    async def main() -> None:
        response = await wrapper(["a"]).acall("hi")
        for _ in range(2):
            with pytest.raises(TruncatedStreamError) as caught:
                await response.get_text()
            assert caught.value is response.error
        with pytest.raises(TruncatedStreamError):
            _ = response.text
        assert response.partial_text == "a"

    run(main())


@sync_callers
@pytest.mark.parametrize(
    "script",
    [
        [Finish("tool_calls")],
        [UsageDelta(1, 2), Finish(), UsageDelta(2)],
        ["", [], Finish()],
        [ReasoningDelta("hm"), ToolCallDelta(0, "c", "f", "{}"), Finish("tool_calls")],
    ],
)
def test_B06_B08_an_answer_without_text_is_one_snapshot(wrapper: type, script: list[Any]) -> None:
    response = wrapper(script)("hi")
    assert [tuple(one) for one in response.stream] == [(True, "")]
    assert response.text == ""


@sync_callers
def test_B09_B10_other_deltas_are_kept_besides_the_text(wrapper: type) -> None:
    script = [
        ReasoningDelta("h"),
        "a",
        ReasoningDelta("m"),
        ToolCallDelta(1, "two", "g"),
        ToolCallDelta(0, "one", "f", "{"),
        ToolCallDelta(1, arguments="[]"),
        ToolCallDelta(0, arguments="}"),
        UsageDelta(3),
        UsageDelta(None, 4),
        Finish("tool_calls"),
    ]
    response = wrapper(script)("hi")
    assert response.text == "a"
    assert response.reasoning == "hm"
    assert response.tool_calls == [ToolCall("two", "g", "[]"), ToolCall("one", "f", "{}")]
    assert response.usage == Usage(3, 4)
    assert response.usage.total_tokens == 7
    assert response.finish_reason == "tool_calls"


def test_a_generated_id_is_the_same_for_every_reader() -> None:
    response = SyncScripted(
        [ToolCallDelta(0, None, "f"), ToolCallDelta(1, None, "g"), ToolCallDelta(0, arguments="{}"), Finish()]
    )("hi")
    first, second = (next(iter(response.deltas)), next(iter(response.deltas)))
    assert first == second
    _ = response.text
    one, two = response.tool_calls
    assert one.id == first.id
    assert one.id != two.id
    assert one.arguments == "{}"
    assert [delta.id for delta in response.deltas if isinstance(delta, ToolCallDelta)] == [
        one.id,
        two.id,
        None,
    ]


def test_raw_chunks_are_kept_on_request() -> None:
    def keep(request: Any) -> None:
        if request.raw_chunks is not None:
            request.raw_chunks.append({"chunk": 1})

    model = BothScripted([keep, "a", Finish()])
    assert model("hi").raw is None
    response = model("hi", raw=True)
    assert response.text == "a"
    assert response.raw == [{"chunk": 1}]


def test_the_model_of_a_response() -> None:
    response = SyncScripted(["a", Finish()], model_name="small-1")("hi")
    assert (response.model_type, response.model_name) == ("scripted", "small-1")
    assert repr(response) == "<ModelResponse scripted streaming, 1 characters>"
    _ = response.text
    assert repr(response) == "<ModelResponse scripted ended, 1 characters>"
    assert AsyncScripted(["a", Finish()])("hi").model_name is None
