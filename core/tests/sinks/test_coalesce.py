"""Coalesced items have the same content in the same order, in fewer items."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from recording_sink import COMPLETE, state_after

from modelstream.deltas import ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.sinks.delivery.coalesce import coalesce
from modelstream.snapshot import FixedText, Snapshot


@st.composite
def scripts(draw):
    """Items of one message in an order in which they may come."""
    items, text = [], ""
    for kind in draw(st.lists(st.sampled_from("ttttarcdu"), max_size=40)):
        if kind in "ta":
            delta = draw(st.text("abc 你👋", min_size=1, max_size=3))
            start = 0 if kind == "a" else len(text)
            text = text[:start] + delta
            items.append(Snapshot(delta, False, start, FixedText(text)))
        elif kind == "r":
            items.append(ReasoningDelta(draw(st.text("xyz", min_size=1, max_size=3))))
        elif kind == "c":
            index = draw(st.integers(0, 2))
            items.append(ToolCallDelta(index, f"call_{index}", "f", draw(st.text("{}", max_size=2))))
        elif kind == "d":
            items.append(ToolCallDelta(draw(st.integers(0, 2)), arguments="1"))
        else:
            items.append(UsageDelta(draw(st.none() | st.integers(0, 9)), draw(st.none() | st.integers(0, 9))))
    if draw(st.booleans()):
        items.append(Snapshot("", True, len(text), FixedText(text)))
    return items


@given(scripts(), st.integers(0, 40))
def test_coalesced_items_have_the_same_content(items, cut):
    some, rest = items[:cut], items[cut:]
    with_ids = [ToolCallDelta(index, f"call_{index}") for index in range(3)]
    expected = state_after([*with_ids, *items])
    for merged in (coalesce(items), [*some, *coalesce(rest)], coalesce([*coalesce(some), *rest])):
        assert state_after([*with_ids, *merged]) == expected


@given(scripts())
def test_coalescing_twice_is_coalescing_once(items):
    once = coalesce(items)
    assert len(once) <= len(items)
    assert coalesce(once) == once


@given(scripts())
def test_the_order_of_kinds_stays(items):
    def order(some):
        kinds = [type(one) for one in some if type(one) is not UsageDelta]
        return [kind for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] is not kind]

    assert order(coalesce(items)) == order(items)


def test_a_text_between_counts_becomes_one():
    # DashScope sends the token counts with each chunk.
    items, text = [], ""
    for number in range(100):
        items.append(Snapshot("ab", False, len(text), FixedText(text + "ab")))
        items.append(UsageDelta(output_tokens=number))
        text += "ab"
    written, counts = coalesce(items)
    assert (written.delta, written.offset, written.text) == (text, 0, text)
    assert counts.output_tokens == 99


def test_different_token_counts_are_merged():
    assert coalesce([UsageDelta(input_tokens=7), UsageDelta(output_tokens=2)]) == [UsageDelta(7, 2)]


def test_a_restarted_text_replaces_the_text_before_it():
    texts = ["abc", "xyz", "xyzw"]
    items = [
        Snapshot("abc", False, 0, FixedText(texts[0])),
        Snapshot("xyz", False, 0, FixedText(texts[1])),
        Snapshot("w", False, 3, FixedText(texts[2])),
    ]
    (one,) = coalesce(items)
    assert (one.delta, one.offset, one.text) == ("xyzw", 0, "xyzw")


def test_the_last_snapshot_is_not_merged():
    source = FixedText("ab")
    items = [Snapshot("a", False, 0, source), Snapshot("b", False, 1, source), Snapshot("", True, 2, source)]
    merged = coalesce([*items, COMPLETE])
    assert merged == [Snapshot("ab", False, 0, source), Snapshot("", True, 2, source), COMPLETE]
    assert merged[1].delta == ""


def test_pieces_of_different_calls_are_not_merged():
    first, second = ToolCallDelta(0, "a", "f", "{"), ToolCallDelta(1, "b", "g", "[")
    more = [ToolCallDelta(1, arguments="1"), ToolCallDelta(1, arguments="]"), ToolCallDelta(0, arguments="}")]
    assert coalesce([first, second, *more]) == [first, ToolCallDelta(1, "b", "g", "[1]"), more[2]]
