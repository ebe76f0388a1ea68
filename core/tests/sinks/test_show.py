"""Everything that `show` accepts, and every way in which it may end."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from contextlib import suppress

import pytest
from recording_sink import FINISH, LIMIT, Gate, RecordingSink, Scripted, answer, state_after

import modelstream
from modelstream import (
    ConfigError,
    Message,
    RateLimitError,
    ReasoningDelta,
    Snapshot,
    StreamCancelledError,
    StreamError,
    StreamSink,
    ToolCallDelta,
    TruncatedStreamError,
    Usage,
    UsageDelta,
    show,
)
from modelstream.sinks.delivery.background import flush
from modelstream.snapshot import FixedText

EVERYTHING = [
    ReasoningDelta("hm"),
    "Hel",
    ToolCallDelta(0, "c1", "f", "{"),
    "lo",
    ToolCallDelta(0, arguments="}"),
    FINISH,
    UsageDelta(3, 4),
]


@pytest.fixture(params=["inline", "background"])
def sink(request):
    return RecordingSink(delivery=request.param)


def test_show_is_a_function_whatever_was_imported():
    from modelstream import showing

    assert modelstream.show is showing.show.show


# Responses


def test_a_response_is_shown_with_everything_in_order(sink):
    show(answer(*EVERYTHING), name="Bob", role="assistant", sinks=sink)
    record = sink.only
    assert record.methods == [
        "open",
        *["write_delta", "write"] * 2,
        "write_delta",
        "write",
        "write_delta",
        "close",
    ]
    assert record.deltas == ["Hel", "lo"]
    assert [one for one in record.items if not isinstance(one, Snapshot)] == [
        ReasoningDelta("hm"),
        ToolCallDelta(0, "c1", "f", "{"),
        ToolCallDelta(0, None, None, "}"),
        UsageDelta(3, 4),
    ]
    assert record.items[-2] == (True, "Hello")
    assert (record.message.name, record.message.role) == ("Bob", "assistant")
    assert (record.message.model_type, record.message.model_name) == ("scripted", None)
    outcome = record.outcome
    assert (outcome.state, outcome.finish_reason, outcome.error) == ("complete", "stop", None)
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == (3, 4)
    assert [(call.id, call.name, call.arguments) for call in outcome.tool_calls] == [("c1", "f", "{}")]


def test_its_stream_is_shown_too(sink):
    response = answer(*EVERYTHING)
    show(response.stream, sinks=sink)
    assert state_after(sink.only.items) == state_after([*EVERYTHING[:1], *sink.only.items[1:]])
    assert sink.only.methods.count("write_delta") == 4
    assert sink.only.message.model_type == "scripted"
    assert sink.only.outcome.usage == Usage(3, 4)
    assert response.text == "Hello"


def test_a_stream_that_was_partly_read(sink):
    stream = answer("Hel", "lo", FINISH).stream
    next(stream)
    show(stream, sinks=sink)
    assert sink.only.text == "Hello"
    assert sink.only.outcome.state == "complete"


def test_a_response_that_is_complete(sink):
    response = Scripted(*EVERYTHING)("?", stream=False)
    show(response, sinks=sink)
    assert sink.only.deltas == ["Hel", "lo"]
    show(response, sinks=sink)
    assert [record.text for record in sink.all_records] == ["Hello", "Hello"]


def test_each_delta_is_shown_before_the_next_is_requested():
    sink = RecordingSink(delivery="inline")
    seen = []
    steps = [lambda: seen.append(sink.only.deltas[:]), "a", lambda: seen.append(sink.only.deltas[:]), "b"]
    show(Scripted("first", *steps, FINISH)("?", stream=True), sinks=sink)
    assert seen == [["first"], ["first", "a"]]


def test_while_it_is_shown_text_is_the_text_so_far():
    seen = []

    def on_call(method, message, item):
        if method == "write":
            seen.append(response.text)

    response = answer("Hel", "lo", FINISH)
    show(response, sinks=RecordingSink(on_call, delivery="inline"))
    assert seen == ["Hel", "Hello", "Hello"]
    assert response.text == "Hello"


def test_an_empty_answer(sink):
    show(answer(FINISH), sinks=sink)
    assert sink.only.methods == ["open", "write", "close"]
    assert sink.only.items == [(True, "")]


def test_a_failed_stream_is_closed_as_failed_and_raised(sink):
    with pytest.raises(RateLimitError) as caught:
        show(answer("Hel", UsageDelta(1, 2), RateLimitError("slow down")), sinks=sink)
    outcome = sink.only.outcome
    assert (outcome.state, outcome.finish_reason) == ("failed", None)
    assert outcome.error is caught.value
    assert outcome.error.partial_text == sink.only.text == "Hel"
    assert outcome.usage == Usage(1, 2)
    assert not any(one.last for one in sink.only.items if isinstance(one, Snapshot))


def test_a_truncated_stream(sink):
    with pytest.raises(TruncatedStreamError):
        show(answer("Hel"), sinks=sink)
    assert sink.only.outcome.state == "failed"


def test_an_error_after_the_end_changes_nothing(sink):
    show(answer("Hel", FINISH, ConnectionResetError("bye")), sinks=sink)
    assert sink.only.outcome.state == "complete"


def test_a_sink_may_cancel_the_message():
    def on_call(method, message, item):
        if method == "write":
            message.cancel()

    wrapper = Scripted("Hel", "lo", FINISH)
    sink = RecordingSink(on_call, delivery="inline")
    with pytest.raises(StreamCancelledError) as caught:
        show(wrapper("?", stream=True), sinks=sink)
    assert caught.value.partial_text == "Hel"
    assert (sink.only.outcome.state, sink.only.outcome.error) == ("cancelled", caught.value)
    assert wrapper.cancelled.is_set()


@pytest.mark.parametrize("what", ["response", "stream"])
def test_a_sink_may_cancel_while_the_model_is_silent(what):
    sink = RecordingSink()
    released = threading.Event()
    wrapper = Scripted("Hel", lambda: released.wait(LIMIT), "lo", FINISH)
    response = wrapper("?", stream=True)

    def cancel():
        assert sink.wrote.wait(LIMIT)
        sink.only.message.cancel()
        assert wrapper.cancelled.wait(LIMIT)
        released.set()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(StreamCancelledError):
        show(response if what == "response" else response.stream, sinks=sink)
    thread.join(LIMIT)
    assert sink.only.outcome.state == "cancelled"


def test_a_sink_that_keeps_the_message_does_not_keep_the_call():
    kept = Message("Bob")
    response = answer("a", FINISH)
    show(response, message=kept, sinks=RecordingSink(delivery="inline"))
    gone = weakref.ref(response)
    call = weakref.ref(response._call)
    del response
    gc.collect()
    assert gone() is None
    assert call() is None
    kept.cancel()


@pytest.mark.parametrize("methods", [{"open"}, {"write"}, {"close"}, {"open", "close"}])
def test_an_answer_that_was_interrupted_is_ended_and_freed_at_once(methods):
    def on_call(method, message, item):
        if method in methods:
            raise KeyboardInterrupt

    wrapper = Scripted("a", FINISH)
    response = wrapper("?", stream=True)
    gone = weakref.ref(response)
    gc.disable()
    try:
        with suppress(KeyboardInterrupt):
            show(response, sinks=RecordingSink(on_call, delivery="inline"))
        assert response.is_stream_exhausted
        del response
        assert gone() is None
    finally:
        gc.enable()


def test_an_invalid_sink_does_not_touch_the_answer():
    response = answer("a", FINISH)
    with pytest.raises(ConfigError, match="queue_limit"):
        show(response, sinks=RecordingSink(queue_limit=0))
    assert response.text == "a"


def test_an_answer_dropped_by_ctrl_c_is_ended_at_the_provider(sink):
    def interrupt():
        raise KeyboardInterrupt

    wrapper = Scripted("Hel", interrupt)
    with pytest.raises(KeyboardInterrupt):
        show(wrapper("?", stream=True), sinks=sink)
    assert sink.only.text == "Hel"
    assert sink.only.outcome.state == "cancelled"
    assert isinstance(sink.only.outcome.error, StreamCancelledError)
    assert wrapper.cancelled.is_set()


def test_ctrl_c_in_an_inline_sink_ends_the_call_too():
    def on_call(method, message, item):
        if method == "write":
            raise KeyboardInterrupt

    wrapper = Scripted("Hel", "lo", FINISH)
    response = wrapper("?", stream=True)
    sink, other = RecordingSink(on_call, delivery="inline"), RecordingSink()
    with pytest.raises(KeyboardInterrupt):
        show(response, sinks=[other, sink])
    assert sink.only.outcome.state == other.only.outcome.state == "cancelled"
    assert wrapper.cancelled.is_set()
    assert response.error is sink.only.outcome.error


def test_ctrl_c_does_not_end_an_answer_with_another_reader():
    def on_call(method, message, item):
        raise KeyboardInterrupt

    response = answer("Hel", "lo", FINISH)
    reader = response.stream
    next(reader)
    with pytest.raises(KeyboardInterrupt):
        show(response, sinks=RecordingSink(on_call, delivery="inline"))
    assert list(reader)[-1] == (True, "Hello")


def test_ctrl_c_after_the_end_leaves_the_answer_complete(sink):
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        show(answer("Hel", FINISH, interrupt), sinks=sink)
    assert sink.only.outcome.state == "complete"


# Texts, and third-party streams


def test_a_text(sink):
    show("Hello", name="Bob", role="user", sinks=sink)
    assert [(one.last, one.text, one.delta) for one in sink.only.items] == [
        (False, "Hello", "Hello"),
        (True, "Hello", ""),
    ]
    assert (sink.only.message.name, sink.only.message.role) == ("Bob", "user")
    assert (sink.only.outcome.state, sink.only.outcome.finish_reason) == ("complete", "stop")


def test_an_empty_text(sink):
    show("", sinks=sink)
    assert sink.only.items == [(True, "")]


def pairs(*items, finally_=lambda: None):
    def generate():
        try:
            for item in items:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            finally_()

    return generate()


@pytest.mark.parametrize("kind", [pairs, lambda *items: list(items)], ids=["generator", "list"])
def test_pairs_from_any_source(kind, sink):
    show(kind((False, "Hel"), (False, "Hello"), (True, "Hello")), sinks=sink)
    assert sink.only.deltas == ["Hel", "lo"]
    assert sink.only.outcome.state == "complete"


def test_one_single_pair(sink):
    show(pairs((True, "Hello")), sinks=sink)
    assert sink.only.items == [(False, "Hello"), (True, "Hello")]


def test_a_text_that_does_not_continue_is_shown_afresh(sink):
    show(pairs((False, "abc"), (False, "xy"), (True, "xyz")), sinks=sink)
    assert [(one.delta, one.offset) for one in sink.only.items] == [("abc", 0), ("xy", 0), ("z", 2), ("", 3)]


def test_pairs_without_a_last_one_are_truncated(sink):
    with pytest.raises(TruncatedStreamError) as caught:
        show(pairs((False, "Hel"), (False, "Hello")), sinks=sink)
    assert caught.value.partial_text == "Hello"
    assert (sink.only.outcome.state, sink.only.outcome.error) == ("failed", caught.value)


def test_a_generator_that_raises(sink):
    error = ValueError("oops")
    with pytest.raises(ValueError, match="oops"):
        show(pairs((False, "Hel"), error), sinks=sink)
    assert (sink.only.text, sink.only.outcome.state, sink.only.outcome.error) == ("Hel", "failed", error)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), SystemExit()])
def test_a_generator_that_is_interrupted(error, sink):
    with pytest.raises(type(error)):
        show(pairs((False, "Hel"), error), sinks=sink)
    assert sink.only.outcome.state == "cancelled"
    assert isinstance(sink.only.outcome.error, StreamCancelledError)
    assert sink.only.outcome.error.partial_text == "Hel"


def test_a_generator_is_drained_after_its_last_pair(sink):
    drained = []
    show(pairs((True, "Hello"), (False, "what?"), finally_=lambda: drained.append(1)), sinks=sink)
    assert drained == [1]
    assert sink.only.items == [(False, "Hello"), (True, "Hello")]


def test_cancelling_a_generator_takes_effect_at_the_next_pair():
    def on_call(method, message, item):
        if method == "write":
            message.cancel()

    closed = []
    sink = RecordingSink(on_call, delivery="inline")
    with pytest.raises(StreamCancelledError) as caught:
        show(pairs((False, "a"), (False, "ab"), (True, "ab"), finally_=lambda: closed.append(1)), sinks=sink)
    assert sink.only.text == caught.value.partial_text == "a"
    assert sink.only.outcome.state == "cancelled"
    assert closed == [1]


def test_cancelling_a_complete_message_does_nothing(sink):
    message = Message()
    show(pairs((True, "a")), message=message, sinks=sink)
    message.cancel()
    show("b", message=Message(cancel=None), sinks=sink)
    assert {record.outcome.state for record in sink.all_records} == {"complete"}


def test_snapshots_in_a_third_party_generator(sink):
    show((snapshot for snapshot in answer("Hel", "lo", FINISH).stream), sinks=sink)
    assert sink.only.deltas == ["Hel", "lo"]
    assert sink.only.outcome.state == "complete"


def test_a_generator_that_yields_something_else(sink):
    with pytest.raises(TypeError, match="a stream to show yields pairs"):
        show(iter(["Hel", "lo"]), sinks=sink)
    assert sink.only.outcome.state == "failed"


async def _coroutine():
    return "text"


async def _async_generator():
    yield True, "text"


@pytest.mark.parametrize("content", [None, 7, b"bytes", {"last": True}])
def test_content_that_cannot_be_shown(content, sink):
    with pytest.raises(TypeError, match=f"not {type(content).__name__}"):
        show(content, sinks=sink)
    assert not sink.records


def test_content_that_has_to_be_awaited():
    coroutine = _coroutine()
    for content in (coroutine, _async_generator()):
        with pytest.raises(TypeError, match=r"use `await ashow\(…\)`"):
            show(content, sinks=[])
    coroutine.close()


# Sinks


def test_functions_as_sinks():
    shown = []
    show(
        answer("Hel", "lo", FINISH),
        sinks=lambda message, snapshot: shown.append((message.name, snapshot.text)),
    )
    assert shown == [("assistant", "Hel"), ("assistant", "Hello"), ("assistant", "Hello")]


def test_sinks_created_for_one_show_are_shut_down_and_others_are_not():
    ended = []

    class Brief(StreamSink):
        delivery = "inline"

        def write(self, message, snapshot):
            pass

        def shutdown(self):
            ended.append(self)

    own = Brief()
    show("a", sinks=[own, Brief])
    show("b", sinks=own)
    assert len(ended) == 1
    assert own not in ended


def test_a_custom_message(sink):
    message = Message("Bob", "user", id="42", model_type="mine")
    show(answer("a", FINISH), name="ignored", message=message, sinks=sink)
    assert sink.only.message is message
    assert (message.id, message.name, message.model_type) == ("42", "Bob", "mine")


def test_a_failing_sink_does_not_affect_the_stream(warnings, sink):
    def fail(method, message, item):
        raise ValueError(method)

    show(
        answer("Hel", "lo", FINISH), sinks=[RecordingSink(fail), sink, RecordingSink(fail, delivery="inline")]
    )
    assert sink.only.text == "Hello"
    assert len([text for level, text in warnings() if level == "WARNING" and "failed in" in text]) == 2


def test_a_hanging_sink_does_not_block_the_stream(caplog):
    caplog.set_level(logging.ERROR, "modelstream")
    with Gate() as gate:
        begin = time.monotonic()
        show(answer(*"abc", FINISH), sinks=RecordingSink(gate))
        assert time.monotonic() - begin < 2
    assert flush(LIMIT)


def test_long_answers_are_not_joined_for_each_delta():
    # With the text joined at each step this would take minutes.
    response = answer(["word "] * 200_000, FINISH)
    begin = time.process_time()
    show(response, sinks=[RecordingSink(delivery="inline"), RecordingSink()])
    assert time.process_time() - begin < 10


def test_snapshots_without_a_last_one_raise_a_stream_error(sink):
    source = FixedText("a")
    with pytest.raises(StreamError):
        show([Snapshot("a", False, 0, source)], sinks=sink)
    assert sink.only.items == [(False, "a")]
