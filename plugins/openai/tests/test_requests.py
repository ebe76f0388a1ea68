"""Requests as the server receives them."""

from __future__ import annotations

import asyncio
import re

import openai
import pytest

from modelstream.errors import BadRequestError, ConfigError, MissingApiKeyError
from modelstream.testing.server import Answer
from modelstream_openai import OpenAIChat

REFUSALS = [
    (400, {"error": {"message": "Unrecognized request argument supplied: stream_options", "code": None}}),
    (422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}),
]


def test_text_usage_and_finish(model, server, read):
    got = read(model)
    assert got.snapshots == [(False, "Hel"), (False, "Hello"), (True, "Hello")]
    assert (got.finish_reason, got.usage.input_tokens, got.usage.output_tokens) == ("stop", 3, 2)
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.json == {
        "model": "gpt-test",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_not_streamed(model, server, read):
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    server.play(Answer.of_json({"choices": [choice], "usage": usage}))
    got = read(model, stream=False)
    assert (got.text, got.finish_reason, got.usage.output_tokens, got.snapshots) == ("Hello", "stop", 2, [])
    assert server.requests[0].json == {
        "model": "gpt-test",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": False,
    }


def test_images_are_sent_unchanged(model, server, read):
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
    ]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]
    read(model, messages)
    assert server.requests[0].json["messages"] == messages


def test_arguments_of_the_call_override_those_of_the_config(server, model_of, read):
    model = model_of(server.url, generate_args={"temperature": 0.1, "seed": 7})
    read(model, temperature=0.9, model="other")
    sent = server.requests[0].json
    assert (sent["temperature"], sent["seed"], sent["model"]) == (0.9, 7, "other")


def test_arguments_unknown_to_the_sdk_are_sent(model, server, read):
    read(model, top_k=5, extra_body={"min_p": 0.1}, extra_headers={"X-Odd": "yes"})
    sent = server.requests[0]
    assert (sent.json["top_k"], sent.json["min_p"], sent.headers["x-odd"]) == (5, 0.1, "yes")


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("f", {"type": "function", "function": {"name": "f"}}),
        ("auto", "auto"),
        ("required", "required"),
        ("none", "none"),
        ({"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_tool_choice_may_be_the_name_of_a_function(model, server, read, choice, sent):
    read(model, tools=[TOOL], tool_choice=choice)
    assert (server.requests[0].json["tools"], server.requests[0].json["tool_choice"]) == ([TOOL], sent)


# stream_options


@pytest.mark.parametrize(("status", "body"), REFUSALS)
def test_a_request_rejected_for_stream_options_is_repeated_without_them(
    server, model, wire, read, status, body
):
    server.play(Answer.of_json(body, status), wire.hello)
    for _ in range(2):
        assert read(model).text == "Hello"
    # Rejected once and repeated; later calls omit them from the start.
    assert ["stream_options" in request.json for request in server.requests] == [True, False, False]


def test_a_request_rejected_for_another_reason_is_not_repeated(server, model, read):
    server.play(Answer.of_json({"error": {"message": "no such model"}}, 400))
    assert isinstance(read(model).error, BadRequestError)
    assert len(server.requests) == 1


def test_the_error_of_the_repeated_request_is_raised(server, model, read):
    server.play(Answer.of_json(REFUSALS[0][1], 400), Answer.of_json({"error": {"message": "nor that"}}, 400))
    assert str(read(model).error) == "openai_chat: HTTP 400: nor that"


def test_stream_options_of_the_caller_are_not_removed(server, model, read):
    server.play(Answer.of_json(REFUSALS[0][1], 400))
    got = read(model, stream_options={"include_obfuscation": False})
    assert isinstance(got.error, BadRequestError)
    assert [request.json["stream_options"] for request in server.requests] == [
        {"include_usage": True, "include_obfuscation": False}
    ]


# The client


def test_key_and_organization_and_headers(server, model_of, read):
    model = model_of(
        server.url, api_key=" sk-1 ", organization="org-1", client_args={"default_headers": {"X-Mine": "1"}}
    )
    read(model)
    headers = server.requests[0].headers
    assert headers["authorization"] == "Bearer sk-1"
    assert headers["openai-organization"] == "org-1"
    assert headers["x-mine"] == "1"
    agent = {"sdk": f"OpenAI/Python {openai.__version__}", "native": "modelstream"}[model.config.transport]
    assert headers["user-agent"].endswith(agent)


def test_key_and_base_url_from_the_environment(server, monkeypatch, read):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/elsewhere")
    read(OpenAIChat(config_name="gpt-by-its-name"))
    request = server.requests[0]
    assert request.headers["authorization"] == "Bearer sk-env"
    assert request.path == "/elsewhere/chat/completions"
    assert request.json["model"] == "gpt-by-its-name"


def test_base_url_and_key_in_client_args(server, read):
    args = {"base_url": f"{server.url}/v1", "api_key": "sk-args"}
    read(OpenAIChat(model_name="m", client_args=args))
    assert server.requests[0].headers["authorization"] == "Bearer sk-args"


CALLS_FUNCTIONS = not callable(openai.OpenAI(api_key=lambda: "k").api_key)


@pytest.fixture
def model_with_key(server, model_of, transport):
    """Creates a wrapper whose key is a function."""
    if transport == "sdk" and not CALLS_FUNCTIONS:
        pytest.skip(f"openai {openai.__version__} calls no functions for keys")
    return lambda key: model_of(server.url, client_args={"api_key": key})


async def async_key():
    return "k0"


def test_a_function_returns_a_key_for_each_call(server, model_with_key, read):
    keys = iter(["k1", "k2"])
    model = model_with_key(lambda: next(keys))
    assert [read(model).text for _ in range(2)] == ["Hello", "Hello"]
    assert [request.headers["authorization"] for request in server.requests] == ["Bearer k1", "Bearer k2"]


def test_an_async_function_returns_the_key(server, model_with_key):
    async def call():
        return await (await model_with_key(async_key).acall("hi", stream=True)).get_text()

    assert asyncio.run(call()) == "Hello"
    assert server.requests[0].headers["authorization"] == "Bearer k0"


@pytest.mark.parametrize("key", [async_key, lambda: asyncio.sleep(0, "k")])
def test_an_async_key_is_rejected_in_a_sync_call(server, model_with_key, key):
    with pytest.raises(ConfigError, match=r"client_args has an 'api_key' that must be awaited.*\n.*acall"):
        model_with_key(key)("hi", stream=True)
    assert server.requests == []


def test_a_key_function_that_returns_none(server, model_with_key, read):
    with pytest.raises(ConfigError, match="an 'api_key' that returns NoneType; expected a str"):
        read(model_with_key(lambda: None))
    assert server.requests == []


@pytest.mark.skipif(CALLS_FUNCTIONS, reason="this SDK calls key functions")
@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_a_key_function_with_an_sdk_that_does_not_call_it(server, model_of, read):
    with pytest.raises(ConfigError, match=r"which the client of this openai SDK does not call.*\n.*native"):
        read(model_of(server.url, client_args={"api_key": lambda: "k"}))


def test_a_server_on_this_machine_needs_no_key(server, model, read):
    read(model)
    assert server.requests[0].headers["authorization"] == "Bearer unused"


@pytest.mark.parametrize(
    "base_url",
    [None, "https://llm.example.org/v1", "http://localhost.example.org", "http://128.0.0.1"],
)
def test_any_other_server_needs_a_key(base_url):
    with pytest.raises(MissingApiKeyError, match=r"OPENAI_API_KEY.*'api_key'"):
        OpenAIChat(model_name="m", base_url=base_url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_loopback_servers_need_no_key(host):
    OpenAIChat(model_name="m", base_url=f"http://{host}:8080/v1")


def test_a_model_name_is_required():
    with pytest.raises(ConfigError, match="'model_name'"):
        OpenAIChat(api_key="k")


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_unknown_client_args(server, model_of, read):
    model = model_of(server.url, client_args={"timeuot": 3})
    with pytest.raises(ConfigError, match=r"'timeuot'.* Did you mean 'timeout'\?"):
        read(model)


@pytest.mark.parametrize("transport", ["sdk"], indirect=True)
def test_client_args_that_the_sdk_rejects(server, model_of, read):
    model = model_of(server.url, client_args={"max_retries": None})
    with pytest.raises(ConfigError, match=r"client_args: .*max_retries"):
        read(model)


@pytest.mark.parametrize("value", [object(), "half a \ud83d", float("nan")])
def test_arguments_that_are_not_valid_json(model, server, read, value):
    got = read(model, metadata={"x": value})
    assert isinstance(got.error, BadRequestError)
    assert "can't be sent as JSON" in str(got.error)
    assert server.requests == []


def test_nothing_of_the_sdk_is_imported_before_the_first_call(server):
    import subprocess
    import sys

    program = (
        "import sys, modelstream_openai\n"
        "modelstream_openai.OpenAIChat(model_name='m', base_url='http://127.0.0.1:1')\n"
        "print([name for name in ('openai', 'httpx', 'httpx2', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"base_url": "localhost:8000/v1"},
            "base_url: 'localhost:8000/v1' is not a valid URL (it must begin with",
        ),
        ({"base_url": "localhost/v1"}, "base_url: 'localhost/v1' is not a valid URL"),
        ({"headers": {"X A": "b"}}, "'X A' is not a valid name of a header"),
        ({"headers": {"": "b"}}, "'' is not a valid name of a header"),
        ({"organization": "Löwe"}, "the header 'OpenAI-Organization' has the character 'ö'"),
        (
            {"client_args": {"project": "\u201cp\u201d"}},
            "the header 'OpenAI-Project' has the character '\u201c'",
        ),
    ],
)
def test_a_wrong_setup_is_named(transport, fields, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        OpenAIChat({"model_name": "m", "api_key": "k", "transport": transport, **fields})


def test_an_empty_base_url_is_none(transport, server, read, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    model = OpenAIChat({"model_name": "m", "api_key": "k", "transport": transport, "base_url": ""})
    assert read(model).error is None
