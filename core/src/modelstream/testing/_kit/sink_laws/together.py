"""Laws about a sink that the core calls among others: neither affects the other."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from modelstream.deltas import TextDelta
from modelstream.errors import ConnectionLostError, StreamCancelledError, StreamError
from modelstream.sinks.base import Message, Outcome, StreamSink
from modelstream.testing._kit.law import LawBrokenError, Laws, must, same
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.sink_bench import LoggedWarnings, RecordingSink
from modelstream.testing._kit.strategies import plain_scripts
from modelstream.testing.scripted_chat import Step, scripted

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.snapshot import Snapshot
    from modelstream.testing._kit.sink_bench import SinkBench

_laws = Laws(ways=("show", "ashow"), examples=0.1)
laws = _laws.laws
law = _laws.law

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])


def _show(bench: SinkBench, steps: Iterable[Step], *others: StreamSink, text: str) -> None:
    """Show these steps on the sink, in the middle of the others. Raises what showing raises.

    The sink must then show `text`.
    """
    sink = bench.make()
    message = Message("A1")
    half = len(others) // 2
    sinks = [*others[:half], sink, *others[half:]]
    raised = None
    try:
        bench.way(scripted(*steps)("", stream=True), message, sinks)
    except StreamError as error:
        raised = error
    except (SystemExit, KeyboardInterrupt) as error:
        raise LawBrokenError(f"showing raised {error!r}") from error
    for one in others:
        if isinstance(one, Hanging):
            one.go_on.set()
    for one in sinks:
        bench.end(one)
    bench.closed_once(sink, message)
    bench.ended(sink, message)
    bench.shows_text(sink, message, text)
    if raised is not None:
        raise raised


@law(script=plain_scripts)
def other_sinks_unaffected(bench: SinkBench, script: Script) -> None:
    """The sink does not affect the stream and the other sinks, and nothing is logged about it."""
    before, after = RecordingSink(), RecordingSink()
    with LoggedWarnings() as logged:
        _show(bench, [*script.deltas, script.finish], before, after, text=script.text)
    logged.must_be_none()
    for recorder in (before, after):
        same(recorder.text, script.text, "the text of another sink")
        same(
            [outcome.state for outcome in recorder.outcomes],
            ["complete"],
            "the outcomes of another sink",
        )


@law(examples=0)
def failed_answers(bench: SinkBench) -> None:
    """An answer that breaks off is closed once on the sink, and `show` raises its error."""
    recorder = RecordingSink()
    with LoggedWarnings() as logged:
        try:
            _show(bench, [*HELLO.deltas, ConnectionLostError("gone")], recorder, text="Hello")
        except StreamError as error:
            must(isinstance(error, ConnectionLostError), f"showing raised {error!r}")
        else:
            must(False, "showing an answer that broke off raised nothing")  # noqa: FBT003
    logged.must_be_none()
    same([outcome.state for outcome in recorder.outcomes], ["failed"], "the outcomes of another sink")


@law(examples=0)
def cancelled_answers(bench: SinkBench) -> None:
    """An answer that another sink cancels in the middle is closed once."""
    recorder = RecordingSink(lambda message, _: message.cancel())
    with LoggedWarnings() as logged, suppress(StreamCancelledError):
        _show(bench, [TextDelta("Hel"), 60.0, TextDelta("lo")], recorder, text="Hel")
    logged.must_be_none()
    same([outcome.state for outcome in recorder.outcomes], ["cancelled"], "the outcomes of another sink")


class Raising(StreamSink):
    """Raises in every call."""

    sink_type = "raising"

    def __init__(self, delivery: str) -> None:
        self.delivery = delivery  # type: ignore[assignment]

    def open(self, message: Message) -> None:
        """Raise."""
        raise RuntimeError("a sink that raises")

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Raise."""
        raise RuntimeError("a sink that raises")

    def close(self, message: Message, outcome: Outcome) -> None:
        """Raise."""
        raise RuntimeError("a sink that raises")


class Hanging(StreamSink):
    """Hangs in its first call until `go_on` is set."""

    sink_type = "hanging"

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Hang."""
        self.go_on.wait(20)


@law(examples=0)
def other_sinks_fail(bench: SinkBench) -> None:
    """The sink gets the whole message, also if other sinks raise or hang."""
    recorder = RecordingSink()
    others = (Raising("inline"), Hanging(), recorder, Raising("background"))
    _show(bench, HELLO.deltas, *others, text="Hello")
    same(recorder.text, HELLO.text, "the text of another sink")


@law(examples=0)
def flood(bench: SinkBench) -> None:
    """Nothing is lost of an answer that is faster than the sink."""
    deltas: list[Delta] = [TextDelta(f"{at} ") for at in range(5000)]
    with LoggedWarnings() as logged:
        _show(bench, deltas, RecordingSink(), text=Script(deltas).text)
    logged.must_be_none()


@law(examples=0)
def message_after_message(bench: SinkBench) -> None:
    """A sink shows several messages in sequence, complete and failed ones; each is closed once."""
    sink = bench.make()
    messages = [Message("A1") for _ in range(3)]
    with LoggedWarnings() as logged:
        for number, message in enumerate(messages):
            end: list[Exception] = [ConnectionLostError("gone")] if number == 1 else []
            try:
                bench.way(scripted(*HELLO.deltas, *end)("", stream=True), message, [sink])
            except ConnectionLostError:
                must(number == 1, "a complete answer raised")
        bench.end(sink)
    logged.must_be_none()
    for message in messages:
        bench.closed_once(sink, message)
        bench.ended(sink, message)
