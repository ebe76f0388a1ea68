"""Streams of real providers, through LiteLLM: by the openai SDK, and by its own code for other shapes."""

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
# Of OpenAI's other API, which has other frames: no chat completions.
RESPONSES_API = ("vercel__azure-web-search", "vercel__openai-file-search")
# [DONE] without a finish_reason, and an error in the stream: no answers.
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


def listen_sync(model):
    response = model("hi", stream=True)
    with suppress(StreamError):
        assert response.text == response.partial_text
    return response


def listen_async(model):
    async def listen():
        response = await model.acall("hi", stream=True)
        with suppress(StreamError):
            assert await response.get_text() == response.partial_text
        return response

    return asyncio.run(listen())


@pytest.fixture(params=[listen_sync, listen_async], ids=["sync", "async"])
def listen(request):
    return request.param


@pytest.fixture(scope="session")
def recorded(recordings):
    """Every recording with what it is known to say, and LiteLLM's name for such a provider."""

    def recorded(*providers, of=lambda stream: True):
        found = {
            one["file"]: (stream, one["expect"])
            for one in json.loads((recordings / "index.json").read_text("utf-8"))
            if one["provider"] in providers
            and not any(name in one["file"] for name in RESPONSES_API + WITHOUT_END)
            and of(stream := (recordings / one["file"]).read_bytes())
        }
        assert found
        return found

    return recorded


def hear(*, server, listen, file, model, path, pieces, end=End.VALID):
    kind = "application/x-ndjson" if file.endswith("ndjson") else "text/event-stream"
    server.play(Answer(pieces, headers={"Content-Type": kind}, end=end))
    return listen(
        LiteLLMChat({"model_name": model, "base_url": server.url + path, "api_key": "k", "max_retries": 0})
    )


def says(response, file, what):
    calls = [(call.name, call.arguments) for call in response.tool_calls]
    known = [(call["name"], call["arguments"]) for call in what["tool_calls"] or ()]
    known = [(name, said if isinstance(said, str) else json.dumps(said)) for name, said in known]
    assert (file, response.error) == (file, None)
    assert (file, response.partial_text) == (file, what["text"] or "")
    assert (file, response.reasoning) == (file, what["reasoning"] or "")
    assert (file, calls) == (file, known)


@pytest.mark.parametrize("split", SPLITS)
def test_openai_compatible(recorded, server, listen, split):
    for file, (stream, what) in recorded(*COMPATIBLE).items():
        if "byte" in split and len(stream) > SHORT:
            continue
        way = {"file": file, "model": "openai/m", "path": "/v1", "pieces": SPLITS[split](stream)}
        response = hear(server=server, listen=listen, **way)
        says(response, file, what)
        assert (file, response.raw_finish_reason) == (file, what["finish"])
        counts = response.usage and (response.usage.input_tokens, response.usage.output_tokens)
        known = what["usage"] and (what["usage"]["prompt_tokens"], what["usage"]["completion_tokens"])
        assert (file, counts) == (file, known)


def of_chat(stream):
    return b'"message"' in stream


def of_generate(stream):
    # Those that are thinking have a field for it, which LiteLLM does not read.
    return b'"response"' in stream and b'"thinking"' not in stream


OTHERS = {
    "gemini": ("gemini/m", ("gemini", "gemini_vertex"), lambda stream: True),
    "ollama": ("ollama_chat/m", ("ollama",), of_chat),
    "ollama generate": ("ollama/m", ("ollama",), of_generate),
}


@pytest.mark.parametrize("shape", OTHERS)
@pytest.mark.parametrize("split", SPLITS)
def test_other_shapes(*, recorded, server, listen, shape, split):
    model, providers, of = OTHERS[shape]
    for file, (stream, what) in recorded(*providers, of=of).items():
        if ("byte" in split and len(stream) > SHORT) or (split == "CRLF" and file.endswith("ndjson")):
            continue
        response = hear(
            server=server, listen=listen, file=file, model=model, path="", pieces=SPLITS[split](stream)
        )
        says(response, file, what)
        assert response.finish_reason == ("tool_calls" if what["tool_calls"] else "stop")
        assert (file, bool(response.usage)) == (file, True)


@pytest.fixture(scope="session")
def claude(recorded):
    """An answer of Anthropic's. The recording has two, one after the other: the first."""
    (stream, what), *_ = [
        found for name, found in recorded("anthropic").items() if "tool-search-deferred" in name
    ]
    stop = stream.index(b"message_stop")
    return stream[: stream.index(b"\n\n", stream.index(b"message_stop", stop + 1)) + 2], what


@pytest.mark.parametrize("split", SPLITS)
def test_anthropic(claude, server, listen, split):
    stream, what = claude
    response = hear(
        server=server, listen=listen, file="", model="anthropic/m", path="", pieces=SPLITS[split](stream)
    )
    assert (response.error, response.finish_reason) == (None, "tool_calls")
    assert len(response.text) > 100
    assert what["text"].startswith(response.text)
    assert [call.name for call in response.tool_calls][:1] == [what["tool_calls"][0]["name"]]
    assert response.usage.output_tokens


CUT = {
    "openai": ("openai/m", "/v1", "deepseek", "reports_consistent", b'"finish_reason":"'),
    "gemini": ("gemini/m", "", "gemini", "file_search_tool_stream", b'"finishReason"'),
    "ollama": ("ollama_chat/m", "", "ollama", "async_streaming_chat", b'"done":true'),
    "anthropic": ("anthropic/m", "", "anthropic", "tool-search-deferred", b'"stop_reason":"'),
}


@pytest.mark.parametrize("shape", CUT)
def test_ended_after_any_event_but_the_last_or_within_it(*, recorded, server, listen, shape):
    model, path, provider, name, mark = CUT[shape]
    file, (stream, what) = next((file, one) for file, one in recorded(provider).items() if name in file)
    events = by_event(stream)
    marked = next(at for at, event in enumerate(events) if mark in event.replace(b" ", b""))
    length = 0
    for end in (*range(0, marked, max(1, marked // 15)), marked):
        for half in (b"", events[end][: len(events[end]) // 2]):
            pieces = [*events[:end], half]
            way = {"file": file, "model": model, "path": path, "pieces": pieces}
            response = hear(server=server, listen=listen, **way)
            assert (end, half, type(response.error)) == (end, half, TruncatedStreamError)
            assert response.error.partial_text == response.partial_text
            assert what["text"].startswith(response.partial_text)
            assert len(response.partial_text) >= length
            length = len(response.partial_text)
    assert length


@pytest.mark.parametrize("shape", CUT)
def test_cut_at_any_byte(*, recorded, server, listen, shape):
    model, path, provider, name, mark = CUT[shape]
    file, (stream, what) = next((file, one) for file, one in recorded(provider).items() if name in file)
    last = stream.replace(b'": "', b'":"').index(mark.replace(b'":"', b'":"')) if mark in stream else SHORT
    for byte in range(0, min(last, SHORT), max(1, min(last, SHORT) // 15)):
        for end in (End.VALID, End.CUT):
            way = {"file": file, "model": model, "path": path, "pieces": [stream[:byte]], "end": end}
            response = hear(server=server, listen=listen, **way)
            assert (byte, isinstance(response.error, StreamError)) == (byte, True)
            assert response.error.partial_text == response.partial_text
            assert what["text"].startswith(response.partial_text)
