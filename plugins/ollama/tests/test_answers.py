"""What is told to the user, of good answers and of bad ones."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import suppress

import pytest

from modelstream.deltas import ToolCall
from modelstream.errors import (
    BadRequestError,
    ConnectionLostError,
    ProviderError,
    StreamError,
    TruncatedStreamError,
)
from modelstream.testing.server import Answer, End, Gate, refused_url


def read_sync(model, **arguments):
    response = model("hi", stream=True, **arguments)
    snapshots = []
    with suppress(StreamError):
        for snapshot in response.stream:
            snapshots.append(snapshot)  # noqa: PERF402 (those before an error are wanted)
    return response, snapshots


async def _read_async(model, **arguments):
    response = await model.acall("hi", stream=True, **arguments)
    snapshots = []
    with suppress(StreamError):
        async for snapshot in response.stream:
            snapshots.append(snapshot)  # noqa: PERF401 (those before an error are wanted)
    return response, snapshots


def read_async(model, **arguments):
    return asyncio.run(_read_async(model, **arguments))


@pytest.fixture(params=[read_sync, read_async], ids=["sync", "async"])
def read(request):
    return request.param


def test_B36_snapshots_and_one_last(model_of, read):
    response, snapshots = read(model_of())
    assert snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (response.usage.input_tokens, response.usage.output_tokens) == (3, 2)
    assert (response.finish_reason, response.raw_finish_reason) == ("stop", "stop")


def test_B37_an_error_line_keeps_what_came(server, model_of, read, lines):
    server.play(lines.answer(lines.text("Hel"), lines.text("lo"), {"error": "the model runner has stopped"}))
    response, snapshots = read(model_of())
    assert snapshots == [(False, "Hel"), (False, "Hello")]
    assert type(response.error) is ProviderError
    assert "the model runner has stopped" in str(response.error)
    assert response.error.partial_text == "Hello"


def test_B38_no_records_at_all(server, model_of, read, lines):
    server.play(lines.answer())
    response, snapshots = read(model_of())
    assert snapshots == []
    assert type(response.error) is TruncatedStreamError


def test_B45_usage_of_a_stream(model_of, read):
    response, _ = read(model_of())
    assert response.usage.total_tokens == 5


@pytest.mark.parametrize("end", [End.VALID, End.CUT, End.RESET])
def test_an_answer_without_done_is_cut(server, model_of, read, lines, end):
    server.play(lines.answer(lines.text("Hello"), end=end))
    response, snapshots = read(model_of())
    assert snapshots == [(False, "Hello")]
    assert isinstance(response.error, TruncatedStreamError | ConnectionLostError)
    assert response.error.partial_text == "Hello"


def test_thinking_is_no_text(server, model_of, read, lines):
    server.play(lines.answer(lines.text("", thinking="hm"), lines.text("42"), lines.end))
    response, snapshots = read(model_of())
    assert (response.reasoning, snapshots) == ("hm", [(False, "42"), (True, "42")])


def test_tool_calls(server, model_of, read, lines):
    calls = [
        {"id": "call_a", "function": {"name": "f", "arguments": {"x": 2, "y": 2.0, "z": "\u00e9"}}},
        {"function": {"name": "g", "arguments": {}}},
    ]
    server.play(lines.answer(lines.text("", tool_calls=calls), lines.end))
    response, snapshots = read(model_of())
    first, second = response.tool_calls
    assert first == ToolCall("call_a", "f", '{"x": 2, "y": 2.0, "z": "\u00e9"}')
    assert (second.name, second.arguments) == ("g", "{}")
    assert second.id
    assert (response.finish_reason, response.raw_finish_reason) == ("tool_calls", "stop")
    assert snapshots == [(True, "")]


def test_a_limit_is_told(server, model_of, read, lines):
    server.play(lines.answer(lines.text("Hel"), {**lines.end, "done_reason": "length"}))
    assert read(model_of())[0].finish_reason == "length"


def test_line_separators_inside_text_survive(server, model_of, read, lines):
    server.play(lines.answer(lines.text("a\u2028b\u2029c\u0085d"), lines.end))
    assert read(model_of())[0].partial_text == "a\u2028b\u2029c\u0085d"


def test_not_streamed(server, model_of, lines):
    server.play(Answer.of_json({**lines.text("Hello"), **lines.end, "message": {"content": "Hello"}}))
    response = model_of()("hi", stream=False)
    assert (response.stream, response.text, response.finish_reason) == (None, "Hello", "stop")


def test_a_model_that_is_not_there(server, model_of):
    server.play(Answer.of_json({"error": "model 'm' not found"}, 404))
    with pytest.raises(BadRequestError, match="model 'm' not found"):
        model_of()("hi", stream=True)


def test_no_server(model_of):
    url = refused_url()
    with pytest.raises(ConnectionLostError, match="ollama serve") as failed:
        model_of(host=url)("hi", stream=True)
    assert url in str(failed.value)


def test_a_busy_server_is_asked_again(server, model_of, lines):
    busy = Answer.of_json({"error": "server busy"}, 503, {"Retry-After": "0"})
    server.play(busy, lines.hello)
    assert model_of(max_retries=1)("hi", stream=True).text == "Hello"


def test_the_connection_serves_the_next_call(server, model_of):
    model = model_of()
    assert [model("hi", stream=True).text for _ in range(3)] == ["Hello"] * 3
    assert len(server.connections) == 1


def test_close_reaches_the_server(server, model_of, lines):
    gate = Gate()
    server.play(Answer([lines.line(**lines.text("Hel")), gate]))
    response = model_of()("hi", stream=True)
    assert next(response.stream) == (False, "Hel")
    closer = threading.Timer(0.1, response.close)
    closer.start()
    began = time.monotonic()
    with pytest.raises(StreamError):
        response.text  # noqa: B018
    assert server.connections[-1].disconnected.wait(1)
    assert time.monotonic() - began < 5
    closer.join()


@pytest.fixture(scope="session")
def recorded(recordings):
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = [
        ((recordings / one["file"]).read_bytes(), one["expect"])
        for one in index
        if one["provider"] == "ollama"
    ]
    assert len(found) > 8
    return found


@pytest.mark.parametrize("size", [None, 1, 3, 7, 1000])
def test_recordings_in_pieces(recorded, server, model_of, read, size):
    for stream, what in recorded:
        if size and len(stream) > 8000 * size:
            continue
        step = size or len(stream)
        server.play(Answer([stream[at : at + step] for at in range(0, len(stream), step)]))
        response, snapshots = read(model_of())
        assert response.error is None
        assert (response.partial_text, response.reasoning) == (what["text"], what["reasoning"])
        assert response.raw_finish_reason == what["finish"]
        assert response.usage.input_tokens == what["usage"]["prompt_eval_count"]
        assert response.usage.output_tokens == what["usage"]["eval_count"]
        assert snapshots[-1] == (True, what["text"])


def test_recordings_cut_after_every_line(recorded, server, model_of, read):
    stream, _ = min(recorded, key=lambda one: len(one[0]))
    records = stream.splitlines(keepends=True)
    for count in range(len(records)):
        server.play(Answer([b"".join(records[:count])]))
        response, snapshots = read(model_of())
        said = [json.loads(record) for record in records[:count]]
        text = "".join(one.get("response") or one.get("message", {}).get("content", "") for one in said)
        assert isinstance(response.error, TruncatedStreamError)
        assert response.error.partial_text == text
        assert not any(snapshot.last for snapshot in snapshots)
