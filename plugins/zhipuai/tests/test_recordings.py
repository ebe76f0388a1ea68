"""Recorded streams of the provider, over the real way."""

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
        if one["provider"] == "zhipuai"
    ]
    assert len(found) >= 7
    return found


def agrees(got, what):
    assert got.error is None
    assert (got.text, got.reasoning) == (what["text"], what["reasoning"] or "")
    assert got.raw_finish_reason == what["finish"]
    assert got.usage.input_tokens == what["usage"]["prompt_tokens"]
    assert got.usage.output_tokens == what["usage"]["completion_tokens"]
    assert got.tool_calls == what["tool_calls"] == []
    assert got.snapshots[-1] == (True, what["text"])
    assert not any(snapshot.last for snapshot in got.snapshots[:-1])


def pieces_of(stream, size):
    if size == "event":
        return [part + b"\n\n" for part in stream.rstrip().split(b"\n\n")]
    return [stream[at : at + size] for at in range(0, len(stream), size)]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("size", [None, "event", 1, 3, 7])
def test_recordings_in_pieces(*, recorded, server, model_of, read, size, line_end):
    answers = []
    for stream, _ in recorded:
        pieces = pieces_of(stream, "event") if size == "event" else [stream]
        pieces = [piece.replace(b"\n", line_end) for piece in pieces]
        answers.append(Answer(pieces_of(pieces[0], size) if isinstance(size, int) else pieces))
    server.play(*answers)
    told = read.each(model_of(), len(recorded))
    for got, (_, what) in zip(told, recorded, strict=True):
        agrees(got, what)


def said_in(events):
    """The text and the thinking of some events, read by another parser than ours."""
    choices = [choice for event in events for choice in json.loads(event.removeprefix(b"data: "))["choices"]]
    return tuple(
        "".join(choice["delta"].get(field) or "" for choice in choices)
        for field in ("content", "reasoning_content")
    )


def finish_of(events):
    """The number of the event that has the end marker."""
    return next(at for at, event in enumerate(events) if b'"finish_reason":"' in event)


def cut(got, events):
    """The answer was cut behind these events, and everything in them is told."""
    assert type(got.error) is TruncatedStreamError
    assert (got.error.partial_text, got.reasoning) == said_in(events)
    assert not any(snapshot.last for snapshot in got.snapshots)
    assert not got.snapshots or got.snapshots[-1].text == got.text


def test_recordings_cut_after_every_event(recorded, server, model_of, read):
    for stream, _ in recorded:
        events = pieces_of(stream, "event")
        counts = range(finish_of(events) + 1)
        server.play(*(Answer([b"".join(events[:count])]) for count in counts))
        for count, got in zip(counts, read.each(model_of(), len(counts)), strict=True):
            cut(got, events[:count])


def test_recordings_cut_behind_the_finish_are_complete(recorded, server, model_of, read):
    answers = []
    for stream, _ in recorded:
        events = pieces_of(stream, "event")
        answers.append(Answer(events[: finish_of(events) + 1]))
    server.play(*answers)
    for got, (_, what) in zip(read.each(model_of(), len(answers)), recorded, strict=True):
        assert (got.error, got.snapshots[-1]) == (None, (True, what["text"]))


def test_a_recording_cut_at_every_byte(recorded, server, model_of, read):
    stream, _ = min(recorded, key=lambda one: len(one[0]))
    events = pieces_of(stream, "event")
    # An event is whole without the two line ends behind it.
    ends = [len(b"".join(events[: at + 1])) - 2 for at in range(len(events))]
    sizes = range(ends[finish_of(events)])
    server.play(*(Answer([stream[:size]]) for size in sizes))
    for size, got in zip(sizes, read.each(model_of(), len(sizes)), strict=True):
        cut(got, [event for event, end in zip(events, ends, strict=True) if end <= size])
