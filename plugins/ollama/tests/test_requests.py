"""What is sent to the server."""

from __future__ import annotations

import sys

import pytest

from modelstream.agents import Msg
from modelstream.errors import BadRequestError, ConfigError
from modelstream_ollama import OllamaChat


def sent(server, model, messages="hi", **arguments):
    model(messages, **{"stream": True, **arguments}).text  # noqa: B018
    return server.requests[-1].json


def test_a_call(server, model_of):
    assert sent(server, model_of(), stream=True) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
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


def test_options_of_generate_args_override_those_of_the_config(server, model_of):
    config = {
        "options": {"temperature": 0, "num_ctx": 512, "seed": 1},
        "generate_args": {"options": {"temperature": 1, "seed": 2}, "think": False},
    }
    body = sent(server, model_of(**config), stream=True, options={"seed": 3})
    assert body["options"] == {"temperature": 1, "num_ctx": 512, "seed": 3}
    assert body["think"] is False


def test_parameters_outside_the_options_are_moved_into_them(server, model_of):
    model = model_of(generate_args={"temperature": 0, "top_p": 0.5})
    body = sent(server, model, stream=True, temperature=1, max_tokens=9, stop=["x"])
    assert body["options"] == {"temperature": 1, "top_p": 0.5, "num_predict": 9, "stop": ["x"]}
    assert body.keys() == {"model", "messages", "stream", "options"}
    assert sent(server, model, temperature=1, options={"temperature": 2})["options"]["temperature"] == 1


def test_invalid_options(model_of):
    with pytest.raises(BadRequestError, match="options is 'hot': expected a dict"):
        model_of()("hi", options="hot")
    with pytest.raises(ConfigError, match="generate_args: options is 'hot'"):
        model_of(generate_args={"options": "hot"})


def test_stream_among_the_generate_args_is_ignored(server, model_of):
    assert sent(server, model_of(generate_args={"stream": False}), stream=True)["stream"] is True


def test_keep_alive_and_other_arguments(server, model_of):
    body = sent(server, model_of(keep_alive=0), stream=True, think=True, format="json", keep_alive="1h")
    assert (body["think"], body["format"], body["keep_alive"]) == (True, "json", "1h")


SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}}


class Point:
    """As pydantic's classes are."""

    @staticmethod
    def model_json_schema():
        return SCHEMA


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"format": SCHEMA}, SCHEMA),
        ({"format": Point}, SCHEMA),
        ({"response_format": Point}, SCHEMA),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": SCHEMA}}},
            SCHEMA,
        ),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "p"}}}, "json"),
        ({"response_format": {"type": "json_object"}}, "json"),
        ({"response_format": {"type": "json_object"}, "format": SCHEMA}, SCHEMA),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": None}, None),
    ],
)
def test_formats(server, model_of, arguments, expected):
    body = sent(server, model_of(), **arguments)
    assert body.get("format") == expected
    assert "response_format" not in body


def test_another_class_as_format(model_of):
    with pytest.raises(BadRequestError, match="format is the class int"):
        model_of()("hi", format=int)


def test_arguments_that_are_none_are_not_sent(server, model_of):
    body = sent(server, model_of(keep_alive=None), format=None, temperature=None)
    assert body.keys() == {"model", "messages", "stream"}


def test_images_and_tool_calls_are_sent_in_ollamas_form(server, model_of):
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
    question, called, result = body["messages"]
    assert (question["content"], question["images"]) == ("What is it?", ["AAAA"])
    assert called["content"] == ""
    assert called["tool_calls"] == [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]
    assert result["tool_name"] == "f"


def test_the_result_of_a_tool_gets_its_name_by_the_id(server, model_of):
    called = [
        {"id": "a", "function": {"name": "f", "arguments": {"x": 1}}},
        {"id": "b", "function": {"name": "g", "arguments": ""}},
    ]
    body = sent(
        server,
        model_of(),
        [
            {"role": "assistant", "tool_calls": called},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
            {"role": "tool", "tool_call_id": "unknown", "content": "3"},
            {"role": "tool", "tool_name": "h", "content": "4"},
        ],
    )
    first, *results = body["messages"]
    assert [call["function"]["arguments"] for call in first["tool_calls"]] == [{"x": 1}, {}]
    assert [result.get("tool_name") for result in results] == ["g", None, "h"]


@pytest.mark.parametrize("call", [{}, "f", {"function": {"name": "f", "arguments": "{x"}}])
def test_a_tool_call_that_can_not_be_read(model_of, call):
    with pytest.raises(BadRequestError, match=r"tool call .* of a message can't be read"):
        model_of()([{"role": "assistant", "tool_calls": [call]}])


def test_images_in_all_their_forms(server, model_of, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"picture")
    base64 = "cGljdHVyZQ=="
    url = f"data:image/png;base64,{base64}"
    parts = [
        "What is it?",
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "image_url", "image_url": str(picture)},
        {"type": "image", "url": f"file://{picture}"},
    ]
    images = [base64, str(picture), picture, url]
    messages = [{"role": "user", "content": parts}, {"role": "user", "content": "And?", "images": images}]
    first, second = sent(server, model_of(), messages)["messages"]
    assert (first["content"], first["images"]) == ("What is it?", [base64] * 3)
    assert (second["content"], second["images"]) == ("And?", [base64] * 4)


def test_images_as_bytes(server, model_of):
    message = {"role": "user", "content": "?", "images": [b"picture"]}
    assert sent(server, model_of(), [message])["messages"][0]["images"] == ["cGljdHVyZQ=="]


def test_messages_of_agents(server, model_of, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(b"picture")
    question = [{"type": "text", "text": "?"}, {"type": "image", "url": str(picture)}]
    called = [{"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}]
    result = [{"type": "tool_result", "id": "a", "output": "2"}]
    messages = [Msg("me", question, "user"), Msg("it", called, "assistant"), Msg("f", result, "system")]
    first, second, third = sent(server, model_of(), messages)["messages"]
    assert (first["content"], first["images"]) == ("?", ["cGljdHVyZQ=="])
    assert second["tool_calls"][0]["function"] == {"name": "f", "arguments": {"x": 1}}
    assert (third["role"], third["content"], third["tool_name"]) == ("tool", "2", "f")


@pytest.mark.parametrize("image", ["nowhere.png", "file:///nowhere", "", 7])
def test_a_missing_image(model_of, image):
    with pytest.raises(BadRequestError, match="image"):
        model_of()([{"role": "user", "content": "?", "images": [image]}])


def test_unsupported_content(model_of):
    with pytest.raises(BadRequestError, match="but not 'input_audio', in a message's content"):
        model_of()([{"role": "user", "content": [{"type": "input_audio"}]}])


def test_values_that_json_can_not_represent(model_of):
    with pytest.raises(BadRequestError, match="can't be sent as JSON"):
        model_of()("hi", tools=[print])


@pytest.mark.parametrize("url", ["https://pictures.example/a.png", "data:image/png,AAAA"])
def test_an_image_that_would_have_to_be_fetched(model_of, url):
    picture = {"type": "image_url", "image_url": {"url": url}}
    with pytest.raises(BadRequestError, match="does not fetch images"):
        model_of()([{"role": "user", "content": [picture]}])


def test_the_address(server, monkeypatch, transport):
    for fields in ({"base_url": server.url}, {"host": server.url}):
        model = OllamaChat({"model_name": "m", "transport": transport, **fields})
        assert model("hi", stream=True).text == "Hello"
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    assert OllamaChat({"model_name": "m", "transport": transport})("hi", stream=True).text == "Hello"
    with pytest.raises(ConfigError, match="set one of them"):
        OllamaChat({"model_name": "m", "host": "a", "base_url": "b"})


@pytest.mark.parametrize("field", ["host", "base_url"])
def test_an_invalid_address(field):
    with pytest.raises(ConfigError, match=f"{field} is 'localhost:port', which is not a valid address"):
        OllamaChat({"model_name": "m", field: "localhost:port"})("hi")


def test_an_invalid_address_in_the_environment(monkeypatch):
    # The SDK reads it when it is imported, needed or not.
    for name in [name for name in sys.modules if name.partition(".")[0] == "ollama"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv("OLLAMA_HOST", "localhost:port")
    with pytest.raises(ConfigError, match="OLLAMA_HOST is 'localhost:port'"):
        OllamaChat({"model_name": "m", "host": "127.0.0.1"})("hi")


def test_headers(server, model_of):
    model_of(headers={"X-Mine": "1"})("hi", stream=True).text  # noqa: B018
    headers = server.requests[-1].headers
    assert (headers["x-mine"], headers["content-type"]) == ("1", "application/json")


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_arguments_of_the_client(server, model_of):
    assert model_of(client_args={"trust_env": False})("hi", stream=True).text == "Hello"
    with pytest.raises(ConfigError, match="unknown"):
        model_of(client_args={"unknown": 1})("hi")


def test_a_key_for_the_cloud(server, model_of, monkeypatch):
    monkeypatch.setenv("OLLAMA_API_KEY", "of the environment")
    cases = [
        ({}, "of the environment"),
        ({"api_key": "secret"}, "secret"),
        ({"headers": {"Authorization": "Bearer mine"}}, "mine"),
    ]
    for fields, key in cases:
        model_of(**fields)("hi", stream=True).text  # noqa: B018
        assert server.requests[-1].headers["authorization"] == f"Bearer {key}"


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
