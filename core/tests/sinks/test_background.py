"""Background sinks: a thread of their own, and nobody who waits for them for long."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest
from witness import COMPLETE, LIMIT, Gate, Talk, Witness, state_after

from modelstream import Outcome, ReasoningDelta, UsageDelta, show
from modelstream.sinks.delivery import background, delivery_of, worker
from modelstream.sinks.delivery.background import flush


def thread_of(sink):
    (thread,) = sink.threads
    return thread


def test_calls_come_from_a_thread_of_the_sinks_own_in_order():
    sink, other = Witness(), Witness()
    talk = Talk(sink, other).say("a").tell(ReasoningDelta("r")).say("b").done()
    talk.broadcast.drain()
    for one in (sink, other):
        assert one.only.methods == ["open", "write", "write_delta", "write", "write", "close"]
        assert one.only.deltas == ["a", "b"]
        assert one.only.outcome is COMPLETE
    assert len({thread_of(sink), thread_of(other), threading.main_thread()}) == 3
    assert thread_of(sink).name == "modelstream-witness"
    assert thread_of(sink).daemon


def test_a_delta_arrives_before_the_next_is_sent():
    arrived = threading.Semaphore(0)
    sink = Witness(lambda *_: arrived.release())
    talk = Talk(sink)
    assert arrived.acquire(timeout=LIMIT)
    for number in range(200):
        talk.say(f"{number} ")
        assert arrived.acquire(timeout=LIMIT)
        assert sink.only.deltas[-1] == f"{number} "
    talk.done().broadcast.drain()


def test_the_thread_ends_when_there_is_nothing_to_do_and_comes_back():
    sink = Witness()
    Talk(sink).say("a").done().broadcast.drain()
    first = thread_of(sink)
    first.join(LIMIT)
    assert not first.is_alive()
    Talk(sink).say("b").done().broadcast.drain()
    assert [told.text for told in sink.all_told] == ["a", "b"]
    assert len(sink.threads) == 2


def test_the_thread_stays_while_a_message_is_open():
    sink = Witness()
    talk = Talk(sink).say("a")
    assert flush(LIMIT)
    thread_of(sink).join(4 * worker.IDLE_SECONDS)
    talk.say("b").done().broadcast.drain()
    assert sink.only.text == "ab"
    assert len(sink.threads) == 1


def test_a_sink_that_is_dropped_is_freed():
    sink = Witness()
    Talk(sink).say("a").done().broadcast.drain()
    thread_of(sink).join(LIMIT)
    gone = weakref.ref(sink)
    del sink
    gc.collect()
    assert gone() is None


# Failures


@pytest.mark.parametrize("method", ["open", "write", "write_delta", "close"])
@pytest.mark.parametrize("error", [ValueError("boom"), KeyboardInterrupt("boom"), SystemExit("boom")])
def test_what_a_sink_raises_stays_with_it(method, error, warnings):
    failures = iter([error, error])

    def does(called, message, thing):
        if called == method and (failure := next(failures, None)):
            raise failure

    bad, good = Witness(does), Witness()
    talk = Talk(bad, good).say("a", "b").tell(ReasoningDelta("r"), ReasoningDelta("s")).say("c").done()
    talk.broadcast.drain()
    assert bad.only.text == good.only.text == "abc"
    assert bad.only.outcome is good.only.outcome is COMPLETE
    assert f"sink 'witness' failed in {method}: {type(error).__name__}: boom (" in warnings()[0][1]


def test_after_three_failures_in_a_row_the_sink_is_switched_off(warnings):
    def does(method, message, thing):
        if method == "write":
            raise ValueError("always")

    bad = Witness(does)
    Talk(bad).say(*"abcdef").done().broadcast.drain()
    Talk(bad).say("a").done().broadcast.drain()
    assert bad.only.methods == ["open", "write", "write", "write", "close"]
    assert ("ERROR", "sink 'witness' is switched off: write failed 3 times in a row") in warnings()


def test_messages_that_wait_when_it_is_switched_off_are_not_opened():
    def does(method, message, thing):
        if method == "write":
            gate(method, message, thing)
            raise ValueError("always")

    with Gate() as gate:
        bad = Witness(does)
        first = Talk(bad).say(*"abc")
        assert gate.reached.wait(LIMIT)
        Talk(bad).say("d").done()
        first.done()
    assert bad.only.methods == ["open", "write", "write", "write", "close"]


# Slow and hanging sinks


def test_a_sink_that_hangs_concerns_nobody_else(warnings):
    with Gate() as gate:
        hanging, good = Witness(gate), Witness()
        talk = Talk(hanging, good).say("a")
        assert gate.reached.wait(LIMIT)
        begin = time.monotonic()
        talk.say(*"bcdef").done().broadcast.drain()
        assert time.monotonic() - begin < 2
        assert good.only.outcome is COMPLETE
        assert hanging.only.methods == ["open", "write"]
        ((level, text),) = warnings()
        assert level == "WARNING"
        assert "sink 'witness' has a backlog: it did not catch up within 0.5 s" in text
    assert hanging.only.text == "abcdef"
    assert hanging.only.outcome is COMPLETE


def test_nobody_waits_again_for_a_sink_that_was_late(warnings):
    with Gate() as gate:
        sink = Witness(gate)
        Talk(sink).say("a").done().broadcast.drain(0.01)
        begin = time.monotonic()
        for _ in range(20):
            Talk(sink).say("a").done().broadcast.drain()
        assert time.monotonic() - begin < 5  # to wait for each would take ten
    assert len(sink.told) == 21
    assert all(told.outcome is COMPLETE for told in sink.all_told)
    with Gate() as again:
        # It has caught up, so it is worth waiting for again.
        sink.does = again
        begin = time.monotonic()
        Talk(sink).say("a").done().broadcast.drain(0.2)
        assert time.monotonic() - begin >= 0.2
    assert len(warnings()) == 1  # told once


def test_many_messages_on_a_hanging_sink_are_all_closed_in_the_end():
    with Gate("open") as gate:
        sink = Witness(gate)
        talks = [Talk(sink).say(*"abc").tell(ReasoningDelta("r")) for _ in range(50)]
        for number, talk in enumerate(talks):
            talk.done(COMPLETE if number % 2 else Outcome("failed", error=ValueError()))
    assert len(sink.told) == 50
    for number, told in enumerate(sink.all_told):
        assert told.methods[0] == "open"
        assert told.methods.count("open") == told.methods.count("close") == 1
        assert told.methods[-1] == "close"
        assert told.outcome.state == ("complete" if number % 2 else "failed")
        assert told.text == "abc"


def test_a_sink_stuck_for_long_under_a_load_is_switched_off(monkeypatch, warnings):
    monkeypatch.setattr(background, "HANGING_SECONDS", 0.0)
    with Gate() as gate:
        sink, good = Witness(gate, queue_limit=3), Witness()
        talk = Talk(sink, good).say("a")
        assert gate.reached.wait(LIMIT)
        for _ in range(6):
            Talk(sink, good).say("b").done().broadcast.drain(0)
        assert any(
            "is switched off: it has been stuck for 0 s, with a backlog of 4 messages" in text
            for _, text in warnings()
        )
        assert delivery_of(sink).worker.backlog < 4  # they are let go
    talk.say("b").done().broadcast.drain()
    assert sink.only.methods == ["open", "write", "close"]
    assert sink.only.outcome.state == "cancelled"
    assert len(good.told) == 7


# Coalescing


def test_what_waits_for_a_full_sink_is_coalesced():
    with Gate() as gate:
        sink = Witness(gate, queue_limit=10)
        talk = Talk(sink).say("0 ")
        assert gate.reached.wait(LIMIT)
        for number in range(1, 10_000):
            talk.say(f"{number} ")
            if not number % 1000:
                talk.tell(ReasoningDelta("r"))
        talk.done()
    assert sink.only.text == "".join(f"{number} " for number in range(10_000))
    assert sink.only.outcome is COMPLETE
    kinds = [type(one).__name__ for one in sink.only.news]
    assert kinds.count("ReasoningDelta") == 9
    assert len(kinds) < 100


def test_what_waits_for_a_full_sink_takes_little_memory():
    with Gate() as gate:
        sink = Witness(gate, queue_limit=100)
        talk = Talk(sink).say("a")
        assert gate.reached.wait(LIMIT)
        for number in range(20_000):
            talk.tell(UsageDelta(output_tokens=number)).say("a")
        (subscription,) = talk.broadcast._subscriptions
        assert len(subscription._pending) + subscription.queue.count - subscription.read <= 2 * 100
        talk.done()
    assert state_after(sink.only.news)[3] == (None, 19_999)


def test_a_slow_sink_catches_up():
    now = [0.0]
    worker_time = type("Clock", (), {"monotonic": staticmethod(lambda: now[0])})
    gate = Gate()
    sink = Witness(gate)
    with pytest.MonkeyPatch.context() as patch, gate:
        patch.setattr(worker, "time", worker_time)
        talk = Talk(sink).say("a")
        assert gate.reached.wait(LIMIT)
        talk.say("b", "c", "d").tell(ReasoningDelta("r"), ReasoningDelta("s")).say("e")
        now[0] += 2 * worker.COALESCE_SECONDS
        talk.done()
        gate.release()
        assert flush(LIMIT)
    assert sink.only.deltas == ["a", "bcd", "e"]
    assert [one.text for one in sink.only.news if isinstance(one, ReasoningDelta)] == ["rs"]


def test_a_sink_that_keeps_up_gets_every_delta():
    sink = Witness()
    talk = Talk(sink)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "COALESCE_SECONDS", LIMIT)
        talk.say(*"abcdefghij").done().broadcast.drain()
    assert sink.only.deltas == list("abcdefghij")


def test_ended_messages_of_a_late_sink_take_little_memory():
    with Gate() as gate:
        sink = Witness(gate)
        Talk(sink).say("a").done().broadcast.drain(0.01)
        talk = Talk(sink)
        (subscription,) = talk.broadcast._subscriptions
        talk.say(*"abcdefghij").done()
        assert (
            len(subscription._pending) + subscription.queue.count - subscription.read == 3
        )  # text, last, end
    assert sink.all_told[1].text == "abcdefghij"


def test_a_sink_may_show_something_itself():
    inner = Witness()

    def does(method, message, thing):
        if method == "close" and message.name != "echo":
            show("seen", name="echo", sinks=[sink, inner])

    sink = Witness(does, queue_limit=1)
    begin = time.monotonic()
    Talk(sink).say(*"abc").done().broadcast.drain()
    assert flush(LIMIT)
    assert [told.text for told in sink.all_told] == ["abc", "seen"]
    assert inner.only.text == "seen"
    assert time.monotonic() - begin < 2


# The end


def test_the_end_comes_after_what_was_delivered():
    with Gate() as gate:
        sink = Witness(gate)
        open_talk = Talk(sink).say("a")
        done = Talk(sink).say("b").done()
        ended = threading.Event()
        delivery_of(sink).end(ended.set)
        open_talk.say("c").done()
        done.broadcast.drain()
        assert not ended.is_set()
        gate.release()
        assert ended.wait(LIMIT)
    first, second = sink.all_told
    assert second.methods == ["open", "write", "write", "close"]
    assert second.outcome is COMPLETE
    assert first.methods.count("close") == 1
    assert sink.shutdowns == 1
    for thread in sink.threads:
        thread.join(LIMIT)
        assert not thread.is_alive()


def test_in_the_child_of_a_fork_nobody_waits_for_a_thread_that_is_not_there():
    sink = Witness(queue_limit=2)
    talk = Talk(sink).say("a")
    assert flush(LIMIT)
    (subscription,) = talk.broadcast._subscriptions
    locked, end = threading.Event(), threading.Event()

    def hold_the_lock():
        with subscription._lock:
            locked.set()
            end.wait(LIMIT)

    thread = threading.Thread(target=hold_the_lock)
    thread.start()
    assert locked.wait(LIMIT)
    background._after_fork()
    talk.say(*"bcdefghij").done().broadcast.drain()
    Talk(sink).say("b").done().broadcast.drain()
    end.set()
    thread.join(LIMIT)
    first, second = sink.all_told
    assert first.methods == ["open", "write"]
    assert second.outcome is COMPLETE


def test_several_messages_at_once_are_not_mixed_up():
    sink = Witness()

    def speak(name):
        for number in range(30):
            Talk(sink, name=f"{name}{number}").say(*f"{name}{number} says so").done()

    threads = [threading.Thread(target=speak, args=(name,)) for name in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert flush(LIMIT)
    assert len(sink.told) == 120
    for told in sink.all_told:
        assert told.text == f"{told.message.name} says so"
        assert told.methods[0] == "open"
        assert told.methods[-1] == "close"
        assert told.methods.count("close") == 1
