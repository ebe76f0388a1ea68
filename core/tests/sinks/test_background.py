"""Background sinks: each has its own thread, and no caller waits for one for long."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest
from recording_sink import COMPLETE, LIMIT, Gate, MessageWriter, RecordingSink, state_after

from modelstream import Outcome, ReasoningDelta, UsageDelta, show
from modelstream.sinks.delivery import background, delivery_of, worker
from modelstream.sinks.delivery.background import flush


def thread_of(sink):
    (thread,) = sink.threads
    return thread


def test_calls_come_in_order_from_the_thread_of_the_sink():
    sink, other = RecordingSink(), RecordingSink()
    writer = MessageWriter(sink, other).write("a").write_delta(ReasoningDelta("r")).write("b").done()
    writer.broadcast.drain()
    for one in (sink, other):
        assert one.only.methods == ["open", "write", "write_delta", "write", "write", "close"]
        assert one.only.deltas == ["a", "b"]
        assert one.only.outcome is COMPLETE
    assert len({thread_of(sink), thread_of(other), threading.main_thread()}) == 3
    assert thread_of(sink).name == "modelstream-recording"
    assert thread_of(sink).daemon


def test_a_delta_arrives_before_the_next_is_sent():
    arrived = threading.Semaphore(0)
    sink = RecordingSink(lambda *_: arrived.release())
    writer = MessageWriter(sink)
    assert arrived.acquire(timeout=LIMIT)
    for number in range(200):
        writer.write(f"{number} ")
        assert arrived.acquire(timeout=LIMIT)
        assert sink.only.deltas[-1] == f"{number} "
    writer.done().broadcast.drain()


def test_an_idle_thread_ends_and_is_started_again():
    sink = RecordingSink()
    MessageWriter(sink).write("a").done().broadcast.drain()
    first = thread_of(sink)
    first.join(LIMIT)
    assert not first.is_alive()
    MessageWriter(sink).write("b").done().broadcast.drain()
    assert [record.text for record in sink.all_records] == ["a", "b"]
    assert len(sink.threads) == 2


def test_the_thread_stays_while_a_message_is_open():
    sink = RecordingSink()
    writer = MessageWriter(sink).write("a")
    assert flush(LIMIT)
    thread_of(sink).join(4 * worker.IDLE_SECONDS)
    writer.write("b").done().broadcast.drain()
    assert sink.only.text == "ab"
    assert len(sink.threads) == 1


def test_a_sink_that_is_dropped_is_freed():
    sink = RecordingSink()
    MessageWriter(sink).write("a").done().broadcast.drain()
    thread_of(sink).join(LIMIT)
    gone = weakref.ref(sink)
    del sink
    gc.collect()
    assert gone() is None


# Failures


@pytest.mark.parametrize("method", ["open", "write", "write_delta", "close"])
@pytest.mark.parametrize("error", [ValueError("boom"), KeyboardInterrupt("boom"), SystemExit("boom")])
def test_an_exception_of_a_sink_does_not_affect_others(method, error, warnings):
    failures = iter([error, error])

    def on_call(called, message, item):
        if called == method and (failure := next(failures, None)):
            raise failure

    bad, good = RecordingSink(on_call), RecordingSink()
    writer = (
        MessageWriter(bad, good)
        .write("a", "b")
        .write_delta(ReasoningDelta("r"), ReasoningDelta("s"))
        .write("c")
        .done()
    )
    writer.broadcast.drain()
    assert bad.only.text == good.only.text == "abc"
    assert bad.only.outcome is good.only.outcome is COMPLETE
    assert f"sink 'recording' failed in {method}: {type(error).__name__}: boom (" in warnings()[0][1]


def test_after_three_failures_in_a_row_the_sink_is_switched_off(warnings):
    def on_call(method, message, item):
        if method == "write":
            raise ValueError("always")

    bad = RecordingSink(on_call)
    MessageWriter(bad).write(*"abcdef").done().broadcast.drain()
    MessageWriter(bad).write("a").done().broadcast.drain()
    assert bad.only.methods == ["open", "write", "write", "write", "close"]
    assert ("ERROR", "sink 'recording' is switched off: write failed 3 times in a row") in warnings()


def test_pending_messages_of_a_disabled_sink_are_not_opened():
    def on_call(method, message, item):
        if method == "write":
            gate(method, message, item)
            raise ValueError("always")

    with Gate() as gate:
        bad = RecordingSink(on_call)
        first = MessageWriter(bad).write(*"abc")
        assert gate.reached.wait(LIMIT)
        MessageWriter(bad).write("d").done()
        first.done()
    assert bad.only.methods == ["open", "write", "write", "write", "close"]


# Slow and hanging sinks


def test_a_sink_that_hangs_does_not_affect_others(warnings):
    with Gate() as gate:
        hanging, good = RecordingSink(gate), RecordingSink()
        writer = MessageWriter(hanging, good).write("a")
        assert gate.reached.wait(LIMIT)
        begin = time.monotonic()
        writer.write(*"bcdef").done().broadcast.drain()
        assert time.monotonic() - begin < 2
        assert good.only.outcome is COMPLETE
        assert hanging.only.methods == ["open", "write"]
        ((level, text),) = warnings()
        assert level == "WARNING"
        assert "sink 'recording' has a backlog: it did not catch up within 0.5 s" in text
    assert hanging.only.text == "abcdef"
    assert hanging.only.outcome is COMPLETE


def test_a_sink_that_was_late_is_not_waited_for_again(warnings):
    with Gate() as gate:
        sink = RecordingSink(gate)
        MessageWriter(sink).write("a").done().broadcast.drain(0.01)
        begin = time.monotonic()
        for _ in range(20):
            MessageWriter(sink).write("a").done().broadcast.drain()
        assert time.monotonic() - begin < 5  # to wait for each would take ten
    assert len(sink.records) == 21
    assert all(record.outcome is COMPLETE for record in sink.all_records)
    with Gate() as again:
        # It has caught up, so it is worth waiting for again.
        sink.on_call = again
        begin = time.monotonic()
        MessageWriter(sink).write("a").done().broadcast.drain(0.2)
        assert time.monotonic() - begin >= 0.2
    assert len(warnings()) == 1  # logged once


def test_many_messages_on_a_hanging_sink_are_all_closed_in_the_end():
    with Gate("open") as gate:
        sink = RecordingSink(gate)
        writers = [MessageWriter(sink).write(*"abc").write_delta(ReasoningDelta("r")) for _ in range(50)]
        for number, writer in enumerate(writers):
            writer.done(COMPLETE if number % 2 else Outcome("failed", error=ValueError()))
    assert len(sink.records) == 50
    for number, record in enumerate(sink.all_records):
        assert record.methods[0] == "open"
        assert record.methods.count("open") == record.methods.count("close") == 1
        assert record.methods[-1] == "close"
        assert record.outcome.state == ("complete" if number % 2 else "failed")
        assert record.text == "abc"


def test_a_sink_stuck_for_long_under_a_load_is_switched_off(monkeypatch, warnings):
    monkeypatch.setattr(background, "HANGING_SECONDS", 0.0)
    with Gate() as gate:
        sink, good = RecordingSink(gate, queue_limit=3), RecordingSink()
        writer = MessageWriter(sink, good).write("a")
        assert gate.reached.wait(LIMIT)
        for _ in range(6):
            MessageWriter(sink, good).write("b").done().broadcast.drain(0)
        assert any(
            "is switched off: it has been stuck for 0 s, with a backlog of 4 messages" in text
            for _, text in warnings()
        )
        assert delivery_of(sink).worker.backlog < 4  # they are dropped
    writer.write("b").done().broadcast.drain()
    assert sink.only.methods == ["open", "write", "close"]
    assert sink.only.outcome.state == "cancelled"
    assert len(good.records) == 7


# Coalescing


def test_pending_items_of_a_full_sink_are_coalesced():
    with Gate() as gate:
        sink = RecordingSink(gate, queue_limit=10)
        writer = MessageWriter(sink).write("0 ")
        assert gate.reached.wait(LIMIT)
        for number in range(1, 10_000):
            writer.write(f"{number} ")
            if not number % 1000:
                writer.write_delta(ReasoningDelta("r"))
        writer.done()
    assert sink.only.text == "".join(f"{number} " for number in range(10_000))
    assert sink.only.outcome is COMPLETE
    kinds = [type(one).__name__ for one in sink.only.items]
    assert kinds.count("ReasoningDelta") == 9
    assert len(kinds) < 100


def test_pending_items_of_a_full_sink_take_little_memory():
    with Gate() as gate:
        sink = RecordingSink(gate, queue_limit=100)
        writer = MessageWriter(sink).write("a")
        assert gate.reached.wait(LIMIT)
        for number in range(20_000):
            writer.write_delta(UsageDelta(output_tokens=number)).write("a")
        (subscription,) = writer.broadcast._subscriptions
        assert len(subscription._pending) + subscription.queue.count - subscription.read <= 2 * 100
        writer.done()
    assert state_after(sink.only.items)[3] == (None, 19_999)


def test_a_slow_sink_catches_up():
    now = [0.0]
    worker_time = type("Clock", (), {"monotonic": staticmethod(lambda: now[0])})
    gate = Gate()
    sink = RecordingSink(gate)
    with pytest.MonkeyPatch.context() as patch, gate:
        patch.setattr(worker, "time", worker_time)
        writer = MessageWriter(sink).write("a")
        assert gate.reached.wait(LIMIT)
        writer.write("b", "c", "d").write_delta(ReasoningDelta("r"), ReasoningDelta("s")).write("e")
        now[0] += 2 * worker.COALESCE_SECONDS
        writer.done()
        gate.release()
        assert flush(LIMIT)
    assert sink.only.deltas == ["a", "bcd", "e"]
    assert [one.text for one in sink.only.items if isinstance(one, ReasoningDelta)] == ["rs"]


def test_a_sink_that_keeps_up_gets_every_delta():
    sink = RecordingSink()
    writer = MessageWriter(sink)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "COALESCE_SECONDS", LIMIT)
        writer.write(*"abcdefghij").done().broadcast.drain()
    assert sink.only.deltas == list("abcdefghij")


def test_ended_messages_of_a_late_sink_take_little_memory():
    with Gate() as gate:
        sink = RecordingSink(gate)
        MessageWriter(sink).write("a").done().broadcast.drain(0.01)
        writer = MessageWriter(sink)
        (subscription,) = writer.broadcast._subscriptions
        writer.write(*"abcdefghij").done()
        assert (
            len(subscription._pending) + subscription.queue.count - subscription.read == 3
        )  # text, last, end
    assert sink.all_records[1].text == "abcdefghij"


def test_a_sink_may_show_something_itself():
    inner = RecordingSink()

    def on_call(method, message, item):
        if method == "close" and message.name != "echo":
            show("seen", name="echo", sinks=[sink, inner])

    sink = RecordingSink(on_call, queue_limit=1)
    begin = time.monotonic()
    MessageWriter(sink).write(*"abc").done().broadcast.drain()
    assert flush(LIMIT)
    assert [record.text for record in sink.all_records] == ["abc", "seen"]
    assert inner.only.text == "seen"
    assert time.monotonic() - begin < 2


# The end


def test_the_end_comes_after_what_was_delivered():
    with Gate() as gate:
        sink = RecordingSink(gate)
        open_talk = MessageWriter(sink).write("a")
        done = MessageWriter(sink).write("b").done()
        ended = threading.Event()
        delivery_of(sink).end(ended.set)
        open_talk.write("c").done()
        done.broadcast.drain()
        assert not ended.is_set()
        gate.release()
        assert ended.wait(LIMIT)
    first, second = sink.all_records
    assert second.methods == ["open", "write", "write", "close"]
    assert second.outcome is COMPLETE
    assert first.methods.count("close") == 1
    assert sink.shutdowns == 1
    for thread in sink.threads:
        thread.join(LIMIT)
        assert not thread.is_alive()


def test_a_forked_child_does_not_wait_for_threads_of_its_parent():
    sink = RecordingSink(queue_limit=2)
    writer = MessageWriter(sink).write("a")
    assert flush(LIMIT)
    (subscription,) = writer.broadcast._subscriptions
    locked, end = threading.Event(), threading.Event()

    def hold_the_lock():
        with subscription._lock:
            locked.set()
            end.wait(LIMIT)

    thread = threading.Thread(target=hold_the_lock)
    thread.start()
    assert locked.wait(LIMIT)
    background._after_fork()
    writer.write(*"bcdefghij").done().broadcast.drain()
    MessageWriter(sink).write("b").done().broadcast.drain()
    end.set()
    thread.join(LIMIT)
    first, second = sink.all_records
    assert first.methods == ["open", "write"]
    assert second.outcome is COMPLETE


def test_several_messages_at_once_are_not_mixed_up():
    sink = RecordingSink()

    def speak(name):
        for number in range(30):
            MessageWriter(sink, name=f"{name}{number}").write(*f"{name}{number} says so").done()

    threads = [threading.Thread(target=speak, args=(name,)) for name in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert flush(LIMIT)
    assert len(sink.records) == 120
    for record in sink.all_records:
        assert record.text == f"{record.message.name} says so"
        assert record.methods[0] == "open"
        assert record.methods[-1] == "close"
        assert record.methods.count("close") == 1
