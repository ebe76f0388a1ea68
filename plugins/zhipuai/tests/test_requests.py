"""What is sent to the provider, by an SDK or by the native transport."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelstream.agents import Msg
from modelstream.errors import BadRequestError, ConfigError, MissingApiKeyError
from modelstream.request import Request
from modelstream_zhipuai import ZhipuAIChat

KEYS = ("ZHIPUAI_API_KEY", "ZAI_API_KEY")


def sent(server, model, messages="hi", **arguments):
    model(messages, **{"stream": True, **arguments}).text  # noqa: B018
    return server.requests[-1].json


def test_a_call(server, model_of):
    body = sent(server, model_of(), temperature=0.5, made_up=1)
    request = server.requests[-1]
    assert (request.method, request.path) == ("POST", "/api/paas/v4/chat/completions")
    assert request.headers["authorization"] == "Bearer id.secret"
    assert (body["model"], body["stream"]) == ("glm-test", True)
    assert (body["temperature"], body["made_up"]) == (0.5, 1)
    assert body["messages"] == [{"role": "user", "content": "hi"}]


def test_not_streamed(server, model_of):
    assert sent(server, model_of(stream=True), stream=False)["stream"] is False


def test_a_call_overrides_the_generate_args(server, model_of):
    model = model_of(generate_args={"temperature": 0.1, "top_p": 0.2, "stream": False, "model": "glm-9"})
    body = sent(server, model, temperature=0.3)
    assert (body["temperature"], body["top_p"]) == (0.3, 0.2)
    assert (body["stream"], body["model"]) == (True, "glm-9")


def test_unknown_arguments_are_sent(server, model_of):
    thinking = {"type": "enabled"}
    body = sent(server, model_of(), thinking=thinking, tool_stream=True, unknown=1, extra_body={"mine": 2})
    assert (body["thinking"], body["tool_stream"], body["unknown"], body["mine"]) == (thinking, True, 1, 2)


def test_tools_and_their_results(server, model_of):
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    function = {"name": "f", "arguments": '{"x": 1}'}
    messages = [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "a", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "a", "content": "2"},
    ]
    body = sent(server, model_of(), messages, tools=tools, tool_choice="auto")
    assert (body["messages"], body["tools"], body["tool_choice"]) == (messages, tools, "auto")


def test_messages_of_agents(server, model_of, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"picture")
    content = [{"type": "text", "text": "?"}, {"type": "image", "url": str(picture)}]
    (message,) = sent(server, model_of(), [Msg("me", content, "user")])["messages"]
    text, image = message["content"]
    assert text == {"type": "text", "text": "?"}
    # The API accepts only the base64 of a data: URL.
    assert image["image_url"]["url"] == "cGljdHVyZQ=="


def test_messages_of_the_caller_are_not_modified(model_of):
    url = "data:image/png;base64,AAAA"
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    model_of()(messages, stream=True).text  # noqa: B018
    assert messages[0]["content"][0]["image_url"]["url"] == url


def test_headers(server, model_of):
    model = model_of(client_args={"custom_headers": {"X-Mine": "1"}})
    sent(server, model, extra_headers={"X-Call": "2"})
    headers = server.requests[-1].headers
    assert (headers["x-mine"], headers["x-call"]) == ("1", "2")


def test_each_call_is_sent_and_logged_once(server, sdk_model_of, caplog):
    caplog.set_level("INFO", logger="httpx")  # other libraries silence it
    sent(server, sdk_model_of(client_args={"max_retries": 2}))
    assert [record.name for record in caplog.records] == ["httpx"]
    assert len(server.requests) == 1


def test_values_that_json_can_not_represent(model_of):
    with pytest.raises(
        BadRequestError, match=r"the SDK can't build a request for this call|can't be sent as JSON"
    ):
        model_of()("hi", tools=[print])


def test_an_extra_body_that_is_not_a_dict(model_of):
    with pytest.raises(BadRequestError, match="extra_body is of type int: expected a dict"):
        model_of()("hi", extra_body=5, unknown=1)


def test_many_threads_and_tasks_at_once(server, model_of):
    model = model_of()
    messages = [f"number {number}" for number in range(8)]

    async def call_all():
        responses = await asyncio.gather(*(model.acall(message, stream=True) for message in messages))
        return [await response.get_text() for response in responses]

    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda message: model(message, stream=True).text, messages))
    assert texts + asyncio.run(call_all()) == ["Hello"] * 16
    contents = [request.json["messages"][0]["content"] for request in server.requests]
    assert sorted(contents) == sorted(messages * 2)


# Keys and base URLs


@pytest.fixture
def _no_keys(monkeypatch):
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_no_keys")
@pytest.mark.parametrize(("region", "names"), [("cn", KEYS), ("international", KEYS[::-1])])
def test_keys_of_the_environment(*, server, model_of, monkeypatch, region, names):
    model = {"api_key": None, "region": region}
    with pytest.raises(MissingApiKeyError, match=" or ".join(names)):
        model_of(**model)
    for name in reversed(names):
        monkeypatch.setenv(name, name.lower())
        sent(server, model_of(**model))
        assert server.requests[-1].headers["authorization"] == f"Bearer {name.lower()}"
    sent(server, model_of(**model, client_args={"api_key": "mine"}))
    assert server.requests[-1].headers["authorization"] == "Bearer mine"


def test_a_signed_key(server, model_of):
    key = f"id.{'secret' * 6}"
    sent(server, model_of(api_key=key, client_args={"disable_token_cache": False}))
    scheme, token = server.requests[-1].headers["authorization"].split()
    assert (scheme, token.count("."), "secret" in token) == ("Bearer", 2, False)


@pytest.mark.parametrize(("region", "host"), [("cn", "open.bigmodel.cn"), ("international", "api.z.ai")])
def test_regions(way, region, host):
    model = ZhipuAIChat({"model_name": "glm", "api_key": "k.s", "region": region, **way})
    request = model.prepare(Request([{"role": "user", "content": "hi"}]))
    assert request.url == f"https://{host}/api/paas/v4/chat/completions"


@pytest.mark.parametrize("region", ["cn", "international"])
def test_a_base_url_overrides_the_region(server, model_of, region):
    sent(server, model_of(base_url=f"{server.url}/api/coding/paas/v4/", region=region))
    assert server.requests[-1].path == "/api/coding/paas/v4/chat/completions"


@pytest.mark.parametrize("where", ["base_url", "client_args"])
def test_a_base_url_with_the_endpoint(where, way):
    url = "https://api.z.ai/api/paas/v4/chat/completions"
    fields = {"base_url": url} if where == "base_url" else {"client_args": {"base_url": url}}
    with pytest.raises(ConfigError, match="omit '/chat/completions'"):
        ZhipuAIChat({"model_name": "glm", "api_key": "k.s", **fields, **way})


# The SDK


def test_an_sdk_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "zhipuai", None)
    model = ZhipuAIChat({"model_name": "glm", "api_key": "k.s", "sdk": "zhipuai"})
    with pytest.raises(ConfigError, match="pip install zhipuai sniffio"):
        model("hi")


def test_no_sdk_at_all(monkeypatch):
    monkeypatch.setitem(sys.modules, "zhipuai", None)
    monkeypatch.setitem(sys.modules, "zai", None)
    with pytest.raises(ConfigError, match=r"pip install zai-sdk \(.*zai"):
        ZhipuAIChat({"model_name": "glm", "api_key": "k.s"})("hi")


def test_unsupported_arguments_of_the_client(sdk_model_of):
    with pytest.raises(ConfigError, match="unknown"):
        sdk_model_of(client_args={"unknown": 1})("hi")
    with pytest.raises(ConfigError, match="'http_client' would not be used"):
        sdk_model_of(client_args={"http_client": object()})


def test_a_model_is_needed():
    with pytest.raises(ConfigError, match="model_name"):
        ZhipuAIChat({"api_key": "k.s"})
    assert ZhipuAIChat({"config_name": "glm", "api_key": "k.s"}).config.model_name == "glm"


def test_a_config_of_agentscope(server, way):
    config = {
        "config_name": "mine",
        "model_type": "zhipuai_chat",
        "model_name": "glm-test",
        "api_key": "id.secret",
        "stream": True,
        "client_args": {"base_url": f"{server.url}/v4", "timeout": 20},
        "generate_args": {"temperature": 0.5},
    }
    assert ZhipuAIChat({**config, **way})("hi").text == "Hello"
    assert server.requests[-1].json["temperature"] == 0.5
