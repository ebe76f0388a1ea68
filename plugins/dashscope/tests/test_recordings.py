"""Recorded streams of the provider, over a real connection."""

from __future__ import annotations

import json

import pytest

from modelstream.errors import TruncatedStreamError
from modelstream.testing.server import Answer


@pytest.fixture
def way():
    """Any: the bytes are read in the same way by all senders. The installed SDK sends."""
    return "any"


@pytest.fixture(scope="session")
def recorded(recordings):
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = [
        ((recordings / entry["file"]).read_bytes(), entry["expect"])
        for entry in index
        if entry["provider"] == "dashscope" and (recordings / entry["file"]).is_file()
    ]
    assert len(found) >= 30
    return found


def assert_as_expected(got, expected):
    usage = expected["usage"]
    assert got.error is None
    assert (got.text, got.reasoning) == (expected["text"], expected["reasoning"] or "")
    assert got.raw_finish_reason == expected["finish"]
    assert (got.usage.input_tokens, got.usage.output_tokens) == (
        usage["input_tokens"],
        usage["output_tokens"],
    )
    calls = [(call.name, json.loads(call.arguments)) for call in got.tool_calls]
    assert calls == [(call["name"], json.loads(call["arguments"])) for call in expected["tool_calls"]]


def shortest(recorded, size):
    """The shortest streams with at most `size` bytes in total."""
    chosen = []
    for entry in sorted(recorded, key=lambda entry: len(entry[0])):
        size -= len(entry[0])
        if size > 0:
            chosen.append(entry)
    assert chosen
    return chosen


def pieces_of(stream, size):
    if size == "event":
        return [part + b"\n\n" for part in stream.rstrip().split(b"\n\n")]
    return [stream[at : at + size] for at in range(0, len(stream), size)]


@pytest.mark.parametrize("size", [None, "event", 1, 3, 7])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_recordings_in_pieces(*, recorded, server, model_of, read, size, line_end):
    chosen = shortest(recorded, 3000 * size) if isinstance(size, int) else recorded
    answers = [
        Answer([piece.replace(b"\n", line_end) for piece in pieces_of(stream, size or len(stream))])
        for stream, _ in chosen
    ]
    server.play(*answers)
    for got, (_, expected) in zip(read.each(model_of(), len(answers)), chosen, strict=True):
        assert_as_expected(got, expected)
        assert got.snapshots[-1] == (True, expected["text"])


def test_recordings_cut_after_every_event(recorded, server, model_of, read):
    for stream, expected in sorted(recorded, key=lambda entry: len(entry[0]))[:6]:
        events = pieces_of(stream, "event")
        server.play(*(Answer(events[:count]) for count in range(len(events))))
        texts = []
        for got in read.each(model_of(), len(events)):
            assert isinstance(got.error, TruncatedStreamError)
            assert not any(snapshot.last for snapshot in got.snapshots)
            texts.append(got.error.partial_text)
        assert texts == sorted(texts, key=len)
        assert all(expected["text"].startswith(text) for text in texts)


def test_a_recording_cut_at_every_byte(recorded, server, model_of):
    stream, expected = min((entry for entry in recorded if entry[1]["text"]), key=lambda entry: len(entry[0]))
    model = model_of()
    end = stream.rindex(b"}")
    for size in range(0, end, 3):
        server.play(Answer([stream[:size]]))
        response = model("hi", stream=True)
        with pytest.raises(TruncatedStreamError):
            response.text  # noqa: B018
        assert expected["text"].startswith(response.partial_text)
