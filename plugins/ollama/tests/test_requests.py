"""What is sent to the server."""

from __future__ import annotations

import pytest

from modelstream.errors import BadRequestError, ConfigError
from modelstream_ollama import OllamaChat


def sent(server, model, messages="hi", **arguments):
    model(messages, **arguments).text  # noqa: B018
    return server.requests[-1].json


def test_a_call(server, model_of):
    assert sent(server, model_of(), stream=True) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "keep_alive": "5m",
    }
    assert server.requests[-1].path == "/api/chat"


def test_options_of_a_call_are_merged_over_those_of_the_config(server, model_of):
    model = model_of(options={"temperature": 0, "num_ctx": 512})
    assert sent(server, model, stream=True, options={"temperature": 1})["options"] == {
        "temperature": 1,
        "num_ctx": 512,
    }
    assert sent(server, model, stream=True)["options"] == {"temperature": 0, "num_ctx": 512}


def test_options_of_a_call_alone(server, model_of):
    assert sent(server, model_of(), stream=True, options={"seed": 7})["options"] == {"seed": 7}


def test_keep_alive_and_other_arguments(server, model_of):
    body = sent(server, model_of(keep_alive=0), stream=True, think=True, format="json", keep_alive="1h")
    assert (body["think"], body["format"], body["keep_alive"]) == (True, "json", "1h")


def test_images_and_tool_calls_take_ollamas_form(server, model_of):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    function = {"name": "f", "arguments": '{"x": 1}'}
    body = sent(
        server,
        model_of(),
        [
            {"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "function": function}]},
            {"role": "tool", "name": "f", "tool_call_id": "a", "content": "2"},
        ],
        stream=True,
    )
    asked, called, result = body["messages"]
    assert (asked["content"], asked["images"]) == ("What is it?", ["AAAA"])
    assert called["content"] == ""
    assert called["tool_calls"] == [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]
    assert result["tool_name"] == "f"


def test_an_image_that_would_have_to_be_fetched(model_of):
    picture = {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}}
    with pytest.raises(BadRequestError, match="fetches no images"):
        model_of()([{"role": "user", "content": [picture]}])


def test_the_address(server, monkeypatch):
    for fields in ({"base_url": server.url}, {"host": server.url}):
        assert OllamaChat({"model_name": "m", **fields})("hi", stream=True).text == "Hello"
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    assert OllamaChat({"model_name": "m"})("hi", stream=True).text == "Hello"
    with pytest.raises(ConfigError, match="set one of them"):
        OllamaChat({"model_name": "m", "host": "a", "base_url": "b"})


def test_a_key_for_the_cloud(server, model_of):
    model_of(api_key="secret")("hi", stream=True).text  # noqa: B018
    assert server.requests[-1].headers["authorization"] == "Bearer secret"


def test_a_model_is_needed():
    with pytest.raises(ConfigError, match="model_name"):
        OllamaChat({})
    assert OllamaChat({"config_name": "llama"}).config.model_name == "llama"


def test_a_config_of_agentscope(server):
    config = {
        "config_name": "mine",
        "model_type": "ollama_chat",
        "model_name": "m",
        "stream": True,
        "options": {"temperature": 0.5},
        "keep_alive": "5m",
        "host": server.url,
    }
    assert OllamaChat(config)("hi").text == "Hello"
