"""Laws about one answer read in several ways: all of them agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelstream.deltas import TextDelta
from modelstream.testing.heard import Heard, complete, deltas_of, hear, read
from modelstream.testing.law import Laws, must, same
from modelstream.testing.script import Script
from modelstream.testing.strategies import parts, scripts, texts_only
from modelstream.testing.take import PatientGate, Take

if TYPE_CHECKING:
    from modelstream.testing.bench import Bench

_laws = Laws()
laws = _laws.laws
law = _laws.law


@law(ways=("both",), script=scripts)
def sync_equals_async(bench: Bench, script: Script) -> None:
    """Sync and async calls give the same snapshots, reasoning, tool calls, usage and finish reason."""
    found = []
    for way in bench.way.both:
        bench.stage.play(Take(script))
        heard = hear(way, bench.wrapper())
        complete(heard, script)
        found.append((heard.pairs, heard.content(bench.features)))
    same(found[1], found[0], "the async answer, compared with the sync one")


@law(script=scripts)
def stream_equals_whole(bench: Bench, script: Script) -> None:
    """An answer that is not streamed says the same as the streamed one, and its `stream` is None."""
    streamed = bench.hear(Take(script))
    complete(streamed, script)
    bench.stage.play(Take(script, whole=True))
    response = bench.way.call(bench.wrapper(), stream=False)
    must(response.stream is None, f"response.stream is {response.stream!r} although stream=False")
    same(bench.way.text(response), script.text, "the text")
    _, reasoning, calls, _, reason = streamed.content(bench.features)
    if bench.features.whole_reasoning:
        same(response.reasoning, reasoning, "the reasoning")
    found = Heard(response)
    same(found.content(bench.features)[2], calls, "the tool calls")
    same(response.finish_reason, reason, "finish_reason")


@law(script=scripts, part=parts)
def replay_equals_live(bench: Bench, script: Script, part: float) -> None:
    """Readers that come while the answer is being written, or later, see all of it from the beginning."""
    response = bench.response(Take(script))
    early = Heard(response)
    reader = response.stream
    for _ in range(int(part * (len(script.deltas) + 1))):
        try:
            early.snapshots.append(bench.way.next(reader))
        except StopIteration:
            break
    second = Heard(response)
    read(bench.way, second, response.stream, second.snapshots.append)
    read(bench.way, early, reader, early.snapshots.append)
    third = Heard(response)
    read(bench.way, third, response.stream, third.snapshots.append)
    complete(early, script)
    same(second.pairs, early.pairs, "what a second reader saw, compared with the first")
    same(third.pairs, early.pairs, "what a late reader saw, compared with the first")
    same(deltas_of(bench.way, response), deltas_of(bench.way, response), "the deltas, read again")


@law(script=texts_only, examples=0.05)
def one_call(bench: Bench, script: Script) -> None:
    """Reading never calls the model again: not a second reader, not `text`, not a break."""
    response = bench.response(Take(script))
    reader = response.stream
    bench.way.next(reader)
    bench.way.stop(reader)
    same(bench.way.text(response), script.text, "response.text after a reader broke off")
    bench.way.each(response.stream, lambda _: None)
    same(bench.stage.calls, 1, "the number of calls at the provider")


@law(examples=0)
def streams_apart(bench: Bench) -> None:
    """Two answers that one wrapper is getting at the same time don't mix."""
    gates = [PatientGate(), PatientGate()]
    first = Script([TextDelta("one "), TextDelta("two")])
    second = Script([TextDelta("uno "), TextDelta("dos "), TextDelta("tres")])
    bench.stage.play(
        Take(first, gates=gates[:1]),
        Take(second, gates=gates[1:]),
    )
    wrapper = bench.wrapper()
    heard = [Heard(bench.way.call(wrapper)), Heard(bench.way.call(wrapper))]
    readers = [one.response.stream for one in heard]
    for one, reader in zip(heard, readers, strict=True):
        one.snapshots.append(bench.way.next(reader))
    for gate in gates:
        gate.open()
    for one, reader in zip(heard, readers, strict=True):
        read(bench.way, one, reader, one.snapshots.append)
    complete(heard[0], first)
    complete(heard[1], second)
    must(not any(gate.late for gate in gates), "the second call was held up by the first")
