"""A provider without an SDK: a dialect and a few class attributes."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
import weakref

import pytest

from modelstream.errors import AuthenticationError, BadRequestError, ConfigError, MissingApiKeyError
from modelstream.testing.server import Answer, LoopbackServer
from modelstream.wire import HttpChat, OpenAIDialect

FRAMES = [
    b'data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
]


class SmallChat(HttpChat):
    model_type = "small_chat"
    dialect = OpenAIDialect()
    key_variables = ("SMALL_API_KEY",)
    base_url_variable = "SMALL_BASE_URL"


class KeylessChat(HttpChat):
    model_type = "keyless_chat"
    dialect = OpenAIDialect()


@pytest.fixture
def server():
    with LoopbackServer() as server:
        server.play(Answer(FRAMES))
        yield server


@pytest.fixture(params=["native", "httpx"])
def model_of(request, server):
    if request.param == "httpx":
        pytest.importorskip("httpx")

    def model_of(kind=SmallChat, **fields):
        config = {"model_name": "m", "api_key": "k", "base_url": f"{server.url}/v1", "max_retries": 0}
        return kind(**{**config, "transport": request.param, **fields})

    return model_of


def test_a_call_by_either_transport(server, model_of):
    model = model_of(headers={"X-A": "1"}, extra_body={"b": 2})

    async def call():
        return await (await model.acall("hi", stream=True, temperature=0)).get_text()

    assert [model("hi", stream=True, temperature=0).text, asyncio.run(call())] == ["Hello", "Hello"]
    for sent in server.requests:
        assert sent.path == "/v1/chat/completions"
        assert (sent.headers["authorization"], sent.headers["x-a"]) == ("Bearer k", "1")
        assert (sent.json["model"], sent.json["temperature"], sent.json["b"]) == ("m", 0, 2)


def test_a_provider_without_a_key(server, model_of):
    assert model_of(KeylessChat)("hi", stream=True).text == "Hello"
    assert "authorization" not in server.requests[-1].headers


def test_another_model_of_a_call(server, model_of):
    assert model_of()("hi", stream=True, model="other").text == "Hello"
    assert server.requests[-1].json["model"] == "other"


def test_a_query_is_joined_to_that_of_the_url(server, model_of):
    model = model_of(base_url=f"{server.url}/v1/?a=1")
    assert model("hi", stream=True, extra_query={"b": ["2", "3"]}).text == "Hello"
    assert server.requests[-1].path == "/v1/chat/completions?a=1&b=2&b=3"


def test_values_that_json_does_not_support(server, model_of):
    with pytest.raises(BadRequestError, match="the request can't be sent as JSON"):
        model_of()("hi", tools=[print])
    assert server.requests == []


def test_a_refusal_is_read_by_the_dialect(server, model_of):
    server.play(Answer.of_json({"error": {"message": "no such key"}}, 401))
    with pytest.raises(AuthenticationError, match="no such key"):
        model_of()("hi", stream=True)


def test_missing_settings(monkeypatch):
    monkeypatch.delenv("SMALL_API_KEY", raising=False)
    monkeypatch.delenv("SMALL_BASE_URL", raising=False)
    with pytest.raises(ConfigError, match="small_chat needs a model: set the field 'model_name'"):
        SmallChat(api_key="k", base_url="http://box")
    with pytest.raises(ConfigError, match="small_chat needs a server: set the field 'base_url'"):
        SmallChat(model_name="m", api_key="k")
    monkeypatch.setenv("SMALL_BASE_URL", "http://box")
    with pytest.raises(MissingApiKeyError, match="SMALL_API_KEY"):
        SmallChat(model_name="m")
    with pytest.raises(ConfigError, match="small_chat has no transport 'sdk'"):
        SmallChat(model_name="m", api_key="k", transport="sdk")


def test_a_dropped_wrapper_closes_its_transport(model_of):
    model = model_of()
    assert model("hi", stream=True).text == "Hello"
    transport = weakref.ref(model._transport)
    gc.collect()
    gc.disable()
    try:
        del model
        ends = time.monotonic() + 2
        while transport() is not None and time.monotonic() < ends:
            time.sleep(0.01)  # the thread that watches timeouts may still look at the call
        assert transport() is None
    finally:
        gc.enable()


def test_the_native_transport_imports_no_http_library(server):
    program = (
        "import sys\n"
        "from modelstream.wire import HttpChat, OpenAIDialect\n"
        "class Small(HttpChat):\n    model_type = 'small_chat'\n    dialect = OpenAIDialect()\n"
        f"print(Small(model_name='m', base_url={server.url!r})('hi', stream=True).text)\n"
        "print([name for name in ('asyncio', 'httpx', 'pydantic', 'ssl') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "Hello\n[]\n"
