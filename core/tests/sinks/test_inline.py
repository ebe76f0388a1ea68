"""Inline sinks are called in place; exceptions are logged once, counted, and in the end disable the sink."""

from __future__ import annotations

import threading
from copy import copy

import pytest
from recording_sink import COMPLETE, MessageWriter, RecordingSink

from modelstream import ConfigError, Message, ReasoningDelta, StreamSink
from modelstream.sinks.delivery import delivery_of


def inline(on_call=None):
    return RecordingSink(on_call, delivery="inline")


class Fails:
    """Raises in one method, this number of times; for `on_call`."""

    def __init__(self, method, times=10**9, error=ValueError("boom")):  # noqa: B008
        self.method, self.times, self.error = method, times, error

    def __call__(self, method, message, item):
        if method == self.method and self.times > 0:
            self.times -= 1
            raise self.error


def test_calls_come_in_place_and_in_order():
    sink = inline()
    MessageWriter(sink).write("a").write_delta(ReasoningDelta("r")).write("b").done()
    assert sink.threads == {threading.current_thread()}
    assert sink.only.methods == ["open", "write", "write_delta", "write", "write", "close"]
    assert sink.only.deltas == ["a", "b"]
    assert sink.only.outcome is COMPLETE


@pytest.mark.parametrize("method", ["open", "write", "write_delta", "close"])
def test_an_exception_of_a_sink_does_not_affect_others(method, warnings):
    bad, good = inline(Fails(method, times=2)), inline()
    MessageWriter(bad, good).write("a", "b").write_delta(ReasoningDelta("r"), ReasoningDelta("s")).write(
        "c"
    ).done()
    assert good.only.text == bad.only.text == "abc"
    assert good.only.outcome is bad.only.outcome is COMPLETE
    level, text = warnings()[0]
    assert level == "WARNING"
    assert f"sink 'recording' failed in {method}: ValueError: boom (" in text
    assert "test_inline.py:" in text


def test_failures_are_logged_once_and_counted_at_the_end(warnings):
    bad = inline(Fails("write", times=2))
    MessageWriter(bad).write("a", "b", "c").done()
    first, second = [text for _, text in warnings()]
    assert "failed in write: ValueError: boom" in first
    assert "failed 2 times with Message('Bob'" in second


def test_one_failure_is_not_counted(warnings):
    MessageWriter(inline(Fails("write", times=1))).write("a", "b").done()
    assert len(warnings()) == 1


def test_failures_are_logged_for_every_message(warnings):
    bad = inline(Fails("close"))
    for _ in range(2):
        MessageWriter(bad).write("a").done()
    assert len(warnings()) == 2


@pytest.mark.parametrize("method", ["open", "write", "write_delta", "close"])
def test_after_three_failures_in_a_row_the_sink_is_switched_off(method, warnings):
    bad, good = inline(Fails(method)), inline()
    for _ in range(5):
        MessageWriter(bad, good).write("a", "b").write_delta(ReasoningDelta("r")).done()
    assert [text for level, text in warnings() if level == "ERROR"] == [
        f"sink 'recording' is switched off: {method} failed 3 times in a row"
    ]
    assert [record.methods.count(method) for record in bad.all_records if method in record.methods].count(
        0
    ) == 0
    assert sum(record.methods.count(method) for record in bad.all_records) == 3
    assert all(record.methods.count("close") == 1 for record in bad.all_records)
    assert len(good.records) == 5


def test_a_success_in_between_keeps_it_on(warnings):
    turns = iter([True, True, False] * 5)

    def on_call(method, message, item):
        if method == "write" and next(turns, False):
            raise ValueError("now and then")

    sink = inline(on_call)
    MessageWriter(sink).write(*"abcdefghi").done()
    assert sink.only.text == "abcdefghi"
    assert not [text for level, text in warnings() if level == "ERROR"]


def test_a_disabled_sink_is_still_closed():
    bad = inline(Fails("write"))
    MessageWriter(bad).write(*"abcdef").done()
    assert bad.only.methods == ["open", "write", "write", "write", "close"]


def test_ctrl_c_passes_and_the_others_are_closed():
    first, interrupted, third = inline(), inline(Fails("close", error=KeyboardInterrupt())), inline()
    writer = MessageWriter(first, interrupted, third).write("a")
    with pytest.raises(KeyboardInterrupt):
        writer.done()
    writer.broadcast.close(COMPLETE)
    for sink in (first, interrupted, third):
        assert sink.only.methods == ["open", "write", "write", "close"]


def test_ctrl_c_while_a_message_is_opened_closes_it():
    first, interrupted, third = inline(), inline(Fails("open", error=KeyboardInterrupt())), inline()
    with pytest.raises(KeyboardInterrupt):
        MessageWriter(first, interrupted, third)
    assert first.only.methods == interrupted.only.methods == ["open", "close"]
    assert first.only.outcome.state == "cancelled"
    assert not third.records


def test_a_message_is_closed_once():
    sink = inline()
    writer = MessageWriter(sink).write("a").done()
    writer.broadcast.close(COMPLETE)
    assert sink.only.methods.count("close") == 1


def test_nothing_is_delivered_after_the_end():
    sinks = [inline(), RecordingSink()]
    writer = MessageWriter(*sinks).write("a").done().write("b").write_delta(ReasoningDelta("r"))
    writer.broadcast.drain()
    for sink in sinks:
        assert sink.only.methods == ["open", "write", "write", "close"]


def test_a_copy_of_a_sink_is_an_independent_sink():
    sink = inline()
    MessageWriter(sink).write("a").done()
    other = copy(sink)
    other.records = {}
    MessageWriter(other).write("b").done()
    assert (sink.only.text, other.only.text) == ("a", "b")


def test_a_sink_that_only_writes():
    class Upper(StreamSink):
        sink_type = "upper"
        delivery = "inline"
        text = ""

        def write(self, message, snapshot):
            self.text += snapshot.delta.upper()

    sink = Upper()
    MessageWriter(sink).write("ab").write_delta(ReasoningDelta("r")).write("c").done()
    assert sink.text == "ABC"


def test_a_sink_without_write_is_reported(warnings):
    class Forgot(StreamSink):
        delivery = "inline"

    MessageWriter(Forgot()).write("a").done()
    assert (
        "sink 'Forgot' failed in write: TypeError: Forgot has no write(message, snapshot)" in warnings()[0][1]
    )


def test_shutdown_closes_what_is_open():
    sink = inline()
    writer = MessageWriter(sink).write("a")
    delivery_of(sink).end(lambda: None)
    writer.write("b").done()
    assert sink.only.methods == ["open", "write", "close"]
    assert (sink.only.outcome.state, sink.only.outcome.error) == ("cancelled", None)
    assert sink.shutdowns == 1
    delivery_of(sink).end(lambda: None)
    assert sink.shutdowns == 1


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"delivery": "backgroud"}, "delivery is 'backgroud'; expected 'inline' or 'background'"),
        ({"when_full": "block"}, "when_full='block' is unsupported; omit it"),
        ({"queue_limit": 0}, "queue_limit is 0; expected a whole number, 1 or more"),
        ({"queue_limit": "9"}, "queue_limit is '9'; expected a whole number, 1 or more"),
        ({"queue_limit": True}, "queue_limit is True; expected a whole number, 1 or more"),
    ],
)
def test_settings_that_do_not_exist(settings, complaint):
    with pytest.raises(ConfigError, match=f"Sink 'recording': {complaint}"):
        MessageWriter(RecordingSink(**settings))


def test_async_methods_are_refused():
    class Async(StreamSink):
        sink_type = "async"

        async def write(self, message, snapshot):
            pass

    with pytest.raises(ConfigError, match="Sink 'async': write is an async method"):
        MessageWriter(Async())


def test_messages_of_several_threads():
    sink = inline()

    def writer():
        for _ in range(50):
            MessageWriter(sink).write(*"abc").done()

    threads = [threading.Thread(target=writer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sink.records) == 200
    assert {record.text for record in sink.all_records} == {"abc"}
    assert {record.outcome for record in sink.all_records} == {COMPLETE}


def test_a_message_may_have_no_sinks():
    MessageWriter().write("a").write_delta(ReasoningDelta("r")).done().broadcast.drain()


def test_a_sink_that_is_passed_twice_gets_a_message_once():
    sink = inline()
    MessageWriter(sink, sink).write("a").done()
    assert sink.only.methods == ["open", "write", "write", "close"]
    assert isinstance(sink.only.message, Message)
