"""Joined news say the same as before, in the same order, in fewer words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from witness import COMPLETE, state_after

from modelstream.deltas import ReasoningDelta, ToolCallDelta, UsageDelta
from modelstream.sinks.delivery.coalesce import joined
from modelstream.snapshot import FixedText, Snapshot


@st.composite
def scripts(draw):
    """News of one message in an order in which they may come."""
    news, text = [], ""
    for kind in draw(st.lists(st.sampled_from("ttttarcdu"), max_size=40)):
        if kind in "ta":
            delta = draw(st.text("abc 你👋", min_size=1, max_size=3))
            start = 0 if kind == "a" else len(text)
            text = text[:start] + delta
            news.append(Snapshot(delta, False, start, FixedText(text)))
        elif kind == "r":
            news.append(ReasoningDelta(draw(st.text("xyz", min_size=1, max_size=3))))
        elif kind == "c":
            index = draw(st.integers(0, 2))
            news.append(ToolCallDelta(index, f"call_{index}", "f", draw(st.text("{}", max_size=2))))
        elif kind == "d":
            news.append(ToolCallDelta(draw(st.integers(0, 2)), arguments="1"))
        else:
            news.append(UsageDelta(draw(st.none() | st.integers(0, 9)), draw(st.none() | st.integers(0, 9))))
    if draw(st.booleans()):
        news.append(Snapshot("", True, len(text), FixedText(text)))
    return news


@given(scripts(), st.integers(0, 40))
def test_joined_news_lead_to_the_same(news, cut):
    some, rest = news[:cut], news[cut:]
    with_ids = [ToolCallDelta(index, f"call_{index}") for index in range(3)]
    expected = state_after([*with_ids, *news])
    for told in (joined(news), [*some, *joined(rest)], joined([*joined(some), *rest])):
        assert state_after([*with_ids, *told]) == expected


@given(scripts())
def test_joined_twice_is_joined_once(news):
    once = joined(news)
    assert len(once) <= len(news)
    assert joined(once) == once


@given(scripts())
def test_the_order_of_kinds_stays(news):
    def order(some):
        kinds = [type(one) for one in some if type(one) is not UsageDelta]
        return [kind for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] is not kind]

    assert order(joined(news)) == order(news)


def test_a_text_between_counts_becomes_one():
    # DashScope sends the token counts with each chunk.
    news, text = [], ""
    for number in range(100):
        news.append(Snapshot("ab", False, len(text), FixedText(text + "ab")))
        news.append(UsageDelta(output_tokens=number))
        text += "ab"
    written, counts = joined(news)
    assert (written.delta, written.offset, written.text) == (text, 0, text)
    assert counts.output_tokens == 99


def test_counts_that_tell_different_things_are_put_together():
    assert joined([UsageDelta(input_tokens=7), UsageDelta(output_tokens=2)]) == [UsageDelta(7, 2)]


def test_text_that_begins_afresh_stands_for_the_text_before_it():
    texts = ["abc", "xyz", "xyzw"]
    news = [
        Snapshot("abc", False, 0, FixedText(texts[0])),
        Snapshot("xyz", False, 0, FixedText(texts[1])),
        Snapshot("w", False, 3, FixedText(texts[2])),
    ]
    (one,) = joined(news)
    assert (one.delta, one.offset, one.text) == ("xyzw", 0, "xyzw")


def test_the_last_snapshot_stays_alone():
    source = FixedText("ab")
    news = [Snapshot("a", False, 0, source), Snapshot("b", False, 1, source), Snapshot("", True, 2, source)]
    told = joined([*news, COMPLETE])
    assert told == [Snapshot("ab", False, 0, source), Snapshot("", True, 2, source), COMPLETE]
    assert told[1].delta == ""


def test_pieces_of_different_calls_stay_apart():
    first, second = ToolCallDelta(0, "a", "f", "{"), ToolCallDelta(1, "b", "g", "[")
    more = [ToolCallDelta(1, arguments="1"), ToolCallDelta(1, arguments="]"), ToolCallDelta(0, arguments="}")]
    assert joined([first, second, *more]) == [first, ToolCallDelta(1, "b", "g", "[1]"), more[2]]
