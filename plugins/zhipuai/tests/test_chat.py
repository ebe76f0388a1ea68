"""The wrapper through the real SDKs: what is sent, and what is told of the answers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import suppress

import pytest

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConnectionLostError,
    ContentFilteredError,
    MalformedDataError,
    MissingApiKeyError,
    ProviderError,
    RateLimitError,
    StreamError,
    TruncatedStreamError,
)
from modelstream.testing.server import Answer, End, Gate, refused_url
from modelstream_zhipuai import ZhipuAIChat


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


def test_B42_a_call(server, model_of, read):
    response, snapshots = read(model_of(), temperature=0.5, made_up=1)
    assert snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (response.usage.input_tokens, response.usage.output_tokens) == (3, 2)
    assert (response.finish_reason, response.raw_finish_reason) == ("stop", "stop")
    sent = server.requests[-1]
    assert sent.path == "/api/paas/v4/chat/completions"
    assert sent.headers["authorization"] == "Bearer id.secret"
    assert (sent.json["model"], sent.json["stream"]) == ("glm-test", True)
    assert (sent.json["temperature"], sent.json["made_up"]) == (0.5, 1)
    assert sent.json["messages"] == [{"role": "user", "content": "hi"}]


def test_messages_stay_as_the_caller_wrote_them(model_of):
    url = "data:image/png;base64,AAAA"
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    model_of()(messages, stream=True).text  # noqa: B018
    assert messages[0]["content"][0]["image_url"]["url"] == url


def test_not_streamed(server, model_of):
    message = {"role": "assistant", "content": "Hello", "reasoning_content": "hm"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    server.play(Answer.of_json({"choices": [choice], "usage": usage}))
    response = model_of()("hi", stream=False)
    assert (response.stream, response.text, response.reasoning) == (None, "Hello", "hm")
    assert response.usage.total_tokens == 5
    assert server.requests[-1].json["stream"] is False


def test_line_separators_inside_text_survive(server, model_of, read, wire):
    server.play(Answer([wire.text("a\u2028b\u0085c"), wire.text("", "stop")]))
    assert read(model_of())[1][-1] == (True, "a\u2028b\u0085c")


def test_reasoning_and_tool_calls(server, model_of, read, wire):
    function = {"name": "f", "arguments": '{"x": 2}'}
    calls = [{"index": 0, "id": "call_1", "type": "function", "function": function}]
    thought = {"choices": [{"index": 0, "delta": {"role": "assistant", "reasoning_content": "hm"}}]}
    called = {
        "choices": [
            {"index": 0, "delta": {"role": "assistant", "tool_calls": calls}, "finish_reason": "tool_calls"}
        ]
    }
    server.play(Answer([wire.event(thought), wire.event(called), wire.event("[DONE]")]))
    response, snapshots = read(model_of())
    assert (response.reasoning, snapshots) == ("hm", [(True, "")])
    assert [(call.id, call.name, call.arguments) for call in response.tool_calls] == [
        ("call_1", "f", '{"x": 2}')
    ]
    assert response.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("raw", "reason"), [("length", "length"), ("sensitive", "content_filter"), ("stop", "stop")]
)
def test_finish_reasons(server, model_of, read, wire, raw, reason):
    server.play(Answer([wire.text("x"), wire.text("", raw)]))
    response, _ = read(model_of())
    assert (response.finish_reason, response.raw_finish_reason) == (reason, raw)


def test_a_network_error_is_no_end(server, model_of, read, wire):
    server.play(Answer([wire.text("x"), wire.text("", "network_error")]))
    response, snapshots = read(model_of())
    assert (type(response.error), snapshots) == (ProviderError, [(False, "x")])


@pytest.mark.parametrize("end", [End.VALID, End.CUT, End.RESET])
def test_an_answer_without_finish_is_cut(server, model_of, read, wire, end):
    server.play(Answer([wire.text("Hel"), wire.text("lo")], end=end))
    response, snapshots = read(model_of())
    assert not any(snapshot.last for snapshot in snapshots)
    assert isinstance(response.error, TruncatedStreamError | ConnectionLostError)
    assert response.error.partial_text == "Hello"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1302", RateLimitError),
        ("1301", ContentFilteredError),
        ("1214", BadRequestError),
        ("500", ProviderError),
    ],
)
def test_an_error_in_the_stream_keeps_what_came(*, server, model_of, read, wire, code, kind):
    server.play(Answer([wire.text("Hel"), wire.event({"error": {"code": code, "message": "说明"}})]))
    response, _ = read(model_of())
    assert type(response.error) is kind
    assert response.error.code == code
    assert "说明" in str(response.error)
    assert response.error.partial_text == "Hel"


@pytest.mark.parametrize(
    ("status", "code", "kind", "again"),
    [
        (401, "1002", AuthenticationError, False),
        (400, "1210", BadRequestError, False),
        (429, "1302", RateLimitError, True),
        (429, "1113", RateLimitError, False),
        (400, "1301", ContentFilteredError, False),
        (500, "500", ProviderError, True),
    ],
)
def test_refusals(*, server, model_of, status, code, kind, again):
    server.play(Answer.of_json({"error": {"code": code, "message": "no"}}, status))
    with pytest.raises(kind) as failed:
        model_of()("hi", stream=True)
    assert (failed.value.status, failed.value.code, failed.value.retryable) == (status, code, again)
    assert "no" in str(failed.value)


def test_a_web_page_is_no_answer(server, model_of):
    server.play(Answer([b"<html></html>"], headers={"Content-Type": "text/html"}))
    with pytest.raises(MalformedDataError, match="base_url"):
        model_of()("hi", stream=True)


def test_nobody_listens(model_of):
    url = refused_url()
    with pytest.raises(ConnectionLostError, match=url):
        model_of(base_url=url)("hi", stream=True)


def test_asked_again_after_what_the_provider_asks_for(server, model_of, wire):
    server.play(Answer.of_json({"error": {"code": "1302"}}, 429, {"Retry-After": "0"}), wire.hello)
    assert model_of(max_retries=1)("hi", stream=True).text == "Hello"


def test_keys(monkeypatch, server, sdk):
    for name in ("ZHIPUAI_API_KEY", "ZAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingApiKeyError, match="ZHIPUAI_API_KEY or ZAI_API_KEY"):
        ZhipuAIChat({"model_name": "glm"})
    for name in ("ZAI_API_KEY", "ZHIPUAI_API_KEY"):
        monkeypatch.setenv(name, name.lower())
        model = ZhipuAIChat({"model_name": "glm", "sdk": sdk, "base_url": server.url})
        assert model("hi", stream=True).text == "Hello"
        assert server.requests[-1].headers["authorization"] == f"Bearer {name.lower()}"


@pytest.mark.parametrize(("region", "host"), [("cn", "open.bigmodel.cn"), ("international", "api.z.ai")])
def test_regions(sdk, region, host):
    model = ZhipuAIChat({"model_name": "glm", "api_key": "k.s", "sdk": sdk, "region": region})
    asked = model._asker.request([{"role": "user", "content": "hi"}], {}, stream=True)
    assert (asked.url.host, asked.url.path) == (host, "/api/paas/v4/chat/completions")


def test_an_sdk_that_is_not_there(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zhipuai", None)
    model = ZhipuAIChat({"model_name": "glm", "api_key": "k.s", "sdk": "zhipuai"})
    with pytest.raises(ConfigError, match="pip install zhipuai sniffio"):
        model("hi")


def test_a_config_of_agentscope(server, sdk):
    config = {
        "config_name": "mine",
        "model_type": "zhipuai_chat",
        "model_name": "glm-test",
        "api_key": "id.secret",
        "stream": True,
        "client_args": {"base_url": f"{server.url}/v4", "timeout": 20},
        "generate_args": {"temperature": 0.5},
    }
    assert ZhipuAIChat({**config, "sdk": sdk})("hi").text == "Hello"
    assert server.requests[-1].json["temperature"] == 0.5


def test_close_from_another_thread_reaches_the_server(server, model_of, wire):
    server.play(Answer([wire.text("Hel"), Gate()]))
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


def test_a_cancelled_task_reaches_the_server(server, model_of, wire):
    server.play(Answer([wire.text("Hel"), Gate()]))

    async def read_for_a_moment(model):
        response = await model.acall("hi", stream=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                async for _ in response.stream:
                    pass
        assert await asyncio.to_thread(server.connections[-1].disconnected.wait, 1)

    asyncio.run(read_for_a_moment(model_of()))


def test_recordings_in_pieces(recordings, server, model_of, read):
    index = json.loads((recordings / "index.json").read_text("utf-8"))
    found = [one for one in index if one["provider"] == "zhipuai"]
    assert len(found) >= 7
    for one in found:
        stream, what = (recordings / one["file"]).read_bytes(), one["expect"]
        for size in (len(stream), 4096, 7) if len(stream) < 60_000 else (len(stream), 4096):
            server.play(Answer([stream[at : at + size] for at in range(0, len(stream), size)]))
            response, _ = read(model_of())
            assert (one["file"], response.error) == (one["file"], None)
            assert (response.partial_text, response.reasoning) == (what["text"], what["reasoning"] or "")
            assert response.raw_finish_reason == what["finish"]
