"""No lag, proven without timing: the provider continues only after the reader has the previous delta."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from reading import ALL_FOUR, run
from scripted import BothScripted, Gate

from modelstream.deltas import Finish, ReasoningDelta, ToolCallDelta, UsageDelta

WAYS = {**ALL_FOUR, "both to sync": (BothScripted, False), "both to async": (BothScripted, True)}
every_way = pytest.mark.parametrize(("wrapper", "is_async"), WAYS.values(), ids=WAYS)

PIECES = ["Hel", "lo", ["", ", "], None, "wor", "ld", Finish("length"), UsageDelta(1, 2)]
OTHERS = [
    ReasoningDelta("hm"),
    "a",
    ToolCallDelta(0, "c", "f", "{"),
    UsageDelta(3),
    ToolCallDelta(arguments="}"),
    Finish(),
]


def gated(pieces: list[Any]) -> tuple[list[Any], list[Gate]]:
    """The pieces with a gate after each that a reader sees."""
    script: list[Any] = []
    gates = []
    for piece in pieces:
        script.append(piece)
        if piece is not None:
            gates.append(Gate())
            script.append(gates[-1])
    return script, gates


async def _follow_async(wrapper: Any, gates: list[Gate], method: str) -> list[Any]:
    response = await wrapper.acall("hi")
    seen = []
    gates = list(gates)
    async for one in getattr(response, method):
        seen.append(tuple(one) if method == "stream" else one)
        gates.pop(0).open()
        if method == "stream" and one.last:
            gates.pop(0).open()  # that of the usage, which makes no snapshot
    return seen


def _follow(wrapper: Any, gates: list[Gate], method: str) -> list[Any]:
    response = wrapper("hi")
    seen = []
    gates = list(gates)
    for one in getattr(response, method):
        seen.append(tuple(one) if method == "stream" else one)
        gates.pop(0).open()
        if method == "stream" and one.last:
            gates.pop(0).open()
    return seen


@every_way
def test_each_snapshot_is_read_before_the_next_piece_is_created(wrapper: type, is_async: bool) -> None:
    script, gates = gated(PIECES)
    model = wrapper(script)
    seen = run(_follow_async(model, gates, "stream")) if is_async else _follow(model, gates, "stream")
    texts = ["Hel", "Hello", "Hello, ", "Hello, wor", "Hello, world"]
    assert seen == [*((False, text) for text in texts), (True, "Hello, world")]
    assert all(gate.reached.is_set() for gate in gates)


@every_way
def test_each_delta_is_read_before_the_next_piece_is_created(wrapper: type, is_async: bool) -> None:
    script, gates = gated(OTHERS)
    model = wrapper(script)
    seen = run(_follow_async(model, gates, "deltas")) if is_async else _follow(model, gates, "deltas")
    assert len(seen) == len(OTHERS)
    assert seen[-1] == Finish()


@every_way
def test_the_call_returns_when_the_provider_has_accepted_it(wrapper: type, is_async: bool) -> None:
    """A wrapper that yields None has nothing to show yet; the user has the response all the same."""
    gate = Gate()
    model = wrapper([None, gate, "a", Finish()])

    async def main() -> str:
        response = await model.acall("hi")
        assert not response.is_stream_exhausted
        gate.open()
        return await response.get_text()

    if is_async:
        assert run(main()) == "a"
        return
    response = model("hi")
    assert not response.is_stream_exhausted
    gate.open()
    assert response.text == "a"


@every_way
def test_the_end_is_read_before_the_usage_comes(wrapper: type, is_async: bool) -> None:
    gate = Gate()
    model = wrapper(["a", Finish("stop", "end_turn"), gate, UsageDelta(1, 2)])

    async def main() -> None:
        response = await model.acall("hi")
        async for last, text in response.stream:
            if last:
                check(response, text)
                gate.open()
        assert response.usage.total_tokens == 3

    def check(response: Any, text: str) -> None:
        assert text == "a"
        assert response.usage is None
        assert (response.finish_reason, response.raw_finish_reason) == ("stop", "end_turn")
        assert not response.is_stream_exhausted

    if is_async:
        run(main())
        return
    response = model("hi")
    for last, text in response.stream:
        if last:
            check(response, text)
            gate.open()
    assert response.usage.total_tokens == 3


def test_nothing_is_pulled_before_it_is_read() -> None:
    """A sync wrapper does nothing between two reads."""
    reached: list[int] = []
    steps = [(lambda _, n=n: reached.append(n)) for n in range(4)]
    response = BothScripted([steps[0], "a", steps[1], "b", steps[2], Finish(), steps[3]])("hi")
    at = [len(reached) for _ in response.stream]
    assert at == [1, 2, 3]
    assert len(reached) == 4
    assert all(b - a == 1 for a, b in pairwise(at))
