"""`PairReader`: pairs from any source become snapshots that continue each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recording_sink import FINISH, answer, state_after

from modelstream import Snapshot, TruncatedStreamError
from modelstream.showing.pairs import PairReader
from modelstream.snapshot import FixedText, whole

texts = st.text("ab", max_size=3)


@given(
    st.lists(st.one_of(texts, texts.map(FixedText), st.just("+"), st.just("+")), max_size=12), st.booleans()
)
def test_snapshots_lead_to_the_latest_text(items, finished):
    pairs, read, text = PairReader(), [], ""
    for item in items:
        text = text + "x" if item == "+" else str(item)
        # Some come as snapshots from another response.
        read += pairs.take(whole(text, last=False) if isinstance(item, FixedText) else (False, text))
        if text:
            assert state_after(read)[0] == pairs.text == text
    if finished:
        read += pairs.take((True, text))
        assert pairs.take((False, text + "more")) == pairs.take((True, "")) == []
    assert pairs.finished is finished
    assert pairs.text == text
    assert [one.last for one in read].count(True) == finished
    assert all(one.delta for one in read if not one.last)


def test_an_old_snapshot_keeps_its_text():
    pairs = PairReader()
    snapshots = [one for text in ("a", "ab", "xyz", "xyzw") for one in pairs.take((False, text))]
    assert [one.text for one in snapshots] == ["a", "ab", "xyz", "xyzw"]
    assert [(one.delta, one.offset) for one in snapshots] == [("a", 0), ("b", 1), ("xyz", 0), ("w", 3)]


def test_snapshots_pass_unchanged():
    snapshots = list(answer("Hel", "lo", FINISH).stream)
    pairs = PairReader()
    assert [pairs.take(one)[0] is one for one in snapshots] == [True, True, True]
    assert pairs.text == "Hello"
    assert pairs.finished


def test_snapshots_from_the_middle_on():
    snapshots = list(answer("Hel", "lo", FINISH).stream)
    pairs = PairReader()
    read = [one for snapshot in snapshots[1:] for one in pairs.take(snapshot)]
    assert [(one.delta, one.offset, one.last) for one in read] == [("Hello", 0, False), ("", 5, True)]


def test_two_answers_in_one_stream_are_two_texts():
    first, second = answer("abc", FINISH), answer("xy", "z", FINISH)
    pairs = PairReader()
    read = [one for snapshot in [next(first.stream), *second.stream] for one in pairs.take(snapshot)]
    assert state_after(read)[0] == "xyz"


def test_a_snapshot_of_another_text_that_only_seems_to_continue():
    pairs = PairReader()
    pairs.take(Snapshot("ab", False, 0, FixedText("ab")))
    (one,) = pairs.take(Snapshot("cd", False, 2, FixedText("xycd")))
    assert (one.delta, one.offset, pairs.text) == ("xycd", 0, "xycd")


def test_one_last_pair_alone_is_text_and_end():
    read = PairReader().take((True, "Hello"))
    assert [(one.delta, one.last, one.offset) for one in read] == [("Hello", False, 0), ("", True, 5)]
    (only,) = PairReader().take((True, ""))
    assert (only.delta, only.last, only.text) == ("", True, "")


def test_a_snapshot_that_is_text_and_end_at_once():
    read = PairReader().take(Snapshot("Hello", True, 0, FixedText("Hello")))
    assert [(one.delta, one.last) for one in read] == [("Hello", False), ("", True)]


def test_an_end_that_removes_text():
    pairs = PairReader()
    read = [*pairs.take((False, "abc")), *pairs.take((True, ""))]
    assert read[-1] == (True, "")


def test_the_error_has_the_text_so_far():
    pairs = PairReader()
    pairs.take((False, "Hel"))
    error = pairs.truncated()
    assert isinstance(error, TruncatedStreamError)
    assert (error.partial_text, error.first_delta_seen, error.usage) == ("Hel", True, None)


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        ("Hel", "yielded the str 'Hel' alone"),
        ("ab", "yielded the str 'ab' alone"),
        (None, "yielded None"),
        ((False,), r"yielded \(False,\)"),
        ((False, "a", "b"), r"yielded \(False, 'a', 'b'\)"),
        ((False, None), "with a text of type NoneType"),
        ((False, b"a"), "with a text of type bytes"),
    ],
)
def test_an_invalid_pair(item, complaint):
    with pytest.raises(TypeError, match=complaint):
        PairReader().take(item)


def test_a_list_is_a_pair_too():
    assert PairReader().take([False, "a"]) == [(False, "a")]
