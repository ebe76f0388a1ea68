"""Streams that real providers sent, in the shape of OpenAI's: cut in every way, and broken off."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream.deltas import Finish
from modelstream.errors import BadRequestError, TruncatedStreamError
from modelstream.wire import OpenAIFrames, SseFramer

PROVIDERS = {
    "openai",
    "azure_openai",
    "deepseek",
    "groq",
    "openrouter",
    "mistral",
    "dashscope_compatible",
    "ollama_openai_compat",
    "zhipuai",
}
# Of OpenAI's other API, which has other frames: no chat completions.
RESPONSES_API = {
    "azure_openai/vercel__azure-web-search-preview-tool.1__0.sse",
    "azure_openai/vercel__openai-file-search-tool.1__0.sse",
}
# The gateway sent [DONE] and no finish_reason: exactly what must not count as an end.
WITHOUT_FINISH = "openai/llm__test_tools_streaming_variant_a__0.sse"
# Groq found its own tool call invalid and reported that in the stream.
WITH_ERROR = "groq/pyd__test_tool_use_failed_error_streaming__0.sse"
ODD = {WITHOUT_FINISH, WITH_ERROR}


@pytest.fixture(scope="session")
def recorded(recordings):
    """Every recording in the shape of OpenAI's, with the expected content."""
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = {
        one["file"]: ((recordings / one["file"]).read_bytes(), one["expect"])
        for one in index
        if one["provider"] in PROVIDERS and one["file"] not in RESPONSES_API
    }
    assert len(found) > 60
    return found


def usage_of(expected):
    """The counts as `Usage` has them."""
    if not expected:
        return None
    inputs = expected.get("prompt_tokens_details") or {}
    outputs = expected.get("completion_tokens_details") or {}
    return (
        expected["prompt_tokens"],
        expected["completion_tokens"],
        outputs.get("reasoning_tokens"),
        inputs.get("cached_tokens"),
    )


def content(got):
    usage = got.usage and (
        got.usage.input_tokens,
        got.usage.output_tokens,
        got.usage.reasoning_tokens,
        got.usage.cached_tokens,
    )
    return (got.text, got.reasoning, got.tool_calls, got.raw_finish_reason, usage)


def expected(what):
    calls = [(call["name"], call["arguments"]) for call in what["tool_calls"] or ()]
    return (what["text"] or "", what["reasoning"] or "", calls, what["finish"], usage_of(what["usage"]))


def in_pieces(stream, size):
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def by_event(stream):
    return [event + b"\n\n" for event in stream.split(b"\n\n")]


SPLITS = {
    "whole": lambda stream: [stream],
    "by event": by_event,
    "1 byte": lambda stream: in_pieces(stream, 1),
    "3 bytes": lambda stream: in_pieces(stream, 3),
    "7 bytes": lambda stream: in_pieces(stream, 7),
    "CRLF whole": lambda stream: [stream.replace(b"\n", b"\r\n")],
    "CRLF 7 bytes": lambda stream: in_pieces(stream.replace(b"\n", b"\r\n"), 7),
    "CR 7 bytes": lambda stream: in_pieces(stream.replace(b"\n", b"\r"), 7),
}


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_gives_the_same_answer(recorded, reading, in_memory, pieces, split):
    for file, (stream, what) in recorded.items():
        if file in ODD:
            continue
        got = reading(in_memory(pieces(SPLITS[split](stream))))
        assert (file, got.error) == (file, None)
        assert (file, *content(got)) == (file, *expected(what))
        assert (file, got.snapshots[-1]) == (file, (True, got.text))
        assert (file, "".join(one.delta for one in got.snapshots)) == (file, got.text)


@pytest.mark.parametrize("split", SPLITS)
def test_done_without_a_finish_reason_is_not_an_end(recorded, reading, in_memory, pieces, split):
    stream, what = recorded[WITHOUT_FINISH]
    got = reading(in_memory(pieces(SPLITS[split](stream))))
    assert isinstance(got.error, TruncatedStreamError)
    # The gateway sent the name with both pieces of the call; the index just joined them.
    assert what["tool_calls"] == [{"name": "llm_versionllm_version", "arguments": "{}"}]
    assert (got.tool_calls, got.snapshots) == ([("llm_version", "{}")], [])
    assert got.error.usage.output_tokens == what["usage"]["completion_tokens"]


@pytest.mark.parametrize("split", SPLITS)
def test_an_error_in_the_stream(recorded, reading, in_memory, pieces, split):
    stream, what = recorded[WITH_ERROR]
    got = reading(in_memory(pieces(SPLITS[split](stream))))
    assert type(got.error) is BadRequestError
    assert (got.error.status, got.error.code) == (400, "tool_use_failed")
    assert what["error"]["message"] in str(got.error)
    assert got.reasoning == what["reasoning"]


def plainly(stream):
    """For each event the text of the first choice and whether it ends it, read without our code."""
    found = []
    for event in stream.split(b"\n\n"):
        data = b"".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:"))
        frame = json.loads(data) if data.startswith(b"{") else {}
        firsts = [choice for choice in frame.get("choices") or () if choice["index"] == 0]
        text = "".join(choice.get("delta", {}).get("content") or "" for choice in firsts)
        found.append((text, any(choice.get("finish_reason") for choice in firsts)))
    return found


def test_each_event_yields_its_text_at_once_and_only_the_finish_ends(recorded):
    for file, (stream, _) in recorded.items():
        if file == WITH_ERROR:
            continue
        framer, reader = SseFramer(), OpenAIFrames()
        for event, (text, ends) in zip(by_event(stream), plainly(stream), strict=True):
            output = []
            for frame in framer.feed(event):
                reader.read(frame, output)
            assert (file, "".join(one for one in output if isinstance(one, str))) == (file, text)
            assert (file, any(isinstance(one, Finish) for one in output)) == (file, ends)


@given(data=st.data())
def test_broken_off_anywhere_is_an_error_with_the_exact_text(recorded, reading, in_memory, pieces, data):
    file = data.draw(st.sampled_from(sorted(set(recorded) - {WITH_ERROR})))
    stream, _ = recorded[file]
    events = stream.split(b"\n\n")
    if data.draw(st.booleans(), label="between events"):
        at = len(b"\n\n".join(events[: data.draw(st.integers(0, len(events)))])) + 2
    else:
        at = data.draw(st.integers(0, len(stream)))
    cut = stream[:at]
    last = cut.rsplit(b"\n\n", 1)[-1]
    try:
        json.loads(last.removeprefix(b"data:"))
        whole = cut
    except ValueError:
        whole = cut.removesuffix(last)
    events = plainly(whole)
    text = "".join(text for text, _ in events)
    size = data.draw(st.sampled_from([5, 1000, 10**9]))
    got = reading(in_memory(pieces(in_pieces(cut, size))))
    if any(ends for _, ends in events):
        assert got.error is None
        assert got.snapshots[-1] == (True, text)
    else:
        assert isinstance(got.error, TruncatedStreamError)
        assert got.error.partial_text == text
        assert not any(snapshot.last for snapshot in got.snapshots)
