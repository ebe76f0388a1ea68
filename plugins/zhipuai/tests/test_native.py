"""The native transport: it sends the same requests as the SDKs, and imports neither."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import weakref
from functools import partial
from importlib.util import find_spec

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstream.errors import ConfigError
from modelstream.request import Request
from modelstream_zhipuai import ZhipuAIChat

KEY = f"id.{'secret' * 6}"
VARIABLES = ("ZAI_BASE_URL", "ZHIPUAI_BASE_URL")


def test_no_sdk_is_imported(server):
    program = f"""
import asyncio, sys
from modelstream_zhipuai import ZhipuAIChat
model = ZhipuAIChat(model_name="m", base_url={server.url!r}, api_key={KEY!r}, transport="native")
async def main(): return await (await model.acall("hi", stream=True)).get_text()
print(model("hi", stream=True).text, asyncio.run(main()))
print([name for name in ("zai", "zhipuai", "httpx", "jwt", "pydantic") if name in sys.modules])
"""
    command = [sys.executable, "-c", program]
    assert subprocess.check_output(command, text=True, timeout=30) == "Hello Hello\n[]\n"


# The same requests as the SDKs


def user(*parts):
    return [{"role": "user", "content": list(parts) if len(parts) > 1 else parts[0]}]


def image(url, **more):
    return {"type": "image_url", "image_url": {"url": url, **more}}


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
ARGUMENTS = [
    {},
    {"stream": False},
    *({"temperature": number} for number in (-1, 0, 0.0, 0.01, 0.5, 0.999, 1, 1.0, 2, None, True)),
    *({"top_p": number} for number in (-1, 0, 0.5, 1, 2, None)),
    {"temperature": 0, "top_p": 1, "do_sample": True},
    {"max_tokens": 5, "seed": 3, "stop": ["a", "b"], "user_id": "u", "request_id": "r"},
    {"stop": None, "tools": None, "thinking": None, "response_format": None, "max_tokens": None},
    {"thinking": {"type": "enabled"}, "response_format": {"type": "json_object"}},
    {"tools": TOOLS, "tool_choice": "auto", "tool_stream": True},
    {"reasoning_effort": "high", "watermark_enabled": False, "sensitive_word_check": {"type": "ALL"}},
    {"meta": {"user_info": "语"}},
    {"extra": {"target": {"language": "python", "code_prefix": "a", "code_suffix": "b"}}},
    {"model": "another", "unknown": [1, {"deep": None}], "extra_query": {"q": 1}},
    {"unknown": 1, "extra_body": {"unknown": 2, "temperature": 7, "model": "mine"}},
    {"extra_body": None, "extra_headers": None},
    {"extra_headers": {"x-mine": "1", "Authorization": "Bearer another"}, "timeout": 9},
]
MESSAGES = [
    "語 🎈 \u2028",
    user("data:image/png;base64,AAAA"),
    user({"type": "text", "text": "?"}, image("data:image/png;base64,AAAA", detail="low")),
    user(image("data:image/png,AAAA"), image("https://a.b/c.png"), image("base64,AAAA")),
    user({"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}}, {"type": "text"}),
    [
        {"role": "system", "content": "be brief"},
        *user("hi"),
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "a", "content": "2"},
    ],
]


def requests_of(server, models, messages, arguments):
    """The requests that these models send."""
    for model in models:
        model(messages, **{"stream": True, **arguments}).text  # noqa: B018
    return server.requests


def same(ours, theirs):
    """Assert that two requests have the same URL, key and JSON."""
    assert (ours.method, ours.path, ours.json) == (theirs.method, theirs.path, theirs.json)
    for name in ("authorization", "accept", "content-type", "accept-language", "x-mine", "x-call"):
        assert ours.headers.get(name) == theirs.headers.get(name)


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_arguments_are_sent_as_the_sdk_sends_them(server, sdk_model_of, native_of, arguments):
    models = [native_of(), sdk_model_of()]
    same(*requests_of(server, models, "hi", {"stream": True, **arguments}))


@pytest.mark.parametrize("messages", MESSAGES, ids=range(len(MESSAGES)))
def test_messages_are_sent_as_the_sdk_sends_them(server, sdk_model_of, native_of, messages):
    same(*requests_of(server, [native_of(), sdk_model_of()], messages, {}))


@pytest.mark.parametrize(
    "fields",
    [
        {"region": "international"},
        {"api_key": " id.secret "},
        {"client_args": {"custom_headers": {"X-Mine": "1", "accept-language": "fr"}}},
        {"client_args": {"custom_headers": {"X-Mine": "1"}, "timeout": 20, "source_channel": "mine"}},
        {"generate_args": {"temperature": 0, "stream": True, "extra_headers": {"X-Call": "2"}}},
    ],
    ids=str,
)
def test_fields_have_the_same_effect_as_with_the_sdk(server, sdk, sdk_model_of, native_of, fields):
    same(*requests_of(server, [native_of(sdk=sdk, **fields), sdk_model_of(**fields)], "hi", {}))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
numbers = st.none() | st.integers(-2, 2) | st.floats(-2, 2)
some_arguments = st.fixed_dictionaries(
    {},
    optional={
        "temperature": numbers,
        "top_p": numbers,
        "extra_body": st.none() | st.dictionaries(st.text(), anything, max_size=3),
        **dict.fromkeys(("do_sample", "stop", "tools", "thinking", "response_format", "unknown"), anything),
    },
)
some_messages = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(("user", "assistant")),
            "content": st.none() | st.text() | st.lists(st.just({"type": "text"}) | st.text().map(image)),
        }
    ),
    max_size=3,
)


@pytest.fixture(scope="module")
def both():
    """`prepare` of the native transport, and of the first SDK that is installed."""
    models = [ZhipuAIChat(model_name="m", api_key="id.secret", transport=name) for name in ("native", "sdk")]
    return [model.prepare for model in models]


@given(messages=some_messages, arguments=some_arguments, stream=st.booleans())
def test_any_call_is_sent_as_the_sdk_sends_it(both, messages, arguments, stream):
    native, sdk = both
    ours = native(Request(messages, arguments=arguments, stream=stream))
    theirs = sdk(Request(messages, arguments=arguments, stream=stream))
    assert json.loads(ours.body) == json.loads(theirs.body)
    assert ours.url == theirs.url


# Base URLs


@pytest.mark.parametrize("region", ["cn", "international"])
@pytest.mark.parametrize("base_url", [None, "https://a.b/v4", "https://a.b/v4/", "http://a.b:81/v4"])
@pytest.mark.parametrize("named", [(), VARIABLES[:1], VARIABLES[1:], VARIABLES])
def test_urls_are_those_of_the_sdk(*, sdk, monkeypatch, region, base_url, named):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in named:
        monkeypatch.setenv(name, f"https://{name.lower().replace('_', '-')}/v4")
    fields = {"model_name": "m", "api_key": "k.s", "sdk": sdk, "region": region, "base_url": base_url}
    request = Request([{"role": "user", "content": "hi"}])
    urls = [ZhipuAIChat(fields | {"transport": name}).prepare(request).url for name in ("native", "sdk")]
    assert urls[0] == urls[1]


def test_the_query_of_a_base_url_is_kept(server, native_of):
    native_of(base_url=f"{server.url}/v4/?a=b")("hi").text  # noqa: B018
    assert server.requests[-1].path == "/v4/chat/completions?a=b"


@pytest.mark.parametrize("url", ["api.z.ai/v4", "ftp://box/v4", "http://[::1", "http://box:port/v4"])
def test_an_invalid_base_url(monkeypatch, native_of, url):
    with pytest.raises(ConfigError, match=r"^base_url: '.*' is not a valid URL.*\n.*/paas/v4"):
        native_of(base_url=url)
    monkeypatch.setenv("ZAI_BASE_URL", url)
    with pytest.raises(ConfigError, match=r"^ZAI_BASE_URL: "):
        native_of(base_url=None)


def test_a_base_url_of_the_environment_with_the_endpoint(monkeypatch, native_of):
    monkeypatch.setenv("ZAI_BASE_URL", "https://api.z.ai/api/paas/v4/chat/completions")
    with pytest.raises(ConfigError, match=r"^ZAI_BASE_URL is .*: omit /chat/completions"):
        native_of(base_url=None)


# Signed keys


def test_a_signed_key_is_valid_for_some_minutes(server, native_of):
    model = native_of(api_key=KEY, client_args={"disable_token_cache": False})
    before = time.time() * 1000 - 1
    model("hi").text  # noqa: B018
    token = server.requests[-1].headers["authorization"].removeprefix("Bearer ")
    assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": "HS256", "sign_type": "SIGN"}
    claims = jwt.decode(token, KEY.partition(".")[2], algorithms=["HS256"])
    assert before <= claims["timestamp"] <= time.time() * 1000 + 1
    assert claims == {"api_key": "id", "timestamp": claims["timestamp"], "exp": claims["timestamp"] + 210_000}


def test_a_signed_key_has_the_form_of_the_sdks(server, sdk_model_of, native_of):
    signed = {"api_key": KEY, "client_args": {"disable_token_cache": False}}
    tokens = [
        request.headers["authorization"]
        for request in requests_of(server, [native_of(**signed), sdk_model_of(**signed)], "hi", {})
    ]
    assert tokens[0].split(".")[0] == tokens[1].split(".")[0]
    assert len(tokens[0]) == len(tokens[1])


@pytest.mark.parametrize("key", ["private", "id.private.more", ".private", "private."])
def test_a_key_that_can_not_sign(native_of, key):
    with pytest.raises(
        ConfigError, match=r"^api_key can't be used to sign.*\n.*disable_token_cache"
    ) as failed:
        native_of(api_key=key, client_args={"disable_token_cache": False})
    assert "private" not in str(failed.value)


# Supported client_args


@pytest.mark.parametrize(
    ("client_args", "message"),
    [
        ({"http_client": None}, r"'http_client', which the native.*\n.*'transport': 'sdk'"),
        ({"timeuot": 3}, r"'timeuot'.* Did you mean 'timeout'\?"),
        ({"max_retries": 2}, r"max_retries=2.*'max_retries' of the model config"),
        ({"timeout": [1, 2]}, r"timeout is \[1, 2\]"),
        ({"custom_headers": ["X"]}, "custom_headers is of type list: expected a dict"),
    ],
    ids=str,
)
def test_unsupported_client_args(native_of, client_args, message):
    with pytest.raises(ConfigError, match=message):
        native_of(client_args=client_args)


def test_a_source_channel_of_the_config_is_sent(server, native_of):
    requests_of(server, [native_of(), native_of(client_args={"source_channel": "mine"})], "hi", {})
    assert [request.headers.get("x-source-channel") for request in server.requests] == [None, "mine"]


def test_calls_of_several_wrappers_share_a_connection(server, native_of, wire):
    server.play(type(wire.hello)(wire.hello.body, framing="length"))
    requests_of(server, [native_of(), native_of(), native_of()], "hi", {})
    assert len(server.connections) == 1


def is_freed_at_once(model_of):
    """Whether the transport of a model, after one call, is freed together with the model."""
    gc.collect()
    gc.disable()
    try:
        model = model_of()
        assert model("hi").text == "Hello"
        transport = weakref.ref(model._transport)
        del model
        return transport() is None
    finally:
        gc.enable()


def test_a_wrapper_is_freed_without_the_garbage_collector(model_of):
    assert is_freed_at_once(model_of)


@pytest.mark.skipif(not find_spec("zhipuai"), reason="without zhipuai (nox -s extras)")
def test_a_wrapper_with_the_older_sdk_is_freed_too(monkeypatch, sdk_model_of):
    monkeypatch.setitem(sys.modules, "zai", None)
    assert is_freed_at_once(partial(sdk_model_of, sdk=None))
