"""base_url, headers, timeout and extra_body mean the same to every HTTP provider, by every transport."""

from __future__ import annotations

import time

import pytest

from modelstream.errors import BadRequestError, ConfigError, StreamTimeoutError
from modelstream.testing.server import Answer, End

OPTIONS = {"headers", "extra_headers", "timeout", "extra_body", "extra_query"}

# What the SDKs warn of when they are imported is not about this project.
pytestmark = pytest.mark.filterwarnings("ignore")


def keys(document):
    """All names in a JSON document."""
    if isinstance(document, dict):
        return set(document).union(*map(keys, document.values()))
    return set().union(*map(keys, document)) if isinstance(document, list) else set()


def test_options_of_the_config_arrive(provider, server, ask):
    model = provider.model(server, headers={"X-Mine": "config"}, timeout=20, extra_body={"mine": {"a": 1}})
    assert ask(model) == "Hello"
    sent = server.requests[-1]
    assert sent.path.startswith(provider.path)
    assert sent.headers["x-mine"] == "config"
    assert sent.json["mine"] == {"a": 1}
    assert not keys(sent.json) & OPTIONS


@pytest.mark.parametrize("name", ["headers", "extra_headers"])
def test_options_of_a_call_go_over_those_of_the_config(provider, server, ask, name):
    model = provider.model(
        server, headers={"X-Mine": "config", "X-Kept": "1"}, extra_body={"mine": 1, "kept": 1}
    )
    arguments = {name: {"x-mine": "call"}, "timeout": 20, "extra_body": {"mine": 2}}
    assert ask(model, **arguments) == "Hello"
    sent = server.requests[-1]
    assert (sent.headers["x-mine"], sent.headers["x-kept"]) == ("call", "1")
    assert (sent.json["mine"], sent.json["kept"]) == (2, 1)
    assert not keys(sent.json) & OPTIONS


def test_an_extra_query(provider, server, ask):
    if provider.model_type == "litellm_chat":
        with pytest.raises(BadRequestError, match="extra_query is unsupported"):
            ask(provider.model(server), extra_query={"q": "a b"})
        return
    assert ask(provider.model(server), extra_query={"q": "a b"}) == "Hello"
    assert "q=a+b" in server.requests[-1].path or "q=a%20b" in server.requests[-1].path
    assert not keys(server.requests[-1].json) & OPTIONS


def test_options_that_are_none(provider, server, ask):
    assert ask(provider.model(server), **dict.fromkeys(OPTIONS)) == "Hello"
    assert not keys(server.requests[-1].json) & OPTIONS


def test_an_authorization_of_a_call_leaves_in_a_header_alone(provider, server, ask):
    assert ask(provider.model(server), extra_headers={"Authorization": "Bearer other"}) == "Hello"
    assert server.requests[-1].headers["authorization"] == "Bearer other"
    assert b"Bearer other" not in server.requests[-1].body


@pytest.mark.parametrize("where", ["config", "call"])
def test_a_timeout_ends_with_the_headers(provider, server, ask, where):
    server.play(Answer(status=None, end=End.SILENCE))
    fields, arguments = ({"timeout": 0.3}, {}) if where == "config" else ({"timeout": 60}, {"timeout": 0.3})
    model = provider.model(server, **fields)
    with pytest.raises(StreamTimeoutError):
        ask(model, **arguments)
    began = time.monotonic()  # now with what the first call has imported
    with pytest.raises(StreamTimeoutError):
        ask(model, **arguments)
    assert time.monotonic() - began < 5


def test_options_of_the_wrong_type(provider, server, ask):
    model = provider.model(server)
    for name in ("headers", "extra_headers", "extra_body", "extra_query"):
        with pytest.raises(BadRequestError, match=f"{name} is of type int: expected a dict"):
            ask(model, **{name: 7})
    with pytest.raises(ConfigError, match="timeout is 'soon': expected a number of seconds"):
        ask(model, timeout="soon")
    assert server.requests == []


def test_a_model_is_needed(provider, server):
    with pytest.raises(ConfigError, match=f"{provider.model_type} needs a model: set the field 'model_name'"):
        provider.model(server, model_name=None)


OLD = {
    "openai_chat": {"default_headers": {"X-Mine": "old", "X-Old": "1"}, "timeout": 20},
    "zhipuai_chat": {"custom_headers": {"X-Mine": "old", "X-Old": "1"}, "timeout": 20},
    "gemini_chat": {"http_options": {"headers": {"X-Mine": "old", "X-Old": "1"}, "timeout": 20_000}},
    "ollama_chat": {"headers": {"X-Mine": "old", "X-Old": "1"}, "timeout": 20},
}


def test_options_of_the_config_go_over_client_args(provider, server, ask):
    if provider.model_type not in OLD:
        pytest.skip("it has no headers in client_args")
    model = provider.model(server, headers={"x-mine": "new"}, client_args=OLD[provider.model_type])
    assert ask(model) == "Hello"
    headers = server.requests[-1].headers
    assert (headers["x-mine"], headers["x-old"]) == ("new", "1")
