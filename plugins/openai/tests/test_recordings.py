"""Recorded streams of real providers, over a real socket and through the real SDK.

The core's tests cut all of them at every place, in memory; these tests add the transport.
"""

from __future__ import annotations

import json

import pytest

from modelstream.errors import BadRequestError, TruncatedStreamError
from modelstream.testing.server import Answer, End

PROVIDERS = {
    "openai",
    "azure_openai",
    "deepseek",
    "groq",
    "openrouter",
    "mistral",
    "dashscope_compatible",
    "ollama_openai_compat",
}
# Recordings of OpenAI's Responses API, which has other frames.
RESPONSES_API = {
    "azure_openai/vercel__azure-web-search-preview-tool.1__0.sse",
    "azure_openai/vercel__openai-file-search-tool.1__0.sse",
}
# A gateway sent [DONE] without a finish_reason, which must not count as an end.
WITHOUT_FINISH = "openai/llm__test_tools_streaming_variant_a__0.sse"
# Groq rejected its own tool call with an error frame.
WITH_ERROR = "groq/pyd__test_tool_use_failed_error_streaming__0.sse"
SHORT = 8_000
TINY = {"1 byte", "7 bytes"}


@pytest.fixture(scope="session")
def recorded(recordings):
    """All recordings of OpenAI-compatible servers: the bytes and the expected content."""
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = {
        entry["file"]: ((recordings / entry["file"]).read_bytes(), entry["expect"])
        for entry in index
        if entry["provider"] in PROVIDERS and entry["file"] not in RESPONSES_API
    }
    assert len(found) > 55
    return found


def in_pieces(stream, size):
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def by_event(stream):
    return [event + b"\n\n" for event in stream.split(b"\n\n")]


SPLITS = {
    "whole": lambda stream: [stream],
    "by event": by_event,
    "1 byte": lambda stream: in_pieces(stream, 1),
    "7 bytes": lambda stream: in_pieces(stream, 7),
    "CRLF by 1000 bytes": lambda stream: in_pieces(stream.replace(b"\n", b"\r\n"), 1000),
}


@pytest.mark.parametrize("split", SPLITS)
def test_recordings_are_read_as_expected(recorded, server, model, read, split):
    for file, (stream, expected) in recorded.items():
        if file in (WITH_ERROR, WITHOUT_FINISH) or (split in TINY and len(stream) > SHORT):
            continue
        server.play(Answer(SPLITS[split](stream)))
        got = read(model)
        calls = [(call["name"], call["arguments"]) for call in expected["tool_calls"] or ()]
        assert (file, got.error) == (file, None)
        assert (file, got.text) == (file, expected["text"] or "")
        assert (file, got.reasoning) == (file, expected["reasoning"] or "")
        found = [(call.name, call.arguments) for call in got.tool_calls]
        assert (file, found, got.raw_finish_reason) == (file, calls, expected["finish"])
        assert (file, bool(got.usage)) == (file, bool(expected["usage"]))
        if expected["usage"]:
            assert got.usage.input_tokens == expected["usage"]["prompt_tokens"]
            assert got.usage.output_tokens == expected["usage"]["completion_tokens"]


def test_done_without_a_finish_reason_is_a_cut(recorded, server, model, read):
    server.play(Answer(by_event(recorded[WITHOUT_FINISH][0])))
    got = read(model)
    assert isinstance(got.error, TruncatedStreamError)
    assert got.calls == [("llm_version", {})]


def test_an_error_in_the_stream(recorded, server, model, read):
    stream, expected = recorded[WITH_ERROR]
    server.play(Answer(by_event(stream)))
    got = read(model)
    assert type(got.error) is BadRequestError
    assert expected["error"]["message"] in str(got.error)


@pytest.mark.parametrize("end", [End.VALID, End.CUT])
def test_recordings_cut_before_the_finish(recorded, server, model, read, end):
    for file, (stream, _) in recorded.items():
        events = by_event(stream)
        finish = next(
            (at for at, entry in enumerate(events) if b'"finish_reason":"' in entry.replace(b" ", b"")), 0
        )
        if not finish:
            continue
        server.play(Answer([b"".join(events[: finish // 2])], end=end))
        got = read(model)
        assert (file, got.error is not None) == (file, True)
        assert got.error.partial_text == got.text
        assert not any(snapshot.last for snapshot in got.snapshots)
