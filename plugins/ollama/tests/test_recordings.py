"""Recorded streams of real Ollama servers; `test_samples.py` is for those who do not have them."""

from __future__ import annotations

import json

import pytest

from modelstream.errors import TruncatedStreamError
from modelstream.testing.server import Answer


@pytest.fixture(scope="session")
def recorded(recordings):
    """The lines of each recording, and its known content."""
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = [
        ((recordings / one["file"]).read_bytes().splitlines(keepends=True), one["expect"])
        for one in index
        if one["provider"] == "ollama"
    ]
    assert len(found) >= 11
    return found


def test_recordings_have_their_known_content(recorded, server, model_of, read):
    server.play(*(Answer(lines) for lines, _ in recorded))
    for got, (_, expected) in zip(read.each(model_of(), len(recorded)), recorded, strict=True):
        assert got.error is None
        assert (got.text, got.reasoning) == (expected["text"], expected["reasoning"] or "")
        assert got.raw_finish_reason == expected["finish"]
        assert got.usage.input_tokens == expected["usage"]["prompt_eval_count"]
        assert got.usage.output_tokens == expected["usage"]["eval_count"]
        assert got.tool_calls == expected["tool_calls"] == []


def content(lines):
    """The text and the thinking of some lines, by another parser."""
    text = thinking = ""
    for document in map(json.loads, lines):
        for part in (document, document.get("message", {})):
            text += part.get("response", "") + part.get("content", "")
            thinking += part.get("thinking", "")
    return text, thinking


def test_recordings_cut_after_every_line(recorded, server, model_of, read):
    for lines, _ in recorded:
        counts = range(1, len(lines))
        server.play(*(Answer([b"".join(lines[:count])]) for count in counts))
        for count, got in zip(counts, read.each(model_of(), len(counts)), strict=True):
            assert type(got.error) is TruncatedStreamError
            assert (got.error.partial_text, got.reasoning) == content(lines[:count])
            assert not any(snapshot.last for snapshot in got.snapshots)
