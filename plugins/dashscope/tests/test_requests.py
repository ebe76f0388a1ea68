"""Requests as the provider receives them."""

from __future__ import annotations

import base64
import gc
import weakref

import pytest

from modelstream.errors import BadRequestError, ConfigError, MissingApiKeyError
from modelstream.request import Request
from modelstream.testing.server import Answer
from modelstream_dashscope import DashScopeChat

TEXT = "/api/v1/services/aigc/text-generation/generation"
MULTIMODAL = "/api/v1/services/aigc/multimodal-generation/generation"
PNG = {"type": "image_url", "image_url": {"url": "https://pictures.example/cat.png"}}


def send(server, model, messages="hi", **arguments):
    model(messages, **{"stream": True, **arguments}).text  # noqa: B018
    return server.requests[-1].json


def test_a_call(server, model_of, read):
    read(model_of(generate_args={"temperature": 0.5, "seed": 1}), seed=2, made_up=3)
    request = server.requests[-1]
    assert (request.method, request.path) == ("POST", TEXT)
    assert request.headers["authorization"] == "Bearer sk-secret"
    assert request.headers["x-dashscope-sse"] == "enable"
    assert request.json == {
        "model": "qwen-test",
        "input": {"messages": [{"role": "user", "content": "hi"}]},
        "parameters": {
            "result_format": "message",
            "incremental_output": True,
            "temperature": 0.5,
            "seed": 2,
            "made_up": 3,
        },
    }


def test_a_call_that_is_not_streamed(server, model_of, wire):
    server.play(Answer.of_json(wire.output({"content": "Hello"}, "stop")))
    body = send(server, model_of(), stream=False)
    assert body["parameters"] == {"result_format": "message"}
    assert "x-dashscope-sse" not in server.requests[-1].headers


def test_increments_are_requested_in_any_case(server, model_of):
    body = send(server, model_of(), incremental_output=False, result_format="text")
    assert body["parameters"] == {"result_format": "message", "incremental_output": True}


def test_arguments_named_as_in_the_sdk(server, model_of):
    body = send(server, model_of(), parameters={"enable_search": True}, top_k=None)
    assert body["parameters"]["enable_search"] is True
    assert body["parameters"].keys() == {"result_format", "incremental_output", "enable_search"}


def test_a_call_may_name_another_model(server, model_of):
    model_of()("hi", stream=True, model="qwen-vl-plus").text  # noqa: B018
    body = server.requests[-1].json
    assert body["model"] == "qwen-vl-plus"
    assert server.requests[-1].path == MULTIMODAL
    assert "model" not in body["parameters"]


@pytest.mark.parametrize("choice", ["auto", "none", {"type": "function", "function": {"name": "f"}}, "f"])
def test_tool_choice(server, model_of, choice):
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    parameters = send(server, model_of(), tools=tools, tool_choice=choice)["parameters"]
    assert parameters["tools"] == tools
    named = {"type": "function", "function": {"name": "f"}}
    assert parameters["tool_choice"] == (named if choice == "f" else choice)


def test_tool_messages(server, model_of):
    function = {"name": "f", "arguments": {"x": 1}}
    body = send(
        server,
        model_of(),
        [
            {"role": "system", "content": "Be brief."},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "function": function}]},
            {"role": "tool", "name": "f", "tool_call_id": "a", "content": [{"type": "text", "text": "2"}]},
        ],
    )
    system, called, result = body["input"]["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert called["content"] == ""
    assert called["tool_calls"] == [{"id": "a", "function": {"name": "f", "arguments": '{"x": 1}'}}]
    assert result == {"role": "tool", "name": "f", "tool_call_id": "a", "content": "2"}


def test_images_go_to_the_multimodal_endpoint(server, model_of):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is it?"}, PNG]},
    ]
    body = send(server, model_of(), messages)
    assert server.requests[-1].path == MULTIMODAL
    assert body["input"]["messages"] == [
        {"role": "system", "content": [{"text": "Be brief."}]},
        {"role": "user", "content": [{"text": "What is it?"}, {"image": PNG["image_url"]["url"]}]},
    ]
    assert messages[1]["content"][1] is PNG


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ({"type": "image", "url": "https://a.example/b"}, {"image": "https://a.example/b"}),
        ({"type": "image_url", "image_url": "oss://a/b.png"}, {"image": "oss://a/b.png"}),
        (
            {"image": "https://a.example/b", "min_pixels": 9},
            {"image": "https://a.example/b", "min_pixels": 9},
        ),
        (
            {"type": "video", "video": ["oss://a", "oss://b"], "fps": 2},
            {"video": ["oss://a", "oss://b"], "fps": 2},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            {"audio": "data:audio/mp3;base64,AAAA"},
        ),
    ],
)
def test_parts(*, server, model_of, part, sent):
    body = send(server, model_of(), [{"role": "user", "content": [part]}])
    assert body["input"]["messages"][0]["content"] == [sent]
    resolved = "x-dashscope-ossresourceresolve" in server.requests[-1].headers
    assert resolved == ("oss://" in str(sent))
    assert server.requests[-1].path == MULTIMODAL


def test_a_local_picture(server, model_of, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"png")
    data = f"data:image/png;base64,{base64.b64encode(b'png').decode()}"
    for url in (str(picture), f"file://{picture}"):
        body = send(server, model_of(), [{"role": "user", "content": [{"type": "image", "url": url}]}])
        assert body["input"]["messages"][0]["content"] == [{"image": data}]
    with pytest.raises(BadRequestError, match=r"missing\.png"):
        model_of()([{"role": "user", "content": [{"type": "image", "url": "missing.png"}]}])


def test_arguments_that_are_not_valid_json(model_of, refused):
    error = refused(model_of(), stop=object())
    assert type(error) is BadRequestError
    assert "JSON" in str(error)


def test_unsupported_parts(model_of):
    with pytest.raises(BadRequestError, match="'file'"):
        model_of()([{"role": "user", "content": [{"type": "file", "file": {"file_id": "a"}}]}])


@pytest.mark.parametrize(
    ("name", "field", "path"),
    [
        ("qwen-max", None, TEXT),
        ("qwen2.5-vl-72b-instruct", None, MULTIMODAL),
        ("qwen-vl-plus", None, MULTIMODAL),
        ("qvq-max", None, MULTIMODAL),
        ("qwen3-omni-flash", None, MULTIMODAL),
        ("qwen3.5-plus", True, MULTIMODAL),
        ("qwen-vl-plus", False, TEXT),
    ],
)
def test_endpoints(*, server, model_of, name, field, path):
    body = send(server, model_of(model_name=name, multimodal=field))
    assert server.requests[-1].path == path
    content = "hi" if path == TEXT else [{"text": "hi"}]
    assert body["input"]["messages"] == [{"role": "user", "content": content}]


def test_the_process_wide_address_is_not_changed(server, model_of, read):
    import dashscope

    before = dashscope.base_http_api_url
    read(model_of())
    assert dashscope.base_http_api_url == before


def test_a_workspace(server, model_of):
    send(server, model_of(client_args={"workspace": "ws-1"}))
    assert server.requests[-1].headers["x-dashscope-workspace"] == "ws-1"


def test_unknown_client_args(model_of):
    with pytest.raises(ConfigError, match=r"client_args(.|\n)*made_up"):
        model_of(client_args={"made_up": 1})("hi")


def test_the_default_address(way, transport):
    model = DashScopeChat({"model_name": "qwen-max", "api_key": "sk-1", **transport})
    http = model.prepare(Request([{"role": "user", "content": "hi"}]))
    if way == "clients":
        url = f"{model._transport.sender()._clients.client().config.base_url}{http.url}"
    else:
        url = http.url if way == "native" else model._transport.sender()._prepare(http).url
    assert url == f"https://dashscope.aliyuncs.com{TEXT}"


def test_keys(monkeypatch, server, transport):
    with pytest.raises(MissingApiKeyError, match="DASHSCOPE_API_KEY"):
        DashScopeChat({"model_name": "qwen-max", **transport})
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-env")
    model = DashScopeChat({"model_name": "qwen-max", "base_url": f"{server.url}/api/v1", **transport})
    assert model("hi", stream=True).text == "Hello"
    assert server.requests[-1].headers["authorization"] == "Bearer sk-env"


def test_a_dropped_wrapper_is_freed_without_the_collector(model_of):
    model = model_of()
    gc.collect()
    gc.disable()
    try:
        assert model("hi", stream=True).text == "Hello"
        sender = weakref.ref(model._transport)
        del model
        assert sender() is None
    finally:
        gc.enable()


def test_a_model_name_is_required():
    with pytest.raises(ConfigError, match="model_name"):
        DashScopeChat({"api_key": "sk-1"})
    assert DashScopeChat({"config_name": "qwen-max", "api_key": "sk-1"}).config.model_name == "qwen-max"


def test_a_config_of_agentscope(server, transport):
    config = {
        "config_name": "mine",
        "model_type": "dashscope_chat",
        "model_name": "qwen-max",
        "api_key": "sk-1",
        "stream": True,
        "generate_args": {"temperature": 0.5},
    }
    assert DashScopeChat({**config, **transport, "base_url": f"{server.url}/api/v1"})("hi").text == "Hello"
    assert server.requests[-1].json["parameters"]["temperature"] == 0.5
