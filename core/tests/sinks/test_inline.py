"""Inline sinks: called in place; what they raise is told once, counted, and in the end switches them off."""

from __future__ import annotations

import threading
from copy import copy

import pytest
from witness import COMPLETE, Talk, Witness

from modelstream import ConfigError, Message, ReasoningDelta, StreamSink
from modelstream.sinks.delivery import delivery_of


def inline(does=None):
    return Witness(does, delivery="inline")


class Fails:
    """Raises in some method, the given times; for `does`."""

    def __init__(self, method, times=10**9, error=ValueError("boom")):  # noqa: B008
        self.method, self.times, self.error = method, times, error

    def __call__(self, method, message, thing):
        if method == self.method and self.times > 0:
            self.times -= 1
            raise self.error


def test_calls_come_in_place_and_in_order():
    sink = inline()
    Talk(sink).say("a").tell(ReasoningDelta("r")).say("b").done()
    assert sink.threads == {threading.current_thread()}
    assert sink.only.methods == ["open", "write", "write_delta", "write", "write", "close"]
    assert sink.only.deltas == ["a", "b"]
    assert sink.only.outcome is COMPLETE


@pytest.mark.parametrize("method", ["open", "write", "write_delta", "close"])
def test_what_a_sink_raises_stays_with_it(method, warnings):
    bad, good = inline(Fails(method, times=2)), inline()
    Talk(bad, good).say("a", "b").tell(ReasoningDelta("r"), ReasoningDelta("s")).say("c").done()
    assert good.only.text == bad.only.text == "abc"
    assert good.only.outcome is bad.only.outcome is COMPLETE
    level, text = warnings()[0]
    assert level == "WARNING"
    assert f"sink 'witness' failed in {method}: ValueError: boom (" in text
    assert "test_inline.py:" in text


def test_failures_are_told_once_and_counted_at_the_end(warnings):
    bad = inline(Fails("write", times=2))
    Talk(bad).say("a", "b", "c").done()
    first, second = [text for _, text in warnings()]
    assert "failed in write: ValueError: boom" in first
    assert "failed 2 times with Message('Bob'" in second


def test_one_failure_is_not_counted(warnings):
    Talk(inline(Fails("write", times=1))).say("a", "b").done()
    assert len(warnings()) == 1


def test_every_message_has_its_own_word_about_failures(warnings):
    bad = inline(Fails("close"))
    for _ in range(2):
        Talk(bad).say("a").done()
    assert len(warnings()) == 2


@pytest.mark.parametrize("method", ["open", "write", "write_delta", "close"])
def test_after_three_failures_in_a_row_the_sink_is_switched_off(method, warnings):
    bad, good = inline(Fails(method)), inline()
    for _ in range(5):
        Talk(bad, good).say("a", "b").tell(ReasoningDelta("r")).done()
    assert [text for level, text in warnings() if level == "ERROR"] == [
        f"sink 'witness' is switched off: {method} failed 3 times in a row"
    ]
    assert [told.methods.count(method) for told in bad.all_told if method in told.methods].count(0) == 0
    assert sum(told.methods.count(method) for told in bad.all_told) == 3
    assert all(told.methods.count("close") == 1 for told in bad.all_told)
    assert len(good.told) == 5


def test_a_success_in_between_keeps_it_on(warnings):
    turns = iter([True, True, False] * 5)

    def does(method, message, thing):
        if method == "write" and next(turns, False):
            raise ValueError("now and then")

    sink = inline(does)
    Talk(sink).say(*"abcdefghi").done()
    assert sink.only.text == "abcdefghi"
    assert not [text for level, text in warnings() if level == "ERROR"]


def test_a_sink_that_is_off_still_hears_the_end():
    bad = inline(Fails("write"))
    Talk(bad).say(*"abcdef").done()
    assert bad.only.methods == ["open", "write", "write", "write", "close"]


def test_ctrl_c_passes_and_the_others_are_closed():
    first, interrupted, third = inline(), inline(Fails("close", error=KeyboardInterrupt())), inline()
    talk = Talk(first, interrupted, third).say("a")
    with pytest.raises(KeyboardInterrupt):
        talk.done()
    talk.broadcast.close(COMPLETE)
    for sink in (first, interrupted, third):
        assert sink.only.methods == ["open", "write", "write", "close"]


def test_ctrl_c_while_a_message_is_opened_closes_it():
    first, interrupted, third = inline(), inline(Fails("open", error=KeyboardInterrupt())), inline()
    with pytest.raises(KeyboardInterrupt):
        Talk(first, interrupted, third)
    assert first.only.methods == interrupted.only.methods == ["open", "close"]
    assert first.only.outcome.state == "cancelled"
    assert not third.told


def test_a_message_is_closed_once():
    sink = inline()
    talk = Talk(sink).say("a").done()
    talk.broadcast.close(COMPLETE)
    assert sink.only.methods.count("close") == 1


def test_nothing_is_delivered_after_the_end():
    sinks = [inline(), Witness()]
    talk = Talk(*sinks).say("a").done().say("b").tell(ReasoningDelta("r"))
    talk.broadcast.drain()
    for sink in sinks:
        assert sink.only.methods == ["open", "write", "write", "close"]


def test_a_copy_of_a_sink_is_a_sink_of_its_own():
    sink = inline()
    Talk(sink).say("a").done()
    other = copy(sink)
    other.told = {}
    Talk(other).say("b").done()
    assert (sink.only.text, other.only.text) == ("a", "b")


def test_a_sink_that_only_writes():
    class Upper(StreamSink):
        sink_type = "upper"
        delivery = "inline"
        text = ""

        def write(self, message, snapshot):
            self.text += snapshot.delta.upper()

    sink = Upper()
    Talk(sink).say("ab").tell(ReasoningDelta("r")).say("c").done()
    assert sink.text == "ABC"


def test_a_sink_without_write_says_so(warnings):
    class Forgot(StreamSink):
        delivery = "inline"

    Talk(Forgot()).say("a").done()
    assert (
        "sink 'Forgot' failed in write: TypeError: Forgot has no write(message, snapshot)" in warnings()[0][1]
    )


def test_shutdown_closes_what_is_open():
    sink = inline()
    talk = Talk(sink).say("a")
    delivery_of(sink).end(lambda: None)
    talk.say("b").done()
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
    with pytest.raises(ConfigError, match=f"Sink 'witness': {complaint}"):
        Talk(Witness(**settings))


def test_async_methods_are_refused():
    class Async(StreamSink):
        sink_type = "async"

        async def write(self, message, snapshot):
            pass

    with pytest.raises(ConfigError, match="Sink 'async': write is an async method"):
        Talk(Async())


def test_messages_of_several_threads():
    sink = inline()

    def talk():
        for _ in range(50):
            Talk(sink).say(*"abc").done()

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sink.told) == 200
    assert {told.text for told in sink.all_told} == {"abc"}
    assert {told.outcome for told in sink.all_told} == {COMPLETE}


def test_a_message_may_have_no_sinks():
    Talk().say("a").tell(ReasoningDelta("r")).done().broadcast.drain()


def test_a_sink_given_twice_hears_it_once():
    sink = inline()
    Talk(sink, sink).say("a").done()
    assert sink.only.methods == ["open", "write", "write", "close"]
    assert isinstance(sink.only.message, Message)
