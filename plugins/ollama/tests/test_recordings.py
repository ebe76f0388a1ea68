"""Recorded streams of real Ollama servers, over the real way."""

from __future__ import annotations

import json

import pytest

from modelstream.errors import TruncatedStreamError
from modelstream.testing.server import Answer


@pytest.fixture(scope="session")
def recorded(recordings):
    """Each recording, and what it is known to say."""
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = [
        ((recordings / one["file"]).read_bytes(), one["expect"])
        for one in index
        if one["provider"] == "ollama"
    ]
    assert len(found) >= 11
    return found


def agrees(got, what):
    assert got.error is None
    assert (got.text, got.reasoning) == (what["text"], what["reasoning"] or "")
    assert got.raw_finish_reason == what["finish"]
    assert got.usage.input_tokens == what["usage"]["prompt_eval_count"]
    assert got.usage.output_tokens == what["usage"]["eval_count"]
    assert got.tool_calls == what["tool_calls"] == []
    assert got.snapshots[-1] == (True, what["text"])
    assert not any(snapshot.last for snapshot in got.snapshots[:-1])


def pieces_of(stream, size):
    if size == "line":
        return stream.splitlines(keepends=True)
    return [stream[at : at + size] for at in range(0, len(stream), size)]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("size", [None, "line", 1, 3, 7])
def test_recordings_in_pieces(*, recorded, server, model_of, read, size, line_end):
    streams = [stream.replace(b"\n", line_end) for stream, _ in recorded]
    server.play(*(Answer(pieces_of(stream, size or len(stream))) for stream in streams))
    answers = read.each(model_of(), len(recorded))
    for got, (_, what) in zip(answers, recorded, strict=True):
        agrees(got, what)


def said_in(lines):
    """The text and the thinking of some lines, read by another parser than ours."""
    said = [json.loads(line) for line in lines]
    messages = [one.get("message", {}) for one in said]
    text = "".join(
        one.get("response", "") + message.get("content", "")
        for one, message in zip(said, messages, strict=True)
    )
    thinking = "".join(
        one.get("thinking", "") + message.get("thinking", "")
        for one, message in zip(said, messages, strict=True)
    )
    return text, thinking


def cut(got, lines):
    """The answer was cut behind these lines, and everything in them is told."""
    text, thinking = said_in(lines)
    assert type(got.error) is TruncatedStreamError
    assert (got.error.partial_text, got.reasoning) == (text, thinking)
    assert not any(snapshot.last for snapshot in got.snapshots)
    assert not got.snapshots or got.snapshots[-1].text == text


def test_recordings_cut_after_every_line(recorded, server, model_of, read):
    for stream, _ in recorded:
        lines = stream.splitlines(keepends=True)
        server.play(*(Answer([b"".join(lines[:count])]) for count in range(1, len(lines))))
        answers = read.each(model_of(), len(lines) - 1)
        for count, got in enumerate(answers, 1):
            cut(got, lines[:count])


def test_a_recording_cut_at_every_byte(recorded, server, model_of, read):
    stream, _ = min(recorded, key=lambda one: len(one[0]))
    lines = stream.splitlines(keepends=True)
    # Without its line end, and without the brace that closes it, the last line is half a line.
    sizes = range(len(lines[0]), len(stream.rstrip()) - 1)
    server.play(*(Answer([stream[:size]]) for size in sizes))
    for size, got in zip(sizes, read.each(model_of(), len(sizes)), strict=True):
        whole = [line for at, line in enumerate(lines) if len(b"".join(lines[: at + 1])) <= size + 1]
        cut(got, whole)
