"""Recorded streams of the provider, over the real way."""

from __future__ import annotations

import json

import pytest

from modelstream.errors import TruncatedStreamError
from modelstream.testing.server import Answer


@pytest.fixture
def way():
    """What is read is the same whoever sends: here the SDK as it is installed."""
    return "any"


@pytest.fixture(scope="session")
def recorded(recordings):
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = [
        ((recordings / one["file"]).read_bytes(), one["expect"])
        for one in index
        if one["provider"] == "dashscope" and (recordings / one["file"]).is_file()
    ]
    assert len(found) >= 30
    return found


def agrees(got, what):
    usage = what["usage"]
    assert got.error is None
    assert (got.text, got.reasoning) == (what["text"], what["reasoning"] or "")
    assert got.raw_finish_reason == what["finish"]
    assert (got.usage.input_tokens, got.usage.output_tokens) == (
        usage["input_tokens"],
        usage["output_tokens"],
    )
    called = [(call.name, json.loads(call.arguments)) for call in got.tool_calls]
    assert called == [(call["name"], json.loads(call["arguments"])) for call in what["tool_calls"]]


def shortest(recorded, most):
    """The shortest streams that have so many bytes together."""
    chosen = []
    for one in sorted(recorded, key=lambda one: len(one[0])):
        most -= len(one[0])
        if most > 0:
            chosen.append(one)
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
    for got, (_, what) in zip(read.each(model_of(), len(answers)), chosen, strict=True):
        agrees(got, what)
        assert got.snapshots[-1] == (True, what["text"])


def test_recordings_cut_after_every_event(recorded, server, model_of, read):
    for stream, what in sorted(recorded, key=lambda one: len(one[0]))[:6]:
        events = pieces_of(stream, "event")
        server.play(*(Answer(events[:count]) for count in range(len(events))))
        texts = []
        for got in read.each(model_of(), len(events)):
            assert isinstance(got.error, TruncatedStreamError)
            assert not any(snapshot.last for snapshot in got.snapshots)
            texts.append(got.error.partial_text)
        assert texts == sorted(texts, key=len)
        assert all(what["text"].startswith(text) for text in texts)


def test_a_recording_cut_at_every_byte(recorded, server, model_of):
    stream, what = min((one for one in recorded if one[1]["text"]), key=lambda one: len(one[0]))
    model = model_of()
    end = stream.rindex(b"}")
    for size in range(0, end, 3):
        server.play(Answer([stream[:size]]))
        response = model("hi", stream=True)
        with pytest.raises(TruncatedStreamError):
            response.text  # noqa: B018
        assert what["text"].startswith(response.partial_text)
