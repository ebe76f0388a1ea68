"""Laws about one answer that is read in several ways, and about several answers at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from modelstream.deltas import Finish, StateDelta, TextDelta, ToolCallDelta, UsageDelta
from modelstream.errors import TruncatedStreamError
from modelstream.testing._kit.bench import check_error
from modelstream.testing._kit.law import Laws, must, same
from modelstream.testing._kit.observation import (
    Observation,
    check_complete,
    comparable,
    counts,
    deltas_of,
    observe,
    read,
)
from modelstream.testing._kit.scenario import Fault, PatientGate, Scenario
from modelstream.testing._kit.script import Script
from modelstream.testing._kit.strategies import everything, parts, scripts, texts_only
from modelstream.testing._kit.style import Style
from modelstream.testing._kit.ways import LIMIT, AsyncWay

if TYPE_CHECKING:
    from modelstream.deltas import Delta
    from modelstream.testing._kit.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law

HELLO = Script([TextDelta("Hel"), TextDelta("lo")])


@law(ways=("both",), script=scripts)
def sync_equals_async(bench: Bench, script: Script) -> None:
    """Sync and async calls give the same snapshots, reasoning, tool calls, usage and finish reason."""
    found = []
    for way in bench.way.both:
        bench.provider.play(Scenario(script))
        observed = observe(way, bench.wrapper())
        check_complete(observed, script)
        found.append((observed.pairs, observed.content(bench.features)))
    same(found[1], found[0], "the async answer, compared with the sync one")


@law(script=scripts)
def stream_equals_whole(bench: Bench, script: Script) -> None:
    """An answer that is not streamed has the content of the streamed one, and its `stream` is None."""
    streamed = bench.observe(Scenario(script))
    check_complete(streamed, script)
    bench.provider.play(Scenario(script, whole=True))
    response = bench.way.call(bench.wrapper(), stream=False)
    must(response.stream is None, f"response.stream is {response.stream!r} although stream=False")
    same(bench.way.text(response), script.text, "the text")
    _, reasoning, calls, _, reason = streamed.content(bench.features)
    if bench.features.whole_reasoning:
        same(response.reasoning, reasoning, "the reasoning")
    found = Observation(response)
    same(found.content(bench.features)[2], calls, "the tool calls")
    same(response.finish_reason, reason, "finish_reason")
    if script.usage is not None:
        features = bench.features
        same(counts(response.usage, features), counts(script.usage, features), f"usage {features.counts}")


@law(examples=0)
def whole_has_everything(bench: Bench) -> None:
    """An answer not streamed has the text, reasoning, tool calls, usage and finish reason."""
    script = everything(bench.features)
    bench.provider.play(Scenario(script, whole=True))
    response = bench.way.call(bench.wrapper(), stream=False)
    features = bench.features
    same(bench.way.text(response), script.text, "the text")
    if features.whole_reasoning:
        same(response.reasoning, script.reasoning, "the reasoning")
    found = [comparable(call, features) for call in response.tool_calls]
    same(found, [comparable(call, features) for call in script.tool_calls], "the tool calls")
    same(counts(response.usage, features), counts(script.usage, features), f"usage {features.counts}")
    same(response.finish_reason, script.finish.reason, "finish_reason")


@law(script=scripts, part=parts)
def replay_equals_live(bench: Bench, script: Script, part: float) -> None:
    """Readers that start during or after streaming see the whole answer from the beginning."""
    response = bench.response(Scenario(script))
    early = Observation(response)
    reader = response.stream
    for _ in range(int(part * (len(script.deltas) + 1))):
        try:
            early.snapshots.append(bench.way.next(reader))
        except StopIteration:
            break
    second = Observation(response)
    read(bench.way, second, response.stream, second.snapshots.append)
    read(bench.way, early, reader, early.snapshots.append)
    third = Observation(response)
    read(bench.way, third, response.stream, third.snapshots.append)
    check_complete(early, script)
    same(second.pairs, early.pairs, "the snapshots of a second reader, compared with the first")
    same(third.pairs, early.pairs, "the snapshots of a late reader, compared with the first")
    same(deltas_of(bench.way, response), deltas_of(bench.way, response), "the deltas, read again")


@law(script=scripts, examples=0.1)
def in_order(bench: Bench, script: Script) -> None:
    """The deltas have the order in which the provider sent them: text, reasoning and tool calls."""
    for sent in (everything(bench.features), script):
        observed = bench.observe(Scenario(sent))
        check_complete(observed, sent)
        same(_kinds(deltas_of(bench.way, observed.response)), _kinds(sent.deltas), "the kinds of deltas")


def _kinds(deltas: Sequence[Delta]) -> list[str]:
    """The kinds of the deltas, without repetitions."""
    kinds = [
        f"call {delta.index}" if isinstance(delta, ToolCallDelta) else type(delta).__name__
        for delta in deltas
        if isinstance(delta, ToolCallDelta)
        or (not isinstance(delta, UsageDelta | StateDelta | Finish) and delta.text)
    ]
    return [kind for kind, _ in groupby(kinds)]


@law(examples=0)
def raw_on_request(bench: Bench) -> None:
    """`raw=True` keeps the provider's chunks, streamed or not; without it `raw` is None."""
    for stream in (True, False):
        bench.provider.play(Scenario(HELLO, whole=not stream))
        response = bench.way.call(bench.wrapper(), stream=stream, raw=True)
        same(bench.way.text(response), HELLO.text, "the text")
        must(response.raw, f"raw=True, stream={stream}: response.raw is {response.raw!r}")
        same(bench.way.call(bench.wrapper(), stream=stream).raw, None, "response.raw without raw=True")


@law(script=texts_only, examples=0.05)
def one_call(bench: Bench, script: Script) -> None:
    """Reading never calls the model again: neither a second reader, nor `text`, nor a break."""
    response = bench.response(Scenario(script))
    reader = response.stream
    bench.way.next(reader)
    bench.way.stop(reader)
    same(bench.way.text(response), script.text, "response.text after a reader broke off")
    bench.way.each(response.stream, lambda _: None)
    same(bench.provider.calls, 1, "the number of calls at the provider")


@law(examples=0)
def streams_independent(bench: Bench) -> None:
    """Two answers that one wrapper reads at the same time are not mixed."""
    gates = [PatientGate(), PatientGate()]
    first = Script([TextDelta("one "), TextDelta("two")])
    second = Script([TextDelta("uno "), TextDelta("dos "), TextDelta("tres")])
    bench.provider.play(
        Scenario(first, gates=gates[:1]),
        Scenario(second, gates=gates[1:]),
    )
    wrapper = bench.wrapper()
    observed = [Observation(bench.way.call(wrapper)), Observation(bench.way.call(wrapper))]
    readers = [one.response.stream for one in observed]
    for one, reader in zip(observed, readers, strict=True):
        one.snapshots.append(bench.way.next(reader))
    for gate in gates:
        gate.open()
    for one, reader in zip(observed, readers, strict=True):
        read(bench.way, one, reader, one.snapshots.append)
    check_complete(observed[0], first)
    check_complete(observed[1], second)
    must(not any(gate.late for gate in gates), "the second call had to wait for the first")


@law(examples=0)
def many_at_once(bench: Bench) -> None:
    """Simultaneous calls of one wrapper from many threads or tasks each get their own answer."""
    scripts = [Script([TextDelta(f"{name} "), TextDelta(name * 3)]) for name in "ABCDEFGH"]
    gates = [PatientGate(LIMIT / 2) for _ in scripts]
    scenarios = [
        Scenario(script, style=Style(pieces=7), gates=[gate])
        for script, gate in zip(scripts, gates, strict=True)
    ]
    bench.provider.play(*scenarios, Scenario(HELLO))
    wrapper = bench.wrapper()
    calling = [bench.way.begin_text(wrapper) for _ in scripts]
    together = all(gate.reached.wait(LIMIT / 4) for gate in gates)
    for gate in gates:
        gate.open()
    texts = sorted(text.result(LIMIT) for text in calling)
    same(texts, [script.text for script in scripts], "the texts")
    must(together, "some calls waited for others to end")


@law(where="http", examples=0)
def wrappers_independent(bench: Bench) -> None:
    """Two wrappers with different configs are independent: each calls its own `base_url`."""
    first, second = bench.new_wrapper(), None
    elsewhere = bench.provider.another()
    try:
        second = bench.new_wrapper(base_url=elsewhere.url)
        elsewhere.play(Scenario(Script([TextDelta("elsewhere")])))
        bench.provider.play(Scenario(HELLO))
        for wrapper, text in ((first, "Hello"), (second, "elsewhere"), (first, "Hello")):
            same(bench.way.text(bench.way.call(wrapper)), text, "the text")
    finally:
        elsewhere.close()


@law(ways=("async",), examples=0)
def any_event_loop(bench: Bench) -> None:
    """One wrapper works in several event loops in sequence, as with several calls of `asyncio.run`."""
    wrapper = bench.new_wrapper()
    for _ in range(3):
        loop = AsyncWay()
        try:
            bench.provider.play(Scenario(HELLO))
            check_complete(observe(loop, wrapper), HELLO)
            bench.provider.play(Scenario(HELLO, 1, Fault.ENDS))
            check_error(observe(loop, wrapper).error, TruncatedStreamError)
        finally:
            loop.shut_down()
        must(not loop.uncaught_errors, f"the event loop reported {loop.uncaught_errors[:1]}")
