"""Recorded streams of real providers through LiteLLM, which uses the openai SDK or its own code."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest

from modelstream.errors import StreamError, TruncatedStreamError
from modelstream.testing.server import Answer, End
from modelstream_litellm import LiteLLMChat

# Each call costs LiteLLM 10 ms and more, and there are hundreds.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]

COMPATIBLE = {
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
# Recordings of OpenAI's Responses API, which has other frames.
RESPONSES_API = ("vercel__azure-web-search", "vercel__openai-file-search")
# [DONE] without a finish_reason, and an error in the stream.
WITHOUT_END = ("llm__test_tools_streaming_variant_a", "pyd__test_tool_use_failed_error_streaming__0")
SHORT = 3_000


def in_pieces(stream, size):
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def by_event(stream):
    """The frames of the stream: lines of JSON, or events."""
    end = b"\n" if stream.startswith(b"{") else b"\r\n\r\n" if b"\r\n\r\n" in stream else b"\n\n"
    return [event + end for event in stream.split(end) if event.strip()]


SPLITS = {
    "whole": lambda stream: [stream],
    "by event": by_event,
    "1 byte": lambda stream: in_pieces(stream, 1),
    "3 bytes": lambda stream: in_pieces(stream, 3),
    "7 bytes": lambda stream: in_pieces(stream, 7),
    "CRLF": lambda stream: in_pieces(stream.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), 1000),
}


def read_sync(model):
    response = model("hi", stream=True)
    with suppress(StreamError):
        assert response.text == response.partial_text
    return response


def read_async(model):
    async def read_answer():
        response = await model.acall("hi", stream=True)
        with suppress(StreamError):
            assert await response.get_text() == response.partial_text
        return response

    return asyncio.run(read_answer())


@pytest.fixture(params=[read_sync, read_async], ids=["sync", "async"])
def read_answer(request):
    return request.param


@pytest.fixture(scope="session")
def recorded(recordings):
    """The recordings of some providers: the bytes and the expected content."""

    def recorded(*providers, select=lambda stream: True):
        found = {
            entry["file"]: (stream, entry["expect"])
            for entry in json.loads((recordings / "index.json").read_text("utf-8"))
            if entry["provider"] in providers
            and not any(name in entry["file"] for name in RESPONSES_API + WITHOUT_END)
            and select(stream := (recordings / entry["file"]).read_bytes())
        }
        assert found
        return found

    return recorded


def play_and_read(*, server, read_answer, file, model, path, pieces, end=End.VALID):
    kind = "application/x-ndjson" if file.endswith("ndjson") else "text/event-stream"
    server.play(Answer(pieces, headers={"Content-Type": kind}, end=end))
    return read_answer(
        LiteLLMChat({"model_name": model, "base_url": server.url + path, "api_key": "k", "max_retries": 0})
    )


def as_json(arguments):
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def assert_as_expected(response, file, expected):
    calls = [(call.name, call.arguments) for call in response.tool_calls]
    expected_calls = [(call["name"], as_json(call["arguments"])) for call in expected["tool_calls"] or ()]
    assert (file, response.error) == (file, None)
    assert (file, response.partial_text) == (file, expected["text"] or "")
    assert (file, response.reasoning) == (file, expected["reasoning"] or "")
    assert (file, calls) == (file, expected_calls)


@pytest.mark.parametrize("split", SPLITS)
def test_openai_compatible(recorded, server, read_answer, split):
    for file, (stream, expected) in recorded(*COMPATIBLE).items():
        if "byte" in split and len(stream) > SHORT:
            continue
        options = {"file": file, "model": "openai/m", "path": "/v1", "pieces": SPLITS[split](stream)}
        response = play_and_read(server=server, read_answer=read_answer, **options)
        assert_as_expected(response, file, expected)
        assert (file, response.raw_finish_reason) == (file, expected["finish"])
        counts = response.usage and (response.usage.input_tokens, response.usage.output_tokens)
        usage = expected["usage"]
        expected_counts = usage and (usage["prompt_tokens"], usage["completion_tokens"])
        assert (file, counts) == (file, expected_counts)


def is_chat(stream):
    return b'"message"' in stream


def is_generate(stream):
    # LiteLLM does not read the field for thinking.
    return b'"response"' in stream and b'"thinking"' not in stream


OTHERS = {
    "gemini": ("gemini/m", ("gemini", "gemini_vertex"), lambda stream: True),
    "ollama": ("ollama_chat/m", ("ollama",), is_chat),
    "ollama generate": ("ollama/m", ("ollama",), is_generate),
}


@pytest.mark.parametrize("shape", OTHERS)
@pytest.mark.parametrize("split", SPLITS)
def test_other_shapes(*, recorded, server, read_answer, shape, split):
    model, providers, select = OTHERS[shape]
    for file, (stream, expected) in recorded(*providers, select=select).items():
        if ("byte" in split and len(stream) > SHORT) or (split == "CRLF" and file.endswith("ndjson")):
            continue
        response = play_and_read(
            server=server,
            read_answer=read_answer,
            file=file,
            model=model,
            path="",
            pieces=SPLITS[split](stream),
        )
        assert_as_expected(response, file, expected)
        assert response.finish_reason == ("tool_calls" if expected["tool_calls"] else "stop")
        assert (file, bool(response.usage)) == (file, True)


@pytest.fixture(scope="session")
def claude(recorded):
    """The first of the two answers in a recording of Anthropic."""
    (stream, expected), *_ = [
        found for name, found in recorded("anthropic").items() if "tool-search-deferred" in name
    ]
    stop = stream.index(b"message_stop")
    return stream[: stream.index(b"\n\n", stream.index(b"message_stop", stop + 1)) + 2], expected


@pytest.mark.parametrize("split", SPLITS)
def test_anthropic(claude, server, read_answer, split):
    stream, expected = claude
    response = play_and_read(
        server=server,
        read_answer=read_answer,
        file="",
        model="anthropic/m",
        path="",
        pieces=SPLITS[split](stream),
    )
    assert (response.error, response.finish_reason) == (None, "tool_calls")
    assert len(response.text) > 100
    assert expected["text"].startswith(response.text)
    assert [call.name for call in response.tool_calls][:1] == [expected["tool_calls"][0]["name"]]
    assert response.usage.output_tokens


CUT = {
    "openai": ("openai/m", "/v1", "deepseek", "reports_consistent", b'"finish_reason":"'),
    "gemini": ("gemini/m", "", "gemini", "file_search_tool_stream", b'"finishReason"'),
    "ollama": ("ollama_chat/m", "", "ollama", "async_streaming_chat", b'"done":true'),
    "anthropic": ("anthropic/m", "", "anthropic", "tool-search-deferred", b'"stop_reason":"'),
}


@pytest.mark.parametrize("shape", CUT)
def test_cut_after_or_within_any_event_but_the_last(*, recorded, server, read_answer, shape):
    model, path, provider, name, mark = CUT[shape]
    file, (stream, expected) = next(
        (file, entry) for file, entry in recorded(provider).items() if name in file
    )
    events = by_event(stream)
    marked = next(at for at, event in enumerate(events) if mark in event.replace(b" ", b""))
    length = 0
    for end in (*range(0, marked, max(1, marked // 15)), marked):
        for half in (b"", events[end][: len(events[end]) // 2]):
            pieces = [*events[:end], half]
            options = {"file": file, "model": model, "path": path, "pieces": pieces}
            response = play_and_read(server=server, read_answer=read_answer, **options)
            assert (end, half, type(response.error)) == (end, half, TruncatedStreamError)
            assert response.error.partial_text == response.partial_text
            assert expected["text"].startswith(response.partial_text)
            assert len(response.partial_text) >= length
            length = len(response.partial_text)
    assert length


@pytest.mark.parametrize("shape", CUT)
def test_cut_at_any_byte(*, recorded, server, read_answer, shape):
    model, path, provider, name, mark = CUT[shape]
    file, (stream, expected) = next(
        (file, entry) for file, entry in recorded(provider).items() if name in file
    )
    last = stream.replace(b'": "', b'":"').index(mark.replace(b'":"', b'":"')) if mark in stream else SHORT
    for byte in range(0, min(last, SHORT), max(1, min(last, SHORT) // 15)):
        for end in (End.VALID, End.CUT):
            options = {"file": file, "model": model, "path": path, "pieces": [stream[:byte]], "end": end}
            response = play_and_read(server=server, read_answer=read_answer, **options)
            assert (byte, isinstance(response.error, StreamError)) == (byte, True)
            assert response.error.partial_text == response.partial_text
            assert expected["text"].startswith(response.partial_text)
