"""What goes wrong with a call: LiteLLM's names and statuses for it are made up, ours say what happened."""

from __future__ import annotations

import json

import pytest

from modelstream.errors import (
    AuthenticationError,
    BadRequestError,
    MalformedDataError,
    ProviderError,
    RateLimitError,
    StreamError,
)
from modelstream.testing.server import Answer
from modelstream_litellm import LiteLLMChat

pytestmark = pytest.mark.filterwarnings("ignore")

PAGE = Answer([b"<!DOCTYPE html><html>Welcome</html>"], headers={"Content-Type": "text/html"})
HALF = Answer([b'{"choices":[{"mess'], headers={"Content-Type": "application/json"})
# How LiteLLM is told where the server is, for providers that it reaches by four different ways.
WAYS = {"openai/m": "/v1", "ollama_chat/m": "", "anthropic/m": "", "gemini/m": ""}


def refused(ask, **fields):
    with pytest.raises(StreamError) as failed:
        ask(LiteLLMChat({"max_retries": 0, "stream": False, **fields}))
    return failed.value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answer", [PAGE, HALF, Answer()], ids=["web page", "half", "empty"])
def test_what_is_no_answer_is_malformed_and_no_status_500(server, ask, way, answer):
    server.play(answer)
    error = refused(ask, model_name=way, base_url=server.url + WAYS[way], api_key="k")
    assert type(error) is MalformedDataError
    assert (error.status, error.retryable) == (None, False)
    assert "Traceback" not in str(error)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stream", [True, False])
def test_what_the_provider_says_is_told_as_it_says_it(server, ask, way, stream):
    server.play(Answer.of_json({"error": {"message": "not now", "type": "x", "code": "y"}}, 503))
    error = refused(ask, model_name=way, base_url=server.url + WAYS[way], api_key="k", stream=stream)
    assert (type(error), error.status, str(error)) == (ProviderError, 503, "litellm_chat: HTTP 503: not now")


def test_an_error_on_status_200_keeps_its_words(server, ask):
    server.play(Answer.of_json({"error": {"message": "no way", "type": "x", "code": "y"}}))
    error = refused(ask, model_name="openai/m", base_url=server.url, api_key="k")
    assert (type(error), str(error)) == (ProviderError, "litellm_chat: LiteLLM: no way")


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_a_key_that_is_missing_is_asked_for_and_not_asked_again(ask, model):
    error = refused(ask, model_name=model, max_retries=3)
    assert isinstance(error, AuthenticationError)
    assert "API_KEY" in str(error)


def test_a_provider_that_litellm_does_not_know(ask):
    error = refused(ask, model_name="nonsense")
    assert isinstance(error, BadRequestError)
    assert str(error).startswith("litellm_chat: LiteLLM: LLM Provider NOT provided.")


def test_what_is_no_json(server, ask):
    error = refused(ask, model_name="openai/m", base_url=server.url, api_key="k", generate_args={"stop": {1}})
    assert isinstance(error, BadRequestError)
    assert "JSON" in str(error)
    assert server.requests == []


@pytest.mark.parametrize("before", [ConnectionResetError("older"), json.JSONDecodeError("older", "", 0)])
def test_what_the_caller_was_handling_is_not_taken_for_the_cause(server, ask, before):
    server.play(Answer.of_json({"error": {"message": "slow down"}}, 429))
    try:
        raise before
    except type(before):
        error = refused(ask, model_name="openai/m", base_url=server.url, api_key="k")
    assert isinstance(error, RateLimitError)


def test_litellm_prints_nothing_of_a_refusal(server, model_of, ask, capfd):
    server.play(Answer.of_json({"error": {"message": "no", "type": "x", "code": "y"}}, 429))
    with pytest.raises(RateLimitError):
        ask(model_of())
    assert capfd.readouterr().out == ""
