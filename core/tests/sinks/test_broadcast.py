"""Whatever is sent and whatever fails: every sink gets the open, the items and the close of each message."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording_sink import COMPLETE, LIMIT, Gate, MessageWriter, RecordingSink, state_after

from modelstream import Outcome, ReasoningDelta, StreamCancelledError, ToolCallDelta, UsageDelta
from modelstream.sinks.delivery import delivery_of, worker
from modelstream.sinks.delivery.background import flush
from modelstream.sinks.delivery.inline import MAX_FAILURES

SAY, THINK, CALL, COUNT = "say", "think", "call", "count"
METHODS = ("open", "write", "write_delta", "close")

steps = st.tuples(st.integers(0, 2), st.sampled_from([SAY, SAY, THINK, CALL, COUNT]))
outcomes = st.sampled_from(
    [
        COMPLETE,
        Outcome("failed", error=ValueError("x")),
        Outcome("cancelled", error=StreamCancelledError("x")),
    ]
)
kinds = st.fixed_dictionaries(
    {
        "delivery": st.sampled_from(["inline", "background"]),
        "queue_limit": st.sampled_from([1, 2, 5, 1000]),
    }
)


class Fragile:
    """Raises in the calls with these numbers; for `on_call`."""

    def __init__(self, failing):
        self.failing = failing
        self.calls = 0
        self.in_a_row = dict.fromkeys(METHODS, 0)
        self.worst = 0
        self.lock = threading.Lock()
        self.overlapping = False

    def __call__(self, method, message, item):
        if not self.lock.acquire(blocking=False):
            self.overlapping = True
            return
        try:
            self.calls += 1
            failing = self.calls in self.failing
            self.in_a_row[method] = self.in_a_row[method] + 1 if failing else 0
            self.worst = max(self.worst, self.in_a_row[method])
            if failing:
                raise ValueError(f"call {self.calls}")
        finally:
            self.lock.release()


def speak(writer, kind, number):
    if kind is SAY:
        writer.write(f"{number} ")
    elif kind is THINK:
        writer.write_delta(ReasoningDelta(f"{number} "))
    elif kind is CALL:
        writer.write_delta(ToolCallDelta(number % 2, f"call_{number % 2}", "f", str(number)))
    else:
        writer.write_delta(UsageDelta(output_tokens=number))


@given(
    script=st.lists(steps, max_size=40),
    ends=st.lists(outcomes, min_size=3, max_size=3),
    chosen=st.lists(st.tuples(kinds, st.sets(st.integers(1, 30), max_size=12)), min_size=1, max_size=3),
    shut_down_at=st.none() | st.integers(0, 40),
    delay=st.sampled_from([0.0, 0.1]),
)
def test_scripts_of_items_and_failures(script, ends, chosen, shut_down_at, delay):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "COALESCE_SECONDS", delay)
        sinks = [RecordingSink(Fragile(failing), **kind) for kind, failing in chosen]
        writers = [MessageWriter(*sinks, name=str(number)) for number in range(3)]
        for number, (who, kind) in enumerate(script):
            if number == shut_down_at:
                delivery_of(sinks[0]).end(lambda: None)
            speak(writers[who], kind, number)
        for writer, outcome in zip(writers, ends, strict=True):
            writer.done(outcome)
            writer.broadcast.close(COMPLETE)
        assert flush(LIMIT)
    reference = RecordingSink(delivery="inline")
    again = [MessageWriter(reference, name=str(number)) for number in range(3)]
    for number, (who, kind) in enumerate(script):
        speak(again[who], kind, number)
    for writer, outcome in zip(again, ends, strict=True):
        writer.done(outcome)
    for sink in sinks:
        ended_early = sink is sinks[0] and shut_down_at is not None and shut_down_at < len(script)
        switched_off = sink.on_call.worst >= MAX_FAILURES
        assert not sink.on_call.overlapping
        for record in sink.all_records:
            expected = reference.all_records[int(record.message.name)]
            assert record.methods[0] == "open"
            assert record.methods[-1] == "close"
            assert record.methods.count("open") == record.methods.count("close") == 1
            if not ended_early:
                assert record.outcome is expected.outcome
            if not ended_early and not switched_off:
                assert state_after(record.items) == state_after(expected.items)
        assert switched_off or len(sink.records) == 3


def test_a_drain_whose_event_loop_is_closed_does_not_affect_others():
    with Gate() as gate:
        sink = RecordingSink(gate)
        asyncio.run(MessageWriter(sink).write("a").done().broadcast.adrain(0.01))
    MessageWriter(sink).write("b").done().broadcast.drain()
    assert [record.text for record in sink.all_records] == ["a", "b"]
