"""Laws about what a sink does when it is called, in every order in which the core may call it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from modelstream.deltas import ReasoningDelta, TextDelta, ToolCallDelta, UsageDelta
from modelstream.sinks.base import Message, Outcome, StreamSink
from modelstream.sinks.delivery import delivery_of
from modelstream.sinks.question import Question
from modelstream.testing._kit.features import Features
from modelstream.testing._kit.law import Laws, must
from modelstream.testing._kit.leaks import Census, open_files
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import ODD, plain_scripts, scripts
from modelstream.testing._kit.talk import CANCELLED, COMPLETE, FAILED, Talk, joined
from modelstream.testing._kit.ways import in_thread

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing._kit.sink_bench import SinkBench

_laws = Laws(ways=("alone",), examples=0.2)
laws = _laws.laws
law = _laws.law

EVERYTHING = scripts(Features(reasoning=True, tools=True, usage=True))
OUTCOMES = (
    COMPLETE,
    Outcome("complete", "length"),
    Outcome("complete"),
    FAILED,
    Outcome("failed"),
    CANCELLED,
)
MANY_WORDS = Script([TextDelta("word ")] * 40)
MIB = 1 << 20


@law(examples=0)
def well_formed(bench: SinkBench) -> None:
    """Its methods, and what it says of its delivery, are as the contract has them."""
    sink = bench.make()
    delivery_of(sink)
    bench.shut_down(sink)


@law(script=EVERYTHING, outcome=st.sampled_from(OUTCOMES))
def takes_everything(bench: SinkBench, script: Script, outcome: Outcome) -> None:
    """Whatever is said, in whatever order, however it ends: the sink takes it and raises nothing."""
    sink = bench.make()
    talk = Talk(sink, script)
    bench.within(lambda: talk.tell(outcome))
    bench.ended(sink, talk.message)
    bench.shut_down(sink)


@law(needs="shown", script=plain_scripts)
def text_as_sent(bench: SinkBench, script: Script) -> None:
    """The text that is shown is the text that was sent, and nothing of the rest."""
    sink = bench.make()
    talk = Talk(sink, script)
    bench.within(talk.tell)
    bench.shut_down(sink)
    bench.shows(sink, talk)


@law(needs="shown", script=plain_scripts, cuts=st.frozensets(st.integers(0, 8)))
def coalesced_or_not(bench: SinkBench, script: Script, cuts: frozenset[int]) -> None:
    """Deltas that were coalesced while the sink was busy show the same text as one by one."""
    for said in (MANY_WORDS, script):
        sink = bench.make()
        talk = Talk(sink, joined(said, cuts))
        bench.within(talk.tell)
        bench.shut_down(sink)
        bench.shows_text(sink, talk.message, said.text)


@law(needs="shown", first=plain_scripts, second=plain_scripts, examples=0.1)
def text_afresh(bench: SinkBench, first: Script, second: Script) -> None:
    """Text at offset 0 behind other text begins afresh: what was shown before no longer counts."""
    sink = bench.make()
    talk = Talk(sink, Script([TextDelta("to begin with"), *first.deltas]))
    steps = talk.steps()

    def tell() -> None:
        for _ in range(1 + len(first.deltas) + 1):
            next(steps)
        talk.afresh()
        for delta in (TextDelta("anew: "), *second.deltas):
            talk.news(delta)
        for _ in steps:
            pass

    bench.within(tell)
    bench.shut_down(sink)
    bench.shows(sink, talk)


@law(examples=0)
def every_end(bench: SinkBench) -> None:
    """A message that completes, fails or is cancelled, with news or without any, is shown to end, once."""
    for outcome in OUTCOMES:
        for deltas in ([], [TextDelta("Hel")], [ReasoningDelta("hm")], [ToolCallDelta(0, "c", "f", "{")]):
            sink = bench.make()
            talk = Talk(sink, Script(deltas))
            bench.within(lambda talk=talk, outcome=outcome: talk.tell(outcome))  # type: ignore[misc]
            bench.ended(sink, talk.message)
            bench.shut_down(sink)
            bench.shows(sink, talk)


@law(examples=0)
def odd_text(bench: SinkBench) -> None:
    """Control characters, and what looks like a format, are taken in texts and in names."""
    sink = bench.make()
    for name in ("A1", "", "\x1b[2J", "a\nb", "名"):
        bench.within(Talk(sink, Script([TextDelta(text) for text in ODD]), name).tell)
        bench.within(Talk(sink, Script([ReasoningDelta(text) for text in ODD]), name).tell)
    bench.shut_down(sink)


@law(examples=0)
def huge_text(bench: SinkBench) -> None:
    """A delta of 1 MiB, and 1,000 small ones behind it, are shown within seconds."""
    sink = bench.make()
    talk = Talk(
        sink, Script([TextDelta("ab c\n" * (MIB // 5)), *(TextDelta(f"{at} ") for at in range(1000))])
    )
    bench.within(talk.tell)
    bench.shut_down(sink)
    bench.shows(sink, talk)


@law(scripts=st.lists(plain_scripts, min_size=2, max_size=3), turns=st.lists(st.integers(0, 2), max_size=20))
def several_at_once(bench: SinkBench, scripts: list[Script], turns: list[int]) -> None:
    """Messages of several agents come interleaved, and each is shown whole and by itself."""
    sink = bench.make()
    talks = [Talk(sink, script, f"{letter}1") for letter, script in zip("ABC", scripts, strict=False)]
    steps = [talk.steps() for talk in talks]

    def tell() -> None:
        for turn in turns:
            next(steps[turn % len(steps)], None)
        for rest in steps:
            for _ in rest:
                pass

    bench.within(tell)
    bench.shut_down(sink)
    for talk in talks:
        bench.shows(sink, talk)
        bench.ended(sink, talk.message)


@law(needs="ends", examples=0)
def same_name_twice(bench: SinkBench) -> None:
    """Two messages of one agent are two messages, also at the same time."""
    sink = bench.make()
    talks = [Talk(sink, Script([TextDelta("one")])), Talk(sink, Script([TextDelta("two")]))]
    steps = [talk.steps() for talk in talks]

    def tell() -> None:
        for _ in range(4):
            for one in steps:
                next(one, None)

    bench.within(tell)
    bench.shut_down(sink)
    for talk in talks:
        bench.ended(sink, talk.message)


@law(examples=0)
def from_any_thread(bench: SinkBench) -> None:
    """An inline sink is called from several threads at once, each with a message of its own."""
    sink = bench.make()
    if sink.delivery != "inline":
        return
    ready = threading.Barrier(4)
    talks = [
        Talk(sink, Script([TextDelta(f"{word} ") for word in ["abc"] * 50]), f"{letter}1")
        for letter in "ABCD"
    ]

    def tell(talk: Talk) -> None:
        ready.wait(5)
        for _ in talk.steps():
            time.sleep(0)

    for working in [in_thread(lambda talk=talk: tell(talk)) for talk in talks]:  # type: ignore[misc]
        working.result(20)
    bench.shut_down(sink)
    for talk in talks:
        bench.shows(sink, talk)
        bench.ended(sink, talk.message)


@law(examples=0)
def quick_when_inline(bench: SinkBench) -> None:
    """An inline sink does not hold up the stream: a delta takes it less than a millisecond."""
    sink = bench.make()
    if sink.delivery != "inline":
        return
    talk = Talk(sink, Script([TextDelta("word ")] * 1000))
    took: list[float] = []

    def tell() -> None:
        began = time.perf_counter()
        for _ in talk.steps():
            now = time.perf_counter()
            took.append(now - began)
            began = now

    bench.within(tell)
    bench.shut_down(sink)
    # The one in the middle: the machine may have had other things to do meanwhile.
    usual = sorted(took)[len(took) // 2]
    must(usual < 0.001, f"a delta takes {1000 * usual:.1f} ms")


@law(examples=0)
def asks_and_returns(bench: SinkBench) -> None:
    """`ask` returns at once, and a question that nobody wants answered any more is let go."""
    sink = bench.make()
    if type(sink).ask is StreamSink.ask:
        return
    question = Question("A1", "What is your name?")
    began = time.monotonic()
    bench.within(lambda: sink.ask(question))
    took = time.monotonic() - began
    question.cancel()
    bench.shut_down(sink)
    must(took < 1.0, f"ask() returned after {took:.1f} s")


@law(examples=0)
def unused(bench: SinkBench) -> None:
    """A sink that nothing was shown on, or whose message was only opened and closed, shuts down well."""
    bench.shut_down(bench.make())
    sink = bench.make()
    message = Message("A1")
    bench.within(lambda: sink.open(message))
    bench.within(lambda: sink.close(message, CANCELLED))
    bench.shut_down(sink)


@law(examples=0)
def nothing_left_behind(bench: SinkBench) -> None:
    """A sink that was shut down leaves no thread and no open file behind."""
    deltas: list[Delta] = [TextDelta("Hel"), ReasoningDelta("hm"), UsageDelta(1, 2), TextDelta("lo")]
    _use(bench, Script(deltas))
    census = Census(open_files())
    for _ in range(5):
        _use(bench, Script(deltas))
    census.must_settle()


def _use(bench: SinkBench, script: Script) -> None:
    sink = bench.make()
    bench.within(Talk(sink, script).tell)
    bench.shut_down(sink)
