"""The native transport: it imports no SDK, and does not support what needs one."""

from __future__ import annotations

import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelstream.errors import (
    BadRequestError,
    ConfigError,
    ConnectionLostError,
    MissingApiKeyError,
    StreamTimeoutError,
)
from modelstream.request import Request
from modelstream.testing.server import Answer, End, Gate
from modelstream_gemini import GeminiChat

SOON = 10.0


@pytest.fixture
def transport():
    return "native"


def create(**fields):
    return GeminiChat({"model_name": "m", "api_key": "k", "transport": "native", **fields})


def test_no_sdk_is_imported(server):
    program = (
        "import asyncio, sys\n"
        "from modelstream_gemini import GeminiChat\n"
        f"model = GeminiChat(model_name='m', api_key='k', base_url={server.url!r}, transport='native')\n"
        "async def main(): return await (await model.acall('hi', stream=True)).get_text()\n"
        "print(model('hi', stream=True).text, asyncio.run(main()))\n"
        "heavy = ('google.genai', 'google.generativeai', 'google.protobuf', 'httpx', 'httpx2', 'pydantic')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "Hello Hello\n[]\n"


def test_calls_of_several_wrappers_share_a_connection(server, model_of):
    for _ in range(3):
        assert model_of(server.url)("hi", stream=True).text == "Hello"
    assert len(server.connections) == 1


def test_a_call_is_cancelled_while_it_waits_for_the_headers(server, model_of):
    gate = Gate()
    server.play(Answer(before=gate))
    model = model_of(server.url, first_delta_timeout=None, total_timeout=None)
    request = Request([{"role": "user", "content": "hi"}])
    with ThreadPoolExecutor() as threads:
        call = threads.submit(lambda: next(model.deltas(request)))
        assert gate.reached.wait(SOON)
        request.cancel()
        with pytest.raises(ConnectionLostError):
            call.result(SOON)
    assert server.connections[0].disconnected.wait(SOON)


# Configs


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"transport": "carrier-pigeon"}, "transport"),
        ({"backend": "genai"}, "backend is 'genai'.*\nOmit 'backend', or set 'transport' to 'sdk'"),
        (
            {"client_args": {"vertexai": True}},
            r"Vertex AI is chosen .by client_args.*\nSet 'transport' to 'sdk'",
        ),
        ({"client_args": {"credentials": 1}}, "client_args has 'credentials'.*\n.*'transport': 'sdk'"),
        ({"client_args": {"htp_options": {}}}, "Did you mean 'http_options'"),
        ({"client_args": {"http_options": 7}}, "client_args.http_options is int"),
        (
            {"client_args": {"http_options": {"retry_options": {}}}},
            "client_args.http_options has 'retry_options'.*\nIt supports: .*timeout.*'transport': 'sdk'",
        ),
        ({"client_args": {"http_options": {"haeders": {}}}}, "'haeders'.* Did you mean 'headers'"),
        ({"client_args": {"http_options": {"headers": "x"}}}, "http_options.headers is 'x': expected a dict"),
        ({"client_args": {"http_options": {"timeout": "soon"}}}, "timeout is 'soon': .*milliseconds"),
        ({"client_args": {"http_options": {"timeout": 0}}}, "timeout is 0"),
    ],
)
def test_unsupported_configs(fields, message):
    with pytest.raises(ConfigError, match=message) as failed:
        create(**fields)
    assert str(failed.value).count("\n") <= 2


def test_vertex_ai_by_the_environment(monkeypatch):
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    with pytest.raises(ConfigError, match=r"Vertex AI is chosen .by GOOGLE_GENAI_USE_VERTEXAI"):
        create()
    create(client_args={"vertexai": False})


def test_a_key_is_required():
    with pytest.raises(MissingApiKeyError, match=r"GOOGLE_API_KEY or GEMINI_API_KEY.*'api_key'"):
        create(api_key=None)


def test_a_key_in_the_client_args(server, model_of):
    model_of(server.url, api_key=None, client_args={"api_key": "there"})("hi", stream=True).close()
    assert server.requests[0].headers["x-goog-api-key"] == "there"


def test_the_order_of_base_urls(server, monkeypatch):
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", f"{server.url}/environment")
    options = {"http_options": {"base_url": f"{server.url}/options/", "api_version": "v1"}}
    for fields, start in (
        ({}, "/environment/v1beta/"),
        ({"client_args": options}, "/options/v1/"),
        ({"client_args": options, "base_url": f"{server.url}/config", "api_version": "v2"}, "/config/v2/"),
    ):
        create(**fields)("hi", stream=True).close()
        assert server.requests[-1].path.startswith(f"{start}models/m:")


# Options of HTTP


def test_headers_and_bodies_of_config_and_call(server, model_of):
    options = {"headers": {"X-Mine": "1", "X-Other": "2"}, "timeout": 1500, "extraBody": {"store": True}}
    model = model_of(server.url, client_args={"http_options": options})
    model("hi", stream=True).close()
    model("hi", stream=True, http_options={"headers": {"x-mine": "3"}, "timeout": 7000}).close()
    model("hi", stream=True, extra_body={"store": False}).close()
    first, second, third = server.requests
    assert [first.headers[name] for name in ("x-mine", "x-other", "x-server-timeout")] == ["1", "2", "2"]
    assert [second.headers[name] for name in ("x-mine", "x-other", "x-server-timeout")] == ["3", "2", "7"]
    assert [request.json["store"] for request in server.requests] == [True, True, False]
    assert third.headers["x-goog-api-key"] == "k"


def test_the_timeout_applies_to_the_headers(server, model_of, read):
    server.play(Answer(status=None, end=End.SILENCE))
    got = read(model_of(server.url), http_options={"timeout": 200})
    assert type(got.error) is StreamTimeoutError
    assert server.connections[0].disconnected.wait(SOON)


def test_unsupported_http_options_of_a_call(server, model_of, read):
    with pytest.raises(ConfigError, match=r"^http_options has 'retry_options'"):
        read(model_of(server.url), http_options={"retry_options": {}})
    assert server.requests == []


# What needs an SDK


def weather(city: str) -> str:
    """Returns the weather."""


class Unsupported:
    pass


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tools": [weather]}, "tools is the function weather"),
        ({"response_schema": list[str]}, "response_schema is the type list"),
        ({"response_schema": Unsupported}, "response_schema is the type Unsupported"),
        ({"temperature": Unsupported()}, "temperature is of the type Unsupported"),
        ({"thinking_config": Unsupported()}, "thinking_config is of the type Unsupported"),
        (
            {"tools": [{"function_declarations": [Unsupported()]}]},
            r"function_declarations\[0\] is of the type Unsupported",
        ),
        ({"system_instruction": ["a", Unsupported()]}, r"system_instruction\[1\] is of the type Unsupported"),
        ({"contents": ["a", Unsupported()]}, r"contents\[1\] is of the type Unsupported"),
        ({"config": {"labels": {"a_b": Unsupported()}}}, r"labels.a_b is of the type Unsupported"),
    ],
)
def test_values_that_only_an_sdk_converts(server, model_of, read, arguments, message):
    arguments = {"messages": None if "contents" in arguments else "hi", **arguments}
    with pytest.raises(ConfigError, match=rf"{message}, .*\n.*set 'transport' to 'sdk'"):
        read(model_of(server.url), arguments.pop("messages"), **arguments)
    assert server.requests == []


ENDLESS: dict[str, object] = {}
ENDLESS["again"] = ENDLESS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": float("nan")}, "can't be sent as JSON"),
        ({"thinking_config": ENDLESS}, "it contains itself"),
        ({"extra_body": ENDLESS}, "can't be sent as JSON"),
        ({"model": "../secrets"}, "model is '../secrets'"),
        ({"model": 7}, "model is 7"),
        ({"response_schema": {"items": True, "anyOf": 7}}, "'anyOf': 7; expected a list of schemas"),
        ({"response_schema": {"anyOf": ["string"]}}, "'string' where a schema belongs"),
        ({"response_schema": {"$defs": []}}, "'$defs': []; expected an object"),
        ({"system_instruction": 7}, "system_instruction is int"),
        ({"response_schema": {"$ref": "#/$defs/City"}}, "refers to '#/$defs/City'"),
    ],
)
def test_values_that_cannot_be_sent(server, model_of, read, arguments, message):
    got = read(model_of(server.url), **arguments)
    assert type(got.error) is BadRequestError
    assert message in str(got.error)
    assert server.requests == []


def test_objects_of_the_older_sdk(server, model_of):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdk = pytest.importorskip("google.generativeai", exc_type=ImportError)
    model_of(server.url)(
        [sdk.protos.Content(role="user", parts=[sdk.protos.Part(text="hi")])],
        stream=True,
        generation_config=sdk.types.GenerationConfig(temperature=0.5),
        safety_settings={"HARM_CATEGORY_HARASSMENT": sdk.types.HarmBlockThreshold.BLOCK_NONE},
        tools=[sdk.protos.Tool(function_declarations=[{"name": "f"}])],
    ).close()
    assert server.requests[0].json == {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "generationConfig": {"temperature": 0.5},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "tools": [{"functionDeclarations": [{"name": "f"}]}],
    }
