"""Streams of several blocks: folded blocks read the same as the original deltas."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from expected import expect, with_generated_ids
from hypothesis import given
from hypothesis import strategies as st
from reading import ALL_FOUR, look
from scripted import LIMIT, AsyncScripted, SyncScripted

from modelstream.call import delta_log as records
from modelstream.call.delta_log import BLOCK
from modelstream.deltas import Finish, ReasoningDelta, TextDelta, ToolCallDelta, UsageDelta

every_way = pytest.mark.parametrize(("wrapper", "is_async"), ALL_FOUR.values(), ids=ALL_FOUR)
LENGTHS = [BLOCK - 2, BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK]


def mixed(count: int, seed: int = 0) -> list[Any]:
    """Deltas of every kind, mostly text, some of it not ASCII."""
    chance = random.Random(seed)
    others = [
        ReasoningDelta("hm"),
        ToolCallDelta(0, "c", "f", "{}"),
        UsageDelta(1, 2),
        TextDelta("漢"),
        "\ud83d",
        "\ude00",
    ]
    return [chance.choice(others) if chance.random() < 0.2 else f"w{n} " for n in range(count)]


@every_way
@pytest.mark.parametrize("count", LENGTHS)
def test_long_streams_come_whole(wrapper: type, is_async: bool, count: int) -> None:
    atoms = [*mixed(count), Finish(), UsageDelta(3, 4)]
    seen = look(wrapper(atoms), is_async=is_async)
    expected = expect(atoms)
    assert seen.pairs == [tuple(one) for one in seen.replay] == expected.pairs
    assert with_generated_ids(seen.deltas, atoms) == expected.deltas
    assert seen.text == expected.text


@every_way
@pytest.mark.parametrize("count", [BLOCK, 2 * BLOCK, 3000])
@pytest.mark.parametrize("end", [Finish(), None], ids=["complete", "cut"])
def test_text_alone_and_an_end_at_the_edge_of_a_block(
    wrapper: type, is_async: bool, count: int, end: Any
) -> None:
    seen = look(wrapper(["ab"] * count + [end]), is_async=is_async)
    assert len(seen.pairs) == len(seen.replay) == count + (end is not None)
    assert seen.snapshots[-1].text == seen.partial_text == "ab" * count
    assert [one.offset for one in seen.replay][:count] == list(range(0, 2 * count, 2))


@every_way
def test_one_list_longer_than_a_block(wrapper: type, is_async: bool) -> None:
    atoms = [*mixed(2 * BLOCK + 7), Finish()]
    assert look(wrapper([atoms]), is_async=is_async).pairs == expect(atoms).pairs


def test_one_list_of_more_blocks_than_python_has_frames() -> None:
    count = 1100 * BLOCK
    response = SyncScripted([["a"] * count, Finish()])("hi", stream=True)
    assert response.text == "a" * count


@given(data=st.data())
def test_small_blocks_come_whole_too(data: st.DataObject) -> None:
    """With blocks of three items every stream has edges everywhere."""
    atoms = [*mixed(data.draw(st.integers(0, 20)), data.draw(st.integers(0, 1000))), Finish()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modelstream.call.delta_log.BLOCK", 3)
        patch.setattr("modelstream.call.transcript.BLOCK", 3)
        patch.setattr("modelstream.call.readers.BLOCK", 3)
        seen = look(SyncScripted(atoms), is_async=False)
        assert seen.pairs == [tuple(one) for one in seen.replay] == expect(atoms).pairs
        response = SyncScripted(atoms)("hi")
        positions = data.draw(st.lists(st.sampled_from(range(1, len(seen.snapshots) + 1)), max_size=5))
        kept = {at: snapshot for at, snapshot in enumerate(response.stream, 1) if at in positions}
        assert [tuple(kept[at]) for at in positions] == [seen.pairs[at - 1] for at in positions]


@pytest.mark.parametrize("wrapper", [SyncScripted, AsyncScripted])
def test_kept_snapshots_have_their_text_in_any_order(wrapper: type) -> None:
    atoms = [*mixed(3000), Finish()]
    kept = list(wrapper(atoms)("hi").stream)
    expected = expect(atoms).pairs
    order = list(range(len(kept)))
    random.Random(1).shuffle(order)
    for at in order[:150]:
        assert tuple(kept[at]) == expected[at]


def test_many_threads_read_kept_snapshots_in_any_order() -> None:
    atoms = [*mixed(3000), Finish()]
    expected = expect(atoms).pairs
    response = SyncScripted(atoms)("hi")
    kept: list[Any] = []
    wrong: list[int] = []
    done = threading.Event()

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        while not done.is_set() or not kept:
            if kept:
                at = chance.randrange(len(kept))
                if tuple(kept[at]) != expected[at]:
                    wrong.append(at)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for snapshot in response.stream:
        kept.append(snapshot)  # noqa: PERF402 - the threads look on
    done.set()
    for thread in threads:
        thread.join(LIMIT)
    assert not wrong
    assert len(kept) == len(expected)


@pytest.mark.parametrize("method", ["stream", "deltas"])
def test_a_reader_at_the_edge_of_a_block_while_it_is_folded(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """It has seen the last item of the block, and the block is not folded yet."""
    response = SyncScripted(["a"] * (BLOCK + 2) + [Finish()])("hi")
    seen: list[Any] = []
    reader = threading.Thread(target=lambda: seen.extend(getattr(response, method)))

    class SlowBlock(records._Block):
        __slots__ = ()

        def __init__(self, items: list[Any]) -> None:
            reader.start()
            while len(response._transcript.waiters) == 0 and reader.is_alive():
                pass  # until the reader waits for more, having read all that there is
            super().__init__(items)

    monkeypatch.setattr(records, "_Block", SlowBlock)
    assert len(list(response.deltas)) == BLOCK + 3
    reader.join(LIMIT)
    assert len(seen) == BLOCK + 3
