"""Random scripts against a simple model of the expected result, in all combinations of wrapper and caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
from expected import GENERATED, Expected, arguments_of, expect, with_generated_ids
from hypothesis import example, given
from hypothesis import strategies as st
from reading import ALL_FOUR, Seen, look
from scripted import AsyncScripted, SyncScripted
from strategies import batched_scripts

from modelstream.deltas import Finish, ToolCallDelta
from modelstream.errors import StreamError, TruncatedStreamError

NO_RETRIES = {"max_retries": 0}
every_way = pytest.mark.parametrize(("wrapper", "is_async"), ALL_FOUR.values(), ids=ALL_FOUR)


def check(seen: Seen, expected: Expected, atoms: list[Any]) -> None:
    assert seen.pairs == expected.pairs
    assert with_generated_ids(seen.deltas, atoms) == expected.deltas
    assert [tuple(one) for one in seen.replay] == expected.pairs
    check_shape(seen)
    check_end(seen, expected)
    if seen.response is not None:
        response = seen.response
        assert response.reasoning == expected.reasoning
        assert response.usage == expected.usage
        assert response.is_stream_exhausted
        assert [[GENERATED if c.id.startswith("call_") and len(c.id) > 8 else c.id, c.name, c.arguments]
                for c in response.tool_calls] == [
                    [c[0], c[1], arguments_of(c, expected)] for c in expected.calls.values()]  # fmt: skip


def check_shape(seen: Seen) -> None:
    """What holds for every stream, whatever was in it."""
    before = ""
    for last, snapshot in zip([False] * (len(seen.pairs) - 1) + [True], seen.snapshots, strict=False):
        assert snapshot.text == before + snapshot.delta
        assert snapshot.offset == len(before)
        assert snapshot.delta or snapshot.last
        assert last or not snapshot.last
        before = snapshot.text
    assert before == seen.partial_text


def check_end(seen: Seen, expected: Expected) -> None:
    if expected.finish is not None:
        assert seen.error is None
        assert seen.pairs[-1] == (True, expected.text)
        assert seen.text == expected.text
        assert seen.response.finish_reason == expected.finish.reason
        assert seen.response.raw_finish_reason == expected.finish.raw
        return
    assert not any(last for last, _ in seen.pairs)
    assert isinstance(seen.error, StreamError)
    assert seen.error.partial_text == expected.text
    assert seen.error.usage == expected.usage
    assert seen.error.first_delta_seen == bool(expected.deltas)
    assert seen.error.model_type == "scripted"
    if expected.error is None:
        assert type(seen.error) is TruncatedStreamError
    else:
        assert expected.error in (seen.error, seen.error.__cause__)


def alone(*atoms: Any) -> tuple[list[Any], list[Any]]:
    return list(atoms), list(atoms)


@every_way
@given(both=batched_scripts)
@example(both=alone())
@example(both=alone(Finish()))
@example(both=alone("\ud83d", "\ude00", Finish()))
@example(both=alone("a\ud83d", Finish()))
@example(both=alone("a\ud83d"))
@example(
    both=alone(
        ToolCallDelta(0, None, "f", '"\ud83d'), ToolCallDelta(1), ToolCallDelta(arguments="\ude00"), Finish()
    )
)
def test_every_combination_yields_the_script(wrapper: type, is_async: bool, both: Any) -> None:
    atoms, script = both
    check(look(wrapper(script, **NO_RETRIES), is_async=is_async), expect(atoms), atoms)


def _scheduled(response: Any, data: st.DataObject) -> list[tuple[str, list[Any]]]:
    """Let readers of one response begin, go on and break off in any order; what the finished ones saw."""
    readers: list[tuple[str, Iterator[Any], list[Any]]] = []
    finished: list[tuple[str, list[Any]]] = []
    steps = data.draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=40))
    for step, which in steps:
        if step == 0 or not readers:
            kind = "deltas" if which % 3 == 0 else "stream"
            readers.append((kind, iter(getattr(response, kind)), []))
        elif step == 1:
            readers.pop(which % len(readers))
        else:
            _go_on(readers, which % len(readers), finished)
    while readers:
        _go_on(readers, 0, finished)
    return finished


def _go_on(readers: list[Any], which: int, finished: list[tuple[str, list[Any]]]) -> None:
    kind, reader, seen = readers[which]
    try:
        one = next(reader)
    except (StopIteration, StreamError):
        finished.append((kind, seen))
        del readers[which]
    else:
        seen.append(tuple(one) if kind == "stream" else one)


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted])
@given(both=batched_scripts, data=st.data())
def test_readers_in_any_order_all_see_all(wrapper: type, both: Any, data: st.DataObject) -> None:
    atoms, script = both
    expected = expect(atoms)
    try:
        response = wrapper(script, **NO_RETRIES)("hi")
    except StreamError:
        assert not expected.deltas
        return
    for kind, seen in _scheduled(response, data):
        if kind == "stream":
            assert seen == expected.pairs
        else:
            assert with_generated_ids(seen, atoms) == expected.deltas


@given(both=batched_scripts, at=st.integers(0, 30))
def test_text_in_the_middle_is_what_the_reader_was_shown(both: Any, at: int) -> None:
    atoms, script = both
    try:
        response = SyncScripted(script, **NO_RETRIES)("hi")
    except StreamError:
        return
    with suppress(StreamError):
        for snapshot in islice(response.stream, at):
            assert response.text == snapshot.text
    expected = expect(atoms)
    if expected.finish is not None:
        assert response.text == expected.text
        return
    with pytest.raises(StreamError) as caught:
        _ = response.text
    assert caught.value.partial_text == response.partial_text == expected.text


@given(both=batched_scripts)
def test_sync_and_async_give_the_same(both: Any) -> None:
    atoms, script = both
    first, *others = [look(wrapper(script, **NO_RETRIES), is_async=a) for wrapper, a in ALL_FOUR.values()]
    for other in others:
        assert other.pairs == first.pairs
        assert with_generated_ids(other.deltas, atoms) == with_generated_ids(first.deltas, atoms)
        assert type(other.error) is type(first.error)
        assert str(other.error) == str(first.error)
