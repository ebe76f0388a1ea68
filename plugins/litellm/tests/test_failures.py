"""Failed calls: LiteLLM invents names and statuses for them, the wrapper raises the actual error."""

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
# The path of base_url for providers that LiteLLM reaches in four different ways.
PATHS = {"openai/m": "/v1", "ollama_chat/m": "", "anthropic/m": "", "gemini/m": ""}


def error_of(ask, **fields):
    with pytest.raises(StreamError) as failed:
        ask(LiteLLMChat({"max_retries": 0, "stream": False, **fields}))
    return failed.value


@pytest.mark.parametrize("model", PATHS)
@pytest.mark.parametrize("answer", [PAGE, HALF, Answer()], ids=["web page", "half", "empty"])
def test_a_malformed_answer_is_not_reported_as_status_500(server, ask, model, answer):
    server.play(answer)
    error = error_of(ask, model_name=model, base_url=server.url + PATHS[model], api_key="k")
    assert type(error) is MalformedDataError
    assert (error.status, error.retryable) == (None, False)
    assert "Traceback" not in str(error)


@pytest.mark.parametrize("model", PATHS)
@pytest.mark.parametrize("stream", [True, False])
def test_the_message_of_the_provider_is_kept(server, ask, model, stream):
    server.play(Answer.of_json({"error": {"message": "not now", "type": "x", "code": "y"}}, 503))
    error = error_of(ask, model_name=model, base_url=server.url + PATHS[model], api_key="k", stream=stream)
    assert (type(error), error.status, str(error)) == (ProviderError, 503, "litellm_chat: HTTP 503: not now")


def test_an_error_with_status_200_keeps_its_message(server, ask):
    server.play(Answer.of_json({"error": {"message": "no way", "type": "x", "code": "y"}}))
    error = error_of(ask, model_name="openai/m", base_url=server.url, api_key="k")
    assert (type(error), str(error)) == (ProviderError, "litellm_chat: the provider sent an error: no way")


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m"])
def test_a_missing_key_is_an_authentication_error_without_retries(ask, model):
    error = error_of(ask, model_name=model, max_retries=3)
    assert isinstance(error, AuthenticationError)
    assert "API_KEY" in str(error)


def test_an_unknown_provider(ask):
    error = error_of(ask, model_name="nonsense")
    assert isinstance(error, BadRequestError)
    assert str(error).startswith("litellm_chat: LiteLLM: LLM Provider NOT provided.")


def test_arguments_that_are_not_valid_json(server, ask):
    error = error_of(
        ask, model_name="openai/m", base_url=server.url, api_key="k", generate_args={"stop": {1}}
    )
    assert isinstance(error, BadRequestError)
    assert "JSON" in str(error)
    assert server.requests == []


@pytest.mark.parametrize("before", [ConnectionResetError("older"), json.JSONDecodeError("older", "", 0)])
def test_an_exception_that_the_caller_handles_is_not_the_cause(server, ask, before):
    server.play(Answer.of_json({"error": {"message": "slow down"}}, 429))
    try:
        raise before
    except type(before):
        error = error_of(ask, model_name="openai/m", base_url=server.url, api_key="k")
    assert isinstance(error, RateLimitError)


def test_litellm_prints_nothing_about_an_http_error(server, model_of, ask, capfd):
    server.play(Answer.of_json({"error": {"message": "no", "type": "x", "code": "y"}}, 429))
    with pytest.raises(RateLimitError):
        ask(model_of())
    assert capfd.readouterr().out == ""


def test_an_error_of_litellm_that_is_among_its_own_causes(server, ask):
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hel"}}
    answer = {"id": "c", "error": {"code": 502, "message": "no way"}, "choices": [choice]}
    answer["usage"] = {"prompt_tokens": 3, "completion_tokens": 2}
    server.play(Answer.of_json(answer))
    error = error_of(ask, model_name="openai/m", base_url=server.url, api_key="k")
    assert (type(error), str(error)) == (ProviderError, "litellm_chat: the provider sent an error: no way")
    assert error.partial_text == "Hel"
    assert (error.usage.input_tokens, error.usage.output_tokens) == (3, 2)
