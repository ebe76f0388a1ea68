"""Some models send increments, others the whole text each time; the answer does not state which."""

from __future__ import annotations

import json
from itertools import accumulate, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelstream.testing.server import Answer
from modelstream_dashscope.pieces import JsonPieces, Pieces


def join(pieces, tokens=None, kind=Pieces):
    """The whole text; `tokens` has the number of new tokens of each piece."""
    joiner = kind()
    last = len(pieces) - 1
    counts = tokens or [None] * len(pieces)
    added = [
        joiner.add(piece, count, last=index == last)
        for index, (piece, count) in enumerate(zip(pieces, counts, strict=True))
    ]
    return "".join([*added, joiner.end()])


@pytest.mark.parametrize(
    ("pieces", "tokens", "text"),
    [
        (["Hel", "lo"], None, "Hello"),
        (["ha", "ha", "ha", ""], [1, 1, 1, 0], "hahaha"),
        (["x"] * 9 + [""], [0] * 10, "x" * 9),
        (["1", "1 is prime", ""], [1, 3, 0], "11 is prime"),
        (["1", "1 is prime", ""], None, "11 is prime"),
        (["----", "--------", ""], None, "-" * 12),
        (["1", "+", "1 equals ", "2.", ""], [1, 1, 3, 2, 0], "1+1 equals 2."),
        (["no", ", no", "no, no way"], None, "no, nono, no way"),
        (["tick", "tick", "tick tock"], None, "tickticktick tock"),
        (["no", "no, no way", ", no"], None, "nono, no way, no"),
        (["abc", "abcabcabc", "abcabcabc", "abcabc"], [1, 3, 3, 2], "abc" * 9),
        (["abc", "abcabcabc", "abcabcabc", "abcabc", ""], [1, 3, 3, 2, 0], "abc" * 9),
        (["abc", "abcabcabc", "abcabcabc", "abcabc"], None, "abc" * 9),
        (["abc", "abcabc", "abcabcabc", ""], [3, 6, 9, 0], "abc" * 6),
        (["-", "--", "---", ""], [1, 2, 3, 0], "-" * 6),
        (["a", "ab", "abc", "d"], [1, 2, 3, 1], "aababcd"),
        (["Once", "Once"], [1, 1], "OnceOnce"),
        (["Yes, ", "Yes, it is", "Yes"], None, "Yes, Yes, it isYes"),
        # By their counts they are whole texts, until the last piece.
        (["-", "--", "---", "\n", ""], [1, 1, 1, 1, 0], "------\n"),
        ([" ", "  ", "    ", "return"], [1, 1, 1, 1], "       return"),
        (["ha", "haha", "hahahaha", "ha", ""], [1, 1, 2, 1, 0], "ha" * 8),
        (["ha", "haha", "hahahaha", "ha", "!"], [1, 1, 2, 1, 1], "ha" * 8 + "!"),
        (["=" * 8, "=" * 16, "=" * 24, "=" * 32, "\nEnd"], [1, 1, 1, 1, 2], "=" * 80 + "\nEnd"),
    ],
)
def test_increments(pieces, tokens, text):
    assert join(pieces, tokens) == text


@pytest.mark.parametrize(
    ("pieces", "tokens", "text"),
    [
        (["Hel", "Hello", "Hello, world"], None, "Hello, world"),
        (["Hel", "Hello"], None, "Hello"),
        (["1", "1 is", "1 is prime", "1 is prime."], None, "1 is prime."),
        (["1", "1 is", "1 is prime", "1 is prime"], None, "1 is prime"),
        (["I", "I am", "I am a model", "I am a model."], [1, 1, 2, 1], "I am a model."),
        (["I", "I am a", "I am a model", "I am a model."], [1, 2, 1, 1], "I am a model."),
        (["1", "1,", "1, ", "1, 2", "1, 2, 3, ", "1, 2, 3, 4."], [1, 1, 1, 1, 4, 3], "1, 2, 3, 4."),
        (["Once", "Once upon", "Once upon", "Once upon a"], [1, 1, 1, 1], "Once upon a"),
        (["Once", "Once"], [1, 0], "Once"),
        (["Once", "Once"], None, "Once"),
        (["-", "--", "---", "--- a", "--- a b"], None, "--- a b"),
        (["-", "--", "---", "----"], [1, 1, 1, 1], "----"),
        (["ab", "abab", "ababab"], [2, 2, 2], "ababab"),
        (["hm! 1\ufffd", "hm! 12", "hm! 123"], None, "hm! 1\ufffd23"),
        (["a b", "a b\ufffd", "a b\U0001f600c"], None, "a b\U0001f600c"),
        (["a", "a b", "a b c", "a b c \ufffd", "a b c \U0001f600"], None, "a b c \ufffd\U0001f600"),
    ],
)
def test_the_whole_text_each_time(pieces, tokens, text):
    assert join(pieces, tokens) == text


def test_what_both_readings_have_in_common_is_shown_at_once():
    pieces = Pieces()
    assert [pieces.add(piece) for piece in ("abc", "abcabcab", "d")] == ["abc", "abcab", "cabd"]


def test_whole_texts_with_few_tokens_do_not_wait():
    pieces = Pieces()
    assert [pieces.add(piece, 1) for piece in ("Low", "Low tide", "Low tide at")] == ["Low", " tide", " at"]


# Random texts, of one letter to three, so that they often repeat themselves

texts = st.text("abc", min_size=1, max_size=24) | st.builds(
    lambda unit, times: unit * times, st.text("ab ", min_size=1, max_size=3), st.integers(1, 9)
)


@st.composite
def cut_texts(draw):
    """A text in pieces, none of them empty."""
    text = draw(texts)
    cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=8))})
    return [text[start:end] for start, end in pairwise(cuts)]


def are_ambiguous(pieces):
    """Whether three pieces in a row begin with the one before, which without counts are whole texts."""
    grow = [after.startswith(before) for before, after in pairwise(pieces)]
    return grow[:2] == [True, True]


@given(cut_texts(), st.integers(1, 3))
def test_random_increments_with_counts(pieces, rate):
    counts = [len(piece) * rate for piece in pieces]
    assert join([*pieces, ""], [*counts, 0]) == "".join(pieces)
    assume(len(pieces) > 1)
    assert join(pieces, counts) == "".join(pieces)


@given(cut_texts(), st.integers(1, 3))
def test_random_whole_texts_with_counts(pieces, rate):
    wholes, counts = list(accumulate(pieces)), [len(piece) * rate for piece in pieces]
    assert join(wholes, counts) == wholes[-1]
    assert join([*wholes, wholes[-1]], [*counts, 0]) == wholes[-1]


@given(cut_texts())
def test_random_increments_without_counts(pieces):
    assume(not are_ambiguous(pieces))
    assert join([*pieces, ""]) == "".join(pieces)


@given(cut_texts())
def test_random_whole_texts_without_counts(pieces):
    wholes = list(accumulate(pieces))
    first, last = wholes[0], wholes[-1]
    assume(last != (first * len(last))[: len(last)])
    assert join(wholes) == last
    assert join([*wholes, last]) == last


@given(cut_texts(), st.lists(st.integers(1, 4), min_size=24, max_size=24))
def test_random_increments_with_uneven_counts(pieces, tokens):
    assume(len(pieces) < 2 or not pieces[1].startswith(pieces[0]))
    assert join([*pieces, ""], [*tokens[: len(pieces)], 0]) == "".join(pieces)


@given(cut_texts(), st.booleans())
def test_what_is_shown_is_never_more_than_the_text(pieces, whole):
    """A cut answer shows the beginning of the text, in either mode."""
    sent = list(accumulate(pieces)) if whole else pieces
    assume(whole or not are_ambiguous(pieces))
    joiner = Pieces()
    shown = "".join(joiner.add(piece) for piece in sent)
    assert "".join(pieces).startswith(shown)


# Arguments


@pytest.mark.parametrize(
    "pieces",
    [
        ['{"x"', ": 1, ", '"y": {}}'],
        ['{"x"', '{"x": 1, "y"', '{"x": 1, "y": {}}', '{"x": 1, "y": {}}'],
        ['{"x": ', '{"x": 1, "y": {}}'],
        ['{"x": 1', '{"x": 1, "y": {}}'],
        ['{"x": ', '{"x": 1', '{"x": 1, "y": {}}', '{"x": 1, "y": {}}'],
        ["{", '{"x": 1, ', '{"x": 1, "y": {}}'],
        ["", '{"x": 1, ', "", '"y": {}}', ""],
        ['{"x": 1, "y": {}}', ""],
        ['{"x": 1, "y": {}}', '{"x": 1, "y": {}}'],
    ],
)
def test_arguments(pieces):
    assert join(pieces, kind=JsonPieces) == '{"x": 1, "y": {}}'


@pytest.mark.parametrize(
    "pieces",
    [
        ['{"query": ', '{"query": "x"}', "}"],
        ['{"query": ', '{"query": "x"', "}}"],
        ['{"query": ', '{"query": "x"}', "", "}", ""],
        ['{"query": ', '{"query": "x"}}'],
        ['{"query": {"query": "', 'x"}', "}"],
    ],
)
def test_arguments_in_arguments(pieces):
    assert join(pieces, kind=JsonPieces) == '{"query": {"query": "x"}}'


def test_repeated_arguments():
    assert join(["{}", "{}"], kind=JsonPieces) == "{}"


documents = st.dictionaries(
    st.text('ab":{', max_size=3),
    st.recursive(
        st.integers() | st.text('ab":{}', max_size=6) | st.none(),
        lambda inner: (
            st.dictionaries(st.text("ab", max_size=2), inner, max_size=2) | st.lists(inner, max_size=2)
        ),
        max_leaves=4,
    ),
    max_size=3,
)


@given(documents, st.data(), st.booleans())
def test_random_arguments(document, data, whole):
    text = json.dumps(document)
    cuts = sorted({0, len(text), *data.draw(st.lists(st.integers(0, len(text)), max_size=6))})
    pieces = [text[start:end] for start, end in pairwise(cuts)]
    assert join(list(accumulate(pieces)) if whole else pieces, kind=JsonPieces) == text


# Through the wrapper


def test_reasoning_text_and_arguments_sent_whole_each_time(server, model_of, read, wire):
    def frame(reasoning, text, arguments, finish="null"):
        call = {"index": 0, "id": "call_a", "function": {"name": "f", "arguments": arguments}}
        message = {"content": text, "reasoning_content": reasoning, "tool_calls": [call] if arguments else []}
        return wire.event(wire.output(message, finish))

    server.play(
        Answer(
            [
                frame("So: ", "", ""),
                frame("So: yes", "I'll ", ""),
                frame("So: yes", "I'll look", '{"x"'),
                frame("So: yes", "I'll look", '{"x": 1}'),
                frame("So: yes", "I'll look", '{"x": 1}', "tool_calls"),
            ]
        )
    )
    got = read(model_of())
    assert got.snapshots == [(False, "I'll "), (False, "I'll look"), (True, "I'll look")]
    assert got.reasoning == "So: yes"
    assert [(call.name, call.arguments) for call in got.tool_calls] == [("f", '{"x": 1}')]


@pytest.mark.parametrize("counts", [None, (1, 2, 3, 4)])
def test_reasoning_repeated_beside_text(server, model_of, read, wire, counts):
    """In increments, reasoning would not be sent again with the text."""
    texts = ["", "H", "Hello", "Hello!"]
    frames = []
    for at, text in enumerate(texts):
        message = {"content": text, "reasoning_content": "Think"}
        frame = wire.output(message, "stop" if at == 3 else "null")
        frames.append(
            wire.event(frame if counts is None else {**frame, "usage": {"output_tokens": counts[at]}})
        )
    server.play(Answer(frames))
    got = read(model_of())
    assert (got.error, got.text, got.reasoning) == (None, "Hello!", "Think")


def test_the_text_form(server, model_of, read, wire):
    def frame(text, finish="null"):
        return wire.event({"output": {"text": text, "finish_reason": finish}})

    server.play(Answer([frame("Hel"), frame("Hello"), frame("Hello", "stop")]))
    assert read(model_of()).snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
