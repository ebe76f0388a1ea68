"""Laws about a sink that the kit calls, in every order in which the core may call it."""

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
from modelstream.testing._kit.leaks import LeakCheck, open_files
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.sink_player import CANCELLED, COMPLETE, FAILED, SinkPlayer, joined
from modelstream.testing._kit.strategies import ODD, plain_scripts, scripts
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
    """Its methods and its delivery options are valid."""
    sink = bench.make()
    delivery_of(sink)
    bench.shut_down(sink)


@law(script=EVERYTHING, outcome=st.sampled_from(OUTCOMES))
def accepts_everything(bench: SinkBench, script: Script, outcome: Outcome) -> None:
    """The sink accepts any content in any order, with any outcome, and raises nothing."""
    sink = bench.make()
    player = SinkPlayer(sink, script)
    bench.within(lambda: player.play(outcome))
    bench.ended(sink, player.message)
    bench.shut_down(sink)


@law(needs="shown", script=plain_scripts)
def text_as_sent(bench: SinkBench, script: Script) -> None:
    """The text that is shown is the text that was sent, without any other content."""
    sink = bench.make()
    player = SinkPlayer(sink, script)
    bench.within(player.play)
    bench.shut_down(sink)
    bench.shows(sink, player)


@law(needs="shown", script=plain_scripts, cuts=st.frozensets(st.integers(0, 8)))
def coalesced_or_not(bench: SinkBench, script: Script, cuts: frozenset[int]) -> None:
    """Deltas that were coalesced while the sink was busy show the same text as single ones."""
    for sent in (MANY_WORDS, script):
        sink = bench.make()
        player = SinkPlayer(sink, joined(sent, cuts))
        bench.within(player.play)
        bench.shut_down(sink)
        bench.shows_text(sink, player.message, sent.text)


@law(needs="shown", first=plain_scripts, second=plain_scripts, examples=0.1)
def text_replaced(bench: SinkBench, first: Script, second: Script) -> None:
    """Text at offset 0 after other text replaces all text that was shown before."""
    sink = bench.make()
    player = SinkPlayer(sink, Script([TextDelta("to begin with"), *first.deltas]))
    steps = player.steps()

    def play() -> None:
        for _ in range(1 + len(first.deltas) + 1):
            next(steps)
        player.replace_text()
        for delta in (TextDelta("anew: "), *second.deltas):
            player.send(delta)
        for _ in steps:
            pass

    bench.within(play)
    bench.shut_down(sink)
    bench.shows(sink, player)


@law(examples=0)
def every_end(bench: SinkBench) -> None:
    """The end of a message that completes, fails or is cancelled, with or without deltas, is shown once."""
    for outcome in OUTCOMES:
        for deltas in ([], [TextDelta("Hel")], [ReasoningDelta("hm")], [ToolCallDelta(0, "c", "f", "{")]):
            sink = bench.make()
            player = SinkPlayer(sink, Script(deltas))
            bench.within(lambda player=player, outcome=outcome: player.play(outcome))  # type: ignore[misc]
            bench.ended(sink, player.message)
            bench.shut_down(sink)
            bench.shows(sink, player)


@law(examples=0)
def odd_text(bench: SinkBench) -> None:
    """Control characters, and text that looks like a format, are accepted in texts and names."""
    sink = bench.make()
    for name in ("A1", "", "\x1b[2J", "a\nb", "名"):
        bench.within(SinkPlayer(sink, Script([TextDelta(text) for text in ODD]), name).play)
        bench.within(SinkPlayer(sink, Script([ReasoningDelta(text) for text in ODD]), name).play)
    bench.shut_down(sink)


@law(examples=0)
def huge_text(bench: SinkBench) -> None:
    """A delta of 1 MiB and 1,000 small ones after it are shown within seconds."""
    sink = bench.make()
    player = SinkPlayer(
        sink, Script([TextDelta("ab c\n" * (MIB // 5)), *(TextDelta(f"{at} ") for at in range(1000))])
    )
    bench.within(player.play)
    bench.shut_down(sink)
    bench.shows(sink, player)


@law(scripts=st.lists(plain_scripts, min_size=2, max_size=3), turns=st.lists(st.integers(0, 2), max_size=20))
def several_at_once(bench: SinkBench, scripts: list[Script], turns: list[int]) -> None:
    """Interleaved messages of several agents are each shown completely and separately."""
    sink = bench.make()
    players = [SinkPlayer(sink, script, f"{letter}1") for letter, script in zip("ABC", scripts, strict=False)]
    steps = [player.steps() for player in players]

    def play() -> None:
        for turn in turns:
            next(steps[turn % len(steps)], None)
        for rest in steps:
            for _ in rest:
                pass

    bench.within(play)
    bench.shut_down(sink)
    for player in players:
        bench.shows(sink, player)
        bench.ended(sink, player.message)


@law(needs="ends", examples=0)
def same_name_twice(bench: SinkBench) -> None:
    """Two messages of one agent are kept apart, also at the same time."""
    sink = bench.make()
    players = [SinkPlayer(sink, Script([TextDelta("one")])), SinkPlayer(sink, Script([TextDelta("two")]))]
    steps = [player.steps() for player in players]

    def play() -> None:
        for _ in range(4):
            for one in steps:
                next(one, None)

    bench.within(play)
    bench.shut_down(sink)
    for player in players:
        bench.ended(sink, player.message)


@law(examples=0)
def from_any_thread(bench: SinkBench) -> None:
    """An inline sink can be called from several threads at once, each with its own message."""
    sink = bench.make()
    if sink.delivery != "inline":
        return
    ready = threading.Barrier(4)
    players = [
        SinkPlayer(sink, Script([TextDelta(f"{word} ") for word in ["abc"] * 50]), f"{letter}1")
        for letter in "ABCD"
    ]

    def play(player: SinkPlayer) -> None:
        ready.wait(5)
        for _ in player.steps():
            time.sleep(0)

    for working in [in_thread(lambda player=player: play(player)) for player in players]:  # type: ignore[misc]
        working.result(20)
    bench.shut_down(sink)
    for player in players:
        bench.shows(sink, player)
        bench.ended(sink, player.message)


@law(examples=0)
def quick_when_inline(bench: SinkBench) -> None:
    """An inline sink does not delay the stream: it handles a delta in less than a millisecond."""
    sink = bench.make()
    if sink.delivery != "inline":
        return
    player = SinkPlayer(sink, Script([TextDelta("word ")] * 1000))
    took: list[float] = []

    def play() -> None:
        began = time.perf_counter()
        for _ in player.steps():
            now = time.perf_counter()
            took.append(now - began)
            began = now

    bench.within(play)
    bench.shut_down(sink)
    # The median, because a busy machine delays some of them.
    usual = sorted(took)[len(took) // 2]
    must(usual < 0.001, f"a delta takes {1000 * usual:.1f} ms")


@law(examples=0)
def ask_returns(bench: SinkBench) -> None:
    """`ask` returns at once, and a cancelled question is dropped."""
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
    """A sink that was never used, or whose message was only opened and closed, shuts down."""
    bench.shut_down(bench.make())
    sink = bench.make()
    message = Message("A1")
    bench.within(lambda: sink.open(message))
    bench.within(lambda: sink.close(message, CANCELLED))
    bench.shut_down(sink)


@law(examples=0)
def nothing_leaks(bench: SinkBench) -> None:
    """A sink that was shut down leaks no thread and no open file."""
    deltas: list[Delta] = [TextDelta("Hel"), ReasoningDelta("hm"), UsageDelta(1, 2), TextDelta("lo")]
    _use(bench, Script(deltas))
    leak_check = LeakCheck(open_files())
    for _ in range(5):
        _use(bench, Script(deltas))
    leak_check.must_find_none()


def _use(bench: SinkBench, script: Script) -> None:
    sink = bench.make()
    bench.within(SinkPlayer(sink, script).play)
    bench.shut_down(sink)
