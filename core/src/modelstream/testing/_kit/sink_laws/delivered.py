"""Laws about a sink that the core calls, with others beside it: it harms nobody, and nobody harms it."""

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
from modelstream.testing._kit.sink_bench import Complaints, Witness
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
    """Show these steps on the sink, in the middle of the others; raises what showing raises.

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
def harms_nobody(bench: SinkBench, script: Script) -> None:
    """The stream and the sinks beside it are as if the sink were not there, and nothing is complained of."""
    before, after = Witness(), Witness()
    with Complaints() as complaints:
        _show(bench, [*script.deltas, script.finish], before, after, text=script.text)
    complaints.must_be_none()
    for witness in (before, after):
        same(witness.text, script.text, "what a sink beside it was told")
        same(
            [outcome.state for outcome in witness.outcomes], ["complete"], "how it ended for a sink beside it"
        )


@law(examples=0)
def failed_answers(bench: SinkBench) -> None:
    """An answer that breaks off is closed once on the sink, and its error reaches whoever shows it."""
    witness = Witness()
    with Complaints() as complaints:
        try:
            _show(bench, [*HELLO.deltas, ConnectionLostError("gone")], witness, text="Hello")
        except StreamError as error:
            must(isinstance(error, ConnectionLostError), f"showing raised {error!r}")
        else:
            must(False, "showing an answer that broke off raised nothing")  # noqa: FBT003
    complaints.must_be_none()
    same([outcome.state for outcome in witness.outcomes], ["failed"], "how it ended for a sink beside it")


@law(examples=0)
def cancelled_answers(bench: SinkBench) -> None:
    """An answer that is cancelled in the middle, by the sink beside it, is closed once."""
    witness = Witness(lambda message, _: message.cancel())
    with Complaints() as complaints, suppress(StreamCancelledError):
        _show(bench, [TextDelta("Hel"), 60.0, TextDelta("lo")], witness, text="Hel")
    complaints.must_be_none()
    same([outcome.state for outcome in witness.outcomes], ["cancelled"], "how it ended for a sink beside it")


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
    """Hangs in its first call until it may go on."""

    sink_type = "hanging"

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def write(self, message: Message, snapshot: Snapshot) -> None:
        """Hang."""
        self.go_on.wait(20)


@law(examples=0)
def bad_neighbours(bench: SinkBench) -> None:
    """Beside sinks that raise and hang it gets everything all the same."""
    witness = Witness()
    others = (Raising("inline"), Hanging(), witness, Raising("background"))
    _show(bench, HELLO.deltas, *others, text="Hello")
    same(witness.text, HELLO.text, "what a sink beside it was told")


@law(examples=0)
def flood(bench: SinkBench) -> None:
    """Of an answer that comes faster than it can be shown, nothing is lost."""
    deltas: list[Delta] = [TextDelta(f"{at} ") for at in range(5000)]
    with Complaints() as complaints:
        _show(bench, deltas, Witness(), text=Script(deltas).text)
    complaints.must_be_none()


@law(examples=0)
def message_after_message(bench: SinkBench) -> None:
    """One sink shows one message after the other, complete and broken off ones, and each is closed once."""
    sink = bench.make()
    messages = [Message("A1") for _ in range(3)]
    with Complaints() as complaints:
        for number, message in enumerate(messages):
            end: list[Exception] = [ConnectionLostError("gone")] if number == 1 else []
            try:
                bench.way(scripted(*HELLO.deltas, *end)("", stream=True), message, [sink])
            except ConnectionLostError:
                must(number == 1, "a complete answer raised")
        bench.end(sink)
    complaints.must_be_none()
    for message in messages:
        bench.closed_once(sink, message)
        bench.ended(sink, message)
