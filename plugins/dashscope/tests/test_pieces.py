"""Some models send increments, others the whole text each time; the answer does not state which."""

from __future__ import annotations

import pytest

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
        if piece
    ]
    return "".join(added)


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
    ],
)
def test_increments(pieces, tokens, text):
    assert join(pieces, tokens) == text


@pytest.mark.parametrize(
    ("pieces", "tokens", "text"),
    [
        (["Hel", "Hello", "Hello, world"], None, "Hello, world"),
        (["1", "1,", "1, ", "1, 2", "1, 2, 3, ", "1, 2, 3, 4."], [1, 1, 1, 1, 4, 3], "1, 2, 3, 4."),
        (["Once", "Once upon", "Once upon", "Once upon a"], [1, 1, 1, 1], "Once upon a"),
        (["Once", "Once"], [1, 1], "Once"),
        (["Yes, ", "Yes, it is", "Yes"], None, "Yes, it is"),
        (["hm! 1\ufffd", "hm! 1\ufffd", "hm! 1\ufffd2"], None, "hm! 1\ufffdhm! 1\ufffdhm! 1\ufffd2"),
        (["a b", "a b\ufffd", "a b\U0001f600c"], None, "a b\ufffd\U0001f600c"),
    ],
)
def test_the_whole_text_each_time(pieces, tokens, text):
    assert join(pieces, tokens) == text


@pytest.mark.parametrize(
    "pieces",
    [['{"x"', ": 1, ", '"y": {}}'], ['{"x"', '{"x": 1, "y"', '{"x": 1, "y": {}}', '{"x": 1, "y": {}}']],
)
def test_arguments(pieces):
    assert join(pieces, kind=JsonPieces) == '{"x": 1, "y": {}}'


def test_repeated_arguments():
    assert join(["{}", "{}"], kind=JsonPieces) == "{}"


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


def test_the_text_form(server, model_of, read, wire):
    def frame(text, finish="null"):
        return wire.event({"output": {"text": text, "finish_reason": finish}})

    server.play(Answer([frame("Hel"), frame("Hello"), frame("Hello", "stop")]))
    assert read(model_of()).snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
