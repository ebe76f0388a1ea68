"""Recorded streams of the provider; `test_samples.py` is for those who do not have them."""

from __future__ import annotations

import json

import pytest

from modelstream.errors import TruncatedStreamError
from modelstream.testing.server import Answer


@pytest.fixture(scope="session")
def recorded(recordings):
    """The events of each recording, and its known content."""
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = [
        ((recordings / one["file"]).read_bytes().rstrip().split(b"\n\n"), one["expect"])
        for one in index
        if one["provider"] == "zhipuai"
    ]
    assert len(found) >= 7
    return [([event + b"\n\n" for event in events], expected) for events, expected in found]


def test_recordings_have_their_known_content(recorded, server, model_of, read):
    server.play(*(Answer(events) for events, _ in recorded))
    for got, (_, expected) in zip(read.each(model_of(), len(recorded)), recorded, strict=True):
        assert got.error is None
        assert (got.text, got.reasoning) == (expected["text"], expected["reasoning"] or "")
        assert got.raw_finish_reason == expected["finish"]
        assert got.usage.input_tokens == expected["usage"]["prompt_tokens"]
        assert got.usage.output_tokens == expected["usage"]["completion_tokens"]
        assert got.tool_calls == expected["tool_calls"] == []


def content(events):
    """The text and the reasoning of some events, by another parser."""
    choices = [choice for event in events for choice in json.loads(event.removeprefix(b"data: "))["choices"]]
    return tuple(
        "".join(choice["delta"].get(field) or "" for choice in choices)
        for field in ("content", "reasoning_content")
    )


def test_recordings_cut_after_every_event(recorded, server, model_of, read):
    for events, _ in recorded:
        finish = next(at for at, event in enumerate(events) if b'"finish_reason":"' in event)
        counts = range(1, finish + 1)
        server.play(*(Answer([b"".join(events[:count])]) for count in counts))
        for count, got in zip(counts, read.each(model_of(), len(counts)), strict=True):
            assert type(got.error) is TruncatedStreamError
            assert (got.error.partial_text, got.reasoning) == content(events[:count])
            assert not any(snapshot.last for snapshot in got.snapshots)
